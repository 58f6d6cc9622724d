// The staff API (openapi.json): one call, problems as exceptions, and the server's clock.

export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.title ?? `The server answered ${status}.`);
    Object.assign(this, { status, code: body.code, body, retryAfter });
  }
}

// No answer: offline, stopped, cut. What was sent may have arrived.
export class NoAnswer extends Error {
  constructor() { super('No answer from the server.'); }
}

// Both are news for a person; anything else is a fault of this program.
export function whatIs(error) {
  if (error instanceof Problem || error instanceof NoAnswer) return error;
  throw error;
}

let ahead = 0; // of this clock
export const serverNow = () => Date.now() + ahead;

function setClock(date) {
  const off = Date.parse(date) + 500 - Date.now(); // the header is cut to whole seconds
  if (Math.abs(off - ahead) > 1500) ahead = Math.abs(off) > 1500 ? off : 0;
}

const signedOut = new EventTarget();
export const onSignedOut = (fn) => signedOut.addEventListener('gone', fn);
export const tellSignedOut = () => signedOut.dispatchEvent(new Event('gone'));

async function parsed(response) {
  if (response.status === 204) return null;
  return response.json().catch(() => ({}));
}

// key: the same act with the same key is done once.
export async function call(method, path, body, key) {
  const headers = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key) headers['idempotency-key'] = key;
  let response, answer;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store' });
    answer = await parsed(response);
  } catch {
    throw new NoAnswer();
  }
  if (response.headers.has('date')) setClock(response.headers.get('date'));
  if (response.ok) return answer;
  if (response.status === 401 && path !== '/api/session') tellSignedOut();
  throw new Problem(response.status, answer ?? {}, Number(response.headers.get('retry-after')));
}

export const get = (path) => call('GET', path);
export const post = (path, body = {}, key = undefined) => call('POST', path, body, key);

export function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
