// A whole office sits behind one address, and all of it is locked out.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { LONG, many, open, shown, sleep, story, taken, words } from './kit.mjs'

const PEOPLE = LONG ? 1000 : 300
const BURST = 200, A_SECOND = 10

describe('many people behind one address', () => {
  story(`${PEOPLE} requests are ${PEOPLE} references, each readable`, async (t) => {
    const door = await open(), begun = performance.now()
    const answers = await many(PEOPLE, 32, async (i) => {
      // 200 come at once, the rest as fast as people press buttons.
      await sleep(Math.max(0, ((i - BURST + 10) * 1000) / 9.5 - (performance.now() - begun)))
      return door.post('/requests', { json: { problem: `Person ${i} writes.`, email: `person${i}@office.example.com` } })
    })
    assert.deepEqual(answers.filter((a) => !taken(a)).map((a) => a.status), [])
    assert.equal(new Set(answers.map((a) => a.json.reference)).size, PEOPLE)
    const seen = await many(PEOPLE, 8, (i) => door.filed(answers[i].json))
    assert.deepEqual(seen.map((s) => s.timeline[0].text), answers.map((a, i) => `Person ${i} writes.`))
    t.diagnostic(`in ${Math.round(performance.now() - begun)} ms`)
    await door.stop()
  })

  story('a flood beyond that is held back, says for how long, and the words stay', async () => {
    const door = await open(), begun = performance.now()
    const answers = await many(400, 32, (i) => door.post('/requests', { json: { problem: `Flood ${i}.`, email: `flood${i}@office.example.com` } }))
    const passed = answers.filter(taken).length, seconds = (performance.now() - begun) / 1000
    const held = answers.filter((a) => a.status === 429)
    assert.equal(passed + held.length, 400)
    assert.ok(passed >= BURST && passed <= BURST + seconds * A_SECOND + 1, `${passed} in ${seconds} s`)
    for (const a of held) assert.deepEqual([a.json.code, /^[1-9]\d*$/.test(a.headers['retry-after'])], ['too-many', true])
    const typed = { problem: 'Held back, not lost.', email: 'flood.page@office.example.com', name: 'Aya Tester' }
    const pages = await many(20, 20, () => door.visitor({ language: 'de' }).send('/requests', typed))
    const page = pages.find((p) => p.status === 429)
    assert.ok(page, 'one in 20 at once is held back')
    assert.ok(shown(page.text).includes(typed.problem))
    assert.ok(shown(page.text).includes(words('de')['problem.429.title']))
    assert.equal((await door.get('/', { page: true })).status, 200, 'the form itself is never held back')
    await sleep(Number(page.headers['retry-after']) * 1000)
    assert.ok(taken(await door.post('/requests', { json: typed })))
    await door.stop()
  })

  story('another office is not punished for it', async () => {
    const door = await open({ settings: { proxy: '127.0.0.1' } })
    const from = (address) => door.post('/requests', { json: { problem: 'x', email: 'a.office@example.org' }, headers: { 'x-forwarded-for': address } })
    const flood = await many(260, 32, () => from('192.0.2.7'))
    assert.ok(flood.some((a) => a.status === 429))
    for (const address of ['192.0.2.8', '198.51.100.1', '2001:db8::1']) assert.ok(taken(await from(address)), address)
    const six = await many(260, 32, (i) => from(`2001:db8:1:1::${(i + 1).toString(16)}`))
    assert.ok(six.some((a) => a.status === 429), 'a /64 is one house')
    assert.ok(taken(await from('2001:db8:1:2::1')))
    await door.stop()
  })

  story('with limits off nothing is held back; and that is refused beyond loopback', async () => {
    const door = await open({ settings: { limits: 'off' } })
    const answers = await many(400, 32, (i) => door.post('/requests', { json: { problem: `Load ${i}.`, email: `load${i}@office.example.com` } }))
    assert.deepEqual(answers.filter((a) => !taken(a)).map((a) => a.status), [])
    await door.stop()
    door.settings['listen public'] = '0.0.0.0:0'
    const run = await door.run('check')
    assert.equal(run.code, 78)
    assert.match(run.out, /limits/)
  })
})
