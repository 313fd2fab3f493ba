// The pictures of the figure: images with their predictions, filters, and two curves.

import {scaleLinear} from 'd3-scale';
import {element} from '../shared/frame.js';
import {imageCanvas} from '../shared/images.js';
import {curve, plot} from '../shared/plot.js';

export const BATCHES = 100;
const IMAGE_SIZE = 28;
const PIXELS = IMAGE_SIZE * IMAGE_SIZE;
const FILTERS = 8;
const FILTER_SIZE = 25;

/** Paints grey values; for many images at once, so in whole pixels of red, green, blue, opacity. */
function paint(canvas, grey) {
  const context = canvas.getContext('2d');
  const pixels = context.createImageData(IMAGE_SIZE, IMAGE_SIZE);
  const whole = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < PIXELS; i++) whole[i] = 0xFF000000 | grey[i] * 0x010101;
  context.putImageData(pixels, 0, 0);
}

/** Up to n images, each with the predicted digit and a mark for right or wrong. */
export function tilesOf(n) {
  const tiles = Array.from({length: n}, () => {
    const canvas = element('canvas', {width: IMAGE_SIZE, height: IMAGE_SIZE});
    const caption = element('span');
    return {canvas, caption, tile: element('div', {}, canvas, caption)};
  });
  const whole = element('div', {'class': 'loop-tiles', 'aria-hidden': 'true'},
      tiles.map(({tile}) => tile));
  let painted;
  whole.show = (images, labels, predictions) => {
    tiles.forEach(({canvas, caption, tile}, i) => {
      tile.style.visibility = i < labels.length ? '' : 'hidden';
      if (i >= labels.length) return;
      if (images !== painted) paint(canvas, images.subarray(i * PIXELS, (i + 1) * PIXELS));
      const right = predictions?.[i] === labels[i];
      tile.className = !predictions ? '' : right ? 'right' : 'wrong';
      caption.textContent = predictions ? `${predictions[i]}${right ? '✓' : '✗'}` : '\u00a0';
    });
    painted = images;
  };
  return whole;
}

/** The eight filters of the first layer, and below them what the last step added to them. */
export function filtersOf(text) {
  const canvases = [text.filter, text.change].map((label) => Array.from({length: FILTERS}, () =>
    imageCanvas({rows: 5, columns: 5, width: '100%', label, signed: true})));
  const whole = element('div', {class: 'loop-filters'}, canvases.flatMap((row, i) =>
    [...row, element('span', {class: 'note'}, [text.weights, text.changes][i])]));
  const showRow = (row, values, limit) => row.forEach((canvas, filter) => canvas.show(
      Array.from({length: FILTER_SIZE}, (_, i) => values[FILTERS * i + filter]), limit));
  const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  whole.show = (weights, before) => {
    // One scale for all eight, which grows only when it must.
    showRow(canvases[0], weights, Math.max(0.6, largest(weights)));
    const changes = weights.map((value, i) => before ? value - before[i] : 0);
    showRow(canvases[1], changes, largest(changes));
  };
  return whole;
}

/** The training loss of each batch, and the validation accuracy of each evaluation. */
export function curvesOf(text, width) {
  const make = (yLabel, highest, label, ticks) => {
    const x = scaleLinear([0, BATCHES], [0, 1]);
    const y = scaleLinear([0, highest], [0, 1]);
    const svg = plot({width, height: 190, x, y, xLabel: text.batches, yLabel, label, ticks,
      margin: {top: 12, right: 18, bottom: 42, left: 60}});
    const path = curve(svg.area, x, y);
    const points = element('svg:g', {fill: 'var(--live-accent)'});
    svg.area.append(points);
    return {x, y, svg, path, points};
  };
  const loss = make(text.loss, 2.5, text.lossCurve, [5, 5]);
  const accuracy = make(text.accuracy, 1, text.accuracyCurve, [5, [5, '%']]);
  const draw = ({x, y, svg, path, points}, values, marked, highest) => {
    const end = BATCHES * Math.max(1, Math.ceil((values.at(-1)?.[0] ?? 0) / BATCHES));
    if (x.domain()[1] !== end || y.domain()[1] !== highest) {
      x.domain([0, end]);
      y.domain([0, highest]);
      svg.refresh();
    }
    path.show(values);
    points.replaceChildren(...values.slice(marked).map(([a, b]) =>
      element('svg:circle', {cx: x(a), cy: y(b), r: 3.5})));
  };
  return {
    plots: [loss.svg, accuracy.svg],
    show(losses, evaluations) {
      const most = Math.max(2.5, ...losses);
      draw(loss, losses.map((value, i) => [i + 1, value]), -1, most);
      draw(accuracy, evaluations, 0, 1);
    },
  };
}
