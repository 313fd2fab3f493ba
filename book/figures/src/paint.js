import {IMAGE_SIZE} from './mnist-form.js';

const PIXELS = IMAGE_SIZE * IMAGE_SIZE;

/** Paints a 28x28 image of grey values, or black where there is none. */
export function paint(canvas, image) {
  const context = canvas.getContext('2d');
  const pixels = context.createImageData(IMAGE_SIZE, IMAGE_SIZE);
  for (let i = 0; i < PIXELS; i++) {
    pixels.data.fill(image ? image[i] : 0, 4 * i, 4 * i + 3);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}
