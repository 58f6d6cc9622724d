// What lies behind the door goes away: Redis stops, dies, is too old; the relay is down; the disk is full.
// The door stays open, and nothing that was answered is lost.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, describe } from 'node:test'
import { freePort, many, open, quantile, readMail, redisServer, shown, sleep, story, until } from './kit.mjs'

const AWAY_MS = 10000
const SETTLE_MS = 5000 // how soon after its return everything is filed
const started = []
const opened = async (options) => started[started.push(await open(options)) - 1]

// Sends on `lanes` connections until stop() says so; what was answered, in order.
function load(door, lanes = 8) {
  const answers = []
  let going = true
  const all = many(lanes, lanes, async (lane) => {
    for (let i = 0; going; i++) {
      const sent = { problem: `Words ${i} of lane ${lane}, ${'x'.repeat(200)}`, email: `lane${lane}.${i}@load.example.org` }
      const a = await door.post('/requests', { json: sent, headers: { 'idempotency-key': `load-${lane}-${i}-0123456789` } }).catch((e) => ({ status: e.code }))
      answers.push({ ...sent, status: a.status, ms: a.ms, ...a.json })
      await sleep(40)
    }
  })
  return { answers, stop: () => { going = false; return all } }
}

async function allFiled(door, answers, since) {
  const written = answers.filter((a) => a.status === 202)
  await until('all that was written is filed', async () => (await door.admin('/metrics')).text.includes('\npostern_journal_unfiled_items 0\n'), SETTLE_MS)
  const seen = await many(answers.length, 16, (i) => door.look(answers[i]))
  assert.deepEqual(seen.map((s) => [s.reference, s.state, s.timeline.map((m) => m.text)]), answers.map((a) => [a.reference, 'open', [a.problem]]))
  assert.ok(Date.now() - since < SETTLE_MS + 5000)
  return written.length
}

function judge(answers) {
  assert.deepEqual([...new Set(answers.map((a) => a.status))].filter((s) => s !== 201 && s !== 202), [])
  assert.equal(new Set(answers.map((a) => a.reference)).size, answers.length, 'each a reference of its own')
  const p99 = quantile(answers.map((a) => a.ms), 0.99)
  assert.ok(p99 < 1000, `p99 ${p99} ms`)
  return p99
}

describe('Redis', () => {
  const ways = [
    ['stands still', (pid) => process.kill(pid, 'SIGSTOP'), (pid) => process.kill(pid, 'SIGCONT')],
    ['is killed again and again', null, null],
  ]
  for (const [label, stop, back] of ways) {
    story(`${label} for 10 s under load: only 201 and 202, and all is filed within 5 s`, async (t) => {
      const door = await opened({ settings: { limits: 'off' } })
      const sending = load(door)
      await sleep(500)
      const pid = door.redisPid(), end = Date.now() + AWAY_MS
      if (stop) stop(pid)
      else for (let last = pid; Date.now() < end; last = await until('the next Redis', () => door.redisPid() !== last && door.redisPid(), 15000)) process.kill(last, 'SIGKILL')
      await sleep(Math.max(0, end - Date.now()))
      const during = sending.answers.length
      if (back) back(pid)
      const since = Date.now()
      await sending.stop()
      const p99 = judge(sending.answers)
      const written = await allFiled(door, sending.answers, since)
      t.diagnostic(`${sending.answers.length} answers, ${during} while away, ${written} written first, p99 ${p99.toFixed(1)} ms`)
      if (stop) assert.ok(written > 100, `${written} were written while it stood still`)
      await door.stop()
    })
  }

  story('stands still, and we are to stop: within 5 s, and what was written is filed by the next run', async () => {
    const door = await opened()
    process.kill(door.redisPid(), 'SIGSTOP')
    const made = await door.request({ email: 'still@example.org' })
    assert.equal(made.state, 'written')
    await sleep(1500)
    await door.stop()
    assert.ok(door.stopped < 5000, `${door.stopped} ms`)
    await door.start()
    await until('filed', async () => (await door.look(made)).state === 'open')
    await door.stop()
  })

  story('is gone when we start: the form is open, what is sent is written, and readable', async () => {
    const redis = redisServer(), door = await opened({ settings: { redis: redis.target }, ready: false })
    const made = await door.request({ email: 'early@example.org' })
    assert.deepEqual([made.state, made.verification], ['written', { state: 'pending' }])
    const seen = await door.look(made)
    assert.deepEqual([seen.state, seen.level, seen.timeline], ['written', 0, []])
    const ready = await door.admin('/readyz')
    assert.deepEqual([ready.status, ready.json.checks.redis.ok, ready.json.checks.journal.ok], [503, false, true])
    const visitor = door.visitor(), page = await visitor.send('/requests', { problem: 'Written only.', email: 'early.b@example.org' })
    assert.equal(page.status, 200)
    await door.kill()
    await door.start({ ready: false })
    assert.equal((await door.look(made)).state, 'written', 'and still after the gateway was killed')
    await redis.start()
    await until('filed', async () => (await door.look(made)).state === 'open')
    assert.equal((await door.look(made)).timeline[0].text, 'Our site is gone since this morning.')
    await door.mailTo('early@example.org')
    await door.stop()
    await redis.stop()
  })

  const unfit = [
    ['does not keep what it is told', { appendonly: 'no' }, /appendonly/],
    ['forgets when memory is short', { 'maxmemory-policy': 'allkeys-lru' }, /maxmemory-policy/],
    ['answers before the disk has it', { appendfsync: 'everysec' }, /appendfsync/],
  ]
  for (const [label, settings, named] of unfit) {
    story(`${label}: written only, and one line says what to change`, async () => {
      const redis = await redisServer(settings).start(), door = await opened({ settings: { redis: redis.target }, ready: false })
      for (let i = 0; i < 3; i++) assert.equal((await door.request({ email: `unfit${i}@example.org` })).state, 'written')
      const ready = await until('why', async () => {
        const a = await door.admin('/readyz')
        return named.test(a.json.checks.redis.why) && a
      })
      assert.equal(ready.status, 503)
      assert.deepEqual(redis.do('KEYS', '*').out.split('\n').filter((key) => key && !key.startsWith('lease:')), [], 'nothing is kept in it')
      await sleep(1500)
      assert.equal(door.log().split('\n').filter((line) => named.test(line)).length, 1)
      redis.do('CONFIG', 'SET', ...Object.keys(settings), { appendonly: 'yes', 'maxmemory-policy': 'noeviction', appendfsync: 'always' }[Object.keys(settings)[0]])
      await until('ready', async () => (await door.admin('/readyz')).status === 200, 15000)
      await door.mailTo('unfit2@example.org')
      await door.stop()
      await redis.stop()
    })
  }

  story('is too old: written only, one line says which version to install, and a new one is taken at once', async () => {
    const redis = await redisServer().start(), way = await disguised(redis, '6.2.7')
    const door = await opened({ settings: { redis: way.target }, ready: false })
    const made = await door.request({ email: 'old@example.org' })
    assert.equal(made.state, 'written')
    const ready = await until('why', async () => {
      const a = await door.admin('/readyz')
      return /6\.2\.7.*install 7\.0 or newer/.test(a.json.checks.redis.why) && a
    })
    assert.equal(ready.status, 503)
    await sleep(1500)
    assert.equal(door.log().split('\n').filter((line) => line.includes('install 7.0')).length, 1)
    assert.deepEqual(redis.do('KEYS', '*').out.split('\n').filter((key) => key && !key.startsWith('lease:')), [], 'nothing is kept in it')
    way.version = null
    await until('ready', async () => (await door.admin('/readyz')).status === 200, 15000)
    await door.mailTo('old@example.org')
    await door.stop()
    way.close()
    await redis.stop()
  })
})

// Stands before a real Redis and lets through everything but its version, as long as `version` is set.
async function disguised(redis, version) {
  const sockets = new Set(), way = { version }
  const server = net.createServer((client) => {
    const real = net.connect(`${redis.home}/sock`)
    const both = [client, real]
    for (const s of both) { sockets.add(s.unref()); s.on('error', () => {}).on('close', () => both.forEach((o) => { sockets.delete(o); o.destroy() })) }
    client.pipe(real)
    real.on('data', (chunk) => client.write(way.version === null ? chunk
      : Buffer.from(chunk.toString('latin1').replace(/redis_version:[^\r]*/, (is) => `redis_version:${way.version}`.padEnd(is.length, '0')), 'latin1')))
  }).listen(`${redis.home}/disguised`).unref()
  await once(server, 'listening')
  way.target = `unix:${redis.home}/disguised`
  way.close = () => { for (const s of sockets) s.destroy(); server.close() }
  return way
}

// A relay, as much of one as it takes: mails that arrived, decoded.
async function relay(port) {
  const mails = [], sockets = new Set()
  const server = net.createServer((socket) => {
    let data = null, rest = ''
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).setEncoding('latin1')
    socket.write('220 relay\r\n')
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\r\n')
      rest = lines.pop()
      for (const line of lines) {
        if (data !== null && line !== '.') data.push(line.replace(/^\.\./, '.'))
        else if (data !== null) {
          mails.push(readMail(Buffer.from(data.join('\r\n'), 'latin1')))
          data = null
          socket.write('250 taken\r\n')
        } else if (/^EHLO/i.test(line)) socket.write('250-relay\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n')
        else if (/^DATA/i.test(line)) { data = []; socket.write('354 go on\r\n') }
        else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else socket.write('250 fine\r\n')
      }
    })
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = () => { for (const s of sockets) s.destroy(); return new Promise((done) => server.close(done)) }
  return { mails, close }
}

describe('the relay', () => {
  story('is down: the door is open, /readyz says so, and the code comes when it is back', async () => {
    const port = await freePort(), door = await opened({ settings: { mail: `smtp://127.0.0.1:${port}` } })
    const made = await door.request({ email: 'relay@example.org' })
    assert.ok(made.reference)
    const ready = await until('readyz knows', async () => {
      const a = await door.admin('/readyz')
      return a.json.checks.mail.ok === false && a
    })
    assert.equal(ready.status, 503)
    assert.match(ready.json.checks.mail.why, /127\.0\.0\.1|relay|connect/)
    const seen = await door.look(made)
    assert.deepEqual([seen.verification.state, seen.verification.expires_at], ['code-queued', null])
    const server = await relay(port)
    await until('the code arrives', () => server.mails.some((m) => m.to === 'relay@example.org'), 90000, 100)
    const { code } = server.mails.find((m) => m.to === 'relay@example.org')
    door.secret(code)
    assert.equal((await door.look(made)).verification.state, 'code-sent')
    assert.equal((await door.post(`${made.url}/verify`, { json: { code }, token: made.token })).status, 200)
    await until('readyz', async () => (await door.admin('/readyz')).status === 200)
    await door.stop()
    await server.close()
  })

  story('fails: the second one takes over', async () => {
    const port = await freePort(), server = await relay(port)
    const door = await opened({ settings: { mail: `smtp://127.0.0.1:${await freePort()} smtp://127.0.0.1:${port}` } })
    await door.request({ email: 'second@example.org' })
    await until('the code arrives', () => server.mails.some((m) => m.to === 'second@example.org'), 30000)
    await door.stop()
    await server.close()
  })
})

describe('the disk', () => {
  story('has no more than the reserve: 503, the time to wait, and the words stay on the page', async () => {
    const door = await opened({ settings: { reserve: '900000G' }, ready: false })
    const a = await door.post('/requests', { json: { problem: 'No room for this.', email: 'full@example.org' } })
    assert.equal(a.status, 503)
    assert.match(a.headers['retry-after'], /^[1-9]\d*$/)
    const typed = { problem: 'Words that must not be lost.', email: 'full@example.org', name: 'Aya Tester', organisation: 'Reserve Test Ltd', impact: 'question' }
    const page = await door.visitor().send('/requests', typed)
    assert.equal(page.status, 503)
    assert.match(page.headers['retry-after'], /^[1-9]\d*$/)
    for (const word of [typed.problem, typed.email, typed.name, typed.organisation]) assert.ok(shown(page.text.replace(/value="([^"]*)"/g, '> $1 <')).includes(word), word)
    assert.match(page.text, /value="question" checked/)
    const ready = await door.admin('/readyz')
    assert.deepEqual([ready.status, ready.json.checks.journal.ok], [503, false])
    await door.stop()
  })
})

after(async () => { for (const door of started) await door.stop() })
