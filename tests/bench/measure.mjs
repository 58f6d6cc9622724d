// What the bench measures with: processes and their threads, clients for load, the floors, a relay that can wait.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { folder, open, sleep, start, until } from '../live/kit.mjs'

// ---- processes ----

// Microseconds on a CPU of each thread role of a process; threads that ended meanwhile do not count.
export function cpuByRole(pid) {
  const roles = {}
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    try {
      const role = readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim().replace(/-\d+$/, '')
      const [ns] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')
      roles[role] = (roles[role] ?? 0) + Number(ns) / 1000
    } catch {
      // it ended between the two looks
    }
  }
  return roles
}

export const sum = (roles) => Object.values(roles).reduce((a, b) => a + b, 0)
export const cpu = (pid) => sum(cpuByRole(pid))
export const rssMiB = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

// Runs a program to its end; what it printed.
export function output(program, args) {
  return new Promise((done, fail) => {
    const child = start(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (d) => { out += d })
    child.once('close', (code) => (code === 0 ? done(out) : fail(new Error(`${program} ended with ${code}`))))
  })
}

export async function metrics(door) {
  const { text } = await door.admin('/metrics')
  return Object.fromEntries([...text.matchAll(/^postern_(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]))
}

// ---- load ----

const WARM_S = 1

export function load(port, options, seconds) {
  return output('build/bench/load', [...options, '-w', String(WARM_S), '-s', String(seconds), String(port)]).then(JSON.parse)
}

const look = async (door) => ({ roles: cpuByRole(door.child.pid), redis: cpu(door.redisPid()), counts: await metrics(door) })

function difference(a, b, per) {
  return Object.fromEntries(Object.keys(b).map((name) => [name, (b[name] - (a[name] ?? 0)) / per]))
}

// Load on a door, with what each request costs once it has warmed up.
export async function accept(door, connections, { body, key = false, seconds = 4 }) {
  const loading = load(door.ports.public, ['-c', String(connections), '-p', '/requests', '-b', body, ...(key ? ['-k'] : [])], seconds)
  await sleep(WARM_S * 1000 + 300)
  const before = await look(door)
  await sleep(seconds * 1000 - 600)
  const after = await look(door)
  const client = await loading
  const counts = difference(before.counts, after.counts, 1), n = counts.journal_rows_total
  assert.equal(client.status['2xx'], client.requests, `only 2xx is meant to come: ${JSON.stringify(client)}`)
  const roles = difference(before.roles, after.roles, n)
  return {
    ...times(client), written: client.accepted / client.requests, gateway_us: sum(roles), roles, redis_us: (after.redis - before.redis) / n,
    items_per_round: 2 * counts.items_filed_total / counts.filing_rounds_total, rows_per_commit: n / counts.journal_commits_total,
    mails_per_request: counts.mail_sent_total / n, rss_mib: rssMiB(door.child.pid),
  }
}

export const times = (client) => ({ per_s: client.per_s, p50_ms: client.p50_us / 1000, p99_ms: client.p99_us / 1000 })

// As many requests as it takes until a door has accepted n.
export async function fill(door, n, body) {
  for (let have; (have = (await metrics(door)).journal_rows_total) < n;) {
    await load(door.ports.public, ['-c', '16', '-p', '/requests', '-b', body], Math.min(20, Math.max(0.1, (n - have) / 1500 - WARM_S)))
  }
  await until('all is filed', async () => (await metrics(door)).journal_unfiled_items === 0, 30000)
  return (await metrics(door)).journal_rows_total
}

// Connections that say nothing; what the process weighs with the most of them.
export async function idle(door, wanted) {
  const before = (await metrics(door)).http_open_connections
  const most = { connections: 0, mib: 0 }
  let over = false
  const holding = output('build/bench/load', ['-n', '-c', String(wanted), '-w', '0', '-s', '5', String(door.ports.public)]).then(() => { over = true })
  for (; !over; await sleep(100)) {
    const connections = (await metrics(door)).http_open_connections - before
    if (connections > most.connections) Object.assign(most, { connections, mib: rssMiB(door.child.pid) })
  }
  await holding
  return most
}

// ---- floors ----

export async function journalFloor(folder) {
  const lines = await output('build/bench/journal_bench', ['--json', folder])
  return Object.fromEntries(lines.trim().split('\n').map(JSON.parse).map((r) => [
    r.connections, { per_s: r.rows_per_s, p50_ms: r.p50_ms, p99_ms: r.p99_ms, gateway_us: r.cpu_us_per_row }]))
}

export async function echoFloor(door, port, connections, { body, seconds = 4 }) {
  const child = start('build/bench/echo_floor', [join(door.data, 'self-signed.pem'), join(door.data, 'self-signed-key.pem'), String(port), '2'])
  const open = () => new Promise((done) => net.connect(port, '127.0.0.1').once('connect', function () { this.destroy(); done(true) }).once('error', () => done(false)))
  await until('the echo listens', open)
  const loading = load(port, ['-c', String(connections), '-b', body], seconds)
  await sleep(WARM_S * 1000 + 300)
  const before = cpu(child.pid), begun = performance.now()
  await sleep(seconds * 1000 - 600)
  const used = cpu(child.pid) - before, took_s = (performance.now() - begun) / 1000
  const client = await loading
  child.kill('SIGKILL')
  await child.ended
  return { ...times(client), gateway_us: used / (client.per_s * took_s) }
}

// The words of a command as MONITOR prints them.
function unquote(line) {
  const escapes = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word.replace(/\\(x[0-9a-f]{2}|.)/g,
    (_, e) => (e.length === 3 ? String.fromCharCode(parseInt(e.slice(1), 16)) : escapes[e] ?? e)))
}

// One word as script_bench makes it anew for each call: fresh ids, partitions and times; sealed bytes by their number.
function template(word) {
  if (/[^\x20-\x7e]/.test(word)) return `{bytes:${word.length}}`
  return word.replace(/[0-9A-HJKMNP-TV-Z]{26}/g, '{ulid}').replace(/\{p\d+\}/g, '{p{p}}').replace(/\b1\d{12}\b/g, '{ms}')
}

// A Redis with the settings of a door's own, but open to everybody who reaches its socket.
async function plainRedis(door) {
  const home = folder('bench-redis-')
  const conf = readFileSync(join(door.data, 'redis', 'redis.conf'), 'utf8').replace(/^user .*\n/gm, '')
  writeFileSync(join(home, 'redis.conf'), conf)
  const child = start('redis-server', ['redis.conf'], { cwd: home })
  const socket = join(home, 'redis.sock')
  await until('Redis is there', () => existsSync(socket))
  return { child, socket }
}

// Listens to what a gateway tells a Redis while one request is filed: the words of its longest script call.
async function recordFiling(socket, fields) {
  const door = await open({ settings: { limits: 'off', redis: `unix:${socket}` } })
  const monitor = start('redis-cli', ['-s', socket, 'MONITOR'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let heard = ''
  monitor.stdout.setEncoding('latin1').on('data', (d) => { heard += d })
  await until('the monitor listens', () => heard.startsWith('OK'))
  await door.request(fields)
  const longest = () => heard.split('\n').slice(0, -1).map(unquote).filter((w) => w[0] === 'EVALSHA').sort((a, b) => b.length - a.length)[0]
  const words = await until('the filing was heard', () => (longest()?.length > 100 ? longest() : undefined))
  monitor.kill()
  await door.stop()
  const keys = Number(words[2])
  return words.slice(3).map((word, i) => `${i < keys ? 'key' : 'arg'} ${template(word)}`).join('\n')
}

function scriptText(name) {
  const read = (file) => readFileSync(`queues/script/${file}`, 'utf8')
  return read(name).replace(/^-- include (.*)\n/gm, (_, file) => read(file))
}

// The script that files, on a Redis that has nothing else to do.
export async function scriptFloor(door, fields, seconds = 4) {
  const argv = join(door.home, 'filing.argv'), script = join(door.home, 'filing.lua'), redis = await plainRedis(door)
  writeFileSync(argv, `${await recordFiling(redis.socket, fields)}\n`)
  writeFileSync(script, scriptText('change.lua'))
  const out = await output('build/bench/script_bench', ['--socket', redis.socket, '--script', script, '--argv', argv,
    '--seconds', String(seconds), '--json'])
  redis.child.kill()
  await redis.child.ended
  return Object.fromEntries(JSON.parse(out).map((r) => [
    r.connections, { per_s: r.per_second, p50_ms: r.p50_us / 1000, p99_ms: r.p99_us / 1000, redis_us: r.redis_cpu_us }]))
}

// ---- a relay ----

// Takes every mail; while it is held it accepts connections and says nothing, nor on those it had.
export class Relay {
  taken = 0
  waiting = []

  async open({ held }) {
    this.held = held
    this.server = net.createServer((socket) => this.whenFree(() => this.greet(socket))).listen(0, '127.0.0.1')
    await new Promise((done) => this.server.once('listening', done))
    this.server.unref()
    return this
  }

  get url() {
    return `smtp://127.0.0.1:${this.server.address().port}`
  }

  release() {
    this.held = false
    for (const go of this.waiting.splice(0)) go()
  }

  whenFree(go) {
    if (this.held) this.waiting.push(go)
    else go()
  }

  greet(socket) {
    let text = '', inside = false
    const say = (line) => socket.write(`${line}\r\n`)
    const read = (d) => {
      text += d
      for (;;) {
        const end = text.indexOf(inside ? '\r\n.\r\n' : '\r\n')
        if (end < 0) return
        const line = text.slice(0, end)
        text = text.slice(end + (inside ? 5 : 2))
        if (inside) {
          inside = false
          this.taken++
          say('250 taken')
        } else if (/^DATA/i.test(line)) {
          inside = true
          say('354 go on')
        } else if (/^QUIT/i.test(line)) {
          socket.end('221 bye\r\n')
        } else {
          say('250 yes')
        }
      }
    }
    socket.setEncoding('latin1').on('error', () => {}).on('data', (d) => this.whenFree(() => read(d)))
    say('220 relay')
  }
}
