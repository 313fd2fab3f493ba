// Chapter 2: one kernel at every place of a digit, and every activation of the trained network.

import {choice, element, makeFigure} from '../shared/frame.js';
import {digitInput} from '../shared/drawing.js';
import {loadNetwork} from '../shared/network.js';
import {kernelView} from './kernel.js';
import css from './style.css';
import texts from './text.json';
import {wholeView} from './whole.js';

const FIRST_DIGIT = 7;  // the chapter's

export default makeFigure('layers', texts, css, async ({root, text, say}) => {
  const network = await loadNetwork();
  let image = new Uint8Array(28 * 28), stale = true;
  let shown = 'kernel';
  const kernel = kernelView({text, network, say: (words) => shown === 'kernel' && say(words)});
  const whole = wholeView({text, say, network, onSlide: (weights, bias) => {
    open('kernel');
    view.value = 'kernel';
    kernel.take(weights, bias);
    kernel.element.querySelector('[role="application"]').focus();
  }});
  const view = choice({label: text.view, value: shown,
    options: [['kernel', text.kernelView], ['network', text.networkView]], onInput: open});

  function open(name) {
    shown = name;
    kernel.element.hidden = name !== 'kernel';
    whole.element.hidden = name !== 'network';
    if (name === 'kernel') {
      kernel.say();
    } else {
      kernel.stop();
      if (stale) whole.show(image);
      else whole.say();
      stale = false;
    }
  }
  const input = await digitInput({start: FIRST_DIGIT, onImage: (pixels) => {
    image = pixels ?? new Uint8Array(28 * 28);
    stale = true;
    kernel.show(Float32Array.from(image, (value) => value / 255));
    if (shown === 'network') open('network');
  }});
  root.append(view, element('details', {}, element('summary', {}, text.digits), input),
      kernel.element, whole.element);
  open(shown);
  return () => ({
    view: shown, kernel: kernel.state(), network: shown === 'network' ? whole.state() : null});
});
