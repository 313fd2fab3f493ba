// Axes and curves in SVG, by D3's scales and axes. All sizes are in the units of the drawing,
// which the page scales to the width there is.

import {axisBottom, axisLeft} from 'd3-axis';
import {select} from 'd3-selection';
import {element} from './frame.js';

/**
 * An SVG with two axes.
 *
 * @param {{width: number, height: number, x: Function, y: Function, xLabel: string,
 *     yLabel: string, label: string, ticks: Array}} options  x and y are D3 scales; their
 *     ranges are set here; label is what the plot shows, for screen readers; ticks are how many
 *     there are on each axis, or [how many, format] as D3 takes them
 * @return {SVGElement & {area: SVGElement, refresh: function()}}  draw into area; refresh draws
 *     the axes again after a scale's domain has changed
 */
export function plot({width = 360, height = 240, x, y, xLabel, yLabel, label, ticks = [5, 5],
  margin = {top: 12, right: 14, bottom: 42, left: 52}}) {
  x.range([margin.left, width - margin.right]);
  y.range([height - margin.bottom, margin.top]);
  const xAxis = element('svg:g', {transform: `translate(0, ${height - margin.bottom})`});
  const yAxis = element('svg:g', {transform: `translate(${margin.left}, 0)`});
  const area = element('svg:g');
  const svg = element('svg:svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
    'aria-label': label}, xAxis, yAxis, area,
  element('svg:text', {x: (margin.left + width - margin.right) / 2, y: height - 6,
    'text-anchor': 'middle'}, xLabel),
  element('svg:text', {transform: `translate(13, ${(margin.top + height - margin.bottom) / 2}) ` +
    'rotate(-90)', 'text-anchor': 'middle'}, yLabel));
  svg.area = area;
  svg.refresh = () => {
    select(xAxis).call(axisBottom(x).ticks(...[ticks[0]].flat()).tickSizeOuter(0));
    select(yAxis).call(axisLeft(y).ticks(...[ticks[1]].flat()).tickSizeOuter(0));
    for (const axis of [xAxis, yAxis]) axis.removeAttribute('font-family');
  };
  svg.refresh();
  return svg;
}

/** A path in an SVG; show(points) draws it through points [x, y] in the scales' units. */
export function curve(parent, x, y, properties = {}) {
  const path = element('svg:path', {
    fill: 'none', stroke: 'var(--live-accent)', 'stroke-width': 2, ...properties});
  parent.append(path);
  path.show = (points) => path.setAttribute('d', points
      .map(([a, b], i) => `${i ? 'L' : 'M'}${x(a).toFixed(2)},${y(b).toFixed(2)}`).join(''));
  return path;
}
