// A threshold for the largest probability: how many images are answered, and how many of these
// correctly.

import {scaleLinear} from 'd3-scale';
import {eachFrame, element, fill, slider} from '../shared/frame.js';
import {imageCanvas} from '../shared/images.js';
import {curve, plot} from '../shared/plot.js';
import {SCALE, answersFrom} from './maths.js';
import {count, percent, probability} from './words.js';

// Every hundredth, then every thousandth: half of all confidences lie above 0.97.
const THRESHOLDS = [
  ...Array.from({length: 90}, (_, i) => (10 + i) / 100),
  ...Array.from({length: 9}, (_, i) => (991 + i) / 1000)];
const START = THRESHOLDS.indexOf(0.5);
const TILES = 6;

export function thresholdView({data, text, width, say}) {
  const {right, confidences, labels, predictions, images} = data;
  const n = right.length;
  const from = answersFrom(right, confidences);
  const all = from(0);
  const points = THRESHOLDS.map(from)
      .map(({answered, right: correct}) => [answered / n, correct / answered]);
  const mistakes = [...images.keys()].filter((i) => !right[i])
      .sort((a, b) => confidences[a] - confidences[b]);
  let at = START;

  const x = scaleLinear([0, 1], [0, 1]);
  const y = scaleLinear([0.9, 1], [0, 1]);
  const svg = plot({width, height: 270, x, y, xLabel: text.coverage, yLabel: text.accuracy,
    label: text.curve, ticks: [[5, '%'], [5, '%']],
    margin: {top: 12, right: 22, bottom: 42, left: 62}});
  svg.classList.add('results-drag');
  curve(svg.area, x, y).show(points);
  const lines = element('svg:path', {
    'fill': 'none', 'stroke': 'var(--pst-color-text-muted)', 'stroke-dasharray': '3 4'});
  const point = element('svg:circle', {
    'r': 8, 'fill': 'var(--live-second)', 'stroke': 'var(--pst-color-background)', 'stroke-width': 2});
  svg.area.append(lines, point);

  const input = slider({
    label: text.threshold, min: 0, max: THRESHOLDS.length - 1, step: 1, value: at,
    format: (i) => words(THRESHOLDS[i]),
    onInput: (i) => {
      at = i;
      update();
    },
  });
  // Along the curve, the place that is nearest in coverage.
  const drag = (event) => {
    const box = svg.getBoundingClientRect();
    const share = x.invert((event.clientX - box.left) / box.width * width);
    const distance = (i) => Math.abs(points[i][0] - share);
    at = input.value = points.reduce((best, _, i) => distance(i) < distance(best) ? i : best, 0);
    update();
  };
  svg.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    drag(event);
  });
  svg.addEventListener('pointermove', (event) => {
    if (svg.hasPointerCapture(event.pointerId)) drag(event);
  });

  const parts = ['right', 'wrong', 'leftRight', 'leftWrong'].map((name) =>
    element('span', {class: name}));
  const cell = () => element('td');
  const table = {answered: [cell(), cell(), cell()], left: [cell(), cell(), cell()]};
  const rows = Object.entries(table).map(([name, own]) =>
    element('tr', {class: name}, element('th', {scope: 'row'}, text[name]), own));
  const strips = ['pass', 'caught'].map(() => {
    const canvases = Array.from({length: TILES}, () => {
      const canvas = imageCanvas({width: '100%', label: ''});
      const caption = element('figcaption');
      return {canvas, caption, tile: element('figure', {}, canvas, caption)};
    });
    const heading = element('p', {class: 'results-above'});
    return {canvases, heading,
      strip: element('div', {class: 'results-strip'}, canvases.map(({tile}) => tile))};
  });

  const update = eachFrame(() => {
    const {threshold, answered, right: correct} = now();
    const wrong = answered - correct;
    const left = {all: n - answered, right: all.right - correct};
    const [coverage, accuracy] = points[at];
    point.setAttribute('cx', x(coverage));
    point.setAttribute('cy', y(accuracy));
    lines.setAttribute('d', `M${x(coverage)},${y.range()[0]}V${y(accuracy)}H${x.range()[0]}`);
    const sizes = [correct, wrong, left.right, left.all - left.right];
    parts.forEach((part, i) => { part.style.flexGrow = sizes[i]; });
    fillRow(table.answered, answered, correct);
    fillRow(table.left, left.all, left.right);
    const first = mistakes.findIndex((i) => confidences[i] >= Math.round(threshold * SCALE));
    const cut = first < 0 ? mistakes.length : first;
    showStrip(strips[0], text.pass, wrong, mistakes.slice(cut, cut + TILES));
    showStrip(strips[1], text.caught, cut, mistakes.slice(Math.max(0, cut - TILES), cut).reverse());
    say(fill(text.thresholdStatus, {
      threshold: words(threshold), coverage: percent(coverage), accuracy: percent(accuracy, 1),
      wrong: count(wrong), left: count(left.all),
      leftAccuracy: left.all ? percent(left.right / left.all) : '–'}));
  });

  function fillRow([images, accuracy, wrong], size, correct) {
    images.textContent = count(size);
    accuracy.textContent = size ? percent(correct / size, 1) : '–';
    wrong.textContent = count(size - correct);
  }
  function showStrip({canvases, heading, strip}, words, size, own) {
    heading.textContent = fill(words, {n: count(size)});
    strip.hidden = !own.length;
    canvases.forEach(({canvas, caption, tile}, i) => {
      tile.style.visibility = i < own.length ? '' : 'hidden';
      if (i >= own.length) return;
      const values = {digit: labels[own[i]], read: predictions[own[i]],
        p: probability(confidences[own[i]])};
      canvas.show(images.get(own[i]).pixels, 255);
      canvas.setAttribute('aria-label', fill(text.mistake, values));
      caption.textContent = fill(text.short, values);
    });
  }
  const now = () => ({threshold: THRESHOLDS[at], ...from(THRESHOLDS[at])});

  const view = element('div', {},
      input,
      element('div', {class: 'results-view'}, element('div', {}, svg),
          element('div', {class: 'results-panel'},
              element('div', {class: 'results-stack', 'aria-hidden': 'true'}, parts),
              element('table', {class: 'results-answers'},
                  element('thead', {}, element('tr', {}, element('td'),
                      [text.images, text.accuracy, text.mistakes].map((words) =>
                        element('th', {scope: 'col'}, words)))),
                  element('tbody', {}, rows)),
              strips.map(({heading, strip}) => [heading, strip]).flat())));
  return {view, update, state: () => ({...now(), points, thresholds: THRESHOLDS})};
}

const words = (threshold) => threshold.toFixed(threshold > 0.99 ? 3 : 2);
