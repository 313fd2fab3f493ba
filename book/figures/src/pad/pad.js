// The drawing pad: what is drawn or shown, the image that the network sees, and its ten answers.

import {addStyle, button, eachFrame, element, fill, joined, later, row, textsOf} from '../shared/frame.js';
import figureCss from '../shared/figure.css';
import {drawingPad, loadDigits} from '../shared/drawing.js';
import {imageCanvas} from '../shared/images.js';
import {buildNetwork, currentNetwork, isTrained, useOnPage} from '../shared/network.js';
import {loadParts} from '../parts.js';
import {doubtAbout} from '../photo/doubts.js';
import {takePictures} from './pictures.js';
import css from './style.css';
import texts from './text.json';

// As in mnist_tutorial/further/prediction.py: an answer to a turned photo counts in proportion
// to a power of its confidence, and below a confidence the picture may not show a digit.
const POWER = 3;
const DOUBTFUL = 0.7;
const REST = 600;  // milliseconds without a change after which the pad says what it thinks

export function makePad(root) {
  addStyle('figure', figureCss);
  addStyle('pad', css);
  const text = textsOf(texts);
  // What is shown: images of 28x28, of a photo also turned ones, and what is known of them.
  let shown = {images: [], label: null, doubt: null, box: null};
  let network = null, starting = null;
  let probabilities = null;
  let layers = null;  // that part, once it has been asked for
  let note = text.blank;

  const pad = drawingPad({
    width: '100%', say: (words) => say(words),
    onImage: (image) => show({images: image ? [image] : []}),
  });
  pad.canvas.id = 'pad';
  for (const [id, control] of Object.entries(pad.buttons)) control.id = id;
  const view = imageCanvas({label: text.view});
  const prediction = element('output', {id: 'prediction', for: 'pad', 'aria-live': 'off',
    'aria-label': text.answerLabel});
  const bars = Array.from({length: 10}, (_, digit) => {
    const [bar, percent] = [element('span', {class: 'bar'}), element('span', {class: 'percent'})];
    const item = element('li', {}, element('span', {class: 'digit'}, String(digit)),
        element('span', {class: 'track'}, bar), percent);
    return {item, bar, percent};
  });
  const spoken = element('span', {class: 'spoken'});
  const visible = element('span');
  const status = element('p', {id: 'pad-status', role: 'status'}, spoken, visible);
  const whose = element('div', {id: 'pad-network'});
  const layersRoot = element('div', {class: 'pad-layers'});
  const disclosure = element('details', {id: 'pad-layers', ontoggle: openLayers},
      element('summary', {}, text.layers), layersRoot);

  /** Says words at once; the next answer takes their place. */
  function say(words) {
    spoken.textContent = '';
    visible.textContent = words;
  }

  /** Takes what the pad shows now, and asks the network. */
  function show({images, label = null, doubt = null, box = null}) {
    shown = {images, label, doubt, box};
    note = '';
    view.show(images[0] ?? new Uint8Array(784), 255);
    answer();
  }

  function answer() {
    probabilities = network && shown.images.length ? vote(network, shown.images) : null;
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    prediction.textContent = best < 0 ? '' : String(best);
    bars.forEach(({item, bar, percent}, digit) => {
      const share = best < 0 ? 0 : 100 * probabilities[digit];
      item.classList.toggle('best', digit === best);
      bar.style.width = `${share}%`;
      percent.textContent = best < 0 ? '' : fill(text.percent, {percent: share.toFixed(0)});
    });
    layers?.show(network, shown.images[0]);
    if (shown.images.length && !network) start();
    report();
  }

  const report = later(() => {
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    const sentences = [note];
    let answered = '';
    if (!shown.images.length) {
      sentences.push(note ? '' : text.blank);
    } else if (probabilities && best < 0) {
      sentences.push(text.noNumbers);
    } else if (probabilities) {
      answered = fill(text.answer, {digit: best, percent: (100 * probabilities[best]).toFixed(0)});
      const {label} = shown;
      if (label !== null) sentences.push(fill(label === best ? text.right : text.wrong, {label}));
      else sentences.push(doubtOf(probabilities[best]));
    } else {
      sentences.push(note ? '' : text.loading);
    }
    spoken.textContent = answered && `${answered} `;
    visible.textContent = joined(sentences);
  }, REST);

  /** The sentence about an answer that the package's predict would warn of, too. */
  function doubtOf(confidence) {
    const doubt = shown.doubt ?? doubtAbout(shown.images[0]);
    if (doubt === 'cutOff') return text.cutOff;
    return doubt || confidence < DOUBTFUL ? text.doubt : '';
  }

  /** Loads and builds the network that is to answer; resolves to whether there is one now. */
  function start() {
    starting ??= currentNetwork().then((made) => {
      network = made;
      showWhose();
      answer();
      return true;
    }).catch((error) => {
      // A reader who has drawn nothing yet need not know.
      if (shown.images.length) note = fill(text.failed, {reason: error.message});
      report();
      return false;
    }).finally(() => { starting = null; });
    return starting;
  }

  async function useTrained({detail}) {
    await starting;
    if (!detail) {
      if (isTrained()) useBook();
      return;
    }
    try {
      network = await buildNetwork(detail);
    } catch (error) {
      note = fill(text.unusable, {reason: error.message});
      report();
      return;
    }
    useOnPage(detail);
    showWhose();
    note = text.trained;
    answer();
  }

  async function useBook() {
    await starting;
    useOnPage(null);
    if (!await start()) return;
    note = text.bookAgain;
    answer();
  }

  function showWhose() {
    if (isTrained() === whose.hasChildNodes()) return;
    whose.replaceChildren(...isTrained() ? [row(element('strong', {}, text.trainedAnswers),
        button(text.useBook, async () => {
          await useBook();
          pad.canvas.focus({preventScroll: true});  // this button is gone
        }, {id: 'use-book'}))] : []);
  }

  async function showSample() {
    try {
      const {image, label} = next(await loadDigits());
      pad.show({
        paint: (context, size) => paintImage(context, size, image),
        onShow: () => show({images: [image], label}),
      });
    } catch (error) {
      note = fill(text.noSample, {reason: error.message});
      report();
    }
  }

  async function openLayers() {
    if (!disclosure.open) {
      layers?.close();
      return;
    }
    try {
      const [{makeLayers}] = await loadParts(['pad-layers']);
      layers = makeLayers(layersRoot, text);
      layers.show(network, shown.images[0]);
    } catch (error) {
      layersRoot.textContent = error.message;
    }
  }

  const pictures = takePictures({
    root, text,
    onStart: () => say(text.reading),
    onError: (words) => {
      note = words;
      say(words);
    },
    onPicture: ({form, doubt, paint}) => pad.show({
      paint,
      onShow: () => {
        show({images: form.turned, doubt, box: form.box});
        note = text.found;
      },
    }),
  });

  root.setAttribute('aria-label', text.title);
  pad.help.hidden = false;
  root.append(
      element('div', {class: 'pad-columns'},
          element('div', {class: 'pad-left'}, pad),
          element('div', {class: 'pad-right'},
              element('div', {class: 'seen'},
                  element('div', {}, element('div', {class: 'caption'}, text.sees), view),
                  element('div', {}, element('div', {class: 'caption', 'aria-hidden': 'true'},
                      text.answers), prediction)),
              element('ol', {id: 'probabilities', start: 0, 'aria-label': text.probabilities},
                  bars.map(({item}) => item)))),
      status, whose,
      row(button(text.sample, showSample, {id: 'sample'}), pictures.button),
      disclosure,
      element('details', {id: 'pad-keys'}, element('summary', {}, text.keyboard), pad.help),
      element('p', {class: 'note'}, text.orDrop));
  view.id = 'network-view';
  view.show(new Uint8Array(784), 255);
  visible.textContent = note;
  showWhose();

  document.addEventListener('mnist-model', useTrained);
  (window.requestIdleCallback ?? setTimeout)(start, {timeout: 1000});

  /** For tests: what is shown, and what the network makes of it. */
  root.state = () => ({
    images: shown.images.map((image) => [...image]),
    box: shown.box,
    probabilities: probabilities && [...probabilities],
    trained: isTrained(),
    layers: layers?.state() ?? null,
  });
}

/** The probabilities of one image, or those of a photo's turned images together. */
function vote(network, images) {
  if (images.length === 1) return [...network.predict(images[0])];
  const total = new Array(10).fill(0);
  let weights = 0;
  for (const image of images) {
    const own = network.predict(image);
    const weight = Math.max(...own) ** POWER;
    weights += weight;
    own.forEach((value, digit) => { total[digit] += weight * value; });
  }
  return total.map((value) => value / weights);
}

let left = [];

/** The next of the digits, in random order: none comes again before all have come. */
function next(digits) {
  if (!left.length) left = digits.map((digit) => [Math.random(), digit]).sort(([a], [b]) => a - b);
  return left.pop()[1];
}

/** Paints 28x28 pixels so large that they fill the pad. */
function paintImage(context, size, image) {
  const small = imageCanvas({label: ''});
  small.show(image, 255);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, size, size);
}
