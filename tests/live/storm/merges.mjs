// Two accounts become one customer and two again, while people write on all channels and somebody pulls the plug.
//
//   a round: two people write, each with an account; the one is merged into the other; both go on writing, and a stranger
//   begins to; it is taken back; all three write again. In every second step something dies at some moment of it. Whoever
//   was not answered asks again. Then the clock goes on until nothing is under way any more, and storm/homes.mjs looks
//
// Both post under one name, and of most rounds the tickets of the account that stands for the other are closed, so what
// comes meanwhile lies in the other's ticket and has to go home. Every second pair is on record.
import assert from 'node:assert/strict'
import { sleep, until, write } from '../kit.mjs'
import { member } from '../member.mjs'
import { sender } from '../senders.mjs'
import { chance } from './clients.mjs'
import { Gate } from './gate.mjs'
import { auditHomes, auditRest, auditTogether, newFindings } from './homes.mjs'
import { insist, Person } from './people.mjs'

const STAGES = ['merging', 'unmerging', 'merged', 'apart']
const SETTLED_MS = 11 * 60 * 1000 // longer than a sweep, its lease and MERGE_GRACE_MS of merge.h
const PEOPLE = 3 // of a round
const CUT_OFF = ['merge', 'un-merge'] // what is counted where it was not answered at once

export class Merges {
  // blows: how many of a round's stages are struck.
  constructor({ seed, rounds, blows, verbose }) {
    Object.assign(this, { seed, rounds, blows, verbose, dice: chance(seed), gate: new Gate({ clock: true }), findings: newFindings() })
    this.struck = {} // kind: how often
    this.recoveries = []
    this.waiting = [] // moments of blows that nothing was answered after yet
    this.counts = { taken: 0, repeated: 0, cutOff: 0, away: 0 }
    this.spans = { merging: 8, unmerging: 20, merged: 150, apart: 150 } // ms within which a stage is struck
  }

  tell() {
    return `merges: ${JSON.stringify(this.counts)}, ${JSON.stringify(this.findings.lists)}\n${this.gate.warnings()}`
  }

  answered(began) {
    this.waiting = this.waiting.filter((at) => {
      if (at <= began) this.recoveries.push(Date.now() - at)
      return at > began
    })
  }

  async begin() {
    const { door } = this.gate
    await this.gate.start()
    await until('readyz', async () => (await door.admin('/readyz')).status === 200, 20000)
    this.senders = { phone: await sender(door, 'phone', 'ivr'), social: await sender(door, 'social', 'posts') }
    this.max = await member(door, 'max', 'manager')
    this.all = Array.from({ length: this.rounds }, (_, round) => this.people(round))
    const rows = this.all.flatMap(({ a, b }, round) => (round % 2 === 0 ? [] : [a, b])).map((p) => `${p.mark},Customer ${p.mark},${p.name},${p.email},${p.phone},admin`)
    const brought = await door.run(['contacts', 'import', '--source', 'crm', write(door, 'contacts.csv', `account,account_name,contact_name,email,phone,role\n${rows.join('\n')}\n`)])
    assert.equal(brought.code, 0, brought.err)
  }

  people(round) {
    const person = (i, handle) => new Person({ storm: this, name: ['Aya', 'Bo', 'Cem'][i], n: round * PEOPLE + i, handle })
    const a = person(0)
    return { a, b: person(1, a.handle), c: person(2) }
  }

  words() {
    return this.all.flatMap(({ a, b, c }) => [a, b, c]).flatMap((p) => p.words)
  }

  // What staff ask, until it is answered. take(answer, tries) answers undefined where it has to be asked again.
  staff(what, ask, take) {
    let tries = 0
    return insist(what, async () => {
      const began = Date.now()
      tries++
      const answer = await ask()
      if (answer.status === 401) await this.max.again()
      const took = await take(answer, tries)
      if (took === undefined) return undefined
      if (tries > 1 && CUT_OFF.includes(what)) this.counts.cutOff++
      this.answered(began)
      return took
    })
  }

  look(path) {
    return this.staff(path, () => this.max.get(path), (a) => (a.status === 200 ? a.json : undefined))
  }

  find(q) {
    return this.look(`/api/search?q=${encodeURIComponent(q)}`)
  }

  // Something dies while `act` is under way.
  async under(stage, stages, act) {
    const strike = stages.has(stage) ? this.strike(stage) : undefined
    await Promise.all([act(), strike])
  }

  async strike(stage) {
    const kind = ['gateway', 'redis', 'both'][this.dice.below(3)]
    await sleep(this.dice.below(Math.ceil(this.spans[stage]) + 1))
    this.struck[kind] = (this.struck[kind] ?? 0) + 1
    this.waiting.push(Date.now())
    await this.gate.kill(kind)
  }

  async merge(from, into) {
    const began = Date.now()
    const edge = await this.staff('merge', () => this.max.post(`/api/accounts/${from}/merge`, { into, why: 'One customer, they say.' }), async (a, tries) => {
      if (a.status === 200) return a.json.edge
      assert.ok(a.status !== 409 || tries > 1, `merge: ${a.text}`)
      // One already: it was done, and the answer was lost.
      return a.status === 409 ? (await this.max.get(`/api/accounts/${into}`)).json?.aliases?.find((e) => e.account === from)?.edge : undefined
    })
    this.spans.merging = Math.min(Date.now() - began, 15) // as long as it lasts here, where it was not hindered
    return edge
  }

  async unmerge(account, edge) {
    const began = Date.now()
    await this.staff('un-merge', () => this.max.post(`/api/accounts/${account}/unmerge`, { edge }), (a, tries) => {
      assert.ok(a.status !== 404 || tries > 1, `un-merge: ${a.text}`)
      return a.status === 200 || a.status === 404 ? true : undefined
    })
    this.spans.unmerging = Math.min(Date.now() - began, 60)
  }

  async close(account) {
    for (const { ticket } of (await this.look(`/api/accounts/${account}`)).work) {
      for (const state of ['solved', 'closed']) await this.staff(state, () => this.max.post(`/api/tickets/${ticket}/state`, { state }), (a) => (a.status === 200 ? true : undefined))
    }
  }

  // Whose they are, when all they said is filed.
  async learn(...people) {
    await this.gate.drain()
    for (const p of people) p.account = (await this.find(p.receipts[0].ref)).items[0].account.id
  }

  async round(round) {
    const { a, b, c } = this.all[round], first = round % STAGES.length
    const stages = new Set(Array.from({ length: this.blows }, (_, i) => STAGES[(first + i) % STAGES.length]))
    await Promise.all([a, b].map((p) => p.begin()))
    await Promise.all([a, b].map((p) => p.sayAll(['mail', 'phone', 'social'])))
    await this.learn(a, b)
    if (a.account === b.account) return this.findings.add('elsewhere', `${a.name} and ${b.name} of round ${round} are one account before anybody said so`)
    const [from, into] = this.dice.one(0.5) ? [a, b] : [b, a]
    if (round % 8 < 6) await this.close(from.account)

    let edge
    await this.under('merging', stages, async () => { edge = await this.merge(from.account, into.account) })
    await this.under('merged', stages, async () => {
      await from.say('social')
      await Promise.all([from.sayAll(), into.sayAll(), c.begin()])
      await Promise.all([from.say('token'), into.say('token'), c.sayAll(['mail', 'phone', 'social'])])
    })
    await this.learn(c)
    await auditTogether(this, { from, into, stranger: c })

    await this.under('unmerging', stages, async () => {
      await Promise.all([this.unmerge(this.dice.one(0.5) ? from.account : into.account, edge), from.sayAll(['mail', 'social']), into.sayAll(['phone'])])
    })
    await this.under('apart', stages, () => Promise.all([a, b, c].map(async (p) => {
      await p.sayAll()
      await p.say('token')
    })))
    await this.settle()
    await auditHomes(this, [a, b, c])
  }

  // Time passes, until the sweep has carried on whatever somebody left half done.
  async settle() {
    await this.gate.drain()
    this.gate.door.later(SETTLED_MS)
    await this.gate.kill('gateway')
    await this.gate.drain()
    await this.gate.unmoved()
  }

  async run() {
    await this.begin()
    for (let round = 0; round < this.rounds; round++) {
      const began = Date.now()
      await this.round(round)
      if (this.verbose) console.log(`  round ${round}: ${Date.now() - began} ms`)
    }
    await auditRest(this)
    await this.gate.end()
  }
}
