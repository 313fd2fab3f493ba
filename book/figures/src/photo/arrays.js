// Pictures as grids of numbers: {values, height, width}, row after row.

/** The median, as NumPy's: the mean of the middle two where there are two. */
export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The smallest and the largest value. */
export function extremes(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The outermost values of a grid. */
export function edge({values, height, width}) {
  const list = [...values.subarray(0, width), ...values.subarray((height - 1) * width)];
  for (let y = 1; y < height - 1; y++) list.push(values[y * width], values[(y + 1) * width - 1]);
  return list;
}

export function transpose({values, height, width}) {
  const turned = new values.constructor(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + y] = values[y * width + x];
  }
  return {values: turned, height: width, width: height};
}

/** Grey values of which the largest becomes 255; halves are rounded to even numbers, as by rint. */
export const toGrey = (values, largest) =>
  Uint8ClampedArray.from(values, (value) => 255 * value / largest);

export function roundHalfEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 ? below + 1 : below;
}
