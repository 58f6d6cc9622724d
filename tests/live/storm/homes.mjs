// The auditor of merges: where each word stands by Redis itself, as staff see it, and as its writer does.
import { Findings, judgeTickets, judgeTrail, judgeWork, tail, texts } from './audit.mjs'
import { connect, rooms } from './resp.mjs'

export const newFindings = () => new Findings(['lost', 'doubled', 'altered', 'elsewhere', 'unseen', 'records', 'queues', 'accounts', 'audit trail', 'left over'])

// Text hash -> the accounts in whose tickets it stands.
async function standing(gate) {
  const found = await texts(gate), redis = await connect(gate.data), room = await rooms(redis)
  const names = [...room.t], accounts = await redis.all(names, (key) => ['HGET', key, 'acc']), of = new Map()
  names.forEach((key, i) => of.set(tail(key), accounts[i]))
  redis.close()
  return new Map([...found].map(([key, list]) => [key, list.map(({ ticket }) => of.get(ticket))]))
}

// Each word of p once, in one of these accounts. How many do not stand at home.
function judgeStanding(p, places, accounts, f) {
  let away = 0
  for (const { hash, text } of p.words) {
    const there = places.get(hash) ?? []
    if (there.length === 0) f.add('lost', `${text} is not in Redis`)
    if (there.length > 1) f.add('doubled', `${text} stands in ${there}`)
    if (there.some((account) => !accounts.includes(account))) f.add('elsewhere', `${text} of ${p.account} stands in ${there}`)
    if (there.some((account) => account !== p.account)) away++
  }
  return away
}

// All their words, each once, and no other's.
function judgeTimeline(account, people, f) {
  const said = account.timeline.map((m) => m.text)
  for (const { text } of people.flatMap((p) => p.words)) {
    const n = said.filter((t) => t === text).length
    if (n !== 1) f.add(n === 0 ? 'unseen' : 'doubled', `${text}: ${n} times on the timeline of ${account.account}`)
  }
  const own = new Set(people.flatMap((p) => p.words).map((w) => w.text))
  for (const text of said) if (!own.has(text)) f.add('elsewhere', `${text} on the timeline of ${account.account}`)
}

async function judgeFound(storm, p, account, f) {
  for (const identity of [p.email, p.phone]) {
    const found = [...new Set((await storm.find(identity)).items.map((t) => t.account.id))]
    if (found.join() !== account) f.add('unseen', `${p.name} of ${account} is found by ${identity} in: ${found}`)
  }
}

// While it is one customer: everything is read through the one account.
export async function auditTogether(storm, { from, into, stranger }) {
  const f = storm.findings, places = await standing(storm.gate), both = [from.account, into.account]
  for (const p of [from, into]) storm.counts.away += judgeStanding(p, places, both, f)
  judgeStanding(stranger, places, [stranger.account], f)
  if (both.includes(stranger.account)) f.add('elsewhere', `${stranger.name} was taken for one of ${both}`)
  judgeTimeline(await storm.look(`/api/accounts/${into.account}`), [from, into], f)
  for (const p of [from, into]) await judgeFound(storm, p, into.account, f)
}

// Their own words, all of them, in order.
async function judgeReceipts(storm, p, f) {
  for (const { ref, token, texts: mine } of p.receipts) {
    const view = await storm.gate.door.get(`/requests/${ref}`, { token })
    const seen = view.json.timeline?.filter((m) => m.who === 'you').map((m) => m.text) ?? [`${view.status}`]
    if (seen.join('\n') !== mine.join('\n')) f.add('unseen', `${ref} shows ${JSON.stringify(seen)}, not ${JSON.stringify(mine)}`)
  }
}

// After it was taken back: everybody is home.
export async function auditHomes(storm, people) {
  const f = storm.findings, places = await standing(storm.gate)
  if (storm.gate.stuck > 0) f.add('lost', `${storm.gate.stuck} items are parked or not filed`)
  for (const p of people) {
    judgeStanding(p, places, [p.account], f)
    const account = await storm.look(`/api/accounts/${p.account}`)
    judgeTimeline(account, [p], f)
    if (account.stands_for !== null || account.aliases.length > 0) f.add('left over', `${p.account} is merged, with ${JSON.stringify(account.aliases)}`)
    await judgeFound(storm, p, p.account, f)
    await judgeReceipts(storm, p, f)
  }
}

// Nothing of a merge or a move is left where none is under way.
async function judgeLeft(redis, room, tickets, f) {
  for (const name of ['mv', 'gu', 'al']) for (const key of room[name] ?? []) f.add('left over', `${key} is still there`)
  const accounts = [...(room.a ?? [])], read = await redis.all(accounts, (key) => ['HKEYS', key])
  accounts.forEach((key, i) => read[i].filter((name) => /^(held:|alias$|edge$)/.test(name)).forEach((name) => f.add('left over', `${key} has ${name}`)))
  for (const [ticket, t] of tickets) for (const name of Object.keys(t)) if (/^(moving$|got:|hm:)/.test(name)) f.add('left over', `${ticket} has ${name}`)
}

// Of all rounds together, when they are over.
export async function auditRest(storm) {
  const f = storm.findings, redis = await connect(storm.gate.data), room = await rooms(redis), known = new Set(storm.words().map((w) => w.hash))
  for (const key of (await texts(storm.gate)).keys()) if (!known.has(key)) f.add('altered', `Redis holds words that nobody wrote: ${key}`)
  const tickets = await judgeTickets(redis, room, f)
  await judgeWork(redis, room, tickets, f)
  await judgeTrail(redis, room, tickets, f)
  await judgeLeft(redis, room, tickets, f)
  storm.counts.tickets = tickets.size
  redis.close()
}
