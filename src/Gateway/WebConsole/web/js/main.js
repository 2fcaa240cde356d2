// Boots the console: the feed, the views by the part of the address after #, the key, and the line that says whether all this is live.

import { get, key } from './api.js';
import { askKey, toast } from './dialogs.js';
import { h, setText } from './dom.js';
import { Feed } from './feed.js';
import { History } from './history.js';
import { cluster } from './views/cluster.js';
import { operate } from './views/operate.js';
import { replay } from './views/replay.js';
import { request } from './views/request.js';
import { requests } from './views/requests.js';
import { tools } from './views/tools.js';

const VIEWS = { cluster, requests, tools, replay, operate };
const TITLES = { cluster: 'Cluster', requests: 'Requests', tools: 'Tools', replay: 'Replay', operate: 'Operate' };
const history = new History();
const main = document.getElementById('main');
const banner = document.getElementById('banner');
let view = null;

const app = {
  history,
  /** Asks for something now and every few milliseconds until the view ends; failures are shown once. */
  poll(path, milliseconds, take) {
    let ended = false, timer = 0, wasBad = false;
    const ask = async () => {
      try {
        const value = await get(typeof path === 'function' ? path() : path);
        wasBad = false;
        if (!ended) take(value, null);
      } catch (error) {
        if (!ended && !wasBad) take(null, error);
        wasBad = true;
      }
      if (!ended) timer = setTimeout(ask, document.hidden ? milliseconds * 5 : milliseconds);
    };
    ask();
    const stop = () => { ended = true; clearTimeout(timer); };
    view?.ends.push(stop);
    return { stop, again: () => { clearTimeout(timer); ask(); } };
  },
};

function show() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  const chosen = VIEWS[name] ? name : 'cluster';
  const wasThere = view !== null;
  view?.ends.forEach(end => end());
  view = { ends: [], update: null };
  const make = chosen === 'requests' && rest[0] ? request : VIEWS[chosen];
  const made = make(app, ...rest);
  main.replaceChildren(...made.nodes);
  view.update = made.update ?? null;
  if (made.destroy) view.ends.push(made.destroy);
  for (const link of document.querySelectorAll('.views a')) {
    if (link.dataset.view === chosen) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${rest[0] ? `Request ${rest[0].slice(-8)}` : TITLES[chosen]} · Pharos`;
  if (wasThere) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  if (history.last) view.update?.(history.last);
}

const LIVE = { connecting: 'connecting', live: 'live', lost: 'reconnecting', refused: 'key needed' };

function onState(state, message) {
  const live = document.getElementById('live');
  if (live.dataset.state !== state) live.dataset.state = state;
  setText(document.getElementById('live-text'), LIVE[state]);
  if (state === 'refused') {
    banner.replaceChildren(h('span', null, message), h('button', { type: 'button', class: 'main', onclick: changeKey }, 'Enter a key'));
    banner.hidden = false;
  } else if (state === 'live') {
    banner.hidden = true;
  }
}

let frame = 0;
const feed = new Feed(sample => {
  history.add(sample);
  // The feed begins with minutes at once: drawn once.
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    setText(document.getElementById('model'), history.last.model);
    view?.update?.(history.last);
  });
}, onState);

async function changeKey() {
  if (!await askKey()) return;
  toast(key.get() ? 'The key is used from now on.' : 'No key is used any more.');
  history.clear();
  feed.restart();
  show();
}

document.getElementById('key-button').addEventListener('click', changeKey);
addEventListener('hashchange', show);
show();
feed.restart();
