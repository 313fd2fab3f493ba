// The forward pass of an exported model, by TensorFlow.js's core and the few kernels of its
// cpu backend that the book's layers need: a fifth of the size of the whole library.

import {
  add, conv2d, matMul, maxPool, registerKernel, relu, reshape, setBackend, softmax, tensor, tidy,
} from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu/dist/base';
import {addConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/Add';
import {batchMatMulConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/BatchMatMul';
import {conv2DConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/Conv2D';
import {identityConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/Identity';
import {maxPoolConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/MaxPool';
import {reluConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/Relu';
import {reshapeConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/Reshape';
import {softmaxConfig} from '@tensorflow/tfjs-backend-cpu/dist/kernels/Softmax';

[addConfig, batchMatMulConfig, conv2DConfig, identityConfig, maxPoolConfig, reluConfig,
  reshapeConfig, softmaxConfig].forEach(registerKernel);

const ACTIVATIONS = {linear: (x) => x, relu, softmax};
const LAYERS = {
  Conv2D: (x, config, [kernel, bias]) => activate(
      add(conv2d(x, kernel, config.strides, config.padding), bias), config),
  MaxPooling2D: (x, config) => maxPool(x, config.pool_size, config.strides, config.padding),
  Flatten: (x) => reshape(x, [x.shape[0], -1]),
  Dense: (x, config, [kernel, bias]) => activate(add(matMul(x, kernel), bias), config),
};

function activate(x, config) {
  return ACTIVATIONS[config.activation](x);
}

/**
 * @param {{topology: object, weights: {shape: number[], values: Float32Array}[]}} model
 * @return {function(Uint8ClampedArray): Float32Array}  from a 28x28 image to the
 *     probabilities of the ten digits
 */
export function buildNetwork({topology, weights}) {
  setBackend('cpu');
  const tensors = weights.map(({shape, values}) => tensor(values, shape));
  let used = 0;
  const layers = topology.config.layers.map(({class_name: name, config}) => {
    const own = 'use_bias' in config ? tensors.slice(used, used += 2) : [];
    return (x) => LAYERS[name](x, config, own);
  });
  return (image) => tidy(() => {
    const x = tensor(Float32Array.from(image, (value) => value / 255), [1, 28, 28, 1]);
    return layers.reduce((value, layer) => layer(value), x).dataSync();
  });
}
