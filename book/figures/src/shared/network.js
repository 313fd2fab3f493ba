// The shipped network, with the activations of all its layers.

import {fromBase64} from '../base64.js';
import {loadParts} from '../parts.js';

const relu = (values) => values.map((value) => Math.max(value, 0));
const softmax = (logits) => {
  const highest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};
const ACTIVATIONS = {linear: (values) => values, relu, softmax};

/** Loads a network by its part's name: {predict, activations, layers, weights}. */
export async function loadNetwork(name = 'model') {
  const [{topology, weights}] = await loadParts([name]);
  return makeNetwork(topology.config.layers, weights.map(({values}) =>
    new Float32Array(fromBase64(values).buffer)));
}

/**
 * @return {{predict: function(ArrayLike<number>): Float32Array, activations: Function}}  predict
 *     takes 28x28 grey values 0..255, returns the ten probabilities; activations returns
 *     [{name, shape, values}] of every layer, a softmax layer's logits before it as "logits"
 */
export function makeNetwork(layers, weights) {
  const activations = (image) => {
    const shown = [];
    let used = 0;
    let shape = [28, 28, 1];
    let x = Float32Array.from(image, (value) => value / 255);
    for (const {class_name: kind, config} of layers) {
      const own = 'use_bias' in config ? weights.slice(used, used += 2) : [];
      [x, shape] = LAYERS[kind](x, shape, config, own);
      if (config.activation === 'softmax') shown.push({name: 'logits', shape, values: x});
      if (config.activation) x = ACTIVATIONS[config.activation](x);
      shown.push({name: config.name, shape, values: x});
    }
    return shown;
  };
  return {layers, weights, activations, predict: (image) => activations(image).at(-1).values};
}

const LAYERS = {
  Conv2D(x, [rows, columns, depth], {kernel_size: [height, width], filters}, [kernel, bias]) {
    const shape = [rows - height + 1, columns - width + 1, filters];
    const out = new Float32Array(shape[0] * shape[1] * filters);
    for (let r = 0; r < shape[0]; r++) {
      for (let c = 0; c < shape[1]; c++) {
        const to = (r * shape[1] + c) * filters;
        out.set(bias, to);
        for (let i = 0; i < height; i++) {
          for (let j = 0; j < width * depth; j++) {
            const value = x[((r + i) * columns + c) * depth + j];
            if (value === 0) continue;
            const from = (i * width * depth + j) * filters;
            for (let f = 0; f < filters; f++) out[to + f] += value * kernel[from + f];
          }
        }
      }
    }
    return [out, shape];
  },
  MaxPooling2D(x, [rows, columns, depth], {pool_size: [height, width]}) {
    const shape = [Math.floor(rows / height), Math.floor(columns / width), depth];
    const out = new Float32Array(shape[0] * shape[1] * depth).fill(-Infinity);
    for (let r = 0; r < shape[0] * height; r++) {
      for (let c = 0; c < shape[1] * width; c++) {
        const to = (Math.floor(r / height) * shape[1] + Math.floor(c / width)) * depth;
        const from = (r * columns + c) * depth;
        for (let d = 0; d < depth; d++) out[to + d] = Math.max(out[to + d], x[from + d]);
      }
    }
    return [out, shape];
  },
  Flatten: (x) => [x, [x.length]],
  Dense(x, shape, {units}, [kernel, bias]) {
    const out = Float32Array.from(bias);
    x.forEach((value, i) => {
      for (let u = 0; u < units; u++) out[u] += value * kernel[i * units + u];
    });
    return [out, [units]];
  },
};
