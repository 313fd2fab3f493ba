// The losses of 20 steps, against the package's train with Keras.

import {test} from 'node:test';
import {assertClose, buildNetwork, readArray, readArrays, readJson, skip} from './parity.mjs';

test('losses of 20 steps', {skip}, async () => {
  const {network: kind, learningRate, momentum, losses} = readJson('settings');
  const network = await buildNetwork(kind, readArrays('weight'));
  const images = readArray('images');
  const labels = readArray('labels');
  const actual = losses.map((_, i) => network.step(
      images.subarray(784 * 64 * i, 784 * 64 * (i + 1)), labels.subarray(64 * i, 64 * (i + 1)),
      {learningRate, momentum}).loss);
  assertClose(actual, losses, 1e-4, 'losses');
});
