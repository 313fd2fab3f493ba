import path from 'node:path';

export const wasmBinary =
    path.resolve('node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
