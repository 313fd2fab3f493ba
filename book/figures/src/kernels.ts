// The arithmetic of the network, in AssemblyScript, compiled to WebAssembly with SIMD.
//
// Four images are computed at once. A vector (v128) has room for four floats, and holds the same
// pixel, or the same value of a layer, of the four images. So an array of height x width x
// channels values is that many vectors, in Keras's order. Weights are single floats, also in
// Keras's order, and each is copied to all four places of a vector when it is used. The gradient
// of a weight is a vector, too: one sum per image, added up by sumLanes at the end of a batch.
//
// Arguments are addresses in the memory that engine.js lays out, or numbers of values.

const FLOAT: usize = 4;
const VECTOR: usize = 16;
const KERNEL: usize = 5; // height and width of every kernel

// A convolution's loops take nearly all the time. They are written for few loads from memory:
// eight or ten sums stay in the processor's registers, and a loaded value goes into several.

/** sum + a * b */
@inline
function addProduct(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

@inline
function addTo(address: usize, value: v128): void {
  v128.store(address, f32x4.add(v128.load(address), value));
}

@inline
function addPair(address: usize, first: v128, second: v128): void {
  addTo(address, first);
  addTo(address + VECTOR, second);
}

/** From bytes [4, n], grey values of four images, to vectors [n] with values in 0..1. */
export function pixels(images: usize, out: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const a = images + i, b = a + n, c = b + n, d = c + n;
    const grey = f32x4(load<u8>(a), load<u8>(b), load<u8>(c), load<u8>(d));
    v128.store(out + i * VECTOR, f32x4.div(grey, f32x4.splat(255)));
  }
}

/**
 * Adds to eight values: out[p, q], for four places p and two columns q, grows by the sum of
 * values[p, r, k] * weights[r, k, q] over r < rows and k < count.
 */
function addTile(
  values: usize, nextPlace: usize, rows: usize, nextRow: usize, count: usize,
  weights: usize, nextWeight: usize, nextColumn: usize, out: usize, nextOut: usize,
): void {
  let a0 = f32x4.splat(0), b0 = a0, c0 = a0, d0 = a0;
  let a1 = a0, b1 = a0, c1 = a0, d1 = a0;
  for (let r: usize = 0; r < rows; r++) {
    let a = values + r * nextRow, b = a + nextPlace, c = b + nextPlace, d = c + nextPlace;
    for (const end = a + count * VECTOR; a < end; a += VECTOR) {
      const w0 = v128.load_splat<f32>(weights), w1 = v128.load_splat<f32>(weights + nextColumn);
      const va = v128.load(a), vb = v128.load(b), vc = v128.load(c), vd = v128.load(d);
      a0 = addProduct(a0, va, w0), a1 = addProduct(a1, va, w1);
      b0 = addProduct(b0, vb, w0), b1 = addProduct(b1, vb, w1);
      c0 = addProduct(c0, vc, w0), c1 = addProduct(c1, vc, w1);
      d0 = addProduct(d0, vd, w0), d1 = addProduct(d1, vd, w1);
      b += VECTOR, c += VECTOR, d += VECTOR, weights += nextWeight;
    }
  }
  addPair(out, a0, a1);
  addPair(out + nextOut, b0, b1);
  addPair(out + 2 * nextOut, c0, c1);
  addPair(out + 3 * nextOut, d0, d1);
}

/**
 * A convolution without padding: from input [side, side, channels] to out [side - 4, side - 4,
 * filters], with weights [5, 5, channels, filters]. A row of a window, [5, channels], lies in one
 * piece in memory, in the input and in the weights.
 */
export function convolve(
  input: usize, weights: usize, bias: usize, out: usize,
  side: usize, channels: usize, filters: usize,
): void {
  const size = side - KERNEL + 1;
  repeat(bias, out, size * size, filters);
  for (let y: usize = 0; y < size; y++) {
    for (let x: usize = 0; x < size; x += 4) {
      for (let f: usize = 0; f < filters; f += 2) {
        addTile(
          input + (y * side + x) * channels * VECTOR, channels * VECTOR,
          KERNEL, side * channels * VECTOR, KERNEL * channels,
          weights + f * FLOAT, filters * FLOAT, FLOAT,
          out + ((y * size + x) * filters + f) * VECTOR, filters * VECTOR,
        );
      }
    }
  }
}

/**
 * Backward to the input: each value of d_out times each weight of its window is added to d_input
 * at the place of the pixel that the weight met.
 */
export function convolveInputs(
  dOut: usize, weights: usize, dInput: usize, side: usize, channels: usize, filters: usize,
): void {
  const size = side - KERNEL + 1, row = KERNEL * channels;
  memory.fill(dInput, 0, side * side * channels * VECTOR);
  for (let y: usize = 0; y < size; y++) {
    for (let x: usize = 0; x < size; x += 4) {
      for (let ky: usize = 0; ky < KERNEL; ky++) {
        for (let k: usize = 0; k < row; k += 2) {
          addTile(
            dOut + (y * size + x) * filters * VECTOR, filters * VECTOR, 1, 0, filters,
            weights + (ky * row + k) * filters * FLOAT, FLOAT, filters * FLOAT,
            dInput + (((y + ky) * side + x) * channels + k) * VECTOR, channels * VECTOR,
          );
        }
      }
    }
  }
}

/**
 * Backward to the weights: the gradient of each grows by the sum, over all places, of the pixel
 * that the weight met times d_out. Ten weights at a time: five pixels of a window's row with
 * two filters.
 */
export function convolveWeights(
  input: usize, dOut: usize, gradient: usize, side: usize, channels: usize, filters: usize,
): void {
  const size = side - KERNEL + 1, row = KERNEL * channels;
  for (let ky: usize = 0; ky < KERNEL; ky++) {
    for (let k: usize = 0; k < row; k += 5) {
      for (let f: usize = 0; f < filters; f += 2) {
        let a0 = f32x4.splat(0), b0 = a0, c0 = a0, d0 = a0, e0 = a0;
        let a1 = a0, b1 = a0, c1 = a0, d1 = a0, e1 = a0;
        let d = dOut + f * VECTOR;
        for (let y: usize = 0; y < size; y++) {
          let pixel = input + ((y + ky) * side * channels + k) * VECTOR;
          for (const end = pixel + size * channels * VECTOR; pixel < end;) {
            const g0 = v128.load(d), g1 = v128.load(d, VECTOR);
            const va = v128.load(pixel), vb = v128.load(pixel, VECTOR);
            const vc = v128.load(pixel, 2 * VECTOR), vd = v128.load(pixel, 3 * VECTOR);
            const ve = v128.load(pixel, 4 * VECTOR);
            a0 = addProduct(a0, va, g0), a1 = addProduct(a1, va, g1);
            b0 = addProduct(b0, vb, g0), b1 = addProduct(b1, vb, g1);
            c0 = addProduct(c0, vc, g0), c1 = addProduct(c1, vc, g1);
            d0 = addProduct(d0, vd, g0), d1 = addProduct(d1, vd, g1);
            e0 = addProduct(e0, ve, g0), e1 = addProduct(e1, ve, g1);
            pixel += channels * VECTOR, d += filters * VECTOR;
          }
        }
        const sums = gradient + ((ky * row + k) * filters + f) * VECTOR, next = filters * VECTOR;
        addPair(sums, a0, a1);
        addPair(sums + next, b0, b1);
        addPair(sums + 2 * next, c0, c1);
        addPair(sums + 3 * next, d0, d1);
        addPair(sums + 4 * next, e0, e1);
      }
    }
  }
}

/** Copies the bias [n] to each place of out [places, n], where the sums begin. */
export function repeat(bias: usize, out: usize, places: usize, n: usize): void {
  for (let place: usize = 0; place < places; place++) {
    for (let i: usize = 0; i < n; i++) {
      v128.store(out, v128.load_splat<f32>(bias + i * FLOAT));
      out += VECTOR;
    }
  }
}

/** Backward to the bias: its gradient [n] grows by d_out [places, n], summed over the places. */
export function sumPlaces(dOut: usize, gradient: usize, places: usize, n: usize): void {
  for (let place: usize = 0; place < places; place++) {
    for (let i: usize = 0; i < n; i++) {
      addTo(gradient + i * VECTOR, v128.load(dOut));
      dOut += VECTOR;
    }
  }
}

/** The largest value of every 2x2 block of input [side, side, channels]. */
export function pool(input: usize, out: usize, side: usize, channels: usize): void {
  const right = channels * VECTOR, below = side * right;
  for (let y: usize = 0; y < side; y += 2) {
    for (let x: usize = 0; x < side; x += 2) {
      for (let c: usize = 0; c < channels; c++) {
        const block = input + (y * side + x) * right + c * VECTOR;
        const upper = f32x4.pmax(v128.load(block), v128.load(block + right));
        const lower = f32x4.pmax(v128.load(block + below), v128.load(block + below + right));
        v128.store(out, f32x4.pmax(upper, lower));
        out += VECTOR;
      }
    }
  }
}

/** Backward: the gradient goes to the largest value of the block, of equal ones to the first. */
export function poolInputs(
  input: usize, out: usize, dOut: usize, dInput: usize, side: usize, channels: usize,
): void {
  const right = channels * VECTOR, below = side * right;
  for (let y: usize = 0; y < side; y += 2) {
    for (let x: usize = 0; x < side; x += 2) {
      for (let c: usize = 0; c < channels; c++) {
        const block = (y * side + x) * right + c * VECTOR;
        const largest = v128.load(out);
        let rest = v128.load(dOut);
        rest = give(input, dInput, block, largest, rest);
        rest = give(input, dInput, block + right, largest, rest);
        rest = give(input, dInput, block + below, largest, rest);
        give(input, dInput, block + below + right, largest, rest);
        out += VECTOR;
        dOut += VECTOR;
      }
    }
  }
}

/** Gives the gradient to one value, where that is the largest; returns what is left to give. */
@inline
function give(input: usize, dInput: usize, at: usize, largest: v128, gradient: v128): v128 {
  const isLargest = f32x4.eq(v128.load(input + at), largest);
  v128.store(dInput + at, v128.and(gradient, isLargest));
  return v128.andnot(gradient, isLargest);
}

/** A dense layer: out [units] = input [n] times weights [n, units], plus the bias. */
export function dense(
  input: usize, weights: usize, bias: usize, out: usize, n: usize, units: usize,
): void {
  repeat(bias, out, 1, units);
  for (let i: usize = 0; i < n; i++) {
    const value = v128.load(input + i * VECTOR);
    for (let u: usize = 0; u < units; u++) {
      addTo(out + u * VECTOR, f32x4.mul(value, v128.load_splat<f32>(weights)));
      weights += FLOAT;
    }
  }
}

/** Backward to the input: d_input [n] = weights [n, units] times d_out [units]. */
export function denseInputs(
  dOut: usize, weights: usize, dInput: usize, n: usize, units: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    let sum = f32x4.splat(0);
    for (let u: usize = 0; u < units; u++) {
      sum = addProduct(sum, v128.load(dOut + u * VECTOR), v128.load_splat<f32>(weights));
      weights += FLOAT;
    }
    v128.store(dInput + i * VECTOR, sum);
  }
}

/** Backward to the weights: the gradient [n, units] grows by input [n] times d_out [units]. */
export function denseWeights(
  input: usize, dOut: usize, gradient: usize, n: usize, units: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    const value = v128.load(input + i * VECTOR);
    for (let u: usize = 0; u < units; u++) {
      addTo(gradient, f32x4.mul(value, v128.load(dOut + u * VECTOR)));
      gradient += VECTOR;
    }
  }
}

/** Sets negative values [n] to zero. */
export function relu(values: usize, n: usize): void {
  for (const end = values + n * VECTOR; values < end; values += VECTOR) {
    v128.store(values, f32x4.pmax(v128.load(values), f32x4.splat(0)));
  }
}

/** Backward: where relu gave zero, the gradient [n] becomes zero. */
export function reluInputs(out: usize, gradient: usize, n: usize): void {
  for (const end = out + n * VECTOR; out < end; out += VECTOR) {
    const positive = f32x4.gt(v128.load(out), f32x4.splat(0));
    v128.store(gradient, v128.and(v128.load(gradient), positive));
    gradient += VECTOR;
  }
}

/** The sums [n] of the four floats of vectors [n]. */
export function sumLanes(vectors: usize, sums: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const v = v128.load(vectors + i * VECTOR);
    const lower = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
    const sum = lower + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3);
    store<f32>(sums + i * FLOAT, sum);
  }
}

/** SGD with momentum, as Keras: velocity [n] and weights [n] move against the gradient [n]. */
export function update(
  weights: usize, gradient: usize, velocity: usize, n: usize, learningRate: f32, momentum: f32,
): void {
  for (let i: usize = 0; i < n * FLOAT; i += FLOAT) {
    const v = momentum * load<f32>(velocity + i) - learningRate * load<f32>(gradient + i);
    store<f32>(velocity + i, v);
    store<f32>(weights + i, load<f32>(weights + i) + v);
  }
}
