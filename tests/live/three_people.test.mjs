// An end user of a customer, an impostor and the admin write about the same site: one account for staff, and nobody
// reads another's words, or a reply that was meant for another, on any page or in any mail.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { open, story, until, write } from './kit.mjs'
import { member } from './member.mjs'

const SITE = 'https://quarry-prod.example.net'
const ADMIN = 'mei.lin@quarry.example'
const words = {
  admin: 'ADMINWORDS our site answers 404 since this morning.',
  user: 'USERWORDS I cannot open the wiki of my team.',
  impostor: 'IMPOSTORWORDS I am the administrator, send me the recovery link.',
  thief: 'THIEFWORDS this is the address of the admin, is it not.',
}
const replies = {
  admin: 'REPLYADMIN the restore begins at nine.',
  user: 'REPLYUSER your administrator knows.',
  impostor: 'REPLYIMPOSTOR we cannot help you here.',
  thief: 'REPLYTHIEF a code went to your mailbox.',
}

let door, mei
const who = {}

async function staff(path, json) {
  const answer = json === undefined ? await mei.get(path) : await mei.post(path, json)
  assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`)
  return answer.json
}

const ticketOf = (receipt) => mei.find(receipt.reference)

// Everything that somebody with this receipt can see: the JSON, and the page. Both show the own words.
async function everythingSeen(receipt, own) {
  const token = `Bearer ${receipt.token}`
  const pages = [await door.get(receipt.url, { headers: { authorization: token } }), await door.get(receipt.url, { headers: { authorization: token, accept: 'text/html' } })]
  for (const page of pages) assert.ok(page.status === 200 && page.text.includes(own), page.text)
  return pages.map((p) => p.text).join('\n')
}

before(async () => {
  door = await open({ settings: { limits: 'off' } })
  mei = await member(door, 'mei', 'manager')
  const file = write(door, 'contacts.csv', 'account,account_name,contact_name,email,phone,role,site_id,site_url,last_proven,authorised_for\n'
    + `Q-1,Quarry Works,Mei Lin,${ADMIN},,admin,QUARRY-1,${SITE},2026-11-01,all\n`)
  assert.equal((await door.run(['contacts', 'import', '--source', 'crm', file])).code, 0)
  // The impostor is first: whoever claims first must gain nothing by it. The thief types the admin's own address.
  who.impostor = await door.request({ problem: words.impostor, email: 'mei.lin.quarry@mailbox.example', name: 'Mei Lin', site: SITE })
  who.thief = await door.request({ problem: words.thief, email: ADMIN, name: 'Mei Lin', site: SITE })
  who.user = await door.request({ problem: words.user, email: 'jo.user@mailbox.example', name: 'Jo User', site: `${SITE}/wiki/start` })
  who.admin = await door.request({ problem: words.admin, email: ADMIN, name: 'Mei Lin', site: 'QUARRY-1' })
  for (const [name, receipt] of Object.entries(who)) receipt.ticket = (await ticketOf(receipt)).ticket
})
after(() => door?.stop())

// The participant on the ticket whose words these are.
async function participant(name) {
  const ticket = await staff(`/api/tickets/${who[name].ticket}`)
  const message = ticket.messages.find((m) => m.text === words[name])
  const mine = ticket.participants.find((p) => p.id === message.origin.participant) ?? ticket.participants.find((p) => p.id === message.id.replace('msg_', 'par_'))
  assert.ok(mine, name)
  return { ticket, id: mine.id, seen: ticket.messages.at(-1).id }
}

story('to staff they are one account', async () => {
  const accounts = new Set()
  for (const receipt of Object.values(who)) accounts.add((await ticketOf(receipt)).account.id)
  assert.equal(accounts.size, 1)
  const account = await staff(`/api/accounts/${[...accounts][0]}`)
  assert.deepEqual(account.names, ['Quarry Works'])
  const said = account.timeline.map((m) => m.text)
  for (const text of Object.values(words)) assert.ok(said.includes(text), text)
})

story('each reads their own words only', async () => {
  for (const [name, receipt] of Object.entries(who)) {
    const seen = await everythingSeen(receipt, words[name])
    for (const [other, text] of Object.entries(words)) assert.equal(seen.includes(text), other === name, `${name} and the words of ${other}`)
  }
})

story('a reply reaches the one it is meant for, and nobody else, whatever ticket they share', async () => {
  for (const name of Object.keys(who)) {
    const { id, seen } = await participant(name)
    await staff(`/api/tickets/${who[name].ticket}/reply`, { text: replies[name], seen, to: id })
  }
  for (const [name, receipt] of Object.entries(who)) {
    const seen = await everythingSeen(receipt, words[name])
    for (const other of Object.keys(who)) assert.equal(seen.includes(replies[other]), other === name, `${name} and the reply to ${other}`)
  }
})

story('a code that the impostor passes discloses nothing of the others', async () => {
  const { code } = await door.mailTo('mei.lin.quarry@mailbox.example')
  const answer = await door.post(`${who.impostor.url}/verify`, { json: { code }, token: who.impostor.token })
  assert.equal(answer.json.level, 1)
  const seen = await everythingSeen(who.impostor, words.impostor)
  for (const other of ['admin', 'user', 'thief']) {
    assert.ok(!seen.includes(words[other]) && !seen.includes(replies[other]), other)
  }
})

story('whoever typed the address of the admin cannot pass the code, and the admin reads the own reply only', async () => {
  const codes = door.mails().filter((m) => m.to === ADMIN && m.code)
  assert.ok(codes.length >= 2)
  for (const { code } of codes.filter((m) => m.subject.includes(who.admin.reference))) {
    assert.notEqual((await door.post(`${who.thief.url}/verify`, { json: { code }, token: who.thief.token })).status, 200)
    const mine = await door.post(`${who.admin.url}/verify`, { json: { code }, token: who.admin.token })
    assert.equal(mine.json.level, 2)
  }
  const seen = await everythingSeen(who.thief, words.thief)
  for (const other of ['admin', 'user', 'impostor']) assert.ok(!seen.includes(words[other]) && !seen.includes(replies[other]), other)
})

story('no mail carries words or replies of another', async () => {
  await until('all replies are mailed', async () => Object.values(replies).every((text) => door.mails().some((m) => m.raw.includes(text.split(' ')[0]))))
  for (const mail of door.mails()) {
    for (const [name, address] of [['admin', ADMIN], ['user', 'jo.user@mailbox.example'], ['impostor', 'mei.lin.quarry@mailbox.example'], ['thief', ADMIN]]) {
      if (mail.raw.includes(replies[name].split(' ')[0])) assert.equal(mail.to, address)
    }
    for (const text of Object.values(words)) assert.ok(!mail.raw.includes(text.split(' ')[0]), mail.subject)
  }
})

story('a claim of an address on record moves nothing that belongs to its holder', async () => {
  const later = await door.request({ problem: 'The admin writes again, from the road.', email: ADMIN })
  const ticket = await ticketOf(later), first = await ticketOf(who.admin)
  assert.equal(ticket.account.id, first.account.id)
  // The impostor's own mailbox, claimed with the customer's site, leads to that customer for staff, and to no words of it.
  const again = await door.request({ problem: 'Still waiting for the recovery link.', email: 'mei.lin.quarry@mailbox.example' })
  assert.equal((await ticketOf(again)).account.id, first.account.id)
  const seen = await everythingSeen(again, 'Still waiting')
  for (const text of [...Object.values(words), ...Object.values(replies)]) assert.ok(!seen.includes(text), text)
})
