// What people have shown of themselves, and who answers for them: shown, and offered where one's role may.
import { post, whatIs } from '/api.js';
import { code, el, fill, said, say } from '/dom.js';
import { section } from '/trace.js';
import { time, word } from '/words.js';

const KINDS = {
  mailbox: 'a code came through their mailbox', record: 'that mailbox is on record', vouch: 'a contact on record vouches for them',
  'call-back': 'called at a number on record', seen: 'seen by staff',
};
const STATES = { asked: 'waits for a second person', refused: 'refused', waits: 'approved, and counts a day later', counts: 'approved' };
const RIGHTS = ['site', 'billing', 'security'];

const nameOf = (people, id) => code(people.find((p) => p.id === id)?.identity ?? 'somebody');

const shown = (t) => t.proofs.map((p) => el('li', {}, nameOf(t.participants, p.participant), ': ', word(KINDS, p.kind),
  p.source && ` (${p.source}${p.stale ? ', stale' : ''})`, p.note && [', ', said(p.note)], ' · ', time(p.at), p.by_name && [' by ', said(p.by_name)]));

function approval(a, t, may) {
  const decide = (approve, text) => may.approve && a.state === 'asked' && a.by !== may.me
    && el('button', { onclick: () => may.act(`approvals/${a.id}`, { approve }, approve ? 'Approved. It counts in 24 hours, unless somebody on record objects.' : 'Refused.') }, text);
  return el('li', {}, nameOf(t.participants, a.participant), ': ', el('b', {}, word(STATES, a.state)), a.state === 'waits' && [' from ', time(a.counts_from)],
    ` · for ${a.authorised_for.join(', ')} · `, said(a.reason), ' · asked by ', said(a.by_name), a.second_name && [', decided by ', said(a.second_name)],
    ' ', decide(true, 'Approve'), ' ', decide(false, 'Refuse'));
}

const choice = (label, list) => {
  const select = el('select', {}, list.map(([value, text]) => el('option', { value }, text)));
  return { select, node: el('label', {}, `${label} `, select) };
};
const people = (t) => choice('Who', t.participants.map((p) => [p.id, p.identity]));

// Numbers are fetched only when somebody means to call, because each look at them is written down.
function callForm(t, may) {
  const place = el('div', {});
  const open = async (e) => {
    e.target.disabled = true;
    try {
      const { items } = await post(`/api/tickets/${t.ticket}/numbers`);
      if (items.length === 0) return fill(place, el('p', {}, 'No contact on record has a number.'));
      const who = people(t), whom = choice('Called at', items.map((n) => [n.contact, `${n.phone} ${n.name ?? ''} (${n.source}${n.stale ? ', stale' : ''})`]));
      const note = el('input', { maxlength: 1000 });
      fill(place, el('form', { onsubmit: (s) => {
        s.preventDefault();
        may.act('proofs', { participant: who.select.value, kind: 'call-back', contact: whom.select.value, ...(note.value && { note: note.value }) }, 'Written down.');
      } }, el('p', {}, who.node), el('p', {}, whom.node), el('p', {}, el('label', {}, 'Note ', note)), el('button', {}, 'They were there, and it is them')));
      who.select.focus();
    } catch (error) {
      e.target.disabled = false;
      say(`Not done: ${whatIs(error).message}`);
    }
    return undefined;
  };
  return [el('button', { onclick: open }, 'Call a number on record …'), place];
}

function seenForm(t, may) {
  const who = people(t), note = el('input', { maxlength: 1000, required: true });
  return el('form', { onsubmit: (e) => {
    e.preventDefault();
    may.act('proofs', { participant: who.select.value, kind: 'seen', note: note.value }, 'Written down.');
  } }, el('p', {}, who.node), el('p', {}, el('label', {}, 'What was seen ', note)), el('button', {}, 'Write it down'));
}

function askForm(t, may) {
  const who = people(t), reason = el('input', { maxlength: 1000, required: true });
  const rights = RIGHTS.map((r) => el('input', { type: 'checkbox', value: r, ...(r === 'site' && { checked: true }) }));
  return el('form', { onsubmit: (e) => {
    e.preventDefault();
    const chosen = rights.filter((r) => r.checked).map((r) => r.value);
    if (chosen.length === 0) say('Choose what they may answer for.');
    else may.act('approvals', { participant: who.select.value, reason: reason.value, authorised_for: chosen }, 'Asked. Another lead or manager has to agree.');
  } }, el('p', {}, who.node), el('p', {}, el('label', {}, 'Why we know them ', reason)),
  el('fieldset', {}, el('legend', {}, 'May answer for'), rights.map((r) => el('label', {}, r, ` ${r.value} `))), el('button', {}, 'Ask for approval'));
}

const more = (title, ...children) => el('details', {}, el('summary', {}, title), children);

// act(path, body, done): of the ticket. me: stf_….
export function proofs(t, staff, act) {
  const may = { act, me: staff.staff, prove: staff.role !== 'auditor', approve: staff.role === 'lead' || staff.role === 'manager', thaw: staff.role === 'manager' };
  return section('What was shown', true,
    t.frozen_until && el('p', { class: 'hint' }, el('b', {}, 'Somebody on record objected. '), 'Nobody of this customer has more than a mailbox until ', time(t.frozen_until), '. ',
      may.thaw && el('button', { onclick: () => act('thaw', {}, 'Lifted.') }, 'Lift it')),
    t.proofs.length > 0 ? el('ul', { 'aria-label': 'Evidence' }, shown(t)) : el('p', {}, 'Nothing yet.'),
    t.approvals.length > 0 && [el('h3', {}, 'Approvals'), el('ul', { 'aria-label': 'Approvals' }, t.approvals.map((a) => approval(a, t, may)))],
    may.prove && t.participants.length > 0 && [callForm(t, may), more('Something else was seen', seenForm(t, may)), more('Ask that two people approve', askForm(t, may))]);
}
