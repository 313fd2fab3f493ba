// The page's side of worker.js.

import {loadParts, startWorker} from '../parts.js';

const PARTS = ['trainer-worker', 'test',
  ...Array.from({length: __TRAIN_PIECES__}, (_, i) => `train-${i}`)];

/**
 * Loads what training needs and starts the worker.
 *
 * @param {{onProgress: function(number), receive: Object}} options  receive has a function for
 *     each kind of message, "batch", "evaluation", "paused", "ended", "weights" and "error"
 * @return {Promise<{send: function(string, Object), end: function(), test: Object}>}  test has
 *     the test images and their labels
 */
export async function startSession({onProgress, receive}) {
  const [code, test, ...train] = await loadParts(PARTS, onProgress);
  const worker = startWorker(code);
  const ready = await new Promise((resolve, reject) => {
    worker.onmessage = ({data}) => {
      if (data.kind === 'ready') resolve(data);
      if (data.kind === 'error') reject(new Error(data.message));
    };
    worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
    worker.postMessage({kind: 'prepare', train, test});
  }).catch((error) => {
    worker.terminate();
    throw error;
  });
  worker.onmessage = ({data}) => receive[data.kind](data);
  worker.onerror = (event) => receive.error({message: event.message});
  return {
    send: (kind, values = {}) => worker.postMessage({kind, ...values}),
    end: () => worker.terminate(),
    test: ready.test,
  };
}
