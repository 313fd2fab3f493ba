// Test sets of n images: how the accuracy scatters, and how often its interval contains the
// accuracy of all images.

import {scaleLinear} from 'd3-scale';
import {uniforms} from '../random.js';
import {button, eachFrame, element, fill, joined, row, slider} from '../shared/frame.js';
import {plot} from '../shared/plot.js';
import {drawTestSet, standardDeviation, standardError} from './maths.js';
import {count, percent, points} from './words.js';

// The chapter's 64, 1,000 and 10,000 are among them.
const SIZES = [10, 16, 25, 40, 64, 100, 160, 250, 400, 640, 1000, 1600, 2500, 4000, 6400, 10000];
const ROWS = 20;
const GAP = 13;
const MANY = 100;

export function sampleView({data: {right}, text, width, say}) {
  const p = right.reduce((a, b) => a + b) / right.length;
  const uniform = uniforms(0);
  let n = 64;
  let draws = [];

  const height = ROWS * GAP + 60;
  const x = scaleLinear([0.6, 1], [0, 1]);
  const y = scaleLinear([ROWS, 0], [0, 1]);
  const svg = plot({width, height, x, y, xLabel: text.accuracy, yLabel: '', label: text.intervals,
    ticks: [[5, '%'], [0]], margin: {top: 8, right: 22, bottom: 42, left: 18}});
  const [left, end] = x.range();
  const truth = element('svg:path', {'class': 'truth', 'd': `M${x(p)},${y(0)}V${y(ROWS)}`});
  const lines = Array.from({length: ROWS}, (_, i) => {
    const line = element('svg:path');
    const mark = element('svg:path');
    return {line, mark, at: y(i + 0.5)};
  });
  svg.area.append(truth, ...lines.flatMap(({line, mark}) => [line, mark]));
  const inside = (share) => Math.min(Math.max(x(share), left), end);
  const contains = ({low, high}) => low <= p && p <= high;

  const input = slider({
    label: text.size, min: 0, max: SIZES.length - 1, step: 1, value: SIZES.indexOf(n),
    format: (i) => count(SIZES[i]),
    onInput: (i) => {
      n = SIZES[i];
      draws = [];
      draw(ROWS);
    },
  });
  function draw(times) {
    for (let i = 0; i < times; i++) {
      const {indices, ...result} = drawTestSet(right, n, uniform);
      // Only the last test set's images are kept.
      if (draws.length) delete draws[0].indices;
      draws.unshift({...result, indices});
    }
    update();
  }

  const facts = ['last', 'contain', 'scatter'].map(() => element('p', {}));
  const update = eachFrame(() => {
    lines.forEach(({line, mark, at}, i) => {
      const own = draws[i];
      const kind = !own ? 'none' : contains(own) ? 'hit' : 'miss';
      line.setAttribute('class', kind);
      mark.setAttribute('class', `mark ${kind}`);
      if (!own) return;
      line.setAttribute('d', `M${inside(own.low)},${at}H${inside(own.high)}`);
      mark.setAttribute('d', MARKS[kind](inside(own.accuracy), at));
    });
    const {accuracy} = draws[0];
    const all = summary();
    facts[0].textContent = fill(text.last, {accuracy: percent(accuracy, 1),
      margin: points(2 * standardError(accuracy, n)), n: count(n), right: count(Math.round(n * accuracy))});
    facts[1].textContent = fill(text.contain, {drawn: count(draws.length),
      hits: count(all.hits), share: percent(all.hits / draws.length), p: percent(p, 1)});
    facts[2].textContent = fill(text.scatter,
        {deviation: points(all.deviation), formula: points(all.standardError)});
    say(joined(facts.map(({textContent}) => textContent)));
  });
  const summary = () => ({
    hits: draws.filter(contains).length,
    deviation: standardDeviation(draws.map(({accuracy}) => accuracy)),
    standardError: standardError(p, n),
  });

  const view = element('div', {},
      input,
      row(button(text.drawOne, () => draw(1)), button(fill(text.drawMany, {n: MANY}), () => draw(MANY))),
      element('div', {class: 'results-view'}, element('div', {class: 'results-intervals'}, svg),
          element('div', {class: 'results-panel'},
              element('p', {class: 'results-legend'},
                  element('span', {class: 'hit'}, text.hit), element('span', {class: 'miss'}, text.miss)),
              facts)));
  draw(ROWS);
  return {view, update, state: () => ({n, p, draws, ...summary()})};
}

const MARKS = {
  hit: (cx, cy) => `M${cx - 3.5},${cy}a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0`,
  miss: (cx, cy) => `M${cx - 4},${cy - 4}l8,8m-8,0l8,-8`,
};
