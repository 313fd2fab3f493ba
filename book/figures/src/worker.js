// The Web Worker that trains, so that the page stays responsive. It is told, in messages,
// to "prepare", "train", "pause", "resume", "stop" and to give its "weights"; it answers
// with messages of the kinds below.

import {tidy} from '@tensorflow/tfjs-core';
import {prepareWasm, setFastestBackend} from './backends.js';
import {fromBase64, join, unzip} from './base64.js';
import {buildModel, trainModel} from './training.js';

let data;
let topologies;
let model;
let topology;
let stopped = false;
let paused = null;  // while paused, a promise that resume() keeps
let resume = () => {};

const handlers = {
  async prepare({parts, wasm}) {
    topologies = parts.topologies;
    data = {train: await split(parts.train), test: await split([parts.test])};
    const binary = new Blob([await unzip(wasm)], {type: 'application/wasm'});
    prepareWasm(URL.createObjectURL(binary));
    const backend = await setFastestBackend(topologies.convolutional, data.train);
    const images = data.test.images;
    postMessage({kind: 'ready', backend, test: {images, labels: data.test.labels}});
  },

  async train({architecture, learningRate, batchSize, batches, seed}) {
    stopped = false;
    model?.dispose();
    topology = topologies[architecture];
    model = await buildModel(topology, seed, learningRate);
    const finished = await trainModel(model, data, {batchSize, batches, seed}, {
      onBatch: (result) => postMessage({kind: 'batch', ...result}),
      onEvaluation: (result) => postMessage({kind: 'evaluation', ...result}),
      mayGoOn,
    });
    postMessage({kind: 'ended', finished});
  },

  pause() {
    paused ??= new Promise((resolve) => { resume = resolve; });
  },

  resume() {
    paused = null;
    resume();
  },

  stop() {
    stopped = true;
    handlers.resume();
  },

  weights() {
    const weights = tidy(() => model.getWeights().map((tensor) =>
        ({shape: tensor.shape, values: tensor.dataSync()})));
    postMessage({kind: 'weights', topology, weights});
  },
};

/** Lets messages in between two steps, and waits while paused. */
async function mayGoOn() {
  await new Promise((resolve) => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
  await paused;
  return !stopped;
}

/** Unpacks pieces of [images, labels] and joins them. */
async function split(pieces) {
  const images = await Promise.all(pieces.map((piece) => unzip(piece.images)));
  return {
    images: join(images),
    labels: join(pieces.map((piece) => fromBase64(piece.labels))),
  };
}

onmessage = async ({data: {kind, ...rest}}) => {
  try {
    await handlers[kind](rest);
  } catch (error) {
    postMessage({kind: 'error', message: String(error?.message ?? error)});
  }
};
