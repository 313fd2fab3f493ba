// The parts that the page loads, read by Node.

import {readFileSync} from 'node:fs';
import path from 'node:path';
import {fromBase64, join, unzip} from '../src/base64.js';

export function readPart(name) {
  const text = readFileSync(path.resolve('dist/static/figures', `${name}.js`), 'utf8');
  return JSON.parse(text.slice(text.indexOf(']=') + 2, -2));
}

export async function readSplit(names) {
  const pieces = names.map(readPart);
  return {
    images: join(await Promise.all(pieces.map((piece) => unzip(piece.images)))),
    labels: join(pieces.map((piece) => fromBase64(piece.labels))),
  };
}
