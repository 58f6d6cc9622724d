// Staff write down a call while it is on the line, read a reference back, and promise to call again.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe } from 'node:test'
import { many, open, redisServer, story, until } from './kit.mjs'
import { member } from './member.mjs'
import { sender } from './senders.mjs'

const HOUR_MS = 3600000

let door, mei, eve
before(async () => {
  door = await open({ settings: { limits: 'off' } })
  ;[mei, eve] = [await member(door, 'mei', 'agent'), await member(door, 'eve', 'auditor')]
})
after(() => door.stop())

let calls = 0
const aCall = (more = {}) => ({ from: `+8862123400${10 + ++calls}`, transcript: `Call ${calls}: nobody can sign in.`, ...more })
const inHours = (n) => new Date(Date.now() + n * HOUR_MS).toISOString().replace(/\.\d+Z$/, 'Z')

async function logged(json, more) {
  const a = await mei.post('/api/calls', json, more)
  assert.equal(a.status, 201, a.text)
  return { ...a.json, ticket: a.json.ticket ?? (await mei.find(a.json.reference)).ticket }
}

describe('a call', () => {
  story('that is logged has a reference to read back, and a ticket', async () => {
    const json = aCall({ claims: { name: 'Aya Tanaka', organisation: 'Example Works' } }), made = await logged(json)
    assert.match(made.item, /^itm_/)
    assert.match(made.reference, /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]$/)
    assert.equal(made.spelled.split(/,? /).length, 9)
    assert.equal(made.call_back_at, null)
    const t = await mei.ticket(made.ticket)
    assert.deepEqual([t.channels, t.level, t.call_back, t.messages.length], [['phone'], 0, null, 1])
    const [m] = t.messages
    assert.deepEqual([m.who, m.author, m.text, m.origin.channel, m.origin.item], ['customer', 'mei', json.transcript, 'phone', made.item])
    assert.equal(t.claims.organisation, 'Example Works')
    assert.ok(!t.participants[0].identity.includes('21234'), 'masked')
    assert.equal((await mei.get(`/api/items/${made.item}/raw`)).text, JSON.stringify(json))
  })

  story('needs a number and words, and nothing else', async () => {
    for (const [json, field] of [[{ transcript: 'x' }, 'from'], [{ from: 'anonymous' }, 'transcript'], [{ from: 'anonymous', transcript: '  ' }, 'transcript']]) {
      const a = await mei.post('/api/calls', json)
      assert.deepEqual([a.status, a.json.errors.map((e) => [e.field, e.code])], [422, [[field, 'missing']]])
    }
    assert.ok((await logged({ from: 'anonymous', transcript: 'Would not say who.' })).ticket)
  })

  story('is not an auditor’s to log, nor a stranger’s', async () => {
    assert.equal((await eve.post('/api/calls', aCall())).status, 403)
    const a = await door.ask('POST', '/api/calls', { to: 'staff', json: aCall(), headers: { 'sec-fetch-site': 'same-origin' } })
    assert.equal(a.status, 401)
    assert.equal((await mei.post('/api/calls', aCall(), { 'sec-fetch-site': 'cross-site' })).status, 403)
  })

  story('with a key is logged once, however often and at once it is sent', async () => {
    const json = aCall(), key = { 'idempotency-key': randomUUID() }
    const all = await many(20, 20, () => mei.post('/api/calls', json, key)), made = all.filter((a) => a.status === 201)
    assert.deepEqual([...new Set(all.map((a) => a.status))].filter((s) => s !== 201 && s !== 409), [])
    assert.equal(new Set(made.map((a) => a.json.reference)).size, 1)
    assert.equal((await mei.post('/api/calls', aCall(), key)).json.code, 'key-reused')
    assert.equal((await mei.post('/api/calls', aCall(), { 'idempotency-key': 'short' })).status, 422)
  })

  story('that the telephone system reported, too, is one call', async () => {
    const ivr = await sender(door, 'phone', 'ivr'), json = aCall({ call_id: `c-${randomUUID()}` })
    assert.equal((await ivr.post(json)).status, 202)
    const made = await logged({ ...json, transcript: 'As I heard it.' })
    const t = await mei.ticket((await mei.find(made.reference)).ticket)
    assert.deepEqual(t.messages.map((m) => m.text), [json.transcript])
  })
})

describe('a promise to call back', () => {
  story('is due on the ticket until they were called', async () => {
    const at = inHours(0.5), made = await logged(aCall({ call_back_at: at, call_back_to: '+49 30 123456' }))
    assert.equal(made.call_back_at, at)
    let t = await mei.ticket(made.ticket)
    assert.deepEqual([t.call_back, t.clock, t.due_at], [{ at, to: '+49 30 123456' }, 'call-back', at])
    const clock = t.clocks.find((c) => c.clock === 'call-back')
    assert.deepEqual([clock.state, clock.due_at], ['running', at])
    const row = (await mei.get(`/api/queues/${t.queue}?limit=200`)).json.items.find((r) => r.ticket === made.ticket)
    assert.deepEqual([row.clock, row.due_at], ['call-back', at])

    assert.equal((await eve.post(`/api/tickets/${made.ticket}/called`)).status, 403)
    assert.equal((await mei.post(`/api/tickets/${made.ticket}/called`)).status, 200)
    t = await mei.ticket(made.ticket)
    assert.equal(t.call_back, null)
    assert.notEqual(t.clock, 'call-back')
    assert.deepEqual(t.history.map((h) => h.kind), ['opened', 'call-back', 'called'])
    assert.deepEqual(t.history.map((h) => h.by_name), [null, 'mei', 'mei'])
    assert.equal(t.clocks.find((c) => c.clock === 'first-reply').state, 'met', 'talking to them is a reply')
    assert.equal((await mei.post(`/api/tickets/${made.ticket}/called`)).status, 200, 'sent again')
    assert.equal((await mei.ticket(made.ticket)).history.length, 3)
    assert.equal(door.redis('HGET', ...await ticketField(made.ticket, 'call_back_to')).trim(), '')
  })

  // The key of a ticket's hash: whichever partition it is in.
  async function ticketField(ticket, field) {
    for (let p = 0; p < 64; p++) if (door.redis('EXISTS', `{p${p}}:t:${ticket}`).trim() === '1') return [`{p${p}}:t:${ticket}`, field]
    return assert.fail(ticket)
  }

  story('goes to the number that called where no other was named', async () => {
    const json = aCall({ call_back_at: inHours(1) }), made = await logged(json)
    assert.equal((await mei.ticket(made.ticket)).call_back.to, json.from)
  })

  const wrong = [
    ['the past', { call_back_at: inHours(-1) }, 'call_back_at', 'range'],
    ['no moment', { call_back_at: 'tomorrow' }, 'call_back_at', 'malformed'],
    ['nobody', { from: 'anonymous', call_back_at: inHours(1) }, 'call_back_to', 'missing'],
  ]
  for (const [label, more, field, code] of wrong) {
    story(`for ${label} is refused`, async () => {
      const a = await mei.post('/api/calls', aCall(more))
      assert.deepEqual([a.status, a.json.errors.map((e) => [e.field, e.code])], [422, [[field, code]]])
    })
  }

  story('that nobody made cannot be kept', async () => {
    const made = await logged(aCall()), a = await mei.post(`/api/tickets/${made.ticket}/called`)
    assert.deepEqual([a.status, a.json.code], [409, 'nothing-promised'])
    assert.equal((await mei.post('/api/tickets/tkt_01M87ZRQ4TEBF6C6B5AD9CPY55/called')).status, 404)
    assert.equal((await mei.post('/api/tickets/acc_01M87ZRQ4TEBF6C6B5AD9CPY55/called')).status, 404)
  })

  story('made again is another one, and a late one is late', async () => {
    const from = '+886223456789', first = await logged(aCall({ from, call_back_at: inHours(1) }))
    await mei.post(`/api/tickets/${first.ticket}/called`)
    const at = inHours(2), second = await logged(aCall({ from, call_back_at: at }))
    assert.equal(second.ticket, first.ticket, 'the same person’s open ticket')
    assert.equal((await mei.ticket(first.ticket)).call_back.at, at)
  })
})

story('with Redis away nobody can sign in, and who is signed in gets 503 and keeps the words', async () => {
  const redis = await redisServer().start(), at = await open({ settings: { redis: redis.target, limits: 'off' } })
  const tom = await member(at, 'tom', 'agent')
  assert.equal((await tom.post('/api/calls', aCall())).status, 201)
  await redis.stop()
  assert.equal((await tom.post('/api/calls', aCall())).status, 503)
  await redis.start()
  await until('back', async () => (await tom.post('/api/calls', aCall())).status === 201, 15000, 200)
  await at.stop()
  await redis.stop()
})
