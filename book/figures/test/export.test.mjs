// A model that export_tfjs wrote, loaded by TensorFlow.js, against Keras.

import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel} from '@tensorflow/tfjs-layers';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {prepareWasm} from '../src/backends.js';
import {makeBatch} from '../src/training.js';
import {compare, readParity, skip} from './parity.mjs';
import {wasmBinary} from './wasm-binary.mjs';

const BATCH_SIZE = 1000;

test('TensorFlow.js gives the probabilities of Keras', {skip}, async () => {
  const {topology, specs, weightData, images, expected, n} = readParity();
  prepareWasm(wasmBinary);
  assert.ok(await tf.setBackend('wasm'));
  const model = await loadLayersModel(tf.io.fromMemory(
      {modelTopology: topology, weightSpecs: specs, weightData}));
  for (let first = 0; first < n; first += BATCH_SIZE) {
    const indices = Array.from({length: Math.min(BATCH_SIZE, n - first)}, (_, i) => first + i);
    const {xs, labels} = makeBatch({images, labels: new Uint8Array(n)}, indices);
    const output = model.predict(xs, {batchSize: BATCH_SIZE});
    compare(output.dataSync(), expected, first);
    tf.dispose([xs, labels, output]);
  }
});
