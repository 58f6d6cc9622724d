// What customers are told of an incident: the next update beside the one that stands, seven fields each given or not
// known yet, in all languages; approved by somebody else.
import { get, post, whatIs } from '/api.js';
import { el, fill, said, say } from '/dom.js';
import { due, time } from '/words.js';

const FIELDS = [['happened', 'What happened'], ['scope', 'Who and what is concerned'], ['restore', 'When it works again', 'by'], ['restored', 'How much is restored', 'percent'],
  ['loss', 'What may be lost'], ['confidence', 'How sure we are', 'level'], ['reach', 'How to reach us'], ['not', 'What it is not']];
const LANGUAGES = { en: 'English', 'zh-TW': '繁體中文', ja: '日本語', de: 'Deutsch', es: 'Español', ar: 'العربية' };
const STATE = { draft: 'draft', approved: 'told', withdrawn: 'withdrawn' };

const toLocal = (iso) => iso?.slice(0, 16) ?? '', toIso = (local) => (local ? `${local}:00Z` : undefined); // both in UTC
const explain = (error) => error.body?.errors?.map((e) => `${e.field}: ${e.detail}`).join('\n') || error.message;
const base = (slug) => `/api/incidents/${slug}/updates`;

// In the top line: whose next word is late, or due within the hour.
export function dueBanner() {
  const node = el('span', { role: 'status' });
  return {
    node,
    async refresh() {
      try {
        const { items } = await get('/api/updates');
        fill(node, items.filter((i) => i.due_at && Date.parse(i.due_at) - Date.now() < 3600e3).map((i) => el('a', { href: `#/incident/${i.slug}/updates` }, said(i.title), ': next update ', due(i.due_at))));
      } catch (error) {
        whatIs(error); // the next event brings it
      }
    },
  };
}

// ---- reading one ----

const part = (p) => [p.by && el('p', {}, 'by ', time(p.by)), p.percent !== undefined && el('p', {}, `${p.percent} %`), p.level && el('p', {}, p.level),
  p.next_word_at && el('p', {}, el('b', {}, 'Not known yet'), ', next word by ', time(p.next_word_at)),
  Object.entries(p.text ?? {}).map(([lang, text]) => el('p', { lang, dir: 'auto' }, el('b', {}, lang), ' ', text))];
const whole = (u) => el('dl', {}, FIELDS.filter(([name]) => u[name]).map(([name, label]) => el('div', {}, el('dt', {}, label), el('dd', {}, part(u[name])))),
  el('div', {}, el('dt', {}, 'Next update by'), el('dd', {}, time(u.next_update_by))));

// ---- writing one ----

// A form of an update; value() is what it says now.
function editor(from = {}) {
  const rows = [], tabs = el('div', { class: 'acts', role: 'group', 'aria-label': 'Language' });
  let lang = 'en';
  const keep = JSON.parse(JSON.stringify(from));
  const input = (id, label, attributes) => [el('label', { for: id }, label), el('input', { id, autocomplete: 'off', ...attributes })];
  const choice = (name, value) => el('p', {}, el('label', { for: `${name}-value` }, 'Confidence'), ' ', el('select', { id: `${name}-value` },
    ['', 'low', 'medium', 'high'].map((v) => el('option', { value: v, selected: v === (value ?? '') }, v || 'choose'))));
  const typed = { by: ['By (UTC)', { type: 'datetime-local' }], percent: ['Per cent', { type: 'number', min: 0, max: 100 }] };
  for (const [name, label, member] of FIELDS) {
    const p = keep[name] ??= {};
    p.text ??= {};
    const area = el('textarea', { id: `${name}-text`, rows: name === 'happened' ? 3 : 2, dir: 'auto', oninput: () => { p.text[lang] = area.value; } });
    const value = member === 'level' ? choice(name, p.level) : member && el('p', {}, input(`${name}-value`, typed[member][0], { ...typed[member][1], value: member === 'by' ? toLocal(p.by) : p.percent }));
    const later = name !== 'not' && el('p', {}, input(`${name}-later`, 'Not known yet, next word by (UTC)', { type: 'datetime-local', value: toLocal(p.next_word_at) }));
    rows.push({ name, member, p, area, value, later, node: el('fieldset', {}, el('legend', {}, label), value, el('label', { for: `${name}-text` }, member ? 'Why, in words (optional)' : 'In words'), area, later) });
  }
  const next = el('p', {}, input('next', 'Next update by (UTC)', { type: 'datetime-local', value: toLocal(from.next_update_by) }));
  function show(code) {
    lang = code;
    for (const r of rows) Object.assign(r.area, { value: r.p.text[code] ?? '', lang: code });
    fill(tabs, Object.entries(LANGUAGES).map(([c, name]) => el('button', { type: 'button', lang: c, 'aria-pressed': String(c === code), onclick: () => show(c) }, name)));
  }
  show('en');
  return {
    node: [tabs, rows.map((r) => r.node), next],
    value() {
      const out = {};
      for (const { name, member, p, value, later } of rows) {
        const v = value && value.querySelector('input, select').value, at = later && later.querySelector('input').value;
        const text = Object.fromEntries(Object.entries(p.text).filter(([, t]) => t.trim()));
        const one = { ...(v && { [member]: member === 'percent' ? Number(v) : member === 'by' ? toIso(v) : v }), ...(at && { next_word_at: toIso(at) }), ...(Object.keys(text).length > 0 && { text }) };
        if (Object.keys(one).length > 0) out[name] = one;
      }
      const by = next.querySelector('input').value;
      return { ...out, next_update_by: by ? toIso(by) : null };
    },
  };
}

// ---- the page ----

export function openUpdates(slug, staff) {
  const writes = staff.role !== 'auditor', decides = staff.role === 'lead' || staff.role === 'manager';
  const clock = el('p', {}), list = el('section', {}), beside = el('section', {}), desk = el('section', {}), told = el('p', { class: 'error', role: 'alert' });
  let form = null, target = null, shown = '';

  async function act(what, done) {
    told.textContent = '';
    try {
      await what();
      say(done);
      await view.refresh();
    } catch (error) {
      const { code } = whatIs(error);
      told.textContent = code === 'stale' ? 'Somebody wrote it anew in the meantime. Read it again.' : explain(error);
    }
  }

  // from: the update to go on with; to: the draft that is written anew, none for a new one.
  function write(from, to) {
    target = to;
    form = editor(from);
    fill(desk, el('h2', {}, to ? `Draft ${to.number}, revision ${to.revision}` : 'New update'), el('form', {
      onsubmit: (e) => {
        e.preventDefault();
        act(async () => {
          target = await post(target ? `${base(slug)}/${target.id}` : base(slug), { ...(target && { revision: target.revision }), update: form.value() });
          fill(desk.querySelector('h2'), `Draft ${target.number}, revision ${target.revision}`);
        }, 'Saved. Somebody else approves it.');
      },
    }, form.node, el('button', { class: 'go' }, 'Save draft')));
  }

  function withdraw(u) {
    const why = el('input', { id: `why-${u.id}`, maxlength: 500, required: true });
    return el('details', {}, el('summary', {}, 'Withdraw'), el('form', { onsubmit: (e) => { e.preventDefault(); act(() => post(`${base(slug)}/${u.id}/withdraw`, { why: why.value }), 'Withdrawn.'); } },
      el('label', { for: why.id }, 'Why (customers read it)'), why, el('button', {}, 'Withdraw it')));
  }

  const row = (u, standing) => el('li', {}, el('h3', {}, `Update ${u.number}: `, u.id === standing ? 'stands now' : STATE[u.state]),
    el('p', { class: 'mute' }, 'by ', u.writers.map((w, i) => [i > 0 && ', ', said(w)]), ', ', time(u.written_at), u.approved_by && [' · approved by ', said(u.approved_by), ', ', time(u.approved_at)],
      u.withdrawn_by && [' · withdrawn by ', said(u.withdrawn_by), ': ', said(u.why)]),
    el('details', {}, el('summary', {}, 'Read it'), whole(u.update)),
    u.lacks.length > 0 && el('ul', {}, u.lacks.map((f) => el('li', {}, `${f.field}: ${f.detail}`))),
    el('p', {}, 'As customers see it: ', Object.entries(LANGUAGES).map(([c, name]) => [el('a', { href: `${base(slug)}/${u.id}/preview?lang=${c}`, target: '_blank', lang: c }, name), !u.languages.includes(c) && ' (not whole)', ' '])),
    el('div', { class: 'acts' }, u.state === 'draft' && writes && el('button', { onclick: () => write(u.update, u) }, 'Write on'),
      u.state === 'draft' && decides && !u.mine && u.lacks.length === 0 && el('button', { class: 'go', onclick: () => act(() => post(`${base(slug)}/${u.id}/approve`, { revision: u.revision }), 'Told.') }, `Approve revision ${u.revision}`)),
    u.state !== 'withdrawn' && decides && withdraw(u));

  const view = {
    title: `Updates of ${slug}`,
    node: el('section', {}, el('h1', { tabindex: -1 }, `Updates of ${slug}`), clock, told, el('div', { class: 'beside' }, beside, desk), list),
    async refresh() {
      const { items, standing, clock: c } = await get(base(slug)), text = JSON.stringify([items, c]);
      if (text === shown) return; // whoever is on a button stays there
      shown = text;
      const now = items.find((u) => u.id === standing);
      fill(clock, c.due_at ? ['Next update ', due(c.due_at)] : 'No update is due.', c.told_at && [' · last told ', time(c.told_at)]);
      fill(beside, el('h2', {}, now ? `Update ${now.number} stands` : 'Nothing was told yet'), now && whole(now.update));
      fill(list, el('h2', {}, 'All updates'), el('ul', { class: 'updates' }, items.map((u) => row(u, standing))));
      if (!form && writes) write(now?.update);
    },
    event: (e) => e.type === 'incident' && e.incident === slug,
    keys: {},
  };
  return view;
}
