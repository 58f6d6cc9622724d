// A mail filter as mail servers ask one (the milter protocol, version 6): adds a header field where OpenDMARC and rspamd
// do, at place 1. field(sender) says [name, value], or nothing.
import net from 'node:net'

const word = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b }
const packet = (command, data = Buffer.alloc(0)) => Buffer.concat([word(data.length + 1), Buffer.from(command), data])
const text = (...parts) => Buffer.from(parts.map((p) => `${p}\0`).join(''))

export async function startMilter(field) {
  const server = net.createServer((socket) => {
    let rest = Buffer.alloc(0), sender = ''
    const hear = (command, data) => {
      if (command === 'O') return socket.write(packet('O', Buffer.concat([word(6), word(0x1f), word(0)])))
      if (command === 'M') sender = /<(.*)>/.exec(data.toString())?.[1] ?? ''
      if (command === 'E') {
        const added = field(sender)
        if (added) socket.write(packet('i', Buffer.concat([word(1), text(...added)])))
        return socket.write(packet('a'))
      }
      if (!'DAQK'.includes(command)) socket.write(packet('c')) // macros, abort and quit want no answer
    }
    socket.on('error', () => {}).on('data', (bytes) => {
      for (rest = Buffer.concat([rest, bytes]); rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0);) {
        const end = 4 + rest.readUInt32BE(0)
        hear(String.fromCharCode(rest[4]), rest.subarray(5, end))
        rest = rest.subarray(end)
      }
    })
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return { port: server.address().port, stop: () => new Promise((done) => server.close(done)) }
}
