// A model that export_tfjs wrote, loaded by TensorFlow.js: its probabilities against those
// that Keras gave. The folder PARITY holds model.json and weights.bin, images.bin (uint8
// [n, 784]) and probabilities.bin (float32 [n, 10]); tests/test_export.py makes it.

import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel} from '@tensorflow/tfjs-layers';
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {before, test} from 'node:test';
import {prepareWasm} from '../src/backends.js';
import {toMnistForm} from '../src/mnist-form.js';
import {buildNetwork} from '../src/network.js';
import {makeBatch} from '../src/training.js';
import {wasmBinary} from './wasm-binary.mjs';

const TOLERANCE = 1e-5;
const BATCH_SIZE = 1000;
const folder = process.env.PARITY;
const skip = folder ? false : 'PARITY names no folder';

let content, weightData, images, expected, n;

before(() => {
  if (skip) return;
  content = JSON.parse(readFileSync(`${folder}/model.json`, 'utf8'));
  const bytes = (name) => new Uint8Array(readFileSync(`${folder}/${name}`)).buffer;
  weightData = bytes(content.weightsManifest[0].paths[0]);
  images = new Uint8Array(bytes('images.bin'));
  expected = new Float32Array(bytes('probabilities.bin'));
  n = expected.length / 10;
});

function compare(actual, first) {
  const largest = (values) => values.indexOf(Math.max(...values));
  for (let i = 0; i < actual.length; i += 10) {
    const wanted = expected.subarray(10 * first + i, 10 * first + i + 10);
    const got = actual.subarray(i, i + 10);
    assert.equal(largest(got), largest(wanted), `prediction of image ${first + i / 10}`);
    got.forEach((value, digit) => {
      assert.ok(Math.abs(value - wanted[digit]) <= TOLERANCE,
          `image ${first + i / 10}, digit ${digit}: ${value}, by Keras ${wanted[digit]}`);
    });
  }
}

test('TensorFlow.js gives the probabilities of Keras', {skip}, async () => {
  prepareWasm(wasmBinary);
  assert.ok(await tf.setBackend('wasm'));
  const model = await loadLayersModel(tf.io.fromMemory({
    modelTopology: content.modelTopology,
    weightSpecs: content.weightsManifest[0].weights,
    weightData,
  }));
  for (let first = 0; first < n; first += BATCH_SIZE) {
    const indices = Array.from({length: Math.min(BATCH_SIZE, n - first)}, (_, i) => first + i);
    const {xs, labels} = makeBatch({images, labels: new Uint8Array(n)}, indices);
    const output = model.predict(xs, {batchSize: BATCH_SIZE});
    compare(output.dataSync(), first);
    tf.dispose([xs, labels, output]);
  }
});

test('the network of the drawing pad gives the probabilities of Keras', {skip}, () => {
  let start = 0;
  const weights = content.weightsManifest[0].weights.map(({shape}) => {
    const size = shape.reduce((a, b) => a * b);
    const values = new Float32Array(weightData, 4 * start, size);
    start += size;
    return {shape, values};
  });
  const network = buildNetwork({topology: content.modelTopology, weights});
  for (let i = 0; i < Math.min(n, BATCH_SIZE); i++) {
    compare(network(images.subarray(784 * i, 784 * (i + 1))), i);
  }
});

test("MNIST's images are in MNIST's form already", {skip}, () => {
  let same = 0;
  for (let i = 0; i < n; i++) {
    const image = images.subarray(784 * i, 784 * (i + 1));
    same += Buffer.compare(image, toMnistForm(image, 28, 28)) === 0;
  }
  assert.ok(same >= 0.99 * n, `${same} of ${n} unchanged`);
});
