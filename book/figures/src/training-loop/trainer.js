// The page's side of worker.js.

import {loadParts, startWorker} from '../parts.js';

/**
 * Starts the worker and loads what it needs.
 *
 * @return {Promise<{validation: Object, call: function(string, Object): Promise<Object>}>}  call
 *     asks the worker, after all earlier calls, and gives its {view, canGoBack, ended}
 */
export async function startTrainer() {
  const [code, weights, validation] =
      await loadParts(['training-loop-worker', 'initial-weights', 'validation']);
  const worker = startWorker(code);
  let answer;
  let last = Promise.resolve();
  worker.onmessage = ({data}) => {
    if (data.kind === 'need') send(data.part);
    if (data.kind === 'view') answer.resolve(data);
    if (data.kind === 'error') answer.reject(new Error(data.message));
  };
  worker.onerror = (event) => answer?.reject(new Error(event.message));

  async function send(part) {
    const message = {kind: 'part', part};
    try {
      [message.content] = await loadParts([`train-${part}`]);
    } catch (error) {
      message.message = error.message;
    }
    worker.postMessage(message);
  }
  const call = (kind, values = {}) => {
    const result = last.then(() => new Promise((resolve, reject) => {
      answer = {resolve, reject};
      worker.postMessage({kind, ...values});
    }));
    last = result.catch(() => {});
    return result;
  };
  return {validation, call, start: await call('prepare', {weights, validation})};
}
