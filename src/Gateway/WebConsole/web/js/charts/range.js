// How long a tool takes: what was learned or predicted, and what it came to, over powers of ten.

import { s } from '../dom.js';
import { seconds } from '../format.js';

const MARGIN = 4; // percent on either side: it is drawn as wide as it has room

const percent = value => `${value.toFixed(2)}%`;

/** A line from p50 to p90 (and p99), with a ring at the actual duration. */
export function range({ p50, p90, p99 = null, actual = null }, [least, most] = bounds([p50, p90, p99, actual])) {
  const [from, to] = [Math.log10(least), Math.log10(most)];
  const x = value => percent(MARGIN + (100 - 2 * MARGIN) * (Math.log10(Math.min(most, Math.max(least, value))) - from) / Math.max(1e-9, to - from));
  const ticks = [];
  for (let power = Math.ceil(from); power <= Math.floor(to); power++) ticks.push(10 ** power);
  return s('svg', { class: 'range', width: '100%', role: 'img', 'aria-label': label({ p50, p90, p99, actual }) },
    s('line', { class: 'track', x1: percent(MARGIN), x2: percent(100 - MARGIN), y1: 18, y2: 18 }),
    ...ticks.map(tick => s('text', { x: x(tick), y: 43, 'text-anchor': anchor(tick, least, most) }, seconds(tick).replace(/\.0+ /, ' '))),
    ...ticks.map(tick => s('line', { class: 'track', x1: x(tick), x2: x(tick), y1: 15, y2: 21 })),
    p99 === null ? null : s('line', { class: 'tail', x1: x(p90), x2: x(p99), y1: 18, y2: 18 }),
    s('line', { class: 'spread', x1: x(p50), x2: x(p90), y1: 18, y2: 18 }),
    s('circle', { class: 'mid', cx: x(p50), cy: 18, r: 5.5 }),
    actual === null ? null : s('circle', { class: 'actual', cx: x(actual), cy: 18, r: 8.5 }));
}

// Outer labels stay inside: there may be no room beside the line.
const anchor = (tick, least, most) => (tick <= least * 1.01 ? 'start' : tick >= most * 0.99 ? 'end' : 'middle');

/** Powers of ten around some durations. */
export function bounds(values) {
  const known = values.filter(value => value !== null && value !== undefined && value > 0);
  if (known.length === 0) return [0.01, 10];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const least = 10 ** Math.max(-4, Math.floor(Math.log10(low)));
  return [least, Math.max(least * 100, 10 ** Math.ceil(Math.log10(high * 1.05)))];
}

const label = ({ p50, p90, p99, actual }) =>
  `half of the calls within ${seconds(p50)}, nine of ten within ${seconds(p90)}${p99 === null ? '' : `, 99 of 100 within ${seconds(p99)}`}${actual === null ? '' : `; this one took ${seconds(actual)}`}`;
