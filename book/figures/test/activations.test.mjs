// What every layer makes of an image, against Keras.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {assertClose, buildNetwork, readArray, readArrays, skip} from './parity.mjs';

test('activations of every layer', {skip}, async () => {
  const network = await buildNetwork(process.env.NETWORK, readArrays('weight'));
  const images = readArray('images');
  const names = network.activations(images.subarray(0, 784)).map(({name}) => name);
  const expected = names.map(readArray);
  const n = images.length / 784;
  for (let i = 0; i < n; i++) {
    const layers = network.activations(images.subarray(784 * i, 784 * (i + 1)));
    layers.forEach(({name, shape, values}, layer) => {
      const size = expected[layer].length / n;
      assert.equal(shape.reduce((a, b) => a * b), size, name);
      const largest = Math.max(1, ...values);
      assertClose(values, expected[layer].subarray(size * i, size * (i + 1)), 1e-5 * largest,
          `${name} of image ${i}`);
    });
  }
});
