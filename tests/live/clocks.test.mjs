// Clocks that somebody acts on: a step comes and the work becomes a lead's; other rules are tried before they are applied.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { open, story, until } from './kit.mjs'
import { member } from './member.mjs'

const MINUTE_MS = 60000, FOLDER = mkdtempSync(join(tmpdir(), 'clocks-'))
const file = (name, text) => {
  writeFileSync(join(FOLDER, name), text)
  return join(FOLDER, name)
}

const RULES = `queue triage {
    first-reply 60m silence 2h calendar always
    escalate first-reply 15m before breach to lead
    escalate first-reply at breach to manager
}
queue questions { first-reply 8h calendar always }
route when impact question to questions
route otherwise to triage
`
const NARROWER = RULES.replace('first-reply 60m', 'first-reply 20m').replace('escalate first-reply 15m before breach to lead', 'escalate first-reply 5m before breach to lead')
const SOMEBODY = { email: 'aya@example.org', impact: 'down' }

let door, aya, mia
before(async () => {
  door = await open({ settings: { limits: 'off', rules: file('base.rules', RULES) }, clock: true })
  ;[aya, mia] = [await member(door, 'aya'), await member(door, 'mia', 'manager')]
})
after(() => door.stop())

let asked = 0
async function request(more = {}) {
  const a = await door.post('/requests', { json: { ...SOMEBODY, email: `p${++asked}@example.org`, problem: `Case ${asked}: nothing works.`, ...more } })
  assert.equal(a.status, 201, a.text)
  return (await aya.find(a.json.reference)).ticket
}
// Sessions end when nobody uses them.
async function later(minutes) {
  door.later(minutes * MINUTE_MS)
  await Promise.all([aya.again(), mia.again()])
}
const steps = (t) => t.history.filter((h) => h.kind === 'escalated').map((h) => h.detail)

describe('a step', () => {
  story('comes at its moment, is taken once, and is forgotten when somebody replies', async () => {
    const id = await request(), before = await aya.ticket(id)
    assert.equal(before.escalated, null)
    assert.match(before.routing.rules, /^[0-9a-f]{16}$/)
    assert.equal(before.routing.rules, before.routing.rules_now)
    assert.deepEqual(before.history.map((h) => h.rules), [before.routing.rules])
    assert.equal(before.clocks[0].rules, before.routing.rules)

    await later(44)
    await new Promise((done) => setTimeout(done, 900))
    assert.equal((await aya.ticket(id)).escalated, null)
    const came = Date.now()
    await later(1)
    const t = await until('it is the lead’s', async () => {
      const now = await aya.ticket(id)
      return now.escalated && now
    }, 5000, 50)
    assert.ok(Date.now() - came < 2500, `${Date.now() - came} ms`)
    assert.deepEqual([t.escalated.to, t.escalated.clock], ['lead', 'first-reply'])
    assert.equal(Date.parse(t.escalated.at), Date.parse(t.opened_at) + 45 * MINUTE_MS, 'dated when it came')
    assert.deepEqual(steps(t), ['first-reply lead 15m before'])
    const [row] = (await aya.get('/api/queues/triage')).json.items.filter((r) => r.ticket === id)
    assert.equal(row.escalated.to, 'lead')

    await later(15)
    await until('it is the manager’s', async () => (await aya.ticket(id)).escalated.to === 'manager', 5000, 50)
    const newest = (await aya.ticket(id)).newest
    assert.equal((await aya.post(`/api/tickets/${id}/reply`, { text: 'We are on it.', seen: newest })).status, 201)
    const last = await aya.ticket(id)
    assert.equal(last.escalated, null)
    assert.deepEqual(steps(last), ['first-reply lead 15m before', 'first-reply manager at breach'])
  })

  story('that came while no gateway ran is taken when one does', async () => {
    const id = await request()
    await door.stop()
    door.later(50 * MINUTE_MS)
    await door.start()
    await later(0)
    const t = await until('it is the lead’s', async () => {
      const now = await aya.ticket(id)
      return now.escalated && now
    }, 5000, 50)
    assert.equal(Date.parse(t.escalated.at), Date.parse(t.opened_at) + 45 * MINUTE_MS)
    assert.deepEqual(steps(t), ['first-reply lead 15m before'])
  })
})

describe('silence', () => {
  const waiting = async () => (await aya.get('/api/silence?limit=200')).json.items
  const reply = async (id, text) => {
    const a = await aya.post(`/api/tickets/${id}/reply`, { text, seen: (await aya.ticket(id)).newest })
    assert.equal(a.status, 201, a.text)
  }
  const found = (id) => waiting().then((all) => all.find((s) => s.account.id === id))

  story('is a customer’s: no closed ticket hides it, and a word to anybody of it ends it', async () => {
    const first = await request(), second = await request({ impact: 'question' })
    const [a, b] = (await Promise.all([first, second].map((id) => aya.ticket(id)))).map((t) => t.account.id)
    const was = await found(a)
    assert.equal(was.since, (await aya.ticket(first)).opened_at)
    assert.deepEqual([was.queue, was.promise_ms, was.breached, was.open, was.last_told], ['triage', 120 * MINUTE_MS, false, 1, null])
    assert.equal((await found(b)).due_at, null, 'that queue promises none')
    assert.equal((await mia.post(`/api/accounts/${b}/merge`, { into: a, why: 'the same' })).status, 200)
    await until('they are one', async () => !(await found(b)))
    for (const id of [first, second])
      for (const state of ['solved', 'closed']) assert.equal((await aya.post(`/api/tickets/${id}/state`, { state })).status, 200)
    await later(121)
    const still = await until('closed is no word', async () => (await found(a))?.open === 0 && found(a))
    assert.deepEqual([still.since, still.breached], [was.since, true])
    assert.deepEqual((await aya.get(`/api/accounts/${b}`)).json.silence.since, was.since)

    const third = await request({ email: `p${asked}@example.org`, problem: 'Is anybody there?' })
    assert.equal((await found(a)).since, was.since)
    await reply(third, 'Yes: we are on it.')
    const told = await until('it was told', async () => (await found(a))?.last_told && found(a))
    assert.deepEqual([told.since, told.open, told.breached], [told.last_told, 1, false])
    assert.equal((await aya.post(`/api/tickets/${third}/state`, { state: 'solved' })).status, 200)
    await until('nobody waits', async () => !(await found(a)))
    assert.equal((await aya.get(`/api/accounts/${a}`)).json.silence, null)
  })

  story('is listed the longest first, a page at a time', async () => {
    for (let i = 0; i < 3; i++) {
      await request()
      await later(1)
    }
    const all = (await waiting()).map((s) => s.account.id), pages = []
    assert.ok(all.length >= 3)
    const times = (await waiting()).map((s) => Date.parse(s.since))
    assert.deepEqual(times, [...times].sort((x, y) => x - y))
    for (let next = ''; next !== null;) {
      const page = (await aya.get(`/api/silence?limit=2${next && `&cursor=${next}`}`)).json
      pages.push(...page.items.map((s) => s.account.id))
      next = page.next
    }
    assert.deepEqual(pages, all)
    assert.equal((await aya.get('/api/silence?cursor=x')).status, 422)
  })
})

describe('other rules', () => {
  story('are tried over all that is open, and nothing is written', async () => {
    const id = await request(), question = await request({ impact: 'question' })
    await later(30)
    const before = await mia.ticket(id)
    const moved = NARROWER.replace('route when impact question to questions', 'route when impact question to triage')
      .replace('queue questions { first-reply 8h calendar always }\n', '')
    const a = await mia.post('/api/rules/what-if', { rules: moved })
    assert.equal(a.status, 200, a.text)
    assert.notEqual(a.json.rules, a.json.rules_now)
    assert.equal(a.json.rules_now, before.routing.rules)
    assert.deepEqual(a.json.moves, [{ from: 'questions', to: 'triage', tickets: 1 }])
    assert.equal(a.json.later, 0)
    const seen = Object.fromEntries(a.json.examples.map((e) => [e.ticket, e]))
    assert.deepEqual([seen[id].newly_breached, seen[id].was.queue, seen[id].is.queue], [true, 'triage', 'triage'])
    assert.equal(Date.parse(seen[id].is.due_at), Date.parse(before.opened_at) + 20 * MINUTE_MS)
    assert.deepEqual([seen[question].was.queue, seen[question].is.queue], ['questions', 'triage'])
    const told = await mia.ticket(id)
    assert.deepEqual([told.queue, told.due_at, told.history.length], [before.queue, before.due_at, before.history.length])

    const cli = await door.run(['rules', 'what-if', '--json', file('narrower.rules', moved)])
    assert.equal(cli.code, 0, cli.err)
    const said = JSON.parse(cli.out)
    assert.deepEqual([said.tickets, said.moved, said.newly_breached], [a.json.tickets, a.json.moved, a.json.newly_breached])
    const plain = await door.run(['rules', 'what-if', join(FOLDER, 'narrower.rules')])
    assert.match(plain.out, /nothing was written\n1 would move to another queue\n +1 {2}questions to triage\n/)
  })

  story('may be a pack, and lie under the packs of incidents that are declared', async () => {
    const pack = `pack gone { title "Gone" severity large "Many" role commander "Decides" }
queue restore { first-reply 10m calendar always }
route when impact down to restore priority 90
`
    mkdirSync(join(FOLDER, 'packs'))
    file('packs/gone.rules', pack)
    await request()
    const downs = (await aya.get('/api/queues/triage?limit=200')).json.items.filter((t) => t.queue === 'triage').length
    const a = await mia.post('/api/rules/what-if', { pack, slug: 'lost' })
    assert.equal(a.status, 200, a.text)
    assert.deepEqual(a.json.moves, [{ from: 'triage', to: 'lost.restore', tickets: downs }])
    const cli = await door.run(['rules', 'what-if', '--json', '--pack', 'lost', join(FOLDER, 'packs/gone.rules')])
    assert.deepEqual([cli.code, JSON.parse(cli.out || 'null')?.moves], [0, a.json.moves], cli.err)
    assert.equal((await mia.post('/api/rules/what-if', { pack })).status, 422)
    const declared = await door.run(['incident', 'declare', 'lost', '--pack', 'gone', '--title', 'Sites are gone'])
    assert.equal(declared.code, 0, declared.err)
    const under = await mia.post('/api/rules/what-if', { rules: NARROWER })
    assert.ok(under.json.moves.every((m) => m.from !== 'lost.restore'), under.text)
    const hit = await request(), t = await aya.ticket(hit)
    assert.deepEqual([t.queue, Date.parse(t.due_at) - Date.parse(t.opened_at)], ['lost.restore', 10 * MINUTE_MS])
    assert.equal((await door.run(['incident', 'close', 'lost'])).code, 0)
    const back = await mia.post('/api/rules/what-if', { rules: RULES }), [e] = back.json.examples.filter((x) => x.ticket === hit)
    assert.deepEqual([e.was.queue, e.is.queue, Date.parse(e.is.due_at) - Date.parse(t.opened_at)], ['lost.restore', 'triage', 60 * MINUTE_MS])
  })

  story('that are wrong are refused with every fault and its line', async () => {
    const a = await mia.post('/api/rules/what-if', { rules: RULES.replace('to questions', 'to qestions') })
    assert.equal(a.status, 422)
    assert.equal(a.json.code, 'rules-refused')
    assert.match(a.json.errors[0].detail, /^candidate:7: .*questions/)
    const cli = await door.run(['rules', 'what-if', file('wrong.rules', 'route otherwise to nowhere\n')])
    assert.deepEqual([cli.code, cli.out], [65, ''])
    assert.equal((await door.run(['rules', 'what-if', join(FOLDER, 'no.rules')])).code, 66)
  })

  story('are a manager’s to try', async () => {
    assert.equal((await aya.post('/api/rules/what-if', { rules: RULES })).status, 403)
    assert.equal((await mia.post('/api/rules/what-if', {})).status, 422)
  })
})
