// Why a ticket stands where it stands: what was claimed and shown, the match, the rules that spoke, the clocks.
import { code, el, said } from '/dom.js';
import { CLOCKS, IMPACTS, STATES, levelBadge, mayBeTold, span, time, word } from '/words.js';

export function section(title, open, ...children) {
  return el('details', { open }, el('summary', {}, el('h2', {}, title)), children);
}

const pair = (name, value) => el('div', {}, el('dt', {}, name), el('dd', {}, value));
export const pairs = (object) => el('dl', {}, Object.entries(object).map(([name, value]) => pair(name, value)));

export const people = (list) => section('People', true, el('ul', { class: 'people' }, list.map((p) => el('li', {},
  el('b', {}, code(p.identity)), p.name && [' ', said(p.name)], p.speaks_for && [' speaks for ', said(p.speaks_for)], ' ', levelBadge(p.level, p.stale),
  el('p', { class: 'hint' }, mayBeTold(p), p.authorised_for?.length > 0 && ` On record for: ${p.authorised_for.join(', ')}.`)))));

const IMPACT = 'impact';
export function claims(object) {
  const entries = Object.entries(object ?? {}).filter(([, v]) => v !== null && v !== '');
  const value = ([name, v]) => (name === IMPACT ? word(IMPACTS, v) : said(typeof v === 'string' ? v : JSON.stringify(v)));
  return section('What they say', true, el('p', { class: 'hint' }, 'Claims. Nothing of it is proven.'),
    entries.length > 0 ? el('dl', {}, entries.map((e) => pair(e[0].replaceAll('_', ' '), value(e)))) : el('p', {}, 'No more than the words.'));
}

export function match(m) {
  return section(`Why this account (${m.score ?? 0})`, false,
    el('ul', {}, (m.reasons ?? []).map((r) => el('li', {}, typeof r === 'string' ? r : JSON.stringify(r)))));
}

export function routing(r) {
  const elsewhere = r.now && r.now !== r.queue;
  return section('Why this queue', false,
    el('p', {}, el('b', {}, r.queue), ' by ', code(r.rule), r.priority !== undefined && `, priority ${r.priority}`),
    elsewhere && el('p', {}, `By the rules of now it would go to ${r.now}.`),
    r.rules && r.rules !== r.rules_now && el('p', {}, 'It stands and is due by rules ', code(r.rules), '; clocks below are by those of now, ', code(r.rules_now), '.'),
    el('ol', { class: 'trace' }, (r.trace ?? []).map((line) => el('li', {}, el('code', {}, line)))));
}

const counted = (s) => el('li', {}, time(s.from), ' to ', s.to ? time(s.to) : 'now', `: ${span(s.ms)}`);

// Of a clock that was met some are never reached.
const step = (s) => el('li', {}, `For the ${s.to}, `, s.before_ms > 0 ? `${span(s.before_ms)} before breach` : 'at breach', ': ',
  s.at ? ['from ', time(s.at)] : 'not reached');

export function clocks(list) {
  const one = (c) => [el('h3', {}, `${word(CLOCKS, c.clock)}: ${c.state}`),
    el('p', {}, c.promise_ms !== null && `Promised within ${span(c.promise_ms)}. `, c.due_at && ['Due ', time(c.due_at), '. '], c.met_at && ['Met ', time(c.met_at), '.']),
    c.steps?.length > 0 && el('ol', { class: 'trace' }, c.steps.map(step)),
    c.trace?.length > 0 && el('ol', { class: 'trace' }, c.trace.map(counted))];
  return section('Clocks', false, list.length > 0 ? list.map(one) : el('p', {}, 'No clock runs.'));
}

const KINDS = { 'moved-in': 'words came from', 'moved-out': 'words went to', spam: 'put aside as spam', 'not-spam': 'no spam after all', automatic: 'a machine wrote by', escalated: 'came to a step' };
const happened = (h) => (h.kind === 'joined' ? `also by ${h.detail}`
  : [KINDS[h.kind] ?? h.kind, h.kind === 'state' ? word(STATES, h.detail) : h.detail].filter(Boolean).join(': '));

export function history(list) {
  return section('History', false, el('ol', { class: 'trace' }, list.map((h) => el('li', {},
    time(h.at), ' ', el('b', {}, happened(h)), h.by_name ? [' by ', said(h.by_name)] : h.by === 'system' ? ' by Postern' : ''))));
}
