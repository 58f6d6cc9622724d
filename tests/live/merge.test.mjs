// Accounts that are one customer, words that stand on the wrong ticket, and spam: as an agent, a lead, a manager and an auditor
// decide, and as the customer sees it. The whole daemon, real Redis.
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { open, story, until, write } from './kit.mjs'
import { post, sender } from './senders.mjs'

const ORIGIN = 'https://console.example', PASSWORD = 'correct horse battery staple'
let door, social, mei, lea, max, eve

class Console {
  async signIn(name, role) {
    const made = await door.run(['staff', 'add', name, '--role', role], { input: `${PASSWORD}\n` })
    assert.equal(made.code, 0, made.err)
    this.cookie = (await this.post('/api/session', { name, password: PASSWORD })).headers['set-cookie'][0].split(';')[0]
    return this
  }

  ask(method, path, json) {
    return door.ask(method, path, { to: 'staff', json, headers: { 'sec-fetch-site': 'same-origin', ...(this.cookie ? { cookie: this.cookie } : {}) } })
  }

  get(path) {
    return this.ask('GET', path)
  }

  post(path, json) {
    return this.ask('POST', path, json)
  }

  ticket(id) {
    return this.get(`/api/tickets/${id}`).then((a) => a.json)
  }

  account(id) {
    return this.get(`/api/accounts/${id}`).then((a) => a.json)
  }

  find(reference) {
    return until(`ticket of ${reference}`, async () => (await this.get(`/api/search?q=${reference}`)).json.items[0])
  }
}

let people = 0

// Somebody who is on record with two customers, by mailbox with the one and by number with the other, and posts.
async function onRecordTwice() {
  const n = ++people, email = `mei${n}@twice.example`, phone = `+88690000${String(n).padStart(4, '0')}`
  const file = write(door, `twice-${n}.csv`, 'account,account_name,contact_name,email,phone,role\n'
    + `M-${n},Mailbox ${n} Ltd,Mei,${email},,admin\nP-${n},Phone ${n} Ltd,Mei,,${phone},admin\n`)
  const done = await door.run(['contacts', 'import', '--source', `twice-${n}`, file])
  assert.equal(done.code, 0, done.err)
  return { email, phone, author: { handle: `@mei${n}@social.example` } }
}

const posted = async (author, text, claims) => {
  const { reference } = (await social.post(post({ author, text, claims }))).json
  return { receipt: { reference }, ticket: await mei.find(reference) }
}

const filed = async (fields) => {
  const receipt = await door.request(fields)
  return { receipt, ticket: await mei.find(receipt.reference) }
}

// Both reports of one person, in two accounts.
async function twoAccounts() {
  const who = await onRecordTwice()
  const call = await filed({ problem: 'Called.', phone: who.phone })
  const mail = await filed({ problem: 'Wrote.', email: who.email })
  assert.notEqual(call.ticket.account.id, mail.ticket.account.id)
  return { who, call, mail, here: mail.ticket.account.id, there: call.ticket.account.id }
}

const timeline = async ({ receipt }) => (await door.look(receipt)).timeline.map((m) => m.text)

before(async () => {
  door = await open({ settings: { 'origin-staff': ORIGIN } })
  social = await sender(door, 'social', 'bot')
  ;[mei, lea, max, eve] = [await new Console().signIn('mei', 'agent'), await new Console().signIn('lea', 'lead'),
    await new Console().signIn('max', 'manager'), await new Console().signIn('eve', 'auditor')]
})
after(() => door.stop())

describe('a manager merges', () => {
  story('and both accounts show all there is, the list shows the one customer, and it can be taken back', async () => {
    const { who, call, mail, here, there } = await twoAccounts()
    const made = await max.post(`/api/accounts/${here}/merge`, { into: there, why: 'Same people, says Mei.' })
    assert.equal(made.status, 200, JSON.stringify(made.json))
    const root = await mei.account(there), alias = await mei.account(here)
    assert.deepEqual(root.work.map((w) => w.reference).sort(), [call.receipt.reference, mail.receipt.reference].sort())
    assert.deepEqual(root.timeline.map((m) => m.text).sort(), ['Called.', 'Wrote.'])
    assert.equal(root.contacts.length, 2)
    assert.deepEqual(root.aliases.map((a) => [a.edge, a.account, a.why, a.by_name]), [[made.json.edge, here, 'Same people, says Mei.', 'max']])
    assert.deepEqual([alias.stands_for, alias.aliases[0].account, root.stands_for], [there, there, null])
    assert.deepEqual((await mei.find(mail.receipt.reference)).account, root.work.find((w) => w.reference === call.receipt.reference).account)
    const again = await filed({ problem: 'And by form.', email: who.email })
    assert.equal(again.ticket.ticket, mail.ticket.ticket)
    const undone = await max.post(`/api/accounts/${there}/unmerge`, { edge: made.json.edge })
    assert.deepEqual([undone.status, undone.json], [200, { edge: made.json.edge }])
    assert.deepEqual((await mei.account(there)).aliases, [])
    assert.equal((await mei.find(again.receipt.reference)).account.id, here)
    assert.deepEqual(await timeline(again), ['And by form.'])
    assert.equal((await max.post(`/api/accounts/${there}/unmerge`, { edge: made.json.edge })).status, 404)
  })

  story('and words that come in meanwhile, on the other account\'s ticket, go home afterwards', async () => {
    const who = await onRecordTwice()
    const call = await filed({ problem: 'Called.', phone: who.phone }), there = call.ticket.account.id
    const other = await filed({ problem: 'Elsewhere.', email: who.email }), here = other.ticket.account.id
    for (const state of ['solved', 'closed']) await mei.post(`/api/tickets/${other.ticket.ticket}/state`, { state })
    assert.equal((await posted(who.author, 'Our number is known to you.', { phone: who.phone })).ticket.ticket, call.ticket.ticket)
    const { edge } = (await max.post(`/api/accounts/${here}/merge`, { into: there, why: 'one' })).json
    const seen = await posted(who.author, 'And my mailbox.', { email: who.email })
    assert.equal(seen.ticket.ticket, call.ticket.ticket)
    const mail = await filed({ problem: 'Wrote.', email: who.email })
    assert.equal(mail.ticket.ticket, call.ticket.ticket)
    const more = await door.post(`${mail.receipt.url}/messages`, { json: { text: 'And more.' }, token: mail.receipt.token })
    assert.equal(more.status, 201)
    const newest = (await mei.ticket(call.ticket.ticket)).messages.at(-1).id
    const reply = await mei.post(`/api/tickets/${call.ticket.ticket}/reply`, { text: 'We look at it.', seen: newest })
    assert.equal(reply.status, 201)
    assert.equal((await max.post(`/api/accounts/${here}/unmerge`, { edge })).status, 200)
    const home = await mei.find(mail.receipt.reference)
    assert.equal(home.account.id, here)
    assert.deepEqual((await mei.ticket(home.ticket)).messages.map((m) => m.text), ['And my mailbox.', 'Wrote.', 'And more.', 'We look at it.'])
    assert.deepEqual((await mei.ticket(call.ticket.ticket)).messages.map((m) => m.text), ['Called.', 'Our number is known to you.'])
    assert.deepEqual(await timeline(mail), ['Wrote.', 'And more.', 'We look at it.'])
    assert.deepEqual(await timeline(call), ['Called.'])
    const later = await door.post(`${mail.receipt.url}/messages`, { json: { text: 'Thanks.' }, token: mail.receipt.token })
    assert.equal(later.status, 201)
    assert.deepEqual(await timeline(mail), ['Wrote.', 'And more.', 'We look at it.', 'Thanks.'])
  })

  story('what cannot be: itself, again, somebody nobody knows, without a reason', async () => {
    const { here, there } = await twoAccounts(), nobody = `acc_${'0'.repeat(26)}`
    const merge = (from, into, why = 'one') => max.post(`/api/accounts/${from}/merge`, { into, why }).then((a) => [a.status, a.json.code])
    assert.deepEqual(await merge(here, here), [409, 'one-already'])
    assert.equal((await merge(here, nobody))[0], 404)
    assert.equal((await merge(nobody, here))[0], 404)
    assert.equal((await merge('tkt_0', here))[0], 404)
    assert.equal((await merge(here, there, ' '))[0], 422)
    assert.equal((await merge(here, 'tkt_0'))[0], 422)
    assert.equal((await merge(here, there))[0], 200)
    assert.deepEqual(await merge(there, here), [409, 'one-already'])
  })

  story('and nobody else may', async () => {
    const { here, there } = await twoAccounts()
    for (const [who, merges, decides] of [[mei, 403, 403], [lea, 403, 404], [eve, 403, 403]]) {
      assert.equal((await who.post(`/api/accounts/${here}/merge`, { into: there, why: 'one' })).status, merges)
      assert.equal((await who.post(`/api/accounts/${here}/unmerge`, { edge: `edg_${'0'.repeat(26)}` })).status, decides)
    }
    const { edge } = (await max.post(`/api/accounts/${here}/merge`, { into: there, why: 'one' })).json
    assert.equal((await lea.post(`/api/accounts/${here}/unmerge`, { edge })).status, 403)
    assert.equal((await eve.account(here)).aliases[0].edge, edge)
  })
})

// The partition that an id tells: the first six bits behind its time.
const partition = (id) => {
  const [five, one] = [...id.slice(14, 16)].map((c) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(c))
  return five * 2 + (one >> 4)
}

// A suspected duplicate as it is left by whatever raised it.
async function suspect(here, there, ticket, score = 61) {
  const id = `dup_${ticket.slice(4)}`
  const record = { a: here, b: there, score, reasons: [{ kind: 'name', points: 6 }], rule: 'match.rules:3', at: Date.now() }
  await door.redis('HSET', `{p${partition(ticket)}}:du`, id, JSON.stringify(record))
  return id
}

describe('a lead decides on suspected duplicates', () => {
  const list = async (who = lea) => (await who.get('/api/duplicates?limit=200')).json.items

  story('yes links them, and may be taken back', async () => {
    const { mail, here, there } = await twoAccounts(), id = await suspect(here, there, mail.ticket.ticket)
    const item = (await list(eve)).find((d) => d.id === id)
    assert.deepEqual([item.a, item.b, item.score, item.rule], [here, there, 61, 'match.rules:3'])
    assert.match(item.a_name, /^Mailbox/)
    assert.equal((await mei.find(mail.receipt.reference)).duplicates, 1)
    const yes = await lea.post(`/api/duplicates/${id}`, { same: true })
    assert.deepEqual([yes.status, yes.json.same], [200, true])
    assert.equal((await list()).find((d) => d.id === id), undefined)
    assert.equal((await mei.find(mail.receipt.reference)).duplicates, 0)
    assert.equal((await mei.account(here)).stands_for, there)
    assert.equal((await lea.post(`/api/duplicates/${id}`, { same: true })).status, 404)
    assert.equal((await lea.post(`/api/accounts/${here}/unmerge`, { edge: yes.json.edge })).status, 200)
    assert.equal((await mei.account(here)).stands_for, null)
  })

  story('no is remembered, whoever asks again', async () => {
    const { mail, call, here, there } = await twoAccounts(), id = await suspect(here, there, mail.ticket.ticket)
    const no = await lea.post(`/api/duplicates/${id}`, { same: false })
    assert.deepEqual([no.status, no.json], [200, { same: false, edge: null }])
    for (const again of [await suspect(here, there, mail.ticket.ticket), await suspect(there, here, call.ticket.ticket)]) {
      assert.equal((await list()).find((d) => d.id === again), undefined)
      assert.equal((await lea.post(`/api/duplicates/${again}`, { same: true })).status, 404)
    }
  })

  story('a page at a time, the likeliest first, each pair once; and an agent only looks', async () => {
    const a = await twoAccounts(), b = await twoAccounts()
    const [weak, strong] = [await suspect(a.here, a.there, a.mail.ticket.ticket, 55), await suspect(b.here, b.there, b.mail.ticket.ticket, 79)]
    const twin = await suspect(b.there, b.here, b.call.ticket.ticket, 57)
    const pages = []
    for (let next = ''; next !== null;) {
      const page = (await lea.get(`/api/duplicates?limit=1${next && `&cursor=${next}`}`)).json
      assert.equal(page.items.length, 1)
      pages.push(...page.items)
      next = page.next
    }
    assert.deepEqual(pages, await list())
    assert.deepEqual(pages.map((d) => d.score), pages.map((d) => d.score).sort((x, y) => y - x))
    assert.deepEqual(pages.filter((d) => [weak, strong].includes(d.id)).map((d) => d.id), [strong, weak])
    assert.equal((await list()).find((d) => d.id === twin), undefined)
    for (const who of [mei, eve]) assert.equal((await who.post(`/api/duplicates/${weak}`, { same: false })).status, 403)
    assert.equal((await lea.post(`/api/duplicates/${weak}`, { same: 'yes' })).status, 422)
    assert.equal((await lea.get('/api/duplicates?cursor=x')).status, 422)
  })
})

let askers = 0
const asker = () => `asker${++askers}@move.example`

describe('an agent moves words', () => {
  const texts = async (id) => (await mei.ticket(id)).messages.map((m) => m.text)

  story('into a ticket of their own, and back', async () => {
    const email = asker(), first = await filed({ problem: 'The wiki is gone.', email })
    const second = await filed({ problem: 'And the invoice is wrong.', email })
    assert.equal(second.ticket.ticket, first.ticket.ticket)
    const before = await mei.ticket(first.ticket.ticket), wrong = before.messages[1]
    const split = await mei.post(`/api/tickets/${first.ticket.ticket}/move`, { messages: [wrong.id], to: null })
    assert.equal(split.status, 200, JSON.stringify(split.json))
    const made = await mei.ticket(split.json.ticket)
    assert.deepEqual([made.subject, made.reference, made.state, made.account.id], ['And the invoice is wrong.', second.receipt.reference, 'open', before.account.id])
    assert.deepEqual(made.messages.map((m) => [m.id, m.at, m.origin]), [[wrong.id, wrong.at, wrong.origin]])
    assert.deepEqual(await texts(first.ticket.ticket), ['The wiki is gone.'])
    assert.deepEqual([await timeline(first), await timeline(second)], [['The wiki is gone.'], ['And the invoice is wrong.']])
    assert.ok((await mei.get(`/api/queues/${made.queue}?limit=200`)).json.items.some((t) => t.ticket === made.ticket))
    const back = await mei.post(`/api/tickets/${made.ticket}/move`, { messages: [wrong.id], to: first.ticket.ticket })
    assert.equal(back.status, 200, JSON.stringify(back.json))
    assert.deepEqual(await texts(first.ticket.ticket), ['The wiki is gone.', 'And the invoice is wrong.'])
    assert.equal((await mei.ticket(made.ticket)).state, 'closed')
    assert.equal((await mei.find(second.receipt.reference)).ticket, first.ticket.ticket)
    assert.deepEqual((await mei.ticket(first.ticket.ticket)).history.map((h) => h.kind).filter((k) => k.startsWith('moved')), ['moved-out', 'moved-in'])
  })

  story('some words of a person: they see all of them, and write on', async () => {
    const first = await filed({ problem: 'One.', email: asker() })
    for (const text of ['Two.', 'Three.']) await door.post(`${first.receipt.url}/messages`, { json: { text }, token: first.receipt.token })
    const { messages } = await mei.ticket(first.ticket.ticket), two = messages.find((m) => m.text === 'Two.')
    const split = (await mei.post(`/api/tickets/${first.ticket.ticket}/move`, { messages: [two.id], to: null })).json.ticket
    assert.deepEqual(await timeline(first), ['One.', 'Two.', 'Three.'])
    const reply = await mei.post(`/api/tickets/${split}/reply`, { text: 'About two.', seen: two.id })
    assert.equal(reply.status, 201, JSON.stringify(reply.json))
    await new Promise((r) => setTimeout(r, 5)) // of two words of one millisecond none is the later one
    await door.post(`${first.receipt.url}/messages`, { json: { text: 'Four.' }, token: first.receipt.token })
    assert.deepEqual(await timeline(first), ['One.', 'Two.', 'Three.', 'About two.', 'Four.'])
    assert.deepEqual(await texts(split), ['Two.', 'About two.'])
  })

  story('to another customer: then it is said whose they are, and who wrote them sees no more than before', async () => {
    const stranger = await filed({ problem: 'I saw that Acme is down.', email: asker() })
    const acme = await filed({ problem: 'We are Acme.', email: asker() })
    const [message] = (await mei.ticket(stranger.ticket.ticket)).messages
    assert.equal((await mei.post(`/api/tickets/${stranger.ticket.ticket}/move`, { messages: [message.id], to: acme.ticket.ticket })).status, 200)
    assert.deepEqual(await texts(acme.ticket.ticket), ['I saw that Acme is down.', 'We are Acme.'])
    assert.deepEqual([await timeline(stranger), await timeline(acme)], [['I saw that Acme is down.'], ['We are Acme.']])
    assert.equal((await mei.find(stranger.receipt.reference)).account.id, acme.ticket.account.id)
    await door.post(`${stranger.receipt.url}/messages`, { json: { text: 'Still.' }, token: stranger.receipt.token })
    assert.deepEqual(await texts(acme.ticket.ticket), ['I saw that Acme is down.', 'We are Acme.', 'Still.'])
  })

  story('a post of a bystander is nobody\'s, until it is given to somebody', async () => {
    const acme = await filed({ problem: 'We are Initech.', email: asker() })
    const say = (handle, text) => posted({ handle }, text, { organisation: 'Initech Rumours' })
    const one = await say('@anna@social.example', 'Initech is down, I hear.'), two = await say('@bert@social.example', 'I am Initech, and it is true.')
    assert.equal(two.ticket.ticket, one.ticket.ticket)
    assert.deepEqual(two.ticket.account, { id: null, name: 'Initech Rumours' })
    const [hearsay, ours] = (await mei.ticket(one.ticket.ticket)).messages
    const given = await mei.post(`/api/tickets/${one.ticket.ticket}/move`, { messages: [ours.id], to: acme.ticket.account.id })
    assert.equal(given.status, 200, JSON.stringify(given.json))
    const made = await mei.ticket(given.json.ticket)
    assert.deepEqual([made.account.id, made.messages.map((m) => m.text)], [acme.ticket.account.id, ['I am Initech, and it is true.']])
    assert.deepEqual((await mei.ticket(one.ticket.ticket)).messages.map((m) => m.id), [hearsay.id])
    assert.equal((await mei.find(two.receipt.reference)).ticket, made.ticket)
    assert.equal((await mei.post(`/api/tickets/${made.ticket}/move`, { messages: [ours.id], to: `acc_${'0'.repeat(26)}` })).status, 404)
  })

  story('what cannot be moved stays where it is', async () => {
    const one = await filed({ problem: 'One.', email: asker() }), other = await filed({ problem: 'Other.', email: asker() })
    const [message] = (await mei.ticket(one.ticket.ticket)).messages, [theirs] = (await mei.ticket(other.ticket.ticket)).messages
    const move = async (messages, to, who = mei) => (await who.post(`/api/tickets/${one.ticket.ticket}/move`, { messages, to })).status
    assert.equal(await move([message.id], one.ticket.ticket), 422)
    assert.equal(await move([], null), 422)
    assert.equal(await move(['msg_0'], null), 422)
    assert.equal(await move([message.id]), 422)
    assert.equal(await move([theirs.id], null), 409)
    assert.equal(await move([message.id], `tkt_${'0'.repeat(26)}`), 404)
    assert.equal(await move([message.id], other.ticket.ticket, eve), 403)
    for (const state of ['solved', 'closed']) await mei.post(`/api/tickets/${other.ticket.ticket}/state`, { state })
    assert.equal(await move([message.id], other.ticket.ticket), 409)
    assert.deepEqual(await texts(one.ticket.ticket), ['One.'])
  })
})

describe('an agent puts spam aside', () => {
  story('it leaves the queues, is kept, is answered by nobody, and comes back', async () => {
    const spam = await filed({ problem: 'Buy my watches.', email: asker() }), { ticket, queue } = spam.ticket
    const inQueue = async () => (await mei.get(`/api/queues/${queue}?limit=200`)).json.items.some((t) => t.ticket === ticket)
    const put = (aside, who = mei) => who.post(`/api/tickets/${ticket}/spam`, { spam: aside }).then((a) => a.status)
    assert.equal(await inQueue(), true)
    assert.equal(await put(true, eve), 403)
    assert.equal(await put('yes'), 422)
    assert.deepEqual([await put(true), await put(true), await inQueue()], [200, 200, false])
    assert.deepEqual((await mei.ticket(ticket)).messages.map((m) => m.text), ['Buy my watches.'])
    const seen = (await mei.ticket(ticket)).newest
    const reply = await mei.post(`/api/tickets/${ticket}/reply`, { text: 'No.', seen })
    assert.deepEqual([reply.status, reply.json.code], [409, 'spam'])
    await door.post(`${spam.receipt.url}/messages`, { json: { text: 'Cheap!' }, token: spam.receipt.token })
    await mei.post(`/api/tickets/${ticket}/note`, { text: 'again' })
    assert.equal(await inQueue(), false)
    assert.deepEqual([await put(false), await inQueue()], [200, true])
    assert.equal((await mei.ticket(ticket)).spam, false)
  })

  story('a customer whose address was used for it is heard', async () => {
    const email = asker(), spam = await filed({ problem: 'Buy my watches.', email })
    await mei.post(`/api/tickets/${spam.ticket.ticket}/spam`, { spam: true })
    const real = await filed({ problem: 'Our site is gone.', email })
    assert.notEqual(real.ticket.ticket, spam.ticket.ticket)
    assert.equal(real.ticket.spam, false)
  })
})
