// Which pixels a value depends on, and what a covered patch changes.

export const SIDE = 28;

/**
 * The receptive field of a value after the layers 0..index: its first row, first column and side.
 * A value of the last layer depends on the whole image.
 */
export function receptiveField(layers, index, row, column) {
  if (layers[index].kind === 'dense') return {row: 0, column: 0, side: SIDE};
  let side = 1;
  for (const {kind, kernel, size} of layers.slice(0, index + 1).reverse()) {
    if (kind === 'conv2d') side += kernel - 1;
    if (kind === 'maxPool') [row, column, side] = [row * size, column * size, side * size];
  }
  return {row, column, side};
}

/** The map of one unit, from the values of its layer: shape [rows, columns, units] or [units]. */
export function mapOf({shape, values}, unit) {
  const units = shape.at(-1);
  return Float32Array.from({length: values.length / units}, (_, i) => values[i * units + unit]);
}

/** The row and column of the largest value of a square map. */
export function peakOf(map) {
  const at = map.indexOf(Math.max(...map));
  const side = Math.sqrt(map.length);
  return [Math.floor(at / side), at % side];
}

/** The part of an image that a kernel covers, pixels in 0..1. */
export function patchOf(image, row, column, side) {
  return Array.from({length: side * side}, (_, i) =>
    image[(row + Math.floor(i / side)) * SIDE + column + i % side] / 255);
}

/** An image with a blank square around a pixel. */
export function occlude(image, row, column, size) {
  const covered = Uint8Array.from(image);
  const [top, left] = [row - Math.floor(size / 2), column - Math.floor(size / 2)];
  for (let r = Math.max(top, 0); r < Math.min(top + size, SIDE); r++) {
    covered.fill(0, r * SIDE + Math.max(left, 0), r * SIDE + Math.min(left + size, SIDE));
  }
  return covered;
}

/** The images with the square at each column of a row, in one array. */
export function occludeAlong(image, row, size) {
  const all = new Uint8Array(SIDE * image.length);
  for (let c = 0; c < SIDE; c++) all.set(occlude(image, row, c, size), c * image.length);
  return all;
}
