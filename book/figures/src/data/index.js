// Chapter 1: the distances of a digit to the ten mean digits, and what they are made of.

import {fromBase64, unzip} from '../base64.js';
import {loadParts} from '../parts.js';
import {digitInput} from '../shared/drawing.js';
import {
  button, eachFrame, element, fill, lessMotion, makeFigure, row, slider,
} from '../shared/frame.js';
import {cellMark, imageCanvas, pointAt} from '../shared/images.js';
import {distances, nearest, rowSums, slantAndMove} from './maths.js';
import css from './style.css';
import texts from './text.json';

const SIDE = 28;
const LAST = {row: SIDE - 1, column: null};
const MILLISECONDS_PER_ROW = 80;

export default makeFigure('data', texts, css, async ({root, text, say}) => {
  const means = await loadMeans();
  let taken = null, label = null, chosen = null, pixel = LAST, timer;
  let shown = {};

  const slant = slider({label: text.slant, min: -45, max: 45, step: 5, value: 0,
    format: (n) => fill(text.degrees, {n: signed(n)}), onInput: () => update()});
  const move = slider({label: text.move, min: -6, max: 6, step: 1, value: 0,
    format: (n) => fill(text.pixels, {n: signed(n)}), onInput: () => update()});
  const answer = element('span', {class: 'answer'});
  const verdict = element('span', {class: 'verdict'});

  const rows = means.map((mean, digit) => {
    const [picture, difference] = [false, true].map((asSigned) => {
      const canvas = imageCanvas({width: '40px', signed: asSigned, label: ''});
      canvas.setAttribute('aria-hidden', 'true');
      return canvas;
    });
    picture.show(mean, 255);
    const bar = element('span', {class: 'bar'});
    const number = element('span', {class: 'number'});
    const unseen = element('span', {class: 'live-unseen'});
    const whole = button('', () => {
      chosen = chosen === digit ? null : digit;
      pixel = LAST;
      update();
    }, {class: 'mean'});
    whole.append(
        element('span', {class: 'name'},
            element('span', {class: 'live-unseen'}, text.toMean, ' '), String(digit)),
        picture, difference, element('span', {class: 'track'}, bar), number, unseen);
    return {whole, difference, bar, number, unseen};
  });

  const own = imageCanvas({width: '100%', label: text.image});
  const compared = imageCanvas({width: '100%', label: ''});
  const large = imageCanvas({width: '100%', signed: true, label: ''});
  const names = {mean: element('figcaption'), minus: element('figcaption', {}, text.minus)};
  const mark = cellMark();
  const pointed = pointAt(large, {
    hover: true,
    onCell: (r, c) => point(r, c),
    onArrow: (down, right) => point(
        clamp(pixel.row + down), clamp((pixel.column ?? SIDE - 1) + right)),
  });
  pointed.append(mark);
  const bars = Array.from({length: SIDE}, (_, r) =>
    element('svg:rect', {x: 0, y: r + 0.1, height: 0.8}));
  const rowBars = element('svg:svg', {class: 'row-sums', viewBox: '0 0 10 28',
    preserveAspectRatio: 'none', 'aria-hidden': 'true'}, bars);
  const reading = element('p', {class: 'reading'});

  function point(r, c) {
    clearInterval(timer);
    pixel = {row: r, column: c};
    update();
  }
  function addUp() {
    clearInterval(timer);
    pixel = lessMotion() ? LAST : {row: 0, column: null};
    update();
    timer = setInterval(() => {
      if (pixel.row < SIDE - 1) pixel = {row: pixel.row + 1, column: null};
      else clearInterval(timer);
      update();
    }, MILLISECONDS_PER_ROW);
  }

  const update = eachFrame(() => {
    const image = slantAndMove(taken ?? new Uint8Array(SIDE * SIDE), slant.value, move.value);
    const all = distances(image, means);
    const winner = nearest(all);
    const digit = chosen ?? winner;
    const differences = means.map((mean) => Array.from(mean, (value, i) => image[i] - value));
    const farthest = Math.max(...all);
    rows.forEach(({whole, difference, bar, number, unseen}, i) => {
      const isNearest = taken !== null && i === winner;
      difference.show(differences[i], 255);
      bar.style.width = `${100 * all[i] / farthest}%`;
      number.textContent = millions(all[i]);
      whole.classList.toggle('nearest', isNearest);
      whole.setAttribute('aria-pressed', i === digit);
      unseen.textContent = isNearest ? text.nearest : text.million;
    });
    const right = label === winner;
    answer.textContent = taken ? fill(text.answer, {answer: winner}) : text.draw;
    verdict.textContent = !taken ? '' : label === null ? text.unknown :
      fill(right ? text.right : text.wrong, {label});
    verdict.classList.toggle('missed', taken !== null && label !== null && !right);
    shown = {image: [...image], distances: all, nearest: winner, digit, label,
      sums: rowSums(differences[digit]), ...pixel};
    showSum(image, differences[digit]);
    if (!taken) return;
    say(fill(digit === winner ? text.status : text.compared, {answer: answer.textContent,
      verdict: verdict.textContent, nearest: winner, distance: millions(all[winner]), digit,
      other: millions(all[digit])}));
  });

  function showSum(image, difference) {
    const {sums, digit, distances: all} = shown;
    own.show(image, 255);
    compared.show(means[digit], 255);
    compared.setAttribute('aria-label', fill(text.mean, {digit}));
    names.mean.textContent = fill(text.mean, {digit});
    large.show(difference, 255);
    large.setAttribute('aria-label', fill(text.cursor, {digit}));
    const largest = Math.max(...sums, 1);
    bars.forEach((bar, r) => {
      bar.setAttribute('width', 10 * sums[r] / largest);
      bar.classList.toggle('below', r > pixel.row);
    });
    mark.hidden = pixel === LAST;
    mark.show(pixel.row, pixel.column ?? 0, 1, pixel.column === null ? SIDE : 1);
    const upTo = sums.slice(0, pixel.row + 1).reduce((a, b) => a + b, 0);
    const at = pixel.row * SIDE + pixel.column;
    const whole = (value) => Math.round(value).toLocaleString('en');
    reading.replaceChildren(
        pixel.row === SIDE - 1 ? fill(text.all, {distance: millions(all[digit])}) :
          fill(text.upTo, {row: pixel.row, sum: millions(upTo), distance: millions(all[digit])}),
        element('br'), pixel.column === null ? ' ' : fill(text.pixel, {...pixel,
          image: whole(image[at]), mean: whole(means[digit][at]),
          difference: signed(Math.round(difference[at])), square: whole(difference[at] ** 2)}));
    shown.upTo = upTo;
  }

  const input = await digitInput({start: 7, onImage: (image, digit) => {
    taken = image;
    label = digit;
    chosen = null;
    slant.value = move.value = 0;
    update();
  }});
  root.append(
      element('div', {class: 'data-parts'},
          element('div', {}, input, row(slant, move)),
          element('div', {class: 'means'},
              element('p', {}, answer, ' ', verdict),
              element('div', {class: 'heads', 'aria-hidden': 'true'},
                  element('span', {}, text.digit), element('span', {}, text.difference),
                  element('span', {}, text.distance)),
              rows.map(({whole}) => whole))),
      element('div', {class: 'equation'},
          picture(own, element('figcaption', {}, text.image)), element('span', {}, '−'),
          picture(compared, names.mean), element('span', {}, '='),
          element('figure', {class: 'large'},
              element('div', {class: 'sums'}, pointed, rowBars), names.minus)),
      element('p', {class: 'note'}, text.legend),
      element('div', {class: 'adding'}, button(text.addUp, addUp), reading));
  return () => shown;
});

async function loadMeans() {
  const [zipped] = await loadParts(['means']);
  const values = new Float32Array((await unzip(zipped)).buffer);
  return Array.from({length: 10}, (_, i) => values.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE));
}

const picture = (...parts) => element('figure', {}, parts);
const clamp = (n) => Math.min(Math.max(n, 0), SIDE - 1);
const millions = (n) => (n / 1e6).toFixed(2);
const signed = (n) => n < 0 ? `−${-n}` : String(n);
