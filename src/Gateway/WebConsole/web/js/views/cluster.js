// The cluster at a glance: a few numbers, every worker's memory over time, and who waits for what.

import { get } from '../api.js';
import { band } from '../charts/band.js';
import { spark } from '../charts/spark.js';
import { h, keyed, setText } from '../dom.js';
import { percent, seconds, shortId, whole } from '../format.js';
import { parkedCount, total } from '../history.js';
import { badge, head, segments, workerOrder } from './parts.js';

const MOST_EXPLAINED = 6;
const URGENCY = { queued: 0, calling_tools: 1, parked: 2 }; // a client that never comes back is the least news

export function cluster(app) {
  let mode = 'state';
  const tiles = [
    tile('Tokens a second', 'run', () => ({ value: whole(app.history.rates().at(-1)?.[1] ?? 0) }), () => app.history.rates()),
    tile('Running', 'run', sample => ({ value: whole(total(sample, one => one.worker.running)) }), () => app.history.series(sample => total(sample, one => one.worker.running))),
    tile('Waiting', 'queue', waiting, () => app.history.series(sample => sample.waiting + total(sample, one => one.worker.waiting))),
    tile('On tools', 'park', sample => ({ value: whole(total(sample, parkedCount)) }), () => app.history.series(sample => total(sample, parkedCount))),
    tile('KV memory in use', 'prefix', memory, () => app.history.series(sample => total(sample, one => one.worker.kv.used))),
    savedTile(app),
  ];
  const cards = h('div', { class: 'stack', role: 'list', 'aria-label': 'Workers' });
  const why = h('ul', { class: 'waiting' });
  const none = h('p', { class: 'empty' }, 'Not known yet.');
  const policy = h('p', { class: 'small muted' });
  whyTheyWait(app, why, none);

  const side = h('section', { class: 'panel', 'aria-labelledby': 'why-title' },
    h('header', null, h('h2', { id: 'why-title' }, 'Why they wait')), none, why);
  return {
    nodes: [
      head('Cluster', 'What the devices hold, what runs, and what waits for its turn or for a tool.',
        segments('Bands of memory by', [['state', 'by state'], ['owner', 'by owner']], mode, value => { mode = value; if (app.history.last) draw(app.history.last); })),
      h('section', { class: 'tiles', 'aria-label': 'Now' }, ...tiles.map(one => one.node)),
      h('div', { class: 'columns' }, h('div', { class: 'stack' }, cards), h('div', { class: 'stack' }, side, h('section', { class: 'panel', 'aria-label': 'Policies' }, h('header', null, h('h2', null, 'Policies')), policy))),
    ],
    update: draw,
    destroy: () => cards.keyedRows?.forEach(row => row.destroy()),
  };

  function draw(sample) {
    tiles.forEach(one => one.update(sample));
    setText(policy, `Order by ${sample.policy.rank}; caches while tools run: ${sample.policy.pause}.`);
    keyed(cards, sample.workers, one => one.worker.id, one => workerCard(app, one.worker.id, () => mode));
  }
}

function tile(label, kind, now, points) {
  const value = h('span', null, '-'), unit = h('small', null, '');
  const line = spark(kind);
  return {
    node: h('div', { class: 'tile' }, h('p', { class: 'label' }, label), h('p', { class: 'value' }, value, unit), line.node),
    update(sample) {
      const shown = now(sample);
      setText(value, shown.value);
      setText(unit, shown.unit ?? '');
      line.update(points());
    },
  };
}

const waiting = sample => {
  const onWorkers = total(sample, one => one.worker.waiting);
  return { value: whole(sample.waiting + onWorkers), unit: onWorkers > 0 ? `${onWorkers} on workers` : '' };
};

const memory = sample => {
  const [used, size] = [total(sample, one => one.worker.kv.used), total(sample, one => one.worker.kv.deviceBytes)];
  return { value: size === 0 ? '0 %' : percent(used / size) };
};

function savedTile(app) {
  const value = h('span', null, '-'), unit = h('small', null, '');
  const note = h('p', { class: 'note' }, 'a replay of recent requests');
  app.poll('/admin/counterfactual', 10_000, shown => {
    const against = shown?.against.find(other => other.policy === 'fcfs');
    if (!against) return;
    const isNone = Math.abs(against.savedPerRequest) < 5e-4;
    setText(value, isNone ? 'nothing' : seconds(Math.abs(against.savedPerRequest)));
    setText(unit, isNone ? 'to gain' : against.savedPerRequest > 0 ? 'a request' : 'lost a request');
    setText(note, `estimated, replay of ${whole(shown.requests)}`);
  });
  return {
    node: h('div', { class: 'tile' }, h('p', { class: 'label' }, 'Saved against FCFS'), h('p', { class: 'value' }, value, unit), note),
    update: () => {},
  };
}

function workerCard(app, id, modeOf) {
  const state = badge('active');
  const numbers = Object.fromEntries(['running', 'waiting', 'parked', 'tokens', 'iteration', 'host'].map(name => [name, h('b', null, '0')]));
  const chart = band();
  const buttons = { drain: 'Drain', cordon: 'Cordon', undrain: 'Undrain' };
  const actions = Object.fromEntries(Object.entries(buttons).map(([action, text]) =>
    [action, h('button', { type: 'button', class: 'quiet', 'aria-label': `${text} ${id}`, onclick: () => workerOrder(id, action) }, text)]));
  const device = h('span', { class: 'muted small' });
  const node = h('div', { class: 'panel worker', role: 'listitem', 'aria-label': `Worker ${id}` },
    h('header', null, h('h2', null, id), state.node, device, h('div', { class: 'actions end' }, ...Object.values(actions))),
    h('p', { class: 'line' },
      h('span', null, 'batch ', numbers.running), h('span', null, 'in line ', numbers.waiting), h('span', null, 'parked ', numbers.parked),
      h('span', null, numbers.tokens, ' tokens/s'), h('span', null, 'iteration ', numbers.iteration), h('span', null, 'host tier ', numbers.host)),
    chart.node);
  return {
    node,
    destroy: chart.destroy,
    update(one) {
      const { worker } = one;
      state.update(worker.state);
      setText(device, worker.device);
      setText(numbers.running, `${worker.running} of ${one.maxSequences}`);
      setText(numbers.waiting, worker.waiting);
      setText(numbers.parked, `${worker.parked.device} device, ${worker.parked.host} host, ${worker.parked.none} dropped`);
      const recent = app.history.rates(id, 3);
      setText(numbers.tokens, whole(recent.reduce((sum, [, rate]) => sum + rate, 0) / Math.max(1, recent.length)));
      setText(numbers.iteration, seconds(worker.iteration.seconds));
      setText(numbers.host, percent(worker.kv.hostBytes === 0 ? 0 : one.hostUsed / worker.kv.hostBytes));
      const isActive = worker.state === 'active';
      actions.drain.hidden = !isActive;
      actions.cordon.hidden = !isActive;
      actions.undrain.hidden = isActive;
      chart.update(app.history.samples, id, modeOf());
    },
  };
}

// Those that wait for a turn first, then for tools, each with the reason in the gateway's own words.
function whyTheyWait(app, list, none) {
  app.poll('/admin/requests?state=live&limit=300', 2000, async rows => {
    const waiting = (rows ?? []).filter(row => row.state in URGENCY).sort((a, b) => URGENCY[a.state] - URGENCY[b.state] || a.arrivedAt - b.arrivedAt).slice(0, MOST_EXPLAINED);
    const told = await Promise.all(waiting.map(async row => {
      try {
        return { ...row, why: (await get(`/admin/requests/${row.id}`)).why };
      } catch {
        return { ...row, why: null };
      }
    }));
    const shown = told.filter(row => row.why);
    none.hidden = shown.length > 0;
    setText(none, rows ? 'Nobody waits.' : 'Not known yet.');
    keyed(list, shown, row => row.id, row => {
      const state = badge(row.state), words = h('p'), age = h('span', { class: 'end num small muted' });
      return {
        node: h('li', null, h('div', { class: 'row' }, h('a', { class: 'mono', href: `#/requests/${row.id}`, title: row.id }, shortId(row.id)), state.node, age), words),
        update(now) { state.update(now.state); setText(words, now.why); setText(age, seconds(now.seconds)); },
      };
    });
  });
}
