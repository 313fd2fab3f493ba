// How this figure writes numbers.

const language = () => document.documentElement.lang || 'en';

export const count = (n) => n.toLocaleString(language());
export {percentage as percent} from '../shared/frame.js';
export const points = (share) => (100 * share).toFixed(1);
export const probability = (tenThousandths) => (tenThousandths / 10000).toFixed(2);
