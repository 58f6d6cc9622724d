// An incident's list of sites: a manager brings it in, and every site on it has one ticket, whatever is killed on the way.
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { open, redisServer, sleep, story, until } from './kit.mjs'
import { member } from './member.mjs'

const CUSTOMERS = 775, SITES = 883
const site = (i) => `SITE-${10000 + i}`
// The first 108 customers have two sites.
const owner = (i) => (i < CUSTOMERS ? i : i - CUSTOMERS)
const vault = () => `account,contact_name,email,role,site_id,site_url,authorised_for,products\n${Array.from({ length: SITES }, (x, i) => (
  `EX-${owner(i)},Person ${i},person${i}@customer${owner(i)}.example,admin,${site(i)},https://s${10000 + i}.cloud.example,all,wiki\n`)).join('')}`
const list = (from, to) => `site_id\n${Array.from({ length: to - from }, (x, i) => `${site(from + i)}\n`).join('')}`

let door, redis, manager
before(async () => {
  redis = await redisServer().start()
  door = await open({ settings: { limits: 'off', redis: redis.target } })
  assert.equal((await door.run(['contacts', 'import', '--source', 'crm', '-'], { input: vault() })).code, 0)
  const declared = await door.run(['incident', 'declare', 'sites-gone', '--pack', 'site-loss', '--title', 'Sites deleted by a script'])
  assert.equal(declared.code, 0, declared.err)
  manager = await member(door, 'affected-manager', 'manager')
})
after(async () => {
  await door.stop()
  await redis.stop()
})

const bring = (text, ...words) => door.run(['incident', 'import', 'sites-gone', '--kind', 'site', ...words, '-'], { input: text })
const tickets = () => redis.do('--scan', '--pattern', '*:t:tkt_*').out.split('\n').filter(Boolean).length
const keys = () => redis.do('--scan', '--pattern', '*sites-gone*').out.split('\n').sort().join()
const state = async () => (await manager.get('/api/incidents/sites-gone/list')).json

describe('a list of affected sites', () => {
  const refusals = [
    ['of apps', `${list(0, 3)}app_1\napp_2\n`, /line 5: an id of another kind.*\nline 6: /],
    ['of customers', `${list(0, 3)}EX-4\n`, /line 5: on record as a customer's id/],
    ['of sites that nobody knows', `${list(0, 3)}SITE-99999\n`, /line 5: no site on record/],
    ['of nothing', 'site_id\n', /no site in it/],
  ]
  for (const [label, text, said] of refusals) {
    story(`${label} is refused before anything is written: 65`, async () => {
      const before = keys()
      const run = await bring(text, '--confirm', '3')
      assert.equal(run.code, 65, run.err)
      assert.match(run.out, said)
      assert.equal(keys(), before)
    })
  }

  story('says what its ids are', async () => {
    assert.equal((await door.run(['incident', 'import', 'sites-gone', '-'], { input: list(0, 3) })).code, 64)
    assert.equal((await door.run(['incident', 'import', 'sites-gone', '--kind', 'app', '-'], { input: list(0, 3) })).code, 64)
  })

  story('that touches many wants its number typed', async () => {
    const tried = await bring(list(0, SITES), '--dry-run', '--json')
    assert.deepEqual([tried.code, JSON.parse(tried.out).counts.accounts, JSON.parse(tried.out).confirm], [0, CUSTOMERS, SITES])
    assert.equal((await bring(list(0, SITES))).code, 77)
    assert.equal((await bring(list(0, SITES), '--confirm', '882')).code, 77)
    assert.equal((await state()).version, 0)
  })

  story('is 883 tickets of 883 sites, whatever is killed meanwhile, and imported twice still is', async () => {
    assert.equal((await bring(list(0, SITES), '--confirm', String(SITES))).code, 0)
    for (let i = 0; i < 3; i++) {
      const at = tickets()
      await until('some more are made', () => tickets() > at || tickets() === SITES, 10000)
      if (i === 1) {
        redis.kill()
        await redis.child.ended
        await redis.start()
      } else {
        await door.kill()
        await door.start()
      }
    }
    await manager.again()
    await until('all of them are made', async () => (await state()).tickets === SITES, 30000, 100)
    assert.equal(tickets(), SITES)
    const again = await bring(list(0, SITES), '--json')
    assert.deepEqual([again.code, JSON.parse(again.out).same, JSON.parse(again.out).version], [0, true, 1])
    await sleep(500)
    const { tickets: made, job, list: one } = await state()
    assert.deepEqual([made, tickets(), job.state, job.failed, one.counts.accounts], [SITES, SITES, 'done', 0, CUSTOMERS])
    assert.equal(door.mails().length, 0, 'nobody is mailed because a ticket was made')
  })

  story('is a ticket that its customer joins, and nobody is told', async () => {
    const known = await door.request({ problem: 'We cannot get in.', email: 'person5@customer5.example', site: site(5), impact: 'down' })
    const stranger = await door.request({ problem: 'We cannot get in either.', email: 'somebody@elsewhere.example', site: 'OTHER-1', impact: 'down' })
    assert.deepEqual(Object.keys(known).sort(), Object.keys(stranger).sort())
    assert.equal((await manager.find(known.reference)).ticket, (await manager.get(`/api/search?q=${site(5)}`)).json.items[0].ticket)
    assert.equal(tickets(), SITES + 1)
    const [a, b] = [await door.filed(known), await door.filed(stranger)]
    assert.deepEqual([a.incident, a.state, a.level, a.timeline.length], [null, b.state, b.level, b.timeline.length])
    assert.ok(Math.abs(Date.parse(a.next_reply_by) - Date.parse(b.next_reply_by)) <= 5000, `${a.next_reply_by} ${b.next_reply_by}`)
  })

  story('tells who is silent, who is in touch, who is on no list and whom nobody knows', async () => {
    const sets = (await manager.get('/api/incidents/sites-gone/sets')).json.items
    assert.deepEqual(sets.map((s) => [s.set, s.tickets]), [['silent', SITES - 1], ['in-touch', 1], ['unlisted', 0], ['unresolved', 1]])
    const seen = new Set()
    for (let next = ''; next !== null;) {
      const page = (await manager.get(`/api/incidents/sites-gone/sets/silent?limit=200${next && `&cursor=${next}`}`)).json
      for (const row of page.items) seen.add(row.ticket)
      next = page.next
    }
    assert.equal(seen.size, SITES - 1)
    assert.equal((await manager.get('/api/incidents/sites-gone/sets/others')).status, 404)
    assert.equal((await manager.get('/api/incidents/sites-gone/sets/silent?cursor=x')).status, 422)
  })

  story('can be gone back from, and its versions told apart', async () => {
    const shorter = await manager.post('/api/incidents/sites-gone/list?kind=site', undefined)
    assert.equal(shorter.status, 422)
    const post = (query, body) => door.ask('POST', `/api/incidents/sites-gone/list?kind=site${query}`, {
      to: 'staff', body, headers: { ...manager.headers, 'content-type': 'text/csv' } })
    assert.equal((await post('', list(3, SITES))).status, 200)
    const diff = (await manager.get('/api/incidents/sites-gone/list/diff')).json.items
    assert.deepEqual(diff.map((d) => [d.site, d.step]).sort(), [[site(0), 'gone'], [site(1), 'gone'], [site(2), 'gone']])
    const back = await manager.post('/api/incidents/sites-gone/list/back', { version: 1 })
    assert.deepEqual([back.status, back.json.version, back.json.counts.added], [200, 3, 3])
    const versions = (await manager.get('/api/incidents/sites-gone/list/versions')).json.items
    assert.deepEqual(versions.map((v) => [v.version, v.back_to]), [[3, 1], [2, null], [1, null]])
    await until('its job has ended', async () => (await state()).job.state === 'done')
    assert.equal((await state()).tickets, SITES)
  })
})
