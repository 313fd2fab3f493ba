// On every page: an image of class "live" is the static picture of a figure that responds. Before
// it comes into view, the figure's own script is loaded and takes the picture's place.

import {loadParts} from './parts.js';

const AHEAD = '600px';  // so that a reader who scrolls finds the figure ready

const observer = new IntersectionObserver((entries) => {
  for (const {isIntersecting, target} of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    mount(target);
  }
}, {rootMargin: AHEAD});

async function mount(picture) {
  const name = picture.id.replace(/^live-/, '');
  try {
    const [{default: figure}] = await loadParts([name]);
    await figure(picture);
  } catch (error) {
    console.warn(`The figure ${name} stays a picture: ${error.message}`);
  }
}

document.addEventListener('DOMContentLoaded', () => {
  for (const picture of document.querySelectorAll('img.live')) observer.observe(picture);
});
