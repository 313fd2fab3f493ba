// Chapter 6: the training loop, run by the reader: a line, a step, on and on, and back.

import {fromBase64, unzip} from '../base64.js';
import {button, choice, element, fill, lessMotion, makeFigure, percentage, row, slider}
  from '../shared/frame.js';
import {BATCHES, curvesOf, filtersOf, tilesOf} from './pictures.js';
import css from './style.css';
import texts from './text.json';
import {startTrainer} from './trainer.js';

const LEARNING_RATES = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1];
const BATCH_SIZES = [1, 4, 16, 64, 256];
const PAUSE = {lines: 700, steps: 60};  // milliseconds
// The body of train, without the two lines that change the images.
const CODE = [
  [null, 'for step in run.steps():'],
  ['batch', '    batch = data.next_train_batch(batch_size)'],
  ['trainStep', '    loss, accuracy = train_step(batch)'],
  ['record', '    run.history.add_training(loss, accuracy)'],
  ['due', '    if run.validation_due:'],
  ['validationBatch', '        batch = data.next_validation_batch(run.validation_batch_size)'],
  ['validationStep', '        loss, accuracy = validation_step(batch)'],
  ['recordValidation', '        run.history.add_validation(loss, accuracy)'],
];

export default makeFigure('training-loop', texts, css, async ({root, text, say, status}) => {
  status.classList.add('live-unseen');  // below the code the same is said
  const {validation, call, start} = await startTrainer();
  const held = {images: await unzip(validation.images), labels: fromBase64(validation.labels)};
  const settings = {learningRate: 0.15, batchSize: 64};
  let {view, canGoBack, ended} = start;
  let playing = false;

  const play = button(text.play, () => playing ? pause() : run(), {class: 'primary'});
  const line = button(text.line, () => act('line'));
  const step = button(text.step, () => act('round', {times: 1}));
  const back = button(text.back, () => act('back'));
  const restart = button(text.restart, () => act('restart'));
  const pace = choice({label: text.pace, value: 'steps', onInput: () => {},
    options: [['steps', text.steps], ['lines', text.lines]]});
  const rate = slider({
    label: text.learningRate, min: 0, max: LEARNING_RATES.length - 1, step: 1,
    value: LEARNING_RATES.indexOf(settings.learningRate), format: (i) => String(LEARNING_RATES[i]),
    onInput: (i) => { settings.learningRate = LEARNING_RATES[i]; },
  });
  const size = slider({
    label: text.batchSize, min: 0, max: BATCH_SIZES.length - 1, step: 1,
    value: BATCH_SIZES.indexOf(settings.batchSize), format: (i) => String(BATCH_SIZES[i]),
    onInput: (i) => { settings.batchSize = BATCH_SIZES[i]; },
  });

  /** Asks the worker for one thing and shows what came of it. */
  async function ask(kind, values = {}) {
    ({view, canGoBack, ended} = await call(kind, {settings: {...settings}, ...values}));
    show();
  }
  async function act(kind, values) {
    pause();
    try {
      await ask(kind, values);
      tell();
    } catch (error) {
      announce(fill(text.failed, {message: error.message}));
    }
  }
  function pause() {
    playing = false;
    play.textContent = text.play;
  }
  // Whoever plays is the latest: an earlier run, which still waits, sees that and ends.
  async function run() {
    const own = playing = {};
    play.textContent = text.pause;
    announce(text.training);
    const end = BATCHES * (Math.floor(view.step / BATCHES) + 1);
    try {
      for (;;) {
        // Fewer and larger changes where the reader has asked for less motion.
        const times = lessMotion() ? Math.min(5, end - view.step) : 1;
        if (pace.value === 'lines') await ask('line');
        else await ask('round', {times});
        if (playing !== own) return;
        if (pace.value === 'lines') tell();
        if (ended && view.step >= end) break;
        await new Promise((done) => setTimeout(done, lessMotion() ? 700 : PAUSE[pace.value]));
        if (playing !== own) return;
      }
      tell();
    } catch (error) {
      announce(fill(text.failed, {message: error.message}));
    }
    if (playing === own) pause();
  }

  const lines = CODE.map(([name, code]) => {
    const indent = code.search(/\S/);
    return {name, line: element('span', {style: `--indent: ${indent}ch`}, code.trim())};
  });
  const narrow = root.clientWidth < 560;
  const shown = narrow ? 33 : 64;
  const batch = tilesOf(shown);
  const gallery = tilesOf(24);
  gallery.classList.add('gallery');
  const filters = filtersOf(text);
  const curves = curvesOf(text, narrow ? root.clientWidth : 320);
  const heading = (words) => element('p', {class: 'loop-heading'}, words);
  const told = element('p', {'class': 'loop-told', 'aria-hidden': 'true'});
  const headings = {batch: heading(''), gallery: heading('')};

  function show() {
    for (const {name, line} of lines) {
      const now = name !== null && name === view.line;
      line.classList.toggle('now', now);
      if (now) line.setAttribute('aria-current', 'step');
      else line.removeAttribute('aria-current');
    }
    back.disabled = !canGoBack;
    const {predictions, labels, images} = view.batch ?? {predictions: null, labels: [], images: []};
    batch.show(images, labels, predictions);
    gallery.show(held.images, held.labels, view.gallery);
    const right = count(predictions, labels);
    const values = {step: view.step, n: labels.length, right, loss: format(view.loss), shown};
    headings.batch.textContent = !view.batch ? text.noBatch : fill(
        predictions ? text.batchAfter : text.batchBefore, values) +
        (labels.length > shown ? ` ${fill(text.first, values)}` : '');
    headings.gallery.textContent =
        fill(text.gallery, {right: count(view.gallery, held.labels), n: view.gallery.length});
    filters.show(view.weights[0], view.before?.[0]);
    curves.show(view.losses, view.evaluations);
  }
  const format = (loss) => loss === null ? '–' : loss.toFixed(3);
  // What screen readers are told stands below the code, too.
  function announce(words) {
    told.textContent = words;
    say(words);
  }
  function tell() {
    const [, accuracy] = view.evaluations.at(-1) ?? [0, 0];
    announce(fill(text[view.line === 'due' && !ended ? 'at_dueNow' : `at_${view.line}`], {
      step: view.step, n: view.batch?.labels.length, loss: format(view.loss),
      right: count(view.batch?.predictions, view.batch?.labels ?? []),
      accuracy: percentage(view.line === 'validationStep' ? view.validationAccuracy : accuracy, 1),
      validation: held.labels.length,
    }));
  }

  root.append(
      row(rate, size), element('div', {class: 'live-row loop-buttons'}, play, line, step, back),
      row(pace, restart),
      element('pre', {class: 'loop-code'}, element('code', {}, lines.map(({line}) => line))),
      told, headings.batch, batch,
      element('div', {class: 'loop-pair'},
          element('div', {}, heading(text.filters), filters),
          element('div', {}, headings.gallery, gallery)),
      element('div', {class: 'loop-pair'}, ...curves.plots));
  show();
  tell();
  return () => ({...view, weights: view.weights.map((values) => [...values]),
    playing: Boolean(playing), settings});
});

const count = (predictions, labels) =>
  predictions ? predictions.filter((digit, i) => digit === labels[i]).length : 0;
