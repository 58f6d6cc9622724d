// What bots, telephone systems and other desks report by signed webhooks, as npm's standardwebhooks sends it; and what
// nobody gets in who did not sign.
import assert from 'node:assert/strict'
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe } from 'node:test'
import { many, open, redisServer, sleep, story, until } from './kit.mjs'
import { member } from './member.mjs'
import { call, command, deliver, deskTicket, message, post, rumour, seconds, sender } from './senders.mjs'

let door, bot, ivr, desk, mei
before(async () => {
  door = await open({ settings: { limits: 'off' } })
  ;[bot, ivr, desk] = [await sender(door, 'social', 'masto-bot'), await sender(door, 'phone', 'ivr'), await sender(door, 'desk', 'zendesk')]
  mei = await member(door, 'mei')
})
after(() => door.stop())

const metric = async (name, at = door) => Number(new RegExp(`^postern_${name} (\\d+)`, 'm').exec((await at.admin('/metrics')).text)[1])
const settled = (at = door) => until('all is filed', async () => (await metric('journal_unfiled_items', at)) === 0)

describe('a report', () => {
  const kinds = [['social', () => bot, post], ['phone', () => ivr, call], ['desk', () => desk, deskTicket]]
  for (const [kind, who, make] of kinds) {
    story(`of ${kind} is taken, and has a reference`, async () => {
      const a = await who().post(make())
      assert.equal(a.status, 202, a.text)
      assert.match(a.json.item, /^itm_/)
      assert.equal(a.headers['idempotent-replayed'], undefined)
    })
    story(`of ${kind} with a member missing is refused with its name`, async () => {
      const json = make()
      for (const name of Object.keys(json)) {
        const a = await who().post({ ...json, [name]: undefined })
        assert.equal(a.status, 422, `${name}: ${a.text}`)
        assert.deepEqual(a.json.errors.map((e) => [e.field.split('.')[0], e.code]), [[name, 'missing']])
      }
    })
    story(`of ${kind} signed for another kind is not`, async () => {
      for (const other of ['social', 'phone', 'desk'].filter((k) => k !== kind)) {
        assert.equal((await deliver(door, other, message(who().secret, make()))).status, 401)
      }
    })
  }

  story('that is no JSON is 400, twice the same name too; another type is 415; too much is 413', async () => {
    for (const body of ['{', '', '{"platform":"a","platform":"b"}', '[', 'null x']) {
      assert.equal((await deliver(door, 'social', message(bot.secret, body))).status, 400, body)
    }
    assert.equal((await deliver(door, 'social', message(bot.secret, '[]'))).status, 422)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '', ['application/json', 'application/json']]) {
      assert.equal((await deliver(door, 'social', { ...message(bot.secret, post()), more: { 'content-type': type } })).status, 415, type)
    }
    const large = message(bot.secret, post({ text: 'x'.repeat(65536) }))
    assert.equal((await deliver(door, 'social', large)).status, 413)
    assert.equal((await deliver(door, 'social', { ...message(bot.secret, post()), more: { 'content-type': 'application/json; charset=utf-8' } })).status, 202)
    assert.equal((await door.get('/channels/social')).status, 405)
  })

  story('sends no mail to anybody, whatever it names', async () => {
    const before = door.mails().length, named = 'named@victim.example'
    assert.equal((await bot.post(post({ claims: { email: named } }))).status, 202)
    assert.equal((await ivr.post(call({ claims: { email: named } }))).status, 202)
    assert.equal((await desk.post(deskTicket({ requester: { email: named }, claims: { on_behalf_of: { email: named } } }))).status, 202)
    await settled()
    await door.request({ email: 'canary.channels@example.org' })
    await door.mailTo('canary.channels@example.org')
    assert.deepEqual(door.mails().slice(before).map((m) => m.to), ['canary.channels@example.org'])
  })

  story('opens nothing to whoever knows its reference', async () => {
    const { json } = await bot.post(post())
    await settled()
    assert.equal((await door.get(`/requests/${json.reference}`)).status, 401)
    const asked = await door.post(`/requests/${json.reference}/code`, { json: { email: 'curious@example.org' } })
    assert.equal(asked.status, 202)
    await sleep(300)
    assert.equal(door.mails().filter((m) => m.to === 'curious@example.org').length, 0)
  })
})

describe('staff see', () => {
  const ticketOf = async (a) => {
    assert.equal(a.status, 202, a.text)
    return mei.ticket((await mei.find(a.json.reference)).ticket)
  }

  story('who wrote, where, and what they claim; nothing of it is proven', async () => {
    const url = 'https://social.example/@aya/1', t = await ticketOf(await bot.post(post({ url, author: { handle: '@aya.sees@social.example', name: 'Aya' }, claims: { site: 'Shop 77', invoice: 'INV-77' } })))
    assert.deepEqual([t.channels, t.level, t.participants[0].identity, t.participants[0].speaks_for], [['social'], 0, '@aya.sees@social.example', null])
    const { handle, source, site, invoice, name } = t.claims
    assert.deepEqual([handle, source, t.claims.url, site, invoice, name], ['@aya.sees@social.example', 'mastodon', url, 'Shop 77', 'INV-77', 'Aya'])
    assert.ok(t.messages[0].raw)
  })

  story('a loud post and a ticket of the chief’s office where rules send them', async () => {
    const queue = async (a) => (await ticketOf(a)).queue
    assert.equal(await queue(await bot.post(rumour())), 'public')
    assert.equal(await queue(await bot.post(rumour({ author: { handle: '@loud@social.example', followers: 10000 } }))), 'executive')
    assert.equal(await queue(await desk.post(deskTicket())), 'triage')
    const t = await ticketOf(await desk.post(deskTicket({ executive: true, subject: 'To the chief executive' })))
    assert.deepEqual([t.queue, t.subject, t.routing.facts.executive, t.routing.now], ['executive', 'To the chief executive', 'yes', 'executive'])
  })

  story('an escalation that joins what was quiet where it belongs', async () => {
    const requester = { email: 'patient@escalates.example' }, quiet = await ticketOf(await desk.post(deskTicket({ requester })))
    assert.equal(quiet.queue, 'triage')
    const now = await ticketOf(await desk.post(deskTicket({ requester, executive: true })))
    assert.deepEqual([now.ticket, now.queue, now.messages.length], [quiet.ticket, 'executive', 2])
    const rows = async (queue) => (await mei.get(`/api/queues/${queue}?limit=200`)).json.items.filter((r) => r.ticket === now.ticket).length
    assert.deepEqual([await rows('triage'), await rows('executive')], [0, 1])
  })

  story('for whom somebody speaks, and the one who speaks as themselves', async () => {
    const claims = { on_behalf_of: { name: 'Noor Aziz', organisation: 'Noor Foods' } }
    const t = await ticketOf(await desk.post(deskTicket({ requester: { email: 'agent@agency.example', name: 'An Agent' }, claims })))
    assert.deepEqual([t.participants.length, t.participants[0].name, t.participants[0].speaks_for], [1, 'An Agent', 'Noor Aziz, Noor Foods'])
    assert.equal(t.claims.behalf_name, 'Noor Aziz')
  })

  story('a reference that is named as an offer; nothing joins by it', async () => {
    const first = await ticketOf(await ivr.post(call())), second = await ticketOf(await bot.post(post({ claims: { reference: first.reference.toLowerCase() } })))
    assert.notEqual(second.ticket, first.ticket)
    assert.deepEqual(second.suggestions.map((s) => [s.reference, s.ticket, s.why]), [[first.reference, first.ticket, 'claimed']])
    assert.equal((await mei.ticket(first.ticket)).messages.length, 1)
  })

  story('one thing where the same post, call or ticket comes again under another id', async () => {
    for (const [who, json, edited] of [[bot, rumour(), { text: 'Edited.' }], [ivr, call(), { seconds: 9 }], [desk, deskTicket(), { executive: true }]]) {
      const first = await who.post(json), again = await who.post({ ...json, ...edited })
      const [a, b] = [await ticketOf(first), await ticketOf(again)]
      assert.deepEqual([b.ticket, b.messages.map((m) => m.id)], [a.ticket, a.messages.map((m) => m.id)])
      assert.equal(b.messages.length, 1)
    }
  })

  story('one thing, too, where two bots forward a post at the same moment, 50 times', async () => {
    const other = await sender(door, 'social', 'second-bot')
    for (let i = 0; i < 50; i++) {
      const json = rumour()
      const both = await Promise.all([bot.post(json), other.post({ ...json, text: `${json.text} Seen by another.` })])
      const [a, b] = await Promise.all(both.map(ticketOf))
      assert.equal(a.ticket, b.ticket)
      assert.equal(a.messages.length, 1)
    }
  })
})

describe('the same webhook-id', () => {
  story('again gets the same answer', async () => {
    const m = message(bot.secret, post())
    const first = await deliver(door, 'social', m)
    for (let i = 0; i < 3; i++) {
      const again = await deliver(door, 'social', m)
      assert.deepEqual([again.status, again.json, again.headers['idempotent-replayed']], [202, first.json, 'true'])
    }
  })

  story('signed anew, later, gets it too: retries keep their id', async () => {
    const json = post(), id = `msg_${randomUUID()}`
    const first = await bot.post(json, { id, at: seconds() - 200 }), later = await bot.post(json, { id, at: seconds() })
    assert.deepEqual([later.status, later.json, later.headers['idempotent-replayed']], [202, first.json, 'true'])
  })

  story('with another body is refused', async () => {
    const id = `msg_${randomUUID()}`
    assert.equal((await bot.post(post(), { id })).status, 202)
    const other = await bot.post(post(), { id })
    assert.deepEqual([other.status, other.json.code], [422, 'key-reused'])
  })

  story('of another sender is another message', async () => {
    const other = await sender(door, 'social', 'other-bot'), id = `msg_${randomUUID()}`
    const a = await bot.post(post(), { id }), b = await other.post(post(), { id })
    assert.deepEqual([a.status, b.status], [202, 202])
    assert.notEqual(a.json.item, b.json.item)
  })

  story('200 times at once has one effect', async () => {
    await settled()
    const m = message(bot.secret, post()), rows = await metric('items_filed_total')
    const all = await many(200, 200, () => deliver(door, 'social', m))
    const taken = all.filter((a) => a.status === 202)
    assert.deepEqual([...new Set(all.map((a) => a.status))].filter((s) => s !== 202 && s !== 409), [])
    assert.ok(taken.length > 0)
    assert.equal(new Set(taken.map((a) => a.text)).size, 1)
    assert.equal(taken.filter((a) => a.headers['idempotent-replayed'] === undefined).length, 1)
    await settled()
    assert.equal(await metric('items_filed_total'), rows + 1)
  })
})

describe('who did not sign', () => {
  const key = (secret) => Buffer.from(secret.slice(6), 'base64')
  const mac = (secret, text) => createHmac('sha256', typeof secret === 'string' ? key(secret) : secret).update(text).digest()
  const v1 = (bytes) => `v1,${bytes.toString('base64')}`
  const sign = (m, secret = bot.secret) => ({ ...m, signature: v1(mac(secret, `${m.id}.${m.at}.${m.body}`)) })
  const any = (n) => Math.floor(Math.random() * n)
  const flip = (text) => { const at = any(text.length); return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1) }
  const raw = (m) => m.signature.slice(3)
  const bytes = (m) => Buffer.from(raw(m), 'base64')
  const flipped = (m) => { const b = bytes(m); b[any(32)] ^= 1 << any(8); return v1(b) }
  const twice = (m, name, value) => ({ ...m, more: { [name]: value } })

  // Each takes a good message and answers one that nobody signed, or that is signed in a way we do not take.
  const kinds = [
    ['a byte of the body changed', (m) => ({ ...m, body: flip(m.body) })],
    ['a byte behind the body', (m) => ({ ...m, body: `${m.body}${' \n\t0}'[any(5)]}` })],
    ['the last byte cut off', (m) => ({ ...m, body: m.body.slice(0, -1) })],
    ['the body written anew', (m) => ({ ...m, body: JSON.stringify(JSON.parse(m.body), null, 1 + any(3)) })],
    ['no body', (m) => ({ ...m, body: '' })],
    ['the body of another message', (m) => ({ ...m, body: message(bot.secret, post()).body })],
    ['a member twice', (m) => ({ ...m, body: `{"text":"${any(1e9)}",${m.body.slice(1)}` })],
    ['another id', (m) => ({ ...m, id: `msg_${randomUUID()}` })],
    ['an id with more behind it', (m) => ({ ...m, id: `${m.id}${any(10)}` })],
    ['an id cut short', (m) => ({ ...m, id: m.id.slice(0, -1 - any(5)) })],
    ['an id in capitals', (m) => ({ ...m, id: m.id.toUpperCase() })],
    ['an id with a dot, signed', (m) => sign({ ...m, id: `${m.id}.${any(10)}` })],
    ['an id with a slash, signed', (m) => sign({ ...m, id: `${m.id}/${any(10)}` })],
    ['an id of 65 characters, signed', (m) => sign({ ...m, id: randomBytes(40).toString('hex').slice(0, 65) })],
    ['an empty id, signed', (m) => sign({ ...m, id: '' })],
    ['no id', (m) => twice(m, 'webhook-id', undefined)],
    ['two ids', (m) => twice(m, 'webhook-id', [m.id, `msg_${any(10)}`])],
    ['another second', (m) => ({ ...m, at: String(Number(m.at) + 1 + any(9)) })],
    ['an earlier second', (m) => ({ ...m, at: String(Number(m.at) - 1 - any(9)) })],
    ['too old, signed', (m) => sign({ ...m, at: String(seconds() - 302 - any(1e6)) })],
    ['too new, signed', (m) => sign({ ...m, at: String(seconds() + 310 + any(1e6)) })],
    ['a leading zero, signed', (m) => sign({ ...m, at: `0${m.at}` })],
    ['a plus, signed', (m) => sign({ ...m, at: `+${m.at}` })],
    ['letters behind the time, signed', (m) => sign({ ...m, at: `${m.at}${['a', 'abc', '.0', 'e0'][any(4)]}` })],
    ['ms, signed', (m) => sign({ ...m, at: `${m.at}${100 + any(900)}` })],
    ['no time', (m) => twice(m, 'webhook-timestamp', undefined)],
    ['two times', (m) => twice(m, 'webhook-timestamp', [m.at, m.at])],
    ['a bit of the signature changed', (m) => ({ ...m, signature: flipped(m) })],
    ['a signature cut short', (m) => ({ ...m, signature: v1(bytes(m).subarray(0, any(32))) })],
    ['a longer one', (m) => ({ ...m, signature: v1(Buffer.concat([bytes(m), randomBytes(1 + any(3))])) })],
    ['a signature by chance', (m) => ({ ...m, signature: v1(randomBytes(32)) })],
    ['the signature of another message', (m) => ({ ...m, signature: message(bot.secret, post()).signature })],
    ['in hex', (m) => ({ ...m, signature: `v1,${bytes(m).toString('hex')}` })],
    ['in another base64', (m) => ({ ...m, signature: `v1,${bytes(m).toString('base64url')}` })],
    ['with an end that is not canonical', (m) => ({ ...m, signature: m.signature.replace(/.=$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`) })],
    ['under another version', (m) => ({ ...m, signature: `${['v1a', 'v2', 'V1', 'v0', 'v11'][any(5)]},${raw(m)}` })],
    ['without a version', (m) => ({ ...m, signature: raw(m) })],
    ['with words beside it', (m) => ({ ...m, signature: `${m.signature} ${['x', 'v1', 'and more', 'v1,'][any(4)]}` })],
    ['no signature', (m) => twice(m, 'webhook-signature', undefined)],
    ['an empty one', (m) => ({ ...m, signature: '' })],
    ['two headers of it', (m) => twice(m, 'webhook-signature', [m.signature, m.signature])],
    ['nine of them', (m) => ({ ...m, signature: Array(9).fill(m.signature).join(' ') })],
    ['by a secret that nobody has', (m) => sign(m, `whsec_${randomBytes(32).toString('base64')}`)],
    ['by the sender of another kind', (m) => sign(m, desk.secret)],
    ['by the secret as it is written', (m) => sign(m, Buffer.from(bot.secret))],
    ['by an empty secret', (m) => sign(m, Buffer.alloc(0))],
    ['of the body alone', (m) => ({ ...m, signature: v1(mac(bot.secret, m.body)) })],
    ['of the body and the id', (m) => ({ ...m, signature: v1(mac(bot.secret, `${m.id}.${m.body}`)) })],
  ]

  story(`${kinds.length} ways of tampering, 250 times each: none is taken, and the answer is one`, async (t) => {
    await settled()
    const rows = await metric('journal_rows_total'), begun = performance.now(), said = new Set()
    await many(kinds.length * 250, 128, async (i) => {
      const [label, tamper] = kinds[i % kinds.length]
      const good = message(bot.secret, post()), bad = tamper(good)
      assert.notDeepEqual(bad, good, label)
      const a = await deliver(door, 'social', bad)
      assert.equal(a.status, 401, `${label}: ${a.status} ${a.text}`)
      said.add(JSON.stringify([{ ...a.json, request_id: '' }, a.raw.filter((v, k) => k % 2 === 0)]))
    })
    assert.equal(said.size, 1, 'one answer, whatever was wrong')
    assert.equal(await metric('journal_rows_total'), rows)
    t.diagnostic(`${kinds.length * 250} refused in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  })

  story('does not hold up who did', async () => {
    const flood = many(2000, 64, () => deliver(door, 'social', sign(message(bot.secret, post()), randomBytes(32))))
    const times = []
    for (let i = 0; i < 20; i++) {
      const a = await bot.post(post())
      assert.equal(a.status, 202)
      times.push(a.ms)
    }
    await flood
    assert.ok(times.sort((a, b) => a - b)[10] < 500, `${times}`)
  })

  story('a sender that never was and one that is cannot be told apart by time', async () => {
    const none = await open()
    const ask = (at) => deliver(at, 'phone', sign(message(bot.secret, call()), randomBytes(32))).then((a) => { assert.equal(a.status, 401); return a.ms })
    const times = { with: [], without: [] }
    for (let i = 0; i < 12; i++) {
      await sleep(250) // nobody else waits for a reading
      times.with.push(await ask(door))
      times.without.push(await ask(none))
    }
    const middle = (list) => list.sort((a, b) => a - b)[6]
    assert.ok(Math.abs(middle(times.with) - middle(times.without)) < 60, JSON.stringify(times))
    await none.stop()
  })
})

describe('senders', () => {
  story('are known at once beside a running server, each time', async () => {
    for (let i = 0; i < 5; i++) {
      const fresh = await sender(door, 'phone', `fresh-${i}`)
      assert.equal((await fresh.post(call())).status, 202)
    }
  })

  story('are listed without their secrets', async () => {
    const listed = await command(door, 'list'), json = JSON.parse((await command(door, 'list', '--json')).out)
    assert.equal(listed.code, 0)
    assert.match(listed.out, /^desk {3}zendesk .*secret of 20/m)
    const one = json.find((w) => w.name === 'masto-bot')
    assert.deepEqual([one.kind, one.disabled, one.secrets.length, one.secrets[0].until], ['social', false, 1, null])
    for (const secret of [bot.secret, ivr.secret]) assert.ok(!listed.out.includes(secret.slice(6, 20)) && !JSON.stringify(json).includes(secret.slice(6, 20)))
  })

  const refused = [
    [['add', 'social', 'masto-bot'], 65, /already: postern webhook rotate masto-bot/],
    [['add', 'mail', 'x1'], 64, /social, phone, desk or restoration/],
    [['add', 'social', 'No Name'], 64, /2 to 32 of a-z/],
    [['add', 'social'], 64, /./],
    [['rotate', 'nobody'], 65, /no sender is called nobody/],
    [['rotate', 'ivr', '--keep', '169'], 64, /keep/],
    [['disable', 'nobody'], 65, /no sender/],
    [['remove', 'nobody'], 65, /no sender/],
  ]
  for (const [words, code, said] of refused) {
    story(`webhook ${words.join(' ')}: ${code}`, async () => {
      const run = await command(door, ...words)
      assert.deepEqual([run.code, run.out], [code, ''])
      assert.match(run.err, said)
    })
  }

  story('rotate: both secrets live for the stated time, never three', async () => {
    const one = await sender(door, 'social', 'turning')
    const two = await command(door, 'rotate', 'turning', '--keep', '1')
    assert.equal(two.code, 0)
    assert.match(two.err, /lives on until 20\d\d-/)
    for (const secret of [one.secret, two.secret]) assert.equal((await deliver(door, 'social', message(secret, post()))).status, 202)
    const both = message(one.secret, post()), again = message(two.secret, both.body, { id: both.id, at: Number(both.at) })
    const a = await deliver(door, 'social', { ...both, signature: `${both.signature} ${again.signature}` })
    assert.equal(a.status, 202, 'signed by both')
    const three = await command(door, 'rotate', 'turning')
    assert.deepEqual([three.code, three.out], [75, ''])
    const now = await command(door, 'rotate', 'turning', '--keep', '0')
    assert.equal(now.code, 0)
    assert.equal((await deliver(door, 'social', message(now.secret, post()))).status, 202)
    for (const secret of [one.secret, two.secret]) assert.equal((await deliver(door, 'social', message(secret, post()))).status, 401)
  })

  story('that are disabled are believed no more within a second, and come back with a fresh secret', async () => {
    const one = await sender(door, 'desk', 'on-and-off')
    assert.equal((await one.post(deskTicket())).status, 202)
    assert.equal((await command(door, 'disable', 'on-and-off')).code, 0)
    await until('refused', async () => (await one.post(deskTicket())).status === 401, 2500, 50)
    const back = await command(door, 'rotate', 'on-and-off')
    assert.equal((await deliver(door, 'desk', message(back.secret, deskTicket()))).status, 202)
    assert.equal((await one.post(deskTicket())).status, 401)
    assert.equal((await command(door, 'remove', 'on-and-off')).code, 0)
    await until('refused', async () => (await deliver(door, 'desk', message(back.secret, deskTicket()))).status === 401, 2500, 50)
    await sender(door, 'social', 'on-and-off')
  })

  story('that were disabled while nobody served are believed by nobody, though the next gateway cannot ask Redis', async () => {
    const redis = await redisServer().start(), at = await open({ settings: { redis: redis.target, limits: 'off' } })
    const [gone, stays] = [await sender(at, 'social', 'gone'), await sender(at, 'social', 'stays')]
    assert.equal((await gone.post(post())).status, 202)
    await at.stop()
    assert.equal((await command(at, 'disable', 'gone')).code, 0)
    await redis.stop()
    await at.start({ ready: false })
    const [a, b] = await Promise.all([gone.post(post()), stays.post(post())])
    assert.deepEqual([a.status, b.status], [401, 202])
    await at.stop()
  })

  story('post 100 at once, then 20 a second, each for itself; the wait is told', async () => {
    const held = await open(), [a, b] = [await sender(held, 'social', 'busy'), await sender(held, 'social', 'calm')]
    const all = await many(130, 32, () => a.post(post()))
    const taken = all.filter((x) => x.status === 202).length, late = all.filter((x) => x.status === 429)
    assert.ok(taken >= 100 && taken <= 125, `${taken}`)
    assert.equal(taken + late.length, 130)
    for (const x of late) assert.match(x.headers['retry-after'], /^[1-9]\d*$/)
    assert.equal((await b.post(post())).status, 202)
    await sleep(1000)
    assert.equal((await a.post(post())).status, 202)
    await held.stop()
  })
})

describe('Redis', () => {
  story('away: who was known is known, what is reported is written, and filed later', async () => {
    const redis = await redisServer().start(), at = await open({ settings: { redis: redis.target, limits: 'off' } })
    const one = await sender(at, 'social', 'steady')
    assert.equal((await one.post(post())).status, 202)
    await redis.stop()
    const m = message(one.secret, post()), first = await deliver(at, 'social', m)
    assert.equal(first.status, 202)
    const again = await deliver(at, 'social', m)
    assert.deepEqual([again.status, again.json, again.headers['idempotent-replayed']], [202, first.json, 'true'])
    assert.equal((await deliver(at, 'social', message(`whsec_${randomBytes(32).toString('base64')}`, post()))).status, 401)

    await at.kill()
    await at.start({ ready: false })
    assert.equal((await one.post(post())).status, 202, 'after a restart without Redis: known from the disk')
    const third = await deliver(at, 'social', m)
    assert.deepEqual([third.status, third.json], [202, first.json])

    await redis.start()
    await settled(at)
    assert.equal(await metric('journal_parked_items', at), 0)
    const fourth = await deliver(at, 'social', m)
    assert.deepEqual([fourth.status, fourth.json, fourth.headers['idempotent-replayed']], [202, first.json, 'true'])
    await at.stop()
    await redis.stop()
  })

  story('standing still: the same', async () => {
    const redis = await redisServer().start(), at = await open({ settings: { redis: redis.target, limits: 'off' } })
    const one = await sender(at, 'social', 'steady')
    assert.equal((await one.post(post())).status, 202)
    redis.kill('SIGSTOP')
    const all = await many(50, 10, () => one.post(post()))
    redis.kill('SIGCONT')
    assert.deepEqual(new Set(all.map((a) => a.status)), new Set([202]))
    await settled(at)
    await at.stop()
    await redis.stop()
  })

  story('with nothing in it any more is given the senders back', async () => {
    const redis = await redisServer().start(), at = await open({ settings: { redis: redis.target, limits: 'off' } })
    const one = await sender(at, 'social', 'steady')
    assert.equal((await one.post(post())).status, 202)
    redis.do('FLUSHALL')
    await until('given back', async () => (await command(at, 'list')).out.includes('steady'))
    assert.equal((await one.post(post())).status, 202)
    await at.stop()
    await redis.stop()
  })

  story('gateway killed under load: every answer stands', async () => {
    const at = await open({ settings: { limits: 'off' } }), one = await sender(at, 'social', 'steady')
    const sent = []
    const sending = many(400, 16, async () => {
      const m = message(one.secret, post())
      try {
        const a = await deliver(at, 'social', m)
        if (a.status === 202) sent.push([m, a.json])
      } catch {
        // cut off: nothing was promised
      }
    })
    await until('some are in', () => sent.length > 60)
    await at.kill()
    await sending
    await at.start()
    await settled(at)
    for (const [m, json] of sent) {
      const again = await deliver(at, 'social', m)
      assert.deepEqual([again.status, again.json, again.headers['idempotent-replayed']], [202, json, 'true'])
    }
    await at.stop()
  })
})
