// Small images as grids of pixels: digits, kernels, feature maps.

import {element} from './frame.js';

const GREY = (share) => [255 * share, 255 * share, 255 * share];
// Blue for negative, orange for positive, white for 0; told apart by colour-blind readers, too.
const SIGNED = (share) => share < 0 ?
  [255 + 244 * share, 255 + 157 * share, 255 + 87 * share] :
  [255 - 75 * share, 255 - 172 * share, 255 - 246 * share];

/** The red, green and blue, each 0..255, that show a value; see imageCanvas. */
export function paintOf(value, limit, signed = false) {
  return (signed ? SIGNED : GREY)(Math.min(Math.max(value / limit, signed ? -1 : 0), 1));
}

/**
 * A canvas that shows a grid of numbers, one pixel each, enlarged without smoothing.
 *
 * @param {{rows: number, columns: number, width: string, label: string, signed: boolean}} options
 *     width as in CSS; signed shows -limit..limit in colour, else 0..limit in grey; NaN is clear
 * @return {HTMLCanvasElement & {show: function(ArrayLike<number>, number=)}}  show(values, limit)
 *     draws values row after row; limit is by default the largest magnitude
 */
export function imageCanvas({rows = 28, columns = 28, width = '112px', label, signed = false}) {
  const canvas = element('canvas', {
    width: columns, height: rows, role: 'img', 'aria-label': label,
    style: `width: ${width}; aspect-ratio: ${columns} / ${rows}; max-width: 100%`,
  });
  const context = canvas.getContext('2d');
  canvas.show = (values, limit = Math.max(1e-9, ...Array.from(values, Math.abs))) => {
    const pixels = context.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
      pixels.data.set([...paintOf(values[i], limit, signed), isNaN(values[i]) ? 0 : 255], 4 * i);
    }
    context.putImageData(pixels, 0, 0);
  };
  return canvas;
}

/** The row and column of a grid on a canvas that a pointer's event hits. */
export function cellOf(event, canvas, rows, columns) {
  const box = canvas.getBoundingClientRect();
  const cell = (position, start, size, n) =>
    Math.min(Math.max(Math.floor((position - start) / size * n), 0), n - 1);
  return [
    cell(event.clientY, box.top, box.height, rows),
    cell(event.clientX, box.left, box.width, columns),
  ];
}
