// A mail server that speaks LMTP to the gateway, byte for byte as it is told.
import net from 'node:net'

export class Relay {
  constructor(port) {
    this.lines = []
    this.waiting = []
    this.rest = ''
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1').on('data', (text) => this.hear(text)).on('error', () => {}).on('close', () => {
      this.over = true
      for (const wake of this.waiting.splice(0)) wake()
    })
  }

  hear(text) {
    const lines = (this.rest + text).split('\r\n')
    this.rest = lines.pop()
    this.lines.push(...lines.filter((line) => line[3] !== '-'))
    for (const wake of this.waiting.splice(0)) wake()
  }

  // The next n replies; fewer where the other side hung up.
  async replies(n = 1) {
    while (this.lines.length < n && !this.over) await new Promise((wake) => this.waiting.push(wake))
    return this.lines.splice(0, n)
  }

  write(bytes) {
    return new Promise((done) => this.socket.write(bytes, done))
  }

  // One command, its reply.
  async say(line) {
    await this.write(`${line}\r\n`)
    return (await this.replies())[0]
  }

  async hello() {
    await this.replies()
    return this.say('LHLO relay.example')
  }

  // Up to "354". The replies to the recipients.
  async begin(from, to, parameters = '') {
    const replies = [await this.say(`MAIL FROM:<${from}>${parameters}`)]
    for (const address of to) replies.push(await this.say(`RCPT TO:<${address}>`))
    replies.push(await this.say('DATA'))
    return replies
  }

  // A whole mail: the replies after its end, one for each recipient.
  async send(mail, { from = 'aya@shop.example', to = ['support@example.net'], parameters } = {}) {
    const before = await this.begin(from, to, parameters)
    if (!before.at(-1).startsWith('354')) return before.slice(-1)
    await this.write(stuffed(mail))
    return this.replies(before.filter((r) => r.startsWith('250')).length - 1)
  }

  close() {
    this.socket.destroy()
  }
}

export async function relay(door) {
  const r = new Relay(door.ports.lmtp)
  await r.hello()
  return r
}

// CRLF line ends, dots doubled, the end.
export function stuffed(mail) {
  const bytes = Buffer.isBuffer(mail) ? mail.toString('latin1') : Buffer.from(mail).toString('latin1')
  const text = bytes.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')
  return Buffer.from(`${text}${text.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1')
}

let sent = 0

// A plain mail; more: header lines.
export function letter({ from = 'aya@shop.example', subject = 'Nothing works', text = 'Our site is gone since this morning.', id, more = '' } = {}) {
  return `From: Aya Lin <${from}>\r\nTo: support@example.net\r\nSubject: ${subject}\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n` +
    `Message-ID: <${id ?? `${process.pid}.${++sent}@shop.example`}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n${more}\r\n${text}\r\n`
}
