// Before anybody has declared anything: customers write, the door notices. LONG=1 is the storm of the event: 775 accounts
// from 40 office addresses at once, in a house of 200,000 customers, and what it does to those who write meanwhile.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { LONG, many, open, quantile, sleep, story, taken, until } from './kit.mjs'
import { member } from './member.mjs'
import { probe } from './probe.mjs'

const OFFICES = 40, ACCOUNTS = LONG ? 775 : 80
let door, manager, agent
const told = []
let secret
const pager = http.createServer((request, response) => {
  let body = ''
  request.on('data', (d) => { body += d }).on('end', () => {
    told.push(new Webhook(secret).verify(body, request.headers))
    response.writeHead(204).end()
  })
})

before(async () => {
  door = await open({ settings: { proxy: '127.0.0.1' } })
  ;[manager, agent] = [await member(door, 'mina', 'manager'), await member(door, 'aki')]
  await new Promise((done) => pager.listen(0, '127.0.0.1', done))
  const made = await door.run(['hook', 'add', 'pager', `http://127.0.0.1:${pager.address().port}/`])
  assert.equal(made.code, 0, made.err)
  secret = made.out.trim()
  door.secret(secret)
  // What was learnt of a house of 200,000: two accounts a minute say that they are down, at every hour of the week.
  for (let hour = 0; hour < 168; hour++) door.redis('HSET', 'us:{hours}', String(hour), '2000000 8')
})
after(async () => {
  pager.close()
  pager.closeAllConnections()
  await door.stop()
})

const suspicions = async () => (await agent.get('/api/suspicions')).json.items
const metric = async (name) => Number(new RegExp(`^postern_${name} ([0-9.]+)`, 'm').exec((await door.admin('/metrics')).text)[1])
const write = (i, more = {}) => door.post('/requests', {
  json: { problem: `Report ${i}: every page of our site answers not found.`, email: `it${i}@company${i}.example`, site: `https://team${i}.cloud.example`, impact: 'down', ...more },
  headers: { 'x-forwarded-for': `198.51.100.${1 + (i % OFFICES)}` },
})

story('one customer who shouts thirty times, and thirty who ask something, are nothing', async () => {
  await many(30, 10, (i) => write(1, { problem: `Again ${i}: we are down!` }))
  await many(30, 10, (i) => write(1000 + i, { impact: 'question' }))
  await until('one is counted', async () => (await metric('down_heard_accounts')) === 1, 8000)
  assert.deepEqual(await suspicions(), [])
})

let raised
story(`${ACCOUNTS} accounts from ${OFFICES} office addresses are suspected within 60 s of the tenth`, async () => {
  const probes = LONG ? 400 : 40, quiet = await probe(door.ports.public, probes, 10)
  const began = Date.now()
  let tenth
  const [answers, busy] = await Promise.all([
    many(ACCOUNTS, 16, async (i) => {
      if (LONG) await sleep(100)
      const answer = await write(100 + i)
      if (i === 9) tenth = Date.now()
      return answer
    }),
    probe(door.ports.public, probes, 10),
  ])
  assert.ok(answers.every(taken))
  raised = await until('it is suspected', async () => (await suspicions())[0], 60000, 100)
  const after10 = Date.parse(raised.raised_at) - tenth
  const hook = await until('the pager is told', () => told.find((t) => t.type === 'incident.suspected'), 5000)
  assert.equal(hook.data.suspicion, raised.suspicion)
  assert.doesNotMatch(JSON.stringify(hook), /company|example/)
  raised = await until('it has grown to all of them', async () => {
    const [s] = await suspicions()
    return s.accounts >= ACCOUNTS && s
  }, 30000, 200)
  assert.ok(raised.accounts - ACCOUNTS <= 1) // and the one who shouted, where that was in the same minute
  assert.ok(Date.parse(raised.first_at) <= began)
  const shared = Object.fromEntries(raised.common.map((c) => [c.what, c]))
  assert.deepEqual([shared.domain.value, shared.domain.share], ['cloud.example', 100])
  assert.equal((await suspicions()).length, 1)
  assert.equal(await metric('suspicion_accounts'), raised.accounts)
  assert.match(door.log(), /warn incident_suspected suspicion=sus_\S+ accounts=\d+/)
  assert.ok(after10 < 60000)
  const p99 = [quantile(quiet, 0.99), quantile(busy, 0.99)]
  console.log(`# suspected ${after10} ms after the tenth account; front door p99 quiet ${p99[0].toFixed(1)} ms, meanwhile ${p99[1].toFixed(1)} ms`)
  if (LONG) assert.ok(p99[1] < 2 * p99[0], `p99 ${p99}`)
})

story('a manager dismisses it with a reason, nobody else does, and the same reports raise nothing again', async () => {
  const path = `/api/suspicions/${raised.suspicion}`
  assert.equal((await agent.post(path, { dismiss: 'nothing' })).status, 403)
  assert.equal((await manager.post('/api/suspicions/sus_00000000000000000000000000', { dismiss: 'x' })).status, 404)
  assert.equal((await manager.post(path, { dismiss: ' ' })).status, 422)
  assert.equal((await manager.post(path, { confirm: 'never-declared' })).status, 422)
  assert.equal((await manager.post(path, { confirm: 'No!' })).status, 422)
  const done = await manager.post(path, { dismiss: 'A drill of ours.' })
  assert.deepEqual([done.status, done.json.state, done.json.why, done.json.by], [200, 'dismissed', 'A drill of ours.', 'mina'])
  assert.equal((await manager.post(path, { dismiss: 'Twice.' })).status, 409)
  await sleep(6000)
  assert.equal((await suspicions()).length, 1)
  assert.equal(await metric('suspicion_accounts'), 0)
})

story('confirmed, each of its reports stands in a queue of the incident, with clocks from when it was heard', async () => {
  const n = LONG ? 775 : 40
  const answers = await many(n, 16, (i) => write(5000 + i))
  const s = await until('it is suspected', async () => (await suspicions()).find((x) => x.state === 'open' && x.accounts >= n), 60000, 200)
  const began = Date.now()
  const done = await manager.post(`/api/suspicions/${s.suspicion}`, { confirm: 'sites-gone', pack: 'site-loss', title: 'Sites are gone' })
  assert.deepEqual([done.status, done.json.state, done.json.incident], [200, 'confirmed', 'sites-gone'], done.text)
  assert.equal((await manager.post(`/api/suspicions/${s.suspicion}`, { confirm: 'sites-gone' })).status, 409)
  const rows = await until('all of them are there', async () => {
    const all = await many(n, 16, async (i) => (await agent.get(`/api/search?q=${answers[i].json.reference}`)).json.items[0])
    return all.every((row) => row?.queue.startsWith('sites-gone.')) && all
  }, 60000, 500)
  console.log(`# ${n} reports in the queues of the incident ${Date.now() - began} ms after it was confirmed`)
  const waits = new Set(rows.map((row) => Math.round((Date.parse(row.due_at) - Date.parse(row.opened_at)) / 1000)))
  assert.equal(waits.size, 1, [...waits].join(' '))
  await sleep(6000)
  assert.equal((await suspicions()).filter((x) => x.state === 'open').length, 0)
})
