// The drawing pad of the front page and of the chapter "In your browser".

import {makePad} from './pad/pad.js';

makePad(document.getElementById('pad-figure'));
