// The two bots that are shipped as examples, against the running gateway: what they forward arrives once, word for word.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { open, start, story } from './kit.mjs'
import { member } from './member.mjs'
import { sender } from './senders.mjs'

const HERE = new URL('../bots/', import.meta.url).pathname, sample = (name) => join(HERE, 'samples', name)

let door, bot, feeds, mei
before(async () => {
  door = await open()
  ;[bot, mei] = [await sender(door, 'social', 'feeds'), await member(door, 'mei')]
  feeds = http.createServer((request, response) => {
    const name = request.url.slice(1)
    if (!['aya.rss', 'tag.json', 'status.atom'].includes(name)) response.writeHead(404).end()
    else response.end(readFileSync(sample(name)))
  }).listen(0, '127.0.0.1')
  await new Promise((done) => feeds.once('listening', done))
})
after(async () => {
  feeds.close()
  await door.stop()
})

// A bot on a feed; input is its stdin. { code, err, lines: [[status, item, reference]] }
function run(name, words, { input = '', secret = bot.secret } = {}) {
  const cert = join(door.data, 'self-signed.pem')
  const env = { ...process.env, WEBHOOK_SECRET: secret, CURL_OPTIONS: `--cacert ${cert}`, NODE_EXTRA_CA_CERTS: cert }
  const [program, ...first] = name.endsWith('.sh') ? ['sh', join(HERE, name)] : [process.execPath, join(HERE, name)]
  return new Promise((done) => {
    const child = start(program, [...first, `https://localhost:${door.ports.public}`, ...words], { stdio: 'pipe', env })
    let out = '', err = ''
    child.stdout.setEncoding('utf8').on('data', (d) => { out += d })
    child.stderr.setEncoding('utf8').on('data', (d) => { err += d })
    child.once('close', (code) => done({ code, err, lines: out.split('\n').filter(Boolean).map((l) => l.trim().split(' ')) }))
    child.stdin.on('error', () => {}).end(input)
  })
}

const feedBot = (platform, feed, options) => run('feed-bot.sh', [platform, feed], options)
const mastodonBot = (statuses, options) => run('mastodon-bot.mjs', [statuses], options)
const address = (name) => `http://127.0.0.1:${feeds.address().port}/${name}`

// What staff see of a reference.
const ticketOf = async (reference) => mei.ticket((await mei.find(reference)).ticket)

const POST = `Our whole site at https://cloud.example is gone since this morning. Nobody answers & nobody can sign in.
Anybody else? #examplecloud`

describe('the bot for Mastodon', () => {
  story('forwards what the API gives, boosts and empty ones left out', async () => {
    const { code, err, lines } = await mastodonBot(sample('tag.json'))
    assert.equal(code, 0, err)
    assert.deepEqual(lines.map(([status]) => status), ['202', '202'])
    const [aya, ken] = [await ticketOf(lines[0][2]), await ticketOf(lines[1][2])]
    // Neither says who they are or what it is about, so what is posted there that day is gathered.
    assert.equal(ken.ticket, aya.ticket)
    assert.equal(aya.account.id, null)
    const [hers, his] = ['@aya@social.example', '@ken@autre.example'].map((handle) => aya.messages.find((m) => m.origin.identity === handle))
    assert.deepEqual([aya.channels, hers.text], [['social'], POST])
    assert.equal(aya.queue, 'executive', '12,844 people follow her')
    assert.deepEqual([aya.claims.handle, aya.claims.source, aya.claims.name, aya.claims.url],
      ['@aya@social.example', 'mastodon', 'Aya ✨', 'https://social.example/@aya/113500000000000001'])
    assert.deepEqual([his.text, ken.participants.find((p) => p.identity === '@ken@autre.example').language],
      ['Outage\n\n今朝から全員サインインできません。\nデータは無事でしょうか 😢', 'ja'])
  })

  story('by address and from stdin says the same again, and nothing is there twice', async () => {
    const first = await mastodonBot(sample('tag.json')), second = await mastodonBot(address('tag.json'))
    const third = await mastodonBot('-', { input: readFileSync(sample('tag.json')) })
    assert.deepEqual([second.lines, third.lines], [first.lines, first.lines])
    assert.equal((await ticketOf(first.lines[0][2])).messages.filter((m) => m.text === POST).length, 1)
  })

  story('whose secret is another one is told so', async () => {
    const { code, lines } = await mastodonBot(sample('tag.json'), { secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` })
    assert.deepEqual([code, lines], [1, [['401'], ['401']]])
  })
})

describe('the bot for feeds, in shell', () => {
  story('forwards RSS; a post that the other bot brought is that post', async () => {
    const api = await mastodonBot(sample('tag.json')), { code, err, lines } = await feedBot('mastodon', sample('aya.rss'))
    assert.equal(code, 0, err)
    assert.deepEqual(lines.map(([status]) => status), ['202', '202'])
    const [same, other] = [await ticketOf(lines[0][2]), await ticketOf(lines[1][2])]
    assert.equal(same.ticket, (await ticketOf(api.lines[0][2])).ticket)
    assert.equal(same.messages.filter((m) => m.text.includes('Nobody answers')).length, 1)
    const text = 'Still "investigating".\nIt\'s 4 hours now. \\o/\t😢'
    assert.ok(other.messages.some((m) => m.text === text), JSON.stringify(other.messages))
    assert.equal(other.participants.at(-1).identity, '@aya@social.example')
  })

  story('forwards Atom, by address and from stdin', async () => {
    const { code, err, lines } = await feedBot('watch', address('status.atom'))
    assert.equal(code, 0, err)
    assert.equal(lines.length, 1, 'an entry without words says nothing')
    const t = await ticketOf(lines[0][2])
    assert.equal(t.messages[0].text, 'Example Cloud: many users cannot sign in\n\nReports come in from Tokyo & Berlin; 多くの利用者が困っています。')
    assert.deepEqual([t.participants[0].identity, t.claims.url], ['Watch Desk', 'https://watch.example/1?a=1&b=2'])
    const again = await feedBot('watch', '-', { input: readFileSync(sample('status.atom')) })
    assert.deepEqual(again.lines, lines)
  })

  story('whose secret is another one is told so; a feed that is not there, too', async () => {
    const { code, lines } = await feedBot('watch', sample('status.atom'), { secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` })
    assert.deepEqual([code, lines], [1, [['401']]])
    assert.equal((await feedBot('watch', address('nothing'))).code, 1)
  })
})
