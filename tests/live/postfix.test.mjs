// A real Postfix hands us its mail as README.md says, while we are there, away, and killed.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { open, story, until } from './kit.mjs'
import { Relay } from './lmtp.mjs'
import { member, ticketsOf } from './mailroom.mjs'
import { missing, postfix } from './postfix.mjs'

const skip = missing()
const settings = { 'mail-from': 'Support <help@support.example.com>', limits: 'off' }

describe('Postfix', { skip }, () => {
  let door, mei, server
  before(async () => {
    door = await open({ settings })
    door.settings['listen lmtp'] = `127.0.0.1:${door.ports.lmtp}` // the same again after a kill
    mei = await member(door)
    server = await postfix(door.ports.lmtp)
  })
  after(async () => {
    await server?.stop()
    await door?.stop()
  })

  const empty = () => until('the queue of Postfix is empty', () => server.queue().length === 0, 60000, 200)

  story('delivers a mail, and it is a ticket', async () => {
    assert.equal(server.send({ from: 'first@shop.example', header: { Subject: 'Down since 9', From: 'Aya <first@shop.example>' } }).status, 0)
    const [ticket] = await ticketsOf(mei, 'first@shop.example')
    assert.match(ticket.messages[0].text, /^Our site is gone\./)
    assert.match((await mei.get(ticket.messages[0].raw)).text, /^Delivered-To|^Received: |^Return-Path/m)
    assert.match(server.log(), /status=sent \(250 2\.0\.0 kept as itm_/)
  })

  story('delivers to an extension', async () => {
    assert.equal(server.send({ from: 'chief@shop.example', to: 'help+executive@support.example.com' }).status, 0)
    assert.equal((await ticketsOf(mei, 'chief@shop.example')).length, 1)
  })

  story('refuses what is not ours before we hear of it, and we refuse what was forged', async () => {
    assert.match(server.send({ to: 'nobody@support.example.com' }).stdout, /550 5\.1\.1/)
    assert.equal(server.send({ from: 'forger@shop.example', to: 'r+forged@support.example.com' }).status, 0)
    await until('it came back', () => /relay=127\.0\.0\.1.*status=bounced .*550 5\.1\.1/.test(server.log()))
    await empty()
  })

  story('delivers other scripts and large mails', async () => {
    const file = join(door.home, 'large')
    writeFileSync(file, `${'0123456789'.repeat(7)}\n`.repeat(200000))
    assert.equal(server.send({ from: 'utf8@shop.example', header: { Subject: '網站無法登入' }, body: '從今天早上開始，我們的網站就無法登入。' }).status, 0)
    assert.equal(server.send({ from: 'large@shop.example', body: `@${file}` }).status, 0)
    const [utf8] = await ticketsOf(mei, 'utf8@shop.example'), [large] = await ticketsOf(mei, 'large@shop.example')
    assert.equal(utf8.language, 'zh-TW')
    assert.ok((await mei.get(large.messages[0].raw)).bytes.length > 14000000)
  })

  story('hands on a stray CR as a space, and a smuggled mail not at all', async () => {
    const client = new Relay(server.port)
    await client.replies()
    await client.say('EHLO shop.example')
    for (const [from, end, reply] of [['stray@shop.example', 'one\rtwo', /^250/], ['smuggler@shop.example', 'one\n.\nMAIL FROM:<second@shop.example>', /^(250|521|550)/]]) {
      assert.match((await client.begin(from, ['help@support.example.com'])).at(-1), /^354/)
      await client.write(`From: ${from}\r\nSubject: x\r\n\r\n${end}\r\n.\r\n`)
      assert.match((await client.replies())[0], reply)
    }
    client.close()
    assert.match((await ticketsOf(mei, 'stray@shop.example'))[0].messages[0].text, /^one two/)
    assert.doesNotMatch(server.log(), /from=<second@/)
  })

  story('keeps its mail while we are away, and brings it once when we are back', async () => {
    await door.kill()
    for (let i = 0; i < 4; i++) assert.equal(server.send({ from: `away${i}@shop.example` }).status, 0)
    await until('Postfix was turned away', () => /status=deferred .*Connection refused/.test(server.log()), 30000)
    await door.start()
    server.flush()
    await empty()
    for (let i = 0; i < 4; i++) {
      const tickets = await ticketsOf(mei, `away${i}@shop.example`)
      assert.deepEqual(tickets.map((t) => t.messages.length), [1], `away${i}`)
    }
  })

  story('brings again what was not answered, and it is there once', async () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3; i++) assert.equal(server.send({ from: `killed${round}${i}@shop.example` }).status, 0)
      await door.kill()
      await door.start()
    }
    server.flush()
    await empty()
    for (let n = 0; n < 9; n++) {
      const from = `killed${Math.floor(n / 3)}${n % 3}@shop.example`
      assert.deepEqual((await ticketsOf(mei, from)).map((t) => t.messages.length), [1], from)
    }
  })
})
