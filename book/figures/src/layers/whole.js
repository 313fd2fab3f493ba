// Every activation of the trained network for one image; one map is enlarged, with its kernel.

import {button, element, fill, joined, percentage, row} from '../shared/frame.js';
import {imageCanvas} from '../shared/images.js';
import {number} from './kernel.js';
import {channelOf, sharesOf} from './maths.js';

const SIDES = [24, 12, 8, 4];  // of the maps of the first four layers
const COUNTS = [8, 8, 16, 16];

/** Returns {element, show(image), say(), state()}; onSlide(filter) gets a filter to slide. */
export function wholeView({text, say, network, onSlide}) {
  const names = network.layers.map(({class_name: name}) => name);
  const titles = [text.conv1, text.pool1, text.conv2, text.pool2];
  const [kernel1, bias1, kernel2, bias2] = network.weights;
  let image, layers = [], selected = {layer: 0, map: 0};

  const input = imageCanvas({width: '56px', label: text.input});
  // All maps are one group of radio buttons: one stop of the Tab key, and arrow keys within.
  const maps = SIDES.map((side, layer) => {
    return Array.from({length: COUNTS[layer]}, (_, map) => {
      const canvas = imageCanvas({rows: side, columns: side, width: '100%', label: '', signed: true});
      canvas.setAttribute('aria-hidden', 'true');
      const radio = element('input', {type: 'radio', name: 'live-layers-map', class: 'pick',
        'aria-label': fill(text.mapOf, {layer: titles[layer], i: map}),
        onchange: () => {
          selected = {layer, map};
          update();
        }});
      return Object.assign(element('label', {class: 'pick'}, radio, canvas), {canvas, radio});
    });
  });
  const line = (name, shape, content) => element('div', {class: 'layer'},
      element('div', {class: 'name'}, element('strong', {}, name), ' ', shape), content);
  const flat = imageCanvas({rows: 4, columns: 64, width: '100%', label: text.flatten, signed: true});
  const digits = Array.from({length: 10}, (_, digit) => {
    const parts = {logit: element('td'), p: element('td'), bar: element('span', {class: 'bar'})};
    parts.row = element('tr', {}, element('th', {scope: 'row'}, String(digit)), parts.logit,
        parts.p, element('td', {class: 'share', 'aria-hidden': 'true'}, parts.bar));
    return parts;
  });
  const detail = element('div', {class: 'detail'});
  const lines = maps.map((layer, i) => line(names[i],
      `(${SIDES[i]}, ${SIDES[i]}, ${COUNTS[i]})`, element('div', {class: 'maps'}, layer)));
  const whole = element('div', {class: 'whole'},
      element('p', {}, text.chooseMap), line(text.input, '(28, 28, 1)', input), lines,
      line(names[4], '(256)', flat),
      line(names[5], '(10)', element('table', {class: 'answer'},
          element('thead', {}, element('tr', {}, ['digit', 'logit', 'probability'].map((name) =>
            element('th', {scope: 'col'}, text[name])), element('td', {class: 'share'}))),
          element('tbody', {}, digits.map((parts) => parts.row)))));

  const valuesOf = (layer) => layers[layer].values;
  const channels = (layer) => layers[layer].shape[2];
  const limits = () => SIDES.map((_, layer) => Math.max(1e-9, highest(valuesOf(layer))));
  function largest(values, side) {
    const i = values.indexOf(highest(values));
    return {value: values[i], row: Math.floor(i / side), column: i % side};
  }

  /** A picture with its caption. */
  function shown(values, side, width, caption, limit) {
    const canvas = imageCanvas({rows: side, columns: side, width, label: caption, signed: true});
    canvas.show(values, limit);
    return element('figure', {}, canvas, element('figcaption', {}, caption));
  }
  /** A row of small pictures, all on one scale. */
  function strip(all, side, caption) {
    const limit = Math.max(1e-9, ...all.map((values) => highest(values.map(Math.abs))));
    return element('figure', {}, element('figcaption', {}, caption),
        element('div', {class: 'maps'}, all.map((values, i) => {
          const canvas =
              imageCanvas({rows: side, columns: side, width: '100%', label: String(i), signed: true});
          canvas.show(values, limit);
          return canvas;
        })));
  }

  /** What is known of the map that is enlarged. */
  function enlarged() {
    const {layer, map} = selected;
    const side = layers[layer].shape[0];
    const values = channelOf(valuesOf(layer), channels(layer), map);
    const own = {layer, map, side, values, largest: largest(values, side)};
    if (layer === 0) {
      own.bias = bias1[map];
      own.kernels = [channelOf(kernel1, 8, map)];
    } else if (layer === 2) {
      own.bias = bias2[map];
      own.kernels = Array.from({length: 8}, (_, channel) => Float32Array.from({length: 25},
          (_, i) => kernel2[(8 * i + channel) * 16 + map]));
      own.shares = sharesOf(valuesOf(1), layers[1].shape, kernel2, map, 16);
    }
    return own;
  }

  function update() {
    const own = enlarged();
    const {layer, map, side} = own;
    maps[layer][map].radio.checked = true;
    const pictures = [shown(own.values, side, '192px',
        fill(text.enlarged, {i: map, n: side}), limits()[layer])];
    const words = [];
    if (layer === 0) {
      pictures.unshift(shown(own.kernels[0], 5, '96px', text.kernelAlone));
      words.push(fill(text.first, {bias: number(own.bias)}));
    } else if (layer === 2) {
      words.push(fill(text.second, {bias: number(own.bias)}));
    } else {
      const before = channelOf(valuesOf(layer - 1), channels(layer - 1), map);
      pictures.unshift(shown(before, 2 * side, '192px', fill(text.enlarged,
          {i: map, n: 2 * side}), limits()[layer - 1]));
      words.push(text.poolingOf);
    }
    detail.replaceChildren(
        element('strong', {}, fill(text.mapOf, {layer: titles[layer], i: map})),
        element('p', {}, joined(words)),
        layer === 2 ? strip(Array.from({length: 8}, (_, i) => channelOf(valuesOf(1), 8, i)), 12,
            text.seen) : '',
        layer === 2 ? strip(own.kernels, 5, text.slices) : '',
        layer === 2 ? strip(own.shares, 8, text.shares) : '',
        row(...pictures),
        element('p', {}, largestText(own.largest)),
        layer === 0 ? button(text.slide, () => onSlide(own.kernels[0], own.bias)) : '');
    lines[layer].after(detail);
    tell();
  }
  const largestText = ({value, ...at}) => value === 0 ? text.allZero : fill(text.largest, {value: number(value), ...at});

  function tell() {
    const own = enlarged();
    const p = layers.at(-1).values;
    const digit = p.indexOf(highest(p));
    say(fill(text.networkStatus, {digit, p: percent(p[digit]), layer: titles[own.layer], i: own.map,
      largest: largestText(own.largest)}));
  }

  return {
    element: whole, say: tell,
    show(pixels) {
      image = pixels;
      layers = network.activations(image);
      input.show(image, 255);
      const scale = limits();
      maps.forEach((layer, l) => layer.forEach(({canvas}, i) =>
        canvas.show(channelOf(valuesOf(l), channels(l), i), scale[l])));
      // The 16 values of a place follow one another, so a row of the picture is a row of the maps.
      flat.show(valuesOf(4), scale[3]);
      const logits = layers.at(-2).values, p = layers.at(-1).values;
      const best = highest(p);
      digits.forEach((parts, digit) => {
        parts.row.classList.toggle('best', p[digit] === best);
        parts.logit.textContent = number(logits[digit]);
        parts.p.textContent = percent(p[digit]);
        parts.bar.style.width = `${100 * p[digit]}%`;
      });
      update();
    },
    state: () => ({
      layers: layers.map(({name, shape, values}) => ({name, shape, values: Array.from(values)})),
      enlarged: Object.fromEntries(Object.entries(enlarged()).map(([name, value]) => [name,
        value.map ? Array.from(value, (part) => part.map ? Array.from(part) : part) : value])),
    }),
  };
}

const highest = (values) => values.reduce((a, b) => Math.max(a, b), 0);
const percent = (share) => percentage(share, share < 0.01 ? 2 : 0);
