// node bundle.mjs FOLDER PIECES TESTS: bundles the page's scripts into FOLDER, where the
// training images lie in PIECES pieces, and Node's tests into TESTS. Compiles dist/kernels.wasm,
// which the scripts embed, before.

import {existsSync, readdirSync, writeFileSync} from 'node:fs';
import asc from 'assemblyscript/asc';
import {build} from 'esbuild';

const [outdir, trainPieces, testdir] = process.argv.slice(2);
const shared = {bundle: true, minify: true, logLevel: 'warning',
  loader: {'.css': 'text', '.wasm': 'base64'}};

const compiled = await asc.main(['src/kernels.ts', '--outFile', 'dist/kernels.wasm', '-O3',
  '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory']);
if (compiled.error) throw new Error(compiled.stderr.toString());
const page = {...shared, platform: 'browser', target: 'es2022',
  define: {__TRAIN_PIECES__: trainPieces}};

/** Writes a script that leaves a value in the table of parts; see src/parts.js. */
function writePart(name, expression) {
  writeFileSync(`${outdir}/${name}.js`,
      `(globalThis.mnistTutorialParts??={})[${JSON.stringify(name)}]=${expression};\n`);
}

await build({
  ...page,
  entryPoints: ['src/loader.js', 'src/pad.js'],
  format: 'iife',
  outdir,
});

// A figure of a chapter is a folder with an index.js, and a worker.js if it computes for long.
const figures = readdirSync('src').filter((name) => existsSync(`src/${name}/index.js`))
    .map((name) => [name, `${name}/index`]);
const parts = [['engine', 'engine-part'], ['pad-layers', 'pad/layers']];

for (const [name, source] of [...parts, ...figures]) {
  const {outputFiles} = await build({
    ...page,
    entryPoints: [`src/${source}.js`],
    format: 'iife',
    globalName: 'part',
    write: false,
  });
  writePart(name, `(()=>{${outputFiles[0].text};return part})()`);
}

// Workers are texts: the page makes them from Blobs.
const workers = figures.map(([name]) => [`${name}-worker`, `${name}/worker`])
    .filter(([, source]) => existsSync(`src/${source}.js`));
for (const [name, source] of [['photo', 'photo/worker'], ...workers]) {
  const {outputFiles} =
      await build({...page, entryPoints: [`src/${source}.js`], format: 'iife', write: false});
  writePart(name, JSON.stringify(outputFiles[0].text));
}

await build({
  ...shared,
  minify: false,
  entryPoints: ['test/*.test.mjs'],
  platform: 'node',
  mainFields: ['module', 'main'],
  format: 'cjs',
  outExtension: {'.js': '.cjs'},
  outdir: testdir,
});
