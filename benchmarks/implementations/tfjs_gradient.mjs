// The wasm backend of TensorFlow.js has no Conv2DBackpropFilter, without which no
// convolution can be trained. The gradient of a filter is itself a convolution: of the
// input with the gradient of the output, summed over the batch. With batch and channels
// swapped it is the forward kernel's own work, which runs much faster than the generic
// Conv3DBackpropFilterV2 would.

import {getKernel, registerKernel} from '@tensorflow/tfjs-core';

export function registerConvolutionGradient() {
  registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: filterGradient,
  });
}

function filterGradient({inputs: {x, dy}, backend, attrs: {strides, pad, filterShape}}) {
  const ones = [].concat(strides).every((stride) => stride === 1);
  if (!ones || (pad !== 'valid' && pad !== 0)) {
    throw new Error('the gradient is written for stride 1 without padding');
  }
  const run = (name, inputs, attrs) =>
      getKernel(name, 'wasm').kernelFunc({inputs, backend, attrs});
  const images = run('Transpose', {x}, {perm: [3, 1, 2, 0]});
  const filter = run('Transpose', {x: dy}, {perm: [1, 2, 0, 3]});
  const sums = run('Conv2D', {x: images, filter},
      {strides: 1, pad: 'valid', dilations: 1, dataFormat: 'NHWC'});
  const gradient = run('Transpose', {x: sums}, {perm: [1, 2, 0, 3]});
  for (const tensor of [images, filter, sums]) {
    backend.disposeData(tensor.dataId);
  }
  return {...gradient, shape: filterShape};
}
