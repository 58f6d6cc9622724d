// Mail in: a mail server hands a mail over, and it is a ticket. Real Redis, real sockets, the daemon killed in between.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { many, open, redisServer, sleep, story, until } from './kit.mjs'
import { letter, relay, stuffed } from './lmtp.mjs'
import { member, metric, quiet, ticketsOf } from './mailroom.mjs'

const FROM = 'Support <support@example.net>'
const settings = { 'mail-from': FROM, limits: 'off' }

const blobs = (door) => readdirSync(join(door.data, 'blobs'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length

describe('a mail', () => {
  let door, mei
  before(async () => {
    door = await open({ settings })
    mei = await member(door)
  })
  after(() => door?.stop())

  story('becomes a ticket, with its words, its writer and its original', async () => {
    const mail = letter({ from: 'becomes@shop.example', subject: 'Down since 9', text: 'Unsere Seite ist seit heute früh nicht da.' })
    const server = await relay(door)
    const [reply] = await server.send(mail, { from: 'becomes@shop.example' })
    assert.match(reply, /^250 2\.0\.0 kept as itm_[0-9A-Z]{26}$/)
    const [ticket] = await ticketsOf(mei, 'becomes@shop.example')
    assert.deepEqual(ticket.channels, ['mail'])
    assert.equal(ticket.language, 'de')
    const words = ticket.messages[0]
    assert.match(words.text, /^Unsere Seite ist seit heute früh nicht da\.$/)
    assert.equal(words.origin.item, reply.split(' ').at(-1))
    const raw = await mei.get(words.raw)
    assert.equal(raw.bytes.toString(), mail)
    server.close()
  })

  story('of 20 MiB is kept in a blob, and comes back byte for byte', async () => {
    const server = await relay(door)
    const body = 'x'.repeat(76) + '\r\n', mail = letter({ from: 'large@shop.example', more: 'X-Size: large\r\n', text: body.repeat(Math.floor((20 << 20) / body.length)) })
    const [reply] = await server.send(mail, { from: 'large@shop.example', parameters: ` SIZE=${mail.length}` })
    assert.match(reply, /^250 /)
    const [ticket] = await ticketsOf(mei, 'large@shop.example')
    const raw = await mei.get(ticket.messages[0].raw)
    assert.ok(raw.bytes.equals(Buffer.from(mail)))
    server.close()
  })

  story('over 25 MiB is refused, announced or not', async () => {
    const server = await relay(door)
    assert.match(await server.say('MAIL FROM:<aya@shop.example> SIZE=26214401'), /^552 5\.3\.4/)
    const [reply] = await server.send(letter({ text: `${'x'.repeat(1022)}\r\n`.repeat(26 << 10) }))
    assert.match(reply, /^552 5\.3\.4/)
    assert.match((await server.send(letter({ from: 'small@shop.example' })))[0], /^250/)
    server.close()
  })

  story('for somebody else is refused, for each recipient apart', async () => {
    const server = await relay(door)
    const replies = await server.begin('aya@shop.example', ['root@example.net', 'support@example.org', 'r+anything@example.net', 'b+anything@example.net', 'Support@Example.NET', 'support+executive@example.net'])
    assert.deepEqual(replies.map((r) => r.slice(0, 3)), ['250', '550', '550', '550', '550', '250', '250', '354'])
    await server.write(stuffed(letter({ from: 'chief@shop.example' })))
    assert.deepEqual((await server.replies(2)).map((r) => r.slice(0, 3)), ['250', '250'])
    const [ticket] = await ticketsOf(mei, 'chief@shop.example')
    assert.equal(ticket.messages.length, 1)
    server.close()
  })

  story('with a bare line end is refused, and nothing is smuggled in behind it', async () => {
    const ends = ['\n.\n', '\n.\r\n', '\r.\r', '\r.\r\n', '\r\n.\n', '\r\n.\r', '\n.\r', '\r.\n', '\r\r\n.\r\r\n', '\r\n.\r\r\n', '\n\n.\n\n', '\r\n.\n\r\n']
    const server = await relay(door)
    for (const end of ends) {
      assert.match((await server.begin('aya@shop.example', ['support@example.net'])).at(-1), /^354/)
      const second = `MAIL FROM:<smuggled@shop.example>\r\nRCPT TO:<support@example.net>\r\nDATA\r\n${letter({ from: 'smuggled@shop.example' })}`
      await server.write(`${letter()}${end}${second}\r\n.\r\n`)
      assert.match((await server.replies())[0], /^550 5\.6\.0/, JSON.stringify(end))
      assert.match(await server.say('NOOP'), /^250/, JSON.stringify(end))
    }
    server.close()
    await quiet(door)
    assert.deepEqual((await mei.get('/api/search?q=smuggled%40shop.example')).json.items, [])
  })

  story('from swaks, a client of its own, is taken', async (t) => {
    if (spawnSync('swaks', ['--version']).error) return t.skip('swaks is not installed')
    const said = spawnSync('swaks', ['--protocol', 'LMTP', '--server', '127.0.0.1', '--port', String(door.ports.lmtp), '--from', 'swaks@shop.example', '--to', 'support@example.net',
      '--header', 'Subject: by hand', '--body', '.\nwith a dot\n'], { encoding: 'utf8' })
    assert.equal(said.status, 0, said.stdout)
    const [ticket] = await ticketsOf(mei, 'swaks@shop.example')
    assert.match(ticket.messages[0].text, /^\.\nwith a dot/)
  })

  story('that comes twice is one thing', async () => {
    const server = await relay(door), mail = letter({ from: 'twice@shop.example', id: 'twice@shop.example' })
    for (let i = 0; i < 3; i++) assert.match((await server.send(mail, { from: 'twice@shop.example' }))[0], /^250/)
    await quiet(door)
    const tickets = await ticketsOf(mei, 'twice@shop.example')
    assert.equal(tickets.length, 1)
    assert.equal(tickets[0].messages.length, 1)
    server.close()
  })

  story('that is slow or broken does not stop the next', async () => {
    const server = await relay(door)
    const deep = `From: deep@shop.example\r\nSubject: deep\r\n${Array.from({ length: 5000 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('')}`
    for (const mail of [deep, '\0\xff'.repeat(1000), '', 'no header at all', 'From: nobody', letter({ from: 'after@shop.example' })])
      assert.match((await server.send(Buffer.from(mail, 'latin1')))[0], /^250/)
    assert.equal((await ticketsOf(mei, 'after@shop.example')).length, 1)
    assert.equal((await ticketsOf(mei, 'deep@shop.example')).length, 1)
    await quiet(door)
    assert.equal(await metric(door, 'journal_parked_items'), 0)
    server.close()
  })

  story('is counted', async () => {
    assert.ok(await metric(door, 'mails_kept_total') >= 10)
    assert.ok(await metric(door, 'mails_refused_total') >= 10)
    assert.equal(await metric(door, 'lmtp_flight_bytes'), 0)
    assert.ok(await metric(door, 'mails_read_total') >= 10)
  })
})

story('mail comes in while Redis is away, and is filed when it is back', async () => {
  const redis = await redisServer().start()
  const door = await open({ settings: { ...settings, redis: redis.target } })
  const mei = await member(door)
  await redis.stop()
  const server = await relay(door)
  for (let i = 0; i < 50; i++) assert.match((await server.send(letter({ from: `away${i}@shop.example` }), { from: 'x@shop.example' }))[0], /^250/)
  await redis.start()
  await quiet(door)
  for (const i of [0, 31, 49]) assert.equal((await ticketsOf(mei, `away${i}@shop.example`)).length, 1)
  server.close()
  await door.stop()
  await redis.stop()
})

story('a Redis that forgot is told of its mails again, and each is there once', async () => {
  const redis = await redisServer().start()
  const door = await open({ settings: { ...settings, redis: redis.target } })
  const server = await relay(door)
  for (let i = 0; i < 20; i++) assert.match((await server.send(letter({ from: `told${i}@shop.example`, text: i % 5 ? 'Short.' : 'Long.\r\n'.repeat(20000) })))[0], /^250/)
  await quiet(door)
  await redis.stop()
  rmSync(join(redis.home, 'appendonlydir'), { recursive: true, force: true })
  rmSync(join(redis.home, 'appendonly.aof'), { force: true })
  await redis.start()
  const mei = await member(door)
  for (let i = 0; i < 20; i++) assert.deepEqual((await ticketsOf(mei, `told${i}@shop.example`)).map((t) => t.messages.length), [1], `told${i}`)
  server.close()
  await door.stop()
  await redis.stop()
})

story('a mail that cannot be had is parked where everybody sees it, and filed once it can', async () => {
  const redis = await redisServer().start()
  const door = await open({ settings: { ...settings, redis: redis.target } })
  const mei = await member(door), eve = await member(door, 'eve', 'auditor')
  await redis.stop()
  const server = await relay(door)
  for (let i = 0; i < 40; i++) assert.match((await server.send(letter({ from: `queue${i}@shop.example` })))[0], /^250/) // more than are read ahead
  const text = 'A long story.\r\n'.repeat(20000), [reply] = await server.send(letter({ from: 'parked@shop.example', text }))
  const item = reply.split(' ').at(-1)
  const [blob] = readdirSync(join(door.data, 'blobs'), { recursive: true }).filter((name) => /\w{26}$/.test(name))
  renameSync(join(door.data, 'blobs', blob), join(door.home, 'kept'))
  await redis.start()
  const listed = await until('it is parked', async () => (await mei.get('/api/parked')).json?.items[0], 30000)
  assert.deepEqual({ id: listed.id, channel: listed.channel, why: listed.why }, { id: item, channel: 'mail', why: 'its blob is gone' })
  assert.equal((await ticketsOf(mei, 'queue39@shop.example')).length, 1) // nobody waits behind it
  assert.equal((await door.admin('/readyz')).json.checks.parked.ok, false)
  assert.equal(await metric(door, 'journal_parked_items'), 1)

  assert.equal((await mei.post(`/api/parked/${item}/retry`)).status, 202)
  await until('it is parked again', async () => await metric(door, 'mails_parked_total') === 2 && (await mei.get('/api/parked')).json.items.length === 1)
  renameSync(join(door.home, 'kept'), join(door.data, 'blobs', blob))
  assert.ok((await mei.get(`/api/items/${item}/raw`)).text.includes(text))
  assert.equal((await eve.post(`/api/parked/${item}/retry`)).status, 403)
  assert.equal((await mei.post(`/api/parked/${item}/retry`)).status, 202)
  assert.equal((await ticketsOf(mei, 'parked@shop.example')).length, 1)
  assert.deepEqual((await mei.get('/api/parked')).json, { items: [], next: null })
  assert.equal((await mei.post(`/api/parked/${item}/retry`)).status, 409)
  assert.equal((await mei.post('/api/parked/itm_01M87ZRQ4TEBF6C6B5AD9CPY55/retry')).status, 404)
  assert.equal((await mei.post('/api/parked/x/retry')).status, 404)
  assert.equal((await mei.get('/api/parked?cursor=x')).status, 422)
  server.close()
  await door.stop()
  await redis.stop()
})

story('64 MiB on their way are enough: the next one is put off before a byte of it is read, and taken later', async () => {
  const door = await open({ settings })
  const servers = await Promise.all(Array.from({ length: 4 }, () => relay(door)))
  const size = 20 << 20
  for (const server of servers.slice(0, 3)) assert.match((await server.begin('aya@shop.example', ['support@example.net'], ` SIZE=${size}`)).at(-1), /^354/)
  assert.match((await servers[3].begin('aya@shop.example', ['support@example.net'], ` SIZE=${size}`)).at(-1), /^451 4\.3\.1/)
  assert.equal(await metric(door, 'lmtp_flight_bytes'), 3 * size)
  await servers[0].write(stuffed(letter()))
  assert.match((await servers[0].replies())[0], /^250/)
  assert.match((await servers[3].send(letter({ from: 'later@shop.example' }), { parameters: ` SIZE=${size}` }))[0], /^250/)
  servers[1].close()
  await until('what was given up is free again', async () => await metric(door, 'lmtp_flight_bytes') === size)
  for (const server of servers) server.close()
  await door.stop()
})

story('a full journal puts mail off', async () => {
  const door = await open({ settings: { ...settings, reserve: '900000G' }, ready: false })
  const server = await relay(door)
  const [reply] = await server.send(letter())
  assert.match(reply, /^451 4\.3\.[01]/)
  await until('it is known before a mail is read', async () => (await server.begin('a@shop.example', ['support@example.net'])).at(-1).startsWith('451 4.3.1'))
  server.close()
  await door.stop()
})

describe('the daemon is killed', () => {
  let door, mei
  before(async () => {
    door = await open({ settings })
    mei = await member(door)
  })
  after(() => door?.stop())

  async function again() {
    await door.kill()
    await door.start()
  }

  story('in the middle of a mail: nothing of it is there', async () => {
    const server = await relay(door)
    await server.begin('aya@shop.example', ['support@example.net'])
    await server.write(`${letter({ from: 'half@shop.example' })}${'half of it\r\n'.repeat(100000)}`)
    await until('a part of it is on disk', () => blobs(door) > 0)
    await again()
    assert.deepEqual((await mei.get('/api/search?q=half%40shop.example')).json.items, [])
    server.close()
  })

  story('after the mail and before 250: what comes again is one ticket', async () => {
    const mail = letter({ from: 'between@shop.example', id: 'between@shop.example' })
    const server = await relay(door)
    await server.begin('aya@shop.example', ['support@example.net'])
    await server.write(stuffed(mail))
    await again()
    server.close()
    const next = await relay(door)
    assert.match((await next.send(mail))[0], /^250/)
    await quiet(door)
    const tickets = await ticketsOf(mei, 'between@shop.example')
    assert.equal(tickets.length, 1)
    assert.equal(tickets[0].messages.length, 1)
    next.close()
  })

  story('again and again: nothing that got 250 is lost, nothing is there twice', async () => {
    const kept = new Set()
    for (let round = 0; round < 3; round++) {
      const sending = many(24, 8, async (i) => {
        const from = `storm${i}@shop.example`
        if (kept.has(from)) return
        try {
          const server = await relay(door)
          const replies = await server.send(letter({ from, id: from, text: i % 6 === 0 ? 'A large one.\r\n'.repeat(30000) : 'A small one.' }))
          if (replies[0]?.startsWith('250')) kept.add(from)
          server.close()
        } catch { /* the daemon is not there */ }
      })
      await sleep(30 + 60 * round)
      await door.kill()
      await sending
      await door.start()
    }
    for (let i = 0; i < 24; i++) {
      const from = `storm${i}@shop.example`
      if (kept.has(from)) continue
      const server = await relay(door)
      assert.match((await server.send(letter({ from, id: from, text: i % 6 === 0 ? 'A large one.\r\n'.repeat(30000) : 'A small one.' })))[0], /^250/)
      server.close()
    }
    await quiet(door)
    for (let i = 0; i < 24; i++) {
      const tickets = await ticketsOf(mei, `storm${i}@shop.example`)
      assert.equal(tickets.length, 1, `storm${i}`)
      assert.equal(tickets[0].messages.length, 1, `storm${i}`)
    }
  })
})

const CORPUS = process.env.CORPORA ?? '../shared/corpora'

story('every mail of the corpora is taken and filed, however broken it is', async (t) => {
  const names = existsSync(CORPUS) ? readdirSync(CORPUS, { recursive: true }).filter((name) => name.endsWith('.eml')) : []
  if (names.length === 0) return t.skip(`no mails in ${CORPUS} (set CORPORA)`)
  const door = await open({ settings }), server = await relay(door)
  for (const name of names) {
    const mail = readFileSync(join(CORPUS, name)).toString('latin1').replace(/\r\n/g, '\n').replace(/\r/g, ' ') // as Postfix hands stray ones on
    assert.match((await server.send(Buffer.from(mail, 'latin1')))[0], /^250/, name)
  }
  await quiet(door)
  assert.equal(await metric(door, 'journal_parked_items'), 0)
  assert.equal(await metric(door, 'mails_read_total'), names.length)
  assert.equal(await metric(door, 'mails_unreadable_total'), 0)
  console.log(`# ${names.length} mails, ${(await metric(door, 'mail_reading_seconds_total') * 1000 / names.length).toFixed(1)} ms each to read`)
  server.close()
  await door.stop()
})

story('the port of the listener is told, and a taken one is named', async () => {
  const door = await open({ settings })
  assert.ok(door.ports.lmtp > 0)
  assert.match(door.log(), /serving .*lmtp=\d+/)
  assert.ok(existsSync(join(door.data, 'reading')))
  await door.stop()
})
