// The tutorial's networks in the page, forward and backward. This file lays out the memory and
// goes through the layers; kernels.ts does the arithmetic, for four images at a time.

import {normals} from './random.js';

const INPUT_SHAPE = [28, 28, 1];
const PIXELS = 784;
const IMAGES = 4;  // at a time, one in each of the four places of a vector
const FLOAT = 4;
const VECTOR = 16;
const PAGE = 65536;
const TRUNCATED_NORMAL = 0.87962566103423978;  // standard deviation of a normal cut off at 2

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
const largest = (values) => values.indexOf(Math.max(...values));

/**
 * What each kind of layer does: the shapes of its output and of its weights, and the calls of
 * the kernels. A layer has addresses: input, output, dInput and dOutput (their gradients; dInput
 * is 0 where nobody needs it), weights and sums (of the gradients), each [kernel, bias].
 */
const KINDS = {
  conv2d: {
    shape([side, width, channels], {kernel, filters}) {
      const size = side - kernel + 1;
      if (side !== width || kernel !== 5 || size % 4 || filters % 2) {
        throw new Error('a convolution must have 5x5 kernels, an even number of filters, ' +
            'square images and an output whose side is a multiple of 4');
      }
      return [size, size, filters];
    },
    weights: ([, , channels], {kernel, filters}) => [[kernel, kernel, channels, filters], [filters]],
    forward(kernels, {input, output, weights, inputShape: [side, , channels], filters}) {
      kernels.convolve(input, ...weights, output, side, channels, filters);
    },
    backward(kernels, layer) {
      const {dInput, dOutput, sums, shape: [size], inputShape: [side, , channels], filters} = layer;
      kernels.convolveWeights(layer.input, dOutput, sums[0], side, channels, filters);
      kernels.sumPlaces(dOutput, sums[1], size * size, filters);
      if (dInput) {
        kernels.convolveInputs(dOutput, layer.weights[0], dInput, side, channels, filters);
      }
    },
  },

  maxPool: {
    shape([side, width, channels], {size}) {
      if (side !== width || size !== 2 || side % 2) {
        throw new Error('pooling must have 2x2 blocks and an image of even sides');
      }
      return [side / 2, side / 2, channels];
    },
    weights: () => [],
    forward(kernels, {input, output, inputShape: [side, , channels]}) {
      kernels.pool(input, output, side, channels);
    },
    backward(kernels, {input, output, dInput, dOutput, inputShape: [side, , channels]}) {
      if (dInput) kernels.poolInputs(input, output, dOutput, dInput, side, channels);
    },
  },

  flatten: {  // the values lie in memory as they should
    shape: (shape) => [product(shape)],
    weights: () => [],
    forward() {},
    backward() {},
  },

  dense: {
    shape: (shape, {units}) => [units],
    weights: ([n], {units}) => [[n, units], [units]],
    forward(kernels, {input, output, weights, inputShape: [n], units}) {
      kernels.dense(input, ...weights, output, n, units);
    },
    backward(kernels, {input, dInput, dOutput, weights, sums, inputShape: [n], units}) {
      kernels.denseWeights(input, dOutput, sums[0], n, units);
      kernels.sumPlaces(dOutput, sums[1], 1, units);
      if (dInput) kernels.denseInputs(dOutput, weights[0], dInput, n, units);
    },
  },
};

/** Compiles the kernels. Fails where WebAssembly, or its SIMD instructions, are missing. */
export async function makeEngine(wasmBytes) {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(wasmBytes)) {
    throw new Error('this browser cannot run WebAssembly with SIMD; browsers made since 2023 can');
  }
  const module = await WebAssembly.compile(wasmBytes);
  return {build: (layers, options) => new Network(module, layers, options)};
}

/**
 * A network and its memory, which it never enlarges.
 *
 * Layers are {kind: 'conv2d', name, kernel, filters, activation}, {kind: 'maxPool', name, size},
 * {kind: 'flatten', name} and {kind: 'dense', name, units, activation}; the last one is dense
 * with the activation softmax, the others have relu or linear. Images are grey values 0..255,
 * Uint8Array [n * 784], and labels the digits, Uint8Array [n].
 */
class Network {
  constructor(module, layers, {seed = 0} = {}) {
    this.layers = [];
    let size = 0;
    const reserve = (bytes) => {
      const address = size;
      size += VECTOR * Math.ceil(bytes / VECTOR);
      return address;
    };
    this.images = reserve(IMAGES * PIXELS);
    this.pixels = reserve(PIXELS * VECTOR);

    // A layer's output is the next one's input. Gradients are needed after the first weights.
    let previous = {shape: INPUT_SHAPE, output: this.pixels, dOutput: 0, trained: false};
    for (const layer of layers) {
      const kind = KINDS[layer.kind];
      if (!kind) throw new Error(`unknown kind of layer: ${layer.kind}`);
      const shape = kind.shape(previous.shape, layer);
      const shapes = kind.weights(previous.shape, layer);
      const trained = previous.trained || shapes.length > 0;
      const bytes = product(shape) * VECTOR;
      const inPlace = layer.kind === 'flatten';
      previous = {
        ...layer, ...kind, shape, shapes, trained,
        inputShape: previous.shape,
        input: previous.output,
        dInput: previous.dOutput,
        output: inPlace ? previous.output : reserve(bytes),
        dOutput: inPlace ? previous.dOutput : trained ? reserve(bytes) : 0,
      };
      this.layers.push(previous);
    }
    this.backwards = this.layers.filter(({trained}) => trained).reverse();
    this.last = previous;
    this.classes = previous.units;
    if (this.layers.some((layer) => (layer.activation === 'softmax') !== (layer === previous))) {
      throw new Error('the last layer, and no other, must have the activation softmax');
    }

    // All weights lie in one piece, then their gradients, velocities and sums.
    this.shapes = this.layers.flatMap(({shapes}) => shapes);
    this.count = this.shapes.reduce((sum, shape) => sum + product(shape), 0);
    [this.flat, this.gradient, this.velocity] =
        Array.from({length: 3}, () => reserve(this.count * FLOAT));
    this.sums = reserve(this.count * VECTOR);
    let used = 0;
    for (const layer of this.layers) {
      const starts = layer.shapes.map((shape) => (used += product(shape)) - product(shape));
      layer.weights = starts.map((start) => this.flat + start * FLOAT);
      layer.sums = starts.map((start) => this.sums + start * VECTOR);
    }

    const memory = new WebAssembly.Memory({initial: Math.ceil(size / PAGE)});
    this.kernels = new WebAssembly.Instance(module, {env: {memory}}).exports;
    this.bytes = new Uint8Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer);
    this.setWeights(initialWeights(this.shapes, seed));
  }

  /** A view of numbers in memory, from an address on. */
  view(address, length) {
    return this.floats.subarray(address / FLOAT, address / FLOAT + length);
  }

  /** Copies of the numbers at an address, divided into arrays like the weights. */
  split(address) {
    return this.shapes.map((shape) => {
      const values = this.view(address, product(shape)).slice();
      address += values.length * FLOAT;
      return values;
    });
  }

  get weights() {
    return this.split(this.flat);
  }

  /** Takes one array per weight, in Keras's order; momentum starts from rest. */
  setWeights(arrays) {
    const expected = this.shapes.map(product);
    if (String(arrays.map(({length}) => length)) !== String(expected)) {
      throw new Error(`expected weights of ${expected} numbers`);
    }
    let address = this.flat;
    for (const values of arrays) {
      this.view(address, values.length).set(values);
      address += values.length * FLOAT;
    }
    this.view(this.velocity, this.count).fill(0);
  }

  /** Computes the layers of up to four images, from the first on; returns how many they are. */
  forward(images, first) {
    const chosen = images.subarray(first * PIXELS, (first + IMAGES) * PIXELS);
    this.bytes.fill(0, this.images, this.images + IMAGES * PIXELS);
    this.bytes.set(chosen, this.images);
    this.kernels.pixels(this.images, this.pixels, PIXELS);
    for (const layer of this.layers) {
      layer.forward(this.kernels, layer);
      if (layer.activation === 'relu') this.kernels.relu(layer.output, product(layer.shape));
    }
    return chosen.length / PIXELS;
  }

  /** The values of a layer for one of the four images. */
  lane(address, length, image) {
    const values = new Float32Array(length);
    const start = address / FLOAT + image;
    for (let i = 0; i < length; i++) values[i] = this.floats[start + IMAGES * i];
    return values;
  }

  logits(image) {
    return this.lane(this.last.output, this.classes, image);
  }

  /** The probabilities of images, Float32Array [n * classes]. */
  predict(images) {
    const n = images.length / PIXELS;
    const probabilities = new Float32Array(n * this.classes);
    for (let first = 0; first < n; first += IMAGES) {
      const count = this.forward(images, first);
      for (let i = 0; i < count; i++) {
        const {probabilities: own} = softmax(this.logits(i));
        probabilities.set(own, (first + i) * this.classes);
      }
    }
    return probabilities;
  }

  /**
   * What every layer makes of one image: [{name, shape, values}]. The last layer appears twice,
   * first its logits, under the name "logits", then the probabilities.
   */
  activations(image) {
    this.forward(image, 0);
    const all = this.layers.map(({name, shape, output}) =>
      ({name, shape, values: this.lane(output, product(shape), 0)}));
    const last = all.pop();
    const {probabilities} = softmax(last.values);
    return [...all, {...last, name: 'logits'}, {...last, values: probabilities}];
  }

  /**
   * The mean cross-entropy of a batch in nats, the accuracy, and the gradient of the mean for
   * each weight.
   */
  gradients(images, labels) {
    const result = this.backward(images, labels);
    return {...result, gradients: this.split(this.gradient)};
  }

  backward(images, labels) {
    const {kernels, last, classes} = this;
    const n = labels.length;
    let loss = 0;
    let right = 0;
    this.view(this.sums, this.count * IMAGES).fill(0);
    for (let first = 0; first < n; first += IMAGES) {
      const count = this.forward(images, first);
      const dLogits = this.view(last.dOutput, classes * IMAGES).fill(0);
      for (let i = 0; i < count; i++) {
        const label = labels[first + i];
        const logits = this.logits(i);
        const {probabilities, logSum} = softmax(logits);
        loss += logSum - logits[label];
        right += largest(logits) === label;
        probabilities.forEach((probability, digit) => {
          dLogits[IMAGES * digit + i] = (probability - (digit === label)) / n;
        });
      }
      for (const layer of this.backwards) {
        if (layer.activation === 'relu') {
          kernels.reluInputs(layer.output, layer.dOutput, product(layer.shape));
        }
        layer.backward(kernels, layer);
      }
    }
    kernels.sumLanes(this.sums, this.gradient, this.count);
    return {loss: loss / n, accuracy: right / n};
  }

  /** One step of SGD on a batch; loss and accuracy are those before it. */
  step(images, labels, {learningRate, momentum = 0}) {
    const result = this.backward(images, labels);
    this.kernels.update(
        this.flat, this.gradient, this.velocity, this.count, learningRate, momentum);
    return result;
  }
}

/** The probabilities that belong to logits, and the logarithm of the sum of exp(logit). */
function softmax(logits) {
  const maximum = Math.max(...logits);
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - maximum));
  const sum = exponentials.reduce((a, b) => a + b);
  return {
    probabilities: exponentials.map((value) => value / sum),
    logSum: maximum + Math.log(sum),
  };
}

/** Draws weights as Keras's VarianceScaling: a variance of one over the number of inputs. */
function initialWeights(shapes, seed) {
  const normal = normals(seed);
  return shapes.map((shape) => {
    const values = new Float32Array(product(shape));
    if (shape.length === 1) return values;  // the bias begins at zero
    const deviation = 1 / TRUNCATED_NORMAL / Math.sqrt(product(shape.slice(0, -1)));
    return values.map(() => {
      let value;
      do value = normal(); while (Math.abs(value) > 2);
      return deviation * value;
    });
  });
}
