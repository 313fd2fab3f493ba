// The network that the reader has trained, as text: in a file, and in the browser's storage, where
// it survives a reload. A browser may refuse to store anything; then it does not survive.

import {fromBase64, toBase64} from '../base64.js';

const NETWORK = 'mnist-tutorial-network';
const BOOK = 'mnist-tutorial-pad-asks-the-book';

/** A network, {layers, weights} and whatever is known of it, as JSON. */
export function toText({weights, ...rest}) {
  return JSON.stringify({...rest, weights: weights.map((values) =>
    toBase64(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)))});
}

export function fromText(text) {
  const {weights, ...rest} = JSON.parse(text);
  return {...rest, weights: weights.map((values) => new Float32Array(fromBase64(values).buffer))};
}

/** Keeps a network until the next one; null forgets it. */
export function keep(model) {
  attempt(() => {
    localStorage.removeItem(NETWORK);
    localStorage.removeItem(BOOK);
    if (model) localStorage.setItem(NETWORK, toText(model));
  });
}

/** The network that is kept, or null. */
export const kept = () => attempt(() => fromText(localStorage.getItem(NETWORK)));

/** Remembers whether the pad asks the book's network although another one is kept. */
export function preferBook(yes) {
  attempt(() => yes ? localStorage.setItem(BOOK, 'yes') : localStorage.removeItem(BOOK));
}

/** The network that the pad asks after a reload, or null for the book's. */
export const keptForPad = () => attempt(() => localStorage.getItem(BOOK)) ? null : kept();

function attempt(work) {
  try {
    return work();
  } catch {
    return null;
  }
}
