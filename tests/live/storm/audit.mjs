// The auditor: what was acknowledged, against what customers see and what Redis holds.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import readline from 'node:readline'
import { many } from '../kit.mjs'
import { hash } from './clients.mjs'
import { connect, rooms } from './resp.mjs'

// What Redis holds, unsealed: text hash -> [{ ticket, message }].
export async function texts(gate) {
  const child = spawn('build/tools/ledger_texts', [gate.data, gate.keys], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((done) => child.once('close', done))
  const found = new Map()
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const { ticket, message, words } = JSON.parse(line), key = hash(words?.text ?? '')
    found.set(key, [...(found.get(key) ?? []), { ticket, message }])
  }
  if ((await ended) !== 0) throw new Error('ledger_texts failed')
  return found
}

const LISTS = ['lost', 'doubled', 'altered', 'out of order', 'written', 'references', 'records', 'queues', 'accounts', 'audit trail', 'mails']

// Each finding is a sentence in its list; a sound storm has none.
export class Findings {
  constructor(names) {
    this.lists = Object.fromEntries(names.map((name) => [name, []]))
  }

  add(list, sentence) {
    this.lists[list].push(sentence)
  }
}

function readLedger(file) {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
}

// Which attempt a reference belongs to; a reference that two of them were given is a fault.
function owners(ledger, f) {
  const owner = new Map()
  for (const a of ledger.filter((l) => l.kind === 'request')) {
    const before = owner.get(a.ref)
    if (before !== undefined && before.hash !== a.hash) f.add('references', `${a.ref} was given twice`)
    owner.set(a.ref, a)
  }
  return owner
}

// What each text may be there, at least and at most.
function counts(attempts, found, f) {
  for (const [key, attempt] of attempts) {
    const there = found.get(key) ?? [], acks = attempt.acks.length
    const least = attempt.keyed ? Math.min(acks, 1) : acks, most = attempt.keyed ? 1 : acks + attempt.lost + (attempt.refused ? 1 : 0)
    const what = `${attempt.kind} ${attempt.acks[0]?.ref ?? '?'} item ${attempt.acks[0]?.item ?? '?'} (${attempt.keyed ? 'key' : 'no key'}, acks ${acks})`
    if (there.length < least) f.add('lost', `${what}: ${there.length} of ${least} in Redis`)
    if (there.length > most) f.add('doubled', `${what}: ${there.length} times in ${there.map((t) => `${t.ticket}/${t.message}`).join(' ')}`)
  }
  for (const key of found.keys()) if (!attempts.has(key)) f.add('altered', `Redis holds words that nobody wrote: ${key}`)
}

// What the holder of a reference sees: their own words, all of them, unchanged, in order.
function judgeView(ref, view, mine, owner, f) {
  if (view.status !== 200) return f.add('lost', `${ref}: GET answers ${view.status} ${view.text.slice(0, 80)}`)
  if (view.json.state === 'written') return f.add('written', `${ref} is still written`)
  const seen = view.json.timeline.filter((m) => m.who === 'you').map((m) => hash(m.text))
  const allowed = new Set(mine.map((a) => a.hash))
  for (const h of seen) if (!allowed.has(h) && !owner.tried.has(h)) f.add('altered', `${ref} shows words that are not its own: ${h}`)
  for (const h of allowed) if (!seen.includes(h)) f.add('lost', `${ref} does not show ${h}`)
  const order = [...allowed].map((h) => seen.indexOf(h)).filter((at) => at >= 0)
  if (order.some((at, i) => i > 0 && at < order[i - 1])) f.add('out of order', `${ref}: ${order.join(' ')}`)
}

async function look(gate, ledger, attempts, f) {
  const owner = owners(ledger, f), byAttempt = new Map()
  for (const a of attempts.values()) {
    const root = a.on ?? a
    const group = byAttempt.get(root) ?? byAttempt.set(root, { tried: new Set(), mine: [] }).get(root)
    group.tried.add(a.hash)
    if (a.acks.length > 0) group.mine.push({ hash: a.hash, at: a.acks[0].at })
  }
  const list = []
  for (const [root, group] of byAttempt) {
    group.mine.sort((x, y) => x.at - y.at)
    // Without a key the second sending of the same words is a reference of its own, with its own words only.
    const own = new Map(root.acks.map((ack) => [ack.ref, ack]))
    for (const [ref, ack] of own) list.push({ ref, ack, group, alone: !root.keyed && own.size > 1, last: root.acks[root.acks.length - 1].ref })
  }
  await many(list.length, 16, async (i) => {
    const { ref, ack, group, alone, last } = list[i]
    const view = await gate.door.lines.public.ask('GET', `/requests/${ref}`, { token: ack.token })
    const mine = alone && ref !== last ? group.mine.filter((m) => m.hash === ack.hash) : group.mine
    judgeView(ref, view, mine, group, f)
  })
  return { owner, looked: list.length }
}

const fields = (flat) => Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]))
export const tail = (key) => key.slice(key.lastIndexOf(':') + 1)

// Every ticket is one whole: messages, people, history, place in one queue, account.
export async function judgeTickets(redis, room, f) {
  const names = [...(room.t ?? [])], tickets = new Map()
  const read = await redis.all(names, (key) => ['HGETALL', key])
  names.forEach((key, i) => tickets.set(tail(key), fields(read[i])))
  const placed = new Map()
  for (const [kind, set] of [['q', room.q], ['u', room.u]]) {
    for (const key of set ?? []) {
      for (const ticket of await redis.ask('ZRANGE', key, 0, -1)) {
        if (kind === 'q') placed.set(ticket, [...(placed.get(ticket) ?? []), tail(key)])
        else if (!tickets.has(ticket)) f.add('queues', `${key} names ${ticket}, which is not there`)
      }
    }
  }
  for (const [ticket, queues] of placed) if (!tickets.has(ticket)) f.add('queues', `${queues} name ${ticket}, which is not there`)
  for (const [ticket, t] of tickets) {
    const open = !['solved', 'closed'].includes(t.state), queues = placed.get(ticket) ?? []
    if (open ? queues.length !== 1 || queues[0] !== t.queue : queues.length > 0) f.add('queues', `${ticket} (${t.state}, ${t.queue}) is in: ${queues}`)
  }
  for (const [name, other] of [['m', 'messages'], ['p', 'participants'], ['h', 'history']]) {
    const having = new Set([...(room[name] ?? [])].map(tail))
    for (const [ticket, t] of tickets) if (!having.has(ticket) && (t.emptied === undefined || name === 'h')) f.add('records', `${ticket} has no ${other}`)
    for (const ticket of having) if (!tickets.has(ticket)) f.add('records', `${other} of ${ticket}, which is not there`)
  }
  return tickets
}

// Each ticket is the work of one account.
export async function judgeWork(redis, room, tickets, f) {
  const works = [...(room.w ?? [])], lists = await redis.all(works, (key) => ['ZRANGE', key, 0, -1]), of = new Map()
  works.forEach((key, i) => lists[i].forEach((ticket) => of.set(ticket, [...(of.get(ticket) ?? []), tail(key)])))
  for (const [ticket, t] of tickets) if (of.get(ticket)?.length !== 1 || of.get(ticket)[0] !== t.acc) f.add('accounts', `${ticket} of ${t.acc} is listed by ${of.get(ticket)}`)
  for (const ticket of of.keys()) if (!tickets.has(ticket)) f.add('accounts', `${of.get(ticket)} lists ${ticket}, which is not there`)
  return works
}

async function judgeAccounts(redis, room, tickets, f) {
  const works = await judgeWork(redis, room, tickets, f)
  const evidence = [...(room.b ?? [])], claims = await redis.all(evidence, (key) => ['HLEN', key])
  evidence.forEach((key, i) => claims[i] !== 1 && f.add('accounts', `${key} is claimed by ${claims[i]}`))
  if (works.length !== evidence.length) f.add('accounts', `${works.length} accounts for ${evidence.length} mailboxes`)
}

// Each partition's chain is whole, and each ticket was opened once in it: half a script would show here.
export async function judgeTrail(redis, room, tickets, f) {
  let opened = 0
  for (const key of room.au ?? []) {
    let chain = ''
    for (const [, entry] of await redis.ask('XRANGE', key, '-', '+')) {
      const { j, chain: told } = fields(entry)
      chain = createHash('sha1').update(Buffer.from(chain + j, 'latin1')).digest('hex')
      if (chain !== told) f.add('audit trail', `${key}: the chain breaks`)
      if (j.includes('"ticket.opened"')) opened++
      chain = told
    }
    if ((await redis.ask('GET', key.replace(':au', ':ah'))) !== chain) f.add('audit trail', `${key}: its head is not its last entry`)
  }
  if (opened !== tickets.size) f.add('audit trail', `${opened} entries for ${tickets.size} tickets`)
}

// Every item once, its original, its reference.
async function judgeItems(redis, room, ledger, found, f) {
  const messages = [...found.values()].flat()
  const once = [...(room.i ?? [])].filter((key) => key.startsWith('{')), originals = [...(room.i ?? [])].filter((key) => !key.startsWith('{'))
  if (once.length !== messages.length) f.add('records', `${once.length} items filed, ${messages.length} messages`)
  if (originals.length !== messages.length) f.add('records', `${originals.length} originals, ${messages.length} messages`)
  const pointers = new Set((room.r ?? new Set()).values())
  const given = new Set(ledger.map((l) => l.ref)).size
  if (pointers.size < given) f.add('records', `${pointers.size} of ${given} references lead somewhere`)
}

// One mail for each person on a ticket, sent, and where it is said to be sent it is there.
async function judgeMails(gate, redis, room, f) {
  const names = [...(room.d ?? [])], states = await redis.all(names, (key) => ['HGET', key, 'state'])
  const people = (await redis.all([...(room.p ?? [])], (key) => ['HLEN', key])).reduce((a, b) => a + b, 0)
  if (names.length !== people) f.add('mails', `${names.length} mails for ${people} people`)
  const files = readdirSync(join(gate.data, 'mail')).filter((file) => file.endsWith('.eml')).map((file) => /(eml_\w+)\.eml$/.exec(file)[1])
  const there = new Set(files)
  names.forEach((key, i) => {
    if (states[i] !== 'sent') f.add('mails', `${tail(key)} is ${states[i]}`)
    else if (!there.has(tail(key))) f.add('mails', `${tail(key)} was sent and is not there`)
  })
  return { mails: names.length, files: files.length, twice: files.length - there.size }
}

export async function audit({ gate, clients }) {
  const f = new Findings(LISTS), ledger = readLedger(clients.ledger), attempts = clients.attempts
  if (ledger.length !== clients.answers.length) f.add('lost', 'the ledger itself')
  const found = await texts(gate)
  counts(attempts, found, f)
  const { looked } = await look(gate, ledger, attempts, f)
  const redis = await connect(gate.data), room = await rooms(redis)
  const tickets = await judgeTickets(redis, room, f)
  await judgeAccounts(redis, room, tickets, f)
  await judgeTrail(redis, room, tickets, f)
  await judgeItems(redis, room, ledger, found, f)
  const mails = await judgeMails(gate, redis, room, f)
  redis.close()
  if (gate.stuck > 0) f.add('lost', `${gate.stuck} items are parked or not filed`)
  const messages = [...found.values()].reduce((n, list) => n + list.length, 0)
  return { findings: f.lists, ledger: ledger.length, looked, tickets: tickets.size, messages, unasked: messages - ledger.length, ...mails }
}
