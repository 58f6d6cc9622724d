// A table of tickets. While a person is in it (cursor or pointer), rows change but do not move: what is new
// waits behind a button.
import { whatIs } from '/api.js';
import { code, el, fill, said, say } from '/dom.js';
import { STATES, due, escalated, levelBadge, word } from '/words.js';

const COLUMNS = [['due', 'Due'], ['ref', 'Reference'], ['level', 'Level'], ['from', 'Channel'], ['lang', 'Language'],
  ['subject', 'Subject'], ['account', 'Account'], ['owner', 'Owner']];

const OTHERS_SHOWN = 2;

// Reports that joined it have references of their own, and a caller may have any of them.
function others(item) {
  const all = (item.references ?? []).filter((r) => r !== item.reference);
  if (all.length === 0) return null;
  const more = all.length > OTHERS_SHOWN ? ` and ${all.length - OTHERS_SHOWN} more` : '';
  return el('span', { class: 'others', title: all.join(' ') }, 'also ', all.slice(0, OTHERS_SHOWN).map(code), more);
}

class Row {
  constructor(item) {
    this.id = item.ticket;
    this.link = el('a', { href: `#/ticket/${item.ticket}`, dir: 'auto' });
    this.cells = Object.fromEntries(COLUMNS.map(([name]) => [name, el('td', { class: name })]));
    this.cells.subject.append(this.link);
    this.tr = el('tr', {}, Object.values(this.cells));
    this.paint(item);
  }

  paint(item) {
    const c = this.cells, settled = item.state === 'solved' || item.state === 'closed';
    this.tr.classList.remove('gone');
    this.link.textContent = item.subject || '(no subject)';
    fill(c.due, settled ? word(STATES, item.state) : [due(item.due_at, item.clock), escalated(item.escalated)]);
    fill(c.ref, code(item.reference), others(item));
    fill(c.level, levelBadge(item.level, item.stale));
    fill(c.from, (item.channels ?? []).join(', '));
    fill(c.lang, item.language ?? '');
    fill(c.account, said(item.account?.name ?? 'not known'));
    fill(c.owner, item.owner ? said(item.owner) : 'nobody');
    c.account.classList.toggle('none', !item.account?.name);
    c.owner.classList.toggle('none', !item.owner);
  }

  leave() {
    this.tr.classList.add('gone');
    fill(this.cells.due, 'not here any more');
  }
}

export function ticketList(caption, more) {
  const body = el('tbody'), rows = new Map();
  const fresh = el('button', { class: 'fresh', hidden: true, onclick: () => list.showNew() });
  const next = el('button', { hidden: true, onclick: () => more().catch((e) => say(`Not shown: ${whatIs(e).message}`)) }, 'Show more');
  const table = el('table', { class: 'tickets', hidden: true },
    el('caption', { class: 'hide' }, caption),
    el('thead', {}, el('tr', {}, COLUMNS.map(([name, title]) => el('th', { scope: 'col', class: name }, title)))), body);
  let shown = [], waiting = null;

  const held = () => table.contains(document.activeElement) || table.matches(':hover');

  function commit(items) {
    const focused = [...rows.values()].find((r) => r.link === document.activeElement);
    const keep = new Set(items.map((i) => i.ticket));
    for (const id of rows.keys()) if (!keep.has(id)) rows.delete(id);
    for (const item of items) {
      if (rows.has(item.ticket)) rows.get(item.ticket).paint(item);
      else rows.set(item.ticket, new Row(item));
    }
    shown = items.map((i) => i.ticket);
    body.replaceChildren(...shown.map((id) => rows.get(id).tr));
    table.hidden = shown.length === 0;
    waiting = null;
    fresh.hidden = true;
    if (focused) (rows.get(focused.id) ?? rows.get(shown[0]))?.link.focus();
  }

  function hold(items) {
    const now = new Map(items.map((i) => [i.ticket, i]));
    for (const [id, row] of rows) {
      if (now.has(id)) row.paint(now.get(id));
      else row.leave();
    }
    const added = items.filter((i) => !rows.has(i.ticket)).length;
    const moved = items.map((i) => i.ticket).join() !== shown.join();
    waiting = moved ? items : null;
    fresh.hidden = !moved;
    fresh.textContent = added > 0 ? `${added} new: show` : 'The list has changed: show';
  }

  const list = {
    node: el('div', { class: 'list' }, fresh, table, next),
    get size() { return shown.length; },
    has: (id) => rows.has(id),
    set(items, hasMore) {
      if (rows.size > 0 && held()) hold(items);
      else commit(items);
      next.hidden = !hasMore;
    },
    showNew() { if (waiting) commit(waiting); },
    // The cursor: the row whose link has the focus.
    move(by) {
      const at = shown.findIndex((id) => rows.get(id).link === document.activeElement);
      const row = rows.get(shown[at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))]);
      row?.link.focus();
      row?.tr.scrollIntoView({ block: 'nearest' });
    },
    focus(id) { rows.get(id)?.link.focus(); },
    keys: { j: () => list.move(1), k: () => list.move(-1), '.': () => list.showNew() },
  };
  return list;
}
