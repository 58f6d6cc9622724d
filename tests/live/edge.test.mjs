// What a client on the wire sees of the edge: raw sockets against the real thing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import tls from 'node:tls'
import zlib from 'node:zlib'

const program = process.env.EDGE_DEMO ?? 'build/live/edge_demo'
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

// Starts the program on free ports. stop() answers its exit code and how long it took.
async function start(...more) {
  const folder = mkdtempSync(join(tmpdir(), 'edge-'))
  const child = spawn(program, [join(folder, 'cert.pem'), join(folder, 'key.pem'), ...more])
  let errors = ''
  child.stderr.on('data', (d) => (errors += d))
  const first = await new Promise((done, fail) => {
    child.stdout.once('data', (d) => done(JSON.parse(d)))
    child.once('exit', (code) => fail(new Error(`exit ${code}: ${errors}`)))
  })
  const ended = new Promise((done) => child.once('exit', (code) => done(code)))
  return {
    ...first,
    child,
    folder,
    errors: () => errors,
    async stop() {
      const begun = Date.now()
      child.kill('SIGTERM')
      const code = await ended
      rmSync(folder, { recursive: true })
      return { code, ms: Date.now() - begun }
    },
  }
}

// A connection that gathers what comes until the other side closes or enough(text) says so.
class Wire {
  constructor(port, { secure = false, ...options } = {}) {
    this.text = ''
    this.closed = false
    this.socket = secure
      ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
      : net.connect(port, '127.0.0.1')
    this.ready = new Promise((done) => this.socket.once(secure ? 'secureConnect' : 'connect', done))
    this.socket.on('data', (d) => (this.text += d.toString('latin1')))
    this.over = new Promise((done) =>
      this.socket
        .on('error', (e) => (this.error = e))
        .on('close', () => done((this.closed = true))),
    )
  }
  async send(...pieces) {
    await this.ready
    for (const p of pieces) this.socket.write(p, 'latin1')
    return this
  }
  async until(enough, ms = 5000) {
    for (const end = Date.now() + ms; !enough(this.text) && !this.closed && Date.now() < end; ) await sleep(5)
    return this.text
  }
  async response(n = 1) {
    await this.until((t) => parse(t).length >= n)
    return parse(this.text)
  }
  async end(ms = 5000) {
    await Promise.race([this.over, sleep(ms)])
    return parse(this.text)
  }
  close() {
    this.socket.destroy()
  }
}

// Whole responses with a length in text.
function parse(text) {
  const all = []
  for (let rest = text; ; ) {
    const at = rest.indexOf('\r\n\r\n')
    if (at < 0) return all
    const [line, ...lines] = rest.slice(0, at).split('\r\n')
    const headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 2)]))
    const status = Number(line.split(' ')[1])
    const bytes = Number(headers['content-length'] ?? 0)
    if (rest.length < at + 4 + bytes) return all
    all.push({ status, headers, body: rest.slice(at + 4, at + 4 + bytes) })
    rest = rest.slice(at + 4 + bytes)
  }
}

const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const post = (path, body, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`

let edge

async function ask(text, port = edge.plain, options) {
  const wire = await new Wire(port, options).send(text)
  const [answer] = await wire.response()
  wire.close()
  return answer ?? { status: 0 }
}

before(async () => (edge = await start()))
after(async () => {
  const { code, ms } = await edge.stop()
  assert.equal(code, 0, edge.errors())
  assert.ok(ms < 5500, `stopped in ${ms} ms`)
})

describe('answers', () => {
  test('over TLS, on the loop', async () => {
    const a = await ask(post('/echo', 'hello'), edge.tls, { secure: true })
    assert.deepEqual([a.status, a.body, a.headers['x-content-type-options']], [200, 'hello', 'nosniff'])
    assert.equal(a.headers.server, undefined)
  })
  for (const [path, status, body] of [
    ['/slow', 200, 'slow\n'],
    ['/held', 200, 'held\n'],
    ['/late', 202, 'late\n'],
  ])
    test(`${path}: from another thread or moment`, async () => {
      const a = await ask(get(path))
      assert.deepEqual([a.status, a.body], [status, body])
    })
  test('a handler without an answer: 500, no silence', async () => {
    const a = await ask(get('/forget'))
    assert.deepEqual([a.status, JSON.parse(a.body).code], [500, 'internal'])
  })
  test('parameters and peer', async () => {
    const w = JSON.parse((await ask(get('/things/a%20b?x=%00', 'Cookie: a=1; crumb="x y"\r\nAccept: text/html,*/*;q=0.1\r\n'))).body)
    assert.deepEqual([w.path, w.query, w.first, w.peer, w.cookie, w.html], ['/things/a b', 'x=%00', 'a b', '127.0.0.1', 'x y', true])
    assert.match(w.request_id, /^[0-9A-HJKMNP-TV-Z]{26}$/)
  })
  test('unknown path: a problem', async () => {
    const a = await ask(get('/nowhere'))
    assert.deepEqual([a.status, a.headers['content-type'], JSON.parse(a.body).status], [404, 'application/problem+json', 404])
  })
  test('known path, other method: 405 with Allow, said by the listener', async () => {
    const a = await ask(get('/echo'))
    assert.deepEqual([a.status, a.headers.allow, a.body], [405, 'POST', '<p>not like this</p>\n'])
    assert.equal((await ask(post('/page', ''))).headers.allow, 'GET, HEAD')
  })
  test('HEAD is GET without the body', async () => {
    const wire = await new Wire(edge.plain).send('HEAD /what HTTP/1.1\r\nHost: a\r\n\r\n')
    const text = await wire.until((t) => t.includes('\r\n\r\n'))
    await sleep(100)
    assert.match(text, /^HTTP\/1.1 200 .*content-length: [1-9]/is)
    assert.ok(wire.text.endsWith('\r\n\r\n'))
    wire.close()
  })
  test('keep-alive and pipelining keep the order', async () => {
    const wire = await new Wire(edge.tls, { secure: true }).send(get('/held') + post('/echo', 'two') + get('/slow') + post('/echo', 'four'))
    const all = await wire.response(4)
    assert.deepEqual(all.map((a) => a.body), ['held\n', 'two', 'slow\n', 'four'])
    assert.equal(wire.closed, false)
    wire.close()
  })
  test('Expect: 100-continue', async () => {
    const wire = await new Wire(edge.plain).send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
    assert.match(await wire.until((t) => t.includes('\r\n\r\n')), /^HTTP\/1.1 100 Continue/)
    await wire.send('ok')
    assert.equal((await wire.response(2))[1].body, 'ok')
    wire.close()
  })
  test('chunked body', async () => {
    const a = await ask('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
    assert.equal(a.body, 'abcde')
  })
  test('multipart with a file', async () => {
    const body = '--b\r\nContent-Disposition: form-data; name="problem"\r\n\r\nhelp\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n\0\r\n\r\n--b--\r\n'
    const a = await ask(post('/form', body, 'Content-Type: multipart/form-data; boundary=b\r\n'))
    assert.deepEqual(JSON.parse(a.body), [{ name: 'problem', file: null, bytes: 4 }, { name: 'f', file: 'a.bin', bytes: 3 }])
  })
})

describe('static files', () => {
  for (const [accept, coding, open] of [
    ['br, gzip', 'br', zlib.brotliDecompressSync],
    ['gzip', 'gzip', zlib.gunzipSync],
    ['gzip, br;q=0', 'gzip', zlib.gunzipSync],
    ['identity', undefined, (b) => b],
  ])
    test(`Accept-Encoding: ${accept}`, async () => {
      const a = await ask(get('/page', `Accept-Encoding: ${accept}\r\n`))
      assert.equal(a.headers['content-encoding'], coding)
      assert.equal(a.headers.vary, 'accept-encoding')
      assert.match(open(Buffer.from(a.body, 'latin1')).toString(), /^<p>line 0/)
      const again = await ask(get('/page', `Accept-Encoding: ${accept}\r\nIf-None-Match: "x", W/${a.headers.etag}\r\n`))
      assert.deepEqual([again.status, again.headers.etag, again.headers['content-length']], [304, a.headers.etag, undefined])
    })
})

describe('what two servers could read differently is refused and the connection closed', () => {
  const host = 'POST /echo HTTP/1.1\r\nHost: a\r\n'
  for (const [label, text] of [
    ['TE and CL', `${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /what HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['two CL', `${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`],
    ['two equal CL', `${host}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`],
    ['CL with a sign', `${host}Content-Length: +2\r\n\r\nab`],
    ['TE: identity', `${host}Transfer-Encoding: identity\r\n\r\n`],
    ['TE twice', `${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['blank before colon', `${host}Content-Length : 2\r\n\r\nab`],
    ['folded line', `GET /what HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n`],
    ['bare LF', `GET /what HTTP/1.1\nHost: a\n\n`],
    ['two Hosts', `GET /what HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`],
    ['no Host', `GET /what HTTP/1.1\r\n\r\n`],
    ['%00', get('/page%00.png')],
    ['%2F', get('/things/a%2fb')],
    ['dot segments', get('/things/../what')],
    ['encoded dot segments', get('/things/%2e%2e/what')],
    ['star', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a TLS greeting on a plain port', '\x16\x03\x01\x00\x05hello\r\n\r\n'],
  ])
    test(label, async () => {
      const wire = await new Wire(edge.plain).send(text)
      const all = await wire.end(3000)
      assert.equal(wire.closed, true)
      assert.deepEqual(all.map((a) => a.status), [400])
    })
  test('16 KiB of headers', async () => {
    const wire = await new Wire(edge.plain).send(get('/what', `X: ${'a'.repeat(17000)}\r\n`))
    assert.deepEqual((await wire.end(3000)).map((a) => a.status), [431])
  })
  test('h2c upgrade is not taken up', async () => {
    const a = await ask(get('/what', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'))
    assert.equal(a.status, 200)
  })
  test('the HTTP/2 preface after ALPN http/1.1', async () => {
    const wire = await new Wire(edge.tls, { secure: true, ALPNProtocols: ['http/1.1'] }).send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    assert.deepEqual((await wire.end(3000)).map((a) => a.status), [400])
  })
  test('ALPN: http/1.1 is chosen, h2 alone is refused', async () => {
    const wire = new Wire(edge.tls, { secure: true, ALPNProtocols: ['h2', 'http/1.1'] })
    await wire.ready
    assert.equal(wire.socket.alpnProtocol, 'http/1.1')
    wire.close()
    const other = new Wire(edge.tls, { secure: true, ALPNProtocols: ['h2'] })
    await other.end(3000)
    assert.ok(other.error)
  })
  test('TLS 1.1 is refused', async () => {
    const wire = new Wire(edge.tls, { secure: true, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' })
    await wire.end(3000)
    assert.ok(wire.error)
  })
})

describe('sizes', () => {
  const big = 1153433 + 1
  test('over the route: the listener refuses, the connection lives', async () => {
    const wire = await new Wire(edge.plain).send(post('/echo', 'a'.repeat(256 * 1024 + 1)), post('/echo', 'b'))
    assert.deepEqual((await wire.response(2)).map((a) => a.status), [413, 200])
    wire.close()
  })
  test('at the limit of the route', async () => {
    assert.equal((await ask(post('/echo', 'a'.repeat(256 * 1024)), edge.tls, { secure: true })).body.length, 256 * 1024)
  })
  test('over the listener, by length: 413 before the body, with the headers of the listener', async () => {
    const a = await ask(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${big}\r\n\r\n`)
    assert.deepEqual([a.status, a.headers['x-content-type-options']], [413, 'nosniff'])
  })
  test('over the listener, in chunks: cut off', async () => {
    const wire = await new Wire(edge.plain).send('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (let i = 0; i < 40 && !wire.closed; i++) await wire.send(`8000\r\n${'a'.repeat(0x8000)}\r\n`)
    const all = await wire.end(3000)
    assert.equal(wire.closed, true)
    assert.ok(all.length === 0 || all[0].status === 413)
  })
})

describe('proxies', () => {
  const peer = async (text) => JSON.parse((await ask(text, edge.proxied)).body).peer
  test('PROXY v1 names the client', async () =>
    assert.equal(await peer('PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n' + get('/what')), '192.0.2.7'))
  test('X-Forwarded-For: the rightmost that is not trusted', async () =>
    assert.equal(await peer(get('/what', 'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.9, 10.0.0.3\r\n')), '192.0.2.9'))
  test('what a client behind PROXY says about itself is not believed', async () =>
    assert.equal(await peer('PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n' + get('/what', 'X-Forwarded-For: 6.6.6.6\r\n')), '192.0.2.7'))
  test('no listener for proxies: neither counts', async () => {
    assert.equal((await ask('PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n' + get('/what'))).status, 400)
    assert.equal(JSON.parse((await ask(get('/what', 'X-Forwarded-For: 6.6.6.6\r\n'))).body).peer, '127.0.0.1')
  })
})

describe('event streams', () => {
  for (const path of ['/events', '/events-after'])
    test(`${path}: first words, then what is said to all`, async () => {
      const wires = await Promise.all([1, 2, 3].map(() => new Wire(edge.tls, { secure: true }).send(get(path))))
      for (const w of wires) await w.until((t) => /hello|look/.test(t))
      await ask(post('/say', 'news'))
      for (const w of wires) {
        assert.match(await w.until((t) => t.includes('data: news')), /text\/event-stream.*data: news\n\n/s)
        w.close()
      }
    })
  test('a reader that stands still is closed, the others are not', async () => {
    const still = await new Wire(edge.plain).send(get('/events'))
    const reader = await new Wire(edge.plain).send(get('/events'))
    await still.until((t) => t.includes('hello'))
    await reader.until((t) => t.includes('hello'))
    const streams = async () => JSON.parse((await ask(get('/counts'))).body).streams
    // Those of clients that went are noticed when something is said to them.
    for (let i = 0; i < 50 && (await streams()) > 2; i++) await ask(post('/say', 'anybody there?'))
    assert.equal(await streams(), 2)
    still.socket.pause()
    for (let i = 0; i < 400 && (await streams()) > 1; i++) await ask(post('/say', 'x'.repeat(60000)))
    assert.equal(await streams(), 1)
    assert.equal(reader.closed, false)
    reader.close()
    still.close()
  })
})

describe('clients that go or dawdle', () => {
  test('gone while the call is held: nobody minds', async () => {
    for (const path of ['/held?ms=200', '/slow?ms=200', '/late?ms=200']) {
      const wires = await Promise.all(Array.from({ length: 8 }, () => new Wire(edge.tls, { secure: true }).send(get(path))))
      await sleep(50)
      wires.forEach((w) => w.close())
    }
    await sleep(600)
    assert.equal((await ask(get('/what'))).status, 200)
  })
  test('gone in the middle of a body', async () => {
    const wire = await new Wire(edge.plain).send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc')
    await sleep(50)
    wire.close()
    assert.equal((await ask(get('/what'))).status, 200)
  })
  test('slow head, slow body, idle: all closed between 10 s and 12 s; a steady body is not', { timeout: 30000 }, async () => {
    const begun = Date.now()
    const trickle = async (wire, text, ms) => {
      for (const c of text) {
        if (wire.closed) break
        wire.socket.write(c)
        await sleep(ms)
      }
    }
    const cases = {
      idle: await new Wire(edge.plain).send(),
      'idle over TLS': await new Wire(edge.tls, { secure: true }).send(),
      'idle after an answer': await new Wire(edge.plain).send(get('/what')),
      'slow head': await new Wire(edge.plain).send('GET /what HTTP/1.1\r\n'),
      'slow body': await new Wire(edge.plain).send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n'),
      'silent body': await new Wire(edge.plain).send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nabc'),
    }
    trickle(cases['slow head'], 'X: ' + 'a'.repeat(60), 400)
    trickle(cases['slow body'], 'a'.repeat(60), 400)
    const steady = await new Wire(edge.plain).send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 26000\r\n\r\n')
    trickle(steady, Array.from({ length: 26 }, () => 'b'.repeat(1000)), 500)
    await Promise.all(Object.entries(cases).map(async ([label, wire]) => {
      await Promise.race([wire.over, sleep(14000)])
      const s = (Date.now() - begun) / 1000
      assert.ok(wire.closed && s > 9.4 && s < 12.5, `${label}: ${wire.closed} after ${s} s`)
    }))
    assert.equal((await steady.response())[0]?.body.length, 26000)
    steady.close()
  })
})

describe('stopping and changing', () => {
  test('calls under way are answered, idle and new ones are not', async () => {
    const own = await start()
    const idle = await new Wire(own.tls, { secure: true }).send(get('/what'))
    await idle.response()
    const stream = await new Wire(own.plain).send(get('/events'))
    await stream.until((t) => t.includes('hello'))
    const held = await new Wire(own.tls, { secure: true }).send(get('/held?ms=1000'))
    const slow = await new Wire(own.plain).send(get('/slow?ms=1000'))
    await sleep(200)
    const stopped = own.stop()
    await sleep(200)
    assert.equal(idle.closed, true)
    const late = new Wire(own.plain)
    await late.end(500)
    assert.ok(late.error)
    const { code, ms } = await stopped
    assert.equal((await held.end())[0].body, 'held\n')
    assert.equal((await slow.end())[0].headers.connection, 'close')
    assert.match(stream.text, /\r\n0\r\n\r\n$/)
    assert.equal(code, 0, own.errors())
    assert.ok(ms > 700 && ms < 3500, `${ms} ms`)
  })
  test('a call that never ends costs 3.5 s, not for ever', { timeout: 15000 }, async () => {
    const own = await start()
    const wire = await new Wire(own.plain).send(get('/never'))
    await sleep(200)
    const { ms } = await own.stop()
    assert.match(own.errors(), /stop_left_calls calls=1/)
    assert.ok(ms > 3000 && ms < 4600, `${ms} ms`)
    wire.close()
  })
  test('at the cap of connections the next one waits and is served then', async () => {
    const own = await start('3', '1')
    const three = await Promise.all([1, 2, 3].map(() => new Wire(own.plain).send(get('/what'))))
    for (const w of three) await w.response()
    const fourth = await new Wire(own.plain).send(get('/what'))
    await sleep(300)
    assert.equal(fourth.text, '')
    three[0].close()
    assert.equal((await fourth.response())[0].status, 200)
    for (const w of [...three, fourth]) w.close()
    assert.equal((await own.stop()).code, 0, own.errors())
  })
  test('SIGHUP: the new certificate for new connections, the old one kept where the new is broken', async () => {
    const { writeFileSync, readFileSync } = await import('node:fs')
    const own = await start(), other = await start()
    const print = async () => {
      const w = new Wire(own.tls, { secure: true })
      await w.ready
      const p = w.socket.getPeerX509Certificate().fingerprint256
      w.close()
      return p
    }
    const first = await print()
    writeFileSync(join(own.folder, 'cert.pem'), 'nonsense')
    own.child.kill('SIGHUP')
    await sleep(300)
    assert.equal(await print(), first)
    assert.match(own.errors(), /kept the old pair: .*cert\.pem is no usable certificate/)
    for (const f of ['cert.pem', 'key.pem']) writeFileSync(join(own.folder, f), readFileSync(join(other.folder, f)))
    const open = await new Wire(own.tls, { secure: true }).send(get('/what'))
    await open.response()
    own.child.kill('SIGHUP')
    await sleep(300)
    assert.notEqual(await print(), first)
    await open.send(get('/what'))
    assert.equal((await open.response(2)).length, 2)
    open.close()
    assert.equal((await own.stop()).code, 0, own.errors())
    assert.equal((await other.stop()).code, 0, other.errors())
  })
  test('a port in use, even by one of us: one sentence that says what to do, exit 74', async () => {
    const child = spawn(program, [join(edge.folder, 'cert.pem'), join(edge.folder, 'key.pem'), '10', '2', edge.tls])
    let errors = ''
    child.stderr.on('data', (d) => (errors += d))
    assert.equal(await new Promise((done) => child.once('close', done)), 74)
    assert.match(errors, new RegExp(`^port ${edge.tls} on 127.0.0.1 is in use: stop the program that has it, or .*\n$`))
  })
})
