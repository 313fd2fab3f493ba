// How this figure writes numbers.

const language = () => document.documentElement.lang || 'en';

export const count = (n) => n.toLocaleString(language());
export const percent = (share, places = 0) => `${(100 * share).toFixed(places)}\u00a0%`;
export const points = (share) => (100 * share).toFixed(1);
export const probability = (tenThousandths) => (tenThousandths / 10000).toFixed(2);
