// The settings of a run: fields whose values the page's address keeps, so that a link repeats it.

import {element, fill} from '../shared/frame.js';

const ANCHOR = 'trainer';  // the id around the figure; see trainer.html
export const USUAL_RATE = 0.15;
const NETWORKS = ['convolutional', 'dense'];
const NUMBERS = {
  learningRate: {name: 'learning-rate', low: 0, high: 10, value: USUAL_RATE},
  batchSize: {name: 'batch-size', low: 1, high: 1000, value: 64, whole: true},
  batches: {name: 'batches', low: 1, high: 10000, value: 100, whole: true},
  seed: {name: 'seed', low: 0, high: 999999, value: 0, whole: true},
};

const makesSense = (value, {low, high, whole}) =>
  whole ? Number.isInteger(value) && value >= low && value <= high : value > low && value <= high;

/** The fields; read() gives the settings, or {message} and gives a wrong field the focus. */
export function makeSettings(text) {
  const address = new URLSearchParams(location.search);
  const architecture = element('select', {id: 'architecture', onchange: remember},
      NETWORKS.map((name) => element('option', {value: name}, text[name])));
  if (NETWORKS.includes(address.get('network'))) architecture.value = address.get('network');
  const inputs = Object.fromEntries(Object.entries(NUMBERS).map(([key, limits]) => {
    const asked = Number(address.get(limits.name) || NaN);
    return [key, element('input', {
      id: limits.name, type: 'number', min: limits.low, max: limits.high,
      step: limits.whole ? 1 : 'any', inputmode: limits.whole ? 'numeric' : 'decimal',
      value: makesSense(asked, limits) ? asked : limits.value, onchange: remember,
    })];
  }));
  const field = (label, control) => element('div', {},
      element('label', {for: control.id}, label), control);

  function read() {
    const settings = {architecture: architecture.value};
    for (const [key, limits] of Object.entries(NUMBERS)) {
      settings[key] = inputs[key].valueAsNumber;
      if (makesSense(settings[key], limits)) continue;
      inputs[key].focus();
      return {message: fill(limits.whole ? text.notWhole : text.notNumber,
          {...limits, name: text[key]})};
    }
    return settings;
  }

  /** Writes the settings into the address, wrong ones left out. */
  function remember() {
    const url = new URL(location);
    url.searchParams.set('network', architecture.value);
    for (const [key, limits] of Object.entries(NUMBERS)) {
      const value = inputs[key].valueAsNumber;
      if (makesSense(value, limits)) url.searchParams.set(limits.name, value);
      else url.searchParams.delete(limits.name);
    }
    url.hash = ANCHOR;
    history.replaceState(history.state, '', url);
  }

  const whole = element('div', {class: 'trainer-settings'}, field(text.architecture, architecture),
      Object.entries(inputs).map(([key, input]) => field(text[key], input)));
  return Object.assign(whole, {read, remember});
}
