// A small line of the last minutes: shape alone, the number stands above it.

import { s } from '../dom.js';

const [WIDTH, HEIGHT] = [120, 34];

/** Gives {node, update(points)}; points are [at, value], in order of time. */
export function spark(kind) {
  const area = s('path', { class: 'fill' });
  const line = s('path', { class: 'stroke' });
  const node = s('svg', { class: `spark ${kind}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' }, area, line);
  return {
    node,
    update(points) {
      if (points.length < 2) return;
      const [from, to] = [points[0][0], points.at(-1)[0]];
      const top = Math.max(...points.map(point => point[1]), 1e-9);
      const at = points.map(([x, y]) => `${(WIDTH * (x - from) / (to - from)).toFixed(1)},${(HEIGHT - 2 - (HEIGHT - 6) * y / top).toFixed(1)}`);
      line.setAttribute('d', `M${at.join('L')}`);
      area.setAttribute('d', `M0,${HEIGHT}L${at.join('L')}L${WIDTH},${HEIGHT}Z`);
    },
  };
}
