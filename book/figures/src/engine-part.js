// The engine together with its compiled kernels.

import kernels from '../dist/kernels.wasm';
import {fromBase64} from './base64.js';
import {makeEngine} from './engine.js';

export const loadEngine = () => makeEngine(fromBase64(kernels));
