// "Convolution against dense": a digit is moved, and both networks read it.

import {digitInput} from '../shared/drawing.js';
import {button, eachFrame, element, fill, makeFigure, row} from '../shared/frame.js';
import {cellMark, imageCanvas, pointAt} from '../shared/images.js';
import {loadNetwork} from '../shared/network.js';
import {FARTHEST, MOVES, answersOf, largest, rowOfShifts, shift} from './maths.js';
import css from './style.css';
import texts from './text.json';

const NAMES = ['convolutional', 'dense'];
const clamp = (n) => Math.min(Math.max(n, -FARTHEST), FARTHEST);

export default makeFigure('convolution-against-dense', texts, css, async ({root, text, say}) => {
  const networks = await Promise.all(NAMES.map((name) => loadNetwork(name)));
  let taken, label, grip;
  let rows = 0, columns = 0;
  const shown = {};

  const canvas = imageCanvas({width: '100%', label: text.drag});
  const pad = pointAt(canvas, {
    onCell: (r, c, began) => {
      if (began) grip = [rows - r, columns - c];
      moveTo(grip[0] + r, grip[1] + c);
    },
    onArrow: (down, right) => moveTo(rows + down, columns + right),
  });
  const place = element('p', {class: 'place'});
  const panels = NAMES.map((name, i) => makePanel(name, networks[i], text, {
    onCell: (r, c) => moveTo(r - FARTHEST, c - FARTHEST),
    onArrow: (down, right) => moveTo(rows + down, columns + right),
  }));

  function moveTo(down, right) {
    [rows, columns] = [clamp(down), clamp(right)];
    update();
  }
  function random() {
    const any = () => Math.floor(Math.random() * MOVES) - FARTHEST;
    moveTo(any(), any());
  }

  const update = eachFrame(() => {
    const image = shift(taken, rows, columns);
    canvas.show(image, 255);
    const moved = wordsFor(rows, columns, text);
    place.textContent = moved;
    const answers = panels.map((panel) => panel.show(image, label, rows, columns));
    Object.assign(shown, {label, rows, columns},
        ...panels.map(({name, state}) => ({[name]: state})));
    const [convolutional, dense] = answers;
    say(fill(text.status, {label, moved, convolutional, dense}));
  });

  const input = await digitInput({draw: false, start: 7, onImage: (image, digit) => {
    [taken, label] = [image, digit];
    for (const panel of panels) panel.drawMap(image, digit);
    moveTo(0, 0);
  }});
  root.append(input,
      element('div', {class: 'networks'},
          element('div', {class: 'digit'}, pad, place,
              row(button(text.centre, () => moveTo(0, 0)), button(text.random, random))),
          panels.map(({whole}) => whole), element('p', {class: 'note'}, text.legend)));
  return () => shown;
});

/** A network's answer, its ten probabilities and its map of moves. */
function makePanel(name, network, text, {onCell, onArrow}) {
  const answer = element('p', {class: 'answer'});
  const bars = Array.from({length: 10}, (_, digit) => {
    const bar = element('span', {class: 'bar'});
    const number = element('td');
    const whole = element('tr', {}, element('th', {scope: 'row'}, String(digit)),
        element('td', {class: 'track'}, bar), number);
    return {whole, bar, number};
  });
  const squares = Array.from({length: MOVES * MOVES}, (_, i) => element('svg:rect', {
    x: i % MOVES + 0.06, y: Math.floor(i / MOVES) + 0.06, width: 0.88, height: 0.88}));
  const svg = element('svg:svg', {viewBox: `0 0 ${MOVES} ${MOVES}`,
    'aria-label': fill(text.map, {name: text[name]})}, squares,
  element('svg:circle', {cx: MOVES / 2, cy: MOVES / 2, r: 0.2}));
  const map = pointAt(svg, {rows: MOVES, columns: MOVES, onCell, onArrow});
  const mark = cellMark(MOVES, MOVES);
  map.append(mark);
  const count = element('p', {class: 'count'});
  const state = {};
  const maps = new Map();
  let current;

  /** Reads all moved digits, a row of them at a time, so that the page stays responsive. */
  async function drawMap(image, label) {
    current = image;
    if (!maps.has(image)) {
      count.textContent = '…';
      const right = [];
      for (let rows = -FARTHEST; rows <= FARTHEST; rows++) {
        await new Promise((done) => setTimeout(done));
        if (current !== image) return;
        const answers = answersOf(network.predict(rowOfShifts(image, rows)));
        right.push(...answers.map((digit) => digit === label));
      }
      maps.set(image, right);
    }
    state.map = maps.get(image);
    squares.forEach((square, i) => square.classList.toggle('right', state.map[i]));
    const n = state.map.filter(Boolean).length;
    count.textContent = fill(text.count, {n, all: MOVES * MOVES});
  }

  function show(image, label, rows, columns) {
    const probabilities = network.predict(image);
    const digit = largest(probabilities);
    Object.assign(state, {probabilities: [...probabilities], answer: digit});
    bars.forEach(({whole, bar, number}, i) => {
      whole.classList.toggle('true', i === label);
      bar.style.width = `${100 * probabilities[i]}%`;
      number.textContent = percent(probabilities[i], text);
    });
    answer.textContent = `${fill(text.reads, {answer: digit})} ${digit === label ? text.yes : text.no}`;
    answer.classList.toggle('wrong', digit !== label);
    mark.show(rows + FARTHEST, columns + FARTHEST);
    return fill(text.answer, {answer: digit, p: percent(probabilities[digit], text)});
  }

  const whole = element('div', {class: `network ${name}`},
      element('p', {class: 'name'}, text[name]), answer,
      element('table', {}, element('tbody', {}, bars.map((bar) => bar.whole))), map, count);
  return {name, whole, state, drawMap, show};
}

function wordsFor(rows, columns, text) {
  const places = [];
  if (columns) places.push(fill(columns > 0 ? text.right : text.left, {n: Math.abs(columns)}));
  if (rows) places.push(fill(rows > 0 ? text.down : text.up, {n: Math.abs(rows)}));
  return places.length ? fill(text.moved, {places: places.join(text.and)}) : text.still;
}

const percent = (share, text) => fill(text.percent, {n: Math.round(100 * share)});
