// TensorFlow.js under Node, answering in the way of serve.py. Called with the name of a backend,
// the folder of the task and the path of the wasm backend's binary.

import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {
  argMax, dispose, env, oneHot, setBackend, tensor, tensor1d, tidy, train as optimizers,
} from '@tensorflow/tfjs-core';
import {models} from '@tensorflow/tfjs-layers';
import {readFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {createInterface} from 'node:readline';
import {registerConvolutionGradient} from './tfjs_gradient.mjs';

const [backend, folder, wasmBinary] = process.argv.slice(2);
const LEARNING_RATE = 0.15;
const PIXELS = 784;
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

async function buildModel(modelTopology) {
  const model = await models.modelFromJSON({modelTopology});
  model.compile({
    optimizer: optimizers.sgd(LEARNING_RATE),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

/** Turns the images and class numbers at the given places into float32 tensors. */
function makeBatch({images, labels}, indices) {
  const pixels = new Float32Array(indices.length * PIXELS);
  indices.forEach((index, row) => {
    for (let i = 0; i < PIXELS; i++) {
      pixels[row * PIXELS + i] = images[index * PIXELS + i] / 255;
    }
  });
  return tidy(() => ({
    xs: tensor(pixels, [indices.length, 28, 28, 1]),
    labels: oneHot(tensor1d(indices.map((index) => labels[index]), 'int32'), 10),
  }));
}

function accuracy(model, split, indices) {
  const {xs, labels} = makeBatch(split, indices);
  const digits = tidy(() => argMax(model.predict(xs, {batchSize: indices.length}), 1).dataSync());
  dispose([xs, labels]);
  return indices.filter((index, i) => split.labels[index] === digits[i]).length / indices.length;
}

const mean = (values) => values.reduce((sum, value) => sum + value) / values.length;

async function main() {
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(`${dirname(wasmBinary)}/`);
  registerConvolutionGradient();
  if (!await setBackend(backend)) throw new Error(`the backend ${backend} does not start`);
  const [train, validation, test] = ['', 'validation_', 'test_'].map(readSplit);
  const [order, validationOrder] = ['order', 'validation_order'].map(readArray);
  const {modelTopology} = JSON.parse(readFileSync(`${folder}/model.json`, 'utf8'));
  const model = await buildModel(modelTopology);
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
