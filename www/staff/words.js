// The words of the console and its times. Times are counted on the server's clock: a laptop's may be wrong.
import { serverNow } from '/api.js';
import { el } from '/dom.js';

export const STATES = {
  open: 'Open', 'waiting-us': 'Waiting for us', 'waiting-customer': 'Waiting for the customer', solved: 'Solved', closed: 'Closed',
};
export const ROLES = { agent: 'agent', lead: 'lead', manager: 'manager', auditor: 'auditor (reads only)' };
export const CLOCKS = { 'first-reply': 'first reply', update: 'update', restore: 'restore', 'call-back': 'call back' };
export const IMPACTS = { down: 'nothing works', degraded: 'part of it works', question: 'a question' };
export const WHO = { customer: 'Customer', support: 'Support', system: 'Postern', note: 'Internal note' };
export const DELIVERY = {
  queued: 'waiting for a mail relay', sent: 'a mail relay took it', bounced: 'came back: the address does not take it',
  failed: 'could not be mailed', none: 'shown on their page, not mailed',
};

const LEVELS = [
  { sign: '○', word: 'claimed', tell: 'Nothing that is not in their own words: nobody has shown who they are.' },
  { sign: '◐', word: 'mailbox', tell: 'What they wrote and how their request goes. Nothing from the customer’s records.' },
  { sign: '●', word: 'on record', tell: 'How the customer’s sites are, within what the record allows.' },
  { sign: '●', word: 'two evidences', tell: 'What the record allows, new access for contacts on record included.' },
  { sign: '●', word: 'approved', tell: 'As two evidences, approved by two people.' },
];
const STALE = 'The record is old: as for a mailbox alone, until there is a second evidence.';

const levelOf = (n) => LEVELS[n] ?? LEVELS[0];
export const levelWord = (n, stale) => `T${n} ${levelOf(n).word}${stale ? ', stale' : ''}`;
export const mayBeTold = (person) => (person.level >= 2 && !person.may.includes('disclose') ? STALE : levelOf(person.level).tell);
export function levelBadge(n, stale) {
  return el('span', { class: `badge l${n}` }, el('span', { 'aria-hidden': 'true' }, levelOf(n).sign), ` ${levelWord(n, stale)}`);
}

// A word of the interface that has none here is shown as it is.
export const word = (table, key) => table[key] ?? String(key ?? '–');

const moment = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false });
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

export const clockTime = (ms) => clock.format(ms);
export function time(iso) {
  if (!iso) return '–';
  return el('time', { datetime: iso, title: iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC') }, moment.format(new Date(iso)));
}

const two = (n) => String(n).padStart(2, '0');
export function span(ms) {
  const s = Math.floor(Math.abs(ms) / 1000);
  if (s >= 2 * 86400) return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
}

// What is left until a due time; tick() keeps all of them going.
export function due(at, clockName) {
  if (!at) return el('span', { class: 'due' }, 'no clock');
  const name = clockName ? word(CLOCKS, clockName) : '';
  const left = el('b', {}), e = el('span', { class: 'due', 'data-due': at, title: `${name} due ${at.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}` }, left);
  if (name) e.append(' ', el('span', { class: 'what' }, name));
  count(e);
  return e;
}

// Whose the work has become: that of a role, because a clock came to a step.
export function escalated(to) {
  if (!to) return null;
  return [' ', el('b', { class: 'escalated', title: `${word(CLOCKS, to.clock)}: since ${to.at.replace('T', ' ').replace('Z', ' UTC')}` }, `for the ${to.to}`)];
}

function count(e) {
  const left = Date.parse(e.dataset.due) - serverNow();
  e.classList.toggle('late', left < 0);
  e.classList.toggle('soon', left >= 0 && left < 3600e3);
  e.firstChild.textContent = left < 0 ? `late ${span(left)}` : span(left);
}

export function tick(root) {
  for (const e of root.querySelectorAll('[data-due]')) count(e);
}
