// Who is on duty, and what one watch leaves to the next: the whole daemon, real Redis, a clock that the test moves.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { open, story, until } from './kit.mjs'
import { member } from './member.mjs'

const HOUR = 3600_000
const HEAD = 'region,shift,days,from,to,timezone,name,duty,skills,languages,first,last\n'
let door, boss, out, next, deputy, agent

const hm = (ms) => new Date(ms).toISOString().slice(11, 16)
// Two watches of a day: one ends at `seam`, the other begins there.
function csvOf(seam) {
  const before = hm(seam - 8 * HOUR), at = hm(seam), later = hm(seam + 8 * HOUR)
  return `${HEAD}apac,day,mon-sun,${before},${at},UTC,out,lead,restore,zh-TW en,,\n`
    + `apac,day,mon-sun,${before},${at},UTC,agent,member,,en,,\n`
    + `emea,day,mon-sun,${at},${later},UTC,next,lead,restore,de en,,\n`
    + `emea,day,mon-sun,${at},${later},UTC,deputy,deputy,,en,,\n`
}
const seam = Math.ceil(Date.now() / 60_000) * 60_000 + 25 * 60_000
const roster = () => boss.get('/api/roster').then((a) => a.json)
const handover = async () => (await boss.get('/api/handovers')).json.items[0]

before(async () => {
  door = await open({ clock: true, settings: { limits: 'off' } })
  boss = await member(door, 'boss', 'manager')
  out = await member(door, 'out', 'lead')
  next = await member(door, 'next', 'lead')
  deputy = await member(door, 'deputy', 'agent')
  agent = await member(door, 'agent', 'agent')
})
after(() => door?.stop())

story('a roster with a fault is refused whole, with its lines', async () => {
  const bad = `${HEAD}apac,day,someday,08:00,16:00,UTC,out,lead,,,,\n`
  const answer = await boss.post('/api/roster', { csv: bad })
  assert.equal(answer.status, 422)
  assert.match(answer.json.errors[0].detail, /^line 2: "someday" is no days/)
  writeFileSync(join(door.home, 'bad.csv'), bad)
  const told = await door.run(['roster', 'check', join(door.home, 'bad.csv')])
  assert.equal(told.code, 65)
  assert.match(told.err, /line 2/)
  assert.equal((await roster()).version, 0)
})

story('only managers replace it; holes in it are told before it is in force', async () => {
  assert.equal((await out.post('/api/roster', { csv: csvOf(seam) })).status, 403)
  const dry = await boss.post('/api/roster', { csv: csvOf(seam), dry_run: true })
  assert.equal(dry.json.version, 0)
  assert.ok(dry.json.findings.some((f) => f.kind === 'gap'))
  writeFileSync(join(door.home, 'roster.csv'), csvOf(seam))
  const done = await door.run(['roster', 'import', join(door.home, 'roster.csv')])
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /gap/)
  const now = await roster()
  assert.equal(now.version, 1)
  assert.deepEqual(now.now[0].people.map((p) => [p.name, p.leads]), [['out', true], ['agent', false]])
  assert.deepEqual(now.answers, [{ name: 'out', watch: 'apac/day', over: false }])
  assert.equal((await boss.post('/api/roster', { csv: csvOf(seam), version: 0 })).status, 409)
})

story('somebody who is away is stood in for', async () => {
  const away = { person: 'out', stand_in: 'deputy', from: new Date(Date.now() - 1000).toISOString(), to: new Date(Date.now() + 60_000).toISOString() }
  assert.equal((await agent.post('/api/roster/away', away)).status, 403)
  assert.equal((await out.post('/api/roster/away', { ...away, to: away.from })).status, 422)
  const written = await out.post('/api/roster/away', away)
  assert.equal(written.status, 201)
  assert.equal((await roster()).answers[0].name, 'deputy')
  const back = await door.ask('DELETE', `/api/roster/away/${written.json.away}`, { to: 'staff' })
  assert.equal(back.status, 403) // no session, no origin
  assert.equal((await boss.get('/api/roster')).json.away.length, 1)
})

story('a hand-over comes before the seam, holds what is due and held, and goes up until somebody takes it', async () => {
  const held = await door.ask('POST', '/requests', { json: { problem: 'Our site is gone.', email: 'one@example.org' } })
  const { ticket } = await agent.find(held.json.reference)
  assert.equal((await agent.post(`/api/tickets/${ticket}/claim`)).status, 200)
  const made = await until('the hand-over', handover)
  assert.equal(made.takes, 'next')
  assert.equal(made.state, 'coming')
  assert.equal((await agent.post(`/api/handovers/${made.handover}/note`, { text: 'x' })).status, 403)
  assert.equal((await out.post(`/api/handovers/${made.handover}/note`, { text: 'One site waits for its owner.' })).status, 204)
  const seen = (await next.get(`/api/handovers/${made.handover}`)).json
  assert.equal(seen.yours, true)
  assert.deepEqual(seen.contents.tickets.map((t) => [t.ticket, t.why, t.owner]), [[ticket, 'held', 'agent']])

  door.later(seam - Date.now() + 16 * 60_000)
  for (const who of [boss, out, next, deputy, agent]) await who.again()
  await until('the deputy was told', async () => (await handover()).state === 'deputy')
  assert.deepEqual((await roster()).answers.map((a) => [a.name, a.over]), [['next', false], ['out', true]])
  assert.equal((await agent.post(`/api/handovers/${made.handover}/accept`)).status, 403)
  const taken = await deputy.post(`/api/handovers/${made.handover}/accept`)
  assert.deepEqual(taken.json, { handover: made.handover, taken: 1 })
  assert.equal((await next.post(`/api/handovers/${made.handover}/accept`)).status, 409)
  assert.equal((await boss.ticket(ticket)).owner, 'deputy')
  assert.ok((await boss.ticket(ticket)).history.some((h) => h.kind === 'handed-over'))
  const kept = (await boss.get(`/api/handovers/${made.handover}`)).json
  assert.equal(kept.accepted_by, 'deputy')
  assert.equal(kept.contents.tickets[0].owner, 'agent') // as it stood
  assert.deepEqual((await roster()).answers.map((a) => a.over), [false])
  assert.equal((await boss.get('/api/handovers/hov_01J9Z3NDEKTSV4RRFFQ69G5FAV')).status, 404)
})
