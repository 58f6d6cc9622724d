// The ledger under kills and power cuts: node tests/live/storm.mjs [--short] [--seed N] [--kills N] [--cuts N] [--rounds N] [--only PHASE]
//
//   kills   gateway, Redis or both die by SIGKILL, again and again, under load
//   held    Redis hangs (SIGSTOP) while thousands are accepted, then the gateway dies, too
//   cuts    the power goes: what no completed fsync has covered is thrown away, half of the time with torn ends
//   merges  accounts become one customer and two again while people write on all channels, and gateway, Redis or both
//           are killed in between, or while staff wait for the answer (storm/merges.mjs; its auditor is storm/homes.mjs)
//   proof   the same cuts with flushes swallowed: without the journal's it must lose, without Redis' it must not
//
// Clients write each answer down after they read it (storm/clients.mjs); at the end of a phase the auditor compares
// that ledger with what customers see and with what Redis holds (storm/audit.mjs). What is judged is all zero: lost,
// doubled, altered, out of order. The seed is printed; it repeats the schedule, not the timing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { quantile, sleep, until } from './kit.mjs'
import { audit } from './storm/audit.mjs'
import { chance, Clients } from './storm/clients.mjs'
import { Gate } from './storm/gate.mjs'
import { Merges } from './storm/merges.mjs'

const { values: options } = parseArgs({ options: {
  short: { type: 'boolean' }, seed: { type: 'string' }, kills: { type: 'string' }, cuts: { type: 'string' }, rounds: { type: 'string' }, only: { type: 'string' },
  clients: { type: 'string' }, pause: { type: 'string' }, verbose: { type: 'boolean' },
} })
const seed = Number(options.seed ?? (Date.now() % 1000000))
const kills = Number(options.kills ?? (options.short ? 12 : 200)), cuts = Number(options.cuts ?? (options.short ? 4 : 50))
const rounds = Number(options.rounds ?? (options.short ? 4 : 60))
const CUTS_A_HOUSE = 10 // then a fresh data folder, so that the first start is cut, too
const BACK_MS = 20000 // longer than this without an answer is no recovery

const home = mkdtempSync(join(tmpdir(), 'postern-storm-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

let passed = 0, failed = 0
function judge(what, good, why = '') {
  if (good) passed++
  else failed++
  if (!good) console.log(`  FAILED ${what}${why && `: ${why}`}`)
}

const ms = (list, q) => (list.length > 0 ? `${Math.round(quantile(list, q))}` : '-')
const times = (list) => `p50 ${ms(list, 0.5)} ms, max ${ms(list, 1)} ms`

// One house with customers before it; audited at the end.
class Storm {
  constructor(name, { cut, swallow } = {}) {
    Storm.last = this
    this.name = name
    this.gate = new Gate({ cut, swallow })
    this.dice = chance(seed)
    this.recoveries = []
    this.blows = {}
    this.clients = new Clients({ seed: seed * 100 + Storm.count++, count: Number(options.clients ?? 12), pause: Number(options.pause ?? 60),
      ledger: join(home, `${name}-${Storm.count}`), door: () => ({ port: this.gate.port }) })
  }

  static count = 0
  static last

  tell() {
    return `${this.name}: ${JSON.stringify(this.clients.counts)}\n${this.gate.warnings()}`
  }

  async begin() {
    await this.gate.start()
    this.clients.start()
    await this.served(Date.now())
  }

  // Until a post is answered by 2xx that began after `since`.
  async served(since) {
    await until(`${this.name}: an answer`, () => this.clients.last2xx >= since, BACK_MS, 2)
  }

  // strike answers the moment from which there was nobody to answer, or nothing where there always was.
  async blow(kind, strike) {
    await sleep(this.dice.between(50, 800))
    this.blows[kind] = (this.blows[kind] ?? 0) + 1
    const at = await strike()
    await this.served(at ?? Date.now())
    if (at !== undefined) this.recoveries.push(Date.now() - at)
    if (options.verbose) console.log(`  ${kind}: ${at === undefined ? '-' : Date.now() - at} ms, ${this.clients.answers.length} answers`)
  }

  // Ends the load, waits for the backlog, compares.
  async end() {
    await this.clients.stop()
    this.drained = await this.gate.drain()
    this.mailed = await this.gate.mailed()
    this.result = await audit({ gate: this.gate, clients: this.clients })
    await this.gate.end()
    return this.result
  }
}

function report(name, storms) {
  const sum = (pick) => storms.reduce((n, s) => n + pick(s), 0), all = (list) => storms.flatMap((s) => s.result.findings[list])
  const blows = {}
  for (const s of storms) for (const [kind, n] of Object.entries(s.blows)) blows[kind] = (blows[kind] ?? 0) + n
  const total = Object.values(blows).reduce((a, b) => a + b, 0), said = Object.entries(blows).map(([kind, n]) => `${kind} ${n}`).join(', ')
  console.log(`${name}: ${total} (${said})`)
  console.log(`  acknowledged ${sum((s) => s.result.ledger)} (201: ${sum((s) => s.clients.counts[201])}, 202: ${sum((s) => s.clients.counts[202])}, replayed ${sum((s) => s.clients.counts.replayed)}), ` +
    `lost connections ${sum((s) => s.clients.counts.lost_connections)}, refused ${JSON.stringify(storms.map((s) => s.clients.counts.other).reduce((a, b) => {
      for (const [k, n] of Object.entries(b)) a[k] = (a[k] ?? 0) + n
      return a
    }, {}))}`)
  console.log(`  tickets ${sum((s) => s.result.tickets)}, messages ${sum((s) => s.result.messages)}, references looked at ${sum((s) => s.result.looked)}, mails ${sum((s) => s.result.mails)} ` +
    `(${sum((s) => s.result.twice)} of them twice)`)
  const recoveries = storms.flatMap((s) => s.recoveries)
  console.log(`  next 2xx after a blow: ${recoveries.length > 0 ? times(recoveries) : 'at once'}; backlog drained at the end: at most ${Math.max(...storms.map((s) => s.drained))} ms, mails ${Math.max(...storms.map((s) => s.mailed))} ms`)
  console.log(`  references given twice ${all('references').length}, records that do not agree ${['records', 'queues', 'accounts', 'audit trail', 'mails', 'written'].reduce((n, l) => n + all(l).length, 0)}`)
  console.log(`  lost ${all('lost').length}, doubled ${all('doubled').length}, altered ${all('altered').length}, out of order ${all('out of order').length}`)
  return { total, all }
}

const show = (list) => list.slice(0, 5).join('\n    ') + (list.length > 5 ? `\n    … and ${list.length - 5} more` : '')

const ruleOfThree = (total) => total >= 10 && console.log(`  0 in ${total} blows: under ${(300 / total).toFixed(1)} % a blow at 95 % (rule of three)`)

function judgeZeros(name, storms) {
  const { total, all } = report(name, storms)
  for (const list of Object.keys(storms[0].result.findings)) judge(`${name}: ${list} 0`, all(list).length === 0, `${all(list).length}\n    ${show(all(list))}`)
  judge(`${name}: something was acknowledged`, storms.every((s) => s.result.ledger > 0))
  ruleOfThree(total)
}

async function killing() {
  const storm = new Storm('kills')
  await storm.begin()
  for (let i = 0; i < kills; i++) {
    const kind = ['gateway', 'redis', 'both'][storm.dice.below(3)]
    await storm.blow(kind, async () => {
      const at = Date.now()
      await storm.gate.kill(kind)
      return at
    })
  }
  await storm.end()
  judgeZeros('kills', [storm])
}

// Redis hangs longer than its deadline; what piles up meanwhile has to be filed in order, behind what comes live.
async function holding() {
  const storm = new Storm('held')
  await storm.begin()
  for (let i = 0; i < (options.short ? 1 : 4); i++) {
    await storm.blow('held', async () => {
      const pid = storm.gate.hold()
      await sleep(options.short ? 3000 : 7000)
      if (i % 2 === 0) return void storm.gate.release(pid)
      const at = Date.now()
      await storm.gate.kill('gateway')
      return at
    })
  }
  await storm.end()
  judgeZeros('held', [storm])
}

// n cuts, a fresh house after each CUTS_A_HOUSE; every third cut finds Redis hanging, so that only the journal has the words.
async function cut(name, n, swallow = '') {
  const storms = []
  for (let i = 0; i < n; i++) {
    if (i % CUTS_A_HOUSE === 0) {
      if (i > 0) await storms.at(-1).end()
      storms.push(new Storm(name, { cut: true, swallow }))
      await storms.at(-1).begin()
    }
    const storm = storms.at(-1), held = i % 3 === 2
    await storm.blow(held ? 'cut, Redis hanging' : 'cut', async () => {
      if (held && storm.gate.hold()) await sleep(600)
      const at = Date.now()
      await storm.gate.cut({ seed: storm.dice.below(1 << 30), tear: i % 2 === 1 })
      return at
    })
  }
  await storms.at(-1).end()
  return storms
}

async function cutting() {
  judgeZeros('cuts', await cut('cuts', cuts))
}

async function merging() {
  const storm = Storm.last = new Merges({ seed, rounds, blows: options.short ? 1 : 3, verbose: options.verbose })
  await storm.run()
  const { counts, recoveries, findings: { lists } } = storm, total = Object.values(storm.struck).reduce((a, b) => a + b, 0)
  console.log(`merges: ${rounds} made and taken back, ${total} blows (${Object.entries(storm.struck).map(([kind, n]) => `${kind} ${n}`).join(', ')})`)
  console.log(`  words ${counts.taken} on four channels, ${counts.repeated} times said again; merges and un-merges that were not answered at once ${counts.cutOff}`)
  console.log(`  tickets ${counts.tickets}; while it was one customer ${counts.away} words lay with the other account`)
  console.log(`  next answer after a blow: ${times(recoveries)}`)
  console.log(`  ${Object.entries(lists).map(([list, all]) => `${list} ${all.length}`).join(', ')}`)
  for (const [list, all] of Object.entries(lists)) judge(`merges: ${list} 0`, all.length === 0, `${all.length}\n    ${show(all)}`)
  judge('merges: words lay with the other account meanwhile', counts.away > 0)
  if (failed === 0) ruleOfThree(total)
}

async function proving() {
  const without = await cut('proof', 6, '/journal/')
  const { all } = report('cuts with the journal\'s flushes swallowed', without)
  judge('proof: without the journal\'s flushes it loses', all('lost').length > 0)
  judgeZeros('cuts with the flushes of Redis swallowed', await cut('proof', 6, '/appendonlydir/'))
}

const phases = { kills: killing, held: holding, cuts: cutting, merges: merging, ...(!options.short && { proof: proving }) }
const began = Date.now()
console.log(`storm: seed ${seed}`)
for (const [name, run] of Object.entries(phases)) {
  if (options.only && options.only !== name) continue
  try {
    await run()
  } catch (e) {
    judge(name, false, `${e.stack}`)
    console.log(`  ${Storm.last?.tell()}`)
  }
}
console.log(`storm: ${Math.round((Date.now() - began) / 1000)} s, seed ${seed}`)
console.log(`storm: ${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
