// Pictures in MNIST's form, against the package's own steps.

import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {test} from 'node:test';
import {doubtAbout} from '../src/photo/doubts.js';
import {averageDown, averagedOver, greyOf, toForm} from '../src/photo/forms.js';
import {readArray, readJson, skip} from './parity.mjs';

/** As the page reads a picture: red, green, blue and alpha, averaged down. */
function formOf(values, {height, width, channels}) {
  const rgba = new Uint8ClampedArray(height * width * 4);
  for (let i = 0; i < height * width; i++) {
    const own = values.subarray(i * channels, (i + 1) * channels);
    rgba.set(channels === 1 ? [own[0], own[0], own[0], 255] : [...own, 255].slice(0, 4), 4 * i);
  }
  const factor = averagedOver(height, width);
  const grey = greyOf(averageDown({values: rgba, height, width}, factor, 4));
  return toForm(grey, {height, width});
}

test('pictures have the forms that the package gives them', {skip}, () => {
  const outcomes = readJson('pictures').map((picture, i) => {
    const form = formOf(readArray(`picture_${i}`), picture);
    if (!form || !picture.box) return {name: picture.name, found: !form === !picture.box};
    const expected = readArray(`turned_${i}`);
    assert.equal(form.turned.length, expected.length / 784, picture.name);
    const differences = form.turned.map((image, t) =>
      image.reduce((most, value, j) => Math.max(most, Math.abs(value - expected[784 * t + j])), 0));
    return {
      name: picture.name, found: true,
      box: String(form.box) === String(picture.box),
      doubt: doubtAbout(form.image, form.cutOff) === picture.doubt,
      image: differences[0], turned: Math.max(...differences),
    };
  });
  writeFileSync(process.env.OUTCOMES, JSON.stringify(outcomes));
});
