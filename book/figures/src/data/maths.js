// The nearest mean digit, and a digit that is slanted and moved.

const SIDE = 28;
const MIDDLE = 14;

/** The sums of the squared differences between an image and each mean. */
export function distances(image, means) {
  return means.map((mean) => mean.reduce((sum, value, i) => sum + (image[i] - value) ** 2, 0));
}

/** The position of the smallest number. */
export const nearest = (numbers) => numbers.indexOf(Math.min(...numbers));

/** For each row, the sum of the squared differences in it. */
export function rowSums(difference) {
  return Array.from({length: SIDE}, (_, row) =>
    difference.slice(row * SIDE, (row + 1) * SIDE).reduce((sum, value) => sum + value ** 2, 0));
}

/**
 * An image whose rows are moved to the right: all by columns, and each by its height above the
 * middle row times the tangent of the slant, between pixels by linear interpolation.
 */
export function slantAndMove(image, degrees, columns) {
  const slope = Math.tan(degrees * Math.PI / 180);
  return Float64Array.from({length: SIDE * SIDE}, (_, i) => {
    const row = Math.floor(i / SIDE);
    const from = i % SIDE - columns - slope * (MIDDLE - row);
    const left = Math.floor(from);
    const at = (column) => column < 0 || column >= SIDE ? 0 : image[row * SIDE + column];
    return at(left) + (from - left) * (at(left + 1) - at(left));
  });
}
