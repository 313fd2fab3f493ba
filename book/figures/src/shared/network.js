// A trained network, in the engine of the page.

import {fromBase64} from '../base64.js';
import {loadParts} from '../parts.js';

/**
 * Loads a network by its part's name; "model" is the shipped one. See engine.js for what it can
 * do: predict(images), activations(image), weights, and it can be trained further.
 */
export async function loadNetwork(name = 'model', onProgress = () => {}) {
  const [{loadEngine}, {layers, weights}] = await loadParts(['engine', name], onProgress);
  const network = (await loadEngine()).build(layers);
  network.setWeights(weights.map((text) => new Float32Array(fromBase64(text).buffer)));
  return network;
}
