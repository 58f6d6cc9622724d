// What is written down about the outside interface is so: each documented answer can be had, and has its shape.
// (The kit holds every other answer of the suite against the same document.)
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe } from 'node:test'
import { many, multipart, open, redisServer, story, taken, until } from './kit.mjs'
import { EICAR, announce, clamd, fetchFile, put, reaches, sent, textOf } from './files.mjs'
import { document, faults, seen } from './openapi.mjs'
import { member } from './member.mjs'
import { call, deliver, deskTicket, message, post, restoration, sender } from './senders.mjs'

const PUBLIC = Object.entries(document.paths).filter(([path]) => !path.startsWith('/api/'))
const STAFF = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/'))
const operations = (paths) => paths.flatMap(([path, item]) => Object.entries(item).filter(([method]) => /^(get|put|post|delete)$/.test(method))
  .map(([method, operation]) => [method.toUpperCase(), path, operation]))

describe('the checker itself', () => {
  const table = [
    ['a type', { type: 'integer' }, 1, '1'],
    ['one of several types', { type: ['string', 'null'] }, null, 0],
    ['a missing member', { type: 'object', required: ['a'] }, { a: 1 }, {}],
    ['a member of the wrong type', { type: 'object', properties: { a: { type: 'string' } } }, { a: '' }, { a: 1 }],
    ['an item of the wrong type', { type: 'array', items: { type: 'string' } }, ['a'], ['a', 1]],
    ['too many items', { type: 'array', maxItems: 0 }, [], [1]],
    ['a word that is not in the list', { enum: ['a', 'b'] }, 'a', 'c'],
    ['a pattern', { type: 'string', pattern: '^a$' }, 'a', 'b'],
    ['a moment', { type: 'string', format: 'date-time' }, '2026-11-24T00:00:00Z', '2026-11-24 00:00'],
    ['a range', { type: 'integer', minimum: 0, maximum: 4 }, 4, 5],
    ['a length in code points', { type: 'string', maxLength: 1 }, '🙂', 'ab'],
    ['all of', { allOf: [{ type: 'object', required: ['a'] }, { type: 'object', required: ['b'] }] }, { a: 1, b: 1 }, { a: 1 }],
    ['a reference', { $ref: '#/components/schemas/Level' }, 2, 9],
    ['a keyword that it does not know', { type: 'string' }, 'a', undefined],
  ]
  for (const [label, schema, good, bad] of table) {
    story(`sees ${label}`, async () => {
      assert.deepEqual(faults(schema, good), [])
      if (bad === undefined) assert.equal(faults({ ...schema, multipleOf: 2 }, good).length, 1)
      else assert.notDeepEqual(faults(schema, bad), [])
    })
  }
})

describe('each documented answer of the public and the admin listener', () => {
  let door, held, full, redis, scanner
  const problem = 'As documented.', email = 'documented@example.org'
  before(async () => {
    redis = await redisServer().start()
    scanner = await clamd().start()
    door = await open({ settings: { limits: 'off', redis: redis.target, clamd: scanner.target } })
    held = await open()
    full = await open({ settings: { reserve: '900000G' }, ready: false })
  })
  after(async () => {
    for (const each of [door, held, full]) await each?.stop()
    await scanner.kill()
    await redis.stop()
  })

  // A status that depends on who is faster: until it was seen once.
  const untilSeen = (what, ask) => until(what, async () => {
    await ask()
    return seen.has(what)
  }, 20000, 0)

  story('can be had', async () => {
    for (const path of ['/', '/de/', '/xx/', '/.well-known/security.txt', '/openapi.json', '/livez']) await door.get(path, { page: true })
    for (const path of ['/livez', '/readyz', '/metrics']) await door.admin(path)
    await told()

    const made = await door.request({ problem, email }), { url, token } = made
    const { code } = await door.mailTo(email)
    const visitor = door.visitor(), page = await visitor.send('/requests', { problem, email })
    const cross = { headers: { 'sec-fetch-site': 'cross-site' } }, bad = { body: '{', headers: { 'content-type': 'application/json' }, token }
    await door.post('/requests', bad)
    await door.post('/requests', { json: {} })
    await door.post('/requests', { json: { problem: 'x'.repeat(300000) } })
    await full.post('/requests', { json: { problem, email } })
    await full.admin('/readyz')
    await door.get(url)
    await door.look(made)
    for (const path of ['code', 'verify', 'messages', 'vouch', 'acceptance']) {
      await visitor.ask('POST', `${page.location}/${path}`, { form: { text: 'x', code: '1' }, ...cross })
      await visitor.ask('POST', `${page.location}/${path}`, { form: { text: 'More.', code: '12345678' } })
      await door.post(`${url}/${path}`, bad)
      await door.post(`${url}/${path}`, { json: { padding: 'x'.repeat(300000) }, token })
      await door.post(`${url}/${path}`, { json: {} })
    }
    await door.post(`${url}/code`, { json: { email: 'x' }, token })
    await door.post(`${url}/code`, { json: {}, token })
    await door.post(`${url}/verify`, { json: { code: '1' }, token })
    await door.post(`${url}/verify`, { json: { code }, token })
    await door.post(`${url}/verify`, { json: { code }, token })
    await door.post(`${url}/messages`, { json: {}, token })
    await door.post(`${url}/vouch`, { json: {}, token })
    await door.post(`${url}/acceptance`, { json: {}, token })
    const appeals = await appealed()
    for (const [kind, page, code] of appeals) {
      for (const path of [page, `/${kind}/x`]) await door.get(path)
      for (const body of ['{', '{}', '']) await door.post(body ? page : `/${kind}/x`, { body, headers: { 'content-type': 'application/json' } })
      await door.post(page, { json: { padding: 'x'.repeat(300000) } })
      await door.post(page, { json: { code, answer: 'no' } })
    }
    await door.post(`${url}/messages`, { json: { text: 'More.' }, token })
    for (const [path, fields] of [['/requests', { problem, email }], [`${url}/messages`, { text: 'Twice.' }]]) {
      await untilSeen(`POST ${path.replace(made.reference, '{ref}')} 409`, () => {
        const key = randomUUID()
        return many(8, 8, () => door.post(path, { json: fields, token, headers: { 'idempotency-key': key } }))
      })
    }

    const report = { social: post, phone: call, desk: deskTicket, restoration }
    for (const [kind, make] of Object.entries(report)) {
      const one = await sender(door, kind, `documented-${kind}`), busy = await sender(held, kind, `busy-${kind}`)
      await one.post(make())
      await one.post('{')
      await one.post({})
      await one.post('x'.repeat(70000))
      await deliver(door, kind, { ...message(one.secret, make()), id: 'another' })
      await deliver(door, kind, { ...message(one.secret, make()), more: { 'content-type': 'text/plain' } })
      await untilSeen(`POST /channels/${kind} 409`, () => {
        const m = message(one.secret, make())
        return many(8, 8, () => deliver(door, kind, m))
      })
      await untilSeen(`POST /channels/${kind} 429`, () => many(64, 16, () => busy.post(make())))
      await deliver(full, kind, message((await sender(full, kind, `full-${kind}`)).secret, make()))
    }

    const half = await files(visitor, page, made, url, cross)
    await many(230, 32, () => held.post('/requests', { json: { problem, email } }))
    for (const path of ['/requests', `${url}/code`, `${url}/verify`, `${url}/messages`, `${url}/files`, `${url}/vouch`, `${url}/acceptance`, '/vouch/{token}', '/veto/{token}']) {
      const mine = held.flood ??= await heldRequest()
      await untilSeen(`POST ${path.replace(made.reference, '{ref}')} 429`, () => many(16, 16, () => (
        held.post(path.replace(url, mine.url), { json: { problem, email, code: '12345678', text: 'x' }, token: mine.token }))))
    }

    const flow = (await door.post(`${url}/code`, { json: { email } })).json
    redis.kill('SIGSTOP')
    await untilSeen('POST /requests 202', () => door.post('/requests', { json: { problem, email } }))
    await untilSeen('POST /requests/{ref}/messages 202', () => door.post(`${url}/messages`, { json: { text: 'Away.' }, token }))
    redis.kill('SIGCONT')
    await redis.stop()
    await door.get(url, { token })
    await door.post(`${url}/code`, { json: {}, token })
    await door.post(`${url}/verify`, { json: { code: '12345678' }, token })
    await door.post(`${url}/messages`, { json: { text: 'Away.' }, token: flow.token })
    await door.post(`${url}/vouch`, { json: {}, token })
    await door.post(`${url}/acceptance`, { json: { site: 'site_01M87ZRQ4TEBF6C6B5AD9CPY55', answer: 'yes' }, token })
    for (const [, page] of appeals) await door.post(page, { json: { code: '12345678', answer: 'no' } })
    await announce(door, made, 'a.txt', 5)
    await fetchFile(door, made, half)
    await put(door, made, half, 0, 'x')
    await door.ask('DELETE', `${url}/files/${half}`, { token })
    await redis.start()

    const all = operations(PUBLIC).flatMap(([method, path, operation]) => Object.keys(operation.responses).map((status) => `${method} ${path} ${status}`))
    assert.deepEqual(all.filter((answer) => !seen.has(answer)), [])
  })

  // An incident of which something was told, and a gateway that never heard of any.
  async function told() {
    const blind = await open({ settings: { redis: `unix:${redis.home}/none` }, ready: false })
    await blind.get('/incidents')
    await blind.stop()
    await door.run(['incident', 'declare', 'documented', '--pack', 'outage', '--title', problem])
    const [ira, ivy] = [await member(door, 'ira'), await member(door, 'ivy', 'lead')], path = '/api/incidents/documented/updates'
    const text = { text: { en: problem } }, at = (hours) => new Date(Date.now() + hours * 3600e3).toISOString()
    const update = { happened: text, scope: text, restore: { by: at(9) }, restored: { percent: 1 }, loss: { next_word_at: at(9) }, confidence: { level: 'low' }, reach: text, next_update_by: at(3) }
    const { id, revision } = (await ira.post(path, { update })).json
    assert.equal((await ivy.post(`${path}/${id}/approve`, { revision })).status, 200)
    const shown = await until('it is told', async () => {
      const answer = await door.get('/incidents/documented')
      return answer.status === 200 && answer
    })
    await door.get('/incidents/documented', { headers: { 'if-none-match': shown.headers.etag } })
    for (const page of ['/incidents', '/de/incidents', '/xx/incidents', '/de/incidents/documented', '/de/incidents/none']) await door.get(page, { page: true })
    assert.equal((await door.run(['incident', 'close', 'documented'])).code, 0) // it froze imports
  }

  // A contact on record is asked to vouch for one, and told that another may do much: [kind, page, code] of both mails.
  async function appealed() {
    const day = new Date().toISOString().slice(0, 10), head = 'account,account_name,contact_name,email,phone,role,site_id,last_proven,authorised_for'
    const rows = [`D-1,Doc Ltd,Boss,boss@doc.example,+886 2 1234 5678,admin,DOC-1,${day},all`, `D-1,Doc Ltd,Mate,mate@doc.example,,technical,DOC-1,${day},all`]
    await door.run(['contacts', 'import', '--source', 'billing', '-'], { input: `${[head, ...rows].join('\n')}\n` })
    const staff = await member(door, 'ida')
    const confirmed = async (email) => {
      const one = await door.request({ problem: `${problem} ${email}`, email, site: 'DOC-1' })
      await door.post(`${one.url}/verify`, { json: { code: (await door.mailTo(email)).code }, token: one.token })
      return one
    }
    const mate = await confirmed('mate@doc.example'), { ticket } = await staff.find(mate.reference)
    const [{ contact }] = (await staff.post(`/api/tickets/${ticket}/numbers`)).json.items
    const me = (await staff.ticket(ticket)).participants.find((p) => p.reference === mate.reference)
    await staff.post(`/api/tickets/${ticket}/proofs`, { participant: me.id, kind: 'call-back', contact })
    await accepted(mate)
    const newcomer = await confirmed('newcomer@doc.example')
    await door.post(`${newcomer.url}/vouch`, { json: {}, token: newcomer.token })
    await door.stop() // what is due is gone over at the start, by whoever has the lease
    redis.do('DEL', 'lease:{sweep}')
    await door.start()
    return Promise.all(['vouch', 'veto'].map((kind) => until(`the mail of ${kind}`, () => {
      const mail = door.mails().find((m) => m.to === 'boss@doc.example' && m.text.includes(`/${kind}/`))
      return mail && [kind, new RegExp(`(/${kind}/[\\w-]+)`).exec(mail.text)[1], mail.code]
    })))
  }

  // A site of theirs comes back, and is right; a second answer finds it handed back.
  async function accepted(mate) {
    await door.run(['incident', 'declare', 'documented', '--pack', 'site-loss', '--title', 'Documented'])
    redis.do('HSET', '{p0}:rb:documented', 'quick', '{"ours":false}')
    const system = await sender(door, 'restoration', 'doc-restore')
    await system.post(restoration({ incident: 'documented', site: 'DOC-1', batch: 'quick', state: 'customer-validation' }))
    const { site } = await until('it waits for an answer', async () => (await door.look(mate)).restoration[0])
    await door.post(`${mate.url}/acceptance`, { json: { site, answer: 'yes' }, token: mate.token })
    await system.post(restoration({ incident: 'documented', site: 'DOC-1', state: 'failed' }))
    await until('it is looked at again', async () => (await door.look(mate)).restoration.length === 0)
    await door.post(`${mate.url}/acceptance`, { json: { site, answer: 'yes' }, token: mate.token })
  }

  // made is confirmed, the visitor not. The id of an upload that is not whole.
  async function files(visitor, page, made, url, cross) {
    const { token } = made, form = (body) => {
      const [bytes, type] = multipart({ file: { file: 'form.txt', body } })
      return { body: bytes, headers: { 'content-type': type } }
    }
    await announce(door, made, 'a.exe', 5)
    await announce(door, made, 'a.txt', 20 << 20)
    await announce(door, { url }, 'a.txt', 5)
    await visitor.ask('POST', `${page.location}/files`, { ...form('x'), page: false })
    await visitor.ask('POST', `${page.location}/files`, form('x'))
    for (const body of ['{', '']) await door.post(`${url}/files`, { body, token, headers: { 'content-type': body ? 'application/json' : 'text/plain' } })
    await door.post(`${url}/files`, { ...form('hello'), token })

    const clean = await sent(door, made, 'clean.txt', Buffer.from('clean')), bad = await sent(door, made, 'bad.txt', Buffer.from(EICAR))
    await reaches(door, made, clean, 'ready')
    await reaches(door, made, bad, 'refused')
    const gone = (await announce(door, made, 'gone.txt', 5)).json.file
    await door.ask('DELETE', `${url}/files/${gone}`, { token })
    scanner.kill('SIGSTOP')
    const waits = await sent(door, made, 'waits.txt', Buffer.from('waits')), { file } = (await announce(door, made, 'half.txt', 3 << 16)).json
    await reaches(door, made, waits, 'checking')
    for (const id of [clean, bad, waits, file, 'x']) await fetchFile(door, made, id)
    await fetchFile(door, { url }, clean)
    await door.get(`${url}/files/${bad}`, { token, page: true })
    for (const [id, more] of [[waits, { token }], ['x', { token }], [file, {}]]) await door.ask('DELETE', `${url}/files/${id}`, more)
    await visitor.ask('DELETE', `${page.location}/files/${file}`, { ...cross, page: false })
    await visitor.ask('PUT', `${page.location}/files/${file}/parts/0`, { ...cross, page: false, body: 'x' })
    for (const [n, size, seed] of [[0, 1 << 16, 1], [0, 1 << 16, 2], ['x', 5, 1], [1, (1 << 20) + 1, 1]]) await put(door, made, file, n, textOf(size, seed))
    await put(door, { url }, file, 0, 'x')
    await put(door, made, 'fil_01M87ZRQ4TEBF6C6B5AD9CPY55', 0, 'x')
    scanner.kill('SIGCONT')
    return file
  }

  // Somebody who got in before the flood.
  async function heldRequest() {
    let made
    await until('one gets through', async () => {
      const a = await held.post('/requests', { json: { problem, email } })
      made = a.json
      return taken(a)
    }, 20000, 120)
    return made
  }
})

describe('the staff listener', () => {
  story('answers nobody without a session', async (t) => {
    const door = await open(), there = (await door.ask('GET', '/api/queues', { to: 'staff' }).catch((e) => e)).status !== 404
    if (!there) t.skip('it has no API yet')
    const id = { tkt: 'tkt_01M87ZRQ4TEBF6C6B5AD9CPY55', itm: 'itm_01M87ZRQ4TEBF6C6B5AD9CPY55', fil: 'fil_01M87ZRQ4TEBF6C6B5AD9CPY55', acc: 'acc_01M87ZRQ4TEBF6C6B5AD9CPY55', apv: 'apv_01M87ZRQ4TEBF6C6B5AD9CPY55', job: 'job_01M87ZRQ4TEBF6C6B5AD9CPY55', queue: 'triage', slug: 'loss', upd: 'upd_01M87ZRQ4TEBF6C6B5AD9CPY55', site: 'site_01M87ZRQ4TEBF6C6B5AD9CPY55', event: 'evt_01M87ZRQ4TEBF6C6B5AD9CPY55' }
    for (const [method, path] of there ? operations(STAFF).filter(([method, path]) => !(method === 'POST' && path === '/api/session')) : []) {
      const a = await door.ask(method, path.replace(/\{(\w+)\}/g, (all, name) => id[name]), { to: 'staff', ...(method === 'POST' && { json: {} }), headers: { 'sec-fetch-site': 'same-origin' } })
      assert.equal(a.status, 401, `${method} ${path} ${a.status}`)
    }
    await door.stop()
  })
})
