// Redis' protocol, as much as an auditor needs: commands go out at once, answers come in their order.
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'

class Reader {
  constructor() {
    this.bytes = Buffer.alloc(0)
    this.at = 0
  }

  add(more) {
    this.bytes = Buffer.concat([this.bytes.subarray(this.at), more])
    this.at = 0
  }

  // The next value, or undefined where it is not all there yet.
  next() {
    const begin = this.at
    const value = this.value()
    if (value === undefined) this.at = begin
    return value
  }

  value() {
    const end = this.bytes.indexOf('\r\n', this.at)
    if (end < 0) return undefined
    const kind = String.fromCharCode(this.bytes[this.at]), line = this.bytes.toString('utf8', this.at + 1, end)
    this.at = end + 2
    if (kind === '+') return line
    if (kind === '-') return new Error(line)
    if (kind === ':') return Number(line)
    if (line === '-1') return null
    return kind === '$' ? this.bulk(Number(line)) : this.list(Number(line))
  }

  bulk(length) {
    if (this.bytes.length < this.at + length + 2) return undefined
    const text = this.bytes.toString('latin1', this.at, this.at + length)
    this.at += length + 2
    return text
  }

  list(length) {
    const list = []
    while (list.length < length) {
      const item = this.value()
      if (item === undefined) return undefined
      list.push(item)
    }
    return list
  }
}

// The embedded Redis of a data folder, in the gateway's own name.
export async function connect(data) {
  const home = join(data, 'redis')
  const [user, password] = readFileSync(join(home, 'user'), 'utf8').trim().split(' ')
  const socket = net.connect(/^unixsocket (\S+)/m.exec(readFileSync(join(home, 'redis.conf'), 'utf8'))[1].replace(/^(?!\/)/, `${home}/`))
  const waiting = [], reader = new Reader()
  const fail = (error) => waiting.splice(0).forEach((w) => w.fail(error))
  socket.on('data', (bytes) => {
    reader.add(bytes)
    for (let value = reader.next(); value !== undefined; value = reader.next()) {
      const { done, fail: refuse } = waiting.shift()
      if (value instanceof Error) refuse(value)
      else done(value)
    }
  }).on('error', fail).on('close', () => fail(new Error('Redis is gone')))
  const ask = (...words) => new Promise((done, fail) => {
    waiting.push({ done, fail })
    socket.write(`*${words.length}\r\n${words.map((w) => `$${Buffer.byteLength(String(w))}\r\n${w}\r\n`).join('')}`)
  })
  await ask('AUTH', user, password)
  return { ask, all: (list, command) => Promise.all(list.map((key) => ask(...command(key)))), close: () => socket.destroy() }
}

// All keys, by their room: 't' for {p12}:t:tkt_…, 'r' for r:{…}.
export async function rooms(redis) {
  const found = {}
  for (let cursor = '0'; ;) {
    const [next, keys] = await redis.ask('SCAN', cursor, 'COUNT', 2000)
    for (const key of keys) {
      const room = /^(?:\{p\d+\}:)?([a-z0-9]+):?/.exec(key)?.[1] ?? key
      ;(found[room] ??= new Set()).add(key)
    }
    if ((cursor = next) === '0') return found
  }
}
