// What all figures share: their frame, their texts in the page's language, and controls that
// work by mouse, touch and keyboard.

import css from './figure.css';

/**
 * Makes a figure from a function that fills it.
 *
 * @param {string} name  as in the id of its picture, "live-NAME"
 * @param {Object} texts  by language; see textsOf
 * @param {string} styles  the figure's own style sheet
 * @param {function({root, text, say, status})} build  puts the figure into root; say(words)
 *     tells screen readers what the figure shows now, in the element status. May return
 *     state(), for tests.
 * @return {function(HTMLImageElement): Promise}  puts the figure in place of its static picture
 */
export function makeFigure(name, texts, styles, build) {
  return async (picture) => {
    addStyle('figure', css);
    addStyle(name, styles);
    const text = textsOf(texts);
    const status = element('p', {class: 'live-status', role: 'status'});
    const root = element('div', {class: 'live-body'});
    const figure = element('div', {
      class: 'live-figure', id: `${picture.id}-figure`, role: 'group', 'aria-label': text.title,
    }, element('p', {class: 'live-ask'}, element('strong', {}, text.title), ' ', text.ask), root, status);
    const say = later((words) => { status.textContent = words; });
    // Laid out out of sight first: an empty frame would make the page jump.
    picture.after(figure);
    figure.state = await build({root, text, say, status});
    picture.hidden = true;
  };
}

/** Returns a figure's texts in the language of the page, English where there is no other. */
export function textsOf(texts) {
  const language = document.documentElement.lang.replace('-', '_');
  return texts[language] ?? texts.en;
}

const isChinese = () => document.documentElement.lang.startsWith('zh');

/** Writes a share as the page's language does: 99 % or 99%. */
export function percentage(share, places = 0) {
  return `${(100 * share).toFixed(places)}${isChinese() ? '' : '\u00a0'}%`;
}

/** Joins sentences; Chinese has no space between them. */
export function joined(sentences) {
  return sentences.filter(Boolean).join(isChinese() ? '' : ' ');
}

/** Puts values in a text: fill('{n} digits', {n: 3}) is '3 digits'. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Makes an element; properties that begin with "on" are listeners, null ones are left out. */
export function element(tag, properties = {}, ...children) {
  const [name, space] = tag.startsWith('svg:') ?
    [tag.slice(4), 'http://www.w3.org/2000/svg'] : [tag, 'http://www.w3.org/1999/xhtml'];
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * A slider with its name and value above it.
 *
 * @param {{label: string, min: number, max: number, step: number, value: number,
 *     format: function(number): string, onInput: function(number)}} options
 * @return {HTMLElement & {value: number}}  setting value moves the slider without onInput
 */
export function slider({label, min, max, step, value, format = String, onInput}) {
  // Not an output element, which would take the label from the input.
  const shown = element('b', {'aria-hidden': 'true'});
  const input = element('input', {type: 'range', min, max, step, value});
  const whole = element('label', {class: 'live-slider'},
      element('span', {}, label, ' ', shown), input);
  const show = () => {
    shown.textContent = format(Number(input.value));
    input.setAttribute('aria-valuetext', shown.textContent);
  };
  input.addEventListener('input', () => {
    show();
    onInput(Number(input.value));
  });
  show();
  return Object.defineProperty(whole, 'value', {
    get: () => Number(input.value),
    set: (number) => {
      input.value = number;
      show();
    },
  });
}

/**
 * A choice of one of a few, as a row of radio buttons.
 *
 * @param {{label: string, options: Array<[string, string]>, value: string,
 *     onInput: function(string)}} options  each option is [value, words]
 * @return {HTMLElement & {value: string}}
 */
export function choice({label, options, value, onInput}) {
  const group = `live-choice-${choice.count = (choice.count ?? 0) + 1}`;
  const inputs = options.map(([own]) => element('input', {
    type: 'radio', name: group, value: own, checked: own === value,
    onchange: () => onInput(own),
  }));
  const whole = element('fieldset', {class: 'live-choice'}, element('legend', {}, label),
      options.map(([, words], i) => element('label', {}, inputs[i], words)));
  return Object.defineProperty(whole, 'value', {
    get: () => inputs.find((input) => input.checked)?.value,
    set: (own) => { for (const input of inputs) input.checked = input.value === own; },
  });
}

/** A button. */
export function button(words, onclick, properties = {}) {
  return element('button', {type: 'button', onclick, ...properties}, words);
}

/** A checkbox with its words; onInput gets true or false. */
export function checkbox({label, value, onInput}) {
  const input = element('input', {
    type: 'checkbox', checked: value, onchange: () => onInput(input.checked),
  });
  return element('label', {class: 'live-checkbox'}, input, label);
}

/** Controls side by side, as many as fit. */
export function row(...children) {
  return element('div', {class: 'live-row'}, children);
}

/** Calls work with the last arguments, once they have been the last for a moment. */
export function later(work, milliseconds = 400) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

/** Calls work at most once per frame. */
export function eachFrame(work) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      work();
    });
  };
}

/** Whether the reader has asked for less motion. */
export const lessMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Calls work now and whenever the theme changes: a canvas does not change its colours itself. */
export function onTheme(work) {
  work();
  new MutationObserver(work).observe(document.documentElement, {attributeFilter: ['data-theme']});
}

/** A colour of the page's theme, such as "--pst-color-border". */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || 'gray';
}

/** Adds a style sheet to the page, once. */
export function addStyle(name, text) {
  const id = `live-style-${name}`;
  if (document.getElementById(id)) return;
  document.head.append(element('style', {id}, text));
}
