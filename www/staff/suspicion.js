// A suspected incident, above every page while it is open: how many, since when, what their reports have in common; and
// what a manager makes of it.
import { get, post, whatIs } from '/api.js';
import { code, el, fill, said, say } from '/dom.js';
import { time } from '/words.js';

const NAMES = { channel: 'channel', tier: 'tier', region: 'region', language: 'language', domain: 'sites of', word: 'the word' };

const share = (c) => el('li', {}, `${NAMES[c.what] ?? c.what} `, said(c.value), `: ${c.share} %`, c.usual !== null && el('span', { class: 'mute' }, ` (usually ${c.usual} %)`));

export function banner() {
  const node = el('section', { class: 'suspicion', role: 'alert', hidden: true });
  let staff = null, shown = null;

  async function settle(s, body, done) {
    try {
      await post(`/api/suspicions/${s.suspicion}`, body);
      say(done);
    } catch (error) {
      say(whatIs(error).status === 409 ? 'Somebody was faster.' : `Not done: ${error.body?.errors?.[0]?.detail ?? error.message}`);
    }
    await refresh();
  }

  function acts(s) {
    const input = (id, more) => el('input', { id: `suspicion-${id}`, autocomplete: 'off', ...more });
    const slug = input('slug', { maxlength: 40, pattern: '[a-z0-9][a-z0-9\\-]*', required: true });
    const pack = input('pack', { maxlength: 32 }), title = input('title', { maxlength: 200 }), why = input('why', { maxlength: 500, required: true });
    const field = (label, i) => [el('label', { for: i.id }, label), ' ', i, ' '];
    const form = (fields, button, submit) => el('form', { onsubmit: (e) => { e.preventDefault(); submit(); } }, fields, el('button', {}, button));
    const body = () => (pack.value ? { confirm: slug.value, pack: pack.value, title: title.value } : { confirm: slug.value });
    return [
      form([field('Incident', slug), field('declared now from pack', pack), field('with title', title)], 'Its reports belong to it', () => settle(s, body(), 'Confirmed. Its reports are placed again.')),
      form(field('Nothing: why?', why), 'Dismiss', () => settle(s, { dismiss: why.value }, 'Dismissed.')),
    ];
  }

  function paint(s) {
    node.hidden = !s;
    if (!s) return fill(node);
    if (shown?.suspicion !== s.suspicion) {
      const head = el('p', { class: 'numbers' }), list = el('ul', { class: 'common' });
      fill(node, head, list, staff.role === 'manager' ? acts(s) : el('p', { class: 'mute' }, 'A manager confirms it into an incident or dismisses it.'));
      Object.assign(node, { head, list });
    }
    fill(node.head, el('strong', {}, 'Suspected incident'), ` · ${s.accounts} customers say they are down since `, time(s.first_at), `; usual in ${s.minutes} min: ${s.usual} `, code(s.suspicion));
    fill(node.list, s.common.map(share));
  }

  async function refresh() {
    const { items } = await get('/api/suspicions?limit=1');
    const s = items[0]?.state === 'open' ? items[0] : null;
    paint(s);
    shown = s;
  }

  return {
    node,
    enter: (who) => {
      staff = who;
      return refresh().catch(whatIs);
    },
    event: (e) => { if (e.type === 'suspicion' || e.type === 'reload') refresh().catch(whatIs); },
  };
}
