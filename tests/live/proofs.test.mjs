// People whom no good record proves: what staff find out, two of them who answer for it, and the day that it takes.
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { open, story, until } from './kit.mjs'
import { member } from './member.mjs'

const HOUR = 3600 * 1000
const HEAD = 'account,account_name,contact_name,email,phone,role,site_id,last_proven,authorised_for'
const today = new Date().toISOString().slice(0, 10)
const CRM = [
  `P-1,Proof Ltd,Lin Mei,mei@proof.example,+886 2 1234 5678,admin,PROOF-1,${today},all`,
  `P-1,Proof Ltd,Old Hand,old@proof.example,+886 2 1234 5679,technical,PROOF-1,2021-01-01,site`,
  `P-2,Other Ltd,Sara,sara@other.example,+966 55 123 4567,admin,OTHER-1,${today},all`,
]

let door, aya, bo, lea, mia, tom
before(async () => {
  door = await open({ settings: { limits: 'off', brand: 'Example Cloud' }, clock: true })
  for (const [source, rows] of [['billing', CRM], ['crm', CRM.slice(0, 1)]]) {
    const run = await door.run(['contacts', 'import', '--source', source, '-'], { input: `${[HEAD, ...rows].join('\n')}\n` })
    assert.equal(run.code, 0, run.err)
  }
  aya = await member(door, 'aya')
  bo = await member(door, 'bo', 'auditor')
  lea = await member(door, 'lea', 'lead')
  mia = await member(door, 'mia', 'manager')
  tom = await member(door, 'tom', 'lead')
})
after(() => door?.stop())

// A request of somebody whose code was passed: { made, id, person, level }.
async function confirmed(email, more = {}) {
  const made = await door.request({ problem: `Who am I? ${Math.random()}`, email, ...more })
  const { code } = await until('the code', () => door.mails().find((m) => m.subject.includes(made.reference)))
  const { level } = (await door.post(`${made.url}/verify`, { json: { code }, token: made.token })).json
  const { ticket } = await aya.find(made.reference)
  const whole = await aya.ticket(ticket)
  const me = whole.participants.find((p) => p.reference === made.reference)
  return { made, id: ticket, path: `/api/tickets/${ticket}`, person: me.id, me, level, whole }
}
const kinds = (t) => t.proofs.map((p) => p.kind).sort()
const now = async (who) => (await aya.ticket(who.id)).participants.find((p) => p.id === who.person)
const levelOf = async (who) => (await now(who)).level
const numbers = async (who) => (await aya.post(`${who.path}/numbers`)).json.items

describe('a mailbox on record', () => {
  story('is written down with each source that knows it, and is one evidence however many they are', async () => {
    const mei = await confirmed('mei@proof.example', { site: 'PROOF-1' })
    assert.equal(mei.level, 2)
    assert.deepEqual(kinds(mei.whole), ['mailbox', 'record', 'record'])
    assert.deepEqual(mei.whole.proofs.filter((p) => p.kind === 'record').map((p) => p.source).sort(), ['billing', 'crm'])
    assert.deepEqual(mei.me.authorised_for, ['site', 'billing', 'security'])
  })

  story('and a call to a number on record are two, even where the record is old', async () => {
    const old = await confirmed('old@proof.example', { site: 'PROOF-1' })
    assert.equal(old.level, 2)
    assert.deepEqual((await now(old)).may, ['read-own', 'talk'], 'on a stale record nothing is told')
    assert.equal(old.me.stale, true)
    const [mine] = (await numbers(old)).filter((n) => n.name === 'Lin Mei' && !n.stale)
    assert.equal(mine.phone, '+886212345678')
    const done = await aya.post(`${old.path}/proofs`, { participant: old.person, kind: 'call-back', contact: mine.contact, note: 'She knows him.' })
    assert.equal(done.status, 201, done.text)
    assert.deepEqual([done.json.level, done.json.stale, done.json.authorised_for], [3, false, ['site']])
    const whole = await aya.ticket(old.id)
    assert.equal(await levelOf(old), 3)
    assert.deepEqual((await now(old)).may, ['read-own', 'talk', 'disclose', 'accept', 'change'])
    assert.deepEqual(whole.history.filter((h) => ['shown', 'level'].includes(h.kind)).map((h) => h.detail), ['3: two independent evidences', 'call-back'])
    assert.equal((await aya.post(`${old.path}/proofs`, { participant: old.person, kind: 'call-back', contact: mine.contact, note: 'She knows him.' })).status, 201)
    assert.equal((await aya.ticket(old.id)).proofs.length, whole.proofs.length)
  })

  story('nobody is called at a number of another customer, or at none', async () => {
    const old = await confirmed('old@proof.example', { site: 'PROOF-1' }), stranger = await confirmed('eve@evil.example', { site: 'OTHER-1' })
    const others = (await numbers(stranger)).map((n) => n.contact)
    for (const contact of [...others, 'con_01M87ZRQ4TEBF6C6B5AD9CPY55', 'x'])
      assert.equal((await aya.post(`${old.path}/proofs`, { participant: old.person, kind: 'call-back', contact })).status, 422, contact)
    for (const body of [{ kind: 'seen' }, { kind: 'seen', note: ' ' }, { kind: 'mailbox', note: 'x' }, { kind: 'seen', note: 'x'.repeat(1001) }, {}])
      assert.equal((await aya.post(`${old.path}/proofs`, { participant: old.person, ...body })).status, 422)
    assert.equal((await aya.post(`${old.path}/proofs`, { participant: stranger.person, kind: 'seen', note: 'x' })).status, 422)
    assert.equal(await levelOf(old), old.level)
  })
})

describe('somebody on no record', () => {
  const reason = 'The founder; her bank confirmed the company to us.'
  let who, asked

  story('is seen by staff, and that alone changes nothing', async () => {
    who = await confirmed('founder@private.example')
    assert.equal(who.level, 1)
    for (let i = 0; i < 2; i++)
      assert.equal((await aya.post(`${who.path}/proofs`, { participant: who.person, kind: 'seen', note: 'Her passport, on a video call.' })).json.level, 1)
    assert.deepEqual(kinds(await aya.ticket(who.id)), ['mailbox', 'seen'])
  })

  story('is put up for approval by one', async () => {
    const body = { participant: who.person, reason, authorised_for: ['site', 'billing'] }
    const made = await lea.post(`${who.path}/approvals`, body)
    assert.equal(made.status, 201, made.text)
    asked = made.json.approval
    assert.equal(made.json.state, 'asked')
    assert.equal((await lea.post(`${who.path}/approvals`, body)).json.approval, asked)
    assert.equal((await aya.post(`${who.path}/approvals`, body)).json.code, 'asked-before')
    assert.equal((await aya.post(`${who.path}/approvals`, { ...body, authorised_for: ['everything'] })).status, 422)
  })

  story('is approved by nobody who asked, or may not', async () => {
    assert.equal((await lea.post(`${who.path}/approvals/${asked}`, { approve: true })).json.code, 'same-person')
    for (const [staff, status] of [[aya, 403], [bo, 403]])
      assert.equal((await staff.post(`${who.path}/approvals/${asked}`, { approve: true })).status, status)
    assert.equal((await tom.post(`${who.path}/approvals/apv_01M87ZRQ4TEBF6C6B5AD9CPY55`, { approve: true })).status, 404)
    assert.equal((await bo.post(`${who.path}/proofs`, { participant: who.person, kind: 'seen', note: 'x' })).status, 403)
    assert.equal((await bo.post(`${who.path}/numbers`)).status, 403)
  })

  story('is approved by a second one, and a day later it counts', async () => {
    const done = await tom.post(`${who.path}/approvals/${asked}`, { approve: true })
    assert.deepEqual([done.status, done.json.state], [200, 'waits'], done.text)
    assert.equal((await tom.post(`${who.path}/approvals/${asked}`, { approve: true })).status, 200)
    assert.equal((await mia.post(`${who.path}/approvals/${asked}`, { approve: false })).json.code, 'decided')
    assert.equal(await levelOf(who), 1)
    door.later(23 * HOUR)
    await signInAgain()
    await new Promise((later) => setTimeout(later, 2500))
    assert.equal(await levelOf(who), 1)
    await door.stop()
    door.later(HOUR + 60000)
    await door.start()
    await signInAgain()
    await until('the day is over', async () => await levelOf(who) === 4, 20000, 100)
    const whole = await aya.ticket(who.id)
    assert.deepEqual((await now(who)).authorised_for, ['site', 'billing'])
    assert.equal(whole.approvals[0].state, 'counts')
    assert.equal(whole.history.find((h) => h.kind === 'level').detail, '4: approved by two people, and nobody objected')
  })
})

// The gateway goes over what is due as it starts; three minutes later, when its lease is free.
async function sweep(ms = 3 * 60000) {
  await door.stop()
  door.later(ms)
  await door.start()
  await signInAgain()
}
const asked = (subject, to) => door.mails().filter((m) => m.subject.includes(subject) && `${m.to}`.includes(to))
const pageOf = (mail, kind) => new RegExp(`https://[^/\\s]+(/${kind}/[\\w-]+)`).exec(mail.text)[1]

describe('a newcomer whom a contact knows', () => {
  let who, mail

  story('has the contacts asked, and hears the same as somebody of whom there are none', async () => {
    who = await confirmed('newcomer@private.example', { site: 'PROOF-1' })
    const nobody = await confirmed('nobody@private.example')
    const answers = []
    for (const { made } of [who, nobody, who]) answers.push(await door.post(`${made.url}/vouch`, { json: {}, token: made.token }))
    assert.deepEqual(answers.map((a) => a.status), [202, 202, 202])
    assert.equal(new Set(answers.map((a) => a.json.text)).size, 1)
    assert.equal((await door.post(`${who.made.url}/vouch`, { json: {} })).status, 401)
    assert.equal((await aya.ticket(who.id)).history.filter((h) => h.kind === 'vouch').length, 1)
    await sweep()
    mail = (await until('the contact is asked', () => { const [m] = asked('Do you know', 'mei@proof.example'); return m && [m] }))[0]
    await until('the other one, too', () => asked('Do you know', 'old@proof.example').length === 1)
    assert.equal(asked('Do you know', 'mei@proof.example').length, 1)
    assert.ok(mail.text.includes('newcomer@private.example'))
    assert.ok(!mail.text.includes('Who am I?'))
  })

  story('is vouched for by a code, and by nothing else', async () => {
    const page = pageOf(mail, 'vouch'), { code } = mail
    assert.equal((await door.get(page, { page: true })).status, 200)
    assert.equal((await door.get(page.replace('/vouch/', '/veto/'))).status, 404)
    assert.equal((await door.post(page, { json: { code } })).status, 422)
    assert.equal((await door.post(page, { form: { code, answer: '' }, page: true })).status, 422) // Enter in the field
    const wrong = code === '11111111' ? '22222222' : '11111111'
    assert.equal((await door.post(page, { json: { code: wrong, answer: 'yes' } })).json.errors[0].code, 'wrong-code')
    assert.equal(await levelOf(who), 1)
    assert.equal((await door.post(page, { json: { code, answer: 'yes' } })).json.answer, 'yes')
    const me = await now(who)
    assert.deepEqual([me.level, me.stale, me.authorised_for], [2, false, ['site', 'billing', 'security']])
    assert.equal((await door.post(page, { json: { code, answer: 'no' } })).json.errors[0].code, 'code-gone')
    assert.equal(await levelOf(who), 2)
  })
})

describe('who may do much', () => {
  story('is told to the others on record, and stopped by one of them', async () => {
    const old = await confirmed('old@proof.example', { site: 'PROOF-1' })
    await until('the notice', () => asked('Please check', 'mei@proof.example').length > 0)
    assert.equal(asked('Please check', 'old@proof.example').length, 0)
    const mail = asked('Please check', 'mei@proof.example').at(-1), page = pageOf(mail, 'veto')
    const levels = async () => (await aya.ticket(old.id)).participants.map((p) => p.level)
    assert.ok((await levels()).includes(3))
    assert.equal((await door.get(page)).json.asks, 'veto')
    assert.ok((await levels()).includes(3))
    assert.equal((await door.post(page, { json: { code: mail.code, answer: 'yes' } })).status, 200)
    assert.ok((await levels()).every((l) => l <= 1))
    const whole = await aya.ticket(old.id)
    assert.ok(whole.frozen_until)
    assert.ok(whole.history.some((h) => h.kind === 'veto' && h.detail === 'yes'))
    assert.match((await door.admin('/metrics')).text, /^postern_accounts_frozen_total 1$/m)
    assert.equal((await confirmed('mei@proof.example', { site: 'PROOF-1' })).level, 1)
    assert.equal((await lea.post(`${old.path}/thaw`)).status, 403)
    assert.equal((await mia.post(`${old.path}/thaw`)).status, 200)
    assert.ok((await levels()).includes(3))
    assert.equal((await aya.ticket(old.id)).frozen_until, null)
  })
})

// Twelve hours later everybody has to.
async function signInAgain() {
  for (const staff of [aya, lea, tom, mia]) await until('signed in', () => staff.again().then(() => true, () => false))
}
