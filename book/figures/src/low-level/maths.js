// A network of one feature and two logits, forwards and backwards, one operation at a time.

/** Softmax of two logits. */
export function softmax(z0, z1) {
  const p0 = 1 / (1 + Math.exp(z1 - z0));
  return [p0, 1 - p0];
}

const product = {
  value: (v, [a, b]) => v[a] * v[b],
  locals: (v, [a, b]) => [v[b], v[a]],  // the derivative by one factor is the other
};
const add = {value: (v, [a, b]) => v[a] + v[b], locals: () => [1, 1]};
const relu = {
  value: (v, [a]) => Math.max(v[a], 0),
  locals: (v, [a]) => [v[a] > 0 ? 1 : 0],
};
const crossEntropy = {
  // -ln of the true class's probability, written so that it does not overflow.
  value: (v, _, label) => {
    const difference = label === 0 ? v.z1 - v.z0 : v.z0 - v.z1;
    return Math.max(difference, 0) + Math.log1p(Math.exp(-Math.abs(difference)));
  },
  locals: (v, _, label) => softmax(v.z0, v.z1).map((p, i) => p - (i === label)),
};

/** In the order of the forward pass; the feature f is the input of two of them. */
export const OPERATIONS = [
  {name: 'multiply', ...product, inputs: ['x', 'w'], output: 'a'},
  {name: 'add', ...add, inputs: ['a', 'b'], output: 's'},
  {name: 'relu', ...relu, inputs: ['s'], output: 'f'},
  {name: 'multiply', ...product, inputs: ['f', 'v0'], output: 'z0'},
  {name: 'multiply', ...product, inputs: ['f', 'v1'], output: 'z1'},
  {name: 'crossEntropy', ...crossEntropy, inputs: ['z0', 'z1'], output: 'loss'},
];
export const INPUTS = ['x', 'w', 'b', 'v0', 'v1'];

/** All values, from those of the five inputs. */
export function forward(inputs, label) {
  const values = {...inputs};
  for (const {value, inputs: names, output} of OPERATIONS) {
    values[output] = value(values, names, label);
  }
  return values;
}

/**
 * The backward pass through all operations but the first few.
 *
 * @return {{gradients: Object, contributions: Array<Array<number>>}}  gradients by name, a sum
 *     where a value is used twice; contributions[i] are what operation i gives to its inputs
 */
export function backward(values, label, until = 0) {
  const gradients = {loss: 1};
  const contributions = [];
  for (let i = OPERATIONS.length - 1; i >= until; i--) {
    const {inputs, output, locals} = OPERATIONS[i];
    contributions[i] = locals(values, inputs, label).map((local) => gradients[output] * local);
    inputs.forEach((name, j) => {
      gradients[name] = (gradients[name] ?? 0) + contributions[i][j];
    });
  }
  return {gradients, contributions};
}

/** Every path from a value to the loss, as [operation, input] pairs from the loss back to it. */
export function pathsFrom(name) {
  if (name === 'loss') return [[]];
  return OPERATIONS.flatMap(({inputs, output}, i) => inputs.includes(name) ?
    pathsFrom(output).map((path) => [...path, [i, inputs.indexOf(name)]]) : []);
}

/** The losses on both sides of an input, and their difference over the distance. */
export function differenceQuotient(inputs, label, name, h) {
  const [plus, minus] = [h, -h].map((change) =>
    forward({...inputs, [name]: inputs[name] + change}, label).loss);
  return {plus, minus, quotient: (plus - minus) / (2 * h)};
}
