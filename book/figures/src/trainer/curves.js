// The loss of every batch and the accuracy of every evaluation.

import {scaleLinear} from 'd3-scale';
import {curve, plot} from '../shared/plot.js';
import {eachFrame, element} from '../shared/frame.js';

const HEIGHT = 200;
const MOST_POINTS = 1000;  // of a longer curve, every so many-th is drawn

/** Two plots; add(kind, batch, value) goes on with "loss" or "accuracy", clear(batches) begins. */
export function makeCurves(text, width) {
  const make = (yLabel, highest, label, ticks) => {
    const x = scaleLinear([0, 100], [0, 1]);
    const y = scaleLinear([0, highest], [0, 1]);
    const svg = plot({width, height: HEIGHT, x, y, xLabel: text.batch, yLabel, label, ticks,
      margin: {top: 12, right: 14, bottom: 42, left: 60}});
    const path = curve(svg.area, x, y);
    const last = element('svg:circle', {r: 3.5, fill: 'var(--live-accent)', visibility: 'hidden'});
    svg.area.append(last);
    return {x, y, svg, path, last, highest, values: []};
  };
  const curves = {
    loss: make(text.loss, 2.5, text.lossCurve, [5, 5]),
    accuracy: make(text.accuracy, 1, text.accuracyCurve, [5, [5, '%']]),
  };
  let end = 100;

  const draw = eachFrame(() => {
    for (const {x, y, svg, path, last, highest, values} of Object.values(curves)) {
      const most = values.reduce((a, [, value]) => Math.max(a, value), highest);
      if (x.domain()[1] !== end || y.domain()[1] !== most) {
        x.domain([0, end]);
        y.domain([0, most]);
        svg.refresh();
      }
      const every = Math.ceil(values.length / MOST_POINTS);
      path.show(values.filter((_, i) => i % every === 0 || i === values.length - 1));
      const [batch, value] = values.at(-1) ?? [0, 0];
      last.setAttribute('visibility', values.length ? 'visible' : 'hidden');
      last.setAttribute('cx', x(batch));
      last.setAttribute('cy', y(value));
    }
  });

  return {
    plots: element('div', {class: 'live-plots'}, curves.loss.svg, curves.accuracy.svg),
    add(kind, batch, value) {
      if (Number.isFinite(value)) curves[kind].values.push([batch, value]);
      draw();
    },
    clear(batches) {
      end = batches;
      curves.loss.values = [];
      curves.accuracy.values = [];
      draw();
    },
    state: () => ({losses: [...curves.loss.values], accuracies: [...curves.accuracy.values]}),
  };
}
