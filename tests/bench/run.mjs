// make bench: what one accepted request costs, beside the parts it is made of, all in one run.
//
//   node tests/bench/run.mjs [--json] [--seconds 4] [--tickets 20000]
//
// BENCH_TICKETS=100000 is the long form. Client, gateway and Redis share the cores, so times are those of this machine
// in this hour; ratios of one run carry further. Goals stand beside what was reached; nothing fails for being slow.
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { folder, freePort, open, until } from '../live/kit.mjs'
import { accept, cpu, echoFloor, fill, idle, journalFloor, metrics, Relay, rssMiB, scriptFloor, sum } from './measure.mjs'

const { values: set } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '4' },
    tickets: { type: 'string', default: process.env.BENCH_TICKETS ?? '20000' },
  },
})
const CONNECTIONS = [1, 16, 64]
const IDLE = 1000
const FEW = 1000
const MAILS = 1500
const FIELDS = {
  problem: 'Since 07:40 all our sites answer 404 and nobody can sign in. We need to know whether our data is safe. ({n})',
  email: 'someone.{n}@example.org', name: 'Aya Tanaka', organisation: 'Example Works', site: 'example-works.example.net', impact: 'down',
}
const seconds = Number(set.seconds), many = Number(set.tickets)
const say = (line) => process.stderr.write(`${line}\n`)
const settings = (relay) => ({ limits: 'off', mail: relay.url })

async function measureFloors(body) {
  const door = await open({ settings: settings(await new Relay().open({ held: true })) })
  say('the journal alone')
  const journal = await journalFloor(door.home)
  say('TLS and h2o alone')
  const echo = {}
  for (const c of CONNECTIONS) echo[c] = await echoFloor(door, await freePort(), c, { body, seconds })
  say('the script that files alone')
  const script = await scriptFloor(door, { ...FIELDS, email: 'recorded@example.org' }, seconds)
  await door.stop()
  return { journal, echo, script }
}

// Mails wait at a relay that says nothing, so that the accept path is measured alone.
async function measureAccept(body) {
  const door = await open({ settings: settings(await new Relay().open({ held: true })) })
  const fresh_mib = rssMiB(door.child.pid), growth = {}, plain = {}, keyed = {}
  say(`${IDLE} idle connections`)
  const silent = await idle(door, IDLE)
  growth.few = { tickets: await fill(door, FEW, body), ...(await accept(door, 16, { body, seconds })) }
  for (const c of CONNECTIONS) {
    say(`the accept path, ${c} connections`)
    plain[c] = await accept(door, c, { body, seconds })
    keyed[c] = await accept(door, c, { body, seconds, key: true })
  }
  say(`filling up to ${many} tickets`)
  growth.many = { tickets: await fill(door, many, body), ...(await accept(door, 16, { body, seconds })) }
  await door.stop()
  return { plain, keyed, growth, idle: { ...silent, fresh_mib } }
}

// With a relay that takes mail: the accept path again; then what one mail costs that waited, while nothing else goes on.
async function measureMail(body) {
  const relay = await new Relay().open({ held: false })
  const door = await open({ settings: settings(relay) })
  say('the accept path while mail leaves')
  const during = await accept(door, 16, { body, seconds })
  const left = () => until('mail left', async () => (await metrics(door)).mail_queued === 0, 60000, 200)
  await left()
  say('mail alone')
  relay.held = true
  await fill(door, (await metrics(door)).journal_rows_total + MAILS, body)
  const look = async () => ({ gateway: cpu(door.child.pid), redis: cpu(door.redisPid()), sent: (await metrics(door)).mail_sent_total, at: performance.now() })
  const before = await look()
  relay.release()
  await until('mails left', async () => (await metrics(door)).mail_sent_total >= before.sent + MAILS, 60000, 200)
  const after = await look(), mails = after.sent - before.sent
  await door.stop()
  return {
    during, per_s: mails * 1000 / (after.at - before.at), gateway_us: (after.gateway - before.gateway) / mails,
    redis_us: (after.redis - before.redis) / mails,
  }
}

function judge({ floors, plain, idle: idleRun, growth }) {
  const at = (c) => {
    const floor_us = floors.journal[c].gateway_us + floors.echo[c].gateway_us + floors.script[c].redis_us
    const floor_p50 = floors.journal[c].p50_ms + floors.script[c].p50_ms
    return { cpu: (plain[c].gateway_us + plain[c].redis_us) / floor_us, p50: plain[c].p50_ms / floor_p50 }
  }
  return [
    ...CONNECTIONS.map((c) => ({ what: `CPU of an accepted request / sum of its floors, ${c} connections`, reached: at(c).cpu, goal: 1.5 })),
    ...CONNECTIONS.map((c) => ({ what: `CPU µs in the gateway, ${c} connections`, reached: plain[c].gateway_us, goal: 80 })),
    { what: 'p50 / (p50 of the journal + p50 of the script), 16 connections', reached: at(16).p50, goal: 2 },
    { what: `RSS with ${idleRun.connections} idle TLS connections, MiB`, reached: idleRun.mib, goal: 64 },
    { what: `CPU µs with ${growth.many.tickets} tickets / with ${growth.few.tickets}`,
      reached: (growth.many.gateway_us + growth.many.redis_us) / (growth.few.gateway_us + growth.few.redis_us) },
    { what: `p50 with ${growth.many.tickets} tickets / with ${growth.few.tickets}`, reached: growth.many.p50_ms / growth.few.p50_ms },
    { what: `RSS with ${growth.many.tickets} tickets / with ${growth.few.tickets}`, reached: growth.many.rss_mib / growth.few.rss_mib },
  ]
}

// ---- tables ----

const cell = (value, width, digits) => (value === undefined ? '' : value.toFixed(digits)).padStart(width)

function row(name, r) {
  const cells = [cell(r.per_s, 9, 0), cell(r.p50_ms, 9, 2), cell(r.p99_ms, 9, 2), cell(r.gateway_us, 12, 1), cell(r.redis_us, 10, 1), cell(r.rss_mib, 9, 1)]
  return `  ${name.padEnd(28)}${cells.join('')}`
}

function roleRow(name, r) {
  const named = ['loop', 'committer', 'filer', 'mail'], rest = sum(r.roles) - named.reduce((all, role) => all + (r.roles[role] ?? 0), 0)
  const cells = [...named.map((role) => cell(r.roles[role] ?? 0, 10, 1)), cell(rest, 8, 1), cell(r.items_per_round, 13, 1), cell(r.rows_per_commit, 13, 1), cell(100 * r.written, 7, 1)]
  return `  ${name.padEnd(28)}${cells.join('')}`
}

function table({ machine, floors, plain, keyed, growth, mail, idle: idleRun, goals }) {
  const lines = [
    `${machine.cores} x ${machine.cpu}; load average ${machine.load_before} before, ${machine.load_after} after; client on the same cores`, '',
    `  ${''.padEnd(28)}${'per s'.padStart(9)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'gateway µs'.padStart(12)}${'redis µs'.padStart(10)}${'RSS MiB'.padStart(9)}`]
  for (const c of CONNECTIONS) {
    lines.push(`${c} connection${c > 1 ? 's' : ''}`, row('the journal alone', floors.journal[c]), row('the script alone', floors.script[c]),
      row('TLS and h2o alone', floors.echo[c]), row('accept', plain[c]), row('accept, Idempotency-Key', keyed[c]))
  }
  lines.push('stored before (16 connections)', row(`${growth.few.tickets} tickets`, growth.few), row(`${growth.many.tickets} tickets`, growth.many))
  lines.push('mail (16 connections)', row('accept, relay takes mail', mail.during), row('one mail, nothing else', mail))
  lines.push(`${idleRun.connections} idle TLS connections: ${idleRun.mib.toFixed(1)} MiB; none: ${idleRun.fresh_mib.toFixed(1)} MiB`, '')
  lines.push(`  ${'gateway µs by thread'.padEnd(28)}${'loops'.padStart(10)}${'committer'.padStart(10)}${'filer'.padStart(10)}${'mail'.padStart(10)}${'rest'.padStart(8)}${'items/filing'.padStart(13)}${'rows/commit'.padStart(13)}${'202 %'.padStart(7)}`)
  for (const c of CONNECTIONS) lines.push(roleRow(`accept, ${c}`, plain[c]), roleRow(`accept with key, ${c}`, keyed[c]))
  lines.push(roleRow('accept and mail, 16', mail.during), '')
  lines.push(`  ${'goals'.padEnd(66)}${'reached'.padStart(9)}${'at most'.padStart(9)}`)
  for (const g of goals) lines.push(`  ${g.what.padEnd(66)}${cell(g.reached, 9, 2)}${cell(g.goal, 9, 1)}${g.goal !== undefined && g.reached > g.goal ? '  missed' : ''}`)
  return lines.join('\n')
}

const machine = { cores: availableParallelism(), cpu: cpus()[0].model, load_before: loadavg()[0] }
const bodyFile = join(folder('bench-'), 'body.json')

writeFileSync(bodyFile, JSON.stringify(FIELDS))

const floors = await measureFloors(bodyFile)
const accepted = await measureAccept(bodyFile)
const mail = await measureMail(bodyFile)

machine.load_after = loadavg()[0]

const result = { machine, floors, ...accepted, mail }

result.goals = judge(result)
console.log(set.json ? JSON.stringify(result, null, 1) : table(result))
process.exit(0)
