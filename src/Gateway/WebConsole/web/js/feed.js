// The live feed: server-sent events read by fetch, since EventSource cannot carry a key. Comes back by itself.

import { address, failure, headers } from './api.js';

const SILENCE = 12_000; // ms: samples come each second, pings where there is none
const DELAYS = [500, 1000, 2000, 5000];

/** Follows /admin/events: onSample(sample), onState('connecting' | 'live' | 'lost' | 'refused', message). */
export class Feed {
  #abort = null;
  #tries = 0;
  #timer = 0;

  constructor(onSample, onState) {
    this.onSample = onSample;
    this.onState = onState;
  }

  /** Begins, or begins anew at once: the key has changed. */
  restart() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#tries = 0;
    this.#run();
  }

  async #run() {
    const abort = this.#abort = new AbortController();
    this.onState('connecting');
    let refusal = null;
    try {
      await this.#read(abort);
    } catch (error) {
      refusal = error.isRefused ? error.message : null;
    }
    if (abort !== this.#abort) return; // a newer one has taken over
    abort.abort();
    if (refusal !== null) {
      this.onState('refused', refusal); // nothing comes of asking again with the same key
      return;
    }
    this.onState('lost');
    this.#timer = setTimeout(() => this.#run(), DELAYS[Math.min(this.#tries++, DELAYS.length - 1)]);
  }

  async #read(abort) {
    let watch = setTimeout(() => abort.abort(), SILENCE);
    try {
      const response = await fetch(address('/admin/events'), { headers: headers(), signal: abort.signal, cache: 'no-store' });
      if (!response.ok) throw await failure(response);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let buffer = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watch);
        watch = setTimeout(() => abort.abort(), SILENCE);
        buffer += value;
        const events = buffer.split('\n\n');
        buffer = events.pop();
        for (const event of events) this.#take(event);
      }
    } finally {
      clearTimeout(watch);
    }
  }

  #take(event) {
    const data = event.split('\n').filter(line => line.startsWith('data: ')).map(line => line.slice(6)).join('\n');
    if (!data) return;
    this.#tries = 0;
    this.onState('live');
    this.onSample(JSON.parse(data));
  }
}
