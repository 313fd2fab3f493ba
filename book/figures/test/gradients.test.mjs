// The gradients of batches, against TensorFlow's tape.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {assertClose, buildNetwork, readArray, readArrays, readJson, skip} from './parity.mjs';

const cases = skip ? [] : readJson('cases');

cases.forEach(({name, network: kind, loss}, folder) => {
  test(name, {skip}, async () => {
    const network = await buildNetwork(kind, readArrays(`${folder}/weight`));
    const result = network.gradients(readArray(`${folder}/images`), readArray(`${folder}/labels`));
    assert.ok(Math.abs(result.loss - loss) <= 1e-5 * Math.max(1, loss), `loss ${result.loss}, ${loss}`);
    const expected = readArrays(`${folder}/gradient`);
    assert.equal(result.gradients.length, expected.length);
    expected.forEach((values, i) => {
      const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      assertClose(result.gradients[i], values, 1e-5 * largest, `gradient ${i}`);
    });
  });
});
