// Customers under the storm, and the ledger they keep: a line is added after an answer was read, never before.
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import https from 'node:https'
import { sleep } from '../kit.mjs'

export const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32)

// Chance that can be repeated: mulberry32.
export function chance(seed) {
  let s = seed >>> 0
  const next = () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, below: (n) => Math.floor(next() * n), between: (a, b) => a + Math.floor(next() * (b - a + 1)), one: (share) => next() < share }
}

const WORDS = ['our site is gone', '網站不見了', '全部のデータが消えました', 'seit heute früh', 'الموقع لا يعمل', 'sin acceso desde las 7:38', '🙏🏽 please', 'line\nand line']

// The item a token speaks for: its first 16 bytes, as an id is printed.
export function itemOf(token) {
  let n = BigInt(`0x${Buffer.from(token, 'base64url').subarray(0, 16).toString('hex')}`), text = ''
  for (let i = 0; i < 26; i++, n >>= 5n) text = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number(n & 31n)] + text
  return text
}

export class Clients {
  // door(): { port } of the moment. pause: ms between two posts of one client, at most.
  constructor({ seed, count, pause, ledger, door, mailboxes = 300 }) {
    Object.assign(this, { seed, count, pause, ledger, door, mailboxes })
    this.attempts = new Map() // by hash of the text: what was tried, whatever came of it
    this.answers = []
    this.counts = { posts: 0, 201: 0, 202: 0, lost_connections: 0, refused: 0, replayed: 0, other: {} }
    this.last2xx = this.last201 = 0 // when the post began that was answered so
    this.running = false
  }

  start() {
    this.running = true
    this.lanes = Array.from({ length: this.count }, (_, n) => this.lane(n))
  }

  async stop() {
    this.running = false
    await Promise.all(this.lanes)
  }

  async lane(n) {
    const me = { n, dice: chance(this.seed * 1000 + n), held: [], sent: 0, name: `c${n}` }
    me.agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    while (this.running) {
      await this.act(me)
      await sleep(me.dice.below(this.pause + 1))
    }
    me.agent.destroy()
  }

  text(me, kind) {
    const d = me.dice, filler = Array.from({ length: d.below(12) }, () => WORDS[d.below(WORDS.length)]).join(', ')
    const long = d.one(0.02) ? '長'.repeat(d.between(1000, 19000)) : ''
    return `${kind} ${this.seed}-${me.name}-${me.sent++}: ${filler}${long}.`
  }

  async act(me) {
    const d = me.dice, to = me.held.length > 0 && d.one(0.3) ? me.held[d.below(me.held.length)] : null
    const kind = to ? 'message' : 'request', text = this.text(me, kind)
    const attempt = { kind, hash: hash(text), keyed: d.one(0.6), on: to, email: `p${d.below(this.mailboxes)}@example.org`, acks: [], lost: 0 }
    const key = attempt.keyed ? `storm-of-clients-${this.seed}-${me.name}-${me.sent}` : undefined
    const post = () => this.post(me, attempt, text, key)
    this.attempts.set(attempt.hash, attempt)
    // With a key one may ask until there is an answer; without one nobody knows whether it was taken.
    while (!(await post()) && this.running && attempt.keyed) await sleep(d.between(5, 60))
    if (attempt.acks.length > 0 && d.one(0.1)) await post()
    if (!to && attempt.acks.length > 0) {
      me.held.push(attempt)
      if (me.held.length > 20) me.held.shift()
    }
  }

  // True where it was acknowledged.
  async post(me, attempt, text, key) {
    const { kind, on } = attempt, last = on?.acks[on.acks.length - 1]
    const path = on ? `/requests/${last.ref}/messages` : '/requests'
    const fields = on ? { text } : { problem: text, email: attempt.email, language: 'en' }
    const began = Date.now()
    let answer
    this.counts.posts++
    try {
      answer = await this.ask(me, path, fields, { ...(key && { 'idempotency-key': key }), ...(on && { authorization: `Bearer ${last.token}` }) })
    } catch {
      attempt.lost++
      this.counts.lost_connections++
      return false
    }
    if (answer.status !== 201 && answer.status !== 202) {
      attempt.refused = answer.status
      this.counts.refused++
      this.counts.other[answer.status] = (this.counts.other[answer.status] ?? 0) + 1
      return false
    }
    this.acknowledge({ kind, attempt, answer, began, last })
    return true
  }

  acknowledge({ kind, attempt, answer, began, last }) {
    const { reference, token, message } = answer.json, replayed = answer.headers['idempotent-replayed'] === 'true'
    const ack = { at: Date.now(), status: answer.status, kind, ref: reference ?? last.ref, token: token ?? last.token,
      item: message ? message.slice(4) : itemOf(token), hash: attempt.hash, replayed }
    appendFileSync(this.ledger, `${JSON.stringify(ack)}\n`, { flag: 'a' })
    attempt.acks.push(ack)
    this.answers.push(ack)
    this.counts[answer.status]++
    if (replayed) this.counts.replayed++
    this.last2xx = Math.max(this.last2xx, began)
    if (answer.status === 201) this.last201 = Math.max(this.last201, began)
  }

  ask(me, path, fields, headers) {
    const body = JSON.stringify(fields)
    return new Promise((done, fail) => {
      const request = https.request({ host: '127.0.0.1', port: this.door().port, method: 'POST', path, agent: me.agent, timeout: 20000,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), accept: 'application/json', ...headers },
      }, (response) => {
        const chunks = []
        response.on('data', (c) => chunks.push(c)).once('error', fail).once('end', () => {
          if (!response.complete) return fail(new Error('half an answer'))
          const text = Buffer.concat(chunks).toString()
          done({ status: response.statusCode, headers: response.headers, json: /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(text) : null })
        })
      })
      request.once('timeout', () => request.destroy(new Error('no answer in time'))).once('error', fail)
      request.end(body)
    })
  }
}
