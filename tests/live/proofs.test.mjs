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
    assert.equal(old.me.stale, true)
    const [mine] = (await numbers(old)).filter((n) => n.name === 'Lin Mei' && !n.stale)
    assert.equal(mine.phone, '+886212345678')
    const done = await aya.post(`${old.path}/proofs`, { participant: old.person, kind: 'call-back', contact: mine.contact, note: 'She knows him.' })
    assert.equal(done.status, 201, done.text)
    assert.deepEqual([done.json.level, done.json.stale, done.json.authorised_for], [3, false, ['site']])
    const whole = await aya.ticket(old.id)
    assert.equal(await levelOf(old), 3)
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

// Twelve hours later everybody has to.
async function signInAgain() {
  for (const staff of [aya, lea, tom, mia]) await until('signed in', () => staff.again().then(() => true, () => false))
}
