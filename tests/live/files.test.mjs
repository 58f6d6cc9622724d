// Files: sent in parts over a bad network, in a plain form, by strangers and by thieves; released to nobody unscanned.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { LANGUAGES, many, multipart, open, redisServer, story, taken, until, words } from './kit.mjs'
import { relay } from './lmtp.mjs'
import { member, ticketsOf } from './mailroom.mjs'
import { EICAR, PART, PNG, announce, clamd, confirmed, fetchFile, put, reaches, send, sent, stateOf, textOf } from './files.mjs'

let n = 0
const someone = () => `files.${n++}@example.org`
const code = (answer) => [answer.status, answer.json?.code]
const filesIn = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? filesIn(join(folder, e.name)) : [join(folder, e.name)]))
const partsOf = (door) => filesIn(join(door.data, 'blobs', 'parts'))

describe('a file in parts', () => {
  let door, made
  before(async () => {
    door = await open({ settings: { limits: 'off' } })
    made = await confirmed(door, someone())
  })
  after(() => door.stop())

  story('arrives whole in any order, however often a part is sent', async () => {
    const bytes = textOf(5 * PART + 123), said = await announce(door, made, '障害 log.txt', bytes.length)
    assert.deepEqual([said.status, said.json.name, said.json.state, said.json.parts], [201, '障害 log.txt', 'coming', []])
    const { file } = said.json
    for (const i of [4, 0, 0, 2, 5, 3, 2]) {
      const a = await put(door, made, file, i, bytes.subarray(i * PART, (i + 1) * PART))
      assert.equal(a.status, 200, a.text)
    }
    const status = await fetchFile(door, made, file)
    assert.deepEqual([status.status, status.json.state, status.json.parts], [200, 'coming', [0, 2, 3, 4, 5]])
    assert.deepEqual((await door.look(made)).files, [])
    const last = await put(door, made, file, 1, bytes.subarray(PART, 2 * PART))
    assert.ok(taken(last), last.text)
    await reaches(door, made, file, 'ready')
    const again = await put(door, made, file, 1, bytes.subarray(PART, 2 * PART))
    assert.ok(again.status < 300 && again.json.state === 'checking', again.text)

    const got = await fetchFile(door, made, file), { files, timeline } = await door.look(made)
    assert.ok(got.bytes.equals(bytes))
    assert.deepEqual(files, [{ file, name: '障害 log.txt', size: bytes.length, type: 'text/plain', state: 'ready' }])
    assert.equal(timeline.length, 2)
    await until('its parts are gone', () => partsOf(door).length === 0)
  })

  story('may be numbered from 1', async () => {
    const bytes = textOf(2 * PART, 3), { file } = (await announce(door, made, 'one.log', bytes.length)).json
    assert.equal((await put(door, made, file, 2, bytes.subarray(PART))).status, 200)
    assert.ok(taken(await put(door, made, file, 1, bytes.subarray(0, PART))))
    await reaches(door, made, file, 'ready')
    assert.ok((await fetchFile(door, made, file)).bytes.equals(bytes))
  })

  story('is added once, with its last part sent twenty times at once', async () => {
    const bytes = textOf(2 * PART, 5), { file } = (await announce(door, made, 'twenty.log', bytes.length)).json
    await put(door, made, file, 0, bytes.subarray(0, PART))
    const answers = await many(20, 20, () => put(door, made, file, 1, bytes.subarray(PART)))
    assert.ok(answers.some(taken), answers.map((a) => a.text).join('\n'))
    await reaches(door, made, file, 'ready')
    const seen = await door.look(made)
    assert.equal(seen.files.filter((f) => f.file === file).length, 1)
    assert.equal(seen.timeline.length, 1 + seen.files.length)
  })

  story('is a download and nothing else', async () => {
    const file = await sent(door, made, 'a "quoted"; ünï.txt', Buffer.from('<script>alert(1)</script>'))
    await reaches(door, made, file, 'ready')
    const { headers } = await fetchFile(door, made, file)
    assert.equal(headers['content-disposition'], 'attachment; filename="a _quoted__ _n_.txt"; filename*=UTF-8\'\'a%20_quoted_%3B%20%C3%BCn%C3%AF.txt')
    assert.equal(headers['content-type'], 'application/octet-stream')
    assert.equal(headers['content-security-policy'], "sandbox; default-src 'none'")
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cache-control'], 'no-store')
  })

  story('can be cancelled, and gives its room back', async () => {
    const other = await confirmed(door, someone()), bytes = textOf(2 * PART, 7)
    for (let i = 0; i < 12; i++) {
      const { file } = (await announce(door, other, 'cancelled.log', bytes.length)).json
      await put(door, other, file, 0, bytes.subarray(0, PART))
      assert.equal((await door.ask('DELETE', `${other.url}/files/${file}`, { token: other.token })).status, 204)
      assert.deepEqual(code(await fetchFile(door, other, file)), [404, 'no-file'])
      assert.deepEqual(code(await put(door, other, file, 1, bytes.subarray(PART))), [404, 'no-file'])
    }
    assert.equal(partsOf(door).length, 0)
  })

  story('goes on after a kill where it stopped, and is there once', async () => {
    const own = await open({ settings: { limits: 'off' } }), mine = await confirmed(own, someone()), bytes = textOf(20 * PART, 11)
    const { file } = (await announce(own, mine, 'killed.log', bytes.length)).json
    for (let kills = 0; kills < 3; kills++) {
      const going = many(20, 4, (i) => put(own, mine, file, i, bytes.subarray(i * PART, (i + 1) * PART)).catch(() => null))
      if (kills < 2) await until('some parts are there', () => partsOf(own).length > kills * 6 + 3, 10000, 1)
      else await until('it is whole', async () => (await Promise.race([going, null])) !== null || partsOf(own).length >= 20, 10000, 1)
      await own.kill()
      const answered = (await going).flatMap((a, i) => (a && a.status < 300 ? [i] : []))
      await own.start()
      const now = await until('it is asked for again', async () => { const seen = await fetchFile(own, mine, file); return seen.status === 200 && seen })
      if (now.json) for (const i of answered) assert.ok(now.json.state === 'checking' || now.json.parts.includes(i), `part ${i} was answered and is not there`)
    }
    await many(20, 4, (i) => put(own, mine, file, i, bytes.subarray(i * PART, (i + 1) * PART)))
    await reaches(own, mine, file, 'ready')
    assert.ok((await fetchFile(own, mine, file)).bytes.equals(bytes))
    const seen = await own.look(mine)
    assert.deepEqual([seen.files.length, seen.timeline.length], [1, 2])
    await own.stop()
  })

  story('is sealed on disk, and nothing of it is in Redis', async () => {
    const bytes = Buffer.from(`The canary sings ${'CANARY-IN-A-FILE '.repeat(200)}`)
    const file = await sent(door, made.fresh ??= await confirmed(door, someone()), 'canary-of-names.txt', bytes)
    await reaches(door, made.fresh, file, 'ready')
    assert.equal(filesIn(door.data).filter((path) => statSync(path).isFile() && /CANARY-IN-A-FILE|canary-of-names/.test(readFileSync(path, 'latin1'))).length, 0)
  })
})

describe('what is not taken', () => {
  let door, made, other
  before(async () => {
    door = await open({ settings: { limits: 'off' } })
    made = await confirmed(door, someone())
    other = await confirmed(door, someone())
  })
  after(() => door.stop())

  story('a stranger sends nothing, and finds nothing', async () => {
    const stranger = await door.request({ email: someone() })
    await door.filed(stranger)
    assert.deepEqual(code(await announce(door, stranger, 'a.txt', 5)), [403, 'level-needed'])
    const [body, type] = multipart({ file: { file: 'a.txt', body: 'hello' } })
    assert.deepEqual(code(await door.post(`${stranger.url}/files`, { body, headers: { 'content-type': type }, token: stranger.token })), [403, 'level-needed'])
    const file = await sent(door, made, 'mine.txt', Buffer.from('mine'))
    const { file: half } = (await announce(door, made, 'half.txt', 2 * PART)).json
    await reaches(door, made, file, 'ready')
    for (const who of [stranger, other]) {
      for (const id of [file, half, 'fil_01M87ZRQ4TEBF6C6B5AD9CPY55', 'itm_01M87ZRQ4TEBF6C6B5AD9CPY55', 'x']) {
        assert.deepEqual(code(await fetchFile(door, who, id)), [404, 'no-file'])
        assert.deepEqual(code(await door.ask('DELETE', `${who.url}/files/${id}`, { token: who.token })), [404, 'no-file'])
      }
    }
    assert.deepEqual(code(await put(door, other, half, 0, textOf(PART))), [404, 'no-file'])
    assert.deepEqual(code(await put(door, stranger, half, 0, textOf(PART))), [403, 'level-needed'])
    for (const token of [undefined, other.token]) { // no token of this request
      for (const [method, path, more] of [['POST', '', { json: { name: 'a.txt', size: 1 } }], ['GET', `/${file}`], ['PUT', `/${half}/parts/0`, { body: 'x' }], ['DELETE', `/${half}`]])
        assert.deepEqual(code(await door.ask(method, `${made.url}/files${path}`, { token, ...more })), [401, 'token-needed'])
    }
    assert.equal((await door.ask('DELETE', `${made.url}/files/${half}`, { token: made.token })).status, 204)
  })

  const table = [
    ['a program', 'setup.exe', Buffer.from('MZ'), 422, 'file-kind'],
    ['an archive', 'a.zip', Buffer.from('PK'), 422, 'file-kind'],
    ['a picture few can open', 'IMG_0001.HEIC', Buffer.from('x'), 422, 'file-kind'],
    ['a program called a picture', 'a.png', Buffer.from('MZ\x90\0'), 422, 'file-content'],
    ['a page called a picture', 'a.gif', Buffer.from('<script>'), 422, 'file-differs'],
    ['a picture called a text', 'a.txt', PNG, 422, 'file-differs'],
    ['Latin-1', 'a.log', Buffer.from('Gr\xfc\xdfe', 'latin1'), 422, 'file-utf8'],
    ['a picture and an archive at once', 'a.png', Buffer.concat([PNG, Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1')]), 422, 'file-double'],
    ['a bomb of pixels', 'a.png', Buffer.concat([PNG.subarray(0, 16), Buffer.from('00100000001000000802', 'hex'), PNG.subarray(26)]), 422, 'file-pixels'],
  ]
  for (const [label, name, bytes, status, why] of table) {
    story(`${label}: ${why}`, async () => {
      const parts = await send(door, made, name, bytes), [body, type] = multipart({ file: { file: name, body: '' } })
      assert.deepEqual(code(parts), [status, why], parts.text)
      if (parts.file) {
        const told = await fetchFile(door, made, parts.file)
        assert.deepEqual([told.status, told.json.state, told.json.why], [200, 'refused', why])
      }
      const whole = Buffer.concat([Buffer.from(body.slice(0, body.indexOf('\r\n--', 4))), bytes, Buffer.from(body.slice(body.indexOf('\r\n--', 4)))])
      assert.deepEqual(code(await door.post(`${made.url}/files`, { body: whole, headers: { 'content-type': type }, token: made.token })), [status, why])
    })
  }

  story('sizes and numbers that do not fit', async () => {
    for (const [json, status, why] of [[{ name: 'a.txt', size: 0 }, 422, 'file-empty'], [{ name: 'a.txt', size: 10485761 }, 413, 'file-large'], [{ name: '', size: 5 }, 422, 'file-name'],
      [{ name: 'a.txt' }, 422, 'file-name'], [{ name: 'a.txt', size: '5' }, 422, 'file-name'], [{ size: 5 }, 422, 'file-name'], [{ name: 7, size: 5 }, 422, 'file-name']])
      assert.deepEqual(code(await door.post(`${made.url}/files`, { json, token: made.token })), [status, why], JSON.stringify(json))
    assert.deepEqual(code(await door.post(`${made.url}/files`, { body: '{', headers: { 'content-type': 'application/json' }, token: made.token })), [400, 'unreadable'])
    assert.deepEqual(code(await door.post(`${made.url}/files`, { body: 'x', headers: { 'content-type': 'text/plain' }, token: made.token })), [415, 'unsupported-type'])
    const { file } = (await announce(door, made, 'sizes.log', 3 * PART)).json
    assert.deepEqual(code(await put(door, made, file, 161, textOf(PART))), [422, 'part-number'])
    assert.deepEqual(code(await put(door, made, file, 'x', textOf(PART))), [422, 'part-number'])
    assert.deepEqual(code(await put(door, made, file, 0, '')), [422, 'part-size'])
    assert.deepEqual(code(await put(door, made, file, 0, textOf(4 * PART))), [422, 'part-over'])
    assert.equal((await put(door, made, file, 0, textOf(PART))).status, 200)
    assert.deepEqual(code(await put(door, made, file, 0, textOf(PART, 2))), [409, 'part-differs'])
    assert.equal((await put(door, made, file, 5, textOf(PART))).status, 200)
    assert.deepEqual(code(await put(door, made, file, 1, textOf(PART))), [422, 'parts-broken'])
    assert.deepEqual(code(await put(door, made, file, 1, textOf(PART))), [422, 'parts-broken'])
    assert.equal((await put(door, made, file, 1, textOf(1024 * 1024 + 1))).status, 413)
  })

  story('more files, and more bytes, than one request may have', async () => {
    const full = await confirmed(door, someone())
    for (let i = 0; i < 5; i++) await sent(door, full, `n${i}.txt`, Buffer.from(`number ${i}`))
    assert.deepEqual(code(await announce(door, full, 'six.txt', 5)), [422, 'file-count'])
    const large = await confirmed(door, someone())
    for (const size of [10 << 20, 10 << 20]) assert.equal((await announce(door, large, 'l.log', size)).status, 201)
    assert.deepEqual(code(await announce(door, large, 'l.log', (5 << 20) + 1)), [422, 'file-room'])
    assert.equal((await announce(door, large, 'l.log', 5 << 20)).status, 201)
  })

  story('is said in the reader\'s language', async () => {
    for (const language of LANGUAGES) {
      const a = await door.post(`${made.url}/files`, { json: { name: 'a.exe', size: 5 }, token: made.token, language })
      assert.deepEqual([a.json.title, a.headers['content-language']], [words(language)['error.file.kind'], language])
    }
  })

  story('without Redis files wait and words do not', async () => {
    const redis = await redisServer().start(), own = await open({ settings: { limits: 'off', redis: redis.target } }), mine = await confirmed(own, someone())
    const { file } = (await announce(own, mine, 'away.log', 2 * PART)).json
    await put(own, mine, file, 0, textOf(PART))
    await redis.stop()
    for (const a of [await announce(own, mine, 'a.txt', 5), await put(own, mine, file, 1, textOf(PART)), await fetchFile(own, mine, file)]) {
      assert.deepEqual(code(a), [503, 'file-later'])
      assert.ok(Number(a.headers['retry-after']) > 0)
    }
    assert.equal((await own.post(`${mine.url}/messages`, { json: { text: 'Words.' }, token: mine.token })).status, 202)
    await redis.start()
    const last = await until('Redis is back', async () => { const a = await put(own, mine, file, 1, textOf(PART)); return taken(a) && a })
    assert.equal(last.json.state, 'checking')
    await reaches(own, mine, file, 'ready')
    await own.stop()
    await redis.stop()
  })
})

describe('a plain form', () => {
  let door, aya, made
  before(async () => {
    door = await open({ settings: { limits: 'off' } })
    aya = door.visitor({ language: 'de' })
    const email = someone(), page = await aya.send('/requests', { problem: 'Ohne Skript.', email })
    const { code: digits } = await door.mailTo(email)
    made = { url: new URL(page.location, 'https://x').pathname }
    await aya.send(`${made.url}/verify`, { code: digits })
  })
  after(() => door.stop())

  const post = (fields, options = {}) => {
    const [body, type] = multipart({ language: 'de', ...fields })
    return aya.ask('POST', `${made.url}/files`, { body: options.bytes ? Buffer.concat([Buffer.from(body.split('@@')[0]), options.bytes, Buffer.from(body.split('@@')[1])]) : body, ...options, headers: { 'content-type': type, ...options.headers } })
  }

  story('brings one file, once', async () => {
    for (let i = 0; i < 2; i++) {
      const a = await post({ file: { file: 'Bildschirm.png', type: 'image/png', body: '@@' } }, { bytes: PNG })
      assert.deepEqual([a.status, a.headers.location], [303, `${made.url}?did=file#files`])
    }
    const page = await until('it is shown', async () => { const p = await aya.get(made.url); return p.text.includes('Bildschirm.png') && p })
    assert.equal(page.text.split('Bildschirm.png').length, 3) // in the list, and where it was said
  })

  story('says beside the button what was wrong', async () => {
    for (const [file, why, bytes] of [[{ file: 'a.exe', body: 'MZ' }, 'file-kind'], [{ file: '', body: '' }, 'file-missing'],
      [{ file: 'a.txt', body: '@@' }, 'file-large-post', Buffer.alloc(1024 * 1024 + 1, 'x')]]) {
      const a = await post({ file }, { bytes })
      assert.deepEqual([a.status, a.headers.location], [303, `${made.url}?wrong=${why}#files`])
    }
  })

  story('shows a link that leads nowhere on the page, not as bare words', async () => {
    const a = await aya.get(`${made.url}/files/fil_01M87ZRQ4TEBF6C6B5AD9CPY55`)
    assert.deepEqual([a.status, a.headers.location], [303, `${made.url}?wrong=no-file#files`])
    assert.ok((await aya.get(`${made.url}?wrong=no-file`)).text.includes(words('de')['error.file.none']))
  })

  story('is refused from another site', async () => {
    const a = await post({ file: { file: 'a.txt', body: 'x' } }, { headers: { 'sec-fetch-site': 'cross-site' } })
    assert.equal(a.status, 403)
  })
})

describe('the scanner', () => {
  const settled = async (door, made, name, bytes, ...states) => {
    const file = await sent(door, made, name, bytes)
    await reaches(door, made, file, ...states)
    return file
  }
  const never = async (door, made, file) => {
    const a = await fetchFile(door, made, file)
    assert.ok([409, 410].includes(a.status), `${a.status}`)
    assert.ok(!a.bytes.includes(EICAR))
    return a
  }

  story('lets go what is clean, and nothing that it knows', async () => {
    const scanner = await clamd().start(), door = await open({ settings: { limits: 'off', clamd: scanner.target } }), made = await confirmed(door, someone())
    const clean = await settled(door, made, 'clean.txt', Buffer.from('clean'), 'ready'), bad = await settled(door, made, 'eicar.txt', Buffer.from(EICAR), 'refused')
    assert.equal((await fetchFile(door, made, clean)).text, 'clean')
    assert.deepEqual(code(await never(door, made, bad)), [410, 'file-refused'])
    const hidden = await settled(door, made, 'hidden.log', Buffer.concat([textOf(3 * PART), Buffer.from(EICAR), textOf(PART)]), 'refused')
    assert.deepEqual(code(await never(door, made, hidden)), [410, 'file-refused'])
    await door.stop()
    await scanner.kill()
  })

  story('that is down, hangs or comes back releases nothing before it has spoken', async () => {
    const scanner = clamd(), door = await open({ settings: { limits: 'off', clamd: scanner.target } }), made = await confirmed(door, someone())
    const down = [await settled(door, made, 'down.txt', Buffer.from('down'), 'held'), await settled(door, made, 'eicar.txt', Buffer.from(EICAR), 'held')]
    for (const file of down) assert.deepEqual(code(await never(door, made, file)), [409, 'not-released'])
    await scanner.start()
    await reaches(door, made, down[0], 'ready')
    await reaches(door, made, down[1], 'refused')

    scanner.kill('SIGSTOP')
    const hung = await sent(door, made, 'hung.txt', Buffer.from('hung'))
    await until('it is asked', async () => await stateOf(door, made, hung) === 'checking')
    await never(door, made, hung)
    scanner.kill('SIGCONT')
    await reaches(door, made, hung, 'ready')

    scanner.kill('SIGSTOP') // stopping does not wait for a scanner that hangs
    await sent(door, made, 'stop.txt', Buffer.from('stop'))
    await door.stop()
    assert.ok(door.stopped < 5000, `${door.stopped} ms`)
    await scanner.kill()
  })

  story('whose limits are too small releases nothing', async () => {
    for (const [limits, why] of [[{ StreamMaxLength: '64K' }, 'a stream'], [{ MaxFileSize: '64K', MaxScanSize: '64K' }, 'a file']]) {
      const scanner = await clamd(limits).start(), door = await open({ settings: { limits: 'off', clamd: scanner.target } }), made = await confirmed(door, someone())
      const file = await settled(door, made, 'large.log', Buffer.concat([textOf(2 * PART), Buffer.from(EICAR)]), 'held')
      assert.deepEqual(code(await never(door, made, file)), [409, 'not-released'], why)
      assert.match(door.log(), /file_not_released .*state=held why=scanner-limit/)
      assert.equal((await fetchFile(door, made, await settled(door, made, 'small.txt', Buffer.from('small'), 'ready'))).text, 'small')
      await door.stop()
      await scanner.kill()
    }
  })
})

describe('staff', () => {
  let door, mei, scanner
  before(async () => {
    scanner = await clamd().start()
    door = await open({ settings: { limits: 'off', clamd: scanner.target, 'mail-from': 'Support <support@example.net>' } })
    mei = await member(door)
  })
  after(async () => {
    await door.stop()
    await scanner.kill()
  })
  const filesOf = (ticket) => ticket.messages.flatMap((m) => m.files)

  story('see what came, and get what was released', async () => {
    const made = await confirmed(door, someone()), clean = await sent(door, made, 'clean.txt', Buffer.from('clean')), bad = await sent(door, made, 'bad.txt', Buffer.from(EICAR))
    await reaches(door, made, bad, 'refused')
    await reaches(door, made, clean, 'ready')
    const [ticket] = await ticketsOf(mei, made.email)
    assert.deepEqual(filesOf(ticket).map((f) => [f.name, f.size, f.type, f.state, f.why, f.proven]),
      [['clean.txt', 5, 'text/plain', 'clean', null, true], ['bad.txt', 68, 'text/plain', 'infected', 'Eicar-Test.UNOFFICIAL', true]])
    const got = await mei.get(`/api/files/${clean}`), refused = await mei.get(`/api/files/${bad}`)
    assert.deepEqual([got.status, got.text, got.headers['content-type'], got.headers['content-security-policy']], [200, 'clean', 'application/octet-stream', "sandbox; default-src 'none'"])
    assert.match(got.headers['content-disposition'], /^attachment; /)
    assert.deepEqual([...code(refused), refused.json.state], [409, 'not-released', 'infected'])
    for (const id of ['fil_01M87ZRQ4TEBF6C6B5AD9CPY55', 'itm_01M87ZRQ4TEBF6C6B5AD9CPY55', 'x']) assert.equal((await mei.get(`/api/files/${id}`)).status, 404)
  })

  story('move a message, and its file goes along', async () => {
    const made = await confirmed(door, someone()), file = await sent(door, made, 'moved.txt', Buffer.from('moved'))
    await reaches(door, made, file, 'ready')
    const [ticket] = await ticketsOf(mei, made.email), message = ticket.messages.find((m) => m.files.length > 0)
    const moved = await mei.post(`/api/tickets/${ticket.ticket}/move`, { messages: [message.id], to: null })
    assert.equal(moved.status, 200, moved.text)
    const now = (await mei.get(`/api/tickets/${moved.json.ticket}`)).json, left = (await mei.get(`/api/tickets/${ticket.ticket}`)).json
    assert.deepEqual([filesOf(now).map((f) => f.file), filesOf(left)], [[file], []])
    assert.equal((await mei.get(`/api/files/${file}`)).text, 'moved')
  })

  story('see the files of a mail, marked as unproven, and what stayed in it', async () => {
    const part = (name, type, bytes) => `--cut\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(bytes).toString('base64')}\r\n`
    const mail = `From: Ben <ben.files@shop.example>\r\nTo: support@example.net\r\nSubject: With files\r\nMessage-ID: <files.1@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n` +
      `--cut\r\nContent-Type: text/plain\r\n\r\nSee what came with it.\r\n${part('app.log', 'text/plain', 'line')}${part('a.zip', 'application/zip', 'PK')}${part('eicar.txt', 'text/plain', EICAR)}--cut--\r\n`
    const r = await relay(door)
    assert.match((await r.send(mail, { from: 'ben.files@shop.example' }))[0], /^250/)
    const seen = await until('all are scanned', async () => {
      const [ticket] = await ticketsOf(mei, 'ben.files@shop.example'), files = filesOf(ticket)
      return files.length === 3 && files.every((f) => f.state !== 'waiting') && files
    }, 20000)
    assert.deepEqual(seen.map((f) => [f.name, f.state, f.why, f.proven]),
      [['app.log', 'clean', null, false], ['a.zip', 'kept', 'file-kind', false], ['eicar.txt', 'infected', 'Eicar-Test.UNOFFICIAL', false]])
    assert.equal((await mei.get(`/api/files/${seen[0].file}`)).text, 'line')
    assert.equal((await mei.get(`/api/files/${seen[1].file}`)).status, 409)
    r.close()
  })
})
