// Bytes travel as base64 text, gzipped first where they are many.

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export async function unzip(text) {
  if (typeof DecompressionStream === 'undefined') {
    throw new Error('this browser cannot unpack gzip; browsers made since 2023 can');
  }
  const stream = new Blob([fromBase64(text)]).stream();
  const unzipped = stream.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unzipped).arrayBuffer());
}

export function join(arrays) {
  const whole = new Uint8Array(arrays.reduce((sum, {length}) => sum + length, 0));
  arrays.reduce((start, array) => (whole.set(array, start), start + array.length), 0);
  return whole;
}
