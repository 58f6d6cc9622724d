// One ticket: where it stands, what was said, who may be told what, and where to write.
import { get, post, whatIs } from '/api.js';
import { callBack } from '/call.js';
import { noteComposer, replyComposer } from '/composer.js';
import { code, el, fill, said, say } from '/dom.js';
import { files } from '/files.js';
import { folded } from '/folds.js';
import * as hints from '/hints.js';
import { mover } from '/moves.js';
import { proofs } from '/proofs.js';
import * as trace from '/trace.js';
import { DELIVERY, IMPACTS, STATES, WHO, due, escalated, levelBadge, time, word } from '/words.js';

// As the server's own table has it; it refuses what is not possible (any more) with 409.
const STEPS = {
  open: ['waiting-customer', 'waiting-us', 'solved', 'closed'],
  'waiting-us': ['open', 'waiting-customer', 'solved', 'closed'],
  'waiting-customer': ['open', 'waiting-us', 'solved', 'closed'],
  solved: ['open', 'waiting-us', 'closed'],
  closed: [],
};

function delivery(m) {
  if (m.who !== 'support') return null;
  const state = m.delivery ?? 'none';
  return el('p', { class: `delivery ${state}` }, el('b', {}, state === 'none' ? 'not mailed' : state), `: ${word(DELIVERY, state)}`);
}

// Who wrote, by which way, and to whom.
function byline(m, t) {
  const to = m.who === 'support' && t.participants.find((p) => p.id === m.to);
  return el('p', { class: 'by' }, el('b', {}, word(WHO, m.who)), m.author && [' ', said(m.author)],
    m.origin?.identity && [' ', code(m.origin.identity)], to && [' to ', code(to.identity)], ' ', time(m.at),
    m.who !== 'note' && m.origin?.channel && el('span', { class: 'chip' }, m.origin.channel),
    m.automatic && el('span', { class: 'chip' }, 'automatic'),
    m.raw && el('a', { href: m.raw, download: true }, 'original', el('span', { class: 'hide' }, ` of ${m.at}`)));
}

function paintMessage(li, m, t) {
  fill(li, byline(m, t), folded(m.text, m.folds), files(m.files), delivery(m));
  return li;
}

class Timeline {
  constructor(me) {
    this.me = me;
    this.node = el('ol', { class: 'timeline' });
    this.shown = new Map();
  }

  // Messages stay where they are; only what is new or was delivered meanwhile is touched.
  paint(t) {
    const first = this.shown.size === 0, here = new Set(t.messages.map((m) => m.id));
    for (const [id, { li }] of this.shown) {
      if (here.has(id)) continue;
      li.remove(); // it was moved
      this.shown.delete(id);
    }
    for (const m of t.messages) {
      const known = this.shown.get(m.id), print = JSON.stringify(m);
      if (known?.print === print) continue;
      const li = known?.li ?? el('li', { class: `message ${m.who}${first || m.author === this.me ? '' : ' fresh'}`, id: m.id });
      paintMessage(li, m, t);
      if (!known) this.node.append(li);
      this.shown.set(m.id, { li, print });
    }
  }
}

function facts(t) {
  return [code(t.reference), ...t.references.filter((r) => r !== t.reference).map((r) => [', also ', code(r)]).flat(),
    ' · ', el('a', { href: `#/queue/${t.queue}` }, t.queue), ' · ', t.channels.join(', '), ' · ', t.language,
    t.impact && ` · ${word(IMPACTS, t.impact)}`, ` · priority ${t.priority}`];
}

export function openTicket(id, staff) {
  const path = `/api/tickets/${id}`, mayWrite = staff.role !== 'auditor';
  const heading = el('h1', { tabindex: -1, dir: 'auto' }, 'Ticket'), about = el('p', { class: 'mute' });
  const status = el('p', { class: 'status' }), back = el('p', { class: 'call-back' }), acts = el('div', { class: 'acts' }), aside = el('aside', { 'aria-label': 'About this ticket' });
  const timeline = new Timeline(staff.name);
  const reply = replyComposer({ staff, ticket: id, write: (body, key) => write('reply', body, key), reload: () => view.refresh() });
  const note = noteComposer({ staff, ticket: id, write: (body, key) => write('note', body, key) });
  const moves = mover(id, () => t.messages, () => view.refresh());
  let t = null, asideWas = '', actsWere = '';

  async function write(kind, body, key) {
    const done = await post(`${path}/${kind}`, body, key);
    await view.refresh().catch((e) => say(`It is saved. The page could not be read again: ${whatIs(e).message}`));
    return done;
  }

  // One act of one button: told where it cannot be done, and the ticket shown as it is now.
  async function act(what, body, done, button) {
    if (button) button.disabled = true;
    try {
      await post(`${path}/${what}`, body);
      say(done);
    } catch (error) {
      const e = whatIs(error);
      if (e.code === 'held') say(`${e.body.holder} has it.`);
      else if (e.code === 'no-such-step') say(`Somebody was faster: it is ${word(STATES, e.body.state).toLowerCase()}.`);
      else say(`Not done: ${e.message}`);
    } finally {
      if (button) button.disabled = false;
    }
    await view.refresh().catch(whatIs);
  }

  const button = (text, what, body, done, attributes = {}) => {
    const b = el('button', { ...attributes, onclick: () => act(what, body, done, b) }, text);
    return b;
  };

  const claim = () => act('claim', {}, 'It is yours.'), release = () => act('release', {}, 'Nobody has it now.');
  const isMine = () => t.owner_id === staff.staff;

  function ownerButton() {
    if (!t.owner) return button('Claim', 'claim', {}, 'It is yours.', { class: 'go' });
    if (isMine() || staff.role !== 'agent') return button(isMine() ? 'Release' : `Take it from ${t.owner}`, 'release', {}, 'Nobody has it now.');
    return null;
  }

  // Closing cannot be taken back: it is asked for twice.
  function closeButton() {
    const sure = el('span', { hidden: true }, ' For good? ', button('Yes, close it', 'state', { state: 'closed' }, 'It is closed.'));
    return [el('button', { onclick: (e) => { e.target.hidden = true; sure.hidden = false; sure.querySelector('button').focus(); } }, 'Close …'), sure];
  }

  // Painted again only where it changed: a question that is asked twice must not vanish in between.
  function paintActs() {
    const now = `${t.state} ${t.owner_id} ${t.spam}`;
    if (now === actsWere) return;
    actsWere = now;
    const was = acts.contains(document.activeElement);
    const steps = (STEPS[t.state] ?? []).map((s) => (s === 'closed' ? closeButton()
      : button(word(STATES, s), 'state', { state: s }, `Now: ${word(STATES, s).toLowerCase()}.`)));
    const spam = t.spam ? button('Not spam', 'spam', { spam: false }, 'It is back in its queue.') : t.state !== 'closed' && button('Spam', 'spam', { spam: true }, 'Put aside. It is kept, and can be brought back.');
    fill(acts, mayWrite ? [ownerButton(), steps.length > 0 && el('span', { class: 'mute' }, 'Set to'), steps.flat(), spam].filter(Boolean)
      : el('p', {}, 'Auditors read and change nothing.'));
    if (was) (acts.querySelector('button') ?? heading).focus();
  }

  function paintStatus() {
    const settled = t.state === 'solved' || t.state === 'closed';
    fill(status, t.spam && el('b', { class: 'late' }, 'Spam, put aside '), el('b', { class: `state ${t.state}` }, word(STATES, t.state)), ' ', !settled && due(t.due_at, t.clock), ' ', !settled && escalated(t.escalated),
      levelBadge(t.level), ' ', el('span', {}, t.owner ? ['with ', el('b', {}, isMine() ? 'you' : said(t.owner))] : 'nobody has it'));
  }

  // Painted again only where it changed, and open parts stay open.
  function paintAside() {
    const now = JSON.stringify([t.account, t.duplicates, t.participants, t.claims, t.match, t.routing, t.history, t.clocks.map((c) => [c.state, c.due_at]), t.linked, t.suggestions, t.next_contact, t.proofs, t.approvals, t.frozen_until]);
    if (now === asideWas) return;
    const title = (d) => d.querySelector('summary').textContent;
    const open = new Map([...aside.querySelectorAll('details')].map((d) => [title(d), d.open]));
    asideWas = now;
    fill(aside,
      el('section', {}, el('h2', {}, 'Account'), el('p', {}, t.account.id ? el('a', { href: `#/account/${t.account.id}` }, said(t.account.name ?? 'not known yet'))
        : ['What bystanders post about ', said(t.account.name ?? 'it'), ': no customer. Move a post to whose it is.']),
        t.duplicates > 0 && el('p', {}, el('a', { href: '#/duplicates' }, `${t.duplicates} suspected ${t.duplicates === 1 ? 'duplicate' : 'duplicates'}`)),
        t.linked && el('p', {}, el('a', { href: `#/ticket/${t.linked}` }, 'Linked ticket'))),
      hints.suggestions(t.suggestions), hints.nextContact(t.next_contact), trace.people(t.participants), proofs(t, staff, act), trace.claims(t.claims), trace.match(t.match), trace.routing(t.routing), trace.clocks(t.clocks), trace.history(t.history));
    for (const d of aside.querySelectorAll('details')) d.open = open.get(title(d)) ?? d.open; // what is new is as it was made
  }

  const view = {
    title: 'Ticket',
    node: el('div', { class: 'ticket' },
      el('header', {}, heading, about, status, back, acts),
      el('section', { class: 'talk', 'aria-label': 'Messages' }, timeline.node,
        mayWrite && [el('div', { class: 'composers' }, reply.node, note.node), moves.node]),
      aside),
    async refresh() {
      t = await get(path);
      view.title = `${t.reference} ${t.subject}`;
      heading.textContent = t.subject || '(no subject)';
      fill(about, facts(t));
      paintStatus();
      fill(back, callBack(t.call_back, mayWrite && act));
      if (mayWrite) reply.paint(t);
      paintActs();
      timeline.paint(t);
      moves.paint();
      paintAside();
    },
    event: (e) => e.type === 'reload' || e.ticket === id,
    get back() { return t ? `#/queue/${t.queue}` : '#/queues'; },
    keys: {
      u: () => { location.hash = view.back; },
      c: () => { if (t && mayWrite) (isMine() ? release : claim)(); },
      r: () => { if (mayWrite) reply.focus(); },
      n: () => { if (mayWrite) note.focus(); },
    },
  };
  return view;
}
