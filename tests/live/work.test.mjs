// Many tickets at once: chosen, acted on, taken back; and routed again by new rules.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe } from 'node:test'
import { closed, many, story, until, write } from './kit.mjs'
import { member } from './member.mjs'

const RULES = `
queue triage { first-reply 4h calendar always }
queue urgent { first-reply 1h calendar always }
queue small  { first-reply 8h calendar always }
`
const BEFORE = `${RULES}route otherwise to triage priority 20\n`
const AFTER = `${RULES}route when impact question to small priority 10\nroute when level 1 to urgent priority 90\nroute otherwise to triage priority 20\n`

describe('work', () => {
  let door, ida, lea, max, file
  before(async () => {
    door = closed({ settings: { limits: 'off' } })
    door.settings.rules = file = write(door, 'my.rules', BEFORE)
    await door.start()
    ida = await member(door, 'ida')
    lea = await member(door, 'lea', 'lead')
    max = await member(door, 'max', 'manager')
  })
  after(() => door.stop())

  const ended = (who, job) => until(`the end of ${job}`, async () => {
    const j = (await who.get(`/api/jobs/${job}`)).json
    return j.state !== 'running' && j
  })
  const begun = (answer) => {
    assert.equal(answer.status, 202, answer.text)
    return answer.json.job
  }
  const rows = async (queue) => (await lea.get(`/api/queues/${queue}?limit=200`)).json.items
  // n tickets of their own; their ids in that order.
  const tickets = async (n, more) => {
    const made = await many(n, 8, (i) => door.request({ problem: `Number ${i}.`, email: `person${i}.${Math.random().toString(36).slice(2)}@example.org`, ...more }))
    return many(n, 8, async (i) => (await lea.find(made[i].reference)).ticket)
  }
  const choose = async (what) => {
    const a = await lea.post('/api/selections', what)
    assert.equal(a.status, 201, a.text)
    return a.json
  }
  const reload = async (text) => {
    writeFileSync(file, text)
    const lines = () => door.log().split('rules_loaded').length, had = lines()
    door.child.kill('SIGHUP')
    await until('the rules are taken', () => lines() > had)
  }

  story('a lead gives all of a queue to somebody, sees what was skipped, and takes it back', async () => {
    const ids = await tickets(120)
    assert.equal((await lea.post(`/api/tickets/${ids[0]}/claim`)).status, 200)
    const chosen = await choose({ queue: 'triage', state: ['open'] })
    assert.equal(chosen.count, 120)
    const later = await tickets(1)
    const job = begun(await lea.post('/api/bulk', { selection: chosen.selection, action: { do: 'assign', to: 'ida' } }))
    const done = await ended(lea, job)
    assert.deepEqual([done.state, done.total, done.done, done.skipped, done.failed], ['done', 120, 120, 0, 0])
    assert.equal((await lea.ticket(later[0])).owner, null, 'what came afterwards is not in it')
    const one = await lea.ticket(ids[5])
    assert.equal(one.owner, 'ida')
    assert.equal(one.history.at(-1).kind, 'assigned')
    // somebody acts on two of them meanwhile
    assert.equal((await ida.post(`/api/tickets/${ids[5]}/release`)).status, 200)
    assert.equal((await ida.post(`/api/tickets/${ids[6]}/note`, { text: 'A note changes nothing of it.' })).status, 201)
    const undone = await ended(lea, begun(await lea.post(`/api/jobs/${job}/undo`)))
    assert.deepEqual([undone.done, undone.skipped], [119, 1])
    assert.deepEqual(undone.items, [{ item: ids[5], outcome: 'skipped', why: 'its owner was changed since' }])
    assert.equal((await lea.ticket(ids[0])).owner, 'lea', 'whose it was')
    assert.equal((await lea.ticket(ids[6])).owner, null)
  })

  const table = [
    ['claim', { do: 'claim' }, (t) => t.owner, 'lea', null],
    ['state', { do: 'state', state: 'waiting-customer' }, (t) => t.state, 'waiting-customer', 'open'],
    ['state solved', { do: 'state', state: 'solved' }, (t) => t.state, 'solved', 'open'],
    ['queue', { do: 'queue', queue: 'small' }, (t) => t.queue, 'small', 'triage'],
    ['priority', { do: 'priority', priority: 77, why: 'the chief asks' }, (t) => t.priority, 77, 20],
    ['spam', { do: 'spam', spam: true }, (t) => t.spam, true, false],
    ['note', { do: 'note', text: 'We know of this.' }, (t) => t.messages.at(-1).text, 'We know of this.', 'We know of this.'],
  ]
  story('every action, and its undo', async () => {
    const ids = await tickets(table.length, { language: 'ja' })
    for (const [i, [label, action, look, then, back]] of table.entries()) {
      const chosen = await choose({ queue: 'triage', language: 'ja', owner: 'none' })
      assert.ok(chosen.count >= 1, label)
      const job = begun(await lea.post('/api/bulk', { selection: chosen.selection, action }))
      assert.equal((await ended(lea, job)).done, chosen.count, label)
      assert.equal(look(await lea.ticket(ids[i])), then, label)
      await ended(lea, begun(await lea.post(`/api/jobs/${job}/undo`)))
      assert.equal(look(await lea.ticket(ids[i])), back, `${label}, undone`)
    }
  })

  story('who may not, and what cannot be chosen', async () => {
    const { selection } = await choose({ queue: 'triage' })
    for (const [label, who, path, body, status] of [
      ['an agent chooses', ida, '/api/selections', {}, 403],
      ['an agent acts', ida, '/api/bulk', { selection, action: { do: 'release' } }, 403],
      ['a lead routes again', lea, '/api/queues/reroute', { dry_run: true }, 403],
      ['no selection', lea, '/api/bulk', { action: { do: 'release' } }, 422],
      ['a selection that is gone', lea, '/api/bulk', { selection: 'sel_01M87ZRQ4TEBF6C6B5AD9CPY55', action: { do: 'release' } }, 410],
      ['an action that nobody knows', lea, '/api/bulk', { selection, action: { do: 'burn' } }, 422],
      ['to nobody', lea, '/api/bulk', { selection, action: { do: 'assign', to: 'nobody.known' } }, 422],
      ['a queue that is not there', lea, '/api/bulk', { selection, action: { do: 'queue', queue: 'moon' } }, 422],
      ['a priority without a reason', lea, '/api/bulk', { selection, action: { do: 'priority', priority: 5 } }, 422],
      ['undo of a job that is not there', lea, '/api/jobs/job_01M87ZRQ4TEBF6C6B5AD9CPY55/undo', {}, 404],
      ['neither dry nor not', max, '/api/queues/reroute', {}, 422],
    ]) assert.equal((await who.post(path, body)).status, status, label)
  })

  story('new rules: what they would change, then doing it, then taking it back', async () => {
    const small = await tickets(60, { impact: 'question' }), made = await door.request({ problem: 'Mine.', email: 'level.one@example.org' })
    assert.equal((await door.post(`${made.url}/verify`, { json: { code: (await door.mailTo('level.one@example.org')).code }, token: made.token })).status, 200)
    const mine = (await lea.find(made.reference)).ticket, hand = small[0]
    const { selection } = await choose({ queue: 'triage' })
    assert.ok(selection)
    await reload(AFTER)
    const dry = await max.post('/api/queues/reroute', { dry_run: true })
    assert.equal(dry.status, 200, dry.text)
    const moves = Object.fromEntries(dry.json.moves.map((m) => [`${m.from}>${m.to}`, m.tickets]))
    assert.deepEqual(moves, { 'triage>small': 60, 'triage>urgent': 1 })
    assert.deepEqual([dry.json.changed, dry.json.priority_up, dry.json.priority_down, dry.json.due_sooner, dry.json.due_later], [61, 1, 60, 1, 60])
    const example = dry.json.examples.find((e) => e.ticket === mine)
    assert.deepEqual([example.from.queue, example.to.queue, example.to.priority], ['triage', 'urgent', 90])
    assert.equal((await rows('small')).length, 0, 'nothing was changed by asking')
    const moved = begun(await lea.post('/api/bulk', { selection: (await choose({ queue: 'triage', older_than_s: 0 })).selection, action: { do: 'note', text: 'x' } }))
    await ended(lea, moved)

    const job = begun(await max.post('/api/queues/reroute', { dry_run: false })), done = await ended(max, job)
    assert.deepEqual([done.state, done.done], ['done', 61])
    assert.equal((await rows('small')).length, 60)
    assert.equal((await lea.ticket(mine)).queue, 'urgent')
    assert.equal((await max.post('/api/queues/reroute', { dry_run: true })).json.changed, 0)
    const again = begun(await lea.post('/api/bulk', { selection: (await choose({ queue: 'urgent' })).selection, action: { do: 'queue', queue: 'small' } }))
    await ended(lea, again)
    assert.equal((await max.post('/api/queues/reroute', { dry_run: true })).json.by_hand, 1, 'what was set by hand is left alone')

    const undone = await ended(max, begun(await max.post(`/api/jobs/${job}/undo`)))
    assert.deepEqual([undone.done, undone.skipped], [60, 1])
    assert.deepEqual(undone.items.map((i) => [i.item, i.why]), [[mine, 'its queue was changed since']])
    const back = await lea.ticket(hand)
    assert.deepEqual([back.queue, back.priority], ['triage', 20])
  })

  story('who is free gets what matters most, and nobody gets what another got', async () => {
    const ids = await tickets(12, { language: 'de' }), people = [ida, lea, max, await member(door, 'kim')]
    await lea.post(`/api/tickets/${ids[7]}/priority`, { priority: 95, why: 'a hospital' })
    await lea.post(`/api/tickets/${ids[3]}/priority`, { priority: 94, why: 'a school' })
    await lea.post(`/api/tickets/${ids[0]}/state`, { state: 'waiting-customer' })
    assert.equal((await lea.post(`/api/tickets/${ids[1]}/priority`, { priority: 5 })).status, 422, 'not without a reason')
    const want = { queues: ['triage', 'small'], languages: ['de'] }
    const first = await ida.post('/api/next', want), second = await ida.post('/api/queues/triage/next', { languages: ['de'] })
    assert.deepEqual([first.json.ticket, second.json.ticket, first.json.owner], [ids[7], ids[3], 'ida'])
    const got = await many(20, 4, async (i) => [i % 4, await people[i % 4].post('/api/next', want)])
    const taken = got.filter(([, a]) => a.status === 200)
    assert.equal(taken.length, 9, 'all but the one that waits for its customer')
    assert.equal(new Set(taken.map(([, a]) => a.json.ticket)).size, 9)
    for (const [i, a] of taken) assert.equal(a.json.owner, ['ida', 'lea', 'max', 'kim'][i])
    assert.equal(got.filter(([, a]) => a.status === 204).length, 11)
    assert.equal((await lea.post(`/api/tickets/${ids[7]}/assign`, { to: 'kim' })).json.owner, 'kim')
    assert.equal((await ida.post(`/api/tickets/${ids[7]}/assign`, { to: 'ida' })).status, 403)
    assert.equal((await lea.post(`/api/tickets/${ids[7]}/assign`, { to: 'nobody.known' })).status, 422)
    assert.deepEqual((await lea.ticket(ids[7])).history.slice(-2).map((h) => h.kind), ['claimed', 'assigned'])
  })

  story('a gateway that is killed at it is followed by the next, and nothing is done twice', async () => {
    const ids = await tickets(300, { language: 'es' })
    const { selection, count } = await choose({ language: 'es' })
    assert.equal(count, 300)
    const job = begun(await lea.post('/api/bulk', { selection, action: { do: 'priority', priority: 55, why: 'all of these' } }))
    await until('some of it is done', async () => (await lea.get(`/api/jobs/${job}`)).json.done > 0, 5000, 1)
    await door.kill()
    await door.start()
    await lea.again()
    await max.again()
    const done = await ended(lea, job)
    assert.deepEqual([done.done, done.skipped, done.failed], [300, 0, 0])
    const seen = await many(ids.length, 8, (i) => lea.ticket(ids[i]))
    assert.deepEqual(seen.filter((t) => t.history.filter((h) => h.kind === 'priority').length !== 1).map((t) => t.ticket), [])
  })
})
