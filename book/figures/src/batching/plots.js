// The plots of the figure: the batches' gradients as arrows, and noise and time by batch size.

import {scaleLinear, scaleLog} from 'd3-scale';
import {element} from '../shared/frame.js';
import {curve, plot} from '../shared/plot.js';

const HEAD = 6;

/** Arrows from zero to the gradient of each batch, and to the full gradient. */
export function arrowPlot(text) {
  const x = scaleLinear([-1.2, 2.8], [0, 1]), y = scaleLinear([-2, 2], [0, 1]);
  const svg = plot({width: 360, height: 350, x, y, xLabel: text.alongAxis, yLabel: text.acrossAxis,
    label: text.arrowsLabel, margin: {top: 12, right: 14, bottom: 42, left: 50}});
  const [left, right] = x.range(), [bottom, top] = y.range();
  svg.prepend(element('svg:clipPath', {id: 'batching-clip'}, element('svg:rect',
      {x: left, y: top, width: right - left, height: bottom - top})));
  svg.area.setAttribute('clip-path', 'url(#batching-clip)');
  const zero = element('svg:path', {class: 'zero',
    d: `M${x(0)},${top}V${bottom}M${left},${y(0)}H${right}`});
  const [shafts, backShafts, heads, backHeads, full] =
      ['arrows', 'arrows back dashed', 'arrows', 'arrows back', 'full'].map((name) =>
        element('svg:path', {class: name}));
  const ring = element('svg:circle', {class: 'ring'});
  const label = element('svg:text', {'text-anchor': 'middle', class: 'full-name'}, text.full);
  svg.area.append(zero, shafts, backShafts, heads, backHeads, ring, full, label);

  const shaft = ([a, b]) => `M${x(0)},${y(0)}L${x(a).toFixed(1)},${y(b).toFixed(1)}`;
  const head = ([a, b]) => {
    const direction = Math.atan2(y(b) - y(0), x(a) - x(0));
    const corner = (size, turn) => `${(x(a) - size * Math.cos(direction + turn)).toFixed(1)},${
      (y(b) - size * Math.sin(direction + turn)).toFixed(1)}`;
    return `M${corner(HEAD, 0.5)}L${corner(0, 0)}L${corner(HEAD, -0.5)}`;
  };
  const draw = (path, shape, points) => path.setAttribute('d', points.map(shape).join(''));
  svg.show = (points, norm, noise) => {
    const towards = points.filter(([a]) => a >= 0), away = points.filter(([a]) => a < 0);
    draw(shafts, shaft, towards);
    draw(heads, head, towards);
    draw(backShafts, shaft, away);
    draw(backHeads, head, away);
    draw(full, (point) => shaft(point) + head(point), [[norm, 0]]);
    ring.setAttribute('cx', x(norm));
    ring.setAttribute('cy', y(0));
    ring.setAttribute('r', x(noise) - x(0));
    label.setAttribute('x', x(norm / 2));
    label.setAttribute('y', y(0) - 8);
  };
  const [[least, most], [lowest, highest]] = [x.domain(), y.domain()];
  svg.outside = (points) => points.filter(([a, b]) =>
    a < least || a > most || b < lowest || b > highest).length;
  return svg;
}

/**
 * A plot by batch size, both axes logarithmic.
 *
 * Each of lines has a name, which is written from where ("anchor", as in SVG) at point number at of
 * the line, below it or above. show(values, n) draws [{line, dots}], and marks the size n.
 */
export function sizePlot({sizes, domain, yLabel, label, height, yTicks, lines}) {
  const x = scaleLog([0.8, 1300], [0, 1]).base(4), y = scaleLog(domain, [0, 1]);
  const svg = plot({width: 360, height, x, y, xLabel: '', yLabel, label, ticks: [[5, ','], [yTicks, '~g']],
    margin: {top: 12, right: 14, bottom: 24, left: 50}});
  const mark = element('svg:path', {class: 'mark'});
  svg.area.append(mark);
  const shown = lines.map(({name, kind, anchor, at, below}) => {
    const line = curve(svg.area, x, y, {class: `line ${kind}`});
    const dots = element('svg:path', {class: `dots ${kind}`});
    const word = element('svg:text', {'text-anchor': anchor, class: kind, 'aria-hidden': 'true'}, name);
    svg.area.append(dots, word);
    return {line, dots, word, at, below};
  });
  const [bottom, top] = y.range();
  svg.show = (values, n) => {
    mark.setAttribute('d', `M${x(n)},${bottom}V${top}`);
    values.forEach(({line, dots}, i) => {
      const parts = shown[i];
      parts.line.show(sizes.map((size, k) => [size, line[k]]));
      parts.dots.setAttribute('d',
          (dots ?? []).map((value, k) => `M${x(sizes[k])},${y(value)}h0`).join(''));
      parts.word.setAttribute('x', x(sizes[parts.at]) + (parts.below ? 2 : 8));
      parts.word.setAttribute('y', y(line[parts.at]) + (parts.below ? 22 : -6));
    });
  };
  return svg;
}
