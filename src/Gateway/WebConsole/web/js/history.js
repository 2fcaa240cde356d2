// The last minutes of samples, and what follows from them.

export const WINDOW = 300; // seconds

export class History {
  samples = [];

  get last() { return this.samples.at(-1) ?? null; }

  add(sample) {
    if (this.last && sample.at <= this.last.at) return; // the feed begins with what it kept: known already
    this.samples.push(sample);
    const oldest = sample.at - WINDOW - 5;
    while (this.samples.length > 0 && this.samples[0].at < oldest) this.samples.shift();
  }

  clear() { this.samples = []; }

  /** One number of each sample, as points [at, value]. */
  series(value) { return this.samples.map(sample => [sample.at, value(sample)]); }

  /** Generated tokens a second between samples, of all workers or of one: counters begin anew when a device is opened, so a fall counts as none. */
  rates(id = null, most = this.samples.length) {
    const points = [];
    for (let i = Math.max(1, this.samples.length - most); i < this.samples.length; i++) {
      const [before, now] = [this.samples[i - 1], this.samples[i]];
      let tokens = 0;
      for (const { worker, counters } of now.workers) {
        const earlier = before.workers.find(one => one.worker.id === worker.id && (id === null || worker.id === id));
        if (earlier) tokens += Math.max(0, counters.generated - earlier.counters.generated);
      }
      points.push([now.at, tokens / Math.max(0.1, now.at - before.at)]);
    }
    return points;
  }
}

/** Sums one number over the workers of a sample. */
export const total = (sample, value) => sample.workers.reduce((sum, worker) => sum + value(worker), 0);

export const parkedCount = ({ worker }) => worker.parked.device + worker.parked.host + worker.parked.none;

/** Bytes of a worker's device by use: they add up to its size. */
export function uses({ worker: { kv } }) {
  const free = kv.deviceBytes - kv.used - kv.prefix;
  return { running: Math.max(0, kv.used - kv.parked), parked: kv.parked, prefix: kv.prefix, free: Math.max(0, free), size: kv.deviceBytes };
}
