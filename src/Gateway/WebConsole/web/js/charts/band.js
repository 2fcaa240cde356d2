// The memory of one device over time, as bands on top of each other: by what it is used for, or by who owns it.

import { h, onWidth, s } from '../dom.js';
import { bytes, clock, percent, shortId } from '../format.js';
import { uses, WINDOW } from '../history.js';

const WINDOWS = [60, 120, WINDOW]; // seconds shown: the least that holds what is known

const HEIGHT = 168;
const MARGIN = { left: 4, right: 62, top: 8, bottom: 20 };
const MOST_OWNERS = 80; // bands; the legend names the largest of the moment
const MOST_NAMED = 6;
const STATE_BANDS = [['running', 'running'], ['parked', 'waits for a tool'], ['prefix', 'shared beginnings']];
let charts = 0;

/** Gives {node, update(samples, id, mode), destroy()}; mode is 'state' or 'owner'. */
export function band() {
  const own = `band-${++charts}`;
  const plot = s('g');
  const cursor = s('line', { class: 'cursor', visibility: 'hidden' });
  const svg = s('svg', { 'aria-hidden': 'true', focusable: 'false' },
    s('defs', null,
      s('pattern', { id: `${own}-hatch`, width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' }, s('line', { class: 'hatch', x1: 0, y1: 0, x2: 0, y2: 7 })),
      s('pattern', { id: `${own}-dots`, width: 6, height: 6, patternUnits: 'userSpaceOnUse' }, s('circle', { class: 'dots', cx: 2, cy: 2, r: 1.2 }))),
    plot, cursor);
  const figure = h('div', { class: 'chart band', tabindex: '0', role: 'img' }, svg);
  const legend = h('div', { class: 'legend' });
  const node = h('div', null, figure, legend);
  let width = 600, state = null, picked = null;
  const stop = onWidth(figure, wide => { width = Math.max(200, wide); draw(); });

  figure.addEventListener('pointermove', event => pick((event.clientX - figure.getBoundingClientRect().left - MARGIN.left) / (width - MARGIN.left - MARGIN.right)));
  figure.addEventListener('pointerleave', () => { picked = null; draw(); });
  figure.addEventListener('blur', () => { picked = null; draw(); });
  figure.addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !state) return;
    event.preventDefault();
    picked = Math.min(state.samples.length - 1, Math.max(0, (picked ?? state.samples.length - 1) + step));
    draw();
  });

  function pick(share) {
    if (!state) return;
    const { samples } = state;
    const at = samples.at(-1).at - shownSeconds(samples) * (1 - share);
    let best = samples.length - 1;
    samples.forEach((sample, index) => { if (Math.abs(sample.at - at) < Math.abs(samples[best].at - at)) best = index; });
    picked = best;
    draw();
  }

  function draw() {
    if (!state) return;
    const { samples, id, mode } = state;
    const height = figure.clientHeight || HEIGHT;
    const [w, hgt] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const window = shownSeconds(samples);
    const moments = samples.map(sample => ({ at: sample.at, one: sample.workers.find(worker => worker.worker.id === id) ?? null }));
    const last = moments.at(-1);
    if (!last?.one) return;
    const size = last.one.worker.kv.deviceBytes;
    const peak = Math.max(...moments.map(({ one }) => (one ? one.worker.kv.used + one.worker.kv.prefix : 0)));
    const top = scale(peak, size);
    const x = at => MARGIN.left + w * (1 - (last.at - at) / window);
    const y = value => MARGIN.top + hgt * (1 - value / top);
    const bands = mode === 'owner' ? owners(moments) : states(moments);

    const parts = [];
    for (const share of [0, 0.5, 1]) {
      parts.push(s('line', { class: share === 1 && top === size ? 'cap' : 'grid', x1: MARGIN.left, x2: MARGIN.left + w, y1: y(top * share), y2: y(top * share) }));
      parts.push(s('text', { x: MARGIN.left + w + 8, y: y(top * share) + 4 }, bytes(top * share)));
    }
    for (const back of window > 120 ? [240, 180, 120, 60, 0] : [window * 0.75, window / 2, window / 4, 0])
      parts.push(s('text', { x: x(last.at - back), y: height - 4, 'text-anchor': back === 0 ? 'end' : 'middle' }, back === 0 ? 'now' : back % 60 === 0 ? `−${back / 60} min` : `−${back} s`));
    const base = moments.map(() => 0);
    for (const one of bands) {
      const low = [...base];
      one.values.forEach((value, index) => { base[index] += value; });
      // A band of its time alone, and a moment on either side.
      const from = Math.max(0, one.values.findIndex(value => value > 0) - 1), to = one.values.findLastIndex(value => value > 0) + 2;
      const shape = outline(moments.slice(from, to), low.slice(from, to), base.slice(from, to), x, y);
      if (!shape) continue;
      parts.push(s('path', { d: shape, class: one.area || null, style: one.color ? { fill: one.color } : null }));
      if (one.pattern) parts.push(s('path', { d: shape, fill: `url(#${own}-${one.pattern})` }));
      if (one.parked) for (const run of one.parked) parts.push(s('path', { d: outline(moments.slice(...run), low.slice(...run), base.slice(...run), x, y) ?? '', fill: `url(#${own}-hatch)` }));
      parts.push(s('path', { d: shape, class: 'edge' }));
    }
    plot.replaceChildren(...parts);

    const index = picked === null ? moments.length - 1 : Math.min(picked, moments.length - 1);
    const moment = moments[index];
    cursor.setAttribute('visibility', picked === null ? 'hidden' : 'visible');
    for (const [name, value] of [['x1', x(moment.at)], ['x2', x(moment.at)], ['y1', MARGIN.top], ['y2', MARGIN.top + hgt]]) cursor.setAttribute(name, value);
    const free = moment.one ? uses(moment.one).free : 0;
    legend.replaceChildren(
      ...named(bands, index, mode).map(one => item(one.swatch, one.color, one.name, bytes(one.values[index]))),
      item('free', null, 'free', bytes(free)),
      h('span', { class: 'when' }, picked === null ? `of ${bytes(size)}` : clock(moment.at)));
    const now = uses(last.one);
    const label = `KV memory of ${id} over the last minutes; now ${bytes(now.running)} running, ${bytes(now.parked)} waiting for tools, ${bytes(now.prefix)} shared beginnings, `
      + `${percent(now.free / now.size)} of ${bytes(now.size)} free`;
    if (figure.getAttribute('aria-label') !== label) figure.setAttribute('aria-label', label);
  }

  return {
    node,
    update(samples, id, mode) { state = samples.length > 0 ? { samples, id, mode } : null; draw(); },
    destroy: stop,
  };
}

// All uses of memory; of the owners the largest at that moment.
function named(bands, index, mode) {
  if (mode === 'state') return bands;
  const owned = bands.filter(one => one.color && one.values[index] > 0).sort((a, b) => b.values[index] - a.values[index]);
  return [...owned.slice(0, MOST_NAMED), ...bands.filter(one => !one.color && one.values[index] > 0)];
}

const shownSeconds = samples => WINDOWS.find(seconds => samples.at(-1).at - samples[0].at <= seconds) ?? WINDOW;

const item = (swatch, color, name, value) => h('span', null, h('i', { class: `swatch ${swatch}`, 'aria-hidden': 'true', style: color ? { background: color } : null }), name, ' ', h('b', null, value));

// All of the device where much of it is used; else a round share of it, so that little use still has a shape.
function scale(peak, size) {
  for (const share of [0.01, 0.02, 0.05, 0.1, 0.25, 0.5]) if (peak <= size * share * 0.9) return size * share;
  return size;
}

function states(moments) {
  return STATE_BANDS.map(([use, name]) => ({
    name, area: `area-${use}`, swatch: use, pattern: { parked: 'hatch', prefix: 'dots' }[use], values: moments.map(({ one }) => (one ? uses(one)[use] : 0)),
  }));
}

// Those who held most, each in a colour of its own; hatched while they wait for a tool.
function owners(moments) {
  const held = new Map();
  // What several share is counted with each of them: together they hold no more than is in use.
  const shares = moments.map(({ one }) => (one ? Math.min(1, one.worker.kv.used / Math.max(1, one.owners.reduce((sum, owner) => sum + owner.device * one.bytesPerToken, 0))) : 1));
  moments.forEach(({ one }, index) => {
    for (const owner of one?.owners ?? []) {
      if (!held.has(owner.request)) held.set(owner.request, { total: 0, values: moments.map(() => 0), isParked: moments.map(() => false) });
      const known = held.get(owner.request);
      known.values[index] = owner.device * one.bytesPerToken * shares[index];
      known.isParked[index] = owner.phase === 'parked';
      known.total += known.values[index] * (1 + index / moments.length); // the latest count more
    }
  });
  const most = [...held].sort((a, b) => b[1].total - a[1].total).slice(0, MOST_OWNERS);
  const bands = most.map(([request, known]) => ({ name: shortId(request), area: '', color: ownColor(request), swatch: '', values: known.values, parked: runs(known.isParked) }));
  const others = moments.map(({ one }, index) => (one ? Math.max(0, one.worker.kv.used - bands.reduce((sum, own) => sum + own.values[index], 0)) : 0));
  return [...bands, { name: 'others', area: 'area-others', swatch: '', values: others },
    { name: 'shared beginnings', area: 'area-prefix', swatch: 'prefix', pattern: 'dots', values: moments.map(({ one }) => one?.worker.kv.prefix ?? 0) }];
}

function ownColor(request) {
  let hash = 0;
  for (const letter of request) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return `light-dark(oklch(62% .12 ${hash % 360}), oklch(72% .12 ${hash % 360}))`;
}

function runs(flags) {
  const found = [];
  for (let i = 0; i < flags.length; i++) {
    if (!flags[i]) continue;
    const from = i;
    while (i + 1 < flags.length && flags[i + 1]) i++;
    if (i > from) found.push([from, i + 1]);
  }
  return found;
}

// The area between two lines; null where it is empty throughout.
function outline(moments, low, high, x, y) {
  if (moments.length < 2 || high.every((value, index) => value - low[index] <= 0)) return null;
  const forth = moments.map(({ at }, index) => `${x(at).toFixed(1)},${y(high[index]).toFixed(1)}`);
  const back = moments.map(({ at }, index) => `${x(at).toFixed(1)},${y(low[index]).toFixed(1)}`).reverse();
  return `M${forth.join('L')}L${back.join('L')}Z`;
}
