// What the console asks of the gateway. The key lives as long as this tab and goes nowhere but to the gateway that served this page.

const KEY = 'pharos.key';
const ROOT = new URL('../..', import.meta.url); // the gateway, also below a path of a proxy

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  get isRefused() { return this.status === 401 || this.status === 403; }
}

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? '',
  set: value => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

export function address(path) {
  return new URL(path.replace(/^\//, ''), ROOT);
}

export function headers() {
  return key.get() ? { authorization: `Bearer ${key.get()}` } : {};
}

/** Throws what the gateway said went wrong, in its own words. */
export async function failure(response) {
  let said = '';
  try {
    const problem = await response.json();
    said = problem.detail ?? problem.error?.message ?? problem.because ?? problem.title ?? '';
  } catch { /* no JSON: the status has to do */ }
  const refused = response.status === 403 ? 'This key does not have the operator role.'
    : response.status !== 401 ? '' : key.get() ? 'The gateway does not know this key.' : 'The gateway asks for an API key, one with the operator role.';
  return new ApiError(response.status, refused || said || `The gateway answered ${response.status}.`);
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(address(path), { ...options, headers: { ...headers(), ...options.headers }, cache: 'no-store' });
  } catch {
    throw new ApiError(0, 'The gateway cannot be reached.');
  }
  if (!response.ok) throw await failure(response);
  return response.status === 204 ? null : response.json();
}

export const get = path => call(path);

export const post = (path, body) => call(path, body === undefined
  ? { method: 'POST' }
  : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
