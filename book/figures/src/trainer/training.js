// The training loop of chapter 6. Knows nothing of pages and workers.

import {shuffled, uniforms} from '../random.js';

const PIXELS = 784;
const EVALUATE_EVERY = 5;

/**
 * Trains a network of engine.js batch after batch.
 *
 * @param {{train: object, test: object}} data  each {images: uint8 [n * 784], labels: [n]}
 * @param {{batchSize: number, batches: number, learningRate: number, seed: number}} settings
 * @param {object} hooks  onBatch({batch, loss, milliseconds}), onEvaluation({batch, accuracy,
 *     predictions}), and mayGoOn(), awaited before each batch: false ends the training, after
 *     an evaluation
 * @return {Promise<boolean>}  whether all batches were done
 */
export async function trainModel(network, data, settings, hooks) {
  const {batchSize, batches, learningRate, seed} = settings;
  const order = shuffledIndices(data.train.labels.length, seed);
  const tell = (batch) => hooks.onEvaluation({batch, ...evaluate(network, data.test)});
  for (let batch = 1; batch <= batches; batch++) {
    if (!await hooks.mayGoOn()) {
      if ((batch - 1) % EVALUATE_EVERY) tell(batch - 1);
      return false;
    }
    const start = performance.now();
    const indices = Array.from({length: batchSize}, () => order.next().value);
    const {images, labels} = makeBatch(data.train, indices);
    const {loss} = network.step(images, labels, {learningRate});
    hooks.onBatch({batch, loss, milliseconds: performance.now() - start});
    if (batch % EVALUATE_EVERY === 0 || batch === batches) tell(batch);
  }
  return true;
}

/** Whether a run's losses, [batch, loss], rose above the first and ended no better than a guess. */
export function lossGrew(losses) {
  const values = losses.map(([, loss]) => loss);
  const last = values.slice(-10);
  return values.length >= 20 && Math.max(...values) > values[0] &&
    last.reduce((a, b) => a + b) / last.length > 2;
}

/** Copies the images and class numbers at the given places. */
function makeBatch({images, labels}, indices) {
  const batch = new Uint8Array(indices.length * PIXELS);
  indices.forEach((index, row) => {
    batch.set(images.subarray(index * PIXELS, (index + 1) * PIXELS), row * PIXELS);
  });
  return {images: batch, labels: Uint8Array.from(indices, (index) => labels[index])};
}

/** The predictions of images, and how many of them are right, as a share. */
export function evaluate(network, {images, labels}) {
  const predictions = predict(network, images);
  const right = predictions.filter((digit, i) => digit === labels[i]).length;
  return {predictions, accuracy: right / predictions.length};
}

/** The most probable digit of each image. */
function predict(network, images) {
  const probabilities = network.predict(images);
  const classes = probabilities.length / (images.length / PIXELS);
  return Array.from({length: images.length / PIXELS}, (_, i) => {
    const own = probabilities.subarray(i * classes, (i + 1) * classes);
    return own.reduce((best, value, digit) => value > own[best] ? digit : best, 0);
  });
}

/** Yields each index once, in random order, before any comes twice. */
function* shuffledIndices(n, seed) {
  const uniform = uniforms(seed);
  for (;;) yield* shuffled(n, uniform);
}
