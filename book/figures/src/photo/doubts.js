// Signs that an image in MNIST's form does not show one clear digit:
// mnist_tutorial/_internal/pictures/doubts.py, where the constants are explained.

import {connectedShapes} from './morphology.js';

const MOST_INK = 0.4;
const INK_OF_A_DIGIT = 0.15, HEIGHT_OF_A_DIGIT = 0.5, OVERLAP = 0.3;
const PEN = 64;
const SIDE = 28;

/** What speaks against one clear digit: "cutOff", "muchInk", "twoDigits", or null. */
export function doubtAbout(image, cutOff = false) {
  if (cutOff) return 'cutOff';
  const total = image.reduce((sum, value) => sum + value, 0);
  if (total / image.length > MOST_INK * 255) return 'muchInk';
  return showsTwoDigits(image, total) ? 'twoDigits' : null;
}

/** Whether the two inkiest shapes stand side by side and are both large. */
function showsTwoDigits(image, total) {
  const {shapes, count} = connectedShapes(image.map((value) => value > PEN), SIDE, SIDE);
  const found = Array.from({length: count - 1}, () =>
    ({ink: 0, top: SIDE, bottom: -1, left: SIDE, right: -1}));
  shapes.forEach((shape, i) => {
    if (!shape) return;
    const own = found[shape - 1], y = Math.floor(i / SIDE), x = i % SIDE;
    own.ink += image[i];
    own.top = Math.min(own.top, y);
    own.bottom = Math.max(own.bottom, y);
    own.left = Math.min(own.left, x);
    own.right = Math.max(own.right, x);
  });
  if (found.length < 2) return false;
  const [a, b] = found.sort((one, other) => other.ink - one.ink);
  const height = ({top, bottom}) => bottom - top + 1;
  const width = ({left, right}) => right - left + 1;
  const both = {top: Math.min(a.top, b.top), bottom: Math.max(a.bottom, b.bottom)};
  const overlap = Math.min(a.right, b.right) - Math.max(a.left, b.left) + 1;
  return b.ink > INK_OF_A_DIGIT * total &&
    Math.min(height(a), height(b)) >= HEIGHT_OF_A_DIGIT * height(both) &&
    overlap < OVERLAP * Math.min(width(a), width(b));
}
