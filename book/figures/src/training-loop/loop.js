// The training loop of chapter 6, one line at a time, and back again.

const PIXELS = 784;
const GALLERY = 24;
const VALIDATION_INTERVAL = 5;
const MOST_STEPS_BACK = 300;
// The lines of a round, and those that follow where an evaluation is due.
const ROUND = ['batch', 'trainStep', 'record', 'due'];
const EVALUATION = ['validationBatch', 'validationStep', 'recordValidation'];

/**
 * A network of engine.js in training. What it has come to is in view, which is never changed
 * but replaced: so going back is taking an earlier one.
 */
export class Loop {
  /**
   * @param {Object} network
   * @param {function(number, number): Promise<Object>} takeImages  gives the {images, labels} of
   *     a number of training images from a position on
   * @param {{images: Uint8Array, labels: Uint8Array}} validation
   */
  constructor(network, takeImages, validation) {
    Object.assign(this, {network, takeImages, validation, past: [], rest: []});
    this.view = {step: 0, line: null, position: 0, batch: null, loss: null, losses: [],
      evaluations: [], weights: network.weights, before: null, gallery: this.predictGallery()};
  }

  /** Runs the next line of the loop. Returns whether the round has ended. */
  async line(settings) {
    const begins = !this.rest.length;
    const [line, ...later] = begins ? ROUND : this.rest;
    // A line that fails, for want of images, leaves everything as it was.
    const {rest = later, ...changes} = await this[line](settings);
    if (begins) this.past = [...this.past, this.view].slice(-MOST_STEPS_BACK);
    this.view = {...this.view, ...changes, line};
    this.rest = rest;
    return !rest.length;
  }

  /** Runs the lines that are left of this round, or all of the next one. */
  async round(settings) {
    while (!await this.line(settings));
  }

  /** Takes this round back, or the last one. */
  back() {
    if (!this.past.length) return;
    this.view = this.past.pop();
    this.network.setWeights(this.view.weights);
    this.rest = [];
  }

  async batch({batchSize}) {
    const {step, position} = this.view;
    const batch = await this.takeImages(position, batchSize);
    return {step: step + 1, position: position + batchSize, loss: null, before: null,
      batch: {...batch, predictions: null}};
  }

  trainStep({learningRate}) {
    const {batch, weights} = this.view;
    const predictions = this.predict(batch.images);
    const {loss, accuracy} = this.network.step(batch.images, batch.labels, {learningRate});
    return {loss, accuracy, batch: {...batch, predictions}, before: weights,
      weights: this.network.weights, gallery: this.predictGallery()};
  }

  record() {
    return {losses: [...this.view.losses, this.view.loss]};
  }

  due() {
    return {rest: this.view.step % VALIDATION_INTERVAL === 0 ? EVALUATION : []};
  }

  validationBatch() {
    return {};  // always the same images, and already here
  }

  validationStep() {
    const {images, labels} = this.validation;
    const right = this.predict(images).filter((digit, i) => digit === labels[i]).length;
    return {validationAccuracy: right / labels.length};
  }

  recordValidation() {
    const {step, evaluations, validationAccuracy} = this.view;
    return {evaluations: [...evaluations, [step, validationAccuracy]]};
  }

  predictGallery() {
    return this.predict(this.validation.images.subarray(0, GALLERY * PIXELS));
  }

  /** The most probable digit of each image. */
  predict(images) {
    const probabilities = this.network.predict(images);
    return Array.from({length: images.length / PIXELS}, (_, i) => {
      const own = probabilities.subarray(10 * i, 10 * i + 10);
      return own.indexOf(Math.max(...own));
    });
  }
}
