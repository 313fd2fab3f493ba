// A unit's map, the receptive field of one of its values, and the images that excite it most.

import {fromBase64, unzip} from '../base64.js';
import {loadParts} from '../parts.js';
import {button, choice, eachFrame, element, fill} from '../shared/frame.js';
import {cellMark, imageCanvas, pointAt} from '../shared/images.js';
import {SIDE, mapOf, patchOf, peakOf, receptiveField} from './maths.js';

const PIXELS = SIDE * SIDE;
const CHOSEN = [0, 1, 2, 3, 5];  // positions of the layers; flatten only rearranges its input
const LAST = 5;
const START = 1;
const largest = (values) => values.indexOf(Math.max(...values));

export function makeUnitView(network, text, say) {
  let image, all, layer = 0, unit = START, row = 0, column = 0;
  const state = {};
  const {layers} = network;
  const isLast = () => layer === LAST;
  const sideOf = () => isLast() ? 1 : layers[layer].shape[0];
  const clamp = (n) => Math.min(Math.max(n, 0), sideOf() - 1);
  // Of the last layer the logits: a probability of 1 hardly shows how much a unit responds.
  const valuesOf = (activations) => activations[layer];

  const whichLayer = choice({
    label: text.layer, value: '0',
    options: CHOSEN.map((position, i) => [String(position), text[`layer${i}`]]),
    onInput: (value) => {
      layer = Number(value);
      unit = isLast() ? largest(all.at(-1).values) : 0;
      build();
    },
  });
  const units = element('div', {class: 'units'});
  const unitsName = element('div');
  const digit = imageCanvas({width: '100%', label: text.pointDigit});
  const field = cellMark();
  const onDigit = pointAt(digit, {
    hover: true,
    onCell: (r, c) => {
      const {side} = receptiveField(layers, layer, 0, 0);
      const stride = receptiveField(layers, layer, 1, 0).row || 1;
      const cell = (position) => clamp(Math.round((position - (side - 1) / 2) / stride));
      pointTo(cell(r), cell(c));
    },
    onArrow: (down, right) => pointTo(clamp(row + down), clamp(column + right)),
  });
  onDigit.append(field);
  const onMap = element('div');
  const mapName = element('figcaption');
  const [patch, kernel, products] = [false, true, true].map((signed, i) => imageCanvas({
    rows: 5, columns: 5, width: '100%', signed, label: [text.patch, text.kernel, text.products][i]}));
  const named = (canvas, name) => element('figure', {}, canvas, element('figcaption', {}, name));
  const sum = element('p', {class: 'sum'});
  const product = element('div', {class: 'product'},
      element('div', {class: 'factors'}, named(patch, text.patch), element('span', {}, '×'),
          named(kernel, text.kernel), element('span', {}, '='), named(products, text.products)),
      sum);
  const fieldName = element('figcaption');
  const best = element('div', {class: 'best'});
  let map, mark, thumbnails;

  function pointTo(r, c) {
    [row, column] = [r, c];
    update();
  }
  function choose(chosen) {
    unit = chosen;
    [row, column] = isLast() ? [0, 0] : peakOf(mapOf(valuesOf(all), unit));
    update();
    showBest();
  }

  /** Makes the maps of another layer. */
  function build() {
    const side = sideOf();
    unitsName.textContent = isLast() ? text.digits : text.filters;
    thumbnails = Array.from({length: layers[layer].shape.at(-1)}, (_, i) => {
      const name = fill(isLast() ? text.logit : text.filter, {unit: i});
      const canvas = isLast() ? element('span') :
        imageCanvas({rows: side, columns: side, width: '48px', label: ''});
      const properties = {class: 'live-sample', 'aria-label': name};
      if (isLast()) delete properties['aria-label'];
      else canvas.setAttribute('aria-hidden', 'true');
      const whole = button(canvas, () => choose(i), properties);
      return Object.assign(whole, {canvas});
    });
    units.replaceChildren(...thumbnails);
    map = imageCanvas({rows: side, columns: side, width: '100%', label: ''});
    mark = cellMark(side, side);
    const frame = pointAt(map, {rows: side, columns: side, hover: true, onCell: pointTo,
      onArrow: (down, right) => pointTo(clamp(row + down), clamp(column + right))});
    frame.append(mark);
    onMap.replaceChildren(frame);
    onMap.parentElement.hidden = isLast();
    choose(unit);
  }

  const update = eachFrame(() => {
    const values = valuesOf(all);
    const own = mapOf(values, unit);
    const largest = Math.max(...values.values, 1e-9);
    const value = own[row * sideOf() + column];
    const at = receptiveField(layers, layer, row, column);
    const p = all.at(-1).values[unit];
    thumbnails.forEach((thumbnail, i) => {
      thumbnail.setAttribute('aria-pressed', i === unit);
      if (isLast()) thumbnail.canvas.textContent = `${i}: ${percent(all.at(-1).values[i], text)}`;
      else thumbnail.canvas.show(mapOf(values, i), largest);
    });
    digit.show(image, 255);
    field.show(at.row, at.column, at.side, at.side);
    map.show(own, largest);
    map.setAttribute('aria-label', fill(text.pointMap, {name: fill(text.map, {unit})}));
    mapName.textContent = fill(text.here, {unit, value: signed(value)});
    fieldName.textContent = fill(isLast() ? text.wholeField : text.field, {side: at.side});
    mark.show(row, column);
    Object.assign(state, {layer, unit, row, column, value, map: [...own], receptiveField: at});
    showProduct(at);
    say(isLast() ? fill(text.logitValue, {unit, value: signed(value), p: percent(p, text)}) :
      fill(text.value, {unit, row, column, value: signed(value), side: at.side, top: at.row,
        left: at.column}));
  });

  /** For the first convolution: how the value comes about. */
  function showProduct(at) {
    product.hidden = layer !== 0;
    if (layer !== 0) return;
    const [kernels, biases] = network.weights;
    const own = Array.from({length: 25}, (_, i) => kernels[i * biases.length + unit]);
    const pixels = patchOf(image, at.row, at.column, at.side);
    const each = own.map((weight, i) => weight * pixels[i]);
    const limit = Math.max(...own.map(Math.abs));
    patch.show(pixels, 1);
    kernel.show(own, limit);
    products.show(each, limit);
    const added = each.reduce((a, b) => a + b, 0);
    const total = added + biases[unit];
    Object.assign(state, {sum: added, total});
    sum.textContent = fill(text.sum, {sum: signed(added), bias: signed(biases[unit]),
      total: signed(total), relu: total < 0 ? text.relu : ''});
  }

  async function showBest() {
    const [shownLayer, shownUnit] = [layer, unit];
    const {images, labels, best: positions} = await loadBest();
    if (layer !== shownLayer || unit !== shownUnit) return;
    const kept = isLast() ? 'logits' : layers[layers[layer].kind === 'maxPool' ? layer - 1 : layer].name;
    state.best = positions[kept][unit].map((position) => {
      const pixels = images.subarray(position * PIXELS, (position + 1) * PIXELS);
      const own = mapOf(valuesOf(network.activations(pixels)), unit);
      const [r, c] = peakOf(own);
      return {pixels, label: labels[position], value: Math.max(...own),
        at: receptiveField(layers, layer, r, c)};
    });
    best.replaceChildren(...state.best.map(({pixels, label, value, at}) => {
      const name = fill(text.bestImage, {digit: label, value: signed(value)});
      const canvas = imageCanvas({width: '100%', label: name});
      canvas.show(pixels, 255);
      const frame = cellMark();
      frame.show(at.row, at.column, at.side, at.side);
      return element('figure', {}, element('div', {class: 'live-pointed'}, canvas, frame),
          element('figcaption', {'aria-hidden': 'true'}, signed(value)));
    }));
    state.best = state.best.map(({label, value, at}) => ({label, value, at}));
  }

  const whole = element('div', {class: 'unit-view'},
      whichLayer, unitsName, units,
      element('div', {class: 'pictures'},
          element('figure', {}, onDigit, fieldName), element('figure', {}, onMap, mapName),
          element('div', {}, best, element('p', {class: 'note'}, text.best))),
      product);
  return {whole, state, take(taken) {
    image = taken;
    all = network.activations(image);
    if (thumbnails) choose(unit);
    else build();
  }};
}

let loaded;
function loadBest() {
  loaded ??= (async () => {
    const [{images, labels, best}] = await loadParts(['best-images']);
    return {images: await unzip(images), labels: fromBase64(labels), best};
  })();
  return loaded;
}

export const percent = (share, text) => fill(text.percent, {n: Math.round(100 * share)});
const signed = (n) => n.toFixed(2).replace('-', '−').replace(/^−0\.00$/, '0.00');
