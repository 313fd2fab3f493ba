// node bundle.mjs FOLDER PIECES TESTS: bundles the page's scripts into FOLDER, where the
// training images lie in PIECES pieces, and Node's tests into TESTS.

import {readdirSync, writeFileSync} from 'node:fs';
import {build} from 'esbuild';

const [outdir, trainPieces, testdir] = process.argv.slice(2);
const shared = {bundle: true, minify: true, logLevel: 'warning', loader: {'.css': 'text'}};

// Two thirds of the wasm backend's JavaScript drive its threads, which need HTTP headers
// that a plain web server does not send.
const withoutThreads = {
  name: 'without-threads',
  setup(build) {
    build.onLoad({filter: /tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/}, () => (
      {contents: 'module.exports = {wasmWorkerContents: ""};', loader: 'js'}));
  },
};
const page = {...shared, platform: 'browser', target: 'es2022', plugins: [withoutThreads]};

/** Writes a script that leaves a value in the table of parts; see src/parts.js. */
function writePart(name, expression) {
  writeFileSync(`${outdir}/${name}.js`,
      `(globalThis.mnistTutorialParts??={})[${JSON.stringify(name)}]=${expression};\n`);
}

await build({
  ...page,
  entryPoints: ['src/loader.js', 'src/pad.js', 'src/trainer.js'],
  define: {__TRAIN_PIECES__: trainPieces},
  format: 'iife',
  outdir,
});

// A figure of a chapter is a folder with an index.js.
const figures = readdirSync('src', {withFileTypes: true})
    .filter((entry) => entry.isDirectory() && entry.name !== 'shared').map(({name}) => name);

for (const name of ['network', 'curves', ...figures]) {
  const {outputFiles} = await build({
    ...page,
    entryPoints: [figures.includes(name) ? `src/${name}/index.js` : `src/${name}.js`],
    format: 'iife',
    globalName: 'part',
    write: false,
  });
  writePart(name, `(()=>{${outputFiles[0].text};return part})()`);
}

const {outputFiles} =
    await build({...page, entryPoints: ['src/worker.js'], format: 'iife', write: false});
writePart('worker', JSON.stringify(outputFiles[0].text));

await build({
  ...shared,
  minify: false,
  entryPoints: ['test/*.test.mjs'],
  platform: 'node',
  mainFields: ['module', 'main'],
  format: 'cjs',
  outExtension: {'.js': '.cjs'},
  outdir: testdir,
  plugins: [withoutThreads],
});
