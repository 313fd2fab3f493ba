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

const ARROWS = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};

/**
 * Lets the reader point at the cells of an image: by mouse, by finger, and by the arrow keys.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{rows: number, columns: number, hover: boolean, onCell: function(number, number, boolean),
 *     onArrow: function(number, number)}} options  onCell gets a row, a column and whether a
 *     press begins there; onArrow gets the rows and columns to go; with hover, a mouse need not
 *     be pressed
 * @return {HTMLElement}  the canvas in a frame, into which marks can be put
 */
export function pointAt(canvas, {rows = 28, columns = 28, hover = false, onCell, onArrow}) {
  canvas.setAttribute('tabindex', 0);
  canvas.setAttribute('role', 'application');
  canvas.style.touchAction = 'none';
  const point = (event, began) => onCell(...cellOf(event, canvas, rows, columns), began);
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    point(event, true);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId) || (hover && event.pointerType === 'mouse')) {
      point(event, false);
    }
  });
  canvas.addEventListener('keydown', (event) => {
    if (!(event.key in ARROWS)) return;
    event.preventDefault();
    onArrow(...ARROWS[event.key]);
  });
  return element('div', {class: 'live-pointed'}, canvas);
}

/** A frame around some cells of an image that pointAt returned; show(row, column, height, width). */
export function cellMark(rows = 28, columns = 28) {
  const mark = element('span', {class: 'live-mark', 'aria-hidden': 'true'});
  mark.show = (row, column, height = 1, width = 1) => {
    mark.style.top = `${100 * row / rows}%`;
    mark.style.left = `${100 * column / columns}%`;
    mark.style.height = `${100 * height / rows}%`;
    mark.style.width = `${100 * width / columns}%`;
  };
  return mark;
}
