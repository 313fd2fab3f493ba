// The network of the drawing pad, and the form of its input, against Keras and MNIST.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {toMnistForm} from '../src/mnist-form.js';
import {buildNetwork} from '../src/network.js';
import {compare, readParity, skip} from './parity.mjs';

test('the network of the drawing pad gives the probabilities of Keras', {skip}, () => {
  const {topology, specs, weightData, images, expected, n} = readParity();
  let start = 0;
  const weights = specs.map(({shape}) => {
    const values = new Float32Array(weightData, 4 * start, shape.reduce((a, b) => a * b));
    start += values.length;
    return {shape, values};
  });
  const network = buildNetwork({topology, weights});
  for (let i = 0; i < n; i++) {
    compare(network(images.subarray(784 * i, 784 * (i + 1))), expected, i);
  }
});

test("MNIST's images are in MNIST's form already", {skip}, () => {
  const {images, n} = readParity();
  let same = 0;
  for (let i = 0; i < n; i++) {
    const image = images.subarray(784 * i, 784 * (i + 1));
    same += Buffer.compare(image, Buffer.from(toMnistForm(image, 28, 28))) === 0;
  }
  assert.ok(same >= 0.99 * n, `${same} of ${n} unchanged`);
});
