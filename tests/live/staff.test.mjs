// The staff side, as agents, an auditor and a customer meet it: the whole daemon, real Redis, real mail.
import assert from 'node:assert/strict'
import https from 'node:https'
import { after, before } from 'node:test'
import { many, open, sleep, story, until, write } from './kit.mjs'

const ORIGIN = 'https://console.example'
const PASSWORD = 'correct horse battery staple'

let door

// Somebody at the console: keeps the session's cookie, asks as the console's own page does.
class Console {
  constructor(name) {
    this.name = name
  }

  async ask(method, path, json, headers = {}) {
    const cookie = this.cookie ? { cookie: this.cookie } : {}
    return door.ask(method, path, { to: 'staff', json, headers: { 'sec-fetch-site': 'same-origin', ...cookie, ...headers } })
  }

  async signIn(password = PASSWORD) {
    const answer = await this.ask('POST', '/api/session', { name: this.name, password })
    this.cookie = answer.headers['set-cookie']?.[0].split(';')[0]
    this.cookieLine = answer.headers['set-cookie']?.[0]
    return answer
  }

  get(path) {
    return this.ask('GET', path)
  }

  post(path, json = {}, headers) {
    return this.ask('POST', path, json, headers)
  }

  ticket(id) {
    return this.get(`/api/tickets/${id}`).then((a) => a.json)
  }

  // The ticket of a reference, as soon as it is filed.
  find(reference) {
    return until(`ticket of ${reference}`, async () => (await this.get(`/api/search?q=${reference}`)).json.items[0])
  }
}

async function member(name, role) {
  const made = await door.run(['staff', 'add', name, '--role', role], { input: `${PASSWORD}\n` })
  assert.equal(made.code, 0, made.err)
  const who = new Console(name)
  assert.equal((await who.signIn()).status, 204)
  return who
}

let mei, tom, lea, eve

before(async () => {
  door = await open({ settings: { 'origin-staff': ORIGIN } })
  ;[mei, tom, lea, eve] = [await member('mei', 'agent'), await member('tom', 'agent'), await member('lea', 'lead'), await member('eve', 'auditor')]
})
after(() => door?.stop())

let customers = 0
// A fresh request of a fresh customer, and the ticket that it became.
async function customer(fields = {}) {
  const email = `ada${++customers}@shop.example`
  const receipt = await door.request({ problem: `Request ${customers}: nothing works.`, email, ...fields })
  return { ...receipt, email, ...(await mei.find(receipt.reference)) }
}

// ---- signing in ----

story('an agent signs in, is known, and signs out', async () => {
  const who = new Console('MEI')
  assert.equal((await who.get('/api/session')).status, 401)
  assert.equal((await who.signIn()).status, 204)
  assert.match(who.cookieLine, /^__Host-staff=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/)
  const me = (await who.get('/api/session')).json
  assert.deepEqual([me.name, me.role], ['mei', 'agent'])
  const old = who.cookie
  assert.equal((await who.ask('DELETE', '/api/session')).status, 204)
  who.cookie = old
  assert.equal((await who.get('/api/session')).status, 401)
})

story('a wrong password and a wrong name get the same answer in the same time', async () => {
  const tries = async (name) => {
    const answers = []
    for (let i = 0; i < 4; i++) answers.push(await new Console(name).signIn('not the right password'))
    return answers
  }
  const [known, unknown] = [await tries('lea'), await tries('nobody of that name')]
  for (const a of [...known, ...unknown]) assert.equal(a.status, 401)
  const bare = (a) => ({ ...a.json, request_id: '' })
  assert.deepEqual(bare(known[0]), bare(unknown[0]))
  const fastest = (list) => Math.min(...list.map((a) => a.ms))
  const ratio = fastest(known) / fastest(unknown)
  assert.ok(ratio > 0.5 && ratio < 2, `${ratio}`)
})

story('after five wrong passwords a name rests, and no other name does', async () => {
  await member('zoe', 'agent')
  for (let i = 0; i < 5; i++) assert.equal((await new Console('zoe').signIn('not the right password')).status, 401)
  const rests = await new Console('Zoe').signIn()
  assert.equal(rests.status, 429)
  assert.ok(Number(rests.headers['retry-after']) <= 60)
  assert.equal((await new Console('tom').signIn()).status, 204)
})

story('thirty people of one office sign in at once, and work goes on meanwhile', async () => {
  const crowd = many(30, 30, () => new Console('tom').signIn())
  await sleep(100)
  const looks = await many(10, 2, () => mei.get('/api/queues'))
  for (const a of looks) assert.equal(a.status, 200)
  assert.ok(Math.max(...looks.map((a) => a.ms)) < 2000)
  for (const a of await crowd) assert.equal(a.status, 204)
})

story('another site cannot sign anybody in, nor act in his name', async () => {
  const t = await customer()
  const bad = [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]
  for (const headers of bad) {
    assert.equal((await mei.post('/api/session', { name: 'mei', password: PASSWORD }, headers)).status, 403)
    assert.equal((await mei.post(`/api/tickets/${t.ticket}/claim`, {}, headers)).status, 403)
  }
  const bare = (headers) => door.ask('POST', `/api/tickets/${t.ticket}/claim`, { to: 'staff', json: {}, headers: { cookie: mei.cookie, ...headers } })
  assert.equal((await bare({})).status, 403)
  assert.equal((await bare({ origin: 'https://evil.example' })).status, 403)
  assert.equal((await mei.ticket(t.ticket)).owner, null)
  assert.equal((await bare({ origin: ORIGIN })).status, 200)
})

// ---- queues ----

story('queues tell what waits, and a queue shows it by due time, page by page', async () => {
  const made = []
  for (let i = 0; i < 5; i++) made.push(await customer({ impact: 'question' }))
  const queue = made[0].queue
  const list = (await mei.get('/api/queues')).json.items
  const row = list.find((q) => q.queue === queue)
  assert.ok(row.open >= 5 && row.unclaimed >= 5 && row.title.length > 0)
  const seen = []
  for (let cursor = ''; cursor !== null;) {
    const page = (await mei.get(`/api/queues/${queue}?limit=2${cursor && `&cursor=${cursor}`}`)).json
    assert.ok(page.items.length <= 2)
    seen.push(...page.items)
    cursor = page.next
  }
  assert.equal(seen.length, row.open)
  assert.equal(new Set(seen.map((t) => t.ticket)).size, row.open)
  const due = seen.map((t) => t.due_at ?? '9999')
  assert.deepEqual(due, [...due].sort())
  for (const t of made) assert.ok(seen.some((s) => s.ticket === t.ticket && s.references.includes(t.reference)))
  assert.equal((await mei.get('/api/queues/no-such-queue')).status, 404)
  for (const limit of ['0', '201', 'many', '-1']) assert.equal((await mei.get(`/api/queues/${queue}?limit=${limit}`)).status, 422)
  assert.equal((await mei.get(`/api/queues/${queue}?cursor=nonsense`)).status, 422)
})

story('a queue that the rules no longer name is shown as long as it holds a ticket', async () => {
  const t = await customer()
  const partition = /\{p\d+\}/.exec(door.redis('--scan', '--pattern', `*:t:${t.ticket}`))[0]
  door.redis('ZREM', `${partition}:q:${t.queue}`, t.ticket)
  door.redis('ZADD', `${partition}:q:yesterday`, '1', t.ticket)
  door.redis('SADD', `${partition}:qn`, 'yesterday')
  const one = (await mei.get('/api/queues')).json.items.find((q) => q.queue === 'yesterday')
  assert.deepEqual([one.open, one.breached], [1, 1])
  assert.equal((await mei.get('/api/queues/yesterday')).json.items[0].ticket, t.ticket)
  door.redis('ZREM', `${partition}:q:yesterday`, t.ticket)
  assert.equal((await mei.get('/api/queues')).json.items.find((q) => q.queue === 'yesterday'), undefined)
})

// ---- one ticket ----

story('a ticket tells who, what, why it is here and until when, and hides addresses', async () => {
  const t = await customer({ phone: '+886 2 2345 6789', organisation: 'ACME', name: 'Ada' })
  const all = await mei.ticket(t.ticket)
  assert.equal(all.participants.length, 1)
  assert.equal(all.participants[0].identity, 'a•••@s•••.example')
  assert.equal(all.messages[0].who, 'customer')
  assert.equal(all.messages[0].origin.channel, 'web')
  assert.equal(all.account.name, 'ACME')
  assert.ok(all.routing.trace.at(-1).includes('decided'))
  assert.ok(all.clocks.some((k) => k.clock === 'first-reply' && k.state === 'running' && k.trace.length > 0))
  const first = all.clocks.find((k) => k.clock === 'first-reply'), ahead = (s) => Date.parse(first.due_at) - Date.parse(s.at)
  assert.deepEqual(first.steps.map((s) => [s.to, s.before_ms, ahead(s), s.reached]), [['lead', 900000, 900000, false], ['manager', 0, 0, false]])
  assert.equal(all.routing.facts.heat, '1')
  assert.equal(all.history[0].kind, 'opened')
  assert.equal(JSON.stringify(all).includes(t.email), false)
  assert.equal(JSON.stringify(all).includes('23456789'), false)
})

story('the original is a download that a browser never shows', async () => {
  const t = await customer({ problem: '<script>alert(1)</script>' })
  const raw = await mei.get((await mei.ticket(t.ticket)).messages[0].raw)
  assert.equal(raw.status, 200)
  assert.ok(raw.text.includes('<script>'))
  assert.match(raw.headers['content-disposition'], /^attachment; /)
  assert.equal(raw.headers['content-type'], 'application/octet-stream')
  assert.equal(raw.headers['x-content-type-options'], 'nosniff')
  assert.match(raw.headers['content-security-policy'], /^sandbox/)
})

story('an original that was too large for a row comes whole', async () => {
  const problem = `Large. ${'密碼'.repeat(9000)}`
  const t = await customer({ problem, [`more${'x'.repeat(100)}`]: 'y'.repeat(100000) })
  const raw = await mei.get((await mei.ticket(t.ticket)).messages[0].raw)
  assert.equal(raw.json?.problem ?? JSON.parse(raw.text).problem, problem)
})

// ---- claiming ----

story('twenty claims at once: one holds it, the others are told who', async () => {
  const t = await customer()
  const people = [mei, tom, lea]
  const answers = await many(20, 20, (i) => people[i % 3].post(`/api/tickets/${t.ticket}/claim`))
  const holder = (await eve.ticket(t.ticket)).owner
  answers.forEach((a, i) => {
    if (people[i % 3].name === holder) assert.equal(a.status, 200)
    else assert.deepEqual([a.status, a.json.holder], [409, holder])
  })
  const claims = (await eve.ticket(t.ticket)).history.filter((h) => h.kind === 'claimed')
  assert.equal(claims.length, 1)
  assert.equal(claims[0].by_name, holder)
})

story('who holds a ticket gives it back; another agent cannot, a lead can', async () => {
  const t = await customer()
  const path = `/api/tickets/${t.ticket}`
  const unclaimed = async () => (await mei.get('/api/queues')).json.items.find((q) => q.queue === t.queue).unclaimed
  const before = await unclaimed()
  await mei.post(`${path}/claim`)
  assert.equal(await unclaimed(), before - 1)
  assert.deepEqual([(await tom.post(`${path}/release`)).status, (await tom.ticket(t.ticket)).owner], [409, 'mei'])
  assert.equal((await mei.post(`${path}/release`)).status, 200)
  assert.equal(await unclaimed(), before)
  await mei.post(`${path}/claim`)
  assert.equal((await lea.post(`${path}/release`)).status, 200)
  assert.equal((await mei.ticket(t.ticket)).owner, null)
})

// ---- words ----

story('a reply is mailed, shown on the page of the customer, and stops the first clock', async () => {
  const t = await customer()
  const { newest } = await mei.ticket(t.ticket)
  const sent = await mei.post(`/api/tickets/${t.ticket}/reply`, { text: 'We look\r\nat it.', seen: newest })
  assert.equal(sent.status, 201)
  assert.equal(sent.json.delivery, 'queued')
  const mail = await door.mailTo(t.email, 2)
  assert.ok(mail.text.includes('We look\nat it.'))
  const page = await door.look(t)
  assert.deepEqual(page.timeline.map((m) => [m.who, m.text]).at(-1), ['support', 'We look\nat it.'])
  const all = await until('sent', async () => {
    const now = await mei.ticket(t.ticket)
    return now.messages.at(-1).delivery === 'sent' && now
  })
  assert.equal(all.messages.at(-1).author, 'mei')
  assert.equal(all.clocks.find((k) => k.clock === 'first-reply').state, 'met')
  assert.equal(all.clock, 'update')
  const account = (await mei.get(`/api/accounts/${t.account.id}`)).json
  assert.ok(account.last_told >= account.last_heard)
})

story('a reply to what is no longer the newest is held back', async () => {
  const t = await customer()
  const { newest } = await mei.ticket(t.ticket)
  const more = await door.post(`${t.url}/messages`, { json: { text: 'And now it burns.' }, token: t.token })
  await until('filed', async () => (await mei.ticket(t.ticket)).newest === more.json.message)
  const held = await mei.post(`/api/tickets/${t.ticket}/reply`, { text: 'All is well.', seen: newest })
  assert.deepEqual([held.status, held.json.code], [409, 'stale'])
  assert.equal((await door.look(t)).timeline.length, 2)
  assert.equal((await mei.post(`/api/tickets/${t.ticket}/reply`, { text: 'We come.', seen: more.json.message })).status, 201)
})

story('two agents reply to the same words at once: one reply goes out', async () => {
  const t = await customer()
  const { newest } = await mei.ticket(t.ticket)
  const answers = await many(10, 10, (i) => [mei, tom][i % 2].post(`/api/tickets/${t.ticket}/reply`, { text: `Reply ${i}`, seen: newest }))
  assert.equal(answers.filter((a) => a.status === 201).length, 1)
  assert.equal(answers.filter((a) => a.status === 409 && a.json.code === 'stale').length, 9)
})

story('a reply that is sent again with its key goes out once', async () => {
  const t = await customer()
  const { newest } = await mei.ticket(t.ticket)
  const key = { 'idempotency-key': `reply-${t.reference}-0001` }
  const send = (text) => mei.post(`/api/tickets/${t.ticket}/reply`, { text, seen: newest }, key)
  const answers = await many(8, 8, () => send('Once.'))
  for (const a of answers) assert.equal(a.status, 201, a.text)
  assert.equal(new Set(answers.map((a) => a.json.message)).size, 1)
  assert.equal((await send('Once.')).headers['idempotent-replayed'], 'true')
  const other = await send('Something else.')
  assert.deepEqual([other.status, other.json.code], [422, 'key-reused'])
  await door.mailTo(t.email, 2)
  await sleep(500)
  assert.equal(door.mails().filter((m) => m.to === t.email).length, 2)
  assert.equal((await mei.ticket(t.ticket)).messages.length, 2)
})

story('a note that is sent again with its key stands there once', async () => {
  const t = await customer()
  const key = { 'idempotency-key': `note-${t.reference}-0001` }
  const send = (text, more = key) => mei.post(`/api/tickets/${t.ticket}/note`, { text }, more)
  const answers = await many(8, 8, () => send('Billing knows.'))
  for (const a of answers) assert.equal(a.status, 201, a.text)
  assert.equal(new Set(answers.map((a) => a.json.message)).size, 1)
  assert.equal((await send('Billing knows.')).headers['idempotent-replayed'], 'true')
  const other = await send('Something else.')
  assert.deepEqual([other.status, other.json.code], [422, 'key-reused'])
  assert.equal((await send('Billing knows.', {})).status, 201)
  const short = await send('Billing knows.', { 'idempotency-key': 'short' })
  assert.deepEqual([short.status, short.json.errors[0].field], [422, 'idempotency-key'])
  assert.equal((await mei.ticket(t.ticket)).messages.filter((m) => m.who === 'note').length, 2)
})

story('a reply goes to the person it names, and to nobody else', async () => {
  const [a, b] = [await customer(), await customer()]
  const mine = await mei.ticket(a.ticket), theirs = await mei.ticket(b.ticket)
  const wrong = await mei.post(`/api/tickets/${a.ticket}/reply`, { text: 'Hello.', seen: mine.newest, to: theirs.participants[0].id })
  assert.equal(wrong.status, 422)
  const right = await mei.post(`/api/tickets/${a.ticket}/reply`, { text: 'Hello.', seen: mine.newest, to: mine.participants[0].id })
  assert.equal(right.status, 201)
})

story('somebody without an address reads the reply on the page', async () => {
  const receipt = await door.request({ problem: 'I have a phone only.', phone: '+886 2 2345 6780' })
  const t = await mei.find(receipt.reference)
  const { newest } = await mei.ticket(t.ticket)
  const sent = await mei.post(`/api/tickets/${t.ticket}/reply`, { text: 'We will call.', seen: newest })
  assert.deepEqual([sent.status, sent.json.delivery], [201, undefined])
  assert.equal((await door.look(receipt)).timeline.at(-1).text, 'We will call.')
})

story('a note stays in the house', async () => {
  const t = await customer()
  const words = 'Between us: this one is a test.'
  assert.equal((await mei.post(`/api/tickets/${t.ticket}/note`, { text: words })).status, 201)
  assert.equal((await tom.ticket(t.ticket)).messages.at(-1).who, 'note')
  assert.equal(JSON.stringify(await door.look(t)).includes(words), false)
  const page = await door.get(t.url, { token: t.token, page: true })
  assert.equal(page.text.includes('Between us'), false)
  assert.equal(door.mails().some((m) => m.text.includes(words)), false)
})

story('words must be words', async () => {
  const t = await customer()
  for (const [json, status] of [[{}, 422], [{ text: '' }, 422], [{ text: ' \n ' }, 422], [{ text: 7 }, 422], [{ text: 'a\u0000b' }, 422], [{ text: 'x'.repeat(20001) }, 422], [[], 422]]) {
    assert.equal((await mei.post(`/api/tickets/${t.ticket}/note`, json)).status, status, JSON.stringify(json).slice(0, 40))
  }
  const ask = (body, type) => door.ask('POST', `/api/tickets/${t.ticket}/note`, { to: 'staff', body, headers: { cookie: mei.cookie, 'sec-fetch-site': 'same-origin', 'content-type': type } })
  assert.equal((await ask('{"text":', 'application/json')).status, 400)
  assert.equal((await ask('text=hello', 'application/x-www-form-urlencoded')).status, 415)
})

// ---- states ----

story('a ticket goes its way, and no other', async () => {
  const t = await customer()
  const set = (state) => mei.post(`/api/tickets/${t.ticket}/state`, { state })
  const in_queue = async () => (await mei.get(`/api/queues/${t.queue}?limit=200`)).json.items.some((r) => r.ticket === t.ticket)
  assert.equal((await set('waiting-customer')).json.state, 'waiting-customer')
  assert.equal((await set('waiting-customer')).status, 200)
  assert.equal((await set('solved')).status, 200)
  assert.equal(await in_queue(), false)
  const no = await set('waiting-customer')
  assert.deepEqual([no.status, no.json.state], [409, 'solved'])
  assert.equal((await set('open')).status, 200)
  assert.equal(await in_queue(), true)
  assert.equal((await set('closed')).status, 200)
  assert.equal((await set('open')).status, 409)
  const { newest } = await mei.ticket(t.ticket)
  assert.equal((await mei.post(`/api/tickets/${t.ticket}/reply`, { text: 'Too late.', seen: newest })).status, 409)
  for (const state of ['', 'done', 'Open', null, 7]) assert.equal((await set(state)).status, 422)
  const clocks = (await mei.ticket(t.ticket)).history.map((h) => h.clock).filter(Boolean)
  assert.deepEqual(clocks, ['opened', 'paused', 'solved', 'reopened', 'solved'])
})

story('a customer who writes on a solved ticket opens it again', async () => {
  const t = await customer()
  await mei.post(`/api/tickets/${t.ticket}/state`, { state: 'solved' })
  await door.post(`${t.url}/messages`, { json: { text: 'It is back.' }, token: t.token })
  await until('open again', async () => (await mei.ticket(t.ticket)).state === 'open')
})

// ---- who may not ----

story('an auditor reads everything and changes nothing', async () => {
  const t = await customer()
  const path = `/api/tickets/${t.ticket}`
  for (const read of ['/api/queues', `/api/queues/${t.queue}`, path, `/api/accounts/${t.account.id}`, `/api/search?q=${t.reference}`]) {
    assert.equal((await eve.get(read)).status, 200, read)
  }
  const { newest } = await eve.ticket(t.ticket)
  const acts = { claim: {}, release: {}, note: { text: 'x' }, state: { state: 'closed' }, reply: { text: 'x', seen: newest } }
  for (const [act, json] of Object.entries(acts)) assert.equal((await eve.post(`${path}/${act}`, json)).status, 403, act)
  const after = await eve.ticket(t.ticket)
  assert.deepEqual([after.owner, after.state, after.messages.length, after.history.length], [null, 'open', 1, 1])
})

story('nothing is shown to who is not signed in', async () => {
  const t = await customer()
  const nobody = new Console('nobody')
  for (const path of ['/api/session', '/api/queues', `/api/queues/${t.queue}`, `/api/tickets/${t.ticket}`, `/api/accounts/${t.account.id}`,
    '/api/search?q=x', '/api/events', `/api/items/${t.ticket.replace('tkt', 'itm')}/raw`]) assert.equal((await nobody.get(path)).status, 401, path)
  for (const act of ['claim', 'release', 'note', 'state', 'reply']) assert.equal((await nobody.post(`/api/tickets/${t.ticket}/${act}`)).status, 401)
})

story('an id of the wrong kind, or of nothing, is not found', async () => {
  const t = await customer()
  const ulid = t.ticket.slice(4)
  const kinds = ['acc', 'itm', 'par', 'msg', 'stf', 'site', 'TKT', '']
  for (const kind of kinds) {
    assert.equal((await mei.get(`/api/tickets/${kind}_${ulid}`)).status, 404, kind)
    assert.equal((await mei.post(`/api/tickets/${kind}_${ulid}/claim`)).status, 404, kind)
  }
  for (const id of ['tkt_01J9Z3NDEKTSV4RRFFQ69G5FAV', t.ticket.toLowerCase(), `${t.ticket}0`, 'tkt_', 'x']) assert.equal((await mei.get(`/api/tickets/${id}`)).status, 404, id)
  for (const id of [t.ticket, t.account.id.toLowerCase(), 'acc_01J9Z3NDEKTSV4RRFFQ69G5FAV']) assert.equal((await mei.get(`/api/accounts/${id}`)).status, 404, id)
  for (const id of [t.ticket, 'itm_01J9Z3NDEKTSV4RRFFQ69G5FAV']) assert.equal((await mei.get(`/api/items/${id}/raw`)).status, 404, id)
})

// ---- finding ----

story('a ticket is found by reference, address and number, however they are typed', async () => {
  const t = await customer()
  const bare = t.reference.replaceAll('-', '').toLowerCase()
  for (const q of [t.reference, bare, t.email, t.email.toUpperCase(), t.ticket]) {
    const hit = (await mei.get(`/api/search?q=${encodeURIComponent(q)}`)).json.items
    assert.deepEqual(hit.map((r) => r.ticket), [t.ticket], q)
  }
  assert.deepEqual((await mei.get('/api/search?q=nobody@nowhere.example')).json.items, [])
  assert.equal((await mei.get('/api/search')).status, 422)
  const receipt = await door.request({ problem: 'By phone only.', phone: '+886 2 2345 6782' })
  const found = await until('found by number', async () => (await mei.get('/api/search?q=%2B886223456782')).json.items[0])
  assert.equal(found.reference, receipt.reference)
})

story('a ticket is found by whole words of what was said, a customer on record by name, site and invoice', async () => {
  const receipt = await door.request({ problem: 'The Zebrafish board will not load for any of us since this morning, and nobody knows why.\nMore of the axolotl.', email: 'q.mock@mock.example', name: 'Quirina Mock',
    organisation: 'M\u00f6ck & S\u00f6hne GmbH', site: 'https://zebra-prod.mock.example/start', invoice: 'RE-2026/0815' })
  await mei.find(receipt.reference)
  const file = write(door, 'words.csv', 'account,account_name,contact_name,email,phone,role,site_id,site_url,invoice\n'
    + 'C-88,\u6771\u4eac\u652f\u5e97\u682a\u5f0f\u4f1a\u793e,Hanako Yamada,hanako@tokyo.example,,admin,TOK-9,https://wiki.tokyo.example,INV 88-1234\n')
  const done = await door.run(['contacts', 'import', '--source', 'words', file])
  assert.equal(done.code, 0, done.err)
  const look = async (q) => (await mei.get(`/api/search?q=${encodeURIComponent(q)}`)).json
  for (const q of ['zebrafish', 'BOARD zebrafish', 'quirina', 'mock quirina', 'mock\u0308', 'gmbh', 'sohne', 'zebra-prod.mock.example', 'https://zebra-prod.mock.example', 're20260815', 'RE-2026/0815']) {
    assert.deepEqual((await look(q)).items.map((t) => t.reference), [receipt.reference], q)
  }
  for (const q of ['zebra fish', 'zebrafis', 'quirina axolotl', 'axolotl']) assert.deepEqual((await look(q)).items, [], q)
  for (const q of ['\u6771\u4eac', '\u652f\u5e97', 'yamada', 'Hanako YAMADA', 'tok-9', 'tok9', 'wiki.tokyo.example', 'inv88-1234', 'hanako@tokyo.example']) {
    const { accounts, items } = await look(q)
    assert.deepEqual(accounts.map((a) => [a.name, a.known]), [['\u6771\u4eac\u652f\u5e97\u682a\u5f0f\u4f1a\u793e', true]], q)
    assert.deepEqual(items, [], q)
  }
})

story('an account shows what is on record of it, masked, with all its work', async () => {
  const csv = 'account,account_name,contact_name,email,phone,role,site_id,site_url,authorised_for,last_proven\n'
    + 'C-77,Meiji Hospital,Aya,aya@meiji.example,+81 3 1234 5678,admin,MEIJI-1,https://meiji.example.net,all,2026-11-01\n'
  const file = write(door, 'crm.csv', csv)
  const done = await door.run(['contacts', 'import', '--source', 'crm', '--accept-shrink', file])
  assert.equal(done.code, 0, done.err)
  const receipt = await door.request({ problem: 'The hospital is down.', email: 'aya@meiji.example' })
  const t = await mei.find(receipt.reference)
  const account = (await mei.get(`/api/accounts/${t.account.id}`)).json
  assert.deepEqual(account.names, ['Meiji Hospital'])
  assert.equal(account.contacts[0].email, 'a•••@m•••.example')
  assert.deepEqual([account.contacts[0].role, account.contacts[0].source, account.contacts[0].as_of], ['admin', 'crm', '2026-11-01'])
  assert.equal(account.sites[0].site, 'MEIJI-1')
  assert.deepEqual(account.work.map((w) => w.ticket), [t.ticket])
  assert.equal(account.timeline[0].text, 'The hospital is down.')
  assert.equal(JSON.stringify(account).includes('aya@'), false)
})

// ---- live ----

// An event stream; `seen` fills up.
function listen(who, last) {
  const seen = []
  const headers = { cookie: who.cookie, ...(last && { 'last-event-id': last }) }
  const request = https.get({ host: '127.0.0.1', port: door.ports.staff, path: '/api/events', headers, rejectUnauthorized: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
      for (let cut = text.indexOf('\n\n'); cut >= 0; cut = text.indexOf('\n\n')) {
        const lines = text.slice(0, cut).split('\n')
        text = text.slice(cut + 2)
        const data = lines.find((l) => l.startsWith('data: '))
        if (data) seen.push({ id: lines.find((l) => l.startsWith('id: ')).slice(4), ...JSON.parse(data.slice(6)) })
      }
    })
  })
  request.on('error', () => {})
  return { seen, close: () => request.destroy() }
}

story('what one does the others see, and nothing is missed by who was away', async () => {
  const t = await customer()
  const first = listen(tom)
  await until('the stream', () => first.seen.some((e) => e.type === 'hello'))
  await mei.post(`/api/tickets/${t.ticket}/claim`)
  const claimed = await until('claimed', () => first.seen.find((e) => e.type === 'claimed' && e.ticket === t.ticket))
  assert.deepEqual([claimed.owner, claimed.reference, claimed.queue, claimed.state], ['mei', t.reference, t.queue, 'open'])
  first.close()
  await mei.post(`/api/tickets/${t.ticket}/note`, { text: 'While you were away.' })
  await mei.post(`/api/tickets/${t.ticket}/state`, { state: 'waiting-us' })
  await sleep(300)
  const again = listen(tom, claimed.id)
  await until('what was missed', () => again.seen.filter((e) => e.ticket === t.ticket).length >= 2)
  assert.deepEqual(again.seen.filter((e) => e.ticket === t.ticket).map((e) => e.type), ['noted', 'state'])
  again.close()
  const lost = listen(tom, '1-1')
  await until('told to load anew', () => lost.seen.some((e) => e.type === 'reload'))
  lost.close()
})

// ---- the commands ----

story('a short password is refused, a disabled member is out at once, another password lets him in again', async () => {
  assert.equal((await door.run(['staff', 'add', 'kim', '--role', 'agent'], { input: 'too short\n' })).code, 65)
  assert.equal((await door.run(['staff', 'add', 'kim', '--role', 'king'], { input: `${PASSWORD}\n` })).code, 64)
  const kim = await member('kim', 'agent')
  assert.equal((await door.run(['staff', 'add', 'KIM', '--role', 'lead'], { input: `${PASSWORD}\n` })).code, 65)
  assert.equal((await door.run(['staff', 'disable', 'kim'])).code, 0)
  assert.equal((await kim.get('/api/queues')).status, 401)
  assert.equal((await kim.signIn()).status, 401)
  assert.equal((await door.run(['staff', 'passwd', 'kim'], { input: 'an entirely new password\n' })).code, 0)
  assert.equal((await kim.signIn('an entirely new password')).status, 204)
  assert.equal((await door.run(['staff', 'disable', 'nobody'])).code, 65)
  const list = JSON.parse((await door.run(['staff', 'list', '--json'])).out)
  assert.ok(list.some((m) => m.name === 'kim' && m.role === 'agent' && !m.disabled))
})

story('a whole team is let in from a file, with passwords that are shown once', async () => {
  const file = write(door, 'team.csv', 'name,role\nana,agent\nben,lead\nmei,agent\n')
  const dry = await door.run(['staff', 'import', '--dry-run', file])
  assert.match(dry.out, /ana,agent,,would be added/)
  const done = await door.run(['staff', 'import', file])
  assert.equal(done.code, 0, done.err)
  const password = /^ana,agent,([^,]{20}),added$/m.exec(done.out)[1]
  assert.match(done.out, /^mei,agent,,there already$/m)
  assert.equal((await new Console('ana').signIn(password)).status, 204)
  assert.equal((await mei.get('/api/session')).status, 200)
  const bad = write(door, 'bad.csv', 'name,role\ncho,agent\ndan,king\n')
  assert.equal((await door.run(['staff', 'import', bad])).code, 65)
  assert.equal(JSON.parse((await door.run(['staff', 'list', '--json'])).out).some((m) => m.name === 'cho'), false)
})

story('while Redis is away nothing is answered as done', async () => {
  const t = await customer()
  const pid = door.redisPid()
  process.kill(pid, 'SIGSTOP')
  const claim = await mei.post(`/api/tickets/${t.ticket}/claim`)
  process.kill(pid, 'SIGCONT')
  assert.equal(claim.status, 503)
  await until('back', async () => (await mei.get('/api/queues')).status === 200)
})

story('two hundred people who wait to be let in do not hold up the end', async () => {
  const waiting = many(200, 200, () => new Console('tom').signIn().catch(() => ({ status: 0 })))
  await sleep(300)
  await door.stop()
  assert.ok(door.stopped < 5000, `${door.stopped} ms`)
  for (const a of await waiting) assert.ok([204, 503, 0].includes(a.status), `${a.status}`)
  door = undefined
})
