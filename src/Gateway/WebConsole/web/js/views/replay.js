// The counterfactual: what the same requests would have taken under first come, first served. Says what it is: an estimate.

import { h } from '../dom.js';
import { count, fixed, seconds } from '../format.js';
import { head, problem } from './parts.js';

export function replay(app) {
  const body = h('div', { class: 'stack' }, h('p', { class: 'empty' }, 'Loading.'));
  app.poll('/admin/counterfactual', 5000, (shown, error) => body.replaceChildren(...(error ? [h('section', { class: 'panel' }, problem(error))] : page(shown))));
  return { nodes: [head('Replay', 'The latest requests, served once more in a simulation: under the policy in force, and in order of arrival.'), body] };
}

function page(shown) {
  if (shown.requests === 0) {
    return [h('section', { class: 'panel' }, h('p', { class: 'empty' }, 'Too few requests have ended to replay them: two at least, seen from their arrival to their end.'), h('p', { class: 'note-box' }, shown.basis))];
  }
  const fcfs = shown.against.find(other => other.policy === 'fcfs');
  const isNone = Math.abs(fcfs.savedPerRequest) < 5e-4;
  const isSaving = fcfs.savedSeconds >= 0;
  return [
    h('div', { class: 'pair' },
      h('section', { class: 'panel', 'aria-labelledby': 'saved-title' },
        h('header', null, h('h2', { id: 'saved-title' }, isSaving ? 'Saved against first come, first served' : 'Lost against first come, first served')),
        h('p', { class: `versus ${isNone ? '' : isSaving ? 'saved' : 'lost'}` }, isNone ? 'no difference' : seconds(Math.abs(fcfs.savedSeconds))),
        h('p', { class: 'muted' }, isNone ? `over ${count(shown.requests, 'request')}: hardly anybody waited for a turn, so the order did not matter.` : `over ${count(shown.requests, 'request')}: ${seconds(Math.abs(fcfs.savedPerRequest))} each, in the mean. ${fixed(100 * Math.abs(fcfs.savedPerRequest) / Math.max(1e-9, fcfs.latency.mean), 1)} % of their latency there.`)),
      h('section', { class: 'panel', 'aria-labelledby': 'basis-title' },
        h('header', null, h('h2', { id: 'basis-title' }, 'What this is')),
        h('p', { class: 'note-box' }, `${shown.basis} ${trust(shown)}`))),
    h('section', { class: 'panel', 'aria-labelledby': 'latency-title' },
      h('header', null, h('h2', { id: 'latency-title' }, 'Latency, arrival to last token'), h('span', { class: 'muted small' }, `${count(shown.requests, 'request')} that arrived within ${seconds(shown.windowSeconds)}`)),
      bars(shown)),
    h('section', { class: 'panel', 'aria-label': 'The same as a table' }, table(shown)),
  ];
}

// How far the replay of the policy in force is from what was served.
function trust(shown) {
  const off = shown.replayed.mean / Math.max(1e-9, shown.served.mean) - 1;
  return `Here it is ${fixed(100 * Math.abs(off), 0)} % ${off < 0 ? 'below' : 'above'}${Math.abs(off) > .3 ? ': take the figures for their sign, not for their size.' : '.'}`;
}

const rows = shown => [
  { name: 'served', means: 'as it was, measured', latency: shown.served, kind: '' },
  { name: `${shown.rank}, replayed`, means: `${shown.rank} order, ${shown.pause} caches: how far this is from the line above says how far to trust the rest`, latency: shown.replayed, kind: 'live' },
  ...shown.against.map(other => ({ name: `${other.policy}, replayed`, means: other.means, latency: other.latency, kind: 'chosen' })),
];

function bars(shown) {
  const most = Math.max(...rows(shown).map(row => row.latency.mean), 1e-9);
  return h('div', { class: 'bars' }, ...rows(shown).flatMap(row => [
    h('span', null, row.name), h('span', { class: `bar ${row.kind}`, 'aria-hidden': 'true' }, h('i', { style: { width: `${100 * row.latency.mean / most}%` } })), h('span', { class: 'amount' }, seconds(row.latency.mean)),
  ]));
}

const table = shown => h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Latencies' },
  h('table', null,
    h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'run'), h('th', { scope: 'col' }, 'what it is'), ...['mean', 'median', 'P99'].map(name => h('th', { scope: 'col', class: 'num' }, name)))),
    h('tbody', null, ...rows(shown).map(row => h('tr', null, h('th', { scope: 'row' }, row.name), h('td', { class: 'muted small' }, row.means),
      ...[row.latency.mean, row.latency.p50, row.latency.p99].map(value => h('td', { class: 'num' }, seconds(value))))))));
