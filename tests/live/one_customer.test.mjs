// One customer writes by form, mail, phone, post and through the desk that was there before: one account, one open
// ticket, five origins on one timeline; in whatever order they come, and where they come at the same moment.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { LONG, many, open, story, until, write } from './kit.mjs'
import { letter, relay } from './lmtp.mjs'
import { call, deskTicket, post, sender } from './senders.mjs'

const TIMES = LONG ? 200 : 40
const ORDERS = LONG ? 120 : 24
const SETTLE_MS = 2000
const PASSWORD = 'correct horse battery staple'
const CHANNELS = ['web', 'mail', 'phone', 'social', 'desk']
const customer = (i) => ({
  account: `ONE-${i}`, name: `Person ${String.fromCharCode(97 + (i % 26))}${i}`, email: `person${i}@customer${i}.example.com`, phone: `+8862${23000000 + i}`,
})

let door, headers, bots

async function staff(path) {
  const answer = await door.ask('GET', path, { to: 'staff', headers })
  assert.equal(answer.status, 200, `${path}: ${answer.text}`)
  return answer.json
}

async function signIn() {
  const made = await door.run(['staff', 'add', 'mei', '--role', 'manager'], { input: `${PASSWORD}\n` })
  assert.equal(made.code, 0, made.err)
  headers = { 'sec-fetch-site': 'same-origin' }
  const answer = await door.ask('POST', '/api/session', { to: 'staff', json: { name: 'mei', password: PASSWORD }, headers })
  headers.cookie = answer.headers['set-cookie'][0].split(';')[0]
}

async function mail(c) {
  const line = await relay(door)
  const [reply] = await line.send(letter({ from: c.email, subject: `Our site is gone (${c.account})` }), { from: c.email, to: ['support@localhost'] })
  assert.match(reply, /^250/)
  line.close()
}

async function bot(kind, json) {
  const answer = await bots[kind].post(json)
  assert.equal(answer.status, 202, answer.text)
}

const ways = {
  web: (c) => door.request({ problem: `Our site is gone (${c.account}).`, email: c.email }),
  mail,
  phone: (c) => bot('phone', call({ from: c.phone })),
  social: (c) => bot('social', post({ author: { handle: `@${c.account.toLowerCase()}@social.example`, name: c.name, followers: 12 }, claims: { email: c.email } })),
  desk: (c) => bot('desk', deskTicket({ requester: { email: c.email, name: c.name } })),
}

const idle = () => until('everything is filed', async () => (await door.admin('/metrics')).text.includes('\npostern_journal_unfiled_items 0\n'), 20000, 50)

async function judge(c) {
  const found = (await staff(`/api/search?q=${encodeURIComponent(c.email)}`)).items
  const accounts = [...new Set(found.map((t) => t.account.id))]
  assert.equal(accounts.length, 1, `${c.account}: ${accounts.length} accounts`)
  const account = await staff(`/api/accounts/${accounts[0]}`)
  assert.equal(account.work.length, 1, `${c.account}: ${account.work.length} tickets: ${account.work.map((w) => w.channels)}`)
  const ticket = await staff(`/api/tickets/${account.work[0].ticket}`)
  const origins = ticket.messages.filter((m) => m.origin?.item).map((m) => m.origin)
  assert.deepEqual(origins.map((o) => o.channel).sort(), [...CHANNELS].sort(), c.account)
  assert.equal(new Set(origins.map((o) => o.item)).size, CHANNELS.length)
  assert.deepEqual(account.timeline.map((e) => e.channel).filter(Boolean).sort(), [...CHANNELS].sort(), 'on one timeline')
  assert.match(ticket.routing.facts.heat, /^2 in \d+s, 3 in \d+s, 4 in \d+s, 5 in \d+s$/)
  assert.deepEqual([ticket.queue, ticket.priority], ['outage', 65], 'whoever tries every door is moved up')
}

// All orders of the five, a spread of them where fewer are asked for.
function orders(n) {
  const all = (list) => (list.length < 2 ? [list] : list.flatMap((x, i) => all(list.filter((y, k) => k !== i)).map((rest) => [x, ...rest])))
  const every = all(CHANNELS)
  return Array.from({ length: n }, (x, i) => every[Math.floor((i * every.length) / n)])
}

before(async () => {
  door = await open({ settings: { limits: 'off' } })
  await signIn()
  const rows = Array.from({ length: TIMES + ORDERS }, (x, i) => customer(i)).map((c) => [c.account, `Customer ${c.account}`, c.name, c.email, c.phone, 'admin', `S-${c.account}`, 'all'].join())
  const file = write(door, 'contacts.csv', `account,account_name,contact_name,email,phone,role,site_id,authorised_for\n${rows.join('\n')}\n`)
  const brought = await door.run(['contacts', 'import', '--source', 'crm', file])
  assert.equal(brought.code, 0, brought.err)
  bots = { phone: await sender(door, 'phone', 'ivr'), social: await sender(door, 'social', 'posts'), desk: await sender(door, 'desk', 'old-desk') }
})
after(() => door.stop())

story('five reports at the same moment are one account and one ticket', async (t) => {
  const late = []
  for (let i = 0; i < TIMES; i++) {
    const c = customer(i)
    await Promise.all(CHANNELS.map((channel) => ways[channel](c)))
    const since = Date.now()
    await idle()
    late.push(Date.now() - since)
    await judge(c)
  }
  late.sort((a, b) => a - b)
  t.diagnostic(`${TIMES} customers; idle after ${late[TIMES >> 1]} ms, at most ${late.at(-1)} ms`)
  assert.ok(late.at(-1) < SETTLE_MS, `idle after ${late.at(-1)} ms`)
})

story('and in any order', async () => {
  const list = orders(ORDERS)
  await many(list.length, 4, async (n) => {
    for (const channel of list[n]) await ways[channel](customer(TIMES + n))
  })
  await idle()
  for (let n = 0; n < list.length; n++) await judge(customer(TIMES + n)).catch((e) => { throw new Error(`${list[n]}: ${e.message}`) })
})
