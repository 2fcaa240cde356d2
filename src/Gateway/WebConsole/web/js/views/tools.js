// What the pool has learned of its tools.

import { bounds, range } from '../charts/range.js';
import { h } from '../dom.js';
import { count, seconds, whole } from '../format.js';
import { head, problem } from './parts.js';

export function tools(app) {
  const body = h('section', { class: 'panel', 'aria-label': 'Tools' }, h('p', { class: 'empty' }, 'Loading.'));
  let shown = '';
  app.poll('/admin/tools', 3000, (list, error) => {
    if (error) {
      body.replaceChildren(problem(error));
      return;
    }
    const said = JSON.stringify(list);
    if (said === shown) return;
    shown = said;
    const known = list.filter(tool => tool.seconds);
    const scale = bounds(known.flatMap(tool => [tool.seconds.p50, tool.seconds.p99]));
    body.replaceChildren(
      list.length === 0 ? h('p', { class: 'empty' }, 'No tool is registered and none was called.')
        : h('p', { class: 'note-box' }, 'Durations on a logarithmic axis that all tools share: the dot is the median, the thick line reaches to nine calls of ten, the thin one to 99 of 100.'),
      ...[...list].sort((a, b) => b.calls - a.calls || a.name.localeCompare(b.name)).map(tool => row(tool, scale)));
  });
  return { nodes: [head('Tools', 'How long each one takes decides what happens to the memory of a request that waits for it.'), body] };
}

const limits = (of) => [
  `${whole(of.maxConcurrency)} at once`,
  of.maxPerMinute ? `${whole(of.maxPerMinute)} a minute` : null,
  `${seconds(of.timeoutSeconds)} each`,
  of.retries ? `repeated up to ${count(of.retries, 'time')}` : 'never repeated',
  of.callbackSeconds ? `may answer within ${seconds(of.callbackSeconds)}` : null,
].filter(Boolean).join(' \u00b7 ');

const row = (tool, scale) => h('article', { class: 'toolrow', 'aria-label': tool.name },
  h('div', null, h('h2', null, tool.name), h('p', { class: 'small muted' }, tool.registered ? (tool.description ?? 'run by the cluster') : 'run by clients'),
    tool.limits ? h('p', { class: 'small muted' }, limits(tool.limits)) : null),
  tool.seconds ? h('div', null, range(tool.seconds, scale)) : h('p', { class: 'muted small' }, 'not called yet: a prior is used'),
  h('div', { class: 'counts' }, h('div', null, count(tool.calls, 'call')),
    tool.seconds ? [h('div', { class: 'num' }, `${seconds(tool.seconds.p50)} median`), h('div', { class: 'num' }, `${whole(tool.returnTokens)} tokens back`)] : null));
