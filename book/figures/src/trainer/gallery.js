// The first test images, marked right or wrong. There is room for them from the beginning.

import {element, fill} from '../shared/frame.js';
import {imageCanvas} from '../shared/images.js';

const SIZE = 24;
const PIXELS = 784;

export function makeGallery(text) {
  const items = Array.from({length: SIZE}, () => {
    const canvas = imageCanvas({width: '50px'});
    canvas.removeAttribute('role');  // until it shows something
    // The label of the canvas says the mark in words.
    const mark = element('span', {'aria-hidden': 'true'}, '\u00a0');
    return {canvas, mark, item: element('li', {}, canvas, mark)};
  });
  const whole = element('ul', {id: 'gallery', 'aria-label': text.gallery},
      items.map(({item}) => item));
  return Object.assign(whole, {
    show({images, labels}, predictions) {
      items.forEach(({canvas, mark, item}, i) => {
        const right = predictions[i] === labels[i];
        canvas.show(images.subarray(i * PIXELS, (i + 1) * PIXELS), 255);
        canvas.setAttribute('role', 'img');
        canvas.setAttribute('aria-label', fill(right ? text.right : text.wrong,
            {label: labels[i], prediction: predictions[i]}));
        item.className = right ? 'right' : 'wrong';
        mark.textContent = `${predictions[i]} ${right ? '✓' : '✗'}`;
      });
    },
  });
}
