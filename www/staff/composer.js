// Where staff write. A reply and a note are two composers with two drafts: nothing typed into one can leave
// by the other. Each act has a key of its own, so that sending again after a lost answer sends once.
import { NoAnswer, freshKey, whatIs } from '/api.js';
import { el, fill, said, say } from '/dom.js';
import { levelBadge, mayBeTold, time, word, WHO } from '/words.js';

// Drafts live in this tab: a reload and a sign-in keep them, the next person does not find them.
class Draft {
  constructor(staff, kind, ticket) {
    this.name = `postern-draft:${staff}:${kind}:${ticket}`;
    this.clear(false);
    try { Object.assign(this, JSON.parse(sessionStorage.getItem(this.name))); } catch { /* none */ }
  }

  save() {
    const { text, to, key, seen } = this;
    try {
      if (text) sessionStorage.setItem(this.name, JSON.stringify({ text, to, key, seen }));
      else sessionStorage.removeItem(this.name);
    } catch { /* no storage: until the page goes */ }
  }

  clear(save = true) {
    Object.assign(this, { text: '', to: null, key: freshKey(), seen: null });
    if (save) this.save();
  }
}

function frame(kind, title, draft, submit, ...parts) {
  const id = `${kind}-text`;
  const text = el('textarea', { id, rows: 5, dir: 'auto', maxlength: 20000, 'aria-describedby': `${kind}-told` });
  const button = el('button', { class: 'go' }), told = el('p', { class: 'told', id: `${kind}-told`, role: 'status' });
  const form = el('form', { class: `composer ${kind}`, 'aria-label': title, onsubmit: (e) => { e.preventDefault(); submit(); } },
    el('label', { for: id }, title), parts, text, told, button);
  text.value = draft.text;
  text.addEventListener('keydown', (e) => {
    if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && !e.isComposing) {
      e.preventDefault();
      form.requestSubmit();
    }
  });
  return { form, text, button, told };
}

function explain(error) {
  if (error instanceof NoAnswer) return 'No answer. It may have arrived or not: send it again, and it is written once.';
  if (error.code === 'key-reused') return 'An earlier version may have been sent: look above before you send this one, too.';
  if (error.status === 401) return 'You are signed out. The draft is kept.';
  return `Not sent: ${error.message}${error.retryAfter > 0 ? ` Try again in ${error.retryAfter} s.` : ''}`;
}

// One act at a time; what was typed stays until the server has it.
async function send(ui, draft, act) {
  if (ui.button.disabled) return;
  if (!draft.text.trim()) {
    ui.told.textContent = 'There is nothing to send yet.';
    return ui.text.focus();
  }
  ui.button.disabled = true;
  ui.told.textContent = 'Sending …';
  try {
    await act();
    draft.clear();
    ui.text.value = '';
    ui.told.textContent = '';
  } catch (e) {
    const error = whatIs(e);
    if (error.code === 'key-reused') draft.key = freshKey();
    draft.save();
    ui.told.textContent = explain(error);
    if (error.code === 'stale') return 'stale';
  } finally {
    ui.button.disabled = false;
  }
}

export function noteComposer({ staff, ticket, write }) {
  const draft = new Draft(staff.staff, 'note', ticket);
  const ui = frame('note', 'Internal note', draft, submit, el('p', { class: 'hint' }, 'Staff only. Never shown or mailed to a customer.'));
  ui.button.textContent = 'Save note for staff';
  ui.text.addEventListener('input', () => { draft.text = ui.text.value; draft.save(); });

  async function submit() {
    await send(ui, draft, async () => {
      await write({ text: draft.text }, draft.key);
      say('The note is saved.');
    });
  }
  return { node: ui.form, focus: () => ui.text.focus() };
}

const nameOf = (p) => `${p.identity}${p.mail === false ? ' (no e-mail)' : ''}`;
// Whoever takes part, and the contact that is offered where a mail came back.
const readers = (t) => [...t.participants, ...(t.next_contact ? [{ id: t.next_contact.contact, identity: t.next_contact.email, level: 0, offered: true }] : [])];

export function replyComposer({ staff, ticket, write, reload }) {
  const draft = new Draft(staff.staff, 'reply', ticket);
  const to = el('select', { id: 'reply-to', onchange: () => { draft.to = to.value; draft.save(); paintTo(); } });
  const may = el('p', { class: 'hint' }), news = el('div', { class: 'news', hidden: true });
  const ui = frame('reply', 'Reply to the customer', draft, submit,
    el('p', { class: 'to' }, el('label', { for: 'reply-to' }, 'To '), to), may, news);
  let t = null;

  ui.text.addEventListener('input', () => {
    if (!draft.text) draft.seen = newest();
    draft.text = ui.text.value;
    draft.to = to.value;
    draft.save();
  });

  const newest = () => t?.messages.at(-1)?.id ?? null;
  const person = () => readers(t).find((p) => p.id === to.value);
  const writer = () => t.messages.findLast((m) => m.who === 'customer')?.from;

  function paintTo() {
    const p = person();
    fill(may, p ? [levelBadge(p.level, p.stale), ` May be told: ${mayBeTold(p)}`,
      p.channel === 'social' && ' They wrote in public: quote nothing private.',
      p.offered && ' On record, and did not write to us: by this they take part.'] : []);
    ui.button.textContent = !p ? 'Send' : p.mail === false ? `Show to ${p.identity} on their page` : `Send to ${p.identity}`;
  }

  // What came in after the last message the author had seen; what the author wrote there is no news.
  function unseen() {
    if (!draft.text || !draft.seen || draft.seen === newest()) return [];
    const at = t.messages.findIndex((m) => m.id === draft.seen), newer = t.messages.slice(at + 1);
    return newer.every((m) => m.author === staff.name) ? [] : newer;
  }

  function paintNews() {
    const newer = unseen();
    news.hidden = newer.length === 0;
    if (newer.length === 0) {
      if (draft.text) draft.seen = newest();
      return;
    }
    fill(news, el('h3', {}, 'This came in while you wrote'), newer.map((m) => el('p', {},
      el('b', {}, m.author ? said(m.author) : word(WHO, m.who)), ' ', time(m.at), el('br'), said(m.text, { class: 'text' }))),
    el('button', { type: 'button', onclick: haveRead }, 'I have read it'));
  }

  function haveRead() {
    draft.seen = newest();
    draft.key = freshKey();
    draft.save();
    ui.told.textContent = '';
    paintNews();
    ui.text.focus();
  }

  async function submit() {
    const stale = await send(ui, draft, async () => {
      await write({ text: draft.text, seen: draft.seen ?? newest(), to: to.value }, draft.key);
      say(`The reply to ${person()?.identity ?? 'the customer'} is on its way.`);
    });
    if (stale) {
      ui.told.textContent = 'Not sent: something newer came in. Your draft is kept.';
      await reload().catch(whatIs);
      news.querySelector('button')?.focus();
    }
  }

  return {
    node: ui.form,
    focus: () => ui.text.focus(),
    paint(ticketNow) {
      t = ticketNow;
      const closed = t.state === 'closed';
      const people = readers(t).map((p) => el('option', { value: p.id }, `${nameOf(p)}${p.offered ? ' (on record)' : ''}`));
      if (people.map((p) => p.text).join('\n') !== [...to.options].map((p) => p.text).join('\n')) fill(to, people);
      to.value = [draft.to, writer(), t.participants[0]?.id].find((id) => readers(t).some((p) => p.id === id)) ?? '';
      ui.text.disabled = ui.button.disabled = closed || t.participants.length === 0;
      if (closed) ui.told.textContent = 'A closed ticket takes no reply.';
      paintTo();
      paintNews();
    },
  };
}
