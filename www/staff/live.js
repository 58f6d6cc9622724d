// Live updates. One tab reads the stream for all: a browser opens six connections to a place, and every
// tab needs some of them. The reader holds a lock; when its tab closes, the next one gets it.
// Read by fetch and not by EventSource, which hides the heartbeat: a dead line has to be seen within 20 s.
import { tellSignedOut } from '/api.js';

const SILENT_MS = 20000, POLL_MS = 15000, AGAIN_MIN_MS = 2000, AGAIN_MAX_MS = 30000;

const tabs = new BroadcastChannel('postern-live');
let state = { live: false, at: 0, again: 0 }; // at: when the data was last known to be fresh
let listener = () => {}, stopped = null, leading = false, lastId = '', poll;

function take(message) {
  if (message.state) {
    state = message.state;
    listener({ state });
  }
  if (message.event) listener({ event: message.event });
  if (message.gone) tellSignedOut();
  if (message.hello && leading) tabs.postMessage({ state });
}

function tell(message) {
  tabs.postMessage(message);
  take(message);
}

tabs.onmessage = (m) => { if (stopped) take(m.data); };

// Feeds lines; a blank one ends an event, one that begins with a colon is the heartbeat.
function reader() {
  let rest = '', data = [], id;
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) {
      const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (name === 'data') data.push(value);
      else if (name === 'id') id = value;
      else if (line === '') {
        if (id !== undefined) lastId = id;
        if (data.length > 0) try { tell({ event: JSON.parse(data.join('\n')) }); } catch { /* not ours */ }
        data = [];
      }
    }
  };
}

// Until the line ends or falls silent. Answers the status, 0 for none.
async function read(signal) {
  const cut = new AbortController(), end = () => cut.abort();
  let timer = setTimeout(end, SILENT_MS);
  signal.addEventListener('abort', end);
  try {
    const headers = lastId ? { 'last-event-id': lastId } : {};
    const response = await fetch('/api/events', { headers, signal: cut.signal, cache: 'no-store' });
    if (!response.ok) return response.status;
    const body = response.body.pipeThrough(new TextDecoderStream()).getReader(), feed = reader();
    tell({ state: { live: true, at: Date.now(), again: 0 } });
    for (;;) {
      const { done, value } = await body.read();
      if (done) return 0;
      clearTimeout(timer);
      timer = setTimeout(end, SILENT_MS);
      tell({ state: { live: true, at: Date.now(), again: 0 } });
      feed(value);
    }
  } catch {
    return 0;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function pause(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms), wake = () => { clearTimeout(timer); done(); };
    signal.addEventListener('abort', wake, { once: true });
    addEventListener('online', wake, { once: true });
  });
}

async function lead(signal) {
  leading = true;
  for (let tries = 0; !signal.aborted;) {
    const begun = Date.now(), status = await read(signal);
    if (signal.aborted) break;
    if (status === 401) {
      tell({ gone: true });
      break;
    }
    tries = Date.now() - begun > SILENT_MS ? 0 : tries + 1;
    const ms = Math.min(AGAIN_MAX_MS, AGAIN_MIN_MS * 2 ** tries) * (0.5 + Math.random() / 2);
    tell({ state: { live: false, at: state.at, again: Date.now() + ms } });
    await pause(ms, signal);
  }
  leading = false;
}

// fn gets {state} and {event}. While the line is down, it is told to reload from time to time.
export function start(fn) {
  stop();
  listener = fn;
  const { signal } = (stopped = new AbortController());
  navigator.locks.request('postern-live', { signal }, () => lead(signal)).catch(() => { /* stopped while waiting */ });
  tabs.postMessage({ hello: true });
  poll = setInterval(() => { if (!state.live && !document.hidden) fn({ event: { type: 'reload' } }); }, POLL_MS);
}

export function stop() {
  stopped?.abort();
  stopped = null;
  clearInterval(poll);
  lastId = '';
  state = { live: false, at: 0, again: 0 };
}
