// The Web Worker that trains, so that the page stays responsive. It is told, in messages, to
// "prepare", to "train", how many batches to "allow" before the next pause, to "stop", and to give
// its "weights". It answers with messages of the kinds below.

import networks from '../../dist/networks.json';
import {fromBase64, join, unzip} from '../base64.js';
import {loadEngine} from '../engine-part.js';
import {evaluate, trainModel} from './training.js';

let data, engine, layers, network;
let allowed = 0;
let stopped = false;
let wake = () => {};  // ends a pause

const handlers = {
  async prepare({train, test}) {
    engine = await loadEngine();
    data = {train: await split(train), test: await split([test])};
    postMessage({kind: 'ready', test: data.test});
  },

  async train({settings, batches}) {
    stopped = false;
    allowed = batches;
    layers = networks[settings.architecture];
    network = engine.build(layers, {seed: settings.seed});
    const finished = await trainModel(network, data, settings, {
      onBatch: (result) => postMessage({kind: 'batch', ...result}),
      onEvaluation: (result) => postMessage({kind: 'evaluation', ...result}),
      mayGoOn,
    });
    postMessage({kind: 'ended', finished, ...trained()});
  },

  allow({batches}) {
    allowed = batches;
    wake();
  },

  stop() {
    stopped = true;
    wake();
  },

  weights() {
    postMessage({kind: 'weights', ...trained()});
  },
};

/** The network as it is now, and its accuracy. */
function trained() {
  const {accuracy} = evaluate(network, data.test);
  return {layers, weights: network.weights, accuracy};
}

/** Lets messages in between two batches, and waits while there is a pause. */
async function mayGoOn() {
  await new Promise((resolve) => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
  while (!stopped && allowed <= 0) {
    postMessage({kind: 'paused'});
    await new Promise((resolve) => { wake = resolve; });
  }
  allowed--;
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
