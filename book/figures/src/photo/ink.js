// Where a picture's ink is, and how much: mnist_tutorial/_internal/pictures/ink.py, where the
// constants are explained.

import {edge, extremes, median, roundHalfEven, toGrey} from './arrays.js';
import {boxMean, closeBy, connectedShapes, openBy} from './morphology.js';
import {removeRulings} from './rulings.js';

const FAINTEST = 0.1;
const FAINTEST_IN_PHOTO = 0.3;
const CLEAR_OF_OTHER_SIDE = 1.5;
const CLEAR_OF_NOISE = 10;
const LEAST_NOISE = 0.002;
const REACH = 0.15;
const DARKEST_PAPER = 0.2;
const SPECK = 0.03;
const SMALLEST_DIGIT = 0.0005;

export const SMALL = 20;  // pixels a side; too few for a photo

const longer = ({height, width}) => Math.max(height, width);

/** Whether a picture's ground is uneven: less than half of its border has one grey. */
export function isPhoto(grey) {
  const border = edge(grey);
  const ground = median(border);
  return longer(grey) >= SMALL &&
    border.filter((value) => value === ground).length / border.length < 0.5;
}

/** The ink of a drawing on a ground of one grey, 0..255; all 0 if nothing stands out. */
export function inkOfDrawing(grey) {
  const border = edge(grey);
  const ground = longer(grey) < SMALL ? mostFrequent(border) : median(border);
  let departure = grey.values.map((value) => value - ground);
  let [low, high] = extremes(departure);
  if (-low > high) {
    departure = departure.map((value) => -value);
    [low, high] = [-high, -low];
  }
  const kept = departure.map((value) => value < FAINTEST * high ? 0 : value);
  const stands = high > -CLEAR_OF_OTHER_SIDE * low;
  return {...grey, values: toGrey(kept, stands ? high : Infinity)};
}

/** The ink in a photo of a page, without shadows, ruled lines and what is cut off. */
export function inkOfPhoto(grey) {
  let depth = depthOfInk(grey);
  const noise = Math.max(1.4826 * median(depth.values.map(Math.abs)), LEAST_NOISE);
  depth = removeRulings(depth, noise);
  const [, farthest] = extremes(depth.values);
  if (farthest <= CLEAR_OF_NOISE * noise) return {...grey, values: new Uint8ClampedArray(depth.values.length)};
  const kept = depth.values.map((value) => value < FAINTEST_IN_PHOTO * farthest ? 0 : value);
  const clear = withoutClutter({...depth, values: kept});
  return {...grey, values: toGrey(clear, extremes(clear)[1])};
}

function mostFrequent(values) {
  const counts = new Map();
  for (const value of [...values].sort((a, b) => a - b)) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].reduce((best, one) => one[1] > best[1] ? one : best)[0];
}

/** How far each pixel departs from the paper around it, as if there were no shadows. */
function depthOfInk(picture) {
  const [lowest, highest] = extremes(picture.values);
  const base = Math.min(lowest, 0), brightest = highest - base;
  const grey = {...picture, values: picture.values.map((value) => value - base)};
  const reach = Math.max(1, roundHalfEven(REACH * longer(grey)));
  const smooth = boxMean(grey, [2 * reach, 2 * reach]).values;
  const [below, above] = extremes(grey.values.map((value, i) => value - smooth[i]));
  let depth;
  if (-below >= above) {
    const paper = closeBy(grey, [reach, reach]).values;
    depth = grey.values.map((value, i) =>
      (paper[i] - value) / Math.max(paper[i], DARKEST_PAPER * brightest));
  } else {
    const ground = openBy(grey, [reach, reach]).values;
    depth = grey.values.map((value, i) => (value - ground[i]) / brightest);
  }
  const middle = median(depth);
  return {...grey, values: depth.map((value) => value - middle)};
}

/** Erases specks, and what the picture's edge cuts off, unless there is nothing else. */
function withoutClutter({values, height, width}) {
  const {shapes, count} = connectedShapes(values.map((value) => value > 0), height, width);
  const sizes = new Float64Array(count), amounts = new Float64Array(count);
  shapes.forEach((shape, i) => {
    sizes[shape]++;
    amounts[shape] += values[i];
  });
  const cutOff = new Set([0, ...edge({values: shapes, height, width})]);
  const whole = sizes.some((size, shape) =>
    !cutOff.has(shape) && size >= SMALLEST_DIGIT * values.length);
  if (whole) for (const shape of cutOff) amounts[shape] = 0;
  const [, most] = extremes(amounts);
  return values.map((value, i) => amounts[shapes[i]] >= SPECK * most ? value : 0);
}
