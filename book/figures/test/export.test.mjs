// A model that export_tfjs wrote, loaded by TensorFlow.js, against Keras. The page itself does
// not use TensorFlow.js. tests/further/test_export.py leaves in the folder PARITY model.json and
// weights.bin, images.bin (uint8 [n, 784]) and Keras's probabilities.bin (float32 [n, 10]).

import * as tf from '@tensorflow/tfjs-core';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {loadLayersModel} from '@tensorflow/tfjs-layers';
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';

const BATCH_SIZE = 1000;
const TOLERANCE = 1e-5;
const folder = process.env.PARITY;
const skip = folder ? false : 'PARITY names no folder';

test('TensorFlow.js gives the probabilities of Keras', {skip}, async () => {
  const bytes = (name) => new Uint8Array(readFileSync(`${folder}/${name}`)).buffer;
  const {modelTopology, weightsManifest: [{paths, weights: weightSpecs}]} =
      JSON.parse(readFileSync(`${folder}/model.json`, 'utf8'));
  const images = new Uint8Array(bytes('images.bin'));
  const expected = new Float32Array(bytes('probabilities.bin'));
  setWasmPaths(`${path.resolve('node_modules/@tensorflow/tfjs-backend-wasm/dist')}/`);
  assert.ok(await tf.setBackend('wasm'));
  const model = await loadLayersModel(
      tf.io.fromMemory({modelTopology, weightSpecs, weightData: bytes(paths[0])}));
  const n = expected.length / 10;
  for (let first = 0; first < n; first += BATCH_SIZE) {
    const count = Math.min(BATCH_SIZE, n - first);
    const chosen = images.subarray(784 * first, 784 * (first + count));
    const xs = tf.tensor(Float32Array.from(chosen, (grey) => grey / 255), [count, 28, 28, 1]);
    const output = model.predict(xs, {batchSize: BATCH_SIZE});
    compare(output.dataSync(), expected.subarray(10 * first, 10 * (first + count)));
    tf.dispose([xs, output]);
  }
});

function compare(actual, expected) {
  const largest = (values) => values.indexOf(Math.max(...values));
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i += 10) {
    const [got, wanted] = [actual, expected].map((all) => all.subarray(i, i + 10));
    assert.equal(largest(got), largest(wanted));
    got.forEach((value, digit) => {
      assert.ok(Math.abs(value - wanted[digit]) <= TOLERANCE,
          `digit ${digit}: ${value}, by Keras ${wanted[digit]}`);
    });
  }
}
