// An incident is declared by one command, and every gateway on the same Redis routes by it.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { closed, open, redisServer, sleep, story, until, write } from './kit.mjs'
import { member } from './member.mjs'

const HOUSE = `queue triage { title "Triage" first-reply 4h calendar always }
queue questions { title "Questions" first-reply 8h calendar always }
route when impact question to questions priority 20
route otherwise to triage priority 50
`
const PACK = `pack gone {
  title "Sites are gone"
  severity small "Few customers"
  severity large "Many customers"
  role commander "Decides"
  freeze imports, rules
}
queue restore { title "Restore" first-reply 30m calendar always }
route when impact down to restore priority 90
expect impact down queue restore
`
const BROKEN = PACK.replace('to restore priority', 'to nowhere priority')

const redis = redisServer()
let here, there, lead, first

before(async () => {
  await redis.start()
  here = closed({ settings: { redis: redis.target, limits: 'off' } })
  there = closed({ settings: { redis: redis.target, limits: 'off', keys: here.settings.keys } })
  for (const door of [here, there]) {
    door.settings.rules = write(door, 'house.rules', HOUSE)
    mkdirSync(join(door.home, 'packs'))
    write(door, 'packs/gone.rules', PACK)
    write(door, 'packs/broken.rules', BROKEN)
  }
  await here.start()
  await there.start()
  lead = await member(here, 'lead')
})

after(async () => {
  for (const door of [here, there]) await door?.stop()
  await redis.stop()
})

const queueOf = async (made, door) => {
  await door.filed(made)
  return (await lead.find(made.reference)).queue
}

describe('an incident', () => {
  story('is declared, and both gateways route by it at once', async (t) => {
    first = await here.request({ email: 'before@example.org' })
    assert.equal(await queueOf(first, here), 'triage')
    const begun = performance.now()
    const run = await here.run(['incident', 'declare', 'lost', '--pack', 'gone', '--title', 'Sites deleted by a script'])
    const declared = performance.now()
    assert.equal(run.code, 0, run.err)
    assert.match(run.out, /^inc_\w{26} lost declared \S+, pack gone, severity large\n$/)
    const made = await Promise.all([here, there].map((door, i) => door.request({ email: `after${i}@example.org` })))
    const routed = performance.now()
    assert.deepEqual([await queueOf(made[0], here), await queueOf(made[1], there)], ['lost.restore', 'lost.restore'])
    t.diagnostic(`declare ${Math.round(declared - begun)} ms, to the first routed request ${Math.round(routed - begun)} ms, on two gateways`)
    assert.ok(routed - begun < 1000, `${routed - begun} ms`)
    assert.equal(await queueOf(await there.request({ email: 'ask@example.org', impact: 'question' }), there), 'questions')
  })

  story('takes what stood in the queues before, with clocks from when it was heard', async () => {
    const row = await until('the ticket is placed again', async () => {
      const found = await lead.find(first.reference)
      return found.queue === 'lost.restore' && found
    })
    const { history, clocks } = await lead.ticket(row.ticket), opened = Date.parse(history.find((h) => h.kind === 'opened').at)
    assert.equal(Date.parse(clocks.find((c) => c.clock === 'first-reply').due_at), opened + 30 * 60_000)
  })

  story('is declared once; another under its name, a pack that does not load, and one that is not there are refused', async () => {
    const again = await here.run(['incident', 'declare', 'lost', '--pack', 'gone', '--title', 'Sites deleted by a script'])
    assert.deepEqual([again.code, /declared before/.test(again.err)], [0, true])
    const cases = [
      [['lost', '--pack', 'gone', '--title', 'Another'], 65, /given already/],
      [['other', '--pack', 'broken', '--title', 'x'], 65, /packs\/broken.rules:\d+: no queue is called "nowhere"/],
      [['other', '--pack', 'none', '--title', 'x'], 66, /packs\/none.rules:1: the pack cannot be read/],
      [['other', '--pack', 'gone', '--title', 'x', '--severity', 'huge'], 65, /no severity called huge; it has small large/],
      [['Other', '--pack', 'gone', '--title', 'x'], 65, /lower-case letters/],
      [['other', '--pack', 'gone'], 64, /--pack and --title/],
    ]
    for (const [words, code, says] of cases) {
      const run = await here.run(['incident', 'declare', ...words])
      assert.equal(run.code, code, `${words}: ${run.err}`)
      assert.match(run.err, says)
    }
    assert.match((await here.run('incident list')).out, /^declared \S+ lost +gone +Sites deleted by a script\n$/)
  })

  story('freezes contact imports and the rules until a manager thaws them', async () => {
    const csv = 'account,email\nc1,frozen@example.org\n'
    const held = await here.run('contacts import --source crm -', { input: csv })
    assert.deepEqual([held.code, /frozen while incident lost/.test(held.err)], [77, true], held.err)
    assert.equal((await here.run('contacts import --source crm --dry-run -', { input: csv })).code, 0)
    write(here, 'house.rules', HOUSE.replace('"Triage"', '"Others"'))
    here.kill('SIGHUP')
    await until('the reload is refused', () => /rules_refused why=.*frozen/.test(here.log()))
    for (const what of ['imports', 'rules']) assert.equal((await here.run(['incident', 'thaw', 'lost', what])).code, 0)
    const let_in = await here.run('contacts import --source crm -', { input: csv })
    assert.equal(let_in.code, 0, let_in.err)
    await sleep(1100)
    here.kill('SIGHUP')
    await until('the rules are loaded', () => /rules_loaded/.test(here.log()))
    assert.equal(await queueOf(await here.request({ email: 'reloaded@example.org' }), here), 'lost.restore')
    write(here, 'house.rules', 'route otherwise to nowhere\n')
    here.kill('SIGHUP')
    await until('bad rules are refused', () => /rules_refused why=.*nowhere/.test(here.log()))
    assert.equal(await queueOf(await here.request({ email: 'kept@example.org' }), here), 'lost.restore')
    write(here, 'house.rules', HOUSE)
  })

  story('is in force on a gateway that starts later', async () => {
    await there.stop()
    await there.start()
    assert.equal(await queueOf(await there.request({ email: 'later@example.org' }), there), 'lost.restore')
  })

  story('is closed, and both route as before; its timeline stays', async () => {
    const run = await here.run('incident close lost')
    assert.equal(run.code, 0, run.err)
    const made = await Promise.all([here, there].map((door, i) => door.request({ email: `closed${i}@example.org` })))
    assert.deepEqual([await queueOf(made[0], here), await queueOf(made[1], there)], ['triage', 'triage'])
    const row = await until('the first ticket is back', async () => {
      const found = await lead.find(first.reference)
      return found.queue === 'triage' && found
    })
    const { history, clocks } = await lead.ticket(row.ticket), opened = Date.parse(history.find((h) => h.kind === 'opened').at)
    assert.equal(Date.parse(clocks.find((c) => c.clock === 'first-reply').due_at), opened + 4 * 3600_000)
    const shown = JSON.parse((await here.run('incident show lost --json')).out)
    assert.deepEqual(shown.timeline.map((h) => h.kind), ['declared', 'thawed', 'thawed', 'closed'])
    assert.equal((await here.run('incident close nothing')).code, 65)
  })

  story('is declared, thawed and closed at the console, too; by managers', async () => {
    const boss = await member(here, 'boss', 'manager'), words = { incident: 'again', title: 'Once more', pack: 'gone' }
    assert.equal((await lead.post('/api/incidents', words)).status, 403)
    assert.equal((await boss.post('/api/incidents', { ...words, dry_run: true })).status, 204)
    const broken = await boss.post('/api/incidents', { ...words, pack: 'broken' })
    assert.deepEqual([broken.status, /no queue is called "nowhere"/.test(broken.json.errors[0].detail)], [422, true])
    assert.equal((await boss.post('/api/incidents', { ...words, incident: 'lost' })).status, 409)
    const made = await boss.post('/api/incidents', words)
    assert.deepEqual([made.status, made.json.state, made.json.freezes], [201, 'declared', ['imports', 'rules']])
    assert.equal((await boss.post('/api/incidents', words)).status, 200)
    assert.deepEqual((await boss.post('/api/incidents/again/freeze', { what: 'imports', frozen: false })).json.freezes, ['rules'])
    assert.equal((await boss.post('/api/incidents/again/freeze', { what: 'all', frozen: false })).status, 422)
    assert.deepEqual((await lead.get('/api/incidents')).json.items.map((i) => [i.incident, i.state]), [['again', 'declared'], ['lost', 'closed']])
    const shown = (await lead.get('/api/incidents/again')).json
    assert.deepEqual(shown.timeline.map((h) => h.kind), ['declared', 'thawed'])
    assert.match(shown.timeline[0].by, /^stf_\w{26} boss$/)
    assert.equal((await boss.post('/api/incidents/again/close')).json.state, 'closed')
    assert.equal((await boss.get('/api/incidents/nothing')).status, 404)
  })
})
