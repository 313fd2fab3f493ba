// The gradients that the wasm backend computes with the convolution's kernel supplied here,
// against those of the cpu backend.

import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';  // registers the gradients
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {before, test} from 'node:test';
import {prepareWasm} from '../src/backends.js';
import {buildModel} from '../src/training.js';
import {wasmBinary} from './wasm-binary.mjs';

const topology =
    JSON.parse(readFileSync(path.resolve('dist/model/model.json'), 'utf8')).modelTopology;

before(() => prepareWasm(wasmBinary));

async function onBackend(name, work) {
  assert.ok(await tf.setBackend(name), `backend ${name} starts`);
  return work();
}

function assertClose(actual, expected, what) {
  const largest = Math.max(...expected.map(Math.abs));
  assert.ok(largest > 0, `${what}: the expected gradient is not zero`);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) <= 1e-4 * largest,
        `${what}[${i}]: ${value} on wasm, ${expected[i]} on cpu`);
  });
}

for (const [images, kernels] of [
  [[5, 28, 28, 1], [5, 5, 1, 8]],
  [[5, 12, 12, 8], [5, 5, 8, 16]],
  [[1, 7, 9, 3], [2, 4, 3, 2]],
]) {
  test(`gradient of a convolution of [${images}] with [${kernels}]`, async () => {
    const gradients = () => {
      const x = tf.randomUniform(images, -1, 1, 'float32', 1);
      const filter = tf.randomUniform(kernels, -1, 1, 'float32', 2);
      return tf.grads((x, filter) => tf.sum(tf.square(tf.conv2d(x, filter, 1, 'valid'))))(
          [x, filter]).map((tensor) => tensor.dataSync());
    };
    const expected = await onBackend('cpu', gradients);
    const actual = await onBackend('wasm', gradients);
    assertClose(actual[0], expected[0], 'input');
    assertClose(actual[1], expected[1], 'filter');
  });
}

test('gradients of the loss of the whole network', async () => {
  const gradients = async () => {
    const model = await buildModel(topology, 3, 0.15);
    const xs = tf.randomUniform([4, 28, 28, 1], 0, 1, 'float32', 4);
    const labels = tf.oneHot(tf.tensor1d([3, 1, 4, 1], 'int32'), 10);
    const loss = () => tf.mean(tf.neg(tf.sum(tf.mul(labels, tf.log(model.apply(xs))), 1)));
    const {grads} = tf.variableGrads(loss);
    return Object.values(grads).map((tensor) => tensor.dataSync());
  };
  const expected = await onBackend('cpu', gradients);
  const actual = await onBackend('wasm', gradients);
  assert.equal(expected.length, 6);
  expected.forEach((values, i) => assertClose(actual[i], values, `weight ${i}`));
});

test('the kernel frees what it uses on the way', async () => {
  await onBackend('wasm', () => {
    const x = tf.ones([2, 8, 8, 1]);
    const filter = tf.ones([5, 5, 1, 2]);
    const before = tf.engine().backend.numDataIds();
    tf.dispose(tf.grad((filter) => tf.sum(tf.conv2d(x, filter, 1, 'valid')))(filter));
    assert.equal(tf.engine().backend.numDataIds(), before);
  });
});

test('another stride or padding is refused', async () => {
  await onBackend('wasm', () => {
    const x = tf.ones([1, 8, 8, 1]);
    const filter = tf.ones([5, 5, 1, 2]);
    for (const [stride, padding] of [[2, 'valid'], [1, 'same']]) {
      assert.throws(
          () => tf.grad((filter) => tf.sum(tf.conv2d(x, filter, stride, padding)))(filter),
          /written for stride 1 without padding/);
    }
  });
});
