// What may belong together, and whom to write to where a mail came back: offers, never acts.
import { code, el, said } from '/dom.js';
import { section } from '/trace.js';
import { word } from '/words.js';

const WHY = {
  'other-sender': 'it answers a mail of ours, but comes from another address',
  senders: 'it answers a mail of ours, but names no sender, or several',
  forged: 'it carries something like our own mark, which it is not',
  subject: 'only its subject names the reference',
  claimed: 'a report names the reference',
  unknown: 'it answers a mail of ours about something that is not there any more',
};

const where = (s) => (s.ticket ? el('a', { href: `#/ticket/${s.ticket}` }, code(s.reference)) : code(s.reference));
const suggestion = (s) => el('li', {}, s.direction === 'answers' ? 'What came here may belong to ' : 'What may belong here is in ',
  where(s), `: ${word(WHY, s.why)}.`);

export const suggestions = (list) => list.length > 0 && section('May belong together', true,
  el('p', { class: 'hint' }, 'Nothing was joined. Look before you tell one of them what the other wrote.'), el('ul', {}, list.map(suggestion)));

export const nextContact = (n) => n && section('Who to write to instead', true,
  el('p', { class: 'hint' }, 'A mail came back. Nothing goes to anybody else unless you choose so.'),
  el('p', {}, el('b', {}, code(n.email)), n.name && [' ', said(n.name)]), el('p', {}, n.reason));
