// What customers are told at once: written by one, approved by another, shown at every gateway, in every language.
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { closed, open, redisServer, shown, story, until } from './kit.mjs'
import { member } from './member.mjs'

const HOUR = 3600e3
const redis = redisServer()
let here, there, mei, aya, eve, ida

const inHours = (hours) => new Date(Math.floor((Date.now() + (here?.shift ?? 0) + hours * HOUR) / 1000) * 1000).toISOString().replace('.000', '')
const estimate = inHours(200)
const words = (en, more = {}) => ({ text: { en, ...more } })
const whole = (more = {}) => ({
  happened: words('A script removed sites.', { de: 'Ein Skript hat Seiten entfernt.', ar: 'حذف برنامج نصي مواقع.' }),
  scope: words('883 sites of 775 customers.'), restore: { by: estimate }, restored: { percent: 34 }, loss: { next_word_at: inHours(5) },
  confidence: { level: 'medium' }, reach: words('By the form.'), not: words('No attack.'), next_update_by: inHours(3), ...more,
})

before(async () => {
  await redis.start()
  here = closed({ settings: { redis: redis.target }, clock: true })
  there = closed({ settings: { redis: redis.target, keys: here.settings.keys } })
  await here.start()
  await there.start()
  const made = await here.run(['incident', 'declare', 'gone', '--pack', 'site-loss', '--title', 'Sites are gone'])
  assert.equal(made.code, 0, made.err)
  mei = await member(here, 'mei')
  aya = await member(here, 'aya', 'lead')
  eve = await member(here, 'eve', 'manager')
  ida = await member(here, 'ida', 'auditor')
})

after(async () => {
  for (const door of [here, there]) await door?.stop()
  await redis.stop()
})

const PATH = '/api/incidents/gone/updates'
const draft = async (who, update) => {
  const answer = await who.post(PATH, { update })
  assert.equal(answer.status, 201, answer.text)
  return answer.json
}
const approve = (who, { id, revision }) => who.post(`${PATH}/${id}/approve`, { revision })
const told = async (door) => (await door.get('/incidents/gone')).json
const page = async (door, path, language = 'en') => shown((await door.get(path, { page: true, language })).text)

describe('an update', () => {
  let first
  story('is written by one and approved by another, as it was read', async () => {
    assert.equal((await here.get('/incidents/gone')).status, 404) // a title alone is nobody's approved word
    assert.deepEqual((await here.get('/incidents')).json.items, [])
    const { clock } = (await ida.get(PATH)).json // the pack wants a word every two hours
    assert.deepEqual([clock.told_at, clock.promised_at], [null, null])
    assert.ok(Math.abs(Date.parse(clock.due_at) - Date.now() - 2 * HOUR) < 30e3, clock.due_at)
    first = await draft(mei, { happened: words('A script removed sites.') })
    assert.deepEqual(first.lacks.map((f) => f.field), ['scope', 'restore', 'restored', 'loss', 'confidence', 'reach', 'next_update_by'])
    assert.equal((await approve(aya, first)).status, 422)
    const second = await mei.post(`${PATH}/${first.id}`, { revision: 1, update: whole() })
    assert.deepEqual([second.status, second.json.revision, second.json.lacks], [200, 2, []])
    assert.deepEqual([(await approve(aya, first)).json.code, (await approve(mei, second.json)).status], ['stale', 403])
    assert.equal((await approve(ida, second.json)).status, 403)
    const own = await draft(aya, whole())
    assert.deepEqual([(await approve(aya, own)).json.code, (await approve(mei, own)).status], ['own-words', 403])
    assert.equal((await mei.post(`${PATH}/${first.id}`, { revision: 1, update: whole({ restored: { percent: 35 } }) })).json.code, 'stale')
    first = second.json
  })

  story('shows at every gateway within a second, on form, page and JSON', async () => {
    const answer = await approve(aya, first), begun = performance.now()
    assert.equal(answer.status, 200, answer.text)
    for (const door of [here, there]) await until('it shows', async () => (await door.get('/incidents/gone')).status === 200, 3000, 20)
    assert.ok(performance.now() - begun < 1500, `${performance.now() - begun} ms`)
    for (const door of [here, there]) {
      const json = await told(door)
      assert.deepEqual([json.title, json.state, json.update.number, json.late, json.stale_since], ['Sites are gone', 'declared', 1, false, null])
      assert.deepEqual(json.update.update.loss, { next_word_at: first.update.loss.next_word_at })
      assert.equal(json.next_update_by, first.update.next_update_by)
      const de = await page(door, '/', 'de'), ar = await page(door, '/ar/incidents/gone'), list = await page(door, '/zh-TW/incidents')
      assert.match(de, /Sites are gone .*Ein Skript hat Seiten entfernt\..*34 %/)
      assert.match(ar, /حذف برنامج نصي مواقع\..*883 sites of 775 customers\. \(بالإنجليزية فقط حتى الآن\)/)
      assert.match(list, /A script removed sites\./)
    }
    const en = await page(here, '/incidents/gone')
    for (const what of ['Not known yet.', 'Fairly sure', 'No attack.', 'By the form.', 'How to reach us']) assert.ok(en.includes(what), what)
    assert.ok(!/in English/.test(en))
  })

  story('may be kept for seconds, and is not sent twice', async () => {
    const one = await here.get('/incidents/gone')
    assert.equal(one.headers['cache-control'], 'public, max-age=10')
    assert.match(one.headers.vary, /Accept-Language/)
    assert.ok(Number(one.headers.age) <= 1)
    const again = await here.get('/incidents/gone', { headers: { 'if-none-match': one.headers.etag } })
    assert.deepEqual([again.status, again.text], [304, ''])
    assert.equal((await there.get('/incidents/gone')).headers.etag, one.headers.etag)
  })

  story('stands on each request, in full on those of the incident', async () => {
    const made = await here.request({ email: 'told@example.org', impact: 'down' }), visitor = here.visitor()
    await here.filed(made)
    const seen = await here.look(made)
    if (seen.incident !== null) assert.deepEqual(seen.incident, (({ slug, title, state, update_at, next_update_by }) => ({ slug, title, state, update_at, next_update_by }))(await told(here)))
    const { ticket } = await mei.find(made.reference), key = redis.do('--scan', '--pattern', `*:t:${ticket}`).out.trim()
    redis.do('HSET', key, 'incident', 'gone')
    assert.equal((await here.look(made)).incident, null, 'nobody finds out by asking')
    redis.do('HSET', key, redis.do('HKEYS', key).out.split('\n').find((field) => field.startsWith('lv:')), '2,0,1')
    assert.deepEqual((await here.look(made)).incident.slug, 'gone')
    const html = shown((await here.get(made.url, { page: true, token: made.token })).text)
    assert.match(html, /Who and what is concerned 883 sites/)
    const other = await visitor.send('/requests', { problem: 'A question.', email: 'other@example.org', impact: 'question' })
    assert.match(shown(other.text), /Sites are gone A script removed sites\./)
  })

  story('that goes back on the one before has to say why', async () => {
    const worse = await draft(eve, whole({ restored: { percent: 30 } }))
    assert.deepEqual((await approve(aya, worse)).json.errors.map((f) => `${f.field} ${f.code}`), ['restored.en explain'])
    const why = await eve.post(`${PATH}/${worse.id}`, { revision: 1, update: whole({ restored: { percent: 30, ...words('We counted anew.') } }) })
    assert.equal((await approve(aya, why.json)).status, 200)
    await until('it shows', async () => (await told(there)).update.update.restored.percent === 30, 3000, 20)
  })

  story('is withdrawn with a reason, which stays visible; its words do not', async () => {
    const [standing] = (await ida.get(PATH)).json.items
    assert.equal((await mei.post(`${PATH}/${standing.id}/withdraw`, { why: 'x' })).status, 403)
    assert.equal((await eve.post(`${PATH}/${standing.id}/withdraw`, {})).status, 422)
    assert.equal((await eve.post(`${PATH}/${standing.id}/withdraw`, { why: 'The count was wrong.' })).status, 200)
    const json = await until('it is gone', async () => {
      const now = await told(there)
      return now.update.number === 1 && now
    }, 3000, 20)
    const { state, why, update } = json.updates.find((u) => u.number === standing.number)
    assert.deepEqual([state, why, update], ['withdrawn', 'The count was wrong.', null])
    const en = await page(there, '/incidents/gone')
    assert.match(en, /The count was wrong\./)
    assert.ok(!en.includes('We counted anew.'))
  })

  story('is seen as customers will see it, before they do', async () => {
    const { id } = await draft(mei, whole({ restored: { percent: 50 } }))
    const preview = await aya.get(`${PATH}/${id}/preview?lang=ja`)
    assert.equal(preview.status, 200)
    assert.match(shown(preview.text), /50 %/)
    assert.equal((await told(here)).update.update.restored.percent, 34)
  })

  story('whose next word does not come is late by itself, on every page', async () => {
    assert.equal(/^postern_updates_late (.*)$/m.exec((await here.admin('/metrics')).text)[1], '0')
    here.later(3.1 * HOUR)
    await until('it is late', async () => (await told(here)).late, 5000, 50)
    assert.match(await page(here, '/incidents/gone'), /Our next word is late\. We had promised it by/)
    assert.match(await page(here, '/de/'), /Unsere nächste Nachricht verspätet sich\./)
    assert.equal(/^postern_updates_late (.*)$/m.exec((await here.admin('/metrics')).text)[1], '1')
    await mei.again()
    const { clock } = (await mei.get(PATH)).json
    assert.deepEqual([clock.late, clock.promised_at], [true, first.update.next_update_by])
  })

  story('goes on being shown without Redis, and says how old it is', async () => {
    await redis.stop()
    const stale = await until('it is stale', async () => {
      const answer = await here.get('/incidents/gone')
      return answer.json.stale_since && answer
    }, 8000, 50)
    assert.ok(Number(stale.headers.age) >= 4, stale.headers.age)
    assert.match(await page(here, '/'), /Sites are gone .*This is what we knew on/)
    const blind = await open({ settings: { redis: redis.target }, ready: false })
    assert.equal((await blind.get('/incidents')).status, 503)
    assert.equal((await blind.get('/')).status, 200)
    await blind.stop()
    await redis.start()
    await until('it is fresh', async () => (await told(here)).stale_since === null, 8000, 50)
  })
})
