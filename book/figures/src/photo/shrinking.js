// To 28x28 pixels: mnist_tutorial/_internal/pictures/shrinking.py. Enlarging and turning are
// Pillow's, with its rounding.

import {extremes} from './arrays.js';
import {toMnistForm} from '../mnist-form.js';

const ENLARGEMENT = 4;
const BITS = 22;  // of a coefficient's fraction
const SUPPORT = 2;  // pixels that the bicubic curve reaches to either side

/** MNIST's form of ink, with the brightest pixel made 255: thin strokes have become pale. */
export function brightForm({values, height, width}) {
  const form = toMnistForm(values, width, height);
  return brighten(form, extremes(form)[1]);
}

// 255 over the maximum first, as in the package: so the products are rounded alike.
const brighten = (form, most) => Uint8ClampedArray.from(form, (value) => value * (255 / most));

/** Enlarges a drawing of few pixels smoothly: otherwise their squares would remain visible. */
export function enlarge({values, height, width}) {
  const padded = new Uint8ClampedArray((height + 2) * (width + 2));
  for (let y = 0; y < height; y++) {
    padded.set(values.subarray(y * width, (y + 1) * width), (y + 1) * (width + 2) + 1);
  }
  const wide = enlargeRows(padded, height + 2, width + 2);
  return enlargeRows(wide.values, wide.height, wide.width);
}

/** Enlarges along the rows, and exchanges rows and columns. */
function enlargeRows(values, height, width) {
  const larger = ENLARGEMENT * width;
  const enlarged = new Uint8ClampedArray(larger * height);
  for (let x = 0; x < larger; x++) {
    const centre = (x + 0.5) / ENLARGEMENT;
    const first = Math.max(Math.trunc(centre - SUPPORT + 0.5), 0);
    const end = Math.min(Math.trunc(centre + SUPPORT + 0.5), width);
    const curve = [];
    for (let i = first; i < end; i++) curve.push(bicubic(i - centre + 0.5));
    const sum = curve.reduce((a, b) => a + b, 0);
    const weights = curve.map((value) => {
      const share = value / sum * 2 ** BITS;
      return Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    });
    for (let y = 0; y < height; y++) {
      const total = weights.reduce((t, weight, i) =>
        t + weight * values[y * width + first + i], 2 ** (BITS - 1));
      enlarged[x * height + y] = Math.floor(total / 2 ** BITS);
    }
  }
  return {values: enlarged, height: larger, width: height};
}

function bicubic(x) {
  const a = -0.5;
  x = Math.abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** Turns ink counter-clockwise; the picture grows so that nothing is cut off. */
export function turn({values, height, width}, degrees) {
  if (degrees === 0) return {values, height, width};
  const angle = -(((degrees % 360) + 360) % 360) * Math.PI / 180;
  const rounded = (value) => Number(value.toFixed(15));
  const [cos, sin] = [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
  const move = (x, y, [dx, dy] = [0, 0]) => [cos * x + sin * y + dx, -sin * x + cos * y + dy];
  const around = ([x, y]) => move(-x, -y, [x, y]);  // the shift that keeps this point in place
  const shift = around([width / 2, height / 2]);
  const corners = [[0, 0], [width, 0], [width, height], [0, height]]
      .map(([x, y]) => move(x, y, shift));
  const [wide, high] = [0, 1].map((axis) => {
    const places = corners.map((corner) => corner[axis]);
    return Math.ceil(Math.max(...places)) - Math.floor(Math.min(...places));
  });
  const [dx, dy] = move(-(wide - width) / 2, -(high - height) / 2, shift);
  const turned = new Uint8ClampedArray(wide * high);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [fromX, fromY] = move(x + 0.5, y + 0.5, [dx, dy]);
      if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) continue;
      turned[y * wide + x] = Math.trunc(between(values, height, width, fromX - 0.5, fromY - 0.5));
    }
  }
  return {values: turned, height: high, width: wide};
}

/** The value at a place between four pixels, bilinear. */
function between(values, height, width, x, y) {
  const left = Math.floor(x), top = Math.floor(y);
  const inRow = (row) => {
    const value = (column) => values[row * width + Math.min(Math.max(column, 0), width - 1)];
    return value(left) + (value(left + 1) - value(left)) * (x - left);
  };
  const above = inRow(Math.min(Math.max(top, 0), height - 1));
  const below = top + 1 < height ? inRow(top + 1) : above;
  return above + (below - above) * (y - top);
}
