// What can be done with a trained network: use it on the pad, save it, load it, forget it.

import networks from '../../dist/networks.json';
import {button, element, fill, row} from '../shared/frame.js';
import {fromText, keep, kept, toText} from '../shared/kept.js';
import {buildNetwork} from '../shared/network.js';

const FILE = 'mnist-network.json';
const LARGEST = 1e6;  // bytes
const NUMBERS = ['learningRate', 'batchSize', 'batches', 'seed', 'accuracy'];

/**
 * @param {{text: Object, say: function(string), ofRun: function(): ?Promise<Object>,
 *     onLoad: function(Object)}} options  ofRun gives the network of the run that goes on
 * @return {{buttons: HTMLElement, set: function(Object), trained: ?Object}}  set takes what a run
 *     has trained: {architecture, layers, weights}, its settings and its accuracy
 */
export function makeKeeping({text, say, ofRun, onLoad}) {
  const stored = kept();
  const keeping = {
    trained: Object.hasOwn(networks, stored?.architecture) ? stored : null,
    set(model) {
      keeping.trained = model;
      keep(model);
    },
  };
  const withModel = (work) => async () => {
    const model = await ofRun() ?? keeping.trained;
    if (model) work(model);
    else say(text.noNetwork);
  };
  const tellPad = (detail) => document.dispatchEvent(new CustomEvent('mnist-model', {detail}));

  const use = withModel(({layers, weights}) => {
    tellPad({layers, weights});
    say(text.onPad);
  });

  const save = withModel((model) => {
    const url = URL.createObjectURL(new Blob([toText(model)], {type: 'application/json'}));
    element('a', {href: url, download: FILE}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    say(fill(text.saved, {file: FILE}));
  });

  async function load(file) {
    let model;
    try {
      model = await readModel(file);
    } catch {
      say(text.wrongFile);
      return;
    }
    keeping.set(model);
    onLoad(model);
    say(fill(text.loaded, {...model, architecture: text[model.architecture]}));
  }

  function forget() {
    if (!keeping.trained) {
      say(text.noNetwork);
      return;
    }
    keeping.set(null);
    tellPad(null);
    say(text.forgotten);
  }

  const input = element('input', {type: 'file', accept: '.json', id: 'weights-file', hidden: true,
    'aria-label': text.load, onchange: () => {
      if (input.files[0]) load(input.files[0]);
      input.value = '';  // so that the same file can be chosen again
    }});
  keeping.buttons = row(button(text.use, use, {id: 'use-model'}),
      button(text.save, save, {id: 'save-model'}),
      button(text.load, () => input.click(), {id: 'load-model'}), input,
      button(text.forget, forget, {id: 'forget-model'}));
  return keeping;
}

/** The network of a file that save has written; throws if the file is not one. */
async function readModel(file) {
  if (file.size > LARGEST) throw new Error('too large');
  const {architecture, weights, ...rest} = fromText(await file.text());
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, Number(rest[name])]));
  const finite = [Object.values(numbers), ...weights].every((values) => values.every(Number.isFinite));
  if (!finite) throw new Error('not numbers');
  const model = {...numbers, architecture, layers: networks[architecture], weights};
  await buildNetwork(model);  // throws if there are no such layers, or weights of other sizes
  return {...model, accuracy: numbers.accuracy.toFixed(3)};
}
