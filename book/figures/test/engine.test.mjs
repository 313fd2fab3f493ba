// What can be said of the engine without another library.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isDeepStrictEqual} from 'node:util';
import networks from '../dist/networks.json';
import {makeEngine} from '../src/engine.js';
import {loadEngine} from '../src/engine-part.js';
import {uniforms} from '../src/random.js';
import {buildNetwork} from './parity.mjs';

const uniform = uniforms(1);
const bytes = (n, below) => Uint8Array.from({length: n}, () => Math.floor(below * uniform()));
const images = bytes(10 * 784, 256);
const labels = bytes(10, 10);

/** assert.deepEqual would spend minutes on the difference of thousands of numbers. */
const assertSame = (actual, expected) => assert.ok(isDeepStrictEqual(actual, expected));

test('the seed fixes the initial weights and with them the training', async () => {
  const outcomes = [];
  for (const seed of [1, 1, 2]) {
    const network = await buildNetwork('convolutional', null, {seed});
    for (let i = 0; i < 3; i++) network.step(images, labels, {learningRate: 0.1, momentum: 0.5});
    outcomes.push(network.weights);
  }
  assertSame(outcomes[0], outcomes[1]);
  assert.ok(!isDeepStrictEqual(outcomes[0], outcomes[2]));
});

test('initial weights have a variance of one over the number of inputs', async () => {
  for (const [name, count] of [['convolutional', 5994], ['dense', 33400]]) {
    const network = await buildNetwork(name, null, {seed: 3});
    assert.equal(network.weights.reduce((sum, {length}) => sum + length, 0), count);
    network.weights.forEach((values, i) => {
      if (i % 2) {
        assert.ok(values.every((value) => value === 0), 'a bias begins at zero');
        return;
      }
      const inputs = network.shapes[i].slice(0, -1).reduce((a, b) => a * b);
      const squares = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      const error = 3 / Math.sqrt(values.length);
      assert.ok(Math.abs(squares * inputs - 1) < error, `${name} ${i}: ${squares * inputs}`);
      const largest = Math.max(...values.map(Math.abs)) * Math.sqrt(inputs);
      assert.ok(largest <= 2 / 0.8796 && largest > 1.8, `${name} ${i}: largest ${largest}`);
    });
  }
});

test('the memory does not grow in 500 steps, and networks do not share it', async () => {
  const engine = await loadEngine();
  const network = engine.build(networks.convolutional);
  const other = engine.build(networks.convolutional);
  const before = other.weights;
  const {buffer} = network.floats;
  const size = buffer.byteLength;
  for (let i = 0; i < 500; i++) network.step(images, labels, {learningRate: 0.01});
  assert.ok(size < 2 ** 20, `${size} bytes`);
  assert.equal(network.floats.buffer, buffer);
  assert.equal(buffer.byteLength, size);
  assertSame(other.weights, before);
});

test('an image alone and in a batch gets the same probabilities', async () => {
  const network = await buildNetwork('convolutional');
  const together = network.predict(images);
  for (let i = 0; i < 10; i++) {
    const alone = network.predict(images.subarray(784 * i, 784 * (i + 1)));
    assertSame(alone, together.slice(10 * i, 10 * (i + 1)));
  }
  assert.equal(network.predict(new Uint8Array(0)).length, 0);
});

test('a step moves the weights against the gradient', async () => {
  const network = await buildNetwork('dense');
  const before = network.weights;
  const {gradients, ...expected} = network.gradients(images, labels);
  assertSame(network.weights, before);
  assert.deepEqual(network.step(images, labels, {learningRate: 0.5}), expected);
  network.weights.forEach((values, i) => values.forEach((value, j) => {
    assert.ok(Math.abs(value - (before[i][j] - 0.5 * gradients[i][j])) < 1e-7);
  }));
});

test('new weights begin without momentum', async () => {
  const network = await buildNetwork('dense');
  const initial = network.weights;
  const settings = {learningRate: 0.1, momentum: 0.9};
  network.step(images, labels, settings);
  const once = network.weights;
  network.setWeights(initial);
  network.step(images, labels, settings);
  assertSame(network.weights, once);
});

test('what the engine cannot compute is refused', async () => {
  const engine = await loadEngine();
  const last = {kind: 'dense', name: 'dense', units: 10, activation: 'softmax'};
  for (const [layers, message] of [
    [[{kind: 'dropout'}, last], /unknown kind of layer: dropout/],
    [[{kind: 'conv2d', kernel: 3, filters: 8, activation: 'relu'}, last], /must have 5x5 kernels/],
    [[{kind: 'conv2d', kernel: 5, filters: 3, activation: 'relu'}, last], /even number of filters/],
    [[{kind: 'maxPool', size: 3}, last], /2x2 blocks/],
    [[{kind: 'flatten'}, {...last, activation: 'relu'}], /activation softmax/],
    [[last, last], /activation softmax/],
  ]) {
    assert.throws(() => engine.build(layers), message);
  }
  const network = engine.build(networks.dense);
  assert.throws(() => network.setWeights([new Float32Array(3)]), /expected weights of 32928,42,420,10/);
  await assert.rejects(makeEngine(new Uint8Array([1, 2])), /cannot run WebAssembly with SIMD/);
});
