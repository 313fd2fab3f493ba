// Strokes are lists of points [x, y] on a square pad. They are kept as points, not as
// pixels, so that they can be undone, and drawn again with a pen that fits their size.

export const PAD_SIZE = 280;
const VISIBLE_PEN = 22;
const SMALLEST_PEN = 6;
// MNIST's strokes are about an eighth as wide as its digits are high or wide.
const PEN_TO_EXTENT = 1 / 8;

export function drawForReader(context, strokes) {
  context.clearRect(0, 0, PAD_SIZE, PAD_SIZE);
  drawStrokes(context, strokes, VISIBLE_PEN);
}

/**
 * Returns the ink that the network's image is made of, grey values in 0..255. The pen is as
 * wide as the drawing's size asks for, so that a small digit does not turn into a blot.
 */
export function inkOf(context, strokes) {
  context.fillStyle = 'black';
  context.fillRect(0, 0, PAD_SIZE, PAD_SIZE);
  drawStrokes(context, strokes, Math.max(SMALLEST_PEN, extent(strokes) * PEN_TO_EXTENT));
  const {data} = context.getImageData(0, 0, PAD_SIZE, PAD_SIZE);
  const ink = new Uint8ClampedArray(PAD_SIZE * PAD_SIZE);
  for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i];
  return ink;
}

function drawStrokes(context, strokes, pen) {
  context.strokeStyle = 'white';
  context.lineWidth = pen;
  context.lineCap = context.lineJoin = 'round';
  for (const [[x, y], ...rest] of strokes) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x, y + 0.01);  // a tap leaves a dot; a line of no length would not
    for (const point of rest) context.lineTo(...point);
    context.stroke();
  }
}

function extent(strokes) {
  const points = strokes.flat();
  const side = (axis) => {
    const values = points.map((point) => point[axis]);
    return values.reduce((a, b) => Math.max(a, b), -Infinity) -
        values.reduce((a, b) => Math.min(a, b), Infinity);
  };
  return points.length ? Math.max(side(0), side(1)) : 0;
}
