// Tools of the live tests: the whole daemon as a person meets it. No packages; node >= 18.
//
//   const door = await open({ settings: { limits: 'off' } })   postern serve on free ports, data in a folder of its own
//   await door.post('/requests', { json: {...} })              one answer: { status, headers, text, json, ms }
//   const aya = door.visitor({ language: 'zh-TW' })            a browser: cookies, pages, redirects followed by hand
//   await door.mailTo('aya@example.org', 2)                    the second mail to her, decoded
//   await door.run('check')                                    a command on the same data: { code, out, err }
//   story('what a person does', async () => {...})             a test; where it fails, the log is shown
//
// Each answer is held against openapi.yaml. Whatever was started ends with the process, and no log may hold what the tests typed (see `secret`).
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import * as interfaces from './openapi.mjs'

export const PROGRAM = resolve(process.env.POSTERN ?? 'build/postern')
export const SHARE = process.env.POSTERN_SHARE ?? 'build/share'
export const LONG = Boolean(process.env.LONG)
export const LANGUAGES = ['en', 'zh-TW', 'ja', 'de', 'es', 'ar']
export const words = (lang) => JSON.parse(readFileSync(`${SHARE}/catalog/${lang}.json`, 'utf8'))

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

// What `look` answers as soon as it answers something true; fails after ms.
export async function until(what, look, ms = 10000, every = 20) {
  for (const end = Date.now() + ms; ; await sleep(every)) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) assert.fail(`${what}: not within ${ms} ms`)
  }
}

// n calls of ask(i), `width` at a time; their answers in order.
export async function many(n, width, ask) {
  const answers = new Array(n)
  let next = 0
  const lane = async () => {
    for (let i = next++; i < n; i = next++) answers[i] = await ask(i)
  }
  await Promise.all(Array.from({ length: Math.min(width, n) }, lane))
  return answers
}

// An answer that promises: the words are on disk, and mostly in Redis too.
export const taken = (answer) => answer.status === 201 || answer.status === 202

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]
}

// ---- what was started, and its end ----

const living = new Set() // child processes
const folders = new Set()
const doors = new Set()

function end(child, signal = 'SIGKILL') {
  try {
    process.kill(child.pid, 'SIGCONT')
    process.kill(child.pid, signal)
  } catch {
    // gone already
  }
}

function endAll() {
  for (const child of living) end(child)
  for (const door of doors) if (door.redisPid()) end({ pid: door.redisPid() })
}

// What a failed story left running must not hold the file: after its own hooks had their time.
if (process.env.NODE_TEST_CONTEXT) after(() => setTimeout(endAll, 15000).unref())
process.on('exit', () => {
  endAll()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

export function folder(name = 'postern-') {
  const made = mkdtempSync(join(tmpdir(), name))
  folders.add(made)
  return made
}

// A program that ends with us; `ended` is a promise of { code, signal }.
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options })
  living.add(child)
  child.ended = new Promise((done) => {
    child.once('error', (e) => done({ code: null, signal: null, error: e }))
    child.once('exit', (code, signal) => done({ code, signal }))
  }).finally(() => living.delete(child))
  return child
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

// A test that shows the logs of what it had running where it fails.
export function story(name, ...rest) {
  const tell = rest.pop()
  test(name, ...rest, async (t) => {
    try {
      await tell(t)
    } catch (e) {
      for (const door of doors) door.tellLog()
      throw e
    }
  })
}

// ---- HTTP ----

// One connection pool to one listener.
class Line {
  constructor(port, secure) {
    this.port = port
    this.lib = secure ? https : http
    this.agent = new this.lib.Agent({ keepAlive: true, maxSockets: 256, rejectUnauthorized: false })
  }

  // options: json | form | multipart ({ name: text }) | body, headers, language, page (ask as a browser), agent, timeout
  ask(method, path, options = {}) {
    const headers = {}
    let body = options.body
    if (options.json !== undefined) [body, headers['content-type']] = [JSON.stringify(options.json), 'application/json']
    if (options.form !== undefined) {
      [body, headers['content-type']] = [new URLSearchParams(options.form).toString(), 'application/x-www-form-urlencoded']
    }
    if (options.multipart !== undefined) [body, headers['content-type']] = multipart(options.multipart)
    if (body !== undefined) headers['content-length'] = Buffer.byteLength(body)
    headers.accept = options.page ? 'text/html,application/xhtml+xml,*/*;q=0.8' : 'application/json'
    if (options.language) headers['accept-language'] = options.language
    if (options.token) headers.authorization = `Bearer ${options.token}`
    Object.assign(headers, options.headers)
    const begun = performance.now()
    return new Promise((done, fail) => {
      const request = this.lib.request({
        host: '127.0.0.1', port: this.port, method, path, headers, agent: options.agent ?? this.agent, rejectUnauthorized: false,
        timeout: options.timeout ?? 30000,
      }, (response) => {
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk)).once('error', fail).once('end', () => {
          const bytes = Buffer.concat(chunks), text = bytes.toString()
          const answer = { status: response.statusCode, headers: response.headers, raw: response.rawHeaders, bytes, text }
          answer.ms = performance.now() - begun
          if (/json/.test(response.headers['content-type'] ?? '')) answer.json = JSON.parse(text)
          done(answer)
        })
      })
      request.once('timeout', () => request.destroy(new Error(`no answer to ${method} ${path} in time`))).once('error', fail)
      request.end(body)
    })
  }

  // Forgets connections that wait for a next request.
  rest() {
    for (const socket of Object.values(this.agent.freeSockets).flat()) socket.destroy()
  }

  close() {
    this.agent.destroy()
  }
}

// Values are text, or { file, type, body } for a file.
export function multipart(fields, boundary = 'AaB03x-cut-here') {
  const parts = Object.entries(fields).map(([name, value]) => {
    const more = value.file === undefined ? '' : `; filename="${value.file}"\r\nContent-Type: ${value.type ?? 'text/plain'}`
    return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value.body ?? value}\r\n`
  })
  return [`${parts.join('')}--${boundary}--\r\n`, `multipart/form-data; boundary=${boundary}`]
}

// A browser on the public listener: keeps cookies, asks for pages, posts forms.
class Visitor {
  constructor(door, { language = 'en', headers = {} } = {}) {
    Object.assign(this, { door, language, headers, cookies: new Map() })
  }

  async ask(method, path, options = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await this.door.ask(method, path, {
      page: true, language: this.language, ...options,
      headers: { ...(cookie && { cookie }), 'sec-fetch-site': 'same-origin', ...this.headers, ...options.headers },
    })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (/; *max-age=0/i.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  get(path, options) {
    return this.ask('GET', path, options)
  }

  // Posts a form; a 303 is followed. The page it ended on, with `location` where it was sent.
  async send(path, form, options = {}) {
    const first = await this.ask('POST', path, { form, ...options })
    if (first.status !== 303) return first
    const page = await this.get(first.headers.location, options)
    return Object.assign(page, { location: first.headers.location, first })
  }
}

// Text of a page without its mark-up, for looking words up in.
export const shown = (html) => html.replace(/<(style|script)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ')
  .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;|&#x27;/g, "'").replace(/&amp;/g, '&')
  .replace(/[ \t\n]+/g, ' ')

// ---- mails ----

const decodeWords = (text) => text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (all, how, code) => (
  /b/i.test(how) ? Buffer.from(code, 'base64') : quoted(code.replace(/_/g, ' '))).toString())

function quoted(text) {
  const bytes = text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/gi, (all, hex) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}

function part(raw) {
  const at = raw.search(/\r?\n\r?\n/)
  const head = at < 0 ? raw : raw.slice(0, at), body = at < 0 ? '' : raw.slice(at).replace(/^\r?\n\r?\n/, '')
  const headers = {}
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = decodeWords(line.slice(colon + 1).trim())
  }
  return { headers, body }
}

// { headers, to, subject, text, html, code, raw } of a message as it goes over the wire.
export function readMail(raw) {
  const latin = Buffer.from(raw).toString('latin1'), mail = part(latin)
  const boundary = /boundary="?([^";\r\n]+)"?/i.exec(mail.headers['content-type'] ?? '')?.[1]
  const cut = boundary && new RegExp(`\\r?\\n?--${boundary.replace(/[^\w]/g, '\\$&')}(?:--)?\\r?\\n`)
  const parts = cut ? latin.split(cut).slice(1).filter(Boolean).map(part) : [mail]
  const read = (type) => {
    const one = parts.find((p) => (p.headers['content-type'] ?? 'text/plain').startsWith(type))
    if (!one) return ''
    const how = { base64: (t) => Buffer.from(t, 'base64'), 'quoted-printable': quoted }[one.headers['content-transfer-encoding']?.toLowerCase()]
    return (how?.(one.body) ?? Buffer.from(one.body, 'latin1')).toString().replace(/\r\n/g, '\n')
  }
  const text = read('text/plain')
  const to = /<([^<>]*)>\s*$/.exec(mail.headers.to ?? '')?.[1] ?? mail.headers.to
  const code = /^(\d{4} \d{4})$/m.exec(text)?.[1]
  return { headers: mail.headers, to, subject: mail.headers.subject, text, html: read('text/html'), code, raw: latin }
}

// ---- Redis ----

// A server to be given to the gateway: start(), kill(signal), target for the setting `redis`.
export function redisServer(settings = {}) {
  const home = folder('postern-redis-')
  const server = { home, target: `unix:${home}/sock` }
  const given = { port: 0, unixsocket: `${home}/sock`, dir: home, appendonly: 'yes', appendfsync: 'always', save: '',
    'aof-load-truncated': 'no', 'maxmemory-policy': 'noeviction', ...settings }
  server.start = async () => {
    const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)])
    server.child = start('redis-server', args, { stdio: 'ignore' })
    await until('Redis answers', () => /PONG|NOAUTH/.test(server.do('PING').out))
    return server
  }
  server.do = (...command) => tool('redis-cli', ['-s', `${home}/sock`, ...command])
  server.kill = (signal = 'SIGKILL') => server.child.kill(signal)
  server.stop = async () => {
    end(server.child)
    await server.child.ended
  }
  return server
}

function tool(program, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  return { code: status, out: stdout ?? '', err: stderr ?? '' }
}

// ---- the daemon ----

const PERSONAL = ['problem', 'text', 'email', 'phone', 'name', 'organisation', 'site', 'invoice', 'code', 'token', 'key', 'password']
const CLOCK = resolve('build/tools/clock_preload.so')

class Door {
  // settings: what stands in postern.conf, name -> value ('listen public' for a listener). data: of an earlier door.
  // clock: true for a clock that `later(ms)` can move.
  constructor({ settings = {}, data, env = {}, clock = false } = {}) {
    this.home = data ? join(data, '..') : folder()
    this.data = data ?? join(this.home, 'data')
    this.settings = { data: this.data, keys: join(this.home, 'keys'), 'listen public': '127.0.0.1:0', 'listen staff': '127.0.0.1:0',
      'listen admin': '127.0.0.1:0', 'listen lmtp': '127.0.0.1:0', origin: 'https://localhost:0', ...settings }
    this.env = { ...process.env, ...env }
    this.secrets = new Set()
    this.read = new Map() // mails by file name
    this.logFile = join(this.home, 'log')
    if (clock) this.openClock()
  }

  openClock() {
    assert.ok(existsSync(CLOCK), `${CLOCK} is not built: make build/tools/clock_preload.so`)
    this.clockFile = openSync(join(this.home, 'clock'), 'w+')
    this.later(0)
    Object.assign(this.env, { LD_PRELOAD: CLOCK, CLOCK_SHIFT: join(this.home, 'clock') })
  }

  // From now on all clocks of gateway and Redis show ms more.
  later(ms) {
    this.shift = (this.shift ?? 0) + ms
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(this.shift))
    writeSync(this.clockFile, bytes, 0, 8, 0)
    for (const line of Object.values(this.lines ?? {})) line.rest() // the gateway finds them idle for too long, and cuts them
  }

  options() {
    return Object.entries(this.settings).filter(([, value]) => value !== undefined).flatMap(([name, value]) => {
      const [word, more] = name.split(' ')
      return ['-o', `${word}=${more ? `${more} ` : ''}${value}`]
    })
  }

  // ready: wait for /readyz, too; else for the listeners only.
  async start({ ready = true } = {}) {
    rmSync(join(this.data, 'ports.json'), { force: true })
    this.child = start(PROGRAM, ['serve', ...this.options()], { stdio: ['ignore', 'ignore', openSync(this.logFile, 'a')], env: this.env })
    doors.add(this)
    this.child.ended.then((how) => { this.how = how })
    this.how = undefined
    await until('the listeners are bound', () => this.how || existsSync(join(this.data, 'ports.json')), 20000)
    assert.equal(this.how, undefined, `serve ended: ${this.log()}`)
    this.ports = JSON.parse(readFileSync(join(this.data, 'ports.json'), 'utf8'))
    this.lines = { public: new Line(this.ports.public, true), staff: new Line(this.ports.staff, true), admin: new Line(this.ports.admin, false) }
    if (ready) await until('readyz', async () => (await this.admin('/readyz')).status === 200, 20000)
    return this
  }

  ask(method, path, options = {}) {
    this.secret(options.json, options.form, options.multipart, options.token)
    return this.lines[options.to ?? 'public'].ask(method, path, options).then((answer) => {
      this.secret(answer.json?.token)
      interfaces.check(method, path, answer)
      return answer
    })
  }

  get(path, options) {
    return this.ask('GET', path, options)
  }

  post(path, options) {
    return this.ask('POST', path, options)
  }

  admin(path) {
    return this.ask('GET', path, { to: 'admin' })
  }

  visitor(options) {
    return new Visitor(this, options)
  }

  // Sends a request and answers what came: { reference, token, url, state, verification }.
  async request(fields, options = {}) {
    const answer = await this.post('/requests', { json: { problem: 'Our site is gone since this morning.', ...fields }, ...options })
    assert.ok(taken(answer), `${answer.status} ${answer.text}`)
    return answer.json
  }

  // The same, once Redis has it: on a busy machine the receipt may come first.
  filed(made) {
    return until(`${made.reference} is filed`, async () => {
      const seen = await this.look(made)
      return seen.state !== 'written' && seen
    })
  }

  // What the holder of a request sees.
  async look({ url, token }) {
    const answer = await this.get(url, { token })
    assert.equal(answer.status, 200, answer.text)
    return answer.json
  }

  // What was typed must never be in the log: addresses, numbers, tokens, codes, words.
  secret(...values) {
    for (const value of values) {
      if (typeof value === 'string' && value.trim().length >= 6) this.secrets.add(value.trim().split('\n')[0].slice(0, 40))
      else if (value !== null && typeof value === 'object') this.secret(...PERSONAL.map((name) => value[name]))
    }
  }

  log() {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : ''
  }

  // The end of the log, for whoever looks for what went wrong; once, where it is over.
  tellLog() {
    if (this.told) return
    this.told = this.how !== undefined
    console.error(`---- ${this.told ? 'ended; ' : ''}log of ${this.data}\n${this.log().split('\n').slice(-30).join('\n')}`)
  }

  assertLogClean() {
    const log = this.log().split('\n').map((line) => line.replaceAll(this.home, ''))
    for (const value of this.secrets) {
      const line = log.find((l) => l.includes(value))
      assert.equal(line, undefined, `the log holds ${JSON.stringify(value)}`)
    }
  }

  // All mails of data/mail, oldest first.
  mails() {
    const box = join(this.data, 'mail')
    for (const file of existsSync(box) ? readdirSync(box).filter((f) => f.endsWith('.eml')).sort() : []) {
      if (this.read.has(file)) continue
      const mail = readMail(readFileSync(join(box, file)))
      this.read.set(file, mail)
      this.secret(mail.to, mail.code)
    }
    return [...this.read].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mail]) => mail)
  }

  // The n-th mail to an address, as soon as it is there.
  mailTo(address, n = 1) {
    return until(`mail ${n} to ${address}`, () => this.mails().filter((m) => m.to === address)[n - 1], 15000)
  }

  // A command on the same data and settings; input is its stdin.
  run(words, { input = '', env, cwd } = {}) {
    const list = Array.isArray(words) ? words : words.split(' ')
    return new Promise((done) => {
      const child = start(PROGRAM, [...list, ...this.options()], { stdio: 'pipe', env: { ...this.env, ...env }, cwd })
      let out = '', err = ''
      child.stdout.setEncoding('utf8').on('data', (d) => { out += d })
      child.stderr.setEncoding('utf8').on('data', (d) => { err += d })
      child.once('close', (code) => done({ code, out, err }))
      child.stdin.on('error', () => {}).end(input)
    })
  }

  redisPid() {
    return Number(/.*redis_up pid=(\d+)/s.exec(this.log())?.[1])
  }

  // A command to the embedded Redis, in the gateway's own name.
  redis(...command) {
    const [user, password] = readFileSync(join(this.data, 'redis', 'user'), 'utf8').trim().split(' ')
    const socket = /^unixsocket (\S+)/m.exec(readFileSync(join(this.data, 'redis', 'redis.conf'), 'utf8'))[1]
    const env = { ...process.env, REDISCLI_AUTH: password }
    return tool('redis-cli', ['-s', socket, '--user', user, ...command], { cwd: join(this.data, 'redis'), env }).out
  }

  kill(signal = 'SIGKILL') {
    this.child.kill(signal)
    return this.child.ended
  }

  // Ends it in good order: within 5 s, exit code 0, nothing personal in the log.
  async stop() {
    if (!this.child) return
    for (const line of Object.values(this.lines ?? {})) line.close()
    if (this.how === undefined) {
      const begun = Date.now()
      this.child.kill('SIGTERM')
      const late = setTimeout(() => end(this.child), 15000)
      const how = await this.child.ended
      clearTimeout(late)
      this.stopped = Date.now() - begun
      assert.deepEqual([how.code, how.signal], [0, null], this.log().split('\n').slice(-20).join('\n'))
    }
    doors.delete(this)
    this.assertLogClean()
  }
}

export const open = (options = {}) => new Door(options).start(options)
// A door that is not opened: to run commands on its data, or to see it refuse.
export const closed = (options) => new Door(options)

// Writes a file into a door's home; its path.
export function write(door, name, text) {
  mkdirSync(door.home, { recursive: true })
  writeFileSync(join(door.home, name), text)
  return join(door.home, name)
}
