// What chapter 7 computes from labels, predictions and probabilities.

export const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
export const SCALE = 10000;  // probabilities are whole numbers of ten-thousandths

/** Counts how often each true digit (row) was read as each digit (column). */
export function confusionMatrix(labels, predictions) {
  const counts = DIGITS.map(() => DIGITS.map(() => 0));
  labels.forEach((label, i) => counts[label][predictions[i]]++);
  return counts;
}

/**
 * How many images reach each threshold, and how many of these are right.
 *
 * @return {function(number): {answered: number, right: number}}  takes a threshold in 0..1
 */
export function answersFrom(right, confidences) {
  const answered = new Uint32Array(SCALE + 2);
  const correct = new Uint32Array(SCALE + 2);
  confidences.forEach((confidence, i) => {
    answered[confidence]++;
    correct[confidence] += right[i];
  });
  for (let i = SCALE; i >= 0; i--) {
    answered[i] += answered[i + 1];
    correct[i] += correct[i + 1];
  }
  return (threshold) => {
    const at = Math.round(threshold * SCALE);
    return {answered: answered[at], right: correct[at]};
  };
}

/** The standard error of a share p of n images. */
export const standardError = (p, n) => Math.sqrt(p * (1 - p) / n);

/** Draws a test set of n images, any of which may come twice: the accuracy on it, and its interval. */
export function drawTestSet(right, n, uniform) {
  const indices = new Uint16Array(n);
  let hits = 0;
  for (let i = 0; i < n; i++) {
    indices[i] = uniform() * right.length;
    hits += right[indices[i]];
  }
  const accuracy = hits / n;
  const margin = 2 * standardError(accuracy, n);
  return {indices, accuracy, low: accuracy - margin, high: accuracy + margin};
}

/** The standard deviation of numbers, as np.std. */
export function standardDeviation(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
