// The confusion matrix: select a cell to see the images that it counts.

import {button, element, fill} from '../shared/frame.js';
import {imageCanvas} from '../shared/images.js';
import {DIGITS, SCALE, confusionMatrix} from './maths.js';
import {count, percent, probability} from './words.js';

const TILES = 12;
const ARROWS = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};

export function confusionView({data, text, say}) {
  const {labels, predictions, images} = data;
  const counts = confusionMatrix(labels, predictions);
  const totals = counts.map((row) => row.reduce((a, b) => a + b));
  const mistakes = counts.map((row, digit) => row.map((n, read) => digit === read ? 0 : n));
  const most = Math.max(...mistakes.flat());
  const digit = mistakes.findIndex((row) => row.includes(most));
  const chosen = {digit, read: mistakes[digit].indexOf(most), page: 0, tile: 0};
  let shown = [];

  // One cell is in the page's order of keyboard focus; arrow keys move on from it.
  const cells = counts.map((row, digit) => row.map((n, read) => {
    // By the root: else one large count would leave the others white.
    const share = digit === read ? 0 : Math.sqrt(n / most);
    return element('td', {
      'role': 'gridcell', 'tabindex': -1, 'data-cell': `${digit} ${read}`,
      'style': `--share: ${(42 * share).toFixed(0)}%`, 'class': digit === read ? 'right' : null,
      'aria-label': fill(text.cell, {digit, read, n}),
    }, n ? String(n) : '');
  }));
  const matrix = element('table', {class: 'results-matrix', role: 'grid', 'aria-label': text.matrix},
      element('thead', {},
          element('tr', {}, element('td', {}), element('td', {}),
              element('th', {scope: 'colgroup', colspan: 10}, text.predicted)),
          element('tr', {}, element('td', {}), element('td', {}),
              DIGITS.map((read) => element('th', {scope: 'col'}, String(read))))),
      element('tbody', {}, cells.map((row, digit) => element('tr', {},
          digit ? null : element('th', {scope: 'rowgroup', rowspan: 10, class: 'side'},
              element('span', {}, text.true)),
          element('th', {scope: 'row'}, String(digit)), row))));

  const heading = element('p', {class: 'results-heading'});
  const range = element('span', {class: 'note'});
  const next = button(text.next, () => select({...chosen, page: chosen.page + 1, tile: 0}));
  const tiles = Array.from({length: TILES}, (_, i) => {
    const canvas = imageCanvas({width: '100%', label: ''});
    canvas.setAttribute('aria-hidden', 'true');
    const tile = button(canvas, () => select({...chosen, tile: i}), {class: 'live-sample'});
    tile.canvas = canvas;
    return tile;
  });
  const bars = DIGITS.map((digit) => {
    const bar = element('span', {});
    return {bar, column: element('div', {}, element('div', {class: 'room'}, bar), String(digit))};
  });
  const sentence = element('p', {class: 'results-sentence'});
  const chart = element('div', {class: 'results-bars', 'aria-hidden': 'true'},
      bars.map(({column}) => column));

  function select({digit, read, page, tile}) {
    cells[chosen.digit][chosen.read].setAttribute('tabindex', -1);
    cells[chosen.digit][chosen.read].setAttribute('aria-selected', 'false');
    Object.assign(chosen, {digit, read, page, tile});
    update();
  }

  function update() {
    const {digit, read, tile} = chosen;
    const cell = cells[digit][read];
    cell.setAttribute('tabindex', 0);
    cell.setAttribute('aria-selected', 'true');
    // Of the mistakes all images are here, the surest first; of the others the file's first.
    const own = [...images.keys()].filter((i) => labels[i] === digit && predictions[i] === read);
    if (digit !== read) own.sort((a, b) => data.confidences[b] - data.confidences[a]);
    const pages = Math.max(1, Math.ceil(own.length / TILES));
    chosen.page %= pages;
    shown = own.slice(chosen.page * TILES, (chosen.page + 1) * TILES);
    const n = counts[digit][read];
    const values = {digit, read, n: count(n), total: count(totals[digit]),
      share: percent(n / totals[digit], n / totals[digit] < 0.01 ? 1 : 0)};
    heading.textContent = fill(digit === read ? text.headingRight : text.headingWrong, values);
    range.textContent = !n ? text.empty : fill(digit === read ? text.first : text.surest,
        {from: chosen.page * TILES + 1, to: chosen.page * TILES + shown.length, n: count(n)});
    next.disabled = pages === 1;
    tiles.forEach((button, i) => {
      // Out of sight, but in its place, so that nothing jumps.
      button.style.visibility = i < shown.length ? '' : 'hidden';
      if (i >= shown.length) return;
      const {pixels, probabilities} = images.get(shown[i]);
      button.canvas.show(pixels, 255);
      button.setAttribute('aria-pressed', i === tile);
      button.setAttribute('aria-label', fill(text.tile,
          {number: shown[i], digit, read, p: probability(probabilities[read])}));
    });
    chart.style.visibility = n ? '' : 'hidden';
    if (n) showProbabilities(images.get(shown[tile]).probabilities);
    else sentence.textContent = '';
    say(`${heading.textContent} ${n ? sentence.textContent : text.empty}`);
  }

  function showProbabilities(p) {
    const {digit, read} = chosen;
    bars.forEach(({bar, column}, i) => {
      bar.style.height = `${100 * p[i] / SCALE}%`;
      column.className = i === digit ? 'true' : i === read ? 'read' : '';
    });
    sentence.textContent = fill(digit === read ? text.sentenceRight : text.sentenceWrong,
        {digit, read, pRead: probability(p[read]), pTrue: probability(p[digit])});
  }

  const at = (event) => document.elementFromPoint(event.clientX, event.clientY)
      ?.closest('[data-cell]')?.dataset.cell.split(' ').map(Number);
  const hit = (event) => {
    const place = at(event);
    if (!place || (place[0] === chosen.digit && place[1] === chosen.read)) return;
    select({digit: place[0], read: place[1], page: 0, tile: 0});
  };
  matrix.addEventListener('pointerdown', (event) => { if (event.button === 0) hit(event); });
  matrix.addEventListener('pointermove', (event) => {
    if (event.buttons === 1 && event.pointerType === 'mouse') hit(event);
  });
  matrix.addEventListener('keydown', (event) => {
    if (!(event.key in ARROWS)) return;
    const [down, right] = ARROWS[event.key];
    const inside = (place) => Math.min(Math.max(place, 0), 9);
    event.preventDefault();
    select({digit: inside(chosen.digit + down), read: inside(chosen.read + right), page: 0, tile: 0});
    cells[chosen.digit][chosen.read].focus();
  });

  const view = element('div', {class: 'results-view'}, element('div', {}, matrix),
      element('div', {class: 'results-panel'}, heading,
          element('div', {class: 'results-tiles'}, tiles),
          element('div', {class: 'results-pages'}, range, next), sentence, chart));
  return {
    view, update,
    state: () => ({counts, digit: chosen.digit, read: chosen.read, shown,
      probabilities: shown.length ? [...images.get(shown[chosen.tile]).probabilities] : []}),
  };
}
