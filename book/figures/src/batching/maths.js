// Batches of gradients: their means, and how far these scatter.

import {uniforms} from '../random.js';

/**
 * Draws batches without replacement, each from all images.
 *
 * @param {Float64Array} gradients  of the images, two numbers each
 * @param {{seed: number, batches: number, largest: number}} options
 * @return {Float64Array[]}  for each batch of the largest size its running sums: 2 n and 2 n + 1
 *     are the places of the sum of its first n gradients, themselves a batch of n
 */
export function drawBatches(gradients, {seed, batches, largest}) {
  const uniform = uniforms(seed);
  const images = gradients.length / 2;
  const order = Uint32Array.from({length: images}, (_, i) => i);
  return Array.from({length: batches}, () => {
    const sums = new Float64Array(2 * largest + 2);
    for (let i = 0; i < largest; i++) {
      const j = i + Math.floor(uniform() * (images - i));
      [order[i], order[j]] = [order[j], order[i]];
      sums[2 * i + 2] = sums[2 * i] + gradients[2 * order[i]];
      sums[2 * i + 3] = sums[2 * i + 1] + gradients[2 * order[i] + 1];
    }
    return sums;
  });
}

/** The mean gradients of batches of n. */
export const means = (batches, n) =>
  batches.map((sums) => [sums[2 * n] / n, sums[2 * n + 1] / n]);

/** The root mean square distance of points from their mean, as the chapter measures noise. */
export function noiseOf(points) {
  const center = [0, 1].map((k) => points.reduce((sum, p) => sum + p[k], 0) / points.length);
  const squares = points.reduce(
      (sum, [x, y]) => sum + (x - center[0]) ** 2 + (y - center[1]) ** 2, 0);
  return Math.sqrt(squares / (points.length - 1));
}

/** The mean angle of points to the first axis, in degrees. */
export const angleOf = (points) => 180 / Math.PI *
    points.reduce((sum, [x, y]) => sum + Math.acos(x / Math.hypot(x, y)), 0) / points.length;
