// From low-level operations: a small graph, its forward pass and the chain rule.

import {
  button, choice, eachFrame, element, fill, makeFigure, row, slider,
} from '../shared/frame.js';
import {drawGraph, inBrackets, number} from './graph.js';
import {
  INPUTS, OPERATIONS, backward, differenceQuotient, forward, pathsFrom, softmax,
} from './maths.js';
import css from './style.css';
import texts from './text.json';

const N = OPERATIONS.length;
// Step 0 shows the inputs; then follow N operations forward, d_loss = 1, and N backward.
const AT_LOSS = N, BEGIN = N + 1, END = 2 * N + 1;
const SIZES = ['0.5', '0.01', '0.0001'];

export default makeFigure('low-level', texts, css, ({root, text, say}) => {
  const inputs = {x: 2, w: 0.6, b: -0.3, v0: 1.2, v1: 0.5};
  let label = 1, step = AT_LOSS, chosen = 'w', h = SIZES[1];

  const graph = drawGraph(text, choose);
  const explanation = element('div', {class: 'explanation'});
  const paths = element('div', {class: 'paths'});
  const check = element('div');
  const next = button('', () => go(step + 1), {class: 'primary'});
  const back = button(text.back, () => go(step - 1));
  const whole = {
    toStart: button(text.toStart, () => go(0)),
    toLoss: button(text.toLoss, () => go(AT_LOSS)),
    toEnd: button(text.toEnd, () => go(END)),
  };
  const names = choice({label: text.input, value: chosen,
    options: INPUTS.map((name) => [name, name]), onInput: choose});
  const sliderName = element('span');
  const value = slider({label: sliderName, min: -3, max: 3, step: 0.1, value: inputs[chosen],
    format: number, onInput: (to) => {
      inputs[chosen] = to;
      update(true);
    }});
  const truth = choice({label: text.trueClass, value: String(label),
    options: [['0', '0'], ['1', '1']], onInput: (to) => {
      label = Number(to);
      update(true);
    }});
  const sizes = choice({label: text.stepSize, value: h, options: SIZES.map((size) => [size, size]),
    onInput: (to) => {
      h = to;
      update(true);
    }});

  const difference = element('div', {}, element('p', {class: 'heading'}, text.check), sizes, check);

  function go(to) {
    step = Math.min(Math.max(to, 0), END);
    update();
  }
  function choose(name) {
    chosen = name;
    names.value = name;
    sliderName.textContent = fill(text.valueOf, {name});
    value.value = inputs[name];
    update(true);
  }

  /** What has been reached: the values and gradients that are shown, and the operation at work. */
  function now() {
    const values = forward(inputs, label);
    const until = Math.max(END - step, 0);
    const {gradients, contributions} = backward(values, label, until);
    const known = {...values};
    OPERATIONS.forEach(({output}, i) => { if (i >= step) delete known[output]; });
    return {
      values, known, locals: OPERATIONS.map((own) => own.locals(values, own.inputs, label)),
      gradients: step < BEGIN ? {} : gradients, contributions,
      operation: step >= 1 && step <= N ? step - 1 : step > BEGIN ? until : null,
      backwards: step >= BEGIN,
    };
  }

  /** The formulas of the step that was taken last, a line each. */
  function formulas({values, gradients, contributions, operation, backwards}) {
    if (operation === null) return [];
    const {name, inputs: used, output} = OPERATIONS[operation];
    const v = (key) => number(values[key]);
    if (!backwards) {
      const [p0, p1] = softmax(values.z0, values.z1);
      return {
        multiply: [`${output} = ${used.join(' · ')} = ${used.map(v).map(inBrackets).join(' · ')} = ${v(output)}`],
        add: [`${output} = ${used.join(' + ')} = ${used.map(v).map(inBrackets).join(' + ')} = ${v(output)}`],
        relu: [`f = max(s, 0) = max(${v('s')}, 0) = ${v('f')}`],
        crossEntropy: [`p = softmax(z0, z1) = (${number(p0)}, ${number(p1)})`,
          `loss = −ln p${label} = ${v('loss')}`],
      }[name];
    }
    const d = inBrackets(number(gradients[output]));
    const p = softmax(values.z0, values.z1);
    const lines = used.map((key, i) => {
      const [symbol, local] = {
        multiply: [used[1 - i], inBrackets(v(used[1 - i]))],
        add: ['1', '1'],
        relu: [null, values.s > 0 ? '1' : '0'],
        crossEntropy: [`(p${i} − y${i})`, `(${number(p[i])} − ${Number(i === label)})`],
      }[name];
      const start = key === 'f' ? `d_${output} · ${symbol}` :
        `d_${key} = d_${output}${symbol && symbol !== '1' ? ` · ${symbol}` : ''}`;
      return `${start} = ${d} · ${local} = ${number(contributions[operation][i])}`;
    });
    if (operation === 3) {
      lines.push(`d_f = ${number(contributions[4][0])} + ` +
        `${inBrackets(number(contributions[3][0]))} = ${number(gradients.f)}`);
    }
    return lines;
  }
  function words({values, operation, backwards}) {
    if (operation === null) return step === 0 ? text.atStart : text.atLoss;
    const name = OPERATIONS[operation].name;
    const more = !backwards ? '' : {
      2: values.s > 0 ? text.reluOn : text.reluOff, 3: text.second, 4: text.first,
      5: text.labels}[operation] ?? '';
    return `${fill(backwards ? text.explainBackward : text.explainForward,
        {operation: text[name]})} ${more}`.trim();
  }

  /** The product along each path from the chosen input to the loss. */
  function pathProducts({locals}) {
    return pathsFrom(chosen).map((path) => {
      const factors = path.map(([i, j]) => locals[i][j]);
      return {through: OPERATIONS[path[0][0]].inputs[path[0][1]], factors,
        product: factors.reduce((a, b) => a * b, 1)};
    });
  }

  let edited = false;
  const draw = eachFrame(() => {
    const shown = now();
    const {known, gradients, values} = shown;
    graph.show({...shown, chosen, paths: chosen in gradients ? pathsFrom(chosen) : []});
    const lines = formulas(shown);
    explanation.replaceChildren(element('p', {}, words(shown)),
        ...lines.map((line) => element('p', {class: 'formula'}, line)));
    const upcoming = step < N ? step : END - step - 1;
    next.textContent = step === END ? text.done : step === AT_LOSS ? text.begin : fill(text.next, {
      operation: text[OPERATIONS[upcoming].name],
      direction: step < N ? text.forward : text.backward});
    next.disabled = whole.toEnd.disabled = step === END;
    back.disabled = whole.toStart.disabled = step === 0;
    whole.toLoss.disabled = step === AT_LOSS;

    const reached = chosen in gradients;
    paths.replaceChildren(element('p', {class: 'heading'}, fill(text.pathsOf, {name: chosen})),
        ...!reached ? [element('p', {}, fill(text.notYet, {name: chosen}))] : [
          ...pathProducts(shown).map(({through, factors, product}) => element('p',
              {class: 'formula'}, element('span', {}, fill(text.path, {name: through})), ' ',
              `${factors.map(number).map(inBrackets).join(' · ')} = ${number(product)}`)),
          element('p', {class: 'formula total'}, `d_${chosen} = ${number(gradients[chosen])}`),
          element('p', {class: 'note'}, text.multiplyAlong)]);
    const {plus, minus, quotient} = differenceQuotient(inputs, label, chosen, Number(h));
    const line = (name, shownValue) => element('tr', {}, element('th', {scope: 'row'}, name),
        element('td', {}, shownValue));
    check.replaceChildren(element('table', {}, element('tbody', {},
        line(fill(text.lossAt, {name: chosen, sign: '+'}), plus.toFixed(6)),
        line(fill(text.lossAt, {name: chosen, sign: '−'}), minus.toFixed(6)),
        line(text.quotient, exact(quotient)),
        line(fill(text.formula, {name: chosen}), reached ? exact(gradients[chosen]) : '?'))));
    difference.hidden = !reached;
    if (edited) {
      say(fill(text.changed, {name: chosen, value: number(inputs[chosen]),
        loss: 'loss' in known ? number(values.loss) : '?',
        gradient: reached ? `d_${chosen} = ${number(gradients[chosen])}.` : ''}));
    } else {
      say(fill(text.status, {step, steps: END, explanation: words(shown),
        formulas: lines.map((own) => `${own}.`).join(' ')}));
    }
  });
  function update(byEdit = false) {
    edited = byEdit;
    draw();
  }

  root.append(element('div', {class: 'backprop'},
      element('div', {class: 'graph'}, graph),
      element('div', {class: 'steps'}, next, row(back, ...Object.values(whole)), explanation),
      element('div', {class: 'inputs'}, row(names, truth), value, paths,
          difference)));
  choose(chosen);
  edited = false;
  return () => ({
    ...now(), step, inputs, label, chosen, h: Number(h), paths: pathProducts(now()),
    check: differenceQuotient(inputs, label, chosen, Number(h)),
  });
});

const exact = (value) => value.toFixed(6).replace(/^-(?=.*[1-9])/, '−').replace(/^-/, '');
