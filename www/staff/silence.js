// Customers that wait for a word of ours, the longest first: of all their work together.
import { get, serverNow, whatIs } from '/api.js';
import { el, fill, said, say } from '/dom.js';
import { due, span, time } from '/words.js';

const key = (item) => item.account.id;

// The first page is kept fresh; what was asked for behind it stays as it was.
export function openSilence() {
  const body = el('tbody'), empty = el('p', { hidden: true }, 'Nobody waits for a word.');
  const more = el('button', { hidden: true, onclick: () => page(next).catch((e) => say(`Not shown: ${whatIs(e).message}`)) }, 'Show more');
  const table = el('table', { class: 'silence', hidden: true }, el('caption', { class: 'hide' }, 'Customers that wait for a word, the longest first'),
    el('thead', {}, el('tr', {}, ['Silent for', 'Customer', 'Promise', 'Open', 'Last heard', 'Last told'].map((title) => el('th', { scope: 'col' }, title)))), body);
  const node = el('section', { class: 'box' }, el('h1', { tabindex: -1 }, 'Who has heard nothing'),
    el('p', {}, 'Closing a ticket is no word: who was not answered stays here until somebody is.'), table, empty, more);
  let next = null, shown = '', opened = false;

  const row = (item) => el('tr', { 'data-account': key(item) },
    el('td', { class: item.breached ? 'late' : '' }, span(serverNow() - Date.parse(item.since))),
    el('td', {}, el('a', { href: `#/account/${item.account.id}`, dir: 'auto' }, said(item.account.name ?? 'not known'))),
    el('td', {}, item.due_at ? [due(item.due_at), ' ', el('span', { class: 'what' }, item.queue)] : 'none'),
    el('td', {}, String(item.open)),
    el('td', {}, time(item.last_heard)), el('td', {}, time(item.last_told)));

  async function page(cursor) {
    const answer = await get(`/api/silence?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    const text = JSON.stringify(answer.items.map(({ silent_ms, ...rest }) => rest));
    if (!cursor && (opened || text === shown)) return;
    if (!cursor) body.replaceChildren();
    else opened = true;
    shown = text;
    body.append(...answer.items.map(row));
    next = answer.next;
    more.hidden = next === null;
    table.hidden = body.rows.length === 0;
    empty.hidden = body.rows.length > 0;
  }

  return { node, title: 'Who has heard nothing', refresh: () => page(null) };
}
