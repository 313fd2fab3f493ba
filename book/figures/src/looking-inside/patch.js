// Occlusion: a blank patch moves over the digit, and the ten probabilities change.

import {button, eachFrame, element, fill, row as controls, slider} from '../shared/frame.js';
import {cellMark, imageCanvas, pointAt} from '../shared/images.js';
import {SIDE, occlude, occludeAlong} from './maths.js';
import {percent} from './unit.js';

const clamp = (n) => Math.min(Math.max(n, 0), SIDE - 1);
const largest = (values) => values.indexOf(Math.max(...values));

export function makePatchView(network, text, say) {
  let image, before, watched, row = 10, column = 14, everywhere = false;
  let map;  // NaN where nobody has measured yet
  const state = {};
  const moveBy = (down, right) => moveTo(clamp(row + down), clamp(column + right));
  const pictures = [[text.pointPatch, false], [text.pointOcclusion, true]].map(([label, signed]) => {
    const canvas = imageCanvas({width: '100%', signed, label});
    const frame = pointAt(canvas, {onCell: (r, c) => moveTo(r, c), onArrow: moveBy});
    const mark = cellMark();
    frame.append(mark);
    return {canvas, frame, mark};
  });
  const [covered, occlusion] = pictures;
  const size = slider({label: text.size, min: 3, max: 11, step: 2, value: 5,
    format: (n) => fill(text.pixels, {n}), onInput: () => {
      startMap();
      update();
    }});
  const measure = button(text.everywhere, () => {
    everywhere = true;
    measureAll();
  });
  const bars = Array.from({length: 10}, (_, i) => {
    const bar = element('span', {class: 'bar'});
    const was = element('span', {class: 'was'});
    const number = element('td');
    const whole = element('tr', {}, element('th', {scope: 'row'}, String(i)),
        element('td', {class: 'track'}, element('div', {}, bar, was)), number);
    return {whole, bar, was, number};
  });

  function moveTo(r, c) {
    [row, column] = [r, c];
    update();
  }

  const update = eachFrame(() => {
    const half = Math.floor(size.value / 2);
    const pixels = occlude(image, row, column, size.value);
    const p = network.predict(pixels);
    covered.canvas.show(pixels, 255);
    const [top, left] = [Math.max(row - half, 0), Math.max(column - half, 0)];
    const [bottom, right] = [row, column].map((n) => Math.min(n + half + 1, SIDE));
    for (const {mark} of pictures) mark.show(top, left, bottom - top, right - left);
    bars.forEach(({whole, bar, was, number}, i) => {
      whole.classList.toggle('true', i === watched);
      bar.style.width = `${100 * p[i]}%`;
      was.style.left = `${100 * before[i]}%`;
      was.hidden = before[i] < 0.005;
      number.textContent = percent(p[i], text);
    });
    const answer = largest(p);
    const lost = before[watched] - p[watched];
    map[row * SIDE + column] = lost;
    occlusion.canvas.show(map, 1);
    Object.assign(state, {row, column, size: size.value, watched, answer, lost,
      probabilities: [...p], map});
    say(fill(text.covers, {row, column, answer, p: percent(p[answer], text),
      digit: watched, before: percent(before[watched], text), now: percent(p[watched], text)}));
  });

  function startMap() {
    map = new Array(SIDE * SIDE).fill(NaN);
    if (everywhere) measureAll();
  }

  /** Measures the loss with the patch at every pixel, a row of them at a time. */
  async function measureAll() {
    const own = map;
    for (let r = 0; r < SIDE; r++) {
      await new Promise((done) => setTimeout(done));
      if (own !== map) return;
      const p = network.predict(occludeAlong(image, r, size.value));
      for (let c = 0; c < SIDE; c++) own[r * SIDE + c] = before[watched] - p[10 * c + watched];
    }
    update();
  }

  const whole = element('div', {class: 'patch-view'},
      size,
      element('div', {class: 'pictures'},
          element('figure', {}, covered.frame, element('figcaption', {}, text.covered)),
          element('div', {},
              element('table', {}, element('tbody', {}, bars.map((bar) => bar.whole))),
              element('p', {class: 'note'}, text.whole)),
          element('figure', {}, occlusion.frame, element('figcaption', {}, text.occlusion))),
      controls(measure), element('p', {class: 'note'}, text.legend));
  return {whole, state, take(taken, label) {
    image = taken;
    before = network.predict(image);
    watched = label ?? largest(before);
    everywhere = false;
    startMap();
    update();
  }};
}
