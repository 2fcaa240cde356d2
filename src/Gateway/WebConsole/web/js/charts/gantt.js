// Spans of requests over an axis of time that all rows share.

import { h } from '../dom.js';
import { seconds } from '../format.js';

/** The axis: from `window` seconds ago to now. */
export const axis = window => h('div', { class: 'gantt-axis', 'aria-hidden': 'true' },
  ...[1, 0.75, 0.5, 0.25, 0].map(share => h('span', { style: { left: `${(1 - share) * 100}%` } }, share === 0 ? 'now' : `−${seconds(window * share).replace(/\.0+ s$/, ' s').replace(/ 0 s$/, '')}`)));

/** A row's bar; draws what of the spans is within the window. Gives {node, update(row, now, window)}. */
export function bar() {
  const node = h('span', { class: 'gantt', 'aria-hidden': 'true' });
  return {
    node,
    update(row, now, window) {
      const parts = [];
      for (const span of row.spans) {
        const from = Math.max(0, 1 - (now - row.arrivedAt - span.from) / window);
        const to = Math.min(1, 1 - (now - row.arrivedAt - (span.to ?? row.seconds)) / window);
        if (to > 0 && to >= from) parts.push(h('i', { class: span.state, style: { left: `${from * 100}%`, width: `${(to - from) * 100}%` } }));
      }
      node.replaceChildren(...parts);
    },
  };
}
