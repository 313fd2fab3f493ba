// The arithmetic of a convolution layer with one kernel: place by place, and pooled.

export const SIZE = 28;
export const K = 5;

/** How many places a kernel has along a side, and the zeros that surround the image. */
export function placesOf(stride, padding) {
  if (padding === 'valid') return {side: Math.floor((SIZE - K) / stride) + 1, zeros: 0, before: 0};
  const side = Math.ceil(SIZE / stride);
  const zeros = Math.max((side - 1) * stride + K - SIZE, 0);
  return {side, zeros, before: Math.floor(zeros / 2)};  // an odd zero goes after the image
}

/** The 25 pixels that the kernel covers at a place of the map, row after row. */
export function windowAt(image, row, column, stride, before) {
  return Array.from({length: K * K}, (_, i) => {
    const y = row * stride - before + Math.floor(i / K);
    const x = column * stride - before + i % K;
    return y < 0 || x < 0 || y >= SIZE || x >= SIZE ? 0 : image[y * SIZE + x];
  });
}

/** The map of an image: at each place the sum of the products plus the bias. */
export function mapOf(image, kernel, bias, stride, {side, before}) {
  return Array.from({length: side * side}, (_, place) => sum(
      windowAt(image, Math.floor(place / side), place % side, stride, before)
          .map((pixel, i) => pixel * kernel[i])) + bias);
}

/** The largest value of each 2x2 block; a last row or column without a partner is dropped. */
export function maxPool(map, side) {
  const half = Math.floor(side / 2);
  return Array.from({length: half * half}, (_, i) => {
    const at = 2 * Math.floor(i / half) * side + 2 * (i % half);
    return Math.max(map[at], map[at + 1], map[at + side], map[at + side + 1]);
  });
}

/** What each channel of x adds to one filter's map: the map is their sum plus the bias. */
export function sharesOf(x, [rows, columns, depth], kernel, filter, filters) {
  const height = rows - K + 1, width = columns - K + 1;
  return Array.from({length: depth}, (_, channel) => {
    const share = new Float32Array(height * width);
    for (let i = 0; i < K * K; i++) {
      const weight = kernel[(i * depth + channel) * filters + filter];
      for (let at = 0; at < share.length; at++) {
        const y = Math.floor(at / width) + Math.floor(i / K), x0 = at % width + i % K;
        share[at] += weight * x[(y * columns + x0) * depth + channel];
      }
    }
    return share;
  });
}

/** One channel of values [rows, columns, channels]. */
export function channelOf(values, channels, channel) {
  return Float32Array.from({length: values.length / channels},
      (_, i) => values[i * channels + channel]);
}

export const sum = (values) => values.reduce((a, b) => a + b, 0);

const rows = (...five) => five.flatMap((value) => [value, value, value, value, value]);
const columns = (...five) => [five, five, five, five, five].flat();
export const PRESETS = {
  vertical: columns(-1, -1, 0, 1, 1),
  horizontal: rows(-1, -1, 0, 1, 1),
  blur: Array(K * K).fill(1 / (K * K)),
};
