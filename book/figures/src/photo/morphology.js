// Windows that slide over pictures, and connected shapes:
// mnist_tutorial/_internal/pictures/morphology.py.

/** Returns the largest value of the window around each pixel; radii are [rows, columns]. */
export const dilate = (picture, radii) => slide(picture, radii, largest);
export const erode = (picture, radii) => slide(picture, radii, smallest);
export const boxMean = (picture, radii) => slide(picture, radii, mean);
/** Raises what is darker than its surroundings and narrower than the window; openBy lowers. */
export const closeBy = (picture, radii) => erode(dilate(picture, radii), radii);
export const openBy = (picture, radii) => dilate(erode(picture, radii), radii);

/** Slides a window down the columns, then along the rows; the edge's pixels go on outside. */
function slide({values, height, width}, [down, across], reduce) {
  let current = values;
  for (const [radius, n, step, lines, next] of
    [[down, height, width, width, 1], [across, width, 1, height, width]]) {
    if (!radius) continue;
    const result = new Float64Array(values.length);
    const line = new Float64Array(n + 2 * radius);
    for (let i = 0; i < lines; i++) {
      for (let j = 0; j < line.length; j++) {
        line[j] = current[i * next + Math.min(Math.max(j - radius, 0), n - 1) * step];
      }
      const reduced = reduce(line, 2 * radius + 1);
      for (let j = 0; j < n; j++) result[i * next + j * step] = reduced[j];
    }
    current = result;
  }
  return {values: current, height, width};
}

const largest = (line, size) => extreme(line, size, (a, b) => a >= b);
const smallest = (line, size) => extreme(line, size, (a, b) => a <= b);

/** The first value of each window that beats all others, by a queue of those that still can. */
function extreme(line, size, beats) {
  const result = new Float64Array(line.length - size + 1);
  const queue = new Int32Array(line.length);  // of places
  let first = 0, end = 0;
  for (let i = 0; i < line.length; i++) {
    while (end > first && beats(line[i], line[queue[end - 1]])) end--;
    queue[end++] = i;
    if (queue[first] <= i - size) first++;
    if (i >= size - 1) result[i - size + 1] = line[queue[first]];
  }
  return result;
}

function mean(line, size) {
  const result = new Float64Array(line.length - size + 1);
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    sum += line[i];
    if (i >= size) sum -= line[i - size];
    if (i >= size - 1) result[i - size + 1] = sum / size;
  }
  return result;
}

/**
 * Gives the shapes of a mask the numbers 1, 2, ... in the order of their last pixels; elsewhere
 * is 0. Pixels that touch at a side or a corner belong to one shape.
 *
 * @return {{shapes: Int32Array, count: number}}  count includes the number 0
 */
export function connectedShapes(mask, height, width) {
  const shapes = new Int32Array(height * width);
  const stack = [];
  const found = [];
  for (let start = shapes.length - 1; start >= 0; start--) {
    if (!mask[start] || shapes[start]) continue;
    const pixels = [];
    shapes[start] = 1;
    stack.push(start);
    while (stack.length) {
      const pixel = stack.pop();
      pixels.push(pixel);
      const y = Math.floor(pixel / width), x = pixel % width;
      for (let i = Math.max(y - 1, 0); i <= Math.min(y + 1, height - 1); i++) {
        for (let j = Math.max(x - 1, 0); j <= Math.min(x + 1, width - 1); j++) {
          const near = i * width + j;
          if (!mask[near] || shapes[near]) continue;
          shapes[near] = 1;
          stack.push(near);
        }
      }
    }
    found.unshift(pixels);
  }
  found.forEach((pixels, i) => { for (const pixel of pixels) shapes[pixel] = i + 1; });
  return {shapes, count: found.length + 1};
}
