// Chapter 5: the gradients of batches as arrows, their noise and the time they take.

import {fromBase64} from '../base64.js';
import {
  button, eachFrame, element, fill, lessMotion, makeFigure, row, slider,
} from '../shared/frame.js';
import {loadParts} from '../parts.js';
import {angleOf, drawBatches, means, noiseOf} from './maths.js';
import {arrowPlot, sizePlot} from './plots.js';
import css from './style.css';
import texts from './text.json';

const BATCHES = 60;
const MOVE_TIME = 500;  // milliseconds for the arrows to get from one size to another

export default makeFigure('batching', texts, css, async ({root, text, say}) => {
  const [part, times] = await loadParts(['gradients', 'batch-times']);
  const {unit, sizes, weights} = part;
  const gradients = Float64Array.from(
      new Int16Array(fromBase64(part.values).buffer), (value) => value * unit);
  const images = gradients.length / 2;
  const all = Array.from({length: images}, (_, i) => [gradients[2 * i], gradients[2 * i + 1]]);
  // The first direction is that of the full gradient.
  const norm = all.reduce((sum, [along]) => sum + along, 0) / images;
  const noiseOfOne = noiseOf(all);
  let seed = 0, size = 3, batches, noises;
  let shown = sizes[size];  // the size that is drawn, on the way to the chosen one

  const arrows = arrowPlot(text);
  const noisePlot = sizePlot({sizes, domain: [0.04, 12], yLabel: text.noise, height: 210, yTicks: 2,
    label: text.noiseLabel, lines: [
      {name: fill(text.allWeights, {n: count(weights)}), kind: 'all', anchor: 'start', at: 1},
      {name: text.twoDirections, kind: 'two', anchor: 'end', at: 2, below: true},
      {name: text.full, kind: 'norm', anchor: 'end', at: 5}]});
  const timePlot = sizePlot({sizes, domain: [0.5, 100], yLabel: text.time, height: 150, yTicks: 2,
    label: text.timeLabel, lines: [{name: '', kind: 'two', at: 0}]});
  const facts = [text.noiseFact, text.allFact, text.backFact, text.updateFact, text.imageFact,
    text.updatesFact].map((name) => {
    const value = element('dd');
    const whole = element('div', {}, element('dt', {}, fill(name, {
      weights: count(weights), largest: count(sizes.at(-1))})), value);
    return {whole, value};
  });
  const leftOut = element('p', {class: 'note'});

  function draw() {
    batches = drawBatches(gradients, {seed, batches: BATCHES, largest: sizes.at(-1)});
    noises = sizes.map((n) => noiseOf(means(batches, n)));
    update();
  }
  const sizeText = (n) => n === 1 ? text.oneImage : fill(text.images, {n: count(n)});
  const results = () => {
    const n = sizes[size];
    const points = means(batches, n);
    return {
      seed, n, points, norm, noises, noiseOfOne, noise: noises[size],
      angle: angleOf(points), back: points.filter(([along]) => along < 0).length,
      outside: arrows.outside(points),
      perUpdate: times[size], perImage: times[size] / n, updates: times.at(-1) / times[size],
    };
  };

  /** Draws the arrows at a size between two: each batch gains or loses images one by one. */
  function moveTo(target) {
    const from = shown, begin = performance.now();
    const frame = (now) => {
      if (sizes[size] !== target) return;  // the reader has gone on
      const share = lessMotion() ? 1 : Math.min((now - begin) / MOVE_TIME, 1);
      shown = Math.round(from * (target / from) ** share);
      showArrows();
      if (share < 1) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
  const showArrows = () =>
    arrows.show(means(batches, shown), norm, noiseOfOne / Math.sqrt(shown));

  const update = eachFrame(() => {
    const r = results();
    showArrows();
    const line = (value) => sizes.map((n) => value / Math.sqrt(n));
    noisePlot.show([
      {line: line(part.noise[0]), dots: part.noise},
      {line: line(noiseOfOne), dots: noises}, {line: sizes.map(() => norm)},
    ], r.n);
    timePlot.show([{line: times, dots: times}], r.n);
    const words = {
      size: sizeText(r.n), batches: BATCHES, noise: r.noise.toFixed(2), back: r.back,
      all: part.noise[size].toFixed(2), weights: count(weights),
      time: r.perUpdate.toFixed(1), image: r.perImage.toPrecision(2),
      share: Math.round(100 * part.share),
      angle: Math.round(r.angle), allAngle: Math.round(part.angle[size]),
      updates: r.updates.toPrecision(2), largest: count(sizes.at(-1)),
    };
    ['{noise}', '{all}', text.backValue, '{time} ms', '{image} ms', '{updates}']
        .forEach((value, i) => { facts[i].value.textContent = fill(value, words); });
    leftOut.textContent = fill(text.leftOut, words);
    say(fill(text.status, words) + (r.outside ? ` ${fill(text.outside, {n: r.outside})}` : ''));
  });

  const control = slider({
    label: text.size, min: 0, max: sizes.length - 1, step: 1, value: size,
    format: (i) => sizeText(sizes[i]),
    onInput: (i) => {
      size = i;
      update();
      moveTo(sizes[size]);
    },
  });
  root.append(
      row(control, button(text.others, () => {
        seed++;
        draw();
      })),
      element('div', {class: 'live-plots batching-plots'}, arrows,
          element('div', {}, noisePlot, timePlot,
              element('p', {class: 'axis'}, text.size))),
      element('dl', {class: 'batching-facts'}, facts.map(({whole}) => whole)),
      element('p', {class: 'note'}, text.arrowsNote), leftOut,
      element('p', {class: 'note'}, fill(text.note, {images: count(images)})));
  draw();
  return () => ({...results(), shown});
});

const count = (n) => n.toLocaleString('en');
