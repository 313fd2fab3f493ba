// The Web Worker that reads a picture's file and brings it into MNIST's form; the page stays
// responsive. It answers with {form, doubt, bitmap}, or with the name of what is wrong: {error}.

import {doubtAbout} from './doubts.js';
import {averageDown, averagedOver, greyOf, toForm} from './forms.js';

const MAX_PIXELS = 50_000_000;
const STRIP = 2_000_000;  // pixels that are decoded at a time

self.onmessage = async ({data: file, ports: [port]}) => {
  try {
    // Colours as they are in the file, as Pillow reads them.
    const bitmap = await createImageBitmap(file, {colorSpaceConversion: 'none'});
    const answer = read(bitmap);
    port.postMessage(answer.error ? answer : {...answer, bitmap}, answer.error ? [] : [bitmap]);
  } catch {
    port.postMessage({error: 'notAPicture'});
  }
};

function read(bitmap) {
  const {width, height} = bitmap;
  if (width * height > MAX_PIXELS) return {error: 'tooLarge'};
  const form = toForm(greyOf(pixelsOf(bitmap)), {height, width});
  return form ? {form, doubt: doubtAbout(form.image, form.cutOff)} : {error: 'nothingFound'};
}

/** The picture's pixels, averaged down strip after strip: a photo may have 50 million. */
function pixelsOf(bitmap) {
  const {width, height} = bitmap;
  const factor = averagedOver(height, width);
  const rows = factor * Math.max(1, Math.floor(STRIP / width / factor));
  const canvas = new OffscreenCanvas(width, Math.min(rows, height));
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const strips = [];
  for (let top = 0; top < height; top += rows) {
    const high = Math.min(rows, height - top);
    context.clearRect(0, 0, width, high);
    context.drawImage(bitmap, 0, top, width, high, 0, 0, width, high);
    const {data} = context.getImageData(0, 0, width, high);
    strips.push(averageDown({values: data, height: high, width}, factor, 4));
  }
  const values = new Float64Array(strips.reduce((sum, strip) => sum + strip.values.length, 0));
  let start = 0;
  for (const strip of strips) {
    values.set(strip.values, start);
    start += strip.values.length;
  }
  return {
    values, width: strips[0].width, height: strips.reduce((sum, strip) => sum + strip.height, 0),
  };
}
