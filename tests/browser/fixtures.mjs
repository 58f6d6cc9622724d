// What a customer can meet, as the data of each page (www/README.md). Text is what people write:
// several scripts, long words, mark-up, right to left inside left to right.
const at = (iso, text) => ({ iso, text });
const received = at('2026-11-24T09:12:03Z', '24 Nov 2026, 09:12 UTC');
const later = at('2026-11-24T13:12:03Z', '24 Nov 2026, 13:12 UTC');

const reference = 'R7K4-2M9Q-C';
const url = `/requests/${reference}`;
const rough = '<script>alert(1)</script> & "quotes" \'single\'\n\nموقعنا لا يعمل https://alt.example.org/ サインインできない 🙂\n'
  + 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2);

const STEPS = ['received', 'confirmed', 'working', 'solved'];

// w: the catalogue of one language, as words(lang) of the kit gives it.
export function fixtures(w) {
  const steps = (now) => STEPS.map((step, i) => ({
    text: w[`step.${step}`], done: i < now, now: i === now, ahead: i > now, at: i <= now ? received : null,
  }));
  const said = (who, channel, text, at = received) => ({ who, who_text: w[`who.${who}`], channel_text: w[`channel.${channel}`], text, at });
  const mine = said('you', 'web', rough);
  const request = { reference, url, known: true, may_write: true, steps: steps(0), next_reply: later, timeline: [mine] };
  const confirm = { to: 'm•••@e•••.org', sent: true, wait: 45 };
  const bad = (field, key) => ({ field, text: w[key].replace('{n}', 4) });
  const wrong = (...errors) => ({
    failed: true, errors, ...Object.fromEntries(errors.map((e) => [`${e.field}_error`, e.text])),
  });

  const attach = { may_attach: true, file_ready: w['file.ready'], file_held: w['file.held'], file_refused: w['file.refused'] };
  const file = (name, kb, state, href) => ({ name, size_text: w['size.kb'].replace('{n}', kb), state_text: w[`file.${state}`], href });

  const told = {
    title: 'Sites removed by mistake', href: '/en/incidents/site-loss', happened: { text: 'A script removed 883 sites. Nothing is lost for good.', other: true },
    restored: w['told.percent'].replace('{n}', 34), at: received, next: later,
  };
  const late = { ...told, next: undefined, late: true, promised: later, stale: received };
  const field = (name, more) => ({ label: w[`told.${name}`], ...more });
  const rows = [
    field('happened', { words: { text: rough } }), field('scope', { words: { text: '883 sites', other: true } }),
    field('restore', { by: later, words: { text: 'In batches.', other: true } }), field('restored', { value: w['told.percent'].replace('{n}', 34) }),
    field('loss', { unknown: later }), field('confidence', { value: w['confidence.medium'] }), field('reach', { words: { text: 'https://support.example.org/'.repeat(6) } }),
    field('not', { words: { text: 'No attack.', other: true } }),
  ];
  const whole = {
    ...told, standing: { number: 3, at: later, rows },
    earlier: [{ number: 2, at: received, withdrawn: later, why: rough, rows: [] }, { number: 1, at: received, rows }],
  };

  return {
    'form-blank': { page: 'form', data: { down: true } },
    'form-told': { page: 'form', data: { down: true, told: [told, late, told], told_more: true } },
    'incident': { page: 'incident', data: whole },
    'incident-late': { page: 'incident', data: { ...whole, ...late } },
    'incident-over': { page: 'incident', data: { ...whole, next: undefined, closed: true } },
    'incidents': { page: 'incidents', data: { told: [told, { ...late, closed: true }] } },
    'incidents-none': { page: 'incidents', data: { told: [] } },
    'status-told': { page: 'request', data: { ...request, incident: whole, told: [late] } },
    'form-errors': {
      page: 'form', status: 422,
      data: {
        ...wrong(bad('problem', 'error.problem.missing'), bad('email', 'error.email.form'), bad('phone', 'error.phone.form')),
        degraded: true, more: true, email: 'm.example.org', phone_typed: '<12>', name: '"Aya" O\'Neill & Söhne',
        organisation: '明治病院', site: 'https://alt.example.org/?a=1&b=2', invoice: 'RE-2026/0001',
      },
    },
    'form-not-sent': {
      page: 'form', status: 503,
      data: {
        notice: { title: w['problem.503.title'], text: w['problem.503.text'] }, problem: `\n${rough}`, email: 'm@example.org', question: true,
      },
    },
    'receipt-code': { page: 'request', data: { ...request, fresh: true, confirm } },
    'receipt-wrong-code': { page: 'request', status: 422, data: { ...request, fresh: true, confirm, ...wrong(bad('code', 'error.code.wrong')) } },
    'receipt-wrong-address': {
      page: 'request', status: 422,
      data: { ...request, fresh: true, confirm: { ...confirm, sent: false, wait: 0 }, email: 'nobody', ...wrong(bad('email', 'error.email.form')) },
    },
    'receipt-written': { page: 'request', data: { reference, url, fresh: true, written: true } },
    'receipt-phone': {
      page: 'request', data: { ...request, fresh: true, steps: steps(0).filter((s, i) => i !== 1), by_phone: { to: '+886 • ••••• 678' } },
    },
    'status-confirmed': {
      page: 'request',
      data: {
        ...request, steps: steps(2), level_text: w['level.1'], next_reply: null, waiting_you: true,
        notice: { good: true, title: w['notice.confirmed.title'], text: w['notice.confirmed.text'] },
        timeline: [mine, said('system', 'mail', w['notice.message.text']),
          said('support', 'mail', 'Which site is it?\n\n  https://a.example.org\n  https://b.example.org', later)],
      },
    },
    'status-overdue': { page: 'request', data: { ...request, steps: steps(1), level_text: w['level.2'], overdue: true } },
    'status-empty': { page: 'request', data: { ...request, timeline: [] } },
    'status-closed': {
      page: 'request', status: 422,
      data: { ...request, steps: steps(3), next_reply: null, closed: true, typed: 'a\nb', ...wrong(bad('text', 'error.text.missing')) },
    },
    'status-files': {
      page: 'request',
      data: {
        ...request, ...attach, steps: steps(1), level_text: w['level.1'],
        files: [file('障害 log.txt', '12', 'ready', `${url}/files/fil_01JDEXAMPLE0000000000000AB`), file('a'.repeat(140) + '.png', '9', 'checking'),
          file('موقعنا.pdf', '1', 'held'), file('<script>.txt', '1', 'refused'), file('letter.docx', '1', 'kept')],
        timeline: [{ ...said('you', 'web', ''), attached: [{ name: '障害 log.txt', size_text: '12 kB' }] }],
      },
    },
    'status-file-wrong': { page: 'request', status: 422, data: { ...request, ...attach, steps: steps(1), ...wrong(bad('file', 'error.file.kind')) } },
    'status-may-vouch': { page: 'request', data: { ...request, steps: steps(1), level_text: w['level.1'], may_vouch: true } },
    vouch: { page: 'appeal', data: { vouch: true, path: '/vouch/x' } },
    'vouch-wrong': { page: 'appeal', status: 422, data: { vouch: true, path: '/vouch/x', ...wrong(bad('code', 'error.code.other')) } },
    'vouch-done': { page: 'appeal', data: { vouch: true, done: true } },
    veto: { page: 'appeal', data: { veto: true, path: '/veto/x' } },
    'veto-no-answer': { page: 'appeal', status: 422, data: { veto: true, path: '/veto/x', ...wrong(bad('code', 'error.answer.missing')) } },
    'code-ask': { page: 'code', status: 401, data: { reference, url } },
    'code-asked': { page: 'code', status: 401, data: { reference, url, asked: true, email: 'm@example.org', wait: 60 } },
    'code-wrong': { page: 'code', status: 422, data: { reference, url, asked: true, ...wrong(bad('code', 'error.code.malformed')) } },
    'problem-404': { page: 'problem', status: 404, data: { title: w['problem.404.title'], text: w['problem.404.text'] } },
    'problem-503': {
      page: 'problem', status: 503,
      data: {
        title: w['problem.503.title'], text: w['problem.503.text'], kept: `\n${rough}`, url, request_id: '01JDEXAMPLE0000000000000AB',
      },
    },
  };
}

export const mails = {
  code: { reference, code: '4829 1376', url: `https://help.example.org${url}`, when: '24 Nov 2026, 09:12 UTC' },
  reply: { reference, text: rough, url: `https://help.example.org${url}` },
  vouch: { reference, who: 'm@example.org', code: '4829 1376', page: 'https://help.example.org/vouch/x' },
  veto: { reference, who: 'm@example.org', code: '4829 1376', page: 'https://help.example.org/veto/x' },
  ack: { reference, url: `https://help.example.org${url}` },
};
