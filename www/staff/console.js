// The staff console: signs in, finds the view of an address, keeps it fresh.
import { NoAnswer, call, get, onSignedOut, whatIs } from '/api.js';
import { openAccount } from '/account.js';
import { openCall } from '/call.js';
import { openDuplicates } from '/duplicates.js';
import { el, fill, say, said } from '/dom.js';
import * as keys from '/keys.js';
import * as live from '/live.js';
import { openQueue, openQueues, openSearch } from '/queues.js';
import { openLine, openSite } from '/restoration.js';
import { openHandover, openRoster } from '/roster.js';
import { banner } from '/suspicion.js';
import { openSilence } from '/silence.js';
import { openTicket } from '/ticket.js';
import { dueBanner, openUpdates } from '/updates.js';
import { ROLES, clockTime, tick, word } from '/words.js';

const REFRESH_MS = 1000; // at most that often, however much happens
const RETRY_MS = 5000;   // where the page could not be read

const ROUTES = [
  [/^#\/queues$/, openQueues],
  [/^#\/queue\/([a-z0-9.-]+)$/, openQueue],
  [/^#\/ticket\/(tkt_[0-9A-Z]{26})$/, openTicket],
  [/^#\/account\/(acc_[0-9A-Z]{26})$/, openAccount],
  [/^#\/search\?q=(.+)$/, openSearch],
  [/^#\/call$/, openCall],
  [/^#\/duplicates$/, openDuplicates],
  [/^#\/restoration\/([a-z0-9-]+(?:\?[A-Za-z0-9=&._-]+)?)$/, openLine],
  [/^#\/site\/([a-z0-9-]+\/site_[0-9A-Z]{26})$/, openSite],
  [/^#\/roster$/, openRoster],
  [/^#\/incident\/([a-z0-9-]+)\/updates$/, openUpdates],
  [/^#\/handover\/(hov_[0-9A-Z]{26})$/, openHandover],
  [/^#\/silence$/, openSilence],
];

const top = document.getElementById('top'), main = document.getElementById('main');
const suspicion = banner();
main.before(suspicion.node);
let staff = null, view = null, asked = 0, lastTicket = null, state = { live: false, at: 0 };

// ---- the view of an address ----

function route() {
  for (const [address, open] of ROUTES) {
    const found = address.exec(location.hash);
    if (found) return () => open(found[1] && decodeURIComponent(found[1]), staff);
  }
  return null;
}

function problemBox(error, again) {
  const title = whatIs(error).status === 404 ? 'This is not here' : 'This cannot be shown now';
  return el('section', { class: 'box' }, el('h1', { tabindex: -1 }, title), el('p', {}, error.message),
    error.body?.request_id && el('p', { class: 'mute' }, `Request ${error.body.request_id}`),
    el('button', { onclick: again }, 'Try again'), ' ', el('a', { href: '#/queues' }, 'All queues'));
}

function setTitle() {
  document.title = `${view?.title ?? 'Sign in'} – Support console`;
}

async function show() {
  const open = route(), turn = ++asked;
  if (!open) {
    location.replace('#/queues');
    return;
  }
  const fresh = open();
  view = fresh;
  try {
    await fresh.refresh();
  } catch (error) {
    if (turn !== asked || error.status === 401) return;
    fresh.node = problemBox(error, show);
  }
  if (turn !== asked) return;
  main.replaceChildren(fresh.node);
  setTitle();
  scrollTo(0, 0);
  main.querySelector('h1')?.focus();
  fresh.opened?.();
  if (lastTicket) fresh.focus?.(lastTicket);
  lastTicket = /tkt_\w+/.exec(location.hash)?.[0] ?? lastTicket;
}

// What happens while a page is being read may not be in what was read: it is read once more.
let due = null, reading = false, stale = false;
function refreshSoon(ms = REFRESH_MS) {
  if (reading) stale = true;
  else due ??= setTimeout(refreshNow, ms);
}

async function refreshNow() {
  const now = view;
  due = null;
  reading = true;
  stale = false;
  let again = REFRESH_MS;
  try {
    await now?.refresh();
    if (now === view) setTitle();
  } catch (error) {
    const { status = 0 } = whatIs(error); // what is shown stays; the line says how old it is
    if (now === view && (status === 0 || status === 429 || status >= 500)) stale = true;
    again = RETRY_MS;
  } finally {
    reading = false;
    if (stale && staff) refreshSoon(again);
  }
}

// ---- the top of the page ----

const told = dueBanner();
const liveText = el('span', { class: 'live' });

function paintLive() {
  const at = state.at ? clockTime(state.at) : null;
  liveText.classList.toggle('paused', !state.live);
  const text = state.live ? `● live ${at}`
    : `▲ paused${at ? `, data from ${at}` : ''}${state.again > Date.now() ? `, again in ${Math.ceil((state.again - Date.now()) / 1000)} s` : ''}`;
  if (liveText.textContent !== text) liveText.textContent = text;
}

function paintTop() {
  const q = el('input', { type: 'search', id: 'q', name: 'q', placeholder: 'Reference, address, name', autocomplete: 'off' });
  fill(top,
    el('a', { class: 'brand', href: '#/queues' }, 'Support console'),
    el('form', {
      role: 'search',
      onsubmit: (e) => {
        e.preventDefault();
        if (q.value.trim()) location.hash = `#/search?q=${encodeURIComponent(q.value.trim())}`;
      },
    }, el('label', { class: 'hide', for: 'q' }, 'Search'), q, el('button', {}, 'Search')),
    el('a', { href: '#/duplicates' }, 'Duplicates'),
    el('a', { href: '#/roster' }, 'On duty'),
    el('a', { href: '#/silence' }, 'Silence'),
    staff.role !== 'auditor' && el('a', { href: '#/call' }, 'Log a call'),
    told.node,
    liveText,
    el('span', { class: 'who' }, said(staff.name), ` · ${word(ROLES, staff.role)}`),
    el('button', { class: 'plain', onclick: keys.openHelp }, 'Keys'),
    el('button', { class: 'plain', onclick: signOut }, 'Sign out'));
  top.hidden = false;
}

// ---- signing in and out ----

async function signOut() {
  try {
    await call('DELETE', '/api/session');
  } catch (error) {
    if (whatIs(error).status !== 401) return say(`Not signed out: ${error.message} Try again.`);
  }
  for (const name of Object.keys(sessionStorage)) if (name.startsWith('postern-draft:')) sessionStorage.removeItem(name);
  askIn('');
}

function refusal(error) {
  if (error instanceof NoAnswer) return 'No answer from the server. Try again.';
  if (error.status === 401) return 'Name and password do not fit.';
  if (error.status === 429) return `Too many tries with this name. Wait ${error.retryAfter || 60} seconds.`;
  return `Not signed in: ${error.message}`;
}

function askIn(why) {
  live.stop();
  staff = view = null;
  asked++;
  top.hidden = suspicion.node.hidden = true;
  const told = el('p', { class: 'error', role: 'alert' }, why), name = el('input', { id: 'name', autocomplete: 'username', required: true, maxlength: 64 });
  const password = el('input', { id: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const button = el('button', { class: 'go' }, 'Sign in');
  async function submit(e) {
    e.preventDefault();
    button.disabled = true;
    told.textContent = '';
    try {
      await call('POST', '/api/session', { name: name.value, password: password.value });
      await enter();
    } catch (error) {
      told.textContent = refusal(whatIs(error));
      password.value = '';
      password.focus();
    } finally {
      button.disabled = false;
    }
  }
  main.replaceChildren(el('form', { class: 'sign-in', onsubmit: submit }, el('h1', { tabindex: -1 }, 'Sign in'), told,
    el('label', { for: 'name' }, 'Name'), name, el('label', { for: 'password' }, 'Password'), password, button));
  setTitle();
  name.focus();
}

// Where somebody is signed in: the page; else the question.
async function enter() {
  staff = await get('/api/session');
  paintTop();
  told.refresh();
  live.start(({ state: now, event }) => {
    if (now) {
      if (now.live && !state.live) refreshSoon(); // what happened before the line was there
      state = now;
      paintLive();
    }
    if (event) suspicion.event(event);
    if (event?.type === 'incident' || event?.type === 'reload') told.refresh();
    if (event && (event.type === 'reload' || view?.event(event))) refreshSoon();
  });
  paintLive();
  suspicion.enter(staff);
  await show();
}

// ---- start ----

onSignedOut(() => { if (staff) askIn('You are signed out. Drafts are kept in this tab.'); });
addEventListener('hashchange', () => { if (staff) show(); });
addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  if (staff) refreshSoon();
  else enter().catch(whatIs); // signed in by another tab?
});
setInterval(() => {
  tick(main);
  paintLive();
}, 1000);
document.querySelector('.skip').addEventListener('click', (e) => {
  e.preventDefault();
  main.focus();
});

const everywhere = {
  '/': () => document.getElementById('q')?.focus(),
  q: () => { location.hash = '#/queues'; },
  d: () => { location.hash = '#/duplicates'; },
  p: () => { if (staff.role !== 'auditor') location.hash = '#/call'; },
  o: () => document.activeElement?.closest('main a')?.click(),
};
keys.listen((key) => staff && (view?.keys[key] ?? everywhere[key]));

enter().catch((error) => {
  if (error.status === 401) askIn('');
  else main.replaceChildren(problemBox(error, () => location.reload()));
});
