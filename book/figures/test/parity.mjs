// What tests/test_export.py leaves in the folder PARITY: model.json and weights.bin,
// images.bin (uint8 [n, 784]) and what Keras makes of them, probabilities.bin (float32 [n, 10]).

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';

const TOLERANCE = 1e-5;
const folder = process.env.PARITY;

export const skip = folder ? false : 'PARITY names no folder';

export function readParity() {
  const bytes = (name) => new Uint8Array(readFileSync(`${folder}/${name}`)).buffer;
  const content = JSON.parse(readFileSync(`${folder}/model.json`, 'utf8'));
  const [{paths, weights: specs}] = content.weightsManifest;
  const expected = new Float32Array(bytes('probabilities.bin'));
  return {
    topology: content.modelTopology,
    specs,
    weightData: bytes(paths[0]),
    images: new Uint8Array(bytes('images.bin')),
    expected,
    n: expected.length / 10,
  };
}

/** Compares the probabilities of images from the first on with Keras's. */
export function compare(actual, expected, first) {
  const largest = (values) => values.indexOf(Math.max(...values));
  assert.ok(actual.length > 0 && actual.length % 10 === 0);
  for (let i = 0; i < actual.length; i += 10) {
    const wanted = expected.subarray(10 * first + i, 10 * first + i + 10);
    const got = actual.subarray(i, i + 10);
    assert.equal(largest(got), largest(wanted), `prediction of image ${first + i / 10}`);
    got.forEach((value, digit) => {
      assert.ok(Math.abs(value - wanted[digit]) <= TOLERANCE,
          `image ${first + i / 10}, digit ${digit}: ${value}, by Keras ${wanted[digit]}`);
    });
  }
}
