// Any picture in MNIST's form: mnist_tutorial/_internal/pictures/forms.py and reading.py.

import {edge, extremes, median, roundHalfEven} from './arrays.js';
import {SMALL, inkOfDrawing, inkOfPhoto, isPhoto} from './ink.js';
import {brightForm, enlarge, turn} from './shrinking.js';

const LARGEST_SIDE = 1000;
const LARGE = 100;
const PHOTO_SIDE = 200;
const TURNS = [0, -24, -16, -8, 8, 16, 24];  // degrees; a page may lie askew in a photo
const LUMINANCE = [0.299, 0.587, 0.114];

/** How many pixels to average along each side before a picture is looked at. */
export const averagedOver = (height, width, side = LARGEST_SIDE) =>
  Math.ceil(Math.max(height, width) / side);

/**
 * Averages a picture over squares of pixels; those at the edge are repeated outside.
 *
 * @param {{values: ArrayLike<number>, height: number, width: number}} picture
 * @param {number} factor  the squares' side
 * @param {number} channels  numbers per pixel
 */
export function averageDown({values, height, width}, factor, channels = 1) {
  if (factor === 1) return {values: Float64Array.from(values), height, width};
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const means = new Float64Array(rows * columns * channels);
  for (let y = 0; y < rows * factor; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < columns * factor; x++) {
      const from = (row + Math.min(x, width - 1)) * channels;
      const to = (Math.floor(y / factor) * columns + Math.floor(x / factor)) * channels;
      for (let channel = 0; channel < channels; channel++) means[to + channel] += values[from + channel];
    }
  }
  return {values: means.map((sum) => sum / (factor * factor)), height: rows, width: columns};
}

/**
 * Weighs colours to grey. Transparent parts get the grey of most of the rest; where most of the
 * picture is transparent, or all that is visible has one grey, alpha counts instead.
 *
 * @param {{values: Float64Array, height: number, width: number}} picture  red, green, blue, alpha
 */
export function greyOf({values, height, width}) {
  const grey = new Float64Array(height * width);
  const alpha = new Float64Array(height * width);
  for (let i = 0; i < grey.length; i++) {
    for (let channel = 0; channel < 3; channel++) {
      grey[i] += LUMINANCE[channel] * values[4 * i + channel];
    }
    alpha[i] = values[4 * i + 3];
  }
  const [, most] = extremes(alpha);
  if (most <= 0) return {values: alpha, height, width};
  const shares = alpha.map((value) => value / most);
  const visible = grey.filter((_, i) => shares[i] > 0.5);
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
  const [low, high] = extremes(visible);
  if (mean < 0.5 || low === high) return {values: shares, height, width};
  const middle = median(visible);
  return {
    values: grey.map((value, i) => shares[i] * value + (1 - shares[i]) * middle), height, width,
  };
}

/**
 * Brings a picture into MNIST's form.
 *
 * @param {{values: Float64Array, height: number, width: number}} grey
 * @param {{height: number, width: number}} original  before it was averaged
 * @return {?{image: Uint8ClampedArray, turned: Uint8ClampedArray[], box: number[],
 *     cutOff: boolean}}  28x28 pixels; the same and, of a photo, turned to either side; top,
 *     left, bottom and right in the original's pixels; null if nothing stands out
 */
export function toForm(grey, original = grey) {
  const {ink: found, photo} = findInk(grey);
  const box = inkBox(found);
  if (!box) return null;
  const down = original.height / found.height, across = original.width / found.width;
  const scales = [down, across, down, across];
  const ink = Math.max(found.height, found.width) < SMALL ? enlarge(found) : found;
  const turned = (photo ? TURNS : [0]).map((degrees) => brightForm(turn(ink, degrees)));
  return {
    image: turned[0], turned, box: box.map((side, i) => roundHalfEven(side * scales[i])),
    cutOff: photo && edge(ink).some(Boolean),
  };
}

/** The ink, and whether the picture was taken for a photo. */
function findInk(grey) {
  const photo = isPhoto(grey);
  const reachesEdge = (ink) => edge(ink).some(Boolean);
  let ink;
  if (!photo) {
    ink = inkOfDrawing(grey);
    if (Math.max(grey.height, grey.width) < LARGE || !reachesEdge(ink)) return {ink, photo};
  }
  // What reaches the edge of a large drawing may be lines of its paper or a shadow.
  const rest = inkOfPhoto(averageDown(grey, averagedOver(grey.height, grey.width, PHOTO_SIDE)));
  if (photo || (rest.values.some(Boolean) && !reachesEdge(rest))) return {ink: rest, photo: true};
  return {ink, photo};
}

function inkBox({values, height, width}) {
  let [top, left, bottom, right] = [height, width, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!values[y * width + x]) continue;
      top = Math.min(top, y);
      left = Math.min(left, x);
      bottom = y + 1;
      right = Math.max(right, x + 1);
    }
  }
  return bottom ? [top, left, bottom, right] : null;
}
