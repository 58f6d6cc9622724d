// Double taps, lost answers and the Back button: however often it is sent, it is one request.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { many, open, shown, story, taken, until, words } from './kit.mjs'

let door, n = 0
before(async () => { door = await open({ settings: { limits: 'off' } }) })
after(() => door.stop())

const someone = () => `once.${n++}@example.org`
const send = (key, fields, options) => door.post('/requests', { json: fields, headers: { 'idempotency-key': key }, ...options })
const same = (a) => [a.json.reference, a.json.token, a.json.url]
const mailsTo = (address) => door.mails().filter((m) => m.to === address).length

// Which ticket a reference leads to: the account, the ticket and the person behind it are what Redis keeps of it.
async function ticketOf({ reference }) {
  const digits = [...reference.replaceAll('-', '').slice(0, 8)].map((c) => BigInt('0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(c)))
  const key = `r:{${digits.reduce((sum, d) => sum * 32n + d, 0n)}}`
  const found = await until(`${reference} leads somewhere`, () => {
    const held = door.redis('GET', key).trim().split(' ')
    return held.length === 4 && held
  })
  return found[2]
}

describe('the same key', () => {
  story('with the same words is the same answer, and one mail', async () => {
    const key = randomUUID(), fields = { problem: 'Sent twice.', email: someone() }
    const first = await send(key, fields), again = await send(key, fields)
    assert.deepEqual([taken(first), first.headers['idempotent-replayed']], [true, undefined])
    assert.deepEqual([taken(again), again.headers['idempotent-replayed']], [true, 'true'])
    assert.deepEqual(same(again), same(first))
    await door.mailTo(fields.email)
    assert.deepEqual((await door.filed(first.json)).timeline.map((m) => m.text), [fields.problem])
    await send(randomUUID(), { problem: 'Another, so that a second mail would be there by now.', email: 'once.last@example.org' })
    await door.mailTo('once.last@example.org')
    assert.equal(mailsTo(fields.email), 1)
  })

  story('as a hidden field of a form does what the header does', async () => {
    const form = { problem: 'From a form.', email: someone(), key: randomUUID() }
    const a = await door.post('/requests', { form }), b = await door.post('/requests', { form })
    assert.deepEqual([taken(a), taken(b), b.headers['idempotent-replayed']], [true, true, 'true'])
    assert.deepEqual(same(b), same(a))
  })

  story('in quotes, as the draft of the header writes it, is the same key', async () => {
    const key = randomUUID(), fields = { problem: 'Quoted.', email: someone() }
    assert.deepEqual(same(await send(`"${key}"`, fields)), same(await send(key, fields)))
  })

  story('with other words is refused, and the first stays', async () => {
    const key = randomUUID(), email = someone()
    const first = await send(key, { problem: 'First words.', email })
    const other = await send(key, { problem: 'Other words.', email })
    assert.equal(other.status, 422)
    assert.equal(other.json.code, 'key-reused')
    assert.deepEqual((await door.filed(first.json)).timeline.map((m) => m.text), ['First words.'])
  })

  story('with other words in a browser gives the words back', async () => {
    const visitor = door.visitor({ language: 'de' }), key = randomUUID(), email = someone()
    await visitor.send('/requests', { problem: 'Erste Worte.', email, key })
    const page = await visitor.send('/requests', { problem: 'Andere Worte.', email, key })
    assert.equal(page.status, 422)
    assert.ok(shown(page.text).includes(words('de')['problem.key-reused.title']))
    assert.ok(page.text.includes('Andere Worte.'))
  })

  story('too short or too long is refused before anything is written', async () => {
    for (const key of ['short', 'x'.repeat(15), 'x'.repeat(129)]) {
      const a = await send(key, { problem: 'x', email: someone() })
      assert.equal(a.status, 422, key)
      assert.equal(a.json.errors[0].field, 'key')
    }
    assert.ok(taken(await send('x'.repeat(16), { problem: 'x', email: someone() })))
    assert.ok(taken(await send('y'.repeat(128), { problem: 'x', email: someone() })))
  })

  story('holds over a restart of the gateway, and over one of Redis', async () => {
    const key = randomUUID(), fields = { problem: 'Sent before the restart.', email: someone() }
    const first = await send(key, fields)
    await door.stop()
    await door.start()
    const again = await send(key, fields)
    assert.deepEqual([taken(again), again.headers['idempotent-replayed'], same(again)], [true, 'true', same(first)])
    const pid = door.redisPid()
    process.kill(pid, 'SIGKILL')
    await until('Redis is back', async () => door.redisPid() !== pid && (await door.admin('/readyz')).status === 200)
    assert.deepEqual(same(await send(key, fields)), same(first))
  })
})

describe('a key that was used for something else, while Redis hangs', () => {
  // Told 202 when the 250 ms were over; then the same is sent once more, and Redis comes back before that is answered.
  const told202 = async (restart) => {
    const key = randomUUID(), email = someone()
    await door.filed((await send(key, { problem: 'What the key was used for.', email })).json)
    await door.stop()
    rmSync(join(door.data, 'journal'), { recursive: true }) // its time is over: only Redis remembers the key
    await door.start()
    const hung = door.redisPid(), fields = { problem: 'Something else, promised.', email }
    const wake = () => { if (!restarted) process.kill(hung, 'SIGCONT') }
    let restarted = false
    process.kill(hung, 'SIGSTOP')
    try {
      const first = await send(key, fields)
      assert.equal(first.status, 202, first.text)
      if (restart) {
        await door.kill()
        await door.start({ ready: false })
        restarted = true // and the one that hung was ended
      }
      const again = send(key, fields)
      setTimeout(wake, 80)
      return { first, again: await again, fields }
    } finally {
      wake()
    }
  }

  for (const restart of [false, true]) {
    story(`what was promised is kept${restart ? ' over a restart' : ''}`, async () => {
      const { first, again, fields } = await told202(restart)
      if (!restart || taken(again)) assert.deepEqual(same(again), same(first), again.text)
      const view = await until('it is filed', async () => {
        const seen = await door.look(first.json)
        return seen.state !== 'written' && seen
      })
      assert.deepEqual(view.timeline.map((m) => m.text), [fields.problem])
    })
  }
})

describe('at the same moment', () => {
  story('twenty taps with one key are one reference', async () => {
    for (let round = 0; round < 5; round++) {
      const key = randomUUID(), fields = { problem: `Tapped twenty times, ${round}.`, email: someone() }
      const answers = await many(20, 20, () => send(key, fields))
      const told = answers.filter(taken)
      assert.deepEqual(answers.filter((a) => ![201, 202, 409].includes(a.status)), [])
      assert.ok(answers.filter((a) => a.status === 409).every((a) => a.json.code === 'in-flight' && a.headers['retry-after'] === '1'))
      assert.equal(new Set(told.map((a) => a.json.reference)).size, 1)
      assert.equal(told.filter((a) => !a.headers['idempotent-replayed']).length, 1, 'one of them made it')
    }
  })

  story('twenty taps in a browser all arrive at it', async () => {
    const visitor = door.visitor(), form = { problem: 'Tapped in a browser.', email: someone(), key: randomUUID() }
    const answers = await many(20, 20, () => visitor.ask('POST', '/requests', { form }))
    assert.deepEqual([...new Set(answers.map((a) => a.status))], [303])
    assert.equal(new Set(answers.map((a) => a.headers.location)).size, 1)
  })

  story('two keys are two requests', async () => {
    const email = someone()
    const [a, b] = await many(2, 2, (i) => send(randomUUID(), { problem: `Not the same, ${i}.`, email }))
    assert.notEqual(a.json.reference, b.json.reference)
  })
})

describe('without a key', () => {
  story('the same words within ten minutes are the same work under a reference of their own', async () => {
    const fields = { problem: 'No key, and pressed twice.', email: someone() }
    const first = await door.request(fields), again = await door.request(fields)
    for (const made of [first, again]) await door.filed(made)
    assert.notEqual(again.reference, first.reference)
    assert.equal(await ticketOf(again), await ticketOf(first))
    for (const made of [first, again]) assert.equal((await door.filed(made)).reference, made.reference)
  })

  story('other words of the same address join its open work under a reference of their own, another address has its own', async () => {
    const email = someone()
    const first = await door.request({ problem: 'One thing.', email }), more = await door.request({ problem: 'Another thing.', email })
    assert.equal(await ticketOf(more), await ticketOf(first))
    assert.notEqual(more.reference, first.reference)
    assert.deepEqual((await door.filed(first)).timeline.map((m) => m.text), ['One thing.'])
    assert.deepEqual((await door.filed(more)).timeline.map((m) => m.text), ['Another thing.'])
    assert.notEqual(await ticketOf(await door.request({ problem: 'One thing.', email: someone() })), await ticketOf(first))
  })

  story('a form that is posted twice is the same work', async () => {
    const visitor = door.visitor(), form = { problem: 'Back, and sent again.', email: someone() }
    const refs = [await visitor.send('/requests', form), await visitor.send('/requests', form)].map((p) => ({ reference: p.location.split('/')[2] }))
    assert.equal(await ticketOf(refs[0]), await ticketOf(refs[1]))
  })
})

describe('a message', () => {
  story('with a key is said once', async () => {
    const made = await door.request({ problem: 'More to come.', email: someone() }), key = randomUUID()
    const say = (text) => door.post(`${made.url}/messages`, { json: { text }, token: made.token, headers: { 'idempotency-key': key } })
    const a = await say('One more thing.'), b = await say('One more thing.')
    assert.deepEqual([taken(a), taken(b), b.headers['idempotent-replayed'], b.json.message], [true, true, 'true', a.json.message])
    assert.equal((await say('Something else.')).status, 422)
    assert.deepEqual((await door.filed(made)).timeline.map((m) => m.text), ['More to come.', 'One more thing.'])
  })

  story('may use a key that a request has used, and another request has', async () => {
    const key = randomUUID(), email = someone()
    const made = (await send(key, { problem: 'With a key.', email })).json, other = await door.request({ problem: 'The other one.', email })
    for (const it of [made, other]) {
      const a = await door.post(`${it.url}/messages`, { json: { text: 'Words.' }, token: it.token, headers: { 'idempotency-key': key } })
      assert.deepEqual([taken(a), a.headers['idempotent-replayed']], [true, undefined])
    }
  })
})
