// The tutorial's 100 batches on the wasm backend: what accuracy five runs reach. The pieces
// of MNIST are those that the page loads.

import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {reshape, setBackend} from '@tensorflow/tfjs-core';
import {prepareWasm} from '../src/backends.js';
import {fromBase64, join, unzip} from '../src/base64.js';
import {buildModel, trainModel} from '../src/training.js';
import {wasmBinary} from './wasm-binary.mjs';

const RUNS = 5;

function readPart(name) {
  const text = readFileSync(path.resolve('dist/static/figures', `${name}.js`), 'utf8');
  return JSON.parse(text.slice(text.indexOf(']=') + 2, -2));
}

async function readSplit(names) {
  const pieces = names.map(readPart);
  return {
    images: join(await Promise.all(pieces.map((piece) => unzip(piece.images)))),
    labels: join(pieces.map((piece) => fromBase64(piece.labels))),
  };
}

test('five runs of 100 batches', async () => {
  prepareWasm(wasmBinary);
  assert.ok(await setBackend('wasm'));
  const data = {
    train: await readSplit(Array.from({length: 10}, (_, i) => `train-${i}`)),
    test: await readSplit(['test']),
  };
  assert.equal(data.train.labels.length, 6400);
  assert.equal(data.test.labels.length, 1000);
  const topology = readPart('topologies').convolutional;
  const accuracies = [];
  for (let seed = 0; seed < RUNS; seed++) {
    const model = await buildModel(topology, seed, 0.15);
    const losses = [];
    let last;
    const done = await trainModel(model, data, {batchSize: 64, batches: 100, seed}, {
      onBatch: ({loss}) => losses.push(loss),
      onEvaluation: (evaluation) => { last = evaluation; },
      mayGoOn: async () => true,
    });
    assert.ok(done);
    assert.equal(losses.length, 100);
    assert.ok(Math.abs(losses[0] - Math.log(10)) < 0.5, `first loss ${losses[0]}`);
    assert.equal(last.batch, 100);
    accuracies.push(last.accuracy);
    model.dispose();
  }
  if (process.env.ACCURACIES) writeFileSync(process.env.ACCURACIES, JSON.stringify(accuracies));
});

test('each image comes once before any comes twice, in an order that the seed fixes', async () => {
  const n = 12;
  const images = Uint8Array.from({length: n * 784}, (_, i) => Math.floor(i / 784));
  const data = {images, labels: new Uint8Array(n)};
  const orders = [];
  for (const seed of [1, 1, 2]) {
    const seen = [];
    const model = {
      trainOnBatch: async (xs) => {
        seen.push(...xs.dataSync().filter((_, i) => i % 784 === 0).map((v) => Math.round(255 * v)));
        return [0];
      },
      predict: (xs) => reshape(xs, [n, 784]),
    };
    await trainModel(model, {train: data, test: data}, {batchSize: 4, batches: 6, seed}, {
      onBatch() {}, onEvaluation() {}, mayGoOn: async () => true,
    });
    const all = Array.from({length: n}, (_, i) => i);
    for (const epoch of [seen.slice(0, n), seen.slice(n)]) {
      assert.deepEqual([...epoch].sort((a, b) => a - b), all);
      assert.notDeepEqual(epoch, all);
    }
    assert.notDeepEqual(seen.slice(0, n), seen.slice(n));
    orders.push(seen);
  }
  assert.deepEqual(orders[0], orders[1]);
  assert.notDeepEqual(orders[0], orders[2]);
});
