// Two live curves, drawn by uPlot in the colours of the page's theme.

import uPlot from 'uplot';
import uPlotStyle from 'uplot/dist/uPlot.min.css';

const HEIGHT = 220;

const style = document.createElement('style');
style.textContent = uPlotStyle;
document.head.append(style);

const colour = (name) => () =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim() || 'gray';

/**
 * @param {HTMLElement} container
 * @param {{title: string, maximum: ?number, points: boolean}} options
 * @return {{add: function(number, number), clear: function(number)}}  clear takes the number
 *     of batches that the axis shall have room for
 */
export function makeCurve(container, {title, maximum, points}) {
  let batches = [], values = [], end = 100, scheduled = false;
  const axis = (label, size) => ({
    label, size, labelSize: 18, font: '12px sans-serif', labelFont: '12px sans-serif',
    stroke: colour('--pst-color-text-base'),
    grid: {stroke: colour('--pst-color-border'), width: 1},
    ticks: {stroke: colour('--pst-color-border'), width: 1},
  });
  const plot = new uPlot({
    width: container.clientWidth,
    height: HEIGHT,
    legend: {show: false},
    cursor: {show: false},
    scales: {
      x: {time: false, range: () => [0, end]},
      y: {range: (_, low, high) => [0, maximum ?? Math.max(1, (high ?? 2.5) * 1.05)]},
    },
    axes: [axis('training batch', 34), axis(title, 44)],
    series: [{}, {
      stroke: colour('--live-accent'),
      width: 2,
      points: {show: points, size: 6, fill: colour('--live-accent')},
    }],
  }, [batches, values], container);
  const redraw = () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      plot.setData([batches, values]);
    });
  };
  new ResizeObserver(() => plot.setSize({width: container.clientWidth, height: HEIGHT}))
      .observe(container);
  new MutationObserver(() => plot.redraw())
      .observe(document.documentElement, {attributeFilter: ['data-theme']});
  return {
    add(batch, value) {
      batches.push(batch);
      values.push(value);
      redraw();
    },
    clear(length) {
      batches = [];
      values = [];
      end = length;
      redraw();
    },
  };
}
