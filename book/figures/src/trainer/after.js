// What came of a run: its confusion matrix, and the last runs side by side. Both have room for
// their numbers from the beginning.

import {element} from '../shared/frame.js';
import {DIGITS, confusionMatrix} from '../results/maths.js';

const RUNS = 5;
const SPACE = '\u00a0';

/** A row for each label, a column for each prediction; show(labels, predictions) counts them. */
export function makeMatrix(text) {
  const cells = DIGITS.map(() => DIGITS.map(() => element('td')));
  const whole = element('table', {class: 'trainer-matrix'},
      element('caption', {}, text.matrix),
      element('thead', {}, element('tr', {}, element('td'),
          DIGITS.map((digit) => element('th', {scope: 'col'}, String(digit))))),
      element('tbody', {}, cells.map((row, digit) =>
        element('tr', {}, element('th', {scope: 'row'}, String(digit)), row))));
  return Object.assign(whole, {
    show(labels, predictions) {
      const counts = confusionMatrix(labels, predictions);
      const isMistake = (digit, read) => digit !== read;
      const most = Math.max(1, ...counts.flatMap((row, digit) =>
        row.filter((_, read) => isMistake(digit, read))));
      cells.forEach((row, digit) => row.forEach((cell, read) => {
        const n = counts[digit][read];
        // By the root: else one large count would leave the others white.
        const share = isMistake(digit, read) ? Math.sqrt(n / most) : 0;
        cell.style.setProperty('--share', `${(42 * share).toFixed(0)}%`);
        cell.className = isMistake(digit, read) ? '' : 'right';
        cell.textContent = n || '';
      }));
    },
  });
}

/** The settings and the accuracy of the last runs, the latest first; add(run) puts one on top. */
export function makeRuns(text) {
  const columns = ['architecture', 'learningRate', 'batchSize', 'batches', 'seed', 'accuracy'];
  const runs = [];
  const rows = Array.from({length: RUNS}, () => columns.map(() => element('td', {}, SPACE)));
  const whole = element('table', {class: 'trainer-runs'},
      element('caption', {}, text.runs),
      element('thead', {}, element('tr', {}, columns.map((name) =>
        element('th', {scope: 'col'}, text[name])))),
      element('tbody', {}, rows.map((row) => element('tr', {}, row))));
  return Object.assign(whole, {
    add(run) {
      runs.unshift({...run, architecture: text[`${run.architecture}Short`]});
      rows.slice(0, runs.length).forEach((row, i) => row.forEach((cell, column) => {
        cell.textContent = runs[i][columns[column]];
      }));
    },
  });
}
