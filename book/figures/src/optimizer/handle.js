// A point in a plot that the reader drags or moves by the arrow keys.

import {element} from '../shared/frame.js';

const KEYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};

/**
 * Adds the point to an SVG made by plot().
 *
 * @param {SVGElement} svg  a click elsewhere in it moves the point there, too
 * @param {{x: Function, y: Function, label: string, step: number,
 *     onMove: function(number, number)}} options  onMove gets a place within the scales'
 *     domains and says by show where the point went; step is what an arrow key moves it
 * @return {SVGElement & {show: function(number, number, string)}}
 */
export function handle(svg, {x, y, label, step, onMove}) {
  const [least, most] = x.domain();
  // The wide ring that cannot be seen is for fingers.
  const point = element('svg:g', {class: 'handle', tabindex: 0, role: 'slider', 'aria-label': label,
    'aria-valuemin': least, 'aria-valuemax': most},
  element('svg:circle', {r: 22, fill: 'transparent'}), element('svg:circle', {class: 'ring', r: 8}));
  const within = (value, [low, high]) => Math.min(Math.max(value, low), high);
  let place, dragged = false;
  const move = (a, b) => {
    // Kept at once: the next key may come before the next frame.
    place = [within(a, x.domain()), within(b, y.domain())];
    onMove(...place);
  };
  const toPointer = (event) => {
    const box = svg.getBoundingClientRect();
    const unit = svg.viewBox.baseVal.width / box.width;
    move(x.invert((event.clientX - box.left) * unit), y.invert((event.clientY - box.top) * unit));
  };
  svg.addEventListener('pointerdown', (event) => {
    dragged = point.contains(event.target);
    if (dragged && event.button === 0) point.setPointerCapture(event.pointerId);
  });
  // Else the page would scroll; the style touch-action does not work on a part of a drawing.
  point.addEventListener('touchstart', (event) => event.preventDefault(), {passive: false});
  point.addEventListener('pointermove', (event) => {
    if (point.hasPointerCapture(event.pointerId)) toPointer(event);
  });
  svg.addEventListener('click', (event) => {
    if (!dragged) toPointer(event);
  });
  point.addEventListener('keydown', (event) => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    const [right, up] = KEYS[event.key];
    const length = event.shiftKey ? 5 * step : step;
    move(place[0] + right * length, place[1] + up * length);
  });
  point.show = (a, b, words) => {
    place = [a, b];
    point.setAttribute('transform', `translate(${x(a)}, ${y(b)})`);
    point.setAttribute('aria-valuenow', a.toFixed(2));
    point.setAttribute('aria-valuetext', words);
  };
  svg.append(point);
  return point;
}
