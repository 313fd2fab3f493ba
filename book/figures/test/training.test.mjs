// The tutorial's 100 batches: what accuracy five runs reach. The pieces of MNIST are those that
// the page loads.

import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {test} from 'node:test';
import {lossGrew, trainModel} from '../src/trainer/training.js';
import {buildNetwork} from './parity.mjs';
import {readSplit} from './parts.mjs';

const RUNS = 5;
const SETTINGS = {batchSize: 64, batches: 100, learningRate: 0.15};

test('five runs of 100 batches', async () => {
  const data = {
    train: await readSplit(Array.from({length: 10}, (_, i) => `train-${i}`)),
    test: await readSplit(['test']),
  };
  assert.equal(data.train.labels.length, 6400);
  assert.equal(data.test.labels.length, 1000);
  const accuracies = [];
  for (let seed = 0; seed < RUNS; seed++) {
    const network = await buildNetwork('convolutional', null, {seed});
    const losses = [];
    const evaluated = [];
    let last;
    const done = await trainModel(network, data, {...SETTINGS, seed}, {
      onBatch: ({loss}) => losses.push(loss),
      onEvaluation: (evaluation) => {
        evaluated.push(evaluation.batch);
        last = evaluation;
      },
      mayGoOn: async () => true,
    });
    assert.ok(done);
    assert.equal(losses.length, 100);
    assert.ok(Math.abs(losses[0] - Math.log(10)) < 0.5, `first loss ${losses[0]}`);
    assert.deepEqual(evaluated, Array.from({length: 20}, (_, i) => 5 * (i + 1)));
    assert.equal(last.predictions.length, 1000);
    accuracies.push(last.accuracy);
  }
  if (process.env.ACCURACIES) writeFileSync(process.env.ACCURACIES, JSON.stringify(accuracies));
});

test('each image comes once before any comes twice, in an order that the seed fixes', async () => {
  const n = 12;
  const images = Uint8Array.from({length: n * 784}, (_, i) => Math.floor(i / 784));
  const data = {images, labels: Uint8Array.from({length: n}, (_, i) => i)};
  const orders = [];
  for (const seed of [1, 1, 2]) {
    const seen = [];
    const network = {
      step: (images, labels) => {
        seen.push(...images.filter((_, i) => i % 784 === 0));
        assert.deepEqual([...labels], seen.slice(-4));
        return {loss: 0};
      },
      predict: () => new Float32Array(10 * n),
    };
    await trainModel(network, {train: data, test: data}, {batchSize: 4, batches: 6, seed}, {
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

test('a loss that grew is told from one that fell or hardly changed', () => {
  const run = (...losses) => losses.map((loss, i) => [i + 1, loss]);
  const rest = (loss) => Array(30).fill(loss);
  assert.ok(lossGrew(run(2.4, 9, ...rest(2.3))));
  assert.ok(!lossGrew(run(2.4, 2.4, ...rest(2.3))));
  assert.ok(!lossGrew(run(2.4, 9, ...rest(0.4))));
  assert.ok(!lossGrew(run(2.4, 9, 2.3)));
});
