// The plots of the figure: the curve and the bowl with a path on them, and the distance per step.

import {scaleLinear, scaleLog} from 'd3-scale';
import {element} from '../shared/frame.js';
import {curve, plot} from '../shared/plot.js';
import {handle} from './handle.js';
import {LOSSES} from './maths.js';

const SIZE = {width: 360, height: 348};
const OUTSIDE = 1000;  // nothing so far away is drawn: it would only strain the browser
const CONTOURS = [0.1, 0.4, 1, 2, 4, 7, 11, 16, 22, 30, 40];  // above the lowest loss
export const DASHES = ['2 4', '8 4'];  // of the directions across and along the valley

/** The loss over one weight; onMove gets the start that the reader chooses. */
export function curvePlot(text, onMove) {
  const {loss, gradient, lowest} = LOSSES.curve;
  return landscape({
    x: scaleLinear([-3, 9], [0, 1]), y: scaleLinear([-5, 40], [0, 1]), yLabel: text.loss,
    label: text.curveLabel, text,
    place: ([w]) => [w, loss([w])],
    onMove: (w) => onMove([w]),
    ahead: ({weights}) => [-1, 1].map((side) =>
      [weights[0] + side, loss(weights) + side * gradient(weights)[0]]),
    draw: (area, x, y) => {
      curve(area, x, y).show(Array.from({length: 121}, (_, i) => -3 + i / 10)
          .map((w) => [w, loss([w])]));
      markLowest(area, x(lowest[0]), y(loss(lowest)), text);
    },
  });
}

/** The contour lines of the loss over two weights. */
export function bowlPlot(text, onMove) {
  const {axes, curvatures, lowest} = LOSSES.bowl;
  return landscape({
    x: scaleLinear([-1, 7], [0, 1]), y: scaleLinear([-4, 4], [0, 1]), yLabel: text.weightB,
    label: text.bowlLabel, text,
    place: (weights) => weights,
    onMove: (w, b) => onMove([w, b]),
    ahead: ({weights, velocity, momentum, next}) =>
      [weights, weights.map((w, i) => w + momentum * velocity[i]), next.weights],
    draw: (area, x, y) => {
      // A quadratic loss has ellipses for contour lines; one unit is as long in x as in y.
      const unit = x(1) - x(0);
      const turn = -180 / Math.PI * Math.atan2(axes[0][1], axes[0][0]);
      area.append(element('svg:g', {
        transform: `translate(${x(lowest[0])}, ${y(lowest[1])}) rotate(${turn})`,
        class: 'contours',
      }, [...CONTOURS].reverse().map((level) => element('svg:ellipse', {
        rx: unit * Math.sqrt(2 * level / curvatures[0]),
        ry: unit * Math.sqrt(2 * level / curvatures[1]),
      }))));
      markLowest(area, x(lowest[0]), y(lowest[1]), text);
    },
  });
}

function markLowest(area, x, y, text) {
  area.append(
      element('svg:path', {d: `M${x - 6},${y}h12M${x},${y - 6}v12`, stroke: 'currentColor'}),
      element('svg:text', {x, y: y + 24, 'text-anchor': 'middle'}, text.lowest));
}

/**
 * A plot of the loss with a path on it.
 *
 * place gives weights their place in it; ahead gives the points of the dashed line.
 * show(results) draws the path, and inside(weights) says whether they are in the picture.
 */
function landscape({x, y, yLabel, label, text, place, onMove, ahead, draw}) {
  const svg = plot({...SIZE, x, y, xLabel: text.weightW, yLabel, label});
  svg.setAttribute('role', 'group');  // it holds what can be moved
  const [left, right] = x.range(), [bottom, top] = y.range();
  const id = `optimizer-clip-${landscape.count = (landscape.count ?? 0) + 1}`;
  svg.prepend(element('svg:clipPath', {id}, element('svg:rect',
      {x: left, y: top, width: right - left, height: bottom - top})));
  svg.area.setAttribute('clip-path', `url(#${id})`);
  draw(svg.area, x, y);
  const dashed = curve(svg.area, x, y, {stroke: 'currentColor', 'stroke-dasharray': '5 3'});
  const line = curve(svg.area, x, y, {class: 'path'});
  const stops = dots(svg.area, x, y);
  const ball = element('svg:circle', {class: 'ball', r: 6});
  const word = element('svg:text', {'aria-hidden': 'true'}, text.start);
  svg.area.append(ball, word);
  const grip = handle(svg, {x, y, label: text.startLabel, step: 0.1, onMove});

  svg.show = (results, words) => {
    const {path} = results;
    const gone = path.findIndex(({weights}) => weights.some((w) => Math.abs(w) > OUTSIDE));
    const places = path.slice(0, gone < 0 ? path.length : gone).map(({weights}) => place(weights));
    line.show(places);
    stops.show(places);
    dashed.show(gone < 0 ? ahead(results) : []);
    const [a, b] = places.at(-1);
    ball.setAttribute('transform', `translate(${x(a)}, ${y(b)})`);
    const [startX, startY] = places[0];
    grip.show(startX, startY, words);
    const atLeft = x(startX) - left > 60;
    word.setAttribute('text-anchor', atLeft ? 'end' : 'middle');
    word.setAttribute('x', Math.max(x(startX) + (atLeft ? -14 : 0), left + 20));
    word.setAttribute('y', y(startY) + (atLeft ? 4 : y(startY) < bottom - 40 ? 26 : -16));
  };
  svg.inside = (weights) => place(weights).every((value, i) => {
    const [low, high] = [x, y][i].domain();
    return value >= low && value <= high;
  });
  return svg;
}

/** The distance to the lowest point after each step, and on the bowl its two parts. */
export function distancePlot(text) {
  const x = scaleLinear([0, 20], [0, 1]), y = scaleLog([0.001, 100], [0, 1]).clamp(true);
  const svg = plot({width: 360, height: 240, x, y, xLabel: text.steps, yLabel: text.distance,
    label: text.distanceLabel, ticks: [5, [5, '~g']],
    margin: {top: 12, right: 14, bottom: 42, left: 70}});
  const lines = DASHES.map((dash) => curve(svg.area, x, y, {'stroke-dasharray': dash}));
  const whole = curve(svg.area, x, y, {class: 'path'});
  const stops = dots(svg.area, x, y);
  svg.show = ({parts, sizes}) => {
    x.domain([0, [20, 50, 100].find((end) => end >= sizes.length - 1)]);
    svg.refresh();
    const points = (values) => values.map((value, i) => [i, Math.abs(value)]);
    whole.show(points(sizes));
    stops.show(points(sizes));
    lines.forEach((line, i) => line.show(
        parts[0].length > 1 ? points(parts.map((part) => part[i])) : []));
  };
  return svg;
}

/** A dot for each step, all in one path. */
function dots(parent, x, y) {
  const path = element('svg:path', {class: 'path', 'stroke-width': 7, 'stroke-linecap': 'round'});
  path.show = (points) => path.setAttribute('d',
      points.map(([a, b]) => `M${x(a).toFixed(2)},${y(b).toFixed(2)}h0`).join(''));
  parent.append(path);
  return path;
}
