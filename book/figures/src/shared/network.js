// A trained network, in the engine of the page.

import {fromBase64} from '../base64.js';
import {loadParts} from '../parts.js';
import {keptForPad, preferBook} from './kept.js';

// On the page, because every script has a copy of this module. The trainer hands its network over
// by the event "mnist-model", whose detail is {layers, weights}, or null for the book's network.
const page = (globalThis.mnistTutorialNetwork ??= {trained: keptForPad()});

/**
 * Loads a network by its part's name; "model" is the shipped one. See engine.js for what it can
 * do: predict(images), activations(image), weights, and it can be trained further.
 */
export async function loadNetwork(name = 'model', onProgress = () => {}) {
  const [, {layers, weights}] = await loadParts(['engine', name], onProgress);
  const values = weights.map((text) => new Float32Array(fromBase64(text).buffer));
  return buildNetwork({layers, weights: values});
}

/** Builds a network of {layers, weights}, one Float32Array per weight. */
export async function buildNetwork({layers, weights}) {
  const [{loadEngine}] = await loadParts(['engine']);
  const network = (await loadEngine()).build(layers);
  network.setWeights(weights);
  return network;
}

/** Takes what the reader has trained, {layers, weights}; null brings the book's network back. */
export function useOnPage(model) {
  page.trained = model;
  preferBook(!model);
}

/** Whether the network that answers on this page is the reader's. */
export const isTrained = () => page.trained !== null;

/** Builds the network that answers on this page: the reader's if there is one, or the book's. */
export async function currentNetwork() {
  if (page.trained) {
    try {
      return await buildNetwork(page.trained);
    } catch {
      page.trained = null;  // what was stored is not a network
    }
  }
  return loadNetwork();
}
