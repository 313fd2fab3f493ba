// The drawing pad: what is drawn, the image that the network sees, and its ten answers.
// The network itself is loaded when the reader first touches the pad.

import {fromBase64} from './base64.js';
import {IMAGE_SIZE, toMnistForm} from './mnist-form.js';
import {paint} from './paint.js';
import {loadParts} from './parts.js';
import {withProgress} from './progress.js';
import {PAD_SIZE, drawForReader, inkOf} from './strokes.js';
import css from './style.css';

const KEY_STEP = 10;
const KEY_DIRECTIONS =
    {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

const style = document.createElement('style');
style.textContent = css;
document.head.append(style);

const element = (id) => document.getElementById(id);
const pad = element('pad');
const prediction = element('prediction');
const status = element('pad-status');
const cursor = element('pad-cursor');
const bars = [...document.querySelectorAll('#probabilities li')];
const visible = pad.getContext('2d');
const hidden = Object.assign(document.createElement('canvas'),
    {width: PAD_SIZE, height: PAD_SIZE}).getContext('2d', {willReadFrequently: true});
const view = element('network-view');

let strokes = [];
let network = null;
let engine = null;
let drawingPointer = null;
let scheduled = false;

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

function changed() {
  drawForReader(visible, strokes);
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    answer();
  });
}

function answer() {
  const image = toMnistForm(inkOf(hidden, strokes), PAD_SIZE, PAD_SIZE);
  paint(view, image);
  if (!image) {
    showProbabilities(null);
    say('The pad is blank. Draw a digit from 0 to 9.');
  } else if (network) {
    showProbabilities(network.predict(image));
    say('');
  } else {
    load();
  }
}

function showProbabilities(probabilities) {
  const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
  const digit = best < 0 ? '' : String(best);
  if (prediction.textContent !== digit) prediction.textContent = digit;
  bars.forEach((bar, i) => {
    const percent = probabilities ? 100 * probabilities[i] : 0;
    bar.classList.toggle('best', i === best);
    bar.querySelector('.bar').style.width = `${percent}%`;
    bar.querySelector('.percent').textContent = probabilities ? `${percent.toFixed(0)} %` : '';
  });
}

async function load() {
  if (engine) return;
  try {
    say('Loading the network.');
    const [{loadEngine}, {layers, weights}] = await withProgress(element('pad-progress'),
        (onProgress) => loadParts(['engine', 'model'], onProgress));
    const made = await loadEngine();
    if (engine) return;
    engine = made;
    use({layers, weights: weights.map((text) => new Float32Array(fromBase64(text).buffer))});
  } catch (error) {
    say(`The network did not start: ${error.message}. Draw again to try once more.`);
  }
}

function use({layers, weights}) {
  network = engine.build(layers);
  network.setWeights(weights);
  answer();
}

function place(event) {
  const box = pad.getBoundingClientRect();
  return [
    (event.clientX - box.left) / box.width * PAD_SIZE,
    (event.clientY - box.top) / box.height * PAD_SIZE,
  ];
}

pad.addEventListener('pointerdown', (event) => {
  if (event.button !== 0 || drawingPointer !== null) return;
  drawingPointer = event.pointerId;
  pad.setPointerCapture(event.pointerId);
  strokes.push([place(event)]);
  changed();
});

pad.addEventListener('pointermove', (event) => {
  if (event.pointerId !== drawingPointer) return;
  const events = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).push(...(events.length ? events : [event]).map(place));
  changed();
});

for (const type of ['pointerup', 'pointercancel']) {
  pad.addEventListener(type, (event) => {
    if (event.pointerId === drawingPointer) drawingPointer = null;
  });
}

// Drawing by keyboard: a pen that the arrow keys move, up or down.
const pen = {x: PAD_SIZE / 2, y: PAD_SIZE / 4, down: false, keys: new Set()};

function showPen() {
  cursor.style.left = `${100 * pen.x / PAD_SIZE}%`;
  cursor.style.top = `${100 * pen.y / PAD_SIZE}%`;
  cursor.classList.toggle('down', pen.down);
}

pad.addEventListener('keydown', (event) => {
  if (event.key === ' ') {
    pen.down = !pen.down;
    if (pen.down) strokes.push([[pen.x, pen.y]]);
    say(pen.down ? 'Pen down.' : 'Pen up.');
  } else if (event.key in KEY_DIRECTIONS) {
    pen.keys.add(event.key);
    for (const key of pen.keys) {
      const [x, y] = KEY_DIRECTIONS[key];
      pen.x = Math.min(Math.max(pen.x + x * KEY_STEP, 0), PAD_SIZE);
      pen.y = Math.min(Math.max(pen.y + y * KEY_STEP, 0), PAD_SIZE);
    }
    if (pen.down) strokes.at(-1).push([pen.x, pen.y]);
  } else if (event.key === 'Escape' || event.key === 'Delete') {
    clear();
  } else if (event.key === 'Backspace' || (event.key === 'z' && (event.ctrlKey || event.metaKey))) {
    undo();
  } else {
    return;
  }
  event.preventDefault();
  showPen();
  if (pen.down) changed();
});
pad.addEventListener('keyup', (event) => pen.keys.delete(event.key));
pad.addEventListener('blur', () => {
  pen.keys.clear();
  pen.down = false;
  showPen();
});

function undo() {
  pen.down = false;
  strokes.pop();
  changed();
}

function clear() {
  pen.down = false;
  strokes = [];
  changed();
}

element('undo').addEventListener('click', undo);
element('clear').addEventListener('click', clear);
for (const type of ['pointerenter', 'focus']) {
  pad.addEventListener(type, load, {once: true});
}

// The trainer hands its network over by this event.
document.addEventListener('mnist-model', async ({detail}) => {
  await load();
  if (!engine) return;
  use(detail);
  say('The pad now asks the network that you trained.');
});

showPen();
paint(view, null);
element('pad-figure').hidden = false;
