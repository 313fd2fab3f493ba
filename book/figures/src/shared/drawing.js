// A pad to draw a digit on, by mouse, touch or keyboard, with undo and redo; and a choice
// between drawing a digit and taking one of MNIST's validation images.

import {fromBase64, unzip} from '../base64.js';
import {IMAGE_SIZE, toMnistForm} from '../mnist-form.js';
import {loadParts} from '../parts.js';
import {PAD_SIZE, drawForReader, inkOf} from '../strokes.js';
import {button, eachFrame, element, fill, row, textsOf} from './frame.js';
import {imageCanvas} from './images.js';
import texts from './text.json';

const PIXELS = IMAGE_SIZE * IMAGE_SIZE;
const KEY_STEP = 10;
const DIRECTIONS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

/**
 * A pad with its buttons. Besides strokes it can show a picture, which the next stroke replaces.
 *
 * @param {{onImage: function(?Uint8ClampedArray), width: string, say: function(string)}} options
 *     onImage gets the 28x28 grey values in MNIST's form after each change, null when the pad is
 *     blank; say is told when the keyboard's pen goes up or down
 * @return {HTMLElement & {canvas: HTMLCanvasElement, help: HTMLElement, buttons: Object,
 *     clear: function(), show: function(Object)}}  help is a hidden paragraph on what the keys do, to be shown where
 *     there is room. clear empties the pad without onImage. show({paint, onShow}) is a step like a
 *     stroke: it calls paint(context, size) whenever the pad is drawn, and onShow in place of
 *     onImage
 */
export function drawingPad({onImage, width = '168px', say = () => {}}) {
  const text = textsOf(texts);
  drawingPad.count = (drawingPad.count ?? 0) + 1;
  const help = element('p', {id: `live-keys-${drawingPad.count}`, hidden: true}, text.keys);
  const pad = element('canvas', {class: 'live-pad', width: PAD_SIZE, height: PAD_SIZE, tabindex: 0,
    role: 'application', 'aria-label': text.pad, 'aria-describedby': help.id});
  const cursor = element('span', {class: 'live-pen', 'aria-hidden': 'true'});
  const visible = pad.getContext('2d');
  const hidden = element('canvas', {width: PAD_SIZE, height: PAD_SIZE})
      .getContext('2d', {willReadFrequently: true});
  const pen = {x: PAD_SIZE / 2, y: PAD_SIZE / 4, down: false, keys: new Set()};
  const blank = {strokes: [], picture: null};
  // Both hold what the pad has shown: clearing it is one step that can be undone.
  let past = [], future = [], now = blank, pointer = null;

  const changed = eachFrame(() => {
    show();
    if (now.picture) now.picture.onShow();
    else onImage(toMnistForm(inkOf(hidden, now.strokes), PAD_SIZE, PAD_SIZE));
  });
  const undo = button(text.undo, () => move(past, future));
  const redo = button(text.redo, () => move(future, past));
  const clear = button(text.clear, () => {
    if (!isBlank()) go(blank);
  });
  const isBlank = () => !now.strokes.length && !now.picture;

  function go(next) {
    past.push(now);
    future = [];
    now = next;
    changed();
  }
  function move(from, to) {
    if (!from.length) return;
    to.push(now);
    now = from.pop();
    pen.down = false;
    pointer = null;
    changed();
  }
  const begin = (point) => go({strokes: [...now.strokes, [point]], picture: null});
  function show() {
    const scale = pad.width / PAD_SIZE;
    visible.setTransform(scale, 0, 0, scale, 0, 0);
    drawForReader(visible, now.strokes);
    now.picture?.paint(visible, PAD_SIZE);
    // Not with the attribute "disabled": a button that was just pressed would lose the focus.
    undo.setAttribute('aria-disabled', !past.length);
    redo.setAttribute('aria-disabled', !future.length);
    clear.setAttribute('aria-disabled', isBlank());
    cursor.style.left = `${100 * pen.x / PAD_SIZE}%`;
    cursor.style.top = `${100 * pen.y / PAD_SIZE}%`;
    cursor.classList.toggle('down', pen.down);
  }
  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * PAD_SIZE,
      (event.clientY - box.top) / box.height * PAD_SIZE];
  };

  pad.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || pointer !== null) return;
    pointer = event.pointerId;
    pad.setPointerCapture(pointer);
    pen.down = false;
    begin(place(event));
  });
  pad.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    now.strokes.at(-1).push(...(events.length ? events : [event]).map(place));
    changed();
  });
  for (const type of ['pointerup', 'pointercancel']) {
    pad.addEventListener(type, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }
  pad.addEventListener('keydown', (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (event.key === ' ') {
      if (event.repeat) return event.preventDefault();
      pen.down = !pen.down;
      pointer = null;
      if (pen.down) begin([pen.x, pen.y]);
      say(pen.down ? text.penDown : text.penUp);
    } else if (event.key in DIRECTIONS && !command && !event.altKey) {
      pen.keys.add(event.key);  // two at once move it diagonally
      for (const key of pen.keys) {
        const [x, y] = DIRECTIONS[key];
        pen.x = Math.min(Math.max(pen.x + x * KEY_STEP, 0), PAD_SIZE);
        pen.y = Math.min(Math.max(pen.y + y * KEY_STEP, 0), PAD_SIZE);
      }
      if (pen.down) {
        now.strokes.at(-1).push([pen.x, pen.y]);
        changed();
      }
    } else if (event.key === 'Escape' || event.key === 'Delete') {
      pen.down = false;
      clear.click();
    } else if (event.key === 'Backspace' || (command && event.key === 'z' && !event.shiftKey)) {
      move(past, future);
    } else if (command && (event.key === 'y' || event.key === 'Z')) {
      move(future, past);
    } else {
      return;
    }
    event.preventDefault();
    show();
  });
  pad.addEventListener('keyup', (event) => pen.keys.delete(event.key));
  pad.addEventListener('blur', () => {
    pen.down = false;
    pen.keys.clear();
    show();
  });
  sharpen(pad, show);

  show();
  const whole = element('div', {class: 'live-drawing', style: `width: ${width}`},
      element('div', {class: 'live-pad-frame'}, pad, cursor), row(undo, redo, clear), help);
  Object.assign(whole, {canvas: pad, help, buttons: {undo, redo, clear}});
  whole.show = (picture) => go({strokes: [], picture});
  whole.clear = () => {
    past = [];
    future = [];
    now = blank;
    show();
  };
  return whole;
}

/** Gives a square canvas as many pixels as the screen has for it, also after zooming. */
function sharpen(canvas, show) {
  const fit = () => {
    const pixels = Math.round(canvas.clientWidth * devicePixelRatio);
    if (!pixels || pixels === canvas.width) return;
    canvas.width = canvas.height = pixels;
    show();
  };
  new ResizeObserver(fit).observe(canvas);
  addEventListener('resize', fit);
}

let loaded;

/**
 * Loads digits of MNIST's validation split, six of each class.
 *
 * @return {Promise<Array<{image: Uint8Array, label: number}>>}  28x28 grey values; number i
 *     has the label i % 10
 */
export function loadDigits() {
  loaded ??= (async () => {
    const [{images, labels}] = await loadParts(['digits']);
    const pixels = await unzip(images);
    return Array.from(fromBase64(labels), (label, i) =>
      ({image: pixels.subarray(i * PIXELS, (i + 1) * PIXELS), label}));
  })();
  return loaded;
}

/**
 * A pad beside ten digits of MNIST to take instead.
 *
 * @param {{onImage: function(?ArrayLike<number>, ?number), draw: boolean, start: number}} options
 *     onImage gets 28x28 grey values, null for a blank pad, and the label where it is known;
 *     start is the digit that is taken first
 * @return {Promise<HTMLElement>}
 */
export async function digitInput({onImage, draw = true, start = 0}) {
  const text = textsOf(texts);
  const digits = await loadDigits();
  let page = 0;
  const pad = draw ? drawingPad({onImage: (image) => {
    mark(-1);
    onImage(image, null);
  }}) : null;
  const samples = Array.from({length: 10}, (_, i) => {
    const canvas = imageCanvas({width: '40px', label: ''});
    canvas.setAttribute('aria-hidden', 'true');
    const made = button(canvas, () => take(i), {
      class: 'live-sample', 'aria-label': fill(text.sample, {digit: i})});
    made.show = () => canvas.show(digits[10 * page + i].image, 255);
    return made;
  });
  function mark(chosen) {
    samples.forEach((sample, i) => sample.setAttribute('aria-pressed', i === chosen));
  }
  function take(i) {
    pad?.clear();
    mark(i);
    const {image, label} = digits[10 * page + i];
    onImage(image, label);
  }
  function turn(to) {
    page = to % (digits.length / 10);
    for (const sample of samples) sample.show();
    mark(-1);
  }
  const others = button(text.others, () => turn(page + 1));
  turn(0);
  take(start);
  return element('div', {class: 'live-input'},
      pad && element('div', {}, element('div', {}, text.draw), pad),
      element('div', {class: 'live-samples'},
          pad && element('div', {}, text.choose), element('div', {}, samples), others));
}
