// The gateway in the storm: started again and again on the same data, killed, or cut from its power.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { closed, sleep, until } from '../kit.mjs'
import { connect } from './resp.mjs'

const TOOLS = resolve('build/tools')

const state = mkdtempSync(join(tmpdir(), 'postern-cut-'))
process.on('exit', () => rmSync(state, { recursive: true, force: true }))

function descendants(pid) {
  let list = []
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
      list = list.concat(children, ...children.map(descendants))
    }
  } catch {
    // gone meanwhile
  }
  return list
}

function signal(pid, name) {
  try {
    process.kill(pid, name)
  } catch {
    // gone meanwhile
  }
}

const nameOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

export class Gate {
  // cut: run under the library that remembers what no fsync covered. swallow: files whose fsync does nothing.
  // clock: true for one that door.later(ms) moves.
  constructor({ cut = false, swallow = '', clock = false } = {}) {
    this.door = closed({ settings: { limits: 'off', log: 'info', threads: 2 }, clock })
    this.starts = 0
    if (!cut) return
    Object.assign(this.door.env, { LD_PRELOAD: join(TOOLS, 'powercut_preload.so'), POWERCUT_FOLDERS: this.door.home, POWERCUT_STATE: state,
      POWERCUT_IGNORE_SYNC: swallow })
  }

  get data() {
    return this.door.data
  }

  get keys() {
    return this.door.settings.keys
  }

  get port() {
    return this.door.ports?.public ?? 1
  }

  async start() {
    for (const line of Object.values(this.door.lines ?? {})) line.close()
    await this.door.start({ ready: false })
    this.starts++
  }

  redis() {
    return descendants(this.door.child.pid).find((pid) => nameOf(pid) === 'redis-server')
  }

  async kill(kind) {
    const redis = this.redis(), gateway = this.door.child
    if (kind !== 'gateway' && redis) signal(redis, 'SIGKILL')
    if (kind === 'redis') return
    signal(gateway.pid, 'SIGKILL')
    await gateway.ended
    await this.start()
  }

  hold() {
    const pid = this.redis()
    if (pid) signal(pid, 'SIGSTOP')
    return pid
  }

  release(pid) {
    if (pid) signal(pid, 'SIGCONT')
  }

  // All of it stops at one moment; then what no fsync has covered is gone.
  async cut({ seed, tear }) {
    const all = [this.door.child.pid, ...descendants(this.door.child.pid)]
    for (const pid of all) signal(pid, 'SIGSTOP')
    for (const pid of descendants(this.door.child.pid)) if (!all.includes(pid)) all.push(pid)
    for (const pid of all.reverse()) signal(pid, 'SIGKILL')
    await this.door.child.ended
    for (const pid of all) await until('all are dead', () => !existsSync(`/proc/${pid}`), 5000, 2)
    const env = { ...process.env, POWERCUT_SEED: String(seed), ...(tear && { POWERCUT_TEAR: '1' }) }
    const applied = spawnSync(join(TOOLS, 'powercut_apply'), [state], { encoding: 'utf8', env })
    assert.equal(applied.status, 0, `powercut_apply: ${applied.stderr}`)
    await this.start()
  }

  async metrics() {
    const { text } = await this.door.admin('/metrics')
    return Object.fromEntries([...text.matchAll(/^postern_(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]))
  }

  // Until all that was accepted is filed or parked; how long that took, ms. Leaves in `stuck` what never was.
  async drain(ms = 60000) {
    for (const began = Date.now(); ; await sleep(50)) {
      const m = await this.metrics(), unfiled = Math.max(m.journal_unfiled_items, m.accept_unfiled_items - m.journal_parked_items)
      this.stuck = unfiled + m.journal_parked_items
      if ((m.redis_ready === 1 && unfiled === 0) || Date.now() - began > ms) return Date.now() - began
    }
  }

  // Until no merge or move is under way any more, and nothing of one may be.
  async unmoved(ms = 10000) {
    const redis = await connect(this.data), keys = Array.from({ length: 64 }, (_, p) => `{p${p}}:mv`)
    await until('nothing is under way', async () => (await redis.all(keys, (key) => ['HLEN', key])).every((n) => n === 0), ms, 20)
    redis.close()
  }

  // Until no mail waits any more; how long that took, ms.
  async mailed(ms = 120000) {
    const began = Date.now(), redis = await connect(this.data)
    const boxes = Array.from({ length: 64 }, (_, p) => [`{p${p}}:ob0`, `{p${p}}:ob1`]).flat()
    await until('the mails are out', async () => (await redis.all(boxes, (key) => ['ZCARD', key])).every((n) => n === 0), ms, 100)
    redis.close()
    return Date.now() - began
  }

  // What went wrong by its own words.
  warnings() {
    return this.door.log().split('\n').filter((line) => /^(warn|error|fatal) /.test(line)).slice(-20).join('\n')
  }

  async end() {
    for (const line of Object.values(this.door.lines ?? {})) line.close()
    this.door.child.kill('SIGTERM')
    await Promise.race([this.door.child.ended, sleep(10000)])
    for (const pid of [...descendants(this.door.child.pid), this.door.child.pid]) signal(pid, 'SIGKILL')
  }
}
