// Queues with their counts, the list of one queue, and what a search found.
import { get, whatIs } from '/api.js';
import { el, fill, say } from '/dom.js';
import { ticketList } from '/list.js';
import { parkedBox } from '/parked.js';

const PAGE = 100, PAGE_MAX = 200;

const COUNTS = [['open', 'Open'], ['unclaimed', 'Unclaimed'], ['due_soon', 'Due soon'], ['breached', 'Breached']];
const number = (q, name) => el('td', { class: q[name] > 0 ? name : 'none' }, String(q[name]));

export function openQueues(_, staff) {
  const body = el('tbody'), parked = parkedBox(staff.role !== 'auditor');
  const view = {
    title: 'Queues',
    node: el('section', {},
      el('h1', { tabindex: -1 }, 'Queues'),
      el('table', { class: 'counts' },
        el('caption', { class: 'hide' }, 'Open tickets of each queue'),
        el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Queue'), COUNTS.map(([, title]) => el('th', { scope: 'col' }, title)))), body),
      parked.node),
    async refresh() {
      const [{ items }] = await Promise.all([get('/api/queues'), parked.refresh().catch(whatIs)]);
      const at = [...body.querySelectorAll('a')].indexOf(document.activeElement);
      fill(body, items.map((q) => el('tr', {},
        el('th', { scope: 'row' }, el('a', { href: `#/queue/${q.queue}` }, q.title || q.queue)), COUNTS.map(([name]) => number(q, name)))));
      if (at >= 0) body.querySelectorAll('a')[at]?.focus();
    },
    event: () => true,
    move(by) {
      const links = [...body.querySelectorAll('a')], at = links.indexOf(document.activeElement);
      links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
    },
    keys: { j: () => view.move(1), k: () => view.move(-1) },
  };
  return view;
}

// Where to go on from an empty queue: where most is late, else where most is open.
function busiest(queues, not) {
  return queues.filter((q) => q.queue !== not && q.open > 0).sort((a, b) => b.breached - a.breached || b.open - a.open)[0];
}

function emptyText(queues, queue) {
  const next = busiest(queues, queue);
  return ['Nothing waits here.', next && [' Next: ', el('a', { href: `#/queue/${next.queue}` }, next.title),
    next.breached > 0 ? ` (${next.breached} breached)` : ` (${next.open} open)`]].flat();
}

function sideBar(queues, queue) {
  return queues.map((q) => el('li', {}, el('a', { href: `#/queue/${q.queue}`, 'aria-current': q.queue === queue && 'page' },
    el('span', {}, q.title), ' ', el('b', { class: q.breached > 0 ? 'breached' : '' }, String(q.open),
      q.breached > 0 && el('span', { class: 'hide' }, `, ${q.breached} breached`)))));
}

const counted = (q) => COUNTS.map(([name, title]) => `${title.toLowerCase()} ${q[name]}`).join(' · ');

export function openQueue(queue) {
  const list = ticketList('Tickets by due time', loadMore), heading = el('h1', { tabindex: -1 }, queue);
  const counts = el('p', { class: 'mute' }), empty = el('p', { class: 'empty' }), side = el('ul');
  let items = [], next = null;

  async function loadMore() {
    const page = await get(`/api/queues/${queue}?limit=${PAGE}&cursor=${encodeURIComponent(next)}`);
    const have = new Set(items.map((i) => i.ticket));
    items = [...items, ...page.items.filter((i) => !have.has(i.ticket))];
    next = page.next;
    list.set(items, next !== null);
    list.showNew();
  }

  const view = {
    title: queue,
    node: el('div', { class: 'with-side' }, el('nav', { class: 'side', 'aria-label': 'Queues' }, side),
      el('section', {}, heading, counts, empty, list.node)),
    // As much as is shown is read again, up to one answer; what was shown beyond it stays as it was.
    async refresh() {
      const limit = Math.min(PAGE_MAX, Math.max(PAGE, items.length));
      const [page, board] = await Promise.all([get(`/api/queues/${queue}?limit=${limit}`), get('/api/queues')]);
      const have = new Set(page.items.map((i) => i.ticket));
      const rest = page.next === null ? [] : items.slice(limit).filter((i) => !have.has(i.ticket));
      items = [...page.items, ...rest];
      if (rest.length === 0) next = page.next;
      list.set(items, next !== null);
      const mine = board.items.find((q) => q.queue === queue);
      view.title = mine?.title ?? queue;
      heading.textContent = view.title;
      counts.textContent = mine ? counted(mine) : '';
      fill(side, sideBar(board.items, queue));
      fill(empty, items.length === 0 ? emptyText(board.items, queue) : []);
    },
    event: (e) => e.type === 'reload' || e.queue === queue || list.has(e.ticket),
    focus: (id) => list.focus(id),
    keys: { ...list.keys, u: () => { location.hash = '#/queues'; } },
  };
  return view;
}

export function openSearch(q) {
  const list = ticketList(`Tickets that fit ${q}`, loadMore), note = el('p', { class: 'empty' }), accounts = el('ul', { class: 'found' });
  let items = [], next = null, said = null;

  async function find(cursor) {
    const page = await get(`/api/search?q=${encodeURIComponent(q)}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    items = cursor ? [...items, ...page.items] : page.items;
    next = page.next;
    list.set(items, next !== null);
    fill(accounts, page.accounts.map((a) => el('li', {}, el('a', { href: `#/account/${a.id}`, dir: 'auto' }, a.name ?? 'Customer not known yet'),
      a.known ? ' on record' : ' a stranger so far')));
    accounts.hidden = page.accounts.length === 0;
    return items.length + page.accounts.length;
  }

  async function loadMore() {
    await find(next);
    list.showNew();
  }

  return {
    title: `Search: ${q}`,
    node: el('section', {}, el('h1', { tabindex: -1 }, 'Search: ', el('bdi', {}, q)), note, accounts, list.node),
    async refresh() {
      const found = await find(null);
      note.textContent = found > 0 ? ''
        : 'Nothing found. A whole reference (dashes and case do not matter), e-mail address, phone number or post handle finds its tickets, '
          + 'as do whole words of a name, an organisation, a site, an invoice or a subject.';
      if (found > 0 && found !== said) say(`${found} found.`);
      said = found;
    },
    event: (e) => list.has(e.ticket) || said === 0, // what was just sent may be found in a moment
    focus: (id) => list.focus(id),
    keys: { ...list.keys, u: () => { location.hash = '#/queues'; } },
  };
}
