// Customers that may be one: the likeliest first, both side by side, yes or no.
import { get, post, whatIs } from '/api.js';
import { code, el, fill, said, say } from '/dom.js';
import { STATES, time, word } from '/words.js';

const rows = (title, items, none) => [el('h3', {}, title), items.length > 0 ? el('ul', {}, items.map((i) => el('li', {}, i))) : el('p', { class: 'empty' }, none)];

const side = (id, a) => el('section', {}, el('h2', {}, el('a', { href: `#/account/${id}` }, said(a.names[0] ?? 'Customer not known yet'))),
  el('p', { class: 'mute' }, a.on_record ? 'on record' : 'a stranger so far', ' · last heard ', time(a.last_heard)),
  rows('Contacts', a.contacts.map((c) => [code([c.email, c.phone].filter(Boolean).join(' ')), c.name && [' ', said(c.name)]]), 'None.'),
  rows('Sites', a.sites.map((s) => code(s.site ?? s.url)), 'None.'),
  rows('Work', a.work.map((w) => [el('a', { href: `#/ticket/${w.ticket}` }, said(w.subject || w.reference)), ` ${word(STATES, w.state).toLowerCase()}`]), 'None.'));

// A reason is a sentence, or says which evidence gave how many points.
const reason = (r) => (typeof r === 'string' ? r : Object.entries(r).map(([name, value]) => `${name} ${value}`).join(', '));

export function openDuplicates(_, staff) {
  const may = staff.role === 'lead' || staff.role === 'manager';
  const heading = el('h1', { tabindex: -1 }, 'The same customer?'), where = el('p', { class: 'mute' });
  const why = el('ul'), sides = el('div', { class: 'compare' }), acts = el('div', { class: 'acts' });
  let items = [], at = 0, shown = null;

  async function decide(same) {
    const item = items[at];
    if (!item || !may) return;
    try {
      await post(`/api/duplicates/${item.id}`, { same });
      say(same ? 'Linked. The account page takes it back.' : 'Not the same. It will not be asked again.');
    } catch (error) {
      say(whatIs(error).status === 404 ? 'Somebody was faster.' : `Not done: ${error.message}`);
    }
    await view.refresh().catch(whatIs);
  }

  async function paint() {
    const item = items[at];
    fill(where, item ? `${at + 1} of ${items.length} · score ${item.score} · ${item.rule ?? ''}` : 'Nothing waits for a decision.');
    fill(acts, item && (may ? [el('button', { class: 'go', onclick: () => decide(true) }, 'Yes, link them'), el('button', { onclick: () => decide(false) }, 'No'),
      el('span', { class: 'mute' }, 'Keys: y, n, and j, k for the next and the one before')] : el('p', {}, 'Leads and managers decide.')));
    if (item?.id === shown) return;
    fill(why);
    fill(sides);
    shown = item?.id ?? null;
    if (!item) return;
    const [a, b] = await Promise.all([get(`/api/accounts/${item.a}`), get(`/api/accounts/${item.b}`)]);
    if (shown !== item.id) return;
    fill(why, item.reasons.map((r) => el('li', {}, reason(r))));
    fill(sides, side(item.a, a), side(item.b, b));
  }

  const view = {
    title: 'Duplicates',
    node: el('section', {}, heading, where, acts, why, sides),
    async refresh() {
      const was = items[at]?.id;
      items = (await get('/api/duplicates?limit=200')).items;
      at = Math.max(0, Math.min(items.length - 1, items.findIndex((i) => i.id === was) < 0 ? at : items.findIndex((i) => i.id === was)));
      await paint();
    },
    event: () => true,
    move(by) {
      at = Math.max(0, Math.min(items.length - 1, at + by));
      paint().catch((error) => say(whatIs(error).message));
    },
    keys: { y: () => decide(true), n: () => decide(false), j: () => view.move(1), k: () => view.move(-1) },
  };
  return view;
}
