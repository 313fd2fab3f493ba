// Chapter 3: gradient descent, with and without momentum, on a curve and on a bowl.

import {
  button, choice, eachFrame, element, fill, lessMotion, makeFigure, row, slider,
} from '../shared/frame.js';
import {LOSSES, along, descend, factorOf, measured, step} from './maths.js';
import {DASHES, bowlPlot, curvePlot, distancePlot} from './plots.js';
import css from './style.css';
import texts from './text.json';

const MOST_STEPS = 100;
const NEAR = 0.001;  // where a run stops, as the lowest point is reached
const FAR = 1000;  // and where the path has clearly diverged
const STEP_TIME = 100;  // milliseconds

export default makeFigure('optimizer', texts, css, ({root, text, say}) => {
  const starts = {curve: [0], bowl: [0, 0]};
  const settings = {rate: 0.15, momentum: 0};
  let shape = 'curve', steps = 5, timer = null;

  const start = (weights) => {
    starts[shape] = weights;
    update();
  };
  const landscapes = {curve: curvePlot(text, start), bowl: bowlPlot(text, start)};
  const distances = distancePlot(text);
  const directions = {curve: [text.w], bowl: [text.across, text.along]};
  const now = element('p', {class: 'now'}), next = element('p');
  const body = element('tbody');
  const note = element('p', {class: 'note'});

  /** Everything that the figure shows. */
  function results() {
    const landscape = LOSSES[shape];
    const path = descend(landscape, starts[shape], {...settings, steps});
    const parts = path.map(({weights}) => along(landscape, weights));
    const sizes = parts.map((part) => Math.hypot(...part));
    const {weights, velocity} = path.at(-1);
    return {
      ...settings, steps, path, parts, sizes, weights, velocity,
      loss: landscape.loss(weights),
      gradient: landscape.gradient(weights),
      next: step(landscape.gradient, path.at(-1), settings),
      lastRatio: steps && sizes[steps - 1] > 1e-9 ? sizes[steps] / sizes[steps - 1] : null,
      directions: landscape.curvatures.map((curvature, i) => ({
        curvature, ...factorOf(curvature, settings),
        measured: measured(parts.map((part) => part[i]), settings),
      })),
    };
  }

  function ended() {
    const distance = results().sizes.at(-1);
    return steps >= MOST_STEPS || distance < NEAR || distance > FAR;
  }
  function go() {
    if (ended()) steps = 0;
    if (lessMotion()) {
      do steps++; while (!ended());
    } else {
      run.textContent = text.pause;
      timer = setInterval(() => {
        steps++;
        if (ended()) stop();
        update();
      }, STEP_TIME);
    }
    update();
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    run.textContent = text.run;
  }
  function takeSteps(number) {
    stop();
    steps = Math.min(number, MOST_STEPS);
    update();
  }
  const run = button(text.run, () => timer ? stop() : go(), {class: 'primary'});
  const setting = (name, label, limits) => slider({
    label, ...limits, value: settings[name], format: (value) => value.toFixed(2),
    onInput: (value) => {
      settings[name] = value;
      update();
    },
  });

  const update = eachFrame(() => {
    const r = results();
    const momentum = settings.momentum > 0;
    for (const [name, svg] of Object.entries(landscapes)) {
      svg.toggleAttribute('hidden', name !== shape);
    }
    landscapes[shape].show(r, weightsText(starts[shape]));
    distances.show(r);
    const words = {
      steps: steps === 1 ? text.oneStep : fill(text.manySteps, {n: steps}),
      weights: weightsText(r.weights), loss: number(r.loss), distance: number(r.sizes.at(-1)),
      rate: settings.rate.toFixed(2), momentum: settings.momentum.toFixed(2),
      gradient: vector(r.gradient), velocity: vector(r.velocity), step: vector(r.next.velocity),
    };
    now.textContent = fill(text.now, words) +
        (landscapes[shape].inside(r.weights) ? '' : ` (${text.outside})`);
    next.textContent = fill(momentum ? text.nextMomentum : text.next, words);
    note.textContent = momentum ? text.noteMomentum : text.note;
    body.replaceChildren(...r.directions.map(({curvature, factor, path, measured: mean}, i) =>
      element('tr', {class: path},
          element('th', {scope: 'row'}, directions[shape][i],
              shape === 'bowl' ? dashSample(DASHES[i]) : null),
          [number(curvature, 2), number(factor), mean === null ? '–' : number(mean), text[path]]
              .map((cell) => element('td', {}, cell)))));
    const paths = r.directions.map(({path}) => path);
    const worst = ['diverges', 'zigzags', 'swings', 'converges'].find((p) => paths.includes(p));
    say(fill(text.status, {...words,
      last: r.lastRatio === null ? '' : fill(text.last, {ratio: number(r.lastRatio)}),
      verdict: text[`${worst}Verdict`]}));
  });

  root.append(
      row(choice({
        label: text.landscape, value: shape,
        options: [['curve', text.curve], ['bowl', text.bowl]],
        onInput: (value) => {
          shape = value;
          takeSteps(steps);
        },
      }), row(button(text.step, () => takeSteps(steps + 1)), run,
          button(text.reset, () => takeSteps(0)))),
      row(setting('rate', text.rate, {min: 0.01, max: 1, step: 0.01}),
          setting('momentum', text.momentum, {min: 0, max: 0.95, step: 0.05})),
      element('div', {class: 'live-plots optimizer-plots'}, landscapes.curve, landscapes.bowl,
          element('div', {}, distances, now, next)),
      element('table', {class: 'optimizer-table'},
          element('thead', {}, element('tr', {},
              [text.direction, text.curvature, text.factor, text.measured, text.path]
                  .map((name) => element('th', {scope: 'col'}, name)))),
          body),
      note);
  update();
  return () => ({...results(), shape, running: timer !== null});
});

const dashSample = (dash) => element('svg:svg', {width: 36, height: 8, 'aria-hidden': 'true'},
    element('svg:path', {d: 'M0,4h36', 'stroke-dasharray': dash}));
const number = (value, places = 3) => {
  const size = Math.abs(value);
  const shown = size < 1e6 ? size.toFixed(places) : size.toExponential(1);
  return value < 0 && Number(shown) !== 0 ? `−${shown}` : shown;
};
const vector = (values) => {
  const shown = values.map((value) => number(value)).join(', ');
  return values.length > 1 || values[0] < 0 ? `(${shown})` : shown;
};
const weightsText = (weights) => weights.map((w, i) => `${'wb'[i]} = ${number(w)}`).join(', ');
