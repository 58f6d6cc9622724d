// Single keys. They rest while somebody types, composes with an input method or holds a modifier, and can be
// switched off: who speaks to a computer would press them by accident.
import { el, fill } from '/dom.js';

const HELP = [
  ['j k', 'next and previous ticket'], ['Enter', 'open it'], ['u', 'back to the queue'], ['.', 'show new tickets'],
  ['c', 'claim, or release what is yours'], ['r', 'write a reply'], ['n', 'write a note'], ['Ctrl Enter', 'send what you write'],
  ['Esc', 'leave the field; the draft stays'], ['/', 'search'], ['q', 'all queues'], ['d', 'duplicates; there y and n decide'], ['p', 'log a call'], ['?', 'this list'],
];
const STORE = 'postern-keys';

let off = false;
try { off = localStorage.getItem(STORE) === 'off'; } catch { /* no storage: on */ }

function switchKeys(on) {
  off = !on;
  try { localStorage.setItem(STORE, on ? 'on' : 'off'); } catch { /* until the tab closes */ }
}

const typing = (e) => e.target.closest?.('input, textarea, select, [contenteditable]');

export function openHelp() {
  const dialog = document.getElementById('help');
  fill(dialog,
    el('h2', { id: 'help-title' }, 'Keys'),
    el('dl', {}, HELP.map(([key, what]) => el('div', {}, el('dt', {}, key.split(' ').map((k) => el('kbd', {}, k))), el('dd', {}, what)))),
    el('label', { class: 'switch' }, Object.assign(el('input', { type: 'checkbox', onchange: (e) => switchKeys(e.target.checked) }), { checked: !off }),
      ' single keys are on'),
    el('form', { method: 'dialog' }, el('button', {}, 'Close')));
  dialog.showModal();
}

// find(key) answers what to do, or nothing.
export function listen(find) {
  addEventListener('keydown', (e) => {
    if (e.isComposing || e.keyCode === 229 || document.querySelector('dialog[open]')) return;
    if (e.key === 'Escape' && typing(e)) return e.target.blur();
    if (off || e.ctrlKey || e.metaKey || e.altKey || typing(e)) return;
    const act = e.key === '?' ? openHelp : find(e.key);
    if (!act) return;
    e.preventDefault();
    act();
  });
}
