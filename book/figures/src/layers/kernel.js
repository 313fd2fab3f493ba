// One kernel over one image: the window, its products, and the map that they fill.

import {
  button, checkbox, choice, eachFrame, element, fill, lessMotion, row, slider,
} from '../shared/frame.js';
import {cellOf, imageCanvas, paintOf} from '../shared/images.js';
import {K, PRESETS, SIZE, mapOf, maxPool, placesOf, sum, windowAt} from './maths.js';

const SECONDS = 4;  // that filling the map takes
const START = 5 * 24 + 11;  // places filled at first; the window is at the last of them
const LARGEST_WEIGHT = 2;
const MOVES = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
  Home: [0, -SIZE], End: [0, SIZE]};

/** Returns {element, show(image), take(kernel, bias), say(), state()}. */
export function kernelView({text, say, network}) {
  let image = new Float32Array(SIZE * SIZE);
  let kernel = [...PRESETS.vertical], bias = 0, chosen = 12;
  let stride = 1, padding = 'valid', relu = false, pool = false;
  let places = placesOf(stride, padding);
  let map = [], filled = null, running = null;
  const at = {row: Math.floor((START - 1) / places.side), column: (START - 1) % places.side};

  const activate = (value) => relu ? Math.max(value, 0) : value;
  const compute = () => { map = mapOf(image, kernel, bias, stride, places); };
  const blank = (first = 0) => { filled = map.map((_, i) => i < first); };

  // The image, the map and the pooled map, all with pixels of one size.
  const picture = imageCanvas({width: '100%', label: ''});
  const canvases = {map: null, pooled: null};
  const marks = Object.fromEntries(['window', 'place', 'block'].map((name) =>
    [name, element('span', {class: `mark ${name}`})]));
  const board = (label) => element('div', {class: 'board', tabindex: label && 0,
    role: label ? 'application' : null, 'aria-label': label});
  const imageBoard = board(text.imageLabel), mapBoard = board(text.mapLabel), poolBoard = board();
  const captions = [element('div'), element('div'), element('div')];
  const shape = element('div', {class: 'shape'});
  imageBoard.append(picture, marks.window);
  picture.setAttribute('aria-hidden', 'true');

  function goTo(r, c) {
    at.row = Math.min(Math.max(r, 0), places.side - 1);
    at.column = Math.min(Math.max(c, 0), places.side - 1);
    filled[at.row * places.side + at.column] = true;
    update();
  }
  /** Lets a board be dragged on, and moved on by the arrow keys. */
  function movable(target, placeOf) {
    target.addEventListener('pointerdown', (event) => {
      target.setPointerCapture(event.pointerId);
      stop();
      goTo(...placeOf(event));
    });
    target.addEventListener('pointermove', (event) => {
      if (target.hasPointerCapture(event.pointerId)) goTo(...placeOf(event));
    });
    target.addEventListener('keydown', (event) => {
      if (!(event.key in MOVES)) return;
      event.preventDefault();
      stop();
      const [r, c] = MOVES[event.key];
      goTo(at.row + r, at.column + c);
    });
  }
  // The pointer holds the window by its middle.
  movable(imageBoard, (event) => cellOf(event, picture, SIZE, SIZE)
      .map((pixel) => Math.round((pixel + places.before - 2) / stride)));
  movable(mapBoard, (event) => cellOf(event, mapBoard, places.side, places.side));

  // The 25 pixels, weights and products.
  const grid = (properties) => {
    const cells = Array.from({length: K * K}, () => element('span'));
    return Object.assign(element('div', {class: 'grid', ...properties}, cells), {cells});
  };
  const grids = {
    window: grid({}),
    weights: grid({tabindex: 0, role: 'application', 'aria-label': text.weightsLabel}),
    products: grid({}),
  };
  const term = (name) => element('figure', {class: `term ${name}`},
      element('figcaption', {}, text[name]), grids[name]);
  const sums = Object.fromEntries(['sum', 'plusBias', 'thenRelu', 'value'].map((name) =>
    [name, element('span', {}, element('span', {}, text[name]), ' ', element('b'))]));

  grids.weights.addEventListener('pointerdown', (event) => {
    const cell = grids.weights.cells.indexOf(event.target);
    if (cell >= 0) choose(cell);
  });
  grids.weights.addEventListener('keydown', (event) => {
    const step = {'+': 0.1, '=': 0.1, '-': -0.1}[event.key];
    if (step) {
      setWeight(Math.round(10 * kernel[chosen] + 10 * step) / 10);
    } else if (event.key in MOVES) {
      const [r, c] = MOVES[event.key];
      const clip = (value) => Math.min(Math.max(value, 0), K - 1);
      choose(clip(Math.floor(chosen / K) + r) * K + clip(chosen % K + c));
    } else {
      return;
    }
    event.preventDefault();
  });
  const weightName = element('span');
  const weight = slider({label: weightName, min: -LARGEST_WEIGHT, max: LARGEST_WEIGHT, step: 0.1,
    value: kernel[chosen], format: () => number(kernel[chosen]), onInput: setWeight});
  const biasSlider = slider({label: text.bias, min: -2, max: 2, step: 0.1, value: 0,
    format: () => number(bias), onInput: (value) => {
      bias = value;
      changed();
    }});
  function choose(cell) {
    chosen = cell;
    weightName.textContent =
        fill(text.weight, {row: Math.floor(cell / K), column: cell % K});
    weight.value = kernel[cell];
    update();
  }
  function setWeight(value) {
    kernel[chosen] = Math.min(Math.max(value, -LARGEST_WEIGHT), LARGEST_WEIGHT);
    weight.value = kernel[chosen];
    changed();
  }

  // Kernels to start from.
  const presets = [
    ...Object.entries(PRESETS).map(([name, values]) => ({name: text[name], values, bias: 0})),
    ...Array.from({length: 8}, (_, i) => ({name: fill(text.filter, {i}), short: String(i),
      values: Array.from({length: K * K}, (_, j) => network.weights[0][8 * j + i]),
      bias: network.weights[1][i]})),
  ];
  for (const preset of presets) {
    const small = imageCanvas({rows: K, columns: K, width: '25px', label: '', signed: true});
    small.setAttribute('aria-hidden', 'true');
    small.show(preset.values);
    preset.button = button(small, () => take(preset.values, preset.bias),
        {class: 'preset', 'aria-label': preset.name});
    preset.button.append(preset.short ?? preset.name);
  }
  function take(values, own) {
    kernel = [...values];
    bias = own;
    biasSlider.value = own;
    choose(chosen);
    changed();
  }

  // The fill, which a reader without motion gets at once.
  const runButton = button(text.fillMap, () => running ? stop() : run(), {class: 'primary'});
  const emptyButton = button(text.empty, () => {
    stop();
    blank();
    goTo(0, 0);
  });
  function stop() {
    cancelAnimationFrame(running);
    running = null;
    update();
  }
  function run() {
    const missing = filled.indexOf(false);
    if (lessMotion()) {
      filled.fill(true);
      return update();
    }
    if (missing < 0) blank();
    const start = {...at};  // where the reader looked
    let next = Math.max(missing, 0), before = performance.now(), due = 0;
    const advance = (now) => {
      due += Math.min(now - before, 100) / 1000 / SECONDS * map.length;
      before = now;
      for (; due >= 1 && next < map.length; due--) filled[next++] = true;
      const last = Math.max(next - 1, 0);
      running = next < map.length ? requestAnimationFrame(advance) : null;
      if (running) goTo(Math.floor(last / places.side), last % places.side);
      else goTo(start.row, start.column);
    };
    running = requestAnimationFrame(advance);
  }

  const update = eachFrame(() => {
    const {window: covered, products, total, output} = now();
    const {side, zeros, before} = places;
    const limit = Math.max(1e-9, ...map.map(Math.abs));
    show(grids.window, covered, 1, false);
    show(grids.weights, kernel, Math.max(1e-9, ...kernel.map(Math.abs)), true);
    show(grids.products, products, Math.max(1e-9, ...products.map(Math.abs)), true);
    grids.weights.cells.forEach((cell, i) => cell.classList.toggle('chosen', i === chosen));
    for (const [name, n] of Object.entries({sum: total, plusBias: bias,
      thenRelu: output, value: output})) {
      sums[name].lastChild.textContent = number(n);
    }
    sums.thenRelu.hidden = !relu;
    sums.value.firstChild.textContent = fill(text.value, at);

    const shown = map.map((value, i) => filled[i] ? activate(value) : NaN);
    canvases.map.show(shown, limit);
    canvases.pooled.show(maxPool(shown, side), limit);
    const half = Math.floor(side / 2);
    put(marks.window, at.column * stride, at.row * stride, K, SIZE + zeros);
    put(marks.place, at.column, at.row, 1, side);
    const [y, x] = [at.row, at.column].map((place) => Math.floor(place / 2));
    put(marks.block, x, y, 1, half);
    marks.block.hidden = x >= half || y >= half;
    put(picture, before, before, SIZE, SIZE + zeros);
    runButton.textContent = running ? text.stop : text.fillMap;
    for (const {button: own, values: theirs} of presets) {
      own.setAttribute('aria-pressed', theirs.every((value, i) => value === kernel[i]));
    }
    tell();
  });

  /** Lays out the boards anew for another shape of the map. */
  function reshape() {
    const all = filled?.every(Boolean);  // a full map stays full
    const pixel = at.row * stride - places.before, pixelX = at.column * stride - places.before;
    stride = Number(strides.value);
    places = placesOf(stride, paddings.value);
    padding = paddings.value;
    compute();
    if (map.length !== filled?.length) blank(all ? map.length : 0);
    const {side, zeros} = places;
    const half = Math.floor(side / 2);
    for (const [name, own, n, marked] of
      [['map', mapBoard, side, marks.place], ['pooled', poolBoard, half, marks.block]]) {
      canvases[name] =
          imageCanvas({rows: n, columns: n, width: '100%', label: text.pooledLabel, signed: true});
      if (name === 'map') canvases.map.setAttribute('aria-hidden', 'true');  // its board has the name
      own.replaceChildren(canvases[name], marked);
      own.style.width = `calc(${n} * var(--pixel))`;
    }
    imageBoard.style.width = `calc(${SIZE + zeros} * var(--pixel))`;
    captions[0].textContent = fill(zeros ? text.padded : text.image, {n: SIZE + zeros});
    captions[1].textContent = fill(text.map, {n: side});
    captions[2].textContent = fill(text.pooled, {n: half});
    const uneven = padding === 'valid' ? (SIZE - K) % stride : SIZE % stride;
    shape.replaceChildren(
        element('div', {}, fill(padding === 'valid' ? text.validShape : text.sameShape, {
          n: SIZE, stride, side,
          rounded: uneven ? (padding === 'valid' ? text.down : text.up) : ''})),
        pool ? element('div', {}, fill(text.poolShape,
            {side, half, rounded: side % 2 ? text.down : ''})) : '');
    pooledPart.hidden = !pool;
    goTo(Math.round((pixel + places.before) / stride),
        Math.round((pixelX + places.before) / stride));
  }
  const changed = () => {
    compute();
    update();
  };

  const strides = choice({label: text.stride, value: '1', options: [['1', '1'], ['2', '2'],
    ['3', '3']], onInput: reshape});
  const paddings = choice({label: text.padding, value: 'valid', options: [['valid', text.valid],
    ['same', text.same]], onInput: reshape});
  const pooledPart = element('div', {class: 'part'}, captions[2], poolBoard);
  const whole = element('div', {class: 'kernel-view'},
      row(element('span', {}, text.kernels), ...presets.slice(0, 3).map((p) => p.button)),
      element('div', {class: 'filters', role: 'group', 'aria-label': text.filters},
          element('span', {}, text.filters),
          element('div', {}, presets.slice(3).map((p) => p.button))),
      element('div', {class: 'stage'},
          element('div', {class: 'part'}, captions[0], imageBoard),
          element('div', {class: 'part'}, captions[1], mapBoard),
          element('div', {class: 'part side'}, shape, pooledPart, row(runButton, emptyButton))),
      element('div', {class: 'equation'}, term('window'), element('span', {class: 'sign'}, '×'),
          term('weights'), element('span', {class: 'sign'}, '='), term('products')),
      element('div', {class: 'sums'}, Object.values(sums)),
      row(weight, biasSlider),
      element('details', {}, element('summary', {}, text.settings),
          row(strides, paddings,
              checkbox({label: text.relu, value: relu, onInput: (value) => {
                relu = value;
                update();
              }}),
              checkbox({label: text.pool, value: pool, onInput: (value) => {
                pool = value;
                reshape();
              }}))),
      element('p', {class: 'note'}, text.legend));

  function now() {
    const covered = windowAt(image, at.row, at.column, stride, places.before);
    const products = covered.map((pixel, i) => pixel * kernel[i]);
    const total = sum(products);
    return {window: covered, products, total, value: total + bias,
      output: activate(total + bias)};
  }
  function tell() {
    const {total, value, output} = now();
    const half = Math.floor(places.side / 2);
    say(fill(relu ? text.statusRelu : text.status, {
      ...at, sum: number(total), value: number(value), output: number(output),
      shape: fill(pool ? text.shapePooled : text.shape, {side: places.side, half}),
      filled: filled.filter(Boolean).length, places: map.length,
    }));
  }

  reshape();
  blank(START);
  choose(chosen);
  return {
    element: whole, take, say: tell, stop,
    show(pixels) {
      image = pixels;
      picture.show(image, 1);
      changed();
    },
    state: () => ({
      ...now(), ...at, image: Array.from(image), kernel: Array.from(kernel), bias, stride, padding,
      relu, pool, running: running !== null, filled: filled.filter(Boolean).length,
      shape: [places.side, places.side], map: map.map(activate),
      pooled: maxPool(map.map(activate), places.side),
    }),
  };
}

/** A number with two decimals, a whole one without. */
export const number = (value) => {
  const shown = Math.abs(value).toFixed(Number.isInteger(value) ? 0 : 2);
  return value < 0 && Number(shown) !== 0 ? `−${shown}` : shown;
};

/** Writes values into a grid, each on the colour that the canvases give it. */
function show({cells}, values, limit, signed) {
  cells.forEach((cell, i) => {
    const paint = paintOf(values[i], limit, signed);
    // Black or white, whichever contrasts more: their contrast is equal at a luminance of 0.18.
    const [r, g, b] = paint.map((part) => (part / 255) ** 2.2);
    cell.textContent = number(values[i]);
    cell.style.background = `rgb(${paint.map(Math.round)})`;
    cell.style.color = 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? 'black' : 'white';
  });
}

/** Frames a square of `size` cells on a board of n cells. */
function put(mark, x, y, size, n) {
  Object.assign(mark.style, {left: `${100 * x / n}%`, top: `${100 * y / n}%`,
    width: `${100 * size / n}%`, height: `${100 * size / n}%`});
}
