// Numbers as people read them. Units stand behind every one.

export const fixed = (value, digits = 1) => value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const whole = value => Math.round(value).toLocaleString('en-US');

export function seconds(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size > 0 && size < 0.0995) return `${fixed(value * 1000, size < 0.00995 ? 1 : 0)} ms`;
  if (size < 9.95) return `${fixed(value, 2)} s`;
  if (size < 120) return `${fixed(value, 1)} s`;
  if (size < 7200) return `${Math.floor(value / 60)} min ${whole(value % 60)} s`;
  return `${fixed(value / 3600, 1)} h`;
}

export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${unit === 0 || value >= 100 ? whole(value) : fixed(value, 1)} ${units[unit]}`;
}

export const percent = share => `${fixed(share * 100, share > 0 && share < 0.0995 ? 1 : 0)} %`;

/** Token-seconds over several powers of ten. */
export function price(value) {
  if (value === null || !Number.isFinite(value)) return 'not possible';
  if (value >= 1e6) return `${fixed(value / 1e6, 1)} M`;
  if (value >= 1e4) return `${fixed(value / 1e3, 1)} k`;
  return value >= 100 ? whole(value) : fixed(value, value >= 1 ? 1 : 2);
}

export const count = (number, word) => `${whole(number)} ${word}${number === 1 ? '' : 's'}`;

/** The last eight characters tell requests apart; ids begin with the time. */
export const shortId = id => (id.length > 10 ? `…${id.slice(-8)}` : id);

export const clock = at => new Date(at * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

const STATES = {
  queued: 'queued', running: 'running', calling_tools: 'tool runs', parked: 'client tool', finished: 'finished', cancelled: 'cancelled', failed: 'failed',
  active: 'active', draining: 'draining', drained: 'drained', cordoned: 'cordoned',
};

/** A state in words for people. */
export const stateName = state => STATES[state] ?? state;
