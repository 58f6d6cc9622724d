// Who is on duty, who comes next, who answers; hand-overs, and the one that somebody must accept.
import { call, get, post, whatIs } from '/api.js';
import { code, el, fill, said, say } from '/dom.js';
import { due, time, word } from '/words.js';

const HANDOVER = { coming: 'comes', due: 'waits to be accepted', deputy: 'not accepted: the deputy was told', managers: 'not accepted: the managers were told', accepted: 'accepted' };
const FINDING = {
  gap: 'Nobody is on duty', 'no-lead': 'Nobody leads', 'no-deputy': 'Nobody behind the lead', double: 'At two places at once',
  tired: 'Less than 11 hours of rest', language: 'Nobody speaks it', unknown: 'Not on the staff',
};
const WHY = { held: 'held by who leaves', breached: 'late', promised: 'call promised', due: 'due soon' };

const list = (items, none) => (items.length > 0 ? el('ul', {}, items) : el('p', { class: 'empty' }, none));
const head = (title) => el('h2', {}, title);
const explain = (error) => error.body?.errors?.map((e) => e.detail).join('\n') || error.message;

// ---- the roster ----

const person = (p) => el('li', {}, said(p.name), p.stands_in_for && [' for ', said(p.stands_in_for)], ` · ${p.duty}`, p.leads && [' · ', el('b', {}, 'leads')],
  p.languages.length > 0 && ` · ${p.languages.join(', ')}`, p.skills.length > 0 && ` · ${p.skills.join(', ')}`);
const watch = (w) => el('li', {}, el('b', {}, `${w.region}/${w.shift}`), ' ', time(w.from), ' to ', time(w.to), list(w.people.map(person), 'Nobody.'));
const finding = (f) => el('li', {}, el('b', {}, word(FINDING, f.kind)), f.who && [': ', said(f.who)], f.also && [', ', said(f.also)], ' · ', time(f.from), ' to ', time(f.to),
  f.more > 0 && `, and ${f.more} more times`);
// What comes back day by day is said once.
function findings(all) {
  const first = new Map();
  for (const f of all) {
    const same = [f.kind, f.who, f.also].join('\n');
    if (first.has(same)) first.get(same).more++;
    else first.set(same, { ...f, more: 0 });
  }
  return [...first.values()].map(finding);
}
const handoverRow = (h) => el('li', {}, el('a', { href: `#/handover/${h.handover}` }, `${h.from} to ${h.to ?? 'nobody yet'}`), ' · ', time(h.due_at), ' · ',
  el('span', { class: /deputy|managers/.test(h.state) && 'late' }, word(HANDOVER, h.state)), h.accepted_by && [' by ', said(h.accepted_by)]);

export function openRoster(_, staff) {
  const leads = staff.role === 'lead' || staff.role === 'manager';
  const parts = { answers: el('p', {}), handovers: el('section', {}), now: el('section', {}), next: el('section', {}), findings: el('section', {}), away: el('section', {}) };
  const csv = el('textarea', { id: 'csv', rows: 12, dir: 'ltr', spellcheck: 'false' }), told = el('p', { class: 'error', role: 'alert' });
  let version = 0;

  async function act(what, done) {
    told.textContent = '';
    try {
      await what();
      say(done);
      await view.refresh();
    } catch (error) {
      told.textContent = explain(whatIs(error));
    }
  }

  const write = (dry) => act(async () => {
    const answer = await post('/api/roster', { csv: csv.value, version, ...(dry && { dry_run: true }) });
    if (dry) told.textContent = answer.findings.length > 0 ? `It can be used. ${answer.findings.length} things are wrong with the next two weeks.` : 'It can be used, and nothing is missing in the next two weeks.';
  }, dry ? 'Checked; nothing was changed.' : 'The roster is in force.');

  const field = (id, label, type = 'text') => el('p', { class: 'field' }, el('label', { for: id }, label), el('input', { id, type, autocomplete: 'off' }));
  function awayForm() {
    const form = el('form', {
      onsubmit: (e) => {
        e.preventDefault();
        const value = (id) => form.querySelector(`#${id}`).value, at = (id) => (value(id) ? new Date(value(id)).toISOString() : '');
        act(() => post('/api/roster/away', { person: value('person'), stand_in: value('stand_in'), from: at('from'), to: at('to'), why: value('why') }), 'Written down.');
      },
    }, field('person', 'Who is away'), field('stand_in', 'Who stands in'), field('from', 'From', 'datetime-local'), field('to', 'To', 'datetime-local'), field('why', 'Why'), el('button', {}, 'Write it down'));
    return el('details', {}, el('summary', {}, 'Somebody is away'), form);
  }
  const awayRow = (w) => el('li', {}, said(w.person), w.stand_in ? [', ', said(w.stand_in), ' stands in'] : ', nobody stands in', ' · ', time(w.from), ' to ', time(w.to), w.why && [' · ', said(w.why)], ' ',
    leads && el('button', { onclick: () => act(() => call('DELETE', `/api/roster/away/${w.away}`), 'They are there again.') }, 'Is back'));

  const editor = staff.role === 'manager' && el('details', {}, el('summary', {}, 'Replace the roster'),
    el('label', { for: 'csv' }, 'region,shift,days,from,to,timezone,name,duty,skills,languages,first,last'), csv,
    el('div', { class: 'acts' }, el('button', { onclick: () => write(true) }, 'Check'), el('button', { class: 'go', onclick: () => write(false) }, 'Put in force')));

  const view = {
    title: 'On duty',
    node: el('section', {}, el('h1', { tabindex: -1 }, 'On duty'), parts.answers, parts.handovers, parts.now, parts.next, parts.findings, parts.away, leads && awayForm(), editor, told),
    async refresh() {
      const [r, h] = await Promise.all([get('/api/roster'), get('/api/handovers?limit=6')]);
      if (document.activeElement !== csv && (csv.value === '' || r.version !== version)) csv.value = r.csv;
      version = r.version;
      fill(parts.answers, r.version === 0 ? 'There is no roster. A manager puts one in force below, or with postern roster import.'
        : r.answers.length === 0 ? el('b', { class: 'late' }, 'Nobody answers now.')
          : ['Answers now: ', r.answers.map((a, i) => [i > 0 && ', ', said(a.name), ` (${a.watch}${a.over ? ', over, not accepted yet' : ''})`])]);
      fill(parts.handovers, head('Hand-overs'), list(h.items.map(handoverRow), 'None yet: one is made half an hour before a watch ends.'));
      fill(parts.now, head('Now'), list(r.now.map(watch), 'Nobody.'));
      fill(parts.next, head('Next'), list(r.next.map(watch), 'Nobody within two days.'));
      fill(parts.findings, head('In the next two weeks'), list(findings(r.findings), 'Nothing is missing.'));
      fill(parts.away, head('Away'), list(r.away.map(awayRow), 'Nobody.'));
    },
    event: (e) => e.type === 'handover',
    keys: {},
  };
  return view;
}

// ---- one hand-over ----

const ticketRow = (t) => el('tr', {}, el('td', {}, el('a', { href: `#/ticket/${t.ticket}` }, code(t.reference))), el('td', {}, t.queue), el('td', {}, word(WHY, t.why)),
  el('td', {}, due(t.due_at)), el('td', {}, t.owner ? said(t.owner) : 'nobody'));
const queueRow = (q) => el('li', {}, el('a', { href: `#/queue/${q.queue}` }, q.queue), ` · ${q.open} open, ${q.unclaimed} unclaimed, ${q.due_soon} due within 4 hours, `, el('span', { class: q.breached > 0 && 'late' }, `${q.breached} late`));

export function openHandover(id, staff) {
  const heading = el('h1', { tabindex: -1 }, 'Hand-over'), state = el('p', {}), note = el('section', {}), acts = el('div', { class: 'acts' });
  const queues = el('section', {}), tickets = el('section', {}), told = el('p', { class: 'error', role: 'alert' });
  const text = el('textarea', { id: 'note', rows: 4, dir: 'auto', maxlength: 4000 });
  let shown = null;

  async function act(path, body, done) {
    told.textContent = '';
    try {
      const answer = await post(`/api/handovers/${id}/${path}`, body);
      say(path === 'accept' ? answer.taken > 0 ? `It is yours, with ${answer.taken} tickets that were held.` : done : done);
      await view.refresh();
    } catch (error) {
      told.textContent = explain(whatIs(error));
    }
  }

  function paint(h) {
    fill(heading, `${h.from} to ${h.to ?? 'nobody yet'}`);
    fill(state, el('b', { class: /deputy|managers/.test(h.state) && 'late' }, word(HANDOVER, h.state)), h.accepted_by && [' by ', said(h.accepted_by), ', ', time(h.accepted_at)],
      ' · watch ends ', time(h.due_at), ' · ', h.leaves ? said(h.leaves) : 'nobody', ' leaves, ', h.takes ? said(h.takes) : 'nobody', ' takes over', h.deputy && [', deputy ', said(h.deputy)]);
    const writes = !h.accepted_at && (h.leaves === staff.name || staff.role === 'lead' || staff.role === 'manager');
    if (document.activeElement !== text) {
      text.value = h.note ?? '';
      fill(note, head('What the next watch must know'), writes ? [el('label', { class: 'hide', for: 'note' }, 'Note'), text, el('button', { onclick: () => act('note', { text: text.value }, 'Written.') }, 'Keep the note')]
        : h.note ? [el('p', { class: 'text', dir: 'auto' }, h.note), el('p', { class: 'mute' }, said(h.note_by))] : el('p', { class: 'empty' }, 'Nothing was written.'));
    }
    fill(acts, !h.accepted_at && (h.yours ? el('button', { class: 'go', onclick: () => act('accept', {}, 'It is yours.') }, 'Accept') : el('span', { class: 'mute' }, 'The lead of the next watch accepts it, their deputy, or a manager.')));
    fill(queues, head(h.accepted_at ? 'Queues, as they were' : 'Queues'), list(h.contents.queues.map(queueRow), 'All are empty.'));
    fill(tickets, head(h.accepted_at ? 'Tickets, as they were' : 'Tickets'), h.contents.tickets.length === 0 ? el('p', { class: 'empty' }, 'Nothing is due within four hours, and nothing is held.')
      : el('table', {}, el('thead', {}, el('tr', {}, ['Reference', 'Queue', 'Why', 'Due', 'Owner'].map((t) => el('th', { scope: 'col' }, t)))), el('tbody', {}, h.contents.tickets.map(ticketRow))),
    h.contents.more && el('p', { class: 'mute' }, 'There is more in the queues.'));
  }

  const view = {
    title: 'Hand-over',
    node: el('section', {}, heading, state, acts, told, note, queues, tickets),
    async refresh() {
      const h = await get(`/api/handovers/${id}`), now = JSON.stringify(h);
      if (now === shown) return; // whoever is on a button stays there
      shown = now;
      paint(h);
    },
    event: () => true,
    keys: {},
  };
  return view;
}
