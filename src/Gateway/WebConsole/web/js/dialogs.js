// Words to the reader that stand above the page: a short notice, a question before something is done, the key.

import { key } from './api.js';
import { h } from './dom.js';

/** Says it aloud for a few seconds; failures stay longer. */
export function toast(text, kind = 'good') {
  const node = h('div', { class: 'toast', 'data-kind': kind }, text);
  document.getElementById('toasts').append(node);
  setTimeout(() => node.remove(), kind === 'bad' ? 9000 : 5000);
}

function open(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener('close', () => {
    const answer = dialog.returnValue;
    dialog.remove();
    before?.focus?.();
    resolve(answer);
  }));
}

/** Asks before an order is given. True where the answer is yes. */
export async function confirm(title, text, yes, danger = false) {
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' },
    h('form', { method: 'dialog' },
      h('h2', { id: 'dialog-title' }, title),
      h('p', { class: 'muted' }, text),
      h('div', { class: 'actions' },
        h('button', { value: 'no', autofocus: true }, 'Leave it'),
        h('button', { value: 'yes', class: danger ? 'danger' : 'main' }, yes))));
  return (await open(dialog)) === 'yes';
}

/** Asks for the API key. True where it has changed. */
export async function askKey() {
  const input = h('input', { type: 'password', id: 'key-input', autocomplete: 'off', spellcheck: 'false', autofocus: true });
  input.value = key.get();
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' },
    h('form', { method: 'dialog' },
      h('h2', { id: 'dialog-title' }, 'API key'),
      h('p', { class: 'muted' }, 'A key with the operator role. It stays in this tab, is sent to this gateway alone, and is gone when the tab is closed.'),
      h('label', { for: 'key-input' }, 'Key', input),
      h('div', { class: 'actions' },
        h('button', { value: 'no', type: 'button', onclick: () => dialog.close('no') }, 'Leave it'),
        h('button', { value: 'save', class: 'main' }, 'Use this key'))));
  const answer = await open(dialog);
  if (answer !== 'save' || input.value.trim() === key.get()) return false;
  key.set(input.value.trim());
  return true;
}
