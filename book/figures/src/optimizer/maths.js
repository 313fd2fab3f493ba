// Gradient descent on two losses of chapter 3: of w x, a curve over one weight, and of w x + b,
// a bowl over two. Both are quadratic, so their curvature is the same everywhere.

const X = [0.5, 1, 1.5];
const Y = [1.4, 3.1, 4.5];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/**
 * A mean squared error of a model that is linear in its weights.
 *
 * @param {function(number): number[]} inputs  of each weight, for an x
 * @param {number[][]} axes  unit vectors along which the curvature is extreme, steepest first
 */
function squaredError(inputs, axes) {
  const errors = (weights) => X.map((x, i) => dot(weights, inputs(x)) - Y[i]);
  const curvatures = axes.map((axis) => mean(X.map((x) => 2 * dot(axis, inputs(x)) ** 2)));
  const loss = (weights) => mean(errors(weights).map((error) => error ** 2));
  const gradient = (weights) => weights.map((_, i) =>
    mean(errors(weights).map((error, k) => 2 * inputs(X[k])[i] * error)));
  // Along each axis, one step with rate 1 / curvature removes the whole distance.
  const zero = axes.map(() => 0);
  const slopes = gradient(zero);
  const lowest = zero.map((_, i) => -axes.reduce(
      (sum, axis, k) => sum + axis[i] * dot(axis, slopes) / curvatures[k], 0));
  return {axes, curvatures, loss, gradient, lowest};
}

// The second derivatives of the bowl, and the angle of its steepest direction.
const [ww, wb, bb] = [mean(X.map((x) => 2 * x * x)), mean(X.map((x) => 2 * x)), 2];
const angle = Math.atan2(2 * wb, ww - bb) / 2;

export const LOSSES = {
  curve: squaredError((x) => [x], [[1]]),
  bowl: squaredError((x) => [x, 1],
      [[Math.cos(angle), Math.sin(angle)], [Math.sin(angle), -Math.cos(angle)]]),
};

/**
 * Takes steps as Keras's SGD does: the velocity first, then the weights.
 *
 * @return {Array<{weights: number[], velocity: number[]}>}  steps + 1 of them, the start first
 */
export function descend({gradient}, start, {rate, momentum, steps}) {
  const path = [{weights: start, velocity: start.map(() => 0)}];
  for (let i = 0; i < steps; i++) path.push(step(gradient, path[i], {rate, momentum}));
  return path;
}

/** One step from weights and velocity. */
export function step(gradient, {weights, velocity}, {rate, momentum}) {
  const slopes = gradient(weights);
  const next = velocity.map((v, i) => momentum * v - rate * slopes[i]);
  return {weights: weights.map((w, i) => w + next[i]), velocity: next};
}

/** Signed distances from the lowest point along the axes. */
export const along = ({axes, lowest}, weights) =>
  axes.map((axis) => dot(axis, weights.map((w, i) => w - lowest[i])));

/**
 * What one step multiplies the distance along an axis by; with momentum, in the long run.
 *
 * The distance d obeys d'' = (1 + momentum - rate * curvature) d' - momentum d, so it shrinks like
 * the larger solution r of r^2 - (1 + momentum - rate * curvature) r + momentum = 0.
 *
 * @return {{factor: number, path: string}}  path is a key of text.json
 */
export function factorOf(curvature, {rate, momentum}) {
  const half = (1 + momentum - rate * curvature) / 2;
  const square = half * half - momentum;
  // Without a real solution the distance swings around zero.
  if (square < 0) return {factor: Math.sqrt(momentum), path: 'swings'};
  const factor = half + (half < 0 ? -1 : 1) * Math.sqrt(square);
  const path = Math.abs(factor) >= 1 ? 'diverges' : factor < 0 ? 'zigzags' : 'converges';
  return {factor, path};
}

const ARRIVED = 1e-9;  // closer than this, only rounding errors are left

/**
 * The mean factor per step that a list of signed distances shows, null where there is none;
 * signed where it is the same at every step, which it is without momentum.
 */
export function measured(distances, {momentum}) {
  let last = distances.findIndex((d) => Math.abs(d) < ARRIVED);
  last = (last < 0 ? distances.length : last) - 1;
  if (last < 1) return null;
  const size = Math.abs(distances[last] / distances[0]) ** (1 / last);
  return momentum === 0 ? Math.sign(distances[last] / distances[last - 1]) * size : size;
}
