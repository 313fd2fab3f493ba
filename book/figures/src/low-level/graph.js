// The graph in SVG: a box for each value, with its gradient, and a circle for each operation.

import {element} from '../shared/frame.js';
import {INPUTS, OPERATIONS} from './maths.js';

const WIDTH = 340, HEIGHT = 586;
const BOX = {width: 108, height: 40};
const RADIUS = 14;
const BOXES = {x: [58, 24], w: [178, 24], a: [118, 127], b: [240, 127], s: [170, 231],
  f: [170, 335], v0: [56, 335], v1: [284, 335], z0: [84, 455], z1: [256, 455], loss: [170, 564]};
const CIRCLES = [[118, 82], [170, 186], [170, 289], [84, 406], [256, 406], [170, 515]];
const SIGNS = ['×', '+', 'relu', '×', '×'];
// Where the local derivative stands beside an edge, and to which side it runs.
const LABELS = [[[-13, 'end'], [13, 'start']], [[-13, 'end'], [13, 'start']], [[8, 'start']],
  [[10, 'start'], [-8, 'end']], [[-10, 'end'], [8, 'start']], [[-8, 'end'], [8, 'start']]];
const LOWER = 12;  // the labels at the two uses of f, to leave room for what they contribute

/** Returns an SVG with show({...}), see index.js; onChoose(name) tells of a pressed input. */
export function drawGraph(text, onChoose) {
  const edges = OPERATIONS.map(({inputs, output}, i) => {
    const [x, y] = CIRCLES[i];
    const top = i === 5 ? 14 : RADIUS;
    return {
      inputs: inputs.map((name, j) => {
        let [fromX, fromY] = BOXES[name];
        fromY += BOX.height / 2;
        if (name === 'f') fromX += i === 3 ? -50 : 50;
        const toX = i === 5 ? x + (j ? 40 : -40) : x, toY = y - top;
        const [shift, anchor] = LABELS[i][j];
        const middle = [(fromX + toX) / 2, (fromY + toY) / 2 + 5];
        return {
          line: element('svg:path', {d: `M${fromX},${fromY}L${toX},${toY}`, class: 'edge'}),
          local: element('svg:text', {x: middle[0] + shift, y: middle[1] + (name === 'f' ? LOWER : 0),
            'text-anchor': anchor, class: 'local'}),
        };
      }),
      output: element('svg:path', {class: 'edge',
        d: `M${x},${y + top}L${BOXES[output][0]},${BOXES[output][1] - BOX.height / 2}`}),
    };
  });
  const circles = CIRCLES.map(([x, y], i) => element('svg:g', {class: 'operation'},
      i === 5 ? element('svg:rect', {x: x - 84, y: y - 14, width: 168, height: 28, rx: 14}) :
        element('svg:rect', {x: x - (i === 2 ? 22 : RADIUS), y: y - RADIUS, height: 2 * RADIUS,
          width: i === 2 ? 44 : 2 * RADIUS, rx: RADIUS}),
      element('svg:text', {x, y: y + 5, 'text-anchor': 'middle'}, SIGNS[i] ?? text.crossEntropy)));
  const boxes = Object.fromEntries(Object.entries(BOXES).map(([name, [x, y]]) => {
    const value = element('svg:text', {x, y: y - 3, 'text-anchor': 'middle'});
    const gradient = element('svg:text', {x, y: y + 14, 'text-anchor': 'middle', class: 'gradient'});
    const input = INPUTS.includes(name);
    const group = element('svg:g', {class: input ? 'value input' : 'value',
      onclick: input ? () => onChoose(name) : null},
    element('svg:rect', {x: x - BOX.width / 2, y: y - BOX.height / 2, ...BOX, rx: 6}), value, gradient);
    return [name, {group, value, gradient}];
  }));
  // What the two uses of f contribute to its gradient, under its box.
  const contributions = [3, 4].map((i) => element('svg:text', {
    x: BOXES.f[0] + (i === 3 ? -14 : 0), y: BOXES.f[1] + 36,
    class: 'gradient contribution',
    'text-anchor': i === 3 ? 'end' : 'start'}));
  const plus = element('svg:text', {x: BOXES.f[0] - 7, y: BOXES.f[1] + 36, 'text-anchor': 'middle',
    class: 'gradient'}, '+');

  const svg = element('svg:svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT,
    role: 'img', 'aria-label': text.graph},
  edges.flatMap(({inputs, output}) => [...inputs.map(({line}) => line), output]), circles,
  Object.values(boxes).map(({group}) => group),
  edges.flatMap(({inputs}) => inputs.map(({local}) => local)), contributions, plus);

  svg.show = ({known, gradients, locals, contributions: given, operation, backwards, chosen, paths}) => {
    const onPath = (i, j) => paths.some((path) => path.some(([a, b]) => a === i && b === j));
    for (const [name, {group, value, gradient}] of Object.entries(boxes)) {
      value.textContent = name in known ? `${name} = ${number(known[name])}` : name;
      gradient.textContent = name in gradients ? `d_${name} = ${number(gradients[name])}` : '';
      group.classList.toggle('known', name in known);
      group.classList.toggle('chosen', name === chosen);
    }
    edges.forEach(({inputs, output}, i) => {
      const passed = backwards && given[i] !== undefined;
      const name = OPERATIONS[i].output;
      const state = (line, through) => {
        line.classList.toggle('forward', name in known);
        line.classList.toggle('backward', through);
      };
      inputs.forEach(({line, local}, j) => {
        state(line, passed);
        line.classList.toggle('path', onPath(i, j));
        local.textContent = passed ? `× ${number(locals[i][j])}` : '';
      });
      state(output, name in gradients);
      output.classList.toggle('path', inputs.some((_, j) => onPath(i, j)));
      circles[i].classList.toggle('now', i === operation);
      circles[i].classList.toggle('backwards', backwards);
    });
    contributions.forEach((shown, k) => {
      const own = backwards ? given[3 + k] : undefined;
      shown.textContent = own ? (k ? inBrackets : String)(number(own[0])) : '';
    });
    plus.textContent = backwards && given[3] ? '+' : '';
  };
  return svg;
}

/** A number with at most three decimals. */
export function number(value) {
  const shown = String(Number(Math.abs(value).toFixed(3)));
  return value < 0 && shown !== '0' ? `−${shown}` : shown;
}
export const inBrackets = (shown) => shown.startsWith('−') ? `(${shown})` : shown;
