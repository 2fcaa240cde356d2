// What several views are made of.

import { post } from '../api.js';
import { confirm, toast } from '../dialogs.js';
import { h, setText } from '../dom.js';
import { bytes, count, seconds, stateName } from '../format.js';

export const badge = state => {
  const node = h('span', { class: 'badge', 'data-state': state }, stateName(state));
  return {
    node,
    update(next) {
      if (node.dataset.state !== next) node.dataset.state = next;
      setText(node, stateName(next));
    },
  };
};

export const head = (title, text, ...end) => h('div', { class: 'head' }, h('div', null, h('h1', null, title), text ? h('p', null, text) : null), ...end);

/** A row of buttons of which one is pressed: choose(value) is told of another. */
export function segments(label, choices, chosen, choose) {
  const buttons = choices.map(([value, text]) => h('button', { type: 'button', 'aria-pressed': String(value === chosen), 'data-value': value, onclick: () => {
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.value === value));
    choose(value);
  } }, text));
  return h('div', { class: 'segments', role: 'group', 'aria-label': label }, ...buttons);
}

export const facts = entries => h('dl', { class: 'facts' }, ...entries.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))));

export const problem = error => h('p', { class: 'empty', role: 'alert' }, error.status === 404 ? `${error.message}` : `This could not be loaded: ${error.message}`);

/** Asks, gives the order, says how it went. Null where it was not given or failed. */
export async function order(question, path, body, told) {
  if (question && !await confirm(question.title, question.text, question.yes, question.danger)) return null;
  try {
    const answer = await post(path, body);
    toast(told(answer));
    return answer;
  } catch (error) {
    toast(error.isRefused ? `${error.message} Give a key with the operator role by the Key button.` : error.message, 'bad');
    return null;
  }
}

const QUESTIONS = {
  drain: id => ({ title: `Drain ${id}?`, text: 'It takes nothing new. Requests that wait for tools leave it, those that run finish on it. Undrain brings it back.', yes: 'Drain' }),
  cordon: id => ({ title: `Cordon ${id}?`, text: 'It takes nothing new; all that it has stays. Undrain brings it back.', yes: 'Cordon' }),
  evacuate: id => ({ title: `Evacuate ${id}?`, text: 'It takes nothing new, and what it has goes on elsewhere within seconds: with its cache where there is room, else from its tokens.', yes: 'Evacuate', danger: true }),
  undrain: () => null,
};

/** What an operator does with a worker. */
export const workerOrder = (id, action) => order(QUESTIONS[action](id), `/admin/workers/${id}/${action}`, undefined, left =>
  action === 'undrain'
    ? `${left.worker} is ${left.state}.`
    : `${left.worker} is ${left.state}: ${count(left.running, 'request')} running, ${left.parked} parked, ${bytes(left.bytes)} left, about ${seconds(left.etaSeconds)}.`);
