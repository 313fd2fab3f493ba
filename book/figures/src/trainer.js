// The trainer: settings, buttons, curves and gallery. The work is done in a Web Worker, and
// everything that it needs is loaded when the reader first presses "Train".

import {IMAGE_SIZE} from './mnist-form.js';
import {loadParts, startWorker} from './parts.js';
import {withProgress} from './progress.js';
import figureCss from './shared/figure.css';
import {addStyle} from './shared/frame.js';
import {imageCanvas} from './shared/images.js';
import css from './style.css';

const GALLERY_SIZE = 24;
const PIXELS = IMAGE_SIZE * IMAGE_SIZE;
const LIMITS = {'learning-rate': [0, 10], 'batch-size': [1, 1000], 'batches': [1, 10000]};

addStyle('figure', figureCss);
addStyle('trainer', css);

const element = (id) => document.getElementById(id);
const say = (text) => { element('status').textContent = text; };

let worker = null;
let curves = null;
let run = null;  // the training that goes on
let trained = false;

element('train').addEventListener('click', start);
element('pause').addEventListener('click', pause);
element('stop').addEventListener('click', stop);
element('use-model').addEventListener('click', () => {
  if (trained) {
    worker.postMessage({kind: 'weights'});
  } else {
    say('There is no trained network yet. Press Train first.');
  }
});

async function start() {
  if (run) {
    say(run.paused ?
      'This training is paused. Press Resume to go on with it, or Stop to end it.' :
      'A training is already running. Stop it before you start another.');
    return;
  }
  const settings = readSettings();
  if (!settings) return;
  run = {...settings, batch: 0, paused: false, milliseconds: 0};
  try {
    worker ??= await prepare();
  } catch (error) {
    run = null;
    say(`Training cannot start: ${error.message}. Press Train to try again.`);
    return;
  }
  if (run.stopped) {
    ended(false);
    return;
  }
  trained = true;
  for (const curve of Object.values(curves)) curve.clear(run.batches);
  for (const id of ['loss', 'accuracy', 'speed']) element(id).textContent = '';
  worker.postMessage({kind: 'train', ...settings, seed: Math.floor(Math.random() * 1e6)});
  if (run.paused) worker.postMessage({kind: 'pause'});
  say(run.paused ? 'Paused.' : 'Training.');
}

function pause() {
  if (!run) {
    say('Nothing is being trained. Press Train first.');
    return;
  }
  run.paused = !run.paused;
  worker?.postMessage({kind: run.paused ? 'pause' : 'resume'});
  element('pause').textContent = run.paused ? 'Resume' : 'Pause';
  say(run.paused ? `Paused after batch ${run.batch} of ${run.batches}.` : 'Training.');
}

function stop() {
  if (!run) {
    say('Nothing is being trained.');
  } else if (worker) {
    worker.postMessage({kind: 'stop'});
  } else {
    run.stopped = true;
  }
}

function readSettings() {
  for (const [id, [low, high]] of Object.entries(LIMITS)) {
    const field = element(id);
    const value = field.valueAsNumber;
    const whole = id === 'learning-rate' || Number.isInteger(value);
    if (!(value >= low && value <= high && value > 0 && whole)) {
      say(`${field.labels[0].textContent} must be a ${id === 'learning-rate' ?
        `number above 0 and at most ${high}` : `whole number from ${low} to ${high}`}.`);
      field.focus();
      return null;
    }
  }
  return {
    architecture: element('architecture').value,
    learningRate: element('learning-rate').valueAsNumber,
    batchSize: element('batch-size').valueAsNumber,
    batches: element('batches').valueAsNumber,
  };
}

/** Loads what training needs and resolves to a worker that is ready. */
async function prepare() {
  say('Loading the engine and the images.');
  const pieces = __TRAIN_PIECES__;
  const names = ['curves', 'worker', 'test',
    ...Array.from({length: pieces}, (_, i) => `train-${i}`)];
  const [{makeCurve}, code, test, ...train] = await withProgress(
      element('train-progress'), (onProgress) => loadParts(names, onProgress));
  curves ??= {
    loss: makeCurve(element('loss-curve'), {title: 'loss', points: false}),
    accuracy: makeCurve(element('accuracy-curve'), {title: 'accuracy', maximum: 1, points: true}),
  };
  const made = startWorker(code);
  const ready = await new Promise((resolve, reject) => {
    made.onmessage = ({data}) => {
      if (data.kind === 'ready') resolve(data);
      if (data.kind === 'error') reject(new Error(data.message));
    };
    made.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
    made.postMessage({kind: 'prepare', train, test});
  }).catch((error) => {
    made.terminate();
    throw error;
  });
  made.onmessage = ({data}) => receive[data.kind](data);
  made.onerror = (event) => receive.error({message: event.message});
  fillGallery(ready.test);
  return made;
}

const receive = {
  batch({batch, loss, milliseconds}) {
    run.batch = batch;
    run.milliseconds += milliseconds;
    element('loss').textContent = loss.toFixed(3);
    element('speed').textContent = (1000 * batch * run.batchSize / run.milliseconds).toFixed(0);
    element('batch').textContent = `${batch} of ${run.batches}`;
    curves.loss.add(batch, loss);
    if (!Number.isFinite(loss)) {
      run.diverged = true;
      stop();
    }
  },

  evaluation({batch, accuracy, predictions}) {
    element('accuracy').textContent = accuracy.toFixed(3);
    curves.accuracy.add(batch, accuracy);
    markGallery(predictions);
  },

  ended({finished}) {
    ended(finished);
  },

  weights({layers, weights}) {
    document.dispatchEvent(new CustomEvent('mnist-model', {detail: {layers, weights}}));
    say('The pad now asks the network that you trained.');
  },

  error({message}) {
    worker.terminate();
    worker = run = null;
    trained = false;
    say(`Training broke off: ${message}. Press Train to start again.`);
  },
};

function ended(finished) {
  const {batch, batches, diverged} = run;
  run = null;
  element('pause').textContent = 'Pause';
  if (finished) {
    say(`Finished: ${batches} batches, test accuracy ${element('accuracy').textContent}.`);
  } else if (diverged) {
    say('The loss is no longer a number: the learning rate is too large. Training has ended.');
  } else {
    say(`Stopped after batch ${batch} of ${batches}.`);
  }
}

let test;

function fillGallery({images, labels}) {
  test = labels;
  element('gallery').replaceChildren(...Array.from({length: GALLERY_SIZE}, (_, i) => {
    const item = document.createElement('li');
    const canvas = imageCanvas({width: '50px'});
    canvas.show(images.subarray(i * PIXELS, (i + 1) * PIXELS), 255);
    const mark = document.createElement('span');
    mark.setAttribute('aria-hidden', 'true');  // the label of the canvas says it in words
    item.append(canvas, mark);
    return item;
  }));
}

function markGallery(predictions) {
  [...element('gallery').children].forEach((item, i) => {
    const right = predictions[i] === test[i];
    item.className = right ? 'right' : 'wrong';
    item.lastChild.textContent = `${predictions[i]} ${right ? '✓' : '✗'}`;
    item.firstChild.setAttribute('aria-label',
        `a ${test[i]}, taken for a ${predictions[i]}: ${right ? 'right' : 'wrong'}`);
  });
}

// Leaving the page ends the training. The browser asks first, and a page that is brought
// back from its cache says what happened.
addEventListener('beforeunload', (event) => {
  if (run) event.preventDefault();
});
addEventListener('pagehide', () => {
  if (!run) return;
  worker?.terminate();
  worker = run = null;
  trained = false;
  element('pause').textContent = 'Pause';
  say('The training ended when you left this page. Press Train to start anew.');
});

element('trainer-figure').hidden = false;
