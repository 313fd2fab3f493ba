// What tests/test_engine.py leaves in the folder PARITY: arrays of NumPy, and JSON.

import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import networks from '../dist/networks.json';
import {loadEngine} from '../src/engine-part.js';

const folder = process.env.PARITY;
const TYPES = {'|u1': Uint8Array, '<f4': Float32Array};

export const skip = folder ? false : 'PARITY names no folder';

export const readJson = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'));

/** Reads a .npy file of version 1: a header of text, then the values. */
export function readArray(name) {
  const bytes = readFileSync(`${folder}/${name}.npy`);
  const start = 10 + bytes.readUInt16LE(8);
  const type = TYPES[/'descr': '(.*?)'/.exec(bytes.toString('latin1', 10, start))[1]];
  // A typed array must begin at a multiple of its item's size: copied, it begins at 0.
  return new type(new Uint8Array(bytes.subarray(start)).buffer);
}

/** Reads NAME_0.npy, NAME_1.npy and so on. */
export function readArrays(name) {
  const arrays = [];
  while (existsSync(`${folder}/${name}_${arrays.length}.npy`)) {
    arrays.push(readArray(`${name}_${arrays.length}`));
  }
  return arrays;
}

export async function buildNetwork(name, weights, options) {
  const network = (await loadEngine()).build(networks[name], options);
  if (weights) network.setWeights(weights);
  return network;
}

/** Compares numbers with expected ones; returns the largest difference. */
export function assertClose(actual, expected, tolerance, what) {
  assert.equal(actual.length, expected.length, what);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    assert.ok(difference <= tolerance, `${what}[${i}]: ${actual[i]}, expected ${expected[i]}`);
    largest = Math.max(largest, difference);
  }
  return largest;
}
