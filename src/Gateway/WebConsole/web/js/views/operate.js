// What an operator does: policies, workers, balance. Every order is asked for once more, and says what came of it.

import { get, post } from '../api.js';
import { toast } from '../dialogs.js';
import { h, keyed, setText } from '../dom.js';
import { bytes, count } from '../format.js';
import { parkedCount } from '../history.js';
import { badge, head, order, problem, workerOrder } from './parts.js';

const FIGURES = ['running', 'in line', 'parked', 'KV in use'];

export function operate(app) {
  const workers = h('tbody');
  return {
    nodes: [
      head('Operate', 'Orders to the cluster. They want a key with the operator role where the gateway asks for keys.'),
      h('div', { class: 'pair' }, policies(), balance()),
      h('section', { class: 'panel', 'aria-labelledby': 'workers-title' },
        h('header', null, h('h2', { id: 'workers-title' }, 'Workers')),
        h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Workers and orders' }, h('table', { class: 'cards', role: 'table' },
          h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'worker'), h('th', { scope: 'col' }, 'state'), ...FIGURES.map(name => h('th', { scope: 'col', class: 'num' }, name)), h('th', { scope: 'col' }, 'orders'))),
          workers))),
    ],
    update: sample => keyed(workers, sample.workers, one => one.worker.id, one => workerRow(one.worker.id)),
  };
}

function workerRow(id) {
  const state = badge('active');
  const cells = FIGURES.map(name => h('td', { class: 'num', role: 'cell', 'data-name': name }));
  const button = (action, text, danger) => h('button', { type: 'button', class: danger ? 'danger' : '', 'aria-label': `${text} ${id}`, onclick: () => workerOrder(id, action) }, text);
  const buttons = { drain: button('drain', 'Drain'), cordon: button('cordon', 'Cordon'), undrain: button('undrain', 'Undrain'), evacuate: button('evacuate', 'Evacuate', true) };
  return {
    node: h('tr', { role: 'row' }, h('th', { scope: 'row', role: 'rowheader', class: 'mono' }, id), h('td', { role: 'cell' }, state.node), ...cells,
      h('td', { role: 'cell', class: 'orders' }, h('div', { class: 'actions' }, ...Object.values(buttons)))),
    update(one) {
      const { worker } = one;
      state.update(worker.state);
      [worker.running, worker.waiting, parkedCount(one), bytes(worker.kv.used)].forEach((value, index) => setText(cells[index], value));
      buttons.undrain.disabled = worker.state === 'active';
      buttons.drain.disabled = worker.state !== 'active' && worker.state !== 'cordoned';
      buttons.cordon.disabled = worker.state !== 'active';
    },
  };
}

function policies() {
  const body = h('div', null, h('p', { class: 'empty' }, 'Loading.'));
  const choice = (name, id, names, now) => {
    const select = h('select', { id }, ...names.map(one => h('option', { value: one }, one)));
    select.value = now;
    return { node: h('label', { for: id }, name, select), select };
  };
  const draw = known => {
    const rank = choice('Order of what waits', 'policy-rank', known.rankPolicies ?? [known.rank], known.rank);
    const pause = choice('Caches while tools run', 'policy-pause', known.pausePolicies ?? [known.pause], known.pause);
    const change = async () => {
      const wanted = {};
      if (rank.select.value !== known.rank) wanted.rank = rank.select.value;
      if (pause.select.value !== known.pause) wanted.pause = pause.select.value;
      if (Object.keys(wanted).length === 0) {
        toast('These policies are in force already.');
        return;
      }
      const words = Object.entries(wanted).map(([what, name]) => `${what} ${name}`).join(', ');
      const now = await order({ title: 'Switch policies?', text: `${words}: what waits is ranked anew at once, workers follow with their next report. Nothing that runs is lost.`, yes: 'Switch' },
        '/admin/policy', wanted, answer => `In force: order by ${answer.rank}, caches by ${answer.pause}.`);
      if (now) draw(now);
    };
    body.replaceChildren(h('form', { onsubmit: event => { event.preventDefault(); change(); } },
      h('div', { class: 'fields' }, rank.node, pause.node), h('div', { class: 'actions', style: { 'margin-top': '14px' } }, h('button', { class: 'main' }, 'Switch'))));
  };
  get('/admin/policy').then(draw, error => body.replaceChildren(error.status === 404 || error.status === 405
    ? h('p', { class: 'empty' }, 'This gateway cannot switch policies while it serves.') : problem(error)));
  return h('section', { class: 'panel', 'aria-labelledby': 'policy-title' }, h('header', null, h('h2', { id: 'policy-title' }, 'Policies')), body);
}

function balance() {
  const said = h('div', { role: 'status' });
  const show = plan => {
    const moves = plan?.moves ?? [];
    said.replaceChildren(moves.length === 0
      ? h('p', { class: 'empty' }, plan?.because ?? 'Nothing would be gained: no request moves.')
      : h('ul', { class: 'waiting' }, ...moves.map(move => h('li', null, h('span', { class: 'mono small' }, `${move.request ?? move.id}: ${move.from} → ${move.to}`), move.because ? h('p', null, move.because) : null))));
  };
  const plan = async () => {
    try {
      show(await post('/admin/rebalance?dryRun=true'));
    } catch (error) {
      said.replaceChildren(error.status === 404 ? h('p', { class: 'empty' }, 'This gateway does not rebalance.') : problem(error));
    }
  };
  const go = async () => {
    const done = await order({ title: 'Rebalance now?', text: 'Requests move from workers with much left to do to those with little, where that pays for the move.', yes: 'Rebalance' },
      '/admin/rebalance?dryRun=false', undefined, answer => `${count((answer?.moves ?? []).length, 'request')} moved.`);
    if (done) show(done);
  };
  return h('section', { class: 'panel', 'aria-labelledby': 'balance-title' },
    h('header', null, h('h2', { id: 'balance-title' }, 'Balance')),
    h('p', { class: 'note-box' }, 'Moves requests between workers where their memory is worth more. The plan can be looked at first.'),
    h('div', { class: 'actions', style: { 'margin-top': '14px' } }, h('button', { type: 'button', onclick: plan }, 'Show the plan'), h('button', { type: 'button', class: 'main', onclick: go }, 'Rebalance')),
    said);
}
