// What every layer made of the image: maps as small images, vectors as strips, and the last two
// as numbers. Loaded when the reader asks for it.

import {element, fill} from '../shared/frame.js';
import {imageCanvas} from '../shared/images.js';

/** Shows the layers in a root; show(network, image) follows the pad, close() stops following. */
export function makeLayers(root, text) {
  let built = null, rows = [], followed = true, activations = [];
  root.replaceChildren();

  function build(network) {
    built = network;
    const kinds = network.layers.map((layer) => layer.kind === 'dense' && layer.activation === 'relu' ?
      'denseRelu' : layer.kind);
    const names = [...kinds.slice(0, -1), 'logits', 'softmax'];
    rows = network.activations(new Uint8Array(784)).map(({shape}, i) =>
      makeRow(text, text[names[i]], shape, names[i]));
    const numbers = makeNumbers(text);
    root.replaceChildren(...rows.slice(0, -2).map(({whole}) => whole), numbers.whole);
    rows = [...rows.slice(0, -2), numbers];
  }

  return {
    show(network, image) {
      if (!followed) return;
      if (!network || !image) {
        activations = [];
        built = null;
        root.replaceChildren(text.noImage);
        return;
      }
      if (built !== network) build(network);
      activations = network.activations(image);
      rows.slice(0, -1).forEach((row, i) => row.show(activations[i].values));
      rows.at(-1).show(...activations.slice(-2).map(({values}) => values));
    },
    close() { followed = false; },
    state: () => activations.map(({name, shape, values}) => ({name, shape, values: [...values]})),
  };
}

/** A layer's name and shape above its maps, or above its values as a strip. */
function makeRow(text, name, shape) {
  const [rows, columns, count] = shape.length === 3 ? shape : [1, shape[0], 1];
  const words = fill(shape.length === 3 ? text.maps : text.values,
      {count: shape.length === 3 ? count : columns});
  const label = `${name}, [${shape.join(', ')}]: ${words}`;
  const canvases = Array.from({length: count}, () => {
    const canvas = imageCanvas({rows, columns, width: '100%', label: ''});
    canvas.removeAttribute('role');
    canvas.removeAttribute('aria-label');
    return canvas;
  });
  if (shape.length !== 3) canvases[0].className = 'strip';
  const whole = element('div', {class: 'layer'},
      element('p', {}, element('strong', {}, name), ` [${shape.join(', ')}] `,
          element('span', {class: 'note'}, words)),
      element('div', {class: 'maps', role: 'img', 'aria-label': label}, canvases));
  const show = (values) => {
    const map = new Float32Array(rows * columns);
    const limit = Math.max(1e-9, ...values);
    canvases.forEach((canvas, k) => {
      for (let i = 0; i < map.length; i++) map[i] = values[i * count + k];
      canvas.show(map, limit);
    });
  };
  return {whole, show};
}

/** The ten logits and the probabilities that softmax makes of them. */
function makeNumbers(text) {
  const cells = Array.from({length: 10}, () => [element('td'), element('td')]);
  const whole = element('table', {class: 'layer'},
      element('thead', {}, element('tr', {}, [text.digit, text.logit, text.probability]
          .map((words) => element('th', {scope: 'col'}, words)))),
      element('tbody', {}, cells.map((own, digit) =>
        element('tr', {}, element('th', {scope: 'row'}, String(digit)), own))));
  const show = (logits, probabilities) => cells.forEach(([logit, probability], digit) => {
    logit.textContent = logits[digit].toFixed(2).replace('-', '−');
    probability.textContent = probabilities[digit].toFixed(4);
  });
  return {whole, show};
}
