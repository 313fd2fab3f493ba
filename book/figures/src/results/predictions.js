// The predictions for the 10,000 test images, and the images that can be shown.

import {unzip} from '../base64.js';
import {loadParts} from '../parts.js';

const PIXELS = 784;

/**
 * @return {Promise<Object>}  labels, predictions, right (0 or 1) and confidences (in
 *     ten-thousandths) of all images; loss; and images, a Map from the index of an image to its
 *     {pixels, probabilities}: all that were read wrongly, and some that were read correctly
 */
export async function loadPredictions() {
  const [numbers, shown] = await loadParts(['results-numbers', 'results-images']);
  const [labels, predictions, confidences, indices, packed, probabilities] = await Promise.all([
    numbers.labels, numbers.predictions, numbers.confidences,
    shown.indices, shown.images, shown.probabilities,
  ].map(unzip));
  const wide = (bytes) => new Uint16Array(bytes.buffer);
  const images = new Map(Array.from(wide(indices), (index, row) => [index, {
    pixels: unpack(packed.subarray(row * PIXELS / 2, (row + 1) * PIXELS / 2)),
    probabilities: wide(probabilities).subarray(10 * row, 10 * row + 10),
  }]));
  return {
    labels, predictions, images, loss: numbers.loss, confidences: wide(confidences),
    right: labels.map((label, i) => Number(label === predictions[i])),
  };
}

/** Two pixels of sixteen grey levels from each byte. */
function unpack(bytes) {
  const pixels = new Uint8Array(2 * bytes.length);
  bytes.forEach((byte, i) => {
    pixels[2 * i] = 17 * (byte >> 4);
    pixels[2 * i + 1] = 17 * (byte & 15);
  });
  return pixels;
}
