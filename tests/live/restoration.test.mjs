// Sites that come back: told by signed events, checked by two people, answered by their customer, looked at again.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { many, open, story, until } from './kit.mjs'
import { member } from './member.mjs'
import { deliver, message, restoration, seconds, sender } from './senders.mjs'

const HEAD = 'account,account_name,contact_name,email,phone,role,site_id,last_proven,authorised_for'
const today = new Date().toISOString().slice(0, 10)
const SITES = 60
const ROWS = [
  `R-1,Acme Ltd,Mei,mei@acme.example,,admin,ACME-1,${today},all`,
  `R-1,Acme Ltd,Bill,bill@acme.example,,billing,ACME-1,${today},billing`,
  `R-2,Other Ltd,Sara,sara@other.example,,admin,OTHER-1,${today},all`,
  ...Array.from({ length: SITES }, (_, i) => `M-${i},Many ${i} Ltd,P ${i},p${i}@many${i}.example,,admin,MANY-${i},${today},all`),
]
const MINUTE = 60000, ago = (minutes) => new Date(Date.now() - minutes * MINUTE).toISOString()
const BASE = '/api/incidents/loss/restoration'

let door, system, aya, ben, lea, shift = 0
before(async () => {
  door = await open({ settings: { limits: 'off', brand: 'Example Cloud' }, clock: true })
  const run = await door.run(['contacts', 'import', '--source', 'billing', '-'], { input: `${[HEAD, ...ROWS].join('\n')}\n` })
  assert.equal(run.code, 0, run.err)
  await declare('loss')
  system = await sender(door, 'restoration', 'restore')
  aya = await member(door, 'aya')
  ben = await member(door, 'ben')
  lea = await member(door, 'lea', 'lead')
})
after(() => door?.stop())

const tell = (json) => system.post(json, { at: seconds() + shift / 1000 })
async function declare(slug) {
  const run = await door.run(['incident', 'declare', slug, '--pack', 'site-loss', '--title', `Sites are gone: ${slug}`])
  assert.equal(run.code, 0, run.err)
}
const board = async () => (await aya.get(BASE)).json
const sites = async (query = '') => (await aya.get(`${BASE}/sites${query}`)).json.items
const named = (label) => until(`${label} on the line`, async () => (await sites('?limit=200')).find((s) => s.label === label))
const whole = async (row) => (await aya.get(`${BASE}/sites/${row.site}`)).json
const act = (who, row, kind, more = {}) => who.post(`${BASE}/sites/${row.site}`, { act: kind, ...more })
const state = (row, wanted) => until(`it is ${wanted}`, async () => (await whole(row)).state === wanted)
async function confirmed(email, site) {
  const made = await door.request({ problem: `Our site is gone: ${email}`, email, site })
  const { code } = await door.mailTo(email)
  await door.post(`${made.url}/verify`, { json: { code }, token: made.token })
  return made
}
const answer = (made, json) => door.post(`${made.url}/acceptance`, { json, token: made.token })

const EVIDENCE = { address: 'https://acme.example/', ids: 'as before', point: 'p1', users: '1204', admins: '', products: 'all', attachments: '' }
async function validate(row) {
  assert.equal((await act(aya, row, 'book')).status, 200)
  for (const [step, evidence] of Object.entries(EVIDENCE)) assert.equal((await act(aya, row, 'step', { step, evidence })).status, 200, step)
  assert.equal((await act(aya, row, 'sign')).status, 200)
  assert.equal((await act(ben, row, 'sign')).status, 200)
}

story('an event that is not signed for this channel is nobody’s', async () => {
  const bot = await sender(door, 'social', 'bot')
  assert.equal((await deliver(door, 'restoration', message(bot.secret, restoration()))).status, 401)
  assert.equal((await tell(restoration({ state: 'handed-back' }))).json.errors[0].field, 'state')
  assert.equal((await tell({ ...restoration(), sites: ['A'] })).json.errors[0].code, 'unknown')
})

story('a site goes through the line, whatever comes twice or late, and its customer hands it back', async () => {
  const m = message(system.secret, restoration({ site: 'acme-1', batch: 'b-1', at: ago(30), evidence: { restore_point: 'p1' } }))
  const first = await deliver(door, 'restoration', m), again = await deliver(door, 'restoration', m)
  assert.equal(first.status, 202, first.text)
  assert.equal(again.json.item, first.json.item)
  assert.equal(again.headers['idempotent-replayed'], 'true')
  const row = await named('acme-1')
  assert.equal((await whole(row)).restore_point, 'p1')
  await tell(restoration({ site: 'ACME 1', state: 'customer-validation', at: ago(20) }))
  await state(row, 'our-validation')
  await tell(restoration({ site: 'acme-1', state: 'failed', at: ago(25) }))
  await until('the late one is written down', async () => (await whole(row)).history.some((h) => h.outcome === 'late'))

  const mei = await confirmed('mei@acme.example', 'ACME-1'), bill = await confirmed('bill@acme.example', 'ACME-1')
  assert.deepEqual((await door.look(mei)).restoration, [], 'nothing to accept yet')
  assert.equal((await answer(mei, { site: row.site, answer: 'yes' })).status, 409)
  assert.equal((await act(aya, row, 'sign')).status, 409)
  await validate(row)
  await state(row, 'customer-validation')
  assert.deepEqual((await door.look(mei)).restoration.map((s) => [s.label, s.state]), [['acme-1', 'customer-validation']])
  assert.deepEqual((await door.look(bill)).restoration, [], 'a billing clerk cannot accept a restore')
  assert.equal((await answer(bill, { site: row.site, answer: 'yes' })).status, 403)
  const sara = await confirmed('sara@other.example', 'OTHER-1')
  assert.equal((await answer(sara, { site: row.site, answer: 'yes' })).status, 403, 'nor another customer')

  const no = { site: row.site, answer: 'no', text: 'The wiki of our team is empty.' }
  assert.equal((await answer(mei, { site: row.site, answer: 'no' })).status, 422, 'a no says why')
  assert.deepEqual([(await answer(mei, no)).status, (await answer(mei, no)).status], [200, 200])
  await state(row, 'restoring')
  const { ticket } = await aya.find(mei.reference)
  await until('staff have the words', async () => (await aya.ticket(ticket)).messages.some((x) => x.text === no.text))
  const back = await whole(row)
  assert.equal(back.failures, 1)
  assert.ok(back.steps.every((s) => s.at === null), 'what was checked before counts no more')

  await tell(restoration({ site: 'acme-1', state: 'our-validation' }))
  await state(row, 'our-validation')
  await validate(row)
  const yes = await answer(mei, { site: row.site, answer: 'yes' })
  assert.equal(yes.json?.state, 'handed-back', yes.text)
  const history = (await whole(row)).history, last = history.at(-1)
  assert.match(last.by, /^par_/)
  assert.deepEqual(history.map((h) => h.event).filter((e) => /accept|refus/.test(e)), ['refused', 'accepted'])
  await door.stop()
  await door.start()
  assert.equal((await whole(row)).history.length, history.length, 'a start adds nothing')
})

story('work that is half done survives a shift', async () => {
  await tell(restoration({ site: 'OTHER-1', state: 'our-validation', at: ago(5) }))
  const row = await named('OTHER-1')
  await state(row, 'our-validation')
  assert.equal((await act(aya, row, 'book')).status, 200)
  assert.equal((await act(aya, row, 'step', { step: 'ids', evidence: 'as before' })).status, 200)
  assert.equal((await act(aya, row, 'step', { step: 'users', evidence: 'many' })).status, 422)
  const held = await act(ben, row, 'book')
  assert.deepEqual([held.status, held.json.title], [409, 'somebody works on it'])
  door.later(shift = 31 * MINUTE)
  for (const who of [aya, ben, lea]) await who.again()
  assert.equal((await act(ben, row, 'book')).status, 200)
  const { steps, holder } = await whole(row)
  assert.equal(holder, 'ben')
  assert.deepEqual(steps.filter((s) => s.by).map((s) => [s.step, s.by, s.evidence]), [['ids', 'aya', 'as before']])
  assert.equal((await act(ben, row, 'send-back')).status, 422, 'who sends it back says why')
  assert.equal((await act(ben, row, 'send-back', { reason: 'two spaces are missing' })).status, 200)
  await state(row, 'restoring')
})

story('an audit picks a cohort, marks it, and takes it again', async () => {
  const row = await named('acme-1'), ask = (who, kind, more = {}) => who.post(`${BASE}/audit`, { act: kind, restore_point: 'p1', reason: 'point p1 is not whole', ...more })
  assert.equal((await ask(aya, 'mark')).status, 403)
  assert.deepEqual((await ask(lea, 'mark', { restore_point: 'other' })).json, { sites: 0, done: 0, failed: 0 })
  assert.deepEqual((await ask(lea, 'mark', { dry_run: true })).json, { sites: 1, done: 0, failed: 0 })
  assert.deepEqual((await ask(lea, 'mark')).json, { sites: 1, done: 1, failed: 0 })
  await state(row, 'audit')
  assert.deepEqual((await ask(lea, 'take-again')).json, { sites: 1, done: 1, failed: 0 })
  await state(row, 'reopened')
})

story('what cannot be placed is parked, seen, and tried again', async () => {
  await tell(restoration({ site: 'LATER-1' }))
  await tell(restoration({ incident: 'unheard-of', site: 'ACME-1' }))
  const parked = () => aya.get('/api/restoration/parked').then((a) => a.json.items)
  await until('both are parked', async () => (await parked()).length === 2)
  const all = await parked(), site = all.find((p) => p.site === 'LATER-1'), one = all.find((p) => p.site === 'ACME-1')
  assert.deepEqual([site.why, one.why], ['site', 'incident'])
  const retry = async (p) => (await aya.post(`/api/restoration/parked/${p.event}`)).json.outcome
  assert.equal(await retry(one), 'parked')
  await declare('unheard-of')
  assert.deepEqual([await retry(one), await retry(site)], ['applied', 'parked'])
  assert.equal((await parked()).length, 1)
  assert.equal((await aya.get('/api/incidents/unheard-of/restoration')).json.states.restoring, 1)
})

story('many sites at once are each where they belong, and the board counts them', async () => {
  await lea.post(`${BASE}/batches`, { batch: 'many', method: 'in place', our_validation: false, expected_hours: 12 })
  const events = Array.from({ length: SITES }, (_, i) => ['restoring', 'automatic-check', 'customer-validation'].map((s, k) => [i, s, ago(9 - k)])).flat()
  await many(events.length, 16, (i) => tell(restoration({ site: `MANY-${events[i][0]}`, batch: 'many', state: events[i][1], at: events[i][2] })))
  const batch = () => board().then((b) => b.batches.find((x) => x.batch === 'many'))
  await until('all wait for their customers', async () => (await batch()).states['customer-validation'] === SITES)
  const { states } = await board(), all = await sites('?limit=200')
  for (const [name, n] of Object.entries(states)) assert.equal(all.filter((s) => s.state === name).length, n, name)
  const pages = []
  for (let next = ''; next !== null;) {
    const a = (await aya.get(`${BASE}/sites?batch=many&state=customer-validation&limit=25${next && `&cursor=${next}`}`)).json
    pages.push(...a.items.map((s) => s.site))
    next = a.next
  }
  assert.equal(new Set(pages).size, SITES)
  assert.equal(pages.length, SITES)
})

story('a file says the same as events do, once however often it is taken, or nothing at all', async () => {
  const take = (rows, ...words) => door.run(['incident', 'restoration', 'loss', '-', '--json', ...words], { input: `site,batch,state,at,restore_point\n${rows.join('\n')}\n` })
  const rows = [`MANY-1,file,failed,${ago(1)},p9`, `NOBODY-1,file,waiting,${ago(1)},`]
  const none = { applied: 0, late: 0, refused: 0, repeated: 0, parked: 0 }
  assert.deepEqual(JSON.parse((await take(rows, '--dry-run')).out), { ...none, applied: 1, parked: 1 })
  assert.equal((await board()).batches.some((b) => b.batch === 'file'), false)
  const bad = await take([...rows, 'MANY-2,file,gone,yesterday,'])
  assert.equal(bad.code, 65)
  assert.match(bad.out, /^line 4: state: /)
  assert.equal((await board()).batches.some((b) => b.batch === 'file'), false)
  assert.deepEqual(JSON.parse((await take(rows)).out), { ...none, applied: 1, parked: 1 })
  assert.deepEqual(JSON.parse((await take(rows)).out), { ...none, repeated: 1, parked: 1 })
  assert.equal((await sites('?batch=file&state=restoring')).length, 1)
})

story('what was told while Redis was away is there when it is back', async () => {
  const row = await named('OTHER-1'), pid = door.redisPid()
  process.kill(pid, 'SIGSTOP')
  try {
    assert.equal((await tell(restoration({ site: 'OTHER-1', state: 'automatic-check', at: new Date(Date.now() + shift).toISOString() }))).status, 202)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await state(row, 'automatic-check')
})
