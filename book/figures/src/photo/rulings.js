// Ruled paper: finds the lines that cross a page from edge to edge, and removes them, by a Hough
// transform: mnist_tutorial/_internal/pictures/rulings.py.

import {roundHalfEven, transpose} from './arrays.js';
import {dilate, openBy} from './morphology.js';

const STEEPEST = 0.6;  // rise over run, about 31 degrees
const SAMPLE_EVERY = 8;  // columns, while the slope is searched
const MOST_SLOPES = 6;
const QUANTILE = 0.25;
const THICKEST = 6;  // pixels
const CLEAR_OF_NOISE = 3;
const SMALLEST_SIDE = 100;

/** Subtracts the straight thin lines near the horizontal and the vertical. */
export function removeRulings(depth, noise) {
  let page = {...depth, values: depth.values.slice()};
  if (Math.max(page.height, page.width) < SMALLEST_SIDE) return page;
  for (let direction = 0; direction < 2; direction++) {
    for (let i = 0; i < MOST_SLOPES; i++) if (!removeOneSlope(page, noise)) break;
    page = transpose(page);
  }
  return page;
}

/** Subtracts the lines of the slope that has most of them; says whether there were any. */
function removeOneSlope(page, noise) {
  const {values, height, width} = page;
  const half = Math.max(1, Math.trunc(STEEPEST * width / 2));
  const thick = dilate(page, [1, 0]);
  const all = Array.from({length: width}, (_, x) => x);
  const sampled = all.filter((x) => x % SAMPLE_EVERY === 0);
  const shiftsOf = (i, columns) =>
    columns.map((x) => roundHalfEven(STEEPEST * i / half * (x - width / 2)));
  let best = -half, most = -1;
  for (let i = -half; i <= half; i++) {
    const evidence = lowerQuartiles(thick, sampled, shiftsOf(i, sampled))
        .reduce((sum, value) => sum + (value < CLEAR_OF_NOISE * noise ? 0 : value), 0);
    if (evidence > most) [best, most] = [i, evidence];
  }
  const shifts = shiftsOf(best, all);
  const profile = lowerQuartiles(thick, all, shifts);
  const wide = openBy({values: profile, height: 1, width: height}, [0, THICKEST / 2]).values;
  let any = false;
  profile.forEach((value, i) => {
    profile[i] = value - wide[i] < CLEAR_OF_NOISE * noise ? 0 : value - wide[i];
    any ||= profile[i] !== 0;
  });
  if (!any) return false;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) values[y * width + x] -= profile[y - shifts[x]] ?? 0;
  }
  return true;
}

/**
 * For the line through the middle of each row, the lower quartile of its depths. Lines of which
 * less than half lies on the page count as blank.
 */
function lowerQuartiles({values, height, width}, columns, shifts) {
  const quartiles = new Float64Array(height);
  const depths = new Float64Array(columns.length);
  for (let row = 0; row < height; row++) {
    let count = 0;
    for (let i = 0; i < columns.length; i++) {
      const y = row + shifts[i];
      if (y >= 0 && y < height) depths[count++] = values[y * width + columns[i]];
    }
    if (2 * count < columns.length) continue;
    quartiles[row] = ranked(depths, count, Math.trunc(QUANTILE * count));
  }
  return quartiles;
}

/** The value at a rank, from 0, among the first count ones, by Hoare's selection; moves them. */
function ranked(values, count, rank) {
  let low = 0, high = count - 1;
  while (low < high) {
    const pivot = values[rank];
    let i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (pivot < values[j]) j--;
      if (i <= j) {
        [values[i], values[j]] = [values[j], values[i]];
        i++;
        j--;
      }
    }
    if (j < rank) low = i;
    if (rank < i) high = j;
  }
  return values[rank];
}
