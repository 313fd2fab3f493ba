// Which of TensorFlow.js's backends trains fastest here: measured, not assumed.

import {dispose, env, setBackend} from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {buildModel, makeBatch} from './training.js';
import {registerConvolutionGradient} from './wasm-gradient.js';

const TIMED_STEPS = 3;

/** Makes the wasm backend known, given the address of its binary. */
export function prepareWasm(url) {
  // Threads need HTTP headers that a plain web server does not send.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(Object.fromEntries(
      ['', '-simd', '-threaded-simd'].map((kind) => [`tfjs-backend-wasm${kind}.wasm`, url])));
  registerConvolutionGradient();
}

/**
 * Sets the fastest backend.
 *
 * @return {Promise<{name: string, milliseconds: Object<string, number>}>}  its name, and
 *     what one training step took on each backend that was tried
 */
export async function setFastestBackend(topology, data) {
  const milliseconds = {};
  if (typeof WebAssembly !== 'undefined' && await works('wasm')) {
    milliseconds.wasm = await timeStep(topology, data);
  }
  if (hasWebGL() && await works('webgl')) {
    milliseconds.webgl = await timeStep(topology, data, milliseconds.wasm);
  }
  // The cpu backend is more than ten times slower than wasm: the last resort, not a rival.
  const [name] = Object.entries(milliseconds).reduce(
      (best, entry) => entry[1] < best[1] ? entry : best, ['cpu', Infinity]);
  await setBackend(name);
  return {name, milliseconds};
}

async function works(name) {
  try {
    return await setBackend(name);
  } catch {
    return false;
  }
}

function hasWebGL() {
  return typeof OffscreenCanvas !== 'undefined' &&
      new OffscreenCanvas(1, 1).getContext('webgl2') !== null;
}

/**
 * Measures a training step after one that warms up. Where a forward pass alone is already
 * slower than the limit, that time is returned and the step left undone.
 */
async function timeStep(topology, data, limit = Infinity) {
  const model = await buildModel(topology, 0, 0.01);
  const {xs, labels} = makeBatch(data, Array.from({length: 64}, (_, i) => i));
  const forward = () => {
    const probabilities = model.predict(xs, {batchSize: 64});
    probabilities.dataSync();
    probabilities.dispose();
  };
  const step = () => model.trainOnBatch(xs, labels);
  try {
    forward();
    const forwardTime = await milliseconds(forward);
    if (forwardTime > limit) return forwardTime;
    await step();
    return await milliseconds(async () => {
      for (let i = 0; i < TIMED_STEPS; i++) await step();
    }) / TIMED_STEPS;
  } finally {
    dispose([xs, labels]);
    model.dispose();
  }
}

async function milliseconds(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
