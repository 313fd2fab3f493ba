// Chapter 7: one set of predictions, three questions: which digits are confused, what a threshold
// for the probability brings, and how certain the accuracy is.

import {choice, element, makeFigure} from '../shared/frame.js';
import {confusionView} from './confusion.js';
import {loadPredictions} from './predictions.js';
import {sampleView} from './sample.js';
import css from './style.css';
import texts from './text.json';
import {thresholdView} from './threshold.js';

const VIEWS = {confusion: confusionView, threshold: thresholdView, sample: sampleView};

export default makeFigure('results', texts, css, async ({root, text, say, status}) => {
  const data = await loadPredictions();
  const width = Math.min(root.clientWidth, 360);
  const views = Object.fromEntries(Object.entries(VIEWS).map(([name, make]) =>
    [name, make({data, text, width, say: (words) => { if (name === chosen.value) say(words); }})]));
  const chosen = choice({
    label: text.question, value: 'confusion', onInput: show,
    options: Object.keys(VIEWS).map((name) => [name, text[`${name}Question`]]),
  });
  // The panels say it all in words; these are for screen readers alone.
  for (const one of [status, chosen.querySelector('legend')]) one.classList.add('live-unseen');
  const hint = element('p', {});
  function show(name) {
    hint.textContent = text[`${name}Hint`];
    for (const [own, {view}] of Object.entries(views)) view.hidden = own !== name;
    views[name].update();
  }
  root.append(chosen, hint, ...Object.values(views).map(({view}) => view));
  show('confusion');
  return () => ({
    view: chosen.value, loss: data.loss,
    ...Object.fromEntries(Object.entries(views).map(([name, {state}]) => [name, state()])),
  });
});
