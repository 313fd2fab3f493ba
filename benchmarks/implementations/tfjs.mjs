// TensorFlow.js under Node: the network and the batches of the book's page, answering in the
// way of serve.py. Called with the name of a backend and the folder of the task.

import {argMax, dispose, setBackend, tensor, tidy} from '@tensorflow/tfjs-core';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {prepareWasm} from '../../book/figures/src/backends.js';
import {buildModel, makeBatch} from '../../book/figures/src/training.js';

const [backend, folder, wasmBinary] = process.argv.slice(2);
const LEARNING_RATE = 0.15;
const TYPES = {'|u1': Uint8Array, '<i4': Int32Array, '<f4': Float32Array};

/** Reads a .npy file of version 1: a header of text, then the values. */
function readArray(name) {
  const bytes = readFileSync(`${folder}/${name}.npy`);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const type = TYPES[/'descr': '(.*?)'/.exec(header)[1]];
  // A typed array must begin at a multiple of its item's size: copied, it begins at 0.
  return new type(new Uint8Array(bytes.subarray(start)).buffer);
}

const readSplit = (prefix) =>
    ({images: readArray(`${prefix}images`), labels: readArray(`${prefix}labels`)});

function accuracy(model, split, indices) {
  const {xs, labels} = makeBatch(split, indices);
  const digits = tidy(() => argMax(model.predict(xs, {batchSize: indices.length}), 1).dataSync());
  dispose([xs, labels]);
  return indices.filter((index, i) => split.labels[index] === digits[i]).length / indices.length;
}

const mean = (values) => values.reduce((sum, value) => sum + value) / values.length;

async function main() {
  prepareWasm(wasmBinary);
  if (!await setBackend(backend)) throw new Error(`the backend ${backend} does not start`);
  const [train, validation, test] = ['', 'validation_', 'test_'].map(readSplit);
  const [order, validationOrder] = ['order', 'validation_order'].map(readArray);
  const {modelTopology} = JSON.parse(readFileSync(`${folder}/model.json`, 'utf8'));
  const model = await buildModel(modelTopology, 0, LEARNING_RATE);
  const weights = model.getWeights().map(({shape}, i) => tensor(readArray(`weight_${i}`), shape));

  for await (const line of createInterface({input: process.stdin})) {
    const job = JSON.parse(line);
    const rows = (from, size, i) => Array.from(from.slice(size * i, size * (i + 1)));
    const start = performance.now();
    model.setWeights(weights);
    const losses = [];
    const accuracies = [];
    for (let step = 1; step <= job.steps; step++) {
      const {xs, labels} = makeBatch(train, rows(order, job.batch, step - 1));
      losses.push((await model.trainOnBatch(xs, labels))[0]);
      dispose([xs, labels]);
      if (job.every && step % job.every === 0) {
        const chosen = rows(validationOrder, job.size, accuracies.length);
        accuracies.push(accuracy(model, validation, chosen));
      }
    }
    const answer = {
      seconds: (performance.now() - start) / 1000,
      first_losses: losses.slice(0, 20),
      mean_loss: mean(losses),
      validation_accuracy: accuracies.at(-1) ?? null,
    };
    if (job.test) {
      const all = Array.from(test.labels.keys());
      answer.test_accuracy = mean(Array.from({length: 10}, (_, i) =>
          accuracy(model, test, rows(all, all.length / 10, i))));
    }
    const status = readFileSync('/proc/self/status', 'latin1');
    answer.peak_mib = Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
    answer.resident_mib = process.memoryUsage.rss() / 2 ** 20;
    console.log(JSON.stringify(answer));
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
