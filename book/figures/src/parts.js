// Parts are scripts that each leave one value in a common table. Scripts load from an
// http server and from file:// addresses alike; fetch and modules do not.

const table = (globalThis.mnistTutorialParts ??= {});
const folder = document.currentScript.src.replace(/[^/]*$/, '');
const loading = new Map();

/** Loads the parts that are not there yet; calls onProgress with a number from 0 to 1. */
export async function loadParts(names, onProgress = () => {}) {
  let loaded = 0;
  onProgress(0);
  return Promise.all(names.map(async (name) => {
    const value = await loadPart(name);
    onProgress(++loaded / names.length);
    return value;
  }));
}

/** Starts a worker from the text of its script: made from a Blob, it starts on file://, too. */
export function startWorker(code) {
  return new Worker(URL.createObjectURL(new Blob([code], {type: 'text/javascript'})));
}

function loadPart(name) {
  if (!loading.has(name)) {
    loading.set(name, new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = `${folder}${name}.js`;
      script.onload = () => resolve(table[name]);
      script.onerror = () => {
        loading.delete(name);  // so that the reader can try again
        script.remove();
        reject(new Error(`${name}.js could not be loaded`));
      };
      document.head.append(script);
    }));
  }
  return loading.get(name);
}
