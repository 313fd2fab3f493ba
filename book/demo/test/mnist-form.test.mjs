import assert from 'node:assert/strict';
import {test} from 'node:test';
import {IMAGE_SIZE, toMnistForm} from '../src/mnist-form.js';

test('a blank drawing has no form', () => {
  assert.equal(toMnistForm(new Uint8Array(100), 10, 10), null);
});
