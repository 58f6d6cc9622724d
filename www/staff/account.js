// One customer over all channels.
import { get } from '/api.js';
import { code, el, fill, said } from '/dom.js';
import { nextContact } from '/hints.js';
import { mergeForm, undoEdge } from '/moves.js';
import { STATES, WHO, levelBadge, time, word } from '/words.js';

const list = (title, items, one, none) => el('section', {}, el('h2', {}, title),
  items?.length > 0 ? el('ul', {}, items.map((i) => el('li', {}, one(i)))) : el('p', { class: 'empty' }, none));

const gone = (at) => at && el('b', { class: 'late' }, ` gone from its source on ${at.slice(0, 10)}`);
const dated = (r) => [' from ', r.source, r.as_of && ` as of ${r.as_of.slice(0, 10)}`, gone(r.gone_at)];

const site = (s) => [code(s.site ?? s.url ?? '–'), s.site && s.url && [' ', code(s.url)], s.products && [' ', said(s.products)], dated(s)];

const work = (w) => [el('a', { href: `#/ticket/${w.ticket}`, dir: 'auto' }, w.subject || w.reference || w.ticket), ' ', code(w.reference ?? ''), ' ',
  el('b', {}, word(STATES, w.state)), ' ', w.level !== undefined && levelBadge(w.level), w.queue && [' ', w.queue], w.owner && [' with ', said(w.owner)]];

const contact = (c) => [code([c.email, c.phone].filter(Boolean).join(' ') || 'no address'), c.name && [' ', said(c.name)], ` ${c.role}`,
  c.authorised_for?.length > 0 && `, may speak for: ${c.authorised_for.join(', ')}`, dated(c), `, confidence ${Math.round(c.confidence * 100)} %`,
  c.bounced_at && [el('b', { class: 'late' }, ' bounced '), time(c.bounced_at)]];

const entry = (m) => [el('p', { class: 'by' }, el('b', {}, word(WHO, m.who)), m.author && said(m.author), m.origin.identity && code(m.origin.identity), time(m.at),
  m.who !== 'note' && m.channel && el('span', { class: 'chip' }, m.channel),
  el('a', { href: `#/ticket/${m.ticket}` }, m.reference)), el('p', { class: 'text', dir: 'auto' }, m.text)];

const alias = (a, id) => [a.from === id ? 'stands for ' : '', el('a', { href: `#/account/${a.account}` }, code(a.account)), ': ', said(a.why), ' (', said(a.by_name), ', ', time(a.at), ') '];

export function openAccount(id, staff) {
  const heading = el('h1', { tabindex: -1 }, 'Account'), parts = el('div', { class: 'account' });
  let tickets = new Set();
  const view = {
    title: 'Account',
    node: el('section', {}, heading, parts, mergeForm(id, staff, () => view.refresh())),
    async refresh() {
      const a = await get(`/api/accounts/${id}`);
      view.title = a.names[0] ?? 'Customer not known yet';
      tickets = new Set(a.work.map((w) => w.ticket));
      fill(heading, el('bdi', {}, view.title));
      fill(parts,
        el('p', { class: 'mute' }, a.on_record ? 'A customer on record' : 'A stranger so far: nothing on record', a.tier && ` · tier ${a.tier}`,
          a.region && ` · ${a.region}`, a.language && ` · ${a.language}`, ' · last heard ', time(a.last_heard), ' · last told ', time(a.last_told)),
        a.silence && el('p', { class: a.silence.breached ? 'late' : '' }, 'Waits for a word since ', time(a.silence.since), a.silence.due_at && [', promised by ', time(a.silence.due_at)]),
        list('Work', a.work, work, 'No tickets.'),
        a.names.length > 1 && list('Names', a.names, said, ''),
        list('Sites', a.sites, site, 'None on record.'),
        list('Contacts on record', a.contacts, contact, 'None on record.'),
        nextContact(a.next_contact),
        a.aliases.length > 0 && list('Merged with', a.aliases, (e) => [alias(e, id), undoEdge(id, e, staff, () => view.refresh())], ''),
        el('section', {}, el('h2', {}, 'Everything that was said'),
          a.timeline.length > 0 ? el('ol', { class: 'timeline' }, a.timeline.map((m) => el('li', { class: `message ${m.who}` }, entry(m))))
            : el('p', { class: 'empty' }, 'Nothing yet.')));
    },
    event: (e) => e.type === 'reload' || tickets.has(e.ticket),
    keys: { u: () => history.back() },
  };
  return view;
}
