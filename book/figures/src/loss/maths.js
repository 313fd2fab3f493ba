// Softmax and two losses, with their derivatives by the logits.

/** Probabilities of logits divided by a temperature. */
export function softmax(logits, temperature = 1) {
  const highest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp((z - highest) / temperature));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Cross-entropy from logits and its derivatives, p - y over the temperature. */
export function crossEntropy(logits, label, temperature = 1) {
  const p = softmax(logits, temperature);
  const highest = Math.max(...logits);
  const sum = logits.reduce((a, z) => a + Math.exp((z - highest) / temperature), 0);
  return {
    loss: Math.log(sum) - (logits[label] - highest) / temperature,
    gradient: p.map((value, i) => (value - (i === label)) / temperature),
  };
}

/** The sum of the squared errors of the ten probabilities, and its derivatives. */
export function squaredError(logits, label, temperature = 1) {
  const p = softmax(logits, temperature);
  const errors = p.map((value, i) => value - (i === label));
  const mean = p.reduce((sum, value, i) => sum + value * errors[i], 0);
  return {
    loss: errors.reduce((sum, error) => sum + error * error, 0),
    gradient: p.map((value, i) => 2 * value * (errors[i] - mean) / temperature),
  };
}
