// The trainer: settings, buttons, curves and gallery. The work is done in a Web Worker, and
// everything that it needs is loaded when the reader first presses "Train".

import {button, element, fill, makeFigure, row} from '../shared/frame.js';
import {makeMatrix, makeRuns} from './after.js';
import {makeCurves} from './curves.js';
import {makeGallery} from './gallery.js';
import {makeKeeping} from './keeping.js';
import {startSession} from './session.js';
import {USUAL_RATE, makeSettings} from './settings.js';
import css from './style.css';
import texts from './text.json';
import {lossGrew} from './training.js';

export default makeFigure('trainer', texts, css, async ({root, text, status}) => {
  let session = null;  // with the worker
  let run = null;  // the training run that goes on
  let takeWeights = () => {};

  const say = (words, values = {}) => { status.textContent = fill(words, values); };
  const settings = makeSettings(text);
  const progress = element('progress', {
    id: 'train-progress', max: 1, value: 0, 'aria-label': text.progress, style: 'visibility: hidden'});
  const numbers = Object.fromEntries(['batch', 'loss', 'accuracy', 'speed']
      .map((name) => [name, element('dd', {id: name})]));
  const curves = makeCurves(text, root.clientWidth < 560 ? root.clientWidth : 360);
  const gallery = makeGallery(text);
  const matrix = makeMatrix(text);
  const runs = makeRuns(text);
  const pauseButton = button(text.pause, pause, {id: 'pause'});

  /** Starts a run that pauses after so many batches. */
  async function start(batches = Infinity) {
    if (run) {
      say(run.allowed < Infinity ? text.stillPaused : text.running);
      return;
    }
    const chosen = settings.read();
    if (chosen.message) {
      say(chosen.message);
      return;
    }
    settings.remember();
    const own = run = {...chosen, batch: 0, allowed: batches, milliseconds: 0};
    showPause();
    try {
      session ??= await prepare();
    } catch (error) {
      if (run === own) run = null;
      showPause();
      say(text.notStarted, {reason: error.message});
      return;
    }
    if (run !== own) return;
    if (run.stopped) {
      ended({finished: false});
      return;
    }
    curves.clear(run.batches);
    for (const cell of Object.values(numbers)) cell.textContent = '';
    session.send('train', {settings: chosen, batches: run.allowed});
    if (run.allowed === Infinity) say(text.training);
  }

  async function prepare() {
    say(text.loading);
    progress.style.visibility = '';
    try {
      return await startSession({
        onProgress: (fraction) => { progress.value = fraction; }, receive});
    } finally {
      progress.style.visibility = 'hidden';
    }
  }

  /** Lets the run go on for so many batches before it pauses. */
  function allow(batches) {
    run.allowed = batches;
    showPause();
    session?.send('allow', {batches});
  }

  function showPause() {
    pauseButton.textContent = run?.allowed < Infinity ? text.resume : text.pause;
  }

  function pause() {
    if (!run) {
      say(text.trainFirst);
      return;
    }
    allow(run.allowed < Infinity ? Infinity : 0);
    say(run.allowed < Infinity ? text.pausing : text.training);
  }

  function step() {
    if (!run) start(1);
    else if (run.allowed === Infinity) say(text.pauseFirst);
    else allow(1);
  }

  function stop() {
    if (!run) {
      say(text.notTraining);
    } else if (session) {
      session.send('stop');
    } else {
      run.stopped = true;
    }
  }

  const keeping = makeKeeping({
    text, say,
    ofRun: () => {
      if (!run?.batch) return null;
      const own = run;
      session.send('weights');
      return new Promise((resolve) => { takeWeights = (message) => resolve(modelOf(own, message)); });
    },
    onLoad: (model) => runs.add(model),
  });
  const modelOf = ({architecture, learningRate, batchSize, batch, seed}, message) => (
    {architecture, learningRate, batchSize, batches: batch, seed, layers: message.layers,
      weights: message.weights, accuracy: message.accuracy.toFixed(3)});

  const receive = {
    batch({batch, loss, milliseconds}) {
      run.batch = batch;
      run.milliseconds += milliseconds;
      numbers.batch.textContent = fill(text.progressOf, run);
      numbers.loss.textContent = loss.toFixed(3);
      numbers.speed.textContent = (1000 * batch * run.batchSize / run.milliseconds).toFixed(0);
      curves.add('loss', batch, loss);
      if (!Number.isFinite(loss)) {
        run.diverged = true;
        stop();
      }
    },

    evaluation({batch, accuracy, predictions}) {
      numbers.accuracy.textContent = accuracy.toFixed(3);
      curves.add('accuracy', batch, accuracy);
      gallery.show(session.test, predictions);
      matrix.show(session.test.labels, predictions);
    },

    paused() {
      if (run.allowed < Infinity) say(text.paused, run);
    },

    ended,

    weights: (message) => takeWeights(message),

    error({message}) {
      end();
      say(text.failed, {reason: message});
    },
  };

  function ended({finished, ...message}) {
    const last = run;
    run = null;
    showPause();
    if (last.batch) {
      const model = modelOf(last, message);
      runs.add(model);
      if (!last.diverged) keeping.set(model);
    }
    const words = finished ? text.finished : last.diverged ? text.diverged : text.stopped;
    const hint = !last.diverged && lossGrew(curves.state().losses) && last.learningRate > USUAL_RATE;
    say(`${words} ${hint ? text.tooLarge : ''}`.trim(),
        {...last, accuracy: numbers.accuracy.textContent, rate: USUAL_RATE});
  }

  /** Ends the worker, and with it the run. */
  function end() {
    session?.end();
    session = run = null;
    showPause();
  }

  // Leaving the page ends the training. The browser asks first, and a page that is brought
  // back from its cache says what happened.
  addEventListener('beforeunload', (event) => {
    if (run) event.preventDefault();
  });
  addEventListener('pagehide', () => {
    if (!run) return;
    end();
    say(text.left);
  });

  status.id = 'status';
  root.append(settings,
      row(button(text.train, () => start(), {id: 'train', class: 'primary'}), pauseButton,
          button(text.step, step, {id: 'step'}), button(text.stop, stop, {id: 'stop'})),
      status, progress,
      element('dl', {class: 'trainer-numbers'}, Object.entries(numbers).map(([name, cell]) =>
        element('div', {}, element('dt', {}, text[name]), cell))),
      curves.plots, gallery,
      element('div', {class: 'trainer-after'}, matrix, element('div', {}, runs,
          keeping.buttons)),
      element('p', {class: 'note'}, text.how));
  if (keeping.trained) runs.add(keeping.trained);
  say(keeping.trained ? text.kept : text.begin,
      {...keeping.trained, architecture: text[keeping.trained?.architecture]});
  return () => ({...curves.state(), batch: run?.batch ?? null, paused: run?.allowed < Infinity});
});
