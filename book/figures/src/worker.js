// The Web Worker that trains, so that the page stays responsive. It is told, in messages,
// to "prepare", "train", "pause", "resume", "stop" and to give its "weights"; it answers
// with messages of the kinds below.

import networks from '../dist/networks.json';
import {fromBase64, join, unzip} from './base64.js';
import {loadEngine} from './engine-part.js';
import {trainModel} from './training.js';

let data;
let engine;
let layers;
let network;
let stopped = false;
let paused = null;  // while paused, a promise that resume() keeps
let resume = () => {};

const handlers = {
  async prepare({train, test}) {
    engine = await loadEngine();
    data = {train: await split(train), test: await split([test])};
    postMessage({kind: 'ready', test: data.test});
  },

  async train({architecture, learningRate, batchSize, batches, seed}) {
    stopped = false;
    layers = networks[architecture];
    network = engine.build(layers, {seed});
    const settings = {batchSize, batches, learningRate, seed};
    const finished = await trainModel(network, data, settings, {
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
    postMessage({kind: 'weights', layers, weights: network.weights});
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
