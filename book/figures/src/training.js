// The training loop of chapter 6 in TensorFlow.js. Knows nothing of pages and workers.

import {
  argMax, dispose, oneHot, randomUniform, tensor, tensor1d, tidy, train,
} from '@tensorflow/tfjs-core';
import {models} from '@tensorflow/tfjs-layers';

const IMAGE_SIZE = 28;
const PIXELS = IMAGE_SIZE * IMAGE_SIZE;
const NUM_CLASSES = 10;
const EVALUATE_EVERY = 5;

/** Builds the network with new initial weights, the same for the same seed. */
export async function buildModel(topology, seed, learningRate) {
  const seeded = structuredClone(topology);
  seeded.config.layers.forEach(({config}, i) => {
    // TensorFlow.js takes seed 0 for none.
    if (config.kernel_initializer) config.kernel_initializer.config.seed = 100 * seed + i + 1;
  });
  const model = await models.modelFromJSON({modelTopology: seeded});
  model.compile({
    optimizer: train.sgd(learningRate),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

/** Turns the images and class numbers at the given places into float32 tensors. */
export function makeBatch({images, labels}, indices) {
  const pixels = new Float32Array(indices.length * PIXELS);
  indices.forEach((index, row) => {
    for (let i = 0; i < PIXELS; i++) {
      pixels[row * PIXELS + i] = images[index * PIXELS + i] / 255;
    }
  });
  return tidy(() => ({
    xs: tensor(pixels, [indices.length, IMAGE_SIZE, IMAGE_SIZE, 1]),
    labels: oneHot(tensor1d(indices.map((index) => labels[index]), 'int32'), NUM_CLASSES),
  }));
}

/**
 * Trains the model batch after batch.
 *
 * @param {{train: object, test: object}} data  each {images: uint8 [n * 784], labels: [n]}
 * @param {{batchSize: number, batches: number, seed: number}} settings
 * @param {object} hooks  onBatch({batch, loss, milliseconds}), onEvaluation({batch, accuracy,
 *     predictions}), and mayGoOn(), awaited before each batch: false ends the training
 * @return {Promise<boolean>}  whether all batches were done
 */
export async function trainModel(model, data, settings, hooks) {
  const {batchSize, batches, seed} = settings;
  const order = shuffledIndices(data.train.labels.length, seed);
  const test = makeBatch(data.test, Array.from(data.test.labels.keys()));
  try {
    for (let batch = 1; batch <= batches; batch++) {
      if (!await hooks.mayGoOn()) return false;
      const start = performance.now();
      const indices = Array.from({length: batchSize}, () => order.next().value);
      const {xs, labels} = makeBatch(data.train, indices);
      const [loss] = await model.trainOnBatch(xs, labels);
      dispose([xs, labels]);
      hooks.onBatch({batch, loss, milliseconds: performance.now() - start});
      if (batch % EVALUATE_EVERY === 0 || batch === batches) {
        const predictions = predict(model, test.xs);
        const right = predictions.filter((digit, i) => digit === data.test.labels[i]).length;
        hooks.onEvaluation({batch, accuracy: right / predictions.length, predictions});
      }
    }
    return true;
  } finally {
    dispose(test);
  }
}

function predict(model, xs) {
  return tidy(() => argMax(model.predict(xs, {batchSize: xs.shape[0]}), 1).dataSync());
}

/** Yields each index once, in random order, before any comes twice. */
function* shuffledIndices(n, seed) {
  for (let epoch = 0; ; epoch++) {
    const keys = tidy(() => randomUniform([n], 0, 1, 'float32', 1 + seed + 1e6 * epoch).dataSync());
    yield* Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
  }
}
