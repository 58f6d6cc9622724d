// What other programs are told of, and how that goes on when they, Redis or we fall over: each receiver is a real HTTP
// server that believes what npm's standardwebhooks verifies, and nothing else.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before } from 'node:test'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { freePort, open, sleep, story, until } from './kit.mjs'
import { member } from './member.mjs'

let door, mei
before(async () => {
  door = await open({ settings: { limits: 'off' } })
  mei = await member(door, 'mei', 'auditor')
})
after(() => door.stop())

// answers: what it says, one after the other, the last for ever: a status, [status, headers], or null for silence.
async function receiver(name, answers, { port, words = [] } = {}) {
  const got = [], server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', (d) => chunks.push(d)).on('end', () => {
      got.push({ id: request.headers['webhook-id'], headers: request.headers, body: Buffer.concat(chunks).toString(), at: Date.now() })
      const say = answers.length > 1 ? answers.shift() : answers[0]
      if (say !== null) response.writeHead(...[say].flat()).end()
    })
  })
  const listen = (at) => new Promise((done) => server.listen(at, '127.0.0.1', done))
  await listen(port ?? 0)
  const url = `http://127.0.0.1:${server.address().port}/in`
  const made = await door.run(['hook', 'add', name, url, ...words])
  assert.equal(made.code, 0, made.err)
  const secret = made.out.trim()
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  door.secret(secret)
  return { got, secret, url, answers, listen, close: () => new Promise((done) => { server.closeAllConnections(); server.close(done) }) }
}

const state = async (name) => (await mei.get('/api/hooks')).json.items.find((h) => h.name === name)
const test = (name) => door.run(['hook', 'test', name])

story('a receiver is told at once, and what it is told verifies', async () => {
  const pager = await receiver('pager', [204])
  const run = await test('pager')
  assert.equal(run.code, 0, run.err)
  const [one] = pager.got
  const told = new Webhook(pager.secret).verify(one.body, one.headers)
  assert.equal(told.type, 'hook.test')
  assert.deepEqual(told.data, { receiver: 'pager' })
  assert.ok(Math.abs(Date.parse(told.timestamp) - Date.now()) < 20000)
  assert.match(one.id, /^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
  assert.match(run.out, new RegExp(one.id))
  assert.throws(() => new Webhook(pager.secret).verify(`${one.body} `, one.headers), WebhookVerificationError)
  const s = await state('pager')
  assert.deepEqual([s.state, s.told, s.waiting, s.host, s.why], ['well', 1, 0, '127.0.0.1', null])
  assert.match((await door.admin('/metrics')).text, /^postern_hooks_told_total [1-9]/m)
  const list = JSON.parse((await door.run(['hook', 'list', '--json'])).out)
  assert.equal(JSON.stringify(list).includes('whsec'), false)
  await pager.close()
})

story('who answers 500 is told again with the same id and a signature of that moment', async () => {
  const late = await receiver('late', [500, 204])
  const run = await test('late')
  assert.equal(run.code, 69)
  assert.match(run.err, /answered 500/)
  assert.equal((await state('late')).state, 'failing')
  await until('the second try', () => late.got.length === 2, 9000)
  const [first, second] = late.got
  assert.equal(first.id, second.id)
  assert.ok(second.at - first.at > 4000, `${second.at - first.at} ms`)
  assert.notEqual(first.headers['webhook-timestamp'], second.headers['webhook-timestamp'])
  new Webhook(late.secret).verify(second.body, second.headers)
  await until('it is well', async () => (await state('late')).state === 'well')
  await late.close()
})

story('one that is dead, one that is silent, and one that sends elsewhere hold up nobody', async () => {
  const elsewhere = await receiver('target', [204], { words: ['--only', 'incident.closed'] })
  const silent = await receiver('silent', [null]), lost = await receiver('lost', [[302, { location: elsewhere.url }]])
  const made = await door.run(['hook', 'add', 'dead', `http://127.0.0.1:${await freePort()}/`])
  assert.equal(made.code, 0)
  door.secret(made.out.trim())
  const quick = await receiver('quick', [204]), waits = [test('silent')]
  await until('silence', () => silent.got.length === 1)
  assert.equal((await test('dead')).code, 69)
  assert.match((await test('lost')).err, /answered 302/)
  const begun = Date.now()
  assert.equal((await test('quick')).code, 0)
  assert.ok(Date.now() - begun < 3000)
  assert.equal(elsewhere.got.length, 0)
  await silent.close()
  await Promise.all([...waits, quick.close(), lost.close(), elsewhere.close()])
})

story('killed with an event on its way, the gateway tells it when it is back', async () => {
  const held = await receiver('held', [null, 204])
  const run = test('held')
  await until('it is on its way', () => held.got.length === 1)
  await door.kill()
  await run
  await door.start()
  await mei.again()
  await until('told again', () => held.got.length === 2, 9000)
  assert.equal(held.got[0].id, held.got[1].id)
  new Webhook(held.secret).verify(held.got[1].body, held.got[1].headers)
  await until('nothing waits', async () => (await state('held')).waiting === 0)
  await sleep(700)
  assert.equal(held.got.length, 2)
  await held.close()
})

story('who is gone for good is told nothing more', async () => {
  const gone = await receiver('gone', [410])
  assert.equal((await test('gone')).code, 69)
  await until('off', async () => (await state('gone')).state === 'off')
  await gone.close()
})

story('addresses that lead into our own network are refused', async () => {
  const add = (name, url, ...more) => door.run(['hook', 'add', name, url, ...more])
  for (const url of ['http://example.org/', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'https://', 'nothing', 'https://a:b@example.org/', 'http://127.0.0.1.example.org@evil/', 'https://example.org/ x']) {
    const run = await add('no', url)
    assert.equal(run.code, 64, url)
  }
  const inside = await add('inside', `https://127.0.0.1:${door.ports.public}/`)
  assert.equal(inside.code, 0)
  door.secret(inside.out.trim())
  assert.match((await test('inside')).err, /not public/)
  const allowed = await add('allowed', `https://127.0.0.1:${door.ports.public}/`, '--private')
  door.secret(allowed.out.trim())
  assert.match((await test('allowed')).err, /certificate|SSL|CA/i) // it was connected to, and not believed
  assert.equal((await add('inside', 'https://example.org/')).code, 65)
  for (const name of ['inside', 'allowed']) assert.equal((await door.run(['hook', 'remove', name])).code, 0)
  assert.equal((await door.run(['hook', 'remove', 'inside'])).code, 65)
  assert.equal(await state('inside'), undefined)
})
