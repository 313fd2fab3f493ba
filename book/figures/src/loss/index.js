// Chapter 4: ten logits, their softmax, cross-entropy and squared error, and both gradients.

import {
  button, choice, eachFrame, element, fill, makeFigure, percentage, row, slider,
} from '../shared/frame.js';
import {crossEntropy, softmax, squaredError} from './maths.js';
import css from './style.css';
import texts from './text.json';

const LIMIT = 10;
const STARTS = {
  unsure: {label: 7, logits: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]},
  right: {label: 7, logits: [0, 1, 0, 0, 2, 0, -1, 8, 0, 1]},
  wrong: {label: 7, logits: [0, 1, 0, 8, 2, 0, -1, -2, 0, 1]},
};
const DIGITS = STARTS.unsure.logits.map((_, i) => i);

export default makeFigure('loss', texts, css, ({root, text, say}) => {
  const logits = [...STARTS.wrong.logits];
  let {label} = STARTS.wrong;
  let temperature = 1;

  const rows = DIGITS.map((digit) => {
    const input = element('input', {
      type: 'range', min: -LIMIT, max: LIMIT, step: 0.1, value: logits[digit],
      'aria-label': fill(text.logitOf, {digit}),
      oninput: () => {
        logits[digit] = input.valueAsNumber;
        update();
      },
    });
    const bar = () => element('span', {class: 'bar'});
    const parts = {input, logit: element('td'), p: element('td'), share: bar(),
      ce: bar(), se: bar()};
    parts.row = element('tr', {},
        element('th', {scope: 'row'}, String(digit)),
        element('td', {class: 'move'}, input), parts.logit,
        element('td', {class: 'share', 'aria-hidden': 'true'}, parts.share), parts.p,
        element('td', {class: 'gradients', 'aria-hidden': 'true'}, parts.ce, parts.se));
    return parts;
  });
  const losses = {ce: element('span', {class: 'ce'}), se: element('span', {class: 'se'})};
  const truth = choice({
    label: text.trueDigit, value: String(label), options: DIGITS.map((d) => [String(d), String(d)]),
    onInput: (value) => {
      label = Number(value);
      update();
    },
  });
  const heat = slider({
    label: text.temperature, min: 0.2, max: 5, step: 0.1, value: 1,
    format: (value) => value.toFixed(1),
    onInput: (value) => {
      temperature = value;
      update();
    },
  });

  function start({label: digit, logits: values}) {
    logits.splice(0, 10, ...values);
    label = digit;
    truth.value = String(digit);
    temperature = heat.value = 1;
    update();
  }

  const update = eachFrame(() => {
    const p = softmax(logits, temperature);
    const ce = crossEntropy(logits, label, temperature);
    const se = squaredError(logits, label, temperature);
    // One scale for both losses, so that their bars can be compared.
    const widest = Math.max(1, 1 / temperature);
    rows.forEach((parts, digit) => {
      parts.row.classList.toggle('true', digit === label);
      parts.input.value = logits[digit];
      parts.logit.textContent = signed(logits[digit], 1);
      parts.p.textContent = percent(p[digit]);
      parts.share.style.width = `${100 * p[digit]}%`;
      for (const [name, {gradient}] of [['ce', ce], ['se', se]]) {
        const share = 50 * gradient[digit] / widest;
        parts[name].style.left = `${50 + Math.min(share, 0)}%`;
        parts[name].style.width = `${Math.abs(share)}%`;
      }
    });
    losses.ce.textContent =
        fill(text.legend, {name: text.crossEntropy, loss: ce.loss.toFixed(2)});
    losses.se.textContent =
        fill(text.legend, {name: text.squaredError, loss: se.loss.toFixed(2)});
    say(fill(text.status, {
      digit: label, p: percent(p[label]), ce: ce.loss.toFixed(2), se: se.loss.toFixed(2),
      ceGradient: signed(ce.gradient[label], 2), seGradient: signed(se.gradient[label], 2),
    }));
  });

  root.append(
      row(element('span', {}, text.start), ...Object.entries(STARTS).map(([name, values]) =>
        button(text[name], () => start(values)))),
      row(truth, heat),
      element('p', {class: 'losses'}, losses.ce, losses.se),
      element('table', {class: 'loss-table'},
          element('thead', {}, element('tr', {},
              element('th', {scope: 'col'}, text.digit),
              element('th', {scope: 'col', colspan: 2}, text.logit),
              element('td', {class: 'share'}),
              element('th', {scope: 'col'}, text.probability),
              element('th', {scope: 'col'}, text.derivatives))),
          element('tbody', {}, rows.map((parts) => parts.row))),
      element('p', {class: 'note'}, text.gradients));
  update();
  return () => ({
    probabilities: softmax(logits, temperature),
    crossEntropy: crossEntropy(logits, label, temperature),
    squaredError: squaredError(logits, label, temperature),
  });
});

const percent = (share) => percentage(share, share < 0.01 ? 2 : 0);
const signed = (value, places) => {
  const shown = Math.abs(value).toFixed(places);
  return value < 0 && Number(shown) !== 0 ? `−${shown}` : shown;
};
