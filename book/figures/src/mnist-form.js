// Brings a drawing into the form of MNIST's images, by the steps that its makers took
// (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"): the digit is
// scaled to fit a box of 20x20, keeping its proportions, and laid into 28x28 so that its
// centre of mass comes to the middle.

export const IMAGE_SIZE = 28;
const BOX_SIZE = 20;
const CENTRE = IMAGE_SIZE / 2;

/**
 * @param {ArrayLike<number>} ink  grey values in 0..255, row after row; 0 is background
 * @return {Uint8ClampedArray|null}  28x28 grey values, or null where there is no ink
 */
export function toMnistForm(ink, width, height) {
  const box = inkBox(ink, width, height);
  if (!box) return null;
  const scale = BOX_SIZE / Math.max(box.width, box.height);
  const columns = Math.max(1, Math.round(box.width * scale));
  const rows = Math.max(1, Math.round(box.height * scale));
  const sums = shrink(ink, width, box, columns, rows);
  return centre(sums, columns, rows, box.width * box.height);
}

function inkBox(ink, width, height) {
  let left = width, right = -1, top = height, bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink[y * width + x] > 0) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = y;
      }
    }
  }
  return right < 0 ? null : {left, top, width: right - left + 1, height: bottom - top + 1};
}

/**
 * Sums over the area that each new pixel covers: first along rows, then columns. Divided by
 * the area of the box they are averages; undivided they are whole numbers, exact in whatever
 * order they are added, so that mnist_tutorial.further.to_mnist_image makes the same image.
 */
function shrink(ink, width, box, columns, rows) {
  const narrow = new Float64Array(box.height * columns);
  for (const [column, x, length] of overlaps(box.width, columns)) {
    for (let y = 0; y < box.height; y++) {
      narrow[y * columns + column] += length * ink[(box.top + y) * width + box.left + x];
    }
  }
  const sums = new Float64Array(rows * columns);
  for (const [row, y, length] of overlaps(box.height, rows)) {
    for (let x = 0; x < columns; x++) {
      sums[row * columns + x] += length * narrow[y * columns + x];
    }
  }
  return sums;
}

/** Lists [new pixel, old pixel, length in common]; old pixels are newSize long, new oldSize. */
function overlaps(oldSize, newSize) {
  const list = [];
  for (let i = 0; i < newSize; i++) {
    const start = i * oldSize;
    const end = start + oldSize;
    for (let j = Math.floor(start / newSize); j * newSize < end; j++) {
      list.push([i, j, Math.min(end, (j + 1) * newSize) - Math.max(start, j * newSize)]);
    }
  }
  return list;
}

function centre(sums, columns, rows, area) {
  let mass = 0, sumX = 0, sumY = 0;
  sums.forEach((value, i) => {
    mass += value;
    sumX += value * (i % columns);
    sumY += value * Math.floor(i / columns);
  });
  const left = offset(sumX / mass, columns);
  const top = offset(sumY / mass, rows);
  const image = new Uint8ClampedArray(IMAGE_SIZE * IMAGE_SIZE);
  sums.forEach((value, i) => {
    image[(top + Math.floor(i / columns)) * IMAGE_SIZE + left + (i % columns)] = value / area;
  });
  return image;
}

function offset(centreOfMass, size) {
  return Math.min(Math.max(Math.round(CENTRE - centreOfMass), 0), IMAGE_SIZE - size);
}
