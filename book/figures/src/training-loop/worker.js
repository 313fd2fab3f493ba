// Trains in a Web Worker. It is told to "prepare", and then "line", "round", "back" or "restart";
// each time it answers with the whole view. When it needs more images, it asks for a part.

import networks from '../../dist/networks.json';
import {fromBase64, unzip} from '../base64.js';
import {loadEngine} from '../engine-part.js';
import {Loop} from './loop.js';

const PIXELS = 784;
const PART = 640;  // images
const PARTS = 10;
const SHOWN = 64;

const parts = new Map();  // promises of {images, labels}
const waiting = new Map();  // what keeps them
let loop;
let restart;

const unpack = async ({images, labels}) =>
  ({images: await unzip(images), labels: fromBase64(labels)});

function getPart(number) {
  if (!parts.has(number)) {
    parts.set(number, new Promise((resolve, reject) => waiting.set(number, {resolve, reject})));
    postMessage({kind: 'need', part: number});
  }
  return parts.get(number);
}

/** Images in the order of the parts, from the first again after the last. */
async function takeImages(position, count) {
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const index = (position + i) % (PART * PARTS);
    const part = await getPart(Math.floor(index / PART));
    const at = index % PART;
    images.set(part.images.subarray(at * PIXELS, (at + 1) * PIXELS), i * PIXELS);
    labels[i] = part.labels[at];
  }
  // Asks ahead, so that the next batches need not wait.
  getPart(Math.floor((position + count + PART / 2) / PART) % PARTS).catch(() => {});
  return {images, labels};
}

const handlers = {
  async prepare({weights, validation}) {
    const engine = await loadEngine();
    const start = weights.map((values) => new Float32Array(fromBase64(values).buffer));
    const held = await unpack(validation);
    restart = () => {
      const network = engine.build(networks.convolutional);
      network.setWeights(start);
      loop = new Loop(network, takeImages, held);
    };
    restart();
  },
  line: ({settings}) => loop.line(settings),
  async round({settings, times}) {
    for (let i = 0; i < times; i++) await loop.round(settings);
  },
  back: () => loop.back(),
  restart: () => restart(),
};

onmessage = async ({data: {kind, ...rest}}) => {
  if (kind === 'part') {
    const {resolve, reject} = waiting.get(rest.part);
    if (rest.content) {
      resolve(unpack(rest.content));
    } else {
      parts.delete(rest.part);  // so that it is asked for again
      reject(new Error(rest.message));
    }
    return;
  }
  try {
    await handlers[kind](rest);
    const {batch, ...view} = loop.view;
    const images = batch?.images.subarray(0, SHOWN * PIXELS);
    postMessage({kind: 'view', view: {...view, batch: batch && {...batch, images}},
      canGoBack: loop.past.length > 0, ended: !loop.rest.length});
  } catch (error) {
    postMessage({kind: 'error', message: String(error?.message ?? error)});
  }
};
