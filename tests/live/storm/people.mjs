// People who write on four channels and repeat what was not answered: each word is told apart from any other.
import { randomUUID } from 'node:crypto'
import { sleep, taken } from '../kit.mjs'
import { letter, Relay } from '../lmtp.mjs'
import { deliver, message, seconds } from '../senders.mjs'
import { hash } from './clients.mjs'

const WAYS = ['web', 'mail', 'phone', 'social']
const ways = { web: (p, word) => p.request(word), token: (p, word) => p.more(word), mail: (p, word) => p.write(word), phone: (p, word) => p.call(word),
  social: (p, word) => p.post(word) }
const PATIENCE_MS = 30000

// Until ask() answers something true. What is cut off is no answer; what the interface does not allow is a fault.
export async function insist(what, ask) {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(25)) {
    const answer = await ask().catch((e) => {
      if (e.code === 'ERR_ASSERTION') throw e
    })
    if (answer) return answer
    if (Date.now() > end) throw new Error(`${what}: no answer within ${PATIENCE_MS} ms`)
  }
}

export class Person {
  // n: nobody else's. handle: of somebody who posts under the same name; else one of their own.
  constructor({ storm, name, n, handle }) {
    const mark = hash(`${storm.seed} ${n}`)
    Object.assign(this, { storm, name, mark, words: [], receipts: [], email: `${mark.slice(0, 10)}@${mark.slice(10, 20)}.example`,
      phone: `+8862${23000000 + n * 11111}`, handle: handle ?? `@${mark.slice(20, 30)}@social.example` })
  }

  // Something new, repeated until it is taken.
  async say(way) {
    const text = `${this.name} ${this.mark.slice(0, 12)} by ${way}, word ${this.words.length}: 網站不見了.`, word = { text, hash: hash(text) }
    this.words.push(word)
    await ways[way](this, word)
  }

  // The first of all: by form, with mailbox and number.
  async begin() {
    await this.say('web')
    await this.known()
  }

  // In any order, some of them at the same moment.
  async sayAll(list = WAYS) {
    await Promise.all(list.map(async (way) => {
      await sleep(this.storm.dice.below(100))
      await this.say(way)
    }))
  }

  repeat(word, ask, good) {
    const { storm } = this
    let tries = 0
    return insist(word.text, async () => {
      const began = Date.now()
      if (tries++ > 0) storm.counts.repeated++
      const answer = await ask(storm.gate.door)
      if (!good(answer)) return undefined
      storm.counts.taken++
      storm.answered(began)
      return answer
    })
  }

  async request(word) {
    const json = { problem: word.text, email: this.email, phone: this.phone, language: 'en' }, headers = { 'idempotency-key': randomUUID() }
    const answer = await this.repeat(word, (door) => door.post('/requests', { json, headers }), taken)
    this.receipts.push({ ref: answer.json.reference, token: answer.json.token, texts: [word.text] })
  }

  // Until their first request is filed: from then on each of its identities leads to them.
  known() {
    const [{ ref, token }] = this.receipts
    return insist(`${ref} is filed`, async () => {
      const view = await this.storm.gate.door.get(`/requests/${ref}`, { token })
      return view.status === 200 && view.json.state !== 'written'
    })
  }

  // On their first reference, whatever has become of it.
  async more(word) {
    const [receipt] = this.receipts, headers = { 'idempotency-key': randomUUID() }
    await this.repeat(word, (door) => door.post(`/requests/${receipt.ref}/messages`, { json: { text: word.text }, token: receipt.token, headers }), taken)
    receipt.texts.push(word.text)
  }

  async write(word) {
    const mail = letter({ from: this.email, subject: 'Our site', text: word.text, id: `${randomUUID()}@mail.example` })
    await this.repeat(word, (door) => this.relay(door, mail), (reply) => reply?.startsWith('250'))
  }

  async relay(door, mail) {
    const line = new Relay(door.ports.lmtp)
    try {
      await line.hello()
      return (await line.send(mail, { from: this.email, to: ['support@localhost'] }))[0]
    } finally {
      line.close()
    }
  }

  call(word) {
    return this.report(word, 'phone', { call_id: randomUUID(), from: this.phone, transcript: word.text })
  }

  // Who shares a name there says whose customer they write for.
  post(word) {
    return this.report(word, 'social', { platform: 'mastodon', post_id: randomUUID(), author: { handle: this.handle, name: this.name }, text: word.text,
      claims: { email: this.email } })
  }

  // A report keeps its id, and is signed anew each time.
  report(word, kind, json) {
    const id = `msg_${randomUUID()}`, { secret } = this.storm.senders[kind]
    return this.repeat(word, (door) => deliver(door, kind, message(secret, json, { id, at: seconds() + Math.floor(door.shift / 1000) })), (a) => a.status === 202)
  }
}
