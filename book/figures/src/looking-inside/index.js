// "Looking inside": what a unit of the shipped network sees, and which pixels decide its answer.

import {digitInput} from '../shared/drawing.js';
import {choice, makeFigure, row} from '../shared/frame.js';
import {loadNetwork} from '../shared/network.js';
import {makePatchView} from './patch.js';
import css from './style.css';
import texts from './text.json';
import {makeUnitView} from './unit.js';

export default makeFigure('looking-inside', texts, css, async ({root, text, say}) => {
  const network = await loadNetwork();
  const views = {unit: makeUnitView(network, text, say), patch: makePatchView(network, text, say)};
  let taken = null, label = null;

  const mode = choice({
    label: text.mode, value: 'unit', options: [['unit', text.unitMode], ['patch', text.patchMode]],
    onInput: () => show(),
  });
  function show() {
    for (const [name, {whole}] of Object.entries(views)) whole.hidden = name !== mode.value;
    if (taken) views[mode.value].take(taken, label);
    else say(text.draw);
  }

  const input = await digitInput({start: 7, onImage: (image, digit) => {
    [taken, label] = [image && Uint8Array.from(image), digit];
    show();
  }});
  root.append(input, row(mode), ...Object.values(views).map(({whole}) => whole));
  return () => ({mode: mode.value, ...views[mode.value].state});
});
