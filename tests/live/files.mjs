// Files as a customer sends them: shared by the tests of files and of the written interface.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, start, taken, until } from './kit.mjs'

export const PART = 64 * 1024
export const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d494844520000000100000001080200000000000000', 'hex'), Buffer.from('0000000049454e44ae426082', 'hex')])
// In two pieces, so that no scanner takes this file for one.
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')

// Text that is different everywhere, in n bytes.
export const textOf = (n, seed = 1) => {
  const lines = []
  for (let i = 0, left = n; left > 0; i++) {
    lines.push(`${seed} ${i} ${(i * 2654435761 * seed >>> 0).toString(36)}\n`.slice(0, left))
    left -= lines.at(-1).length
  }
  return Buffer.from(lines.join(''))
}

// A request whose mailbox is proven: { url, token, reference, email }.
export async function confirmed(door, email, more = {}) {
  const made = await door.request({ email, problem: `Words of ${email}.`, ...more })
  const { code } = await door.mailTo(email)
  const passed = await door.post(`${made.url}/verify`, { json: { code }, token: made.token })
  assert.equal(passed.status, 200, passed.text)
  return { ...made, email }
}

export const announce = (door, { url, token }, name, size, type = 'text/plain') => door.post(`${url}/files`, { json: { name, size, type }, token })

export const put = (door, { url, token }, file, n, body) => door.ask('PUT', `${url}/files/${file}/parts/${n}`, { body, token, headers: { 'content-type': 'application/octet-stream' } })

// Announces and sends all of it; the last answer, with the id as `file`.
export async function send(door, made, name, bytes, size = PART) {
  const said = await announce(door, made, name, bytes.length)
  if (said.status !== 201) return said
  let last = said
  for (let at = 0; at < bytes.length; at += size) last = await put(door, made, said.json.file, at / size, bytes.subarray(at, at + size))
  return Object.assign(last, { file: said.json.file })
}

export async function sent(door, made, name, bytes, size) {
  const answer = await send(door, made, name, bytes, size)
  assert.ok(taken(answer), `${answer.status} ${answer.text}`)
  return answer.file
}

export const fetchFile = (door, { url, token }, file) => door.get(`${url}/files/${file}`, { token })

// The file as its sender sees it, once it is in one of those states.
export const stateOf = async (door, made, file) => (await door.look(made)).files.find((f) => f.file === file)?.state
export const reaches = (door, made, file, ...states) => until(`${file} is ${states}`, async () => states.includes(await stateOf(door, made, file)), 20000)

// A real clamd of our own, with a database that knows one thing. settings: of clamd.conf.
export function clamd(settings = {}) {
  const home = folder('postern-clamd-'), socket = join(home, 'ctl'), scanner = { home, socket, target: `unix:${socket}` }
  const given = { LocalSocket: socket, DatabaseDirectory: join(home, 'db'), Foreground: 'yes', TemporaryDirectory: home, AlertExceedsMax: 'yes',
    MaxScanTime: 20000, OfficialDatabaseOnly: 'no', ...settings }
  mkdirSync(join(home, 'db'))
  writeFileSync(join(home, 'db', 'test.ndb'), `Eicar-Test:0:*:${Buffer.from(EICAR).toString('hex')}\n`)
  writeFileSync(join(home, 'conf'), Object.entries(given).map(([name, value]) => `${name} ${value}\n`).join(''))
  scanner.start = async () => {
    const { existsSync, rmSync } = await import('node:fs')
    rmSync(socket, { force: true })
    scanner.child = start('clamd', ['-c', join(home, 'conf')], { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } })
    await until('clamd listens', () => existsSync(socket), 30000)
    return scanner
  }
  scanner.kill = (signal = 'SIGKILL') => {
    scanner.child.kill(signal)
    return signal === 'SIGKILL' ? scanner.child.ended : undefined
  }
  return scanner
}
