// What was put on the wrong ticket: messages that are moved or split off, spam, and accounts that are one.
import { get, post, whatIs } from '/api.js';
import { code, el, fill, say } from '/dom.js';

// Where a reference, a ticket or an account leads, as the server wants it.
async function target(text) {
  if (/^(tkt|acc)_/.test(text)) return text;
  const { items } = await get(`/api/search?q=${encodeURIComponent(text)}`);
  return items.find((i) => i.references.some((r) => r.replaceAll('-', '') === text.toUpperCase().replaceAll('-', '')))?.ticket;
}

// The part of a ticket's page that moves its messages. messages(): as shown now; after(): shows the ticket anew.
export function mover(ticket, messages, after) {
  const to = el('input', { id: 'move-to', autocomplete: 'off', placeholder: 'R7K4-2M9Q-C', size: 14 }), list = el('ul');
  const button = el('button', { onclick: move }, 'Move');

  async function move() {
    const chosen = [...list.querySelectorAll('input:checked')].map((i) => i.value), text = to.value.trim();
    if (chosen.length === 0) return say('Choose what to move.');
    button.disabled = true;
    try {
      const place = text ? await target(text) : null;
      if (place === undefined) return say(`No ticket ${text}.`);
      const done = await post(`/api/tickets/${ticket}/move`, { messages: chosen, to: place });
      say('Moved. Moving back undoes it.');
      to.value = '';
      node.open = false;
      if (!text) location.hash = `#/ticket/${done.ticket}`;
    } catch (error) {
      say(`Not moved: ${whatIs(error).message}`);
    } finally {
      button.disabled = false;
    }
    await after().catch(whatIs);
    return undefined;
  }

  function paint() {
    const was = new Set([...list.querySelectorAll('input:checked')].map((i) => i.value));
    fill(list, messages().map((m) => el('li', {}, el('label', {}, el('input', { type: 'checkbox', value: m.id, checked: was.has(m.id) }), ' ',
      el('bdi', {}, m.text.slice(0, 80))))));
  }

  const node = el('details', { class: 'move', ontoggle: () => node.open && paint() }, el('summary', {}, 'Move messages …'), list,
    el('label', { for: 'move-to' }, 'To the ticket (empty: one of their own) '), to, ' ', button);
  return { node, paint: () => node.open && paint() };
}

// Takes an edge between two accounts away.
export function undoEdge(account, alias, staff, after) {
  if (staff.role !== 'manager' && !(staff.role === 'lead' && alias.duplicate)) return null;
  const button = el('button', {
    async onclick() {
      button.disabled = true;
      try {
        await post(`/api/accounts/${account}/unmerge`, { edge: alias.edge });
        say('They are two again, and every word is with its own.');
      } catch (error) {
        say(whatIs(error).status === 404 ? 'Somebody was faster.' : `Not done: ${error.message}`);
      }
      await after().catch(whatIs);
    },
  }, 'Undo');
  return button;
}

// Lets this account stand for another one.
export function mergeForm(account, staff, after) {
  if (staff.role !== 'manager') return null;
  const into = el('input', { id: 'merge-into', required: true, pattern: 'acc_[0-9A-Z]{26}', placeholder: 'acc_…', size: 34, autocomplete: 'off' });
  const why = el('input', { id: 'merge-why', required: true, maxlength: 500, size: 34, autocomplete: 'off' });
  return el('details', {}, el('summary', {}, 'It is the same customer as …'), el('form', {
    async onsubmit(e) {
      e.preventDefault();
      try {
        await post(`/api/accounts/${account}/merge`, { into: into.value.trim(), why: why.value.trim() });
        say('Linked. It can be undone here.');
      } catch (error) {
        say(`Not done: ${whatIs(error).message}`);
      }
      await after().catch(whatIs);
    },
  }, el('p', {}, 'Everything of both is shown as one; nothing is copied. This is ', code(account), '.'),
  el('label', { for: 'merge-into' }, 'Account '), into, ' ', el('label', { for: 'merge-why' }, 'Why '), why, ' ', el('button', {}, 'Link')));
}
