// A call, written down while it is on the line: number, who, what. Then the reference, large, to be read back.
import { NoAnswer, freshKey, post, serverNow, whatIs } from '/api.js';
import { code, el, fill, say } from '/dom.js';
import { time } from '/words.js';

const BACK = [['', 'No'], ['15', 'in 15 minutes'], ['30', 'in 30 minutes'], ['60', 'in 1 hour'], ['120', 'in 2 hours'], ['at', 'at …']];
const MINUTE_MS = 60000;

// What was typed stays in this tab until the server has it.
class Draft {
  constructor(staff) {
    this.name = `postern-draft:${staff}:call`;
    this.key = freshKey();
    try { Object.assign(this, JSON.parse(sessionStorage.getItem(this.name))); } catch { /* none */ }
    this.fields ??= {};
  }

  save() {
    try { sessionStorage.setItem(this.name, JSON.stringify({ key: this.key, fields: this.fields, begun: this.begun })); } catch { /* no storage */ }
  }

  clear() {
    Object.assign(this, { key: freshKey(), fields: {}, begun: undefined });
    try { sessionStorage.removeItem(this.name); } catch { /* no storage */ }
  }
}

function explain(error) {
  if (error instanceof NoAnswer) return 'No answer. It may be written down or not: send it again, and it is written once.';
  const fault = error.body?.errors?.[0];
  return fault ? `Not written down: ${fault.field} – ${fault.detail}.` : `Not written down: ${error.message}`;
}

const field = (id, label, input) => el('p', { class: `field ${id}` }, el('label', { for: id }, label), input);

export function openCall(unused, staff) {
  const draft = new Draft(staff.staff), node = el('section', { class: 'call' });
  const text = (id, attributes = {}) => el('input', { id, autocomplete: 'off', dir: 'auto', maxlength: 200, ...attributes });
  const inputs = {
    from: text('from', { type: 'tel', dir: 'ltr' }), name: text('name'), what: el('textarea', { id: 'what', rows: 5, dir: 'auto', required: true, maxlength: 20000 }),
    organisation: text('organisation'), site: text('site'), email: text('email', { dir: 'ltr' }), reference: text('reference', { dir: 'ltr' }),
    back: el('select', { id: 'back' }, BACK.map(([value, label]) => el('option', { value }, label))),
    at: el('input', { id: 'at', type: 'datetime-local' }), to: text('to', { type: 'tel', dir: 'ltr' }),
  };
  const told = el('p', { class: 'told', role: 'alert' }), button = el('button', { class: 'go' }, 'Write it down');
  const when = field('at', 'At', inputs.at), whom = field('to', 'Call this number', inputs.to);
  const form = el('form', { onsubmit: submit, oninput: typed }, el('h1', { tabindex: -1 }, 'Log a call'),
    field('from', 'Number', inputs.from), field('name', 'Who', inputs.name), field('what', 'What', inputs.what),
    field('back', 'Call back', inputs.back), when, whom,
    el('details', {}, el('summary', {}, 'More of what they say'), field('organisation', 'Organisation', inputs.organisation), field('site', 'Site or address', inputs.site),
      field('email', 'E-mail', inputs.email), field('reference', 'A reference they name', inputs.reference)),
    told, button);

  inputs.what.addEventListener('keydown', (e) => {
    if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey) || e.isComposing) return;
    e.preventDefault();
    form.requestSubmit();
  });

  function paintBack() {
    when.hidden = inputs.back.value !== 'at';
    whom.hidden = inputs.back.value === '';
  }

  function typed() {
    for (const [name, input] of Object.entries(inputs)) draft.fields[name] = input.value;
    draft.save();
    paintBack();
  }

  // The moment that was promised; null: none. What is sent again after a lost answer promises the same.
  function promised() {
    if (inputs.back.value === '') return null;
    if (inputs.back.value === 'at') return inputs.at.value && new Date(inputs.at.value).toISOString();
    draft.begun ??= serverNow();
    return new Date(draft.begun + Number(inputs.back.value) * MINUTE_MS).toISOString();
  }

  function body() {
    const claims = Object.fromEntries(['name', 'organisation', 'site', 'email', 'reference'].map((name) => [name, inputs[name].value.trim()]).filter(([, v]) => v));
    const back = promised(), to = inputs.to.value.trim();
    return { from: inputs.from.value.trim() || 'anonymous', transcript: inputs.what.value, claims, ...(back !== null && { call_back_at: back, ...(to && { call_back_to: to }) }) };
  }

  function done(answer) {
    draft.clear();
    const next = el('button', { class: 'go', onclick: start }, 'Next call');
    fill(node, el('h1', { tabindex: -1 }, 'Written down'), el('p', {}, 'Read this to them:'), el('p', { class: 'big-reference' }, code(answer.reference)),
      el('p', { class: 'spelled' }, answer.spelled),
      answer.call_back_at && el('p', {}, 'You promised to call back by ', time(answer.call_back_at), '.'),
      el('p', {}, answer.ticket ? el('a', { href: `#/ticket/${answer.ticket}` }, 'Its ticket')
        : el('a', { href: `#/search?q=${answer.reference}` }, 'Look for its ticket')), next);
    node.querySelector('h1').focus();
    say(`Written down as ${answer.reference}.`);
  }

  async function submit(e) {
    e.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    told.textContent = '';
    try {
      done(await post('/api/calls', body(), draft.key));
    } catch (error) {
      const why = whatIs(error);
      if (why.status) draft.begun = undefined; // nothing was written
      if (why.status === 422) draft.key = freshKey(); // it will be another body
      draft.save();
      told.textContent = explain(why);
    } finally {
      button.disabled = false;
    }
  }

  function start() {
    for (const [name, input] of Object.entries(inputs)) input.value = draft.fields[name] ?? '';
    told.textContent = '';
    paintBack();
    fill(node, form);
    inputs.from.focus();
  }

  start();
  return {
    title: 'Log a call',
    node,
    refresh: async () => {},
    event: () => false,
    focus: () => inputs.from.focus(),
    opened: () => inputs.from.focus(),
    keys: { p: start, u: () => { location.hash = '#/queues'; } },
  };
}

// On a ticket: the promise that stands, and how it ends.
export function callBack(promise, act) {
  if (!promise) return [];
  const late = Date.parse(promise.at) < serverNow();
  return [el('b', { class: late ? 'late' : '' }, late ? 'Call back was promised by ' : 'Call back by '), time(promise.at), promise.to && [': ', code(promise.to)],
    act && [' ', el('button', { onclick: (e) => act('called', {}, 'The call is noted.', e.target) }, 'They were called')]];
}
