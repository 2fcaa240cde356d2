// A request's timeline, as its grain wrote it, in phases that can be drawn.

/**
 * Events in order give stretches {kind, from, to, worker, label}: queued, placed (on a worker, not yet run), prefill, decode, tool. The last one
 * lasts until `age` where the request has not ended.
 */
export function phases(timeline, age, isOver) {
  const found = [];
  let open = null, turns = 0;
  const close = at => {
    if (open && at >= open.from) found.push({ ...open, to: at });
    open = null;
  };
  const begin = (kind, entry, label) => {
    close(entry.at);
    open = { kind, from: entry.at, worker: entry.worker, label };
  };
  for (const entry of timeline) {
    const what = entry.event;
    if (what === 'queued') begin('queued', entry, 'queued');
    else if (what === 'placed') begin('placed', entry, 'in line on its worker');
    else if (what === 'started') begin('prefill', entry, turns++ === 0 ? 'prefill' : 'resume: what tools brought is computed');
    else if (what === 'first token') begin('decode', entry, 'decode');
    else if (what.startsWith('paused for ')) begin('tool', entry, what.slice('paused for '.length));
    else if (what === 'tools returned') close(entry.at);
    else if (['finished', 'cancelled', 'failed'].includes(what)) close(entry.at);
    else if (what.startsWith('lost ')) close(entry.at);
  }
  if (open && !isOver) {
    // A segment's first token is known when the segment is over: until then it is simply on its worker.
    found.push({ ...open, kind: open.kind === 'placed' ? 'running' : open.kind, label: open.kind === 'placed' ? 'on its worker' : open.label, to: Math.max(age, open.from) });
  }
  return found;
}

/** What an event of the timeline is drawn as, and what it means in words. */
export function eventKind(event) {
  if (event === 'arrived' || event === 'queued') return 'queued';
  if (event === 'placed' || event === 'recomputed') return 'placed';
  if (event === 'started') return 'prefill';
  if (event === 'first token') return 'decode';
  if (event.startsWith('paused for ') || event === 'tools returned') return 'tool';
  if (event === 'finished') return 'end';
  return 'bad';
}

/** Seconds spent in each kind of phase. */
export function totals(stretches) {
  const sums = {};
  for (const { kind, from, to } of stretches) sums[kind] = (sums[kind] ?? 0) + to - from;
  return sums;
}
