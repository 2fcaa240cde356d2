// All requests the pool remembers, on one axis of time.

import { axis, bar } from '../charts/gantt.js';
import { h, keyed, setText } from '../dom.js';
import { count, seconds, shortId, stateName } from '../format.js';
import { badge, head, problem, segments } from './parts.js';

const PAGE = 40;
const SPANS = [4, 8, 12, 20, 40, 60, 120, 300, 600, 1200]; // seconds
const FILTERS = [['', 'all'], ['live', 'live'], ['queued', 'queued'], ['calling_tools', 'on tools'], ['parked', 'client tools'], ['finished', 'finished']];

export function requests(app) {
  let filter = '', chosen = 0, window = 60, most = PAGE;
  const list = h('ul', { class: 'rows' });
  const ticks = h('div', null, axis(window));
  const span = seconds => {
    if (seconds === window) return;
    window = seconds;
    ticks.replaceChildren(axis(window));
  };
  const more = h('button', { type: 'button', hidden: true, onclick: () => { most = Math.min(1000, most + 2 * PAGE); poll.again(); } }, 'Show more');
  const said = h('p', { class: 'empty', role: 'status' }, 'Loading.');
  // By the gateway's clock, which may differ from this one's: a live request is as old as the gateway says.
  let offset = 0;
  const gatewayTime = rows => {
    const live = rows.find(row => row.spans.at(-1)?.to === null);
    if (live) offset = live.arrivedAt + live.seconds - Date.now() / 1000;
    return Date.now() / 1000 + offset;
  };

  const poll = app.poll(() => `/admin/requests?limit=${most}${filter ? `&state=${filter}` : ''}`, 1500, (rows, error) => {
    if (error) {
      said.replaceChildren(problem(error));
      said.hidden = false;
      return;
    }
    const now = gatewayTime(rows);
    span(chosen || fit(rows, now));
    setText(said, rows.length === 0 ? 'No request is in this state.' : '');
    said.hidden = rows.length > 0;
    more.hidden = rows.length < most;
    keyed(list, rows, row => row.id, make);
    list.keyedRows.forEach(row => row.draw(now, window));
  });
  return {
    nodes: [
      head('Requests', 'Each row is one request: when it waited, ran, and stood still for a tool.'),
      h('section', { class: 'panel', 'aria-label': 'Requests' },
        h('header', null,
          segments('Show', FILTERS, filter, value => { filter = value; poll.again(); }),
          h('div', { class: 'end' }, segments('Time shown', [['0', 'fit'], ['60', '1 min'], ['300', '5 min'], ['1200', '20 min']], '0', value => {
            chosen = Number(value);
            poll.again();
          }))),
        h('div', { class: 'legend', 'aria-hidden': 'true' }, ...[['queued', 'queued'], ['running', 'on a worker'], ['parked', 'waits for a tool']].map(([kind, text]) =>
          h('span', null, h('i', { class: `swatch ${kind}` }), text))),
        h('div', { class: 'rows-head' }, h('span', null, 'request'), h('span', null, 'state'), ticks, h('span', null, 'took')),
        list, said, h('div', { class: 'actions', style: { 'justify-content': 'center', 'margin-top': '10px' } }, more)),
    ],
  };
}

// The least of some round spans that shows the beginnings of all rows.
const fit = (rows, now) => SPANS.find(one => rows.every(row => now - row.arrivedAt <= one)) ?? SPANS.at(-1);

function make(first) {
  const state = badge(first.state);
  const chart = bar();
  const took = h('span', { class: 'took' });
  const link = h('a', { href: `#/requests/${first.id}`, title: first.id }, h('span', { class: 'id' }, shortId(first.id)), state.node, chart.node, took);
  let row = first;
  return {
    node: h('li', null, link),
    draw: (now, window) => chart.update(row, now, window),
    update(next) {
      row = next;
      state.update(next.state);
      setText(took, seconds(next.seconds));
      const tools = next.tools.length > 0 ? `, tools ${next.tools.join(', ')}` : '';
      link.setAttribute('aria-label', `Request ${next.id}, ${stateName(next.state)}, ${seconds(next.seconds)}, ${count(next.contextTokens, 'token')}${tools}`);
    },
  };
}
