import assert from 'node:assert/strict';
import {test} from 'node:test';
import {IMAGE_SIZE, toMnistForm} from '../src/mnist-form.js';
// tests/test_prediction.py reads the same cases.
import cases from './mnist-form.json' with {type: 'json'};

/** Makes the ink of a case: nothing or noise, and filled rectangles of a grey over it. */
function inkOf({width, height, noise, rectangles = []}) {
  const ink = new Uint8Array(width * height);
  if (noise !== undefined) {
    let state = noise;
    for (let i = 0; i < ink.length; i++) {
      state = (75 * state + 74) % 65537;
      ink[i] = state % 256;
    }
  }
  for (const [left, top, w, h, grey] of rectangles) {
    for (let y = top; y < top + h; y++) ink.fill(grey, y * width + left, y * width + left + w);
  }
  return ink;
}

/** Makes a drawing of the given size with rectangles [left, top, width, height] of full ink. */
function drawing(width, height, rectangles) {
  return inkOf({width, height, rectangles: rectangles.map((box) => [...box, 255])});
}

function inkBox(image) {
  const xs = [], ys = [];
  image.forEach((value, i) => {
    if (value > 0) {
      xs.push(i % IMAGE_SIZE);
      ys.push(Math.floor(i / IMAGE_SIZE));
    }
  });
  return {left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys)};
}

test('a blank drawing has no form', () => {
  assert.equal(toMnistForm(new Uint8Array(100), 10, 10), null);
});

test('the longer side becomes 20 pixels, wherever and however large the drawing is', () => {
  for (const [left, top, width, height] of [[3, 5, 40, 80], [100, 60, 40, 80], [0, 0, 5, 10]]) {
    const image = toMnistForm(drawing(140, 140, [[left, top, width, height]]), 140, 140);
    assert.deepEqual(inkBox(image), {left: 10, right: 19, top: 5, bottom: 24});
    assert.equal(image.filter((value) => value === 255).length, 200);
  }
});

test('the centre of mass, not of the box, comes to the middle', () => {
  // A bar of 20 wide and 4 high with a stem of 4x16 below its left end: 80 and 64 pixels,
  // so that the centre of mass is at x = (80 * 9.5 + 64 * 1.5) / 144 = 5.94 and
  // y = (80 * 1.5 + 64 * 11.5) / 144 = 5.94 of the box: 8 pixels from the edges to 13.94.
  const image = toMnistForm(drawing(60, 60, [[10, 10, 20, 4], [10, 14, 4, 16]]), 60, 60);
  assert.deepEqual(inkBox(image), {left: 8, right: 27, top: 8, bottom: 27});
});

test('grey values are averages over the area that a pixel covers', () => {
  // 40 wide: every second column inked, so that each new pixel averages ink and paper. The
  // last column is inked, too, or the box would be narrower.
  const ink = new Uint8Array(40 * 40);
  for (let y = 0; y < 40; y++) for (let x = 0; x < 40; x += 2) ink[y * 40 + x] = 200;
  for (let y = 0; y < 40; y++) ink[y * 40 + 39] = 200;
  const image = toMnistForm(ink, 40, 40);
  const values = [...new Set(image)].sort((a, b) => a - b);
  assert.deepEqual(values, [0, 100, 200]);
});

test('a single pixel and a line one pixel wide are brought into form, too', () => {
  assert.ok(toMnistForm(drawing(280, 280, [[140, 140, 1, 1]]), 280, 280).some((v) => v > 0));
  const line = toMnistForm(drawing(280, 280, [[0, 7, 280, 1]]), 280, 280);
  assert.deepEqual(inkBox(line), {left: 5, right: 24, top: 14, bottom: 14});
});

for (const {name, form, ...drawn} of cases) {
  test(`as in Python: ${name}`, () => {
    const image = toMnistForm(inkOf(drawn), drawn.width, drawn.height);
    assert.deepEqual([...image], [...Buffer.from(form, 'base64')]);
  });
}
