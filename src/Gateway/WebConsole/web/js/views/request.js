// One request: its life on a line, why it waits, each tool call with the decision over its cache and the prices, and every step in words.

import { range } from '../charts/range.js';
import { h } from '../dom.js';
import { clock, count, fixed, price, seconds, shortId, whole } from '../format.js';
import { eventKind, phases, totals } from '../phases.js';
import { badge, facts, head, order, problem } from './parts.js';

const OVER = ['finished', 'failed', 'cancelled'];
const KINDS = [['queued', 'queued'], ['placed', 'in line'], ['prefill', 'prefill'], ['decode', 'decode'], ['running', 'on its worker'], ['tool', 'tools']];
const KEPT = { preserve: 'kept on the device', swap: 'moved to host memory', discard: 'dropped, to be computed again' };

export function request(app, id) {
  const body = h('div', { class: 'stack' }, h('p', { class: 'empty' }, 'Loading.'));
  let shown = '';
  const poll = app.poll(`/admin/requests/${encodeURIComponent(id)}`, 1000, (one, error) => {
    if (error) {
      body.replaceChildren(h('section', { class: 'panel' }, problem(error), h('p', { class: 'muted small' }, 'Ended requests are remembered for some minutes (FinishedRetention).'), h('a', { href: '#/requests' }, 'All requests')));
      return;
    }
    const said = JSON.stringify(one);
    if (said === shown && OVER.includes(one.state)) {
      poll.stop();
      return; // nothing comes any more
    }
    shown = said;
    redraw(one);
  });

  function redraw(one) {
    const inside = document.activeElement?.id;
    body.replaceChildren(...page(one, poll));
    if (inside) document.getElementById(inside)?.focus();
  }

  return { nodes: [h('p', { class: 'small' }, h('a', { href: '#/requests' }, '← All requests')), body] };
}

function page(one, poll) {
  const isOver = OVER.includes(one.state);
  const ended = one.timeline.at(-1)?.at ?? 0;
  const age = isOver ? ended : Math.max(ended, Date.now() / 1000 - one.arrivedAt);
  const stretches = phases(one.timeline, age, isOver);
  return [
    head(`Request ${shortId(one.id)}`, `${one.model} for ${one.tenant}, arrived ${clock(one.arrivedAt)}`, badge(one.state).node, isOver ? null : actions(one, poll)),
    h('section', { class: 'panel', 'aria-labelledby': 'life-title' },
      h('header', null, h('h2', { id: 'life-title' }, 'Its life'), h('span', { class: 'end num muted' }, isOver ? seconds(age) : `${seconds(age)} so far`)),
      one.why ? h('p', { class: 'why' }, h('strong', null, 'Why it waits'), one.why) : null,
      life(stretches), legend(totals(stretches)),
      h('p', { class: 'small muted', style: { 'margin-top': '10px', 'overflow-wrap': 'anywhere' } }, 'Short phases are drawn wider than they are. ', h('span', { class: 'mono' }, one.id))),
    one.receipts.length === 0 ? null : h('section', { class: 'panel', 'aria-labelledby': 'receipts-title' },
      h('header', null, h('h2', { id: 'receipts-title' }, 'What was decided while tools ran'), h('span', { class: 'muted small' }, 'what each choice was expected to waste at the call, in token-seconds of memory; what is kept is kept until somebody needs the memory')),
      h('div', { class: 'pair' }, ...one.receipts.map((last, index) => receipt(last, index === one.receipts.length - 1 && ['calling_tools', 'parked'].includes(one.state))))),
    h('div', { class: 'pair' },
      h('section', { class: 'panel', 'aria-labelledby': 'steps-title' }, h('header', null, h('h2', { id: 'steps-title' }, 'Step by step')), h('ol', { class: 'steps' }, ...one.timeline.map(step))),
      h('section', { class: 'panel', 'aria-labelledby': 'usage-title' }, h('header', null, h('h2', { id: 'usage-title' }, 'What it used')), usage(one))),
  ].filter(Boolean);
}

// Each phase is as wide as it was long, and never too narrow to be seen: milliseconds of prefill stand beside seconds of a tool.
function life(stretches) {
  const words = stretches.map(one => `${one.label} ${seconds(one.to - one.from)}`).join(', then ');
  return h('div', { class: 'life', role: 'img', 'aria-label': `In order: ${words}` }, ...stretches.map(one => h('div',
    { class: 'phase', title: `${one.label}: ${seconds(one.to - one.from)}${one.worker ? ` on ${one.worker}` : ''}`, style: { 'flex-grow': '' + Math.max(1e-6, one.to - one.from) } },
    h('span', { class: 'tag' }, one.kind === 'tool' ? `${one.label} · ${seconds(one.to - one.from)}` : ''), h('i', { class: one.kind }))));
}

const legend = sums => h('div', { class: 'legend' }, ...KINDS.filter(([kind]) => kind in sums).map(([kind, name]) =>
  h('span', null, h('i', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), name, ' ', h('b', null, seconds(sums[kind])))));

function receipt(one, isOpen) {
  const most = Math.max(...Object.values(one.prices).filter(Number.isFinite), 1e-9);
  const bars = Object.entries(one.prices).flatMap(([action, amount]) => {
    const isChosen = action === one.decision;
    const wide = Number.isFinite(amount) ? 100 * Math.log1p(amount) / Math.log1p(most) : 100;
    return [
      h('span', { class: isChosen ? 'chosen' : '' }, isChosen ? `✓ ${action}` : action),
      h('span', { class: `bar ${isChosen ? 'chosen' : ''}`, 'aria-hidden': 'true' }, h('i', { style: { width: `${wide}%` } })),
      h('span', { class: `amount ${isChosen ? 'chosen' : ''}` }, price(amount)),
    ];
  });
  const verdict = one.actualSeconds === null ? (isOpen ? 'still runs' : 'not settled: it went on elsewhere') : `took ${seconds(one.actualSeconds)}, regret ${price(one.regretTokenSeconds)}`;
  return h('article', { class: 'receipt', 'aria-label': `Call of ${one.tool}` },
    h('div', { class: 'title' }, h('h3', { class: 'mono' }, one.tool), h('span', { class: 'muted small' }, `${count(one.contextTokens, 'token')} ${KEPT[one.decision] ?? one.decision}`), h('span', { class: 'verdict num' }, verdict)),
    h('div', { class: 'bars' }, ...bars),
    h('div', null, h('p', { class: 'small muted' }, `Predicted: ${seconds(one.predictedSeconds.p50)} in half of the calls, ${seconds(one.predictedSeconds.p90)} in nine of ten${one.actualSeconds === null ? '' : '; the ring is what it took'}`),
      range({ ...one.predictedSeconds, actual: one.actualSeconds })),
    one.revisions.length === 0 ? null : h('ul', { class: 'small muted' }, ...one.revisions.map(change => h('li', null, `later ${KEPT[change.decision] ?? change.decision}: ${change.because}`))));
}

const step = entry => h('li', null,
  h('span', { class: 'at' }, seconds(entry.at)),
  h('span', { class: 'rail', 'aria-hidden': 'true' }, h('i', { class: `swatch ${eventKind(entry.event)}` })),
  h('div', null, h('span', null, entry.event, entry.worker ? h('span', { class: 'muted small' }, ` · ${entry.worker}`) : null), h('p', null, entry.route?.because ?? `${count(entry.tokens, 'token')} of context`)));

const usage = ({ usage: use, receipts }) => facts([
  ['prompt', count(use.promptTokens, 'token')], ['answer', count(use.completionTokens, 'token')], ['found in a cache', count(use.cachedTokens, 'token')],
  ['memory over time', `${fixed(use.kvTokenSeconds, 1)} token-s`], ['in queues', seconds(use.queueSeconds)], ['in tools', seconds(use.toolSeconds)],
  ['tool pauses', whole(receipts.length)], ['lost its place', whole(use.preemptions)], ['moved', whole(use.migrations)],
]);

function actions(one, poll) {
  const give = async (question, path, told) => { if (await order(question, path, undefined, told)) poll.again(); };
  return h('div', { class: 'actions' },
    h('button', { id: 'migrate', type: 'button', onclick: () => give(
      { title: 'Move this request?', text: 'It goes on on another worker, from the tokens it has. Its cache goes with it where the cluster can, else it is computed again.', yes: 'Move it' },
      `/admin/requests/${encodeURIComponent(one.id)}/migrate`, answer => (answer?.to ? `It moves to ${answer.to}.` : 'It moves.')) }, 'Move'),
    h('button', { id: 'cancel', type: 'button', class: 'danger', onclick: () => give(
      { title: 'Cancel this request?', text: 'Its answer ends with an error and all that it holds is freed.', yes: 'Cancel it', danger: true },
      `/admin/requests/${encodeURIComponent(one.id)}/cancel`, answer => `It is ${answer?.state ?? 'cancelled'}.`) }, 'Cancel'));
}
