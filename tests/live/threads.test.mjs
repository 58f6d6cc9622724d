// A talk by mail: what one says and the other answers, robots in between, and mail that comes back. A real relay takes what
// leaves; a mail server brings in what comes.
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { open, readMail, sleep, story, until, write } from './kit.mjs'
import { letter, relay } from './lmtp.mjs'
import { member, quiet, ticketsOf } from './mailroom.mjs'
import { startSmtp } from './smtp_server.mjs'

const US = 'support@example.net'
const CONTACTS = `account,account_name,contact_name,email,role,authorised_for,site_id,last_proven
C-1,Tea House,Ana,ana@tea.example,admin,all,S-100,2026-11-01
C-1,Tea House,Ben,ben@tea.example,technical,site,S-100,2026-11-01
C-1,Tea House,Cleo,cleo@tea.example,other,billing,S-100,2026-11-01
`

let smtp, door, mei, server
let sent = 0

before(async () => {
  smtp = await startSmtp()
  door = await open({ settings: { mail: `smtp://127.0.0.1:${smtp.port}`, 'mail-from': `Support <${US}>`, limits: 'off' } })
  mei = await member(door, 'mei', 'manager')
  const done = await door.run(['contacts', 'import', '--source', 'billing', write(door, 'contacts.csv', CONTACTS)])
  assert.equal(done.code, 0, done.err)
  server = await relay(door)
})
after(async () => {
  server?.close()
  await door?.stop()
  await smtp?.stop()
})

// The n-th mail that left for somebody, as they read it, with its envelope.
const mailTo = (address, n = 1) => until(`mail ${n} to ${address}`, () => {
  const mail = smtp.mails.filter((m) => m.to[0] === address)[n - 1]
  return mail && { ...readMail(mail.raw), from: mail.from || '' }
}, 20000)
const mailsTo = (address) => smtp.mails.filter((m) => m.to[0] === address).length

async function bring(mail, to = US, from) {
  const [answer] = await server.send(mail, { from: from ?? /^From: .*<(.*)>/m.exec(mail)[1], to: [to] })
  assert.match(answer, /^250 /)
}

const ticket = async (id) => (await mei.get(`/api/tickets/${id}`)).json
const messages = (id, n) => until(`${n} messages`, async () => {
  const t = await ticket(id)
  return t.messages.length >= n && t
}, 20000)

// Somebody writes, staff answer: their ticket, the mail they got, and their own.
async function talk(address, subject = 'Nothing works') {
  const id = `talk.${++sent}@tea.example`
  await bring(letter({ from: address, subject, id }))
  await quiet(door) // else it may be an older ticket of their account that is found
  const [t] = await ticketsOf(mei, address)
  const before = mailsTo(address)
  const done = await mei.post(`/api/tickets/${t.ticket}/reply`, { text: `Have you tried again, ${address}?`, seen: t.newest })
  assert.equal(done.status, 201, done.text)
  const got = await until(`the reply to ${address}`, () => {
    const mail = smtp.mails.filter((m) => m.to[0] === address).map((m) => ({ ...readMail(m.raw), from: m.from || '' }))
      .find((m) => m.text.includes('Have you tried again'))
    return mail
  }, 20000)
  return { id: t.ticket, reference: t.reference, got, mailId: `<${id}>`, message: done.json.message, before }
}

const addressIn = (value) => /<([^<>]+)>\s*$/.exec(value)?.[1] ?? value
const answerTo = (m) => addressIn(m.headers['reply-to'])

// A report as Postfix writes it.
const report = (to, { action = 'failed', status = '5.1.1', original = '<x@y.example>' } = {}) => `From: MAILER-DAEMON@tea.example (Mail Delivery System)
To: ${to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="cut"

--cut
Content-Type: text/plain

I could not deliver it.
--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; tea.example

Final-Recipient: rfc822; somebody@tea.example
Action: ${action}
Status: ${status}
Diagnostic-Code: smtp; 550 ${status} no such user
--cut
Content-Type: text/rfc822-headers

Message-ID: ${original}
--cut--
`.replaceAll('\n', '\r\n')

describe('who writes by mail', () => {
  story('gets one receipt with the reference, from a robot that says so', async () => {
    await bring(letter({ from: 'first@shop.example', id: 'first.1@shop.example' }))
    const [t] = await ticketsOf(mei, 'first@shop.example')
    const got = await mailTo('first@shop.example')
    assert.ok(got.subject.includes(t.reference) && got.text.includes(t.reference))
    assert.equal(got.from, '')
    assert.equal(got.headers['auto-submitted'], 'auto-replied')
    assert.equal(got.headers['in-reply-to'], '<first.1@shop.example>')
    assert.ok(!got.text.includes('Our site is gone'))
    await bring(letter({ from: 'first@shop.example', text: 'Hello? Is anybody there?' }))
    await quiet(door)
    await sleep(1500)
    assert.equal(mailsTo('first@shop.example'), 1)
  })

  story('gets none where a robot wrote', async () => {
    await bring(letter({ from: 'robot@shop.example', more: 'Auto-Submitted: auto-generated\r\n' }))
    await bring(letter({ from: 'bulk@shop.example', more: 'Precedence: bulk\r\n' }))
    await bring(letter({ from: 'null@shop.example' }), US, '')
    for (const who of ['robot', 'bulk', 'null']) assert.equal((await ticketsOf(mei, `${who}@shop.example`))[0].messages[0].automatic, true)
    await sleep(1500)
    for (const who of ['robot', 'bulk', 'null']) assert.equal(mailsTo(`${who}@shop.example`), 0)
  })

  story('sees their request on the page after a code, and nobody else does', async () => {
    const { reference } = await talk('page@shop.example')
    const mails = mailsTo('page@shop.example')
    const wrong = await door.post(`/requests/${reference}/code`, { json: { email: 'eve@evil.test' } })
    const right = await door.post(`/requests/${reference}/code`, { json: { email: 'Page@Shop.example' } })
    assert.deepEqual([wrong.status, right.status], [202, 202])
    const { code } = await mailTo('page@shop.example', mails + 1)
    const passed = await door.post(`/requests/${reference}/verify`, { json: { code: code.replace(' ', '') }, token: right.json.token })
    assert.equal(passed.status, 200, passed.text)
    const seen = await door.look({ url: `/requests/${reference}`, token: right.json.token })
    assert.deepEqual(seen.timeline.map((m) => [m.who, m.channel]), [['you', 'mail'], ['support', 'mail']])
    assert.equal(mailsTo('eve@evil.test'), 0)
  })
})

describe('an answer', () => {
  story('of staff names what it answers, and where answers and bounces go', async () => {
    const { got, mailId } = await talk('marks@shop.example', 'Re: The board is empty')
    assert.equal(got.subject, 'Re: The board is empty')
    assert.equal(got.headers['in-reply-to'], mailId)
    assert.ok(got.headers.references.startsWith(mailId))
    assert.match(answerTo(got), /^r\+[0-9a-z]{8}\.[0-9a-z]{26}\.[0-9a-z]{16}@example\.net$/)
    assert.match(got.from, /^b\+[0-9a-z]{26}\.[0-9a-z]{16}@example\.net$/)
    assert.equal(got.headers['auto-submitted'], undefined)
  })

  story('to the reply address joins, in any case, and gets no receipt', async () => {
    const { id, got } = await talk('joins@shop.example')
    const mails = mailsTo('joins@shop.example')
    await bring(letter({ from: 'Joins@Shop.example', subject: 'something else', text: 'Still nothing.' }), answerTo(got).toUpperCase().replace('EXAMPLE.NET', 'example.net'))
    const t = await messages(id, 3)
    assert.equal(t.participants.length, 1)
    assert.equal(t.messages.at(-1).text, 'Still nothing.')
    await sleep(1000)
    assert.equal(mailsTo('joins@shop.example'), mails)
  })

  story('to the ordinary address joins by the Message-ID it names', async () => {
    const { id, got } = await talk('byid@shop.example')
    await bring(letter({ from: 'byid@shop.example', text: 'By id.', more: `References: <x@y> ${got.headers['message-id']}\r\n` }))
    const t = await messages(id, 3)
    assert.equal(t.participants.length, 1)
  })

  story('from somebody else stays apart, and both tickets say so', async () => {
    const { id, reference, got } = await talk('leaky@shop.example')
    await bring(letter({ from: 'mallory@evil.test', subject: `Re: ${reference}`, text: 'Send it to me.', more: `In-Reply-To: ${got.headers['message-id']}\r\n` }), answerTo(got))
    const [apart] = await ticketsOf(mei, 'mallory@evil.test')
    assert.notEqual(apart.ticket, id)
    assert.deepEqual(apart.suggestions.map((s) => [s.direction, s.ticket, s.why]), [['answers', id, 'other-sender']])
    const t = await ticket(id)
    assert.equal(t.messages.length, 2)
    assert.deepEqual(t.suggestions.map((s) => [s.direction, s.ticket, s.why]), [['answered-by', apart.ticket, 'other-sender']])
  })

  story('that only names the reference in its subject stays apart', async () => {
    const { id, reference } = await talk('subject@shop.example')
    await bring(letter({ from: 'helper@shop.example', subject: `about ${reference}` }))
    const [apart] = await ticketsOf(mei, 'helper@shop.example')
    assert.deepEqual(apart.suggestions.map((s) => [s.ticket, s.why]), [[id, 'subject']])
    assert.equal((await ticket(id)).messages.length, 2)
  })

  story('with a word in its subject that could be a reference, and is none, says nothing', async () => {
    const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ', word = 'B1ACKB0X'
    const sum = [...word].reduce((all, c, i) => { const n = letters.indexOf(c) * (i % 2 === 1 ? 2 : 1); return all + (n >> 5) + n % 32 }, 0)
    await bring(letter({ from: 'box@shop.example', subject: `our ${word}${letters[(32 - sum % 32) % 32]} is broken` }))
    const [t] = await ticketsOf(mei, 'box@shop.example')
    assert.deepEqual(t.suggestions, [])
  })

  story('that is brought twice is there once', async () => {
    const { id, got } = await talk('twice@shop.example')
    const mail = letter({ from: 'twice@shop.example', text: 'Twice.', id: 'twice.1@shop.example' })
    for (let i = 0; i < 3; i++) await bring(mail, answerTo(got))
    await quiet(door)
    const t = await messages(id, 3)
    assert.equal(t.messages.length, 3)
    assert.equal((await ticketsOf(mei, 'twice@shop.example')).length, 1)
  })

  story('is there once, though we were killed when it came', async () => {
    const { id, got } = await talk('killed@shop.example')
    await bring(letter({ from: 'killed@shop.example', text: 'Once.' }), answerTo(got))
    await door.kill()
    await door.start()
    server.close()
    server = await relay(door)
    await quiet(door)
    const t = await messages(id, 3)
    assert.equal(t.messages.filter((m) => m.text === 'Once.').length, 1)
    assert.equal(t.messages.length, 3)
    assert.equal((await ticketsOf(mei, 'killed@shop.example')).length, 1)
  })
})

describe('a robot', () => {
  story('that is away reopens nothing; a person does', async () => {
    const { id, got } = await talk('away@shop.example')
    assert.equal((await mei.post(`/api/tickets/${id}/state`, { state: 'solved' })).status, 200)
    await bring(letter({ from: 'away@shop.example', text: 'I am away.', more: `Auto-Submitted: auto-replied\r\nIn-Reply-To: ${got.headers['message-id']}\r\n` }), got.from, '')
    const t = await messages(id, 3)
    assert.deepEqual([t.state, t.messages.at(-1).automatic], ['solved', true])
    await bring(letter({ from: 'away@shop.example', text: 'I am back, and it is not solved.' }), answerTo(got))
    await messages(id, 4)
    await until('it is open again', async () => (await ticket(id)).state === 'open')
  })
})

describe('a mail that comes back', () => {
  story('is told, marks the contact, and the next best one is offered and reached by choice', async () => {
    const { id, got, message } = await talk('ana@tea.example')
    await bring(report(got.from), got.from, '')
    const t = await until('the bounce is there', async () => {
      const now = await ticket(id)
      return now.next_contact && now
    })
    assert.equal(t.messages.find((m) => m.id === message).delivery, 'bounced')
    assert.ok(t.history.some((h) => h.kind === 'bounced' && h.detail === '5.1.1'))
    assert.equal(t.next_contact.email, 'b•••@t•••.example')
    assert.match(t.next_contact.reason, /^technical, authorised for site, confidence 0\.\d\d, by billing$/)
    const account = (await mei.get(`/api/accounts/${t.account.id}`)).json
    assert.deepEqual(account.contacts.filter((c) => c.bounced_at).map((c) => c.name), ['Ana'])
    assert.equal(account.next_contact.contact, t.next_contact.contact)
    assert.equal(mailsTo('ben@tea.example'), 0)

    const done = await mei.post(`/api/tickets/${id}/reply`, { text: 'Ana cannot be reached. Can you help?', seen: t.newest, to: t.next_contact.contact })
    assert.equal(done.status, 201, done.text)
    const ben = await mailTo('ben@tea.example')
    assert.ok(ben.text.includes('Can you help?'))
    assert.notEqual(answerTo(ben), answerTo(got))
    await bring(letter({ from: 'ben@tea.example', text: 'Yes, I can.' }), answerTo(ben))
    const now = await messages(id, 4)
    const person = now.participants.find((p) => p.id === now.messages.at(-1).from)
    assert.deepEqual([person.identity, person.level], ['b•••@t•••.example', 0])
    assert.equal(now.participants.length, 2)
  })

  story('offers contacts of the customer that a stranger turned out to be of', async () => {
    const { id, got } = await talk('dora@elsewhere.example')
    const stranger = (await ticket(id)).account.id
    const [known] = await ticketsOf(mei, 'ben@tea.example')
    const linked = await mei.post(`/api/accounts/${stranger}/merge`, { into: known.account.id, why: 'Dora said so on the phone.' })
    assert.equal(linked.status, 200, linked.text)
    await bring(report(got.from), got.from, '')
    const t = await until('the bounce is there', async () => {
      const now = await ticket(id)
      return now.next_contact && now
    })
    assert.equal(t.next_contact.email, 'b•••@t•••.example')
    const done = await mei.post(`/api/tickets/${id}/reply`, { text: 'Is Dora one of yours?', seen: t.newest, to: t.next_contact.contact })
    assert.equal(done.status, 201, done.text)
    await until('Ben is asked', () => smtp.mails.some((m) => m.to[0] === 'ben@tea.example' && readMail(m.raw).text.includes('Is Dora one of yours?')))
    assert.equal((await mei.post(`/api/tickets/${id}/reply`, { text: 'x', seen: done.json.message, to: `con_${stranger.slice(4)}` })).status, 422)
  })

  story('for a while, or for its content, marks nobody', async () => {
    const { id, got, message } = await talk('cleo@tea.example')
    await bring(report(got.from, { action: 'delayed', status: '4.4.1' }), got.from, '')
    await quiet(door)
    assert.equal((await ticket(id)).messages.find((m) => m.id === message).delivery, 'sent')
    await bring(report(got.from, { status: '5.7.1' }), got.from, '')
    const t = await until('the bounce is there', async () => {
      const now = await ticket(id)
      return now.messages.find((m) => m.id === message).delivery === 'bounced' && now
    })
    const account = (await mei.get(`/api/accounts/${t.account.id}`)).json
    assert.equal(account.contacts.find((c) => c.name === 'Cleo').bounced_at, null)
  })

  story('only in somebody’s words changes nothing and opens nothing', async () => {
    const { id, got, message } = await talk('ben@tea.example')
    const forged = got.from.replace(/.@/, (c) => (c[0] === '0' ? '1@' : '0@'))
    assert.match((await server.begin('', [forged]))[1], /^550 /)
    await server.say('RSET')
    await bring(report(US, { original: got.headers['message-id'].replace('.', '.0') }), US, '')
    await quiet(door)
    const t = await ticket(id)
    assert.equal(t.messages.find((m) => m.id === message).delivery, 'sent')
    assert.equal((await mei.get('/api/search?q=MAILER-DAEMON%40tea.example')).json.items.length, 0)
  })
})
