// Moved digits.

export const SIDE = 28;
export const FARTHEST = 7;  // pixels in each direction
export const MOVES = 2 * FARTHEST + 1;

/** An image moved down and to the right; what leaves at one edge is lost. */
export function shift(image, rows, columns) {
  const moved = new Uint8Array(SIDE * SIDE);
  for (let r = Math.max(rows, 0); r < SIDE + Math.min(rows, 0); r++) {
    for (let c = Math.max(columns, 0); c < SIDE + Math.min(columns, 0); c++) {
      moved[r * SIDE + c] = image[(r - rows) * SIDE + c - columns];
    }
  }
  return moved;
}

/** One image for each move to the left or right, at one move up or down, in one array. */
export function rowOfShifts(image, rows) {
  const all = new Uint8Array(MOVES * SIDE * SIDE);
  for (let i = 0; i < MOVES; i++) all.set(shift(image, rows, i - FARTHEST), i * SIDE * SIDE);
  return all;
}

export const largest = (values) => values.indexOf(Math.max(...values));

/** The most probable digit of each image, from the probabilities of all. */
export const answersOf = (probabilities) =>
  Array.from({length: probabilities.length / 10}, (_, i) =>
    largest(probabilities.subarray(10 * i, 10 * i + 10)));
