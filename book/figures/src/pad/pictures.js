// Pictures of digits: chosen as a file, dropped on the pad or pasted. What reads them is loaded
// when the first one comes.

import {button, element, fill} from '../shared/frame.js';
import {loadParts, startWorker} from '../parts.js';

const LARGEST_FILE = 100e6;  // bytes
const PREVIEW = 560;  // pixels a side

let worker;

/**
 * @param {{root: HTMLElement, text: Object, onStart: function(), onError: function(string),
 *     onPicture: function({form, doubt, paint})}} options  form and doubt as from photo/forms.js
 *     and photo/doubts.js; paint(context, size) draws the picture, its digit in a frame
 * @return {{button: HTMLElement}}
 */
export function takePictures({root, text, onStart, onError, onPicture}) {
  let latest = 0;

  async function take(file) {
    const own = ++latest;
    onStart();
    let answer;
    try {
      answer = file.size > LARGEST_FILE ? {error: 'tooLarge'} : await read(file);
      if (own !== latest) return;  // another picture has come meanwhile
      if (!answer.error) answer.paint = await painter(answer);
    } catch (error) {
      onError(fill(text.notRead, {reason: error.message}));
      return;
    }
    if (answer.error) onError(text[answer.error]);
    else onPicture(answer);
  }

  const input = element('input', {type: 'file', accept: 'image/*', id: 'picture-file', hidden: true,
    'aria-label': text.picture, onchange: () => {
      if (input.files[0]) take(input.files[0]);
      input.value = '';  // so that the same file can be chosen again
    }});

  root.addEventListener('dragover', (event) => {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    root.classList.add('dropping');
  });
  root.addEventListener('dragleave', (event) => {
    if (!root.contains(event.relatedTarget)) root.classList.remove('dropping');
  });
  root.addEventListener('drop', (event) => {
    root.classList.remove('dropping');
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    take(file);
  });
  document.addEventListener('paste', (event) => {
    const file = [...event.clipboardData?.files ?? []].find(({type}) => type.startsWith('image/'));
    if (!file) return;
    event.preventDefault();
    take(file);
  });

  return {button: element('div', {}, input,
      button(text.picture, () => input.click(), {id: 'picture'}))};
}

/** Asks the worker, which works on one picture after the other. */
async function read(file) {
  const [code] = await loadParts(['photo']);
  worker ??= startWorker(code);
  const {port1, port2} = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({data}) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(file, [port2]);
  });
}

/** What draws the picture, made small once, into the middle of the pad. */
async function painter({bitmap, form: {box: [top, left, bottom, right]}}) {
  const {width, height} = bitmap;
  const scale = Math.min(1, PREVIEW / Math.max(width, height));
  const small = element('canvas', {width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale))});
  small.getContext('2d').drawImage(bitmap, 0, 0, small.width, small.height);
  bitmap.close();
  return (context, size) => {
    const fit = size / Math.max(width, height);
    const [x, y] = [(size - width * fit) / 2, (size - height * fit) / 2];
    context.drawImage(small, x, y, width * fit, height * fit);
    const frame = [x + left * fit - 3, y + top * fit - 3,
      (right - left) * fit + 6, (bottom - top) * fit + 6];
    for (const [colour, wide] of [['white', 5], ['#0b62a8', 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.strokeRect(...frame);
    }
  };
}
