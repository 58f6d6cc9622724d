// The restoration line: how many sites are in which state by batch, and one site with its checklist.
import { get, post, whatIs } from '/api.js';
import { el, fill, said, say } from '/dom.js';
import { time } from '/words.js';

const STATES = ['waiting', 'restoring', 'automatic-check', 'our-validation', 'customer-validation', 'handed-back', 'audit', 'reopened'];

// address: "SLUG", "SLUG?state=…" or "SLUG?batch=…".
export function openLine(address) {
  const [slug, query = ''] = address.split('?'), base = `/api/incidents/${slug}/restoration`;
  const board = el('tbody'), rows = el('tbody'), more = el('p', { class: 'mute' });
  const link = (n, q) => (n === 0 ? '0' : el('a', { href: `#/restoration/${slug}?${q}` }, String(n)));
  const heads = (names) => el('thead', {}, el('tr', {}, names.map((n) => el('th', { scope: 'col' }, n))));
  const line = (name, states, q) => el('tr', {}, el('th', { scope: 'row' }, name), STATES.map((s) => el('td', {}, link(states[s], `${q}state=${s}`))));
  const node = el('section', {}, el('h1', { tabindex: -1 }, `Restoration of ${slug}`),
    el('table', {}, el('caption', { class: 'hide' }, 'Sites by batch and state'), heads(['Batch', ...STATES]), board),
    el('h2', {}, 'Sites'),
    el('table', {}, el('caption', { class: 'hide' }, 'Sites'), heads(['Site', 'Batch', 'State', 'Since', 'Held by']), rows), more);

  return {
    node,
    title: `Restoration of ${slug}`,
    async refresh() {
      const [all, page] = await Promise.all([get(base), get(`${base}/sites${query && `?${query}`}`)]);
      fill(board, line('All', all.states, ''), all.batches.map((b) => line(b.batch || '(none)', b.states, b.batch ? `batch=${b.batch}&` : '')));
      fill(rows, page.items.map((s) => el('tr', {}, el('td', {}, el('a', { href: `#/site/${slug}/${s.site}`, dir: 'auto' }, s.label)),
        el('td', {}, s.batch), el('td', {}, s.state), el('td', {}, time(s.since)), el('td', {}, s.holder ? said(s.holder) : 'nobody'))));
      fill(more, page.items.length === 0 ? 'No sites.' : page.next !== null ? 'And more: choose a batch or a state above.' : []);
    },
  };
}

export function openSite(address, staff) {
  const [slug, site] = address.split('/'), path = `/api/incidents/${slug}/restoration/sites/${site}`, may = staff.role !== 'auditor';
  const title = el('h1', { tabindex: -1 }), about = el('p'), acts = el('p'), list = el('ol'), history = el('ol');
  const reason = el('input', { id: 'reason', maxlength: 2000, autocomplete: 'off' });
  const node = el('section', {}, el('p', {}, el('a', { href: `#/restoration/${slug}` }, 'All sites')), title, about,
    may && el('p', {}, el('label', { for: 'reason' }, 'Reason '), reason), acts, el('h2', {}, 'Checklist'), list, el('h2', {}, 'History'), history);
  let shown = '';

  async function act(kind, more = {}) {
    try {
      paint(await post(path, { act: kind, ...more }));
      say('Done.');
    } catch (error) {
      say(`Not done: ${whatIs(error).message}`);
    }
  }

  const button = (text, kind, more) => el('button', { onclick: () => act(kind, more?.()) }, text);

  function step(s) {
    if (s.at) return el('li', {}, said(s.title), ': ', said(s.evidence || 'seen'), ` (${s.by}, `, time(s.at), ')');
    const id = `step-${s.step}`, input = el('input', { id, autocomplete: 'off', placeholder: s.wants });
    return el('li', {}, el('form', {
      onsubmit: (e) => {
        e.preventDefault();
        act('step', { step: s.step, evidence: input.value.trim() });
      },
    }, el('label', { for: id }, `${s.title}${s.optional ? ' (may be left out)' : ''} `), may && input, ' ', may && el('button', {}, 'Done')));
  }

  function paint(s) {
    const text = JSON.stringify(s), why = () => ({ reason: reason.value.trim() });
    if (text === shown) return; // whoever is typing goes on
    shown = text;
    title.textContent = view.title = s.label;
    fill(about, `${s.state}, batch ${s.batch || '(none)'}, since `, time(s.since), `, held by ${s.holder ?? 'nobody'}, signed by ${s.signed_by ?? 'nobody'}`);
    fill(acts, may && [button('Book', 'book'), ' ', button('Put down', 'release'), ' ', button('Sign', 'sign'), ' ', button('Send back', 'send-back', why),
      staff.role !== 'agent' && [' ', button('Mark for audit', 'mark', why), ' ', button('Clear', 'clear', why), ' ', button('Take again', 'take-again', why)]]);
    fill(list, s.steps.map(step));
    fill(history, s.history.map((h) => el('li', {}, time(h.at), ` ${h.event}: ${h.from || 'new'} → ${h.to} (${h.outcome}) `, said(h.words))));
  }

  const view = { node, title: 'Site', async refresh() { paint(await get(path)); } };
  return view;
}
