// The network and the images of the page, against Keras and MNIST.

import assert from 'node:assert/strict';
import path from 'node:path';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fromBase64} from '../src/base64.js';
import {toMnistForm} from '../src/mnist-form.js';
import {assertClose, buildNetwork, readArray, skip} from './parity.mjs';
import {readPart} from './parts.mjs';

const largest = (values) => values.indexOf(Math.max(...values));

test("the pad's network gives the probabilities of Keras", {skip}, async () => {
  const weights = readPart('model').weights.map((text) => new Float32Array(fromBase64(text).buffer));
  const network = await buildNetwork('convolutional', weights);
  const expected = readArray('probabilities');
  const actual = network.predict(readArray('images'));
  assertClose(actual, expected, 1e-5, 'probabilities');
  for (let i = 0; i < actual.length; i += 10) {
    assert.equal(largest(actual.subarray(i, i + 10)), largest(expected.subarray(i, i + 10)));
  }
});

test("MNIST's images are in MNIST's form already", {skip}, () => {
  const images = readArray('images');
  const n = images.length / 784;
  let same = 0;
  for (let i = 0; i < n; i++) {
    const image = images.subarray(784 * i, 784 * (i + 1));
    same += Buffer.compare(image, Buffer.from(toMnistForm(image, 28, 28))) === 0;
  }
  assert.ok(same >= 0.99 * n, `${same} of ${n} unchanged`);
});
