// What we say to a stranger is the same whether or not we know them, and nobody reads another's words.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { LONG, open, quantile, story, taken, until, write } from './kit.mjs'

const PAIRS = LONG ? 1000 : 300
const ODD = 0.15 // medians further apart than this are printed as odd
const APART = 0.5 // and than this fail

let door
before(async () => {
  door = await open({ settings: { limits: 'off' } })
  const file = write(door, 'contacts.csv', 'account,account_name,contact_name,email,phone,role,site_id,language,last_proven,authorised_for\n'
    + 'EX-1,Known Ltd,Kim Known,kim.known@known.example.com,,admin,S-1,en,2026-11-01,all\n')
  assert.equal((await door.run(['contacts', 'import', '--source', 'crm', file])).code, 0)
})
after(() => door.stop())

// What may differ between two answers: ids, tokens, moments. The rest must be equal to the byte.
function bones(a, ...ids) {
  const headers = a.raw.map((x, i) => (i % 2 && a.raw[i - 1].toLowerCase() === 'date' ? 'DATE' : x)).join('\n')
  let text = `${a.status}\n${headers}\n\n${a.text}`
  for (const id of ids) text = text.replaceAll(id, (all) => '#'.repeat(all.length)).replaceAll(id.replaceAll('-', ''), (all) => '#'.repeat(all.length))
  return text.replace(/[\w-]{43}/g, 'TOKEN').replace(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, 'ULID').replace(/\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b/g, 'REFERENCE')
    .replace(/__Host-p-\w{9}/g, 'COOKIE')
}

// The times of two questions, asked by turns; fails where their medians are far apart.
async function compareTimes(t, one, other, n = PAIRS) {
  const times = [[], []]
  for (let i = 0; i < 10; i++) await (i % 2 ? one : other)(-1 - i)
  for (let i = 0; i < n; i++) {
    for (const side of i % 2 ? [0, 1] : [1, 0]) times[side].push((await [one, other][side](i)).ms)
  }
  const [a, b] = times.map((list) => quantile(list, 0.5)), apart = Math.abs(a - b) / Math.min(a, b)
  t.diagnostic(`medians ${a.toFixed(2)} and ${b.toFixed(2)} ms, ${(apart * 100).toFixed(1)} % apart${apart > ODD ? ': odd' : ''}`)
  assert.ok(apart < APART, `medians ${a} and ${b} ms`)
}

// A well-formed reference that nobody was given.
function unknownReference() {
  const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const body = Array.from({ length: 8 }, () => letters[Math.floor(Math.random() * 32)])
  let sum = 0
  for (let i = body.length - 1, twice = true; i >= 0; i--, twice = !twice) {
    const v = letters.indexOf(body[i]) * (twice ? 2 : 1)
    sum += Math.floor(v / 32) + (v % 32)
  }
  return `${body.slice(0, 4).join('')}-${body.slice(4).join('')}-${letters[(32 - (sum % 32)) % 32]}`
}

describe('whether we know an address', () => {
  const known = (i) => door.post('/requests', { json: { problem: `Words ${i}.`, email: 'kim.known@known.example.com' } })
  const unknown = (i) => door.post('/requests', { json: { problem: `Words ${i}.`, email: 'kim.kappa@kappa.example.com' } })

  story('cannot be seen in the receipt', async () => {
    const a = await known(1000), b = await unknown(1000)
    assert.equal(bones(a), bones(b))
  })

  story('cannot be seen in the mail, nor before the code in what the request shows', async () => {
    const [a, b] = [(await known(1001)).json, (await unknown(1001)).json]
    const mail = (address, ref) => door.mails().find((m) => m.to === address && m.subject.includes(ref.reference))
    await door.mailTo('kim.known@known.example.com', 2)
    await door.mailTo('kim.kappa@kappa.example.com', 2)
    // The same bytes, but for the code, the address, the reference and the moment.
    const strip = (m, made) => m.raw.replaceAll(m.code, 'CODE').replaceAll(made.reference, 'REF').replace(/^(Date|Message-ID|To):.*$/gim, '').replace(/\d\d:\d\d UTC/g, '')
    assert.equal(strip(mail('kim.known@known.example.com', a), a), strip(mail('kim.kappa@kappa.example.com', b), b))
    const look = async (made) => ({ ...(await door.look(made)), reference: '', next_reply_by: '' })
    const [x, y] = [await look(a), await look(b)]
    for (const seen of [x, y]) {
      seen.timeline = seen.timeline.map((m) => ({ ...m, id: '', at: '' }))
      seen.verification.expires_at = ''
    }
    assert.deepEqual(x, y)
  })

  story('cannot be told by the clock', (t) => compareTimes(t, known, unknown))

  story('of a site: proving a mailbox that nobody knows does not tell whose the site is', async () => {
    const promised = async (email, site) => {
      const made = await door.request({ problem: `Site ${site} is gone.`, email, site }), { code } = await door.mailTo(email)
      assert.equal((await door.post(`${made.url}/verify`, { json: { code }, token: made.token })).json.level, 1)
      const seen = await door.look(made)
      return Date.parse(seen.next_reply_by) - Date.parse(seen.timeline[0].at)
    }
    assert.equal(await promised('kit.one@kappa.example.com', 'S-1'), await promised('kit.two@kappa.example.com', 'X-9'))
  })
})

describe('whether a reference exists, or whose it is', () => {
  let theirs, absent
  const email = 'owner.ofit@owner.example.com', wrong = 'other.ofit@other.example.com'
  const ask = (reference, address) => door.post(`/requests/${reference}/code`, { json: { email: address } })
  before(async () => {
    theirs = (await door.request({ email })).reference
    absent = unknownReference()
  })

  for (const page of [false, true]) {
    story(`cannot be seen by looking${page ? ' in a browser' : ''}`, async () => {
      const look = (reference) => door.get(`/requests/${reference}`, { page })
      const [a, b, c] = [await look(theirs), await look(absent), await look(`${theirs.slice(0, -1)}${theirs.endsWith('X') ? 'Y' : 'X'}`)]
      assert.equal(bones(a, theirs), bones(b, absent))
      assert.equal(a.status, 401)
      assert.equal(c.status, 401)
    })

    story(`cannot be seen by asking for a code${page ? ' in a browser' : ''}, and only the right one gets a mail`, async () => {
      const mailed = () => door.mails().map((m) => m.to).filter((to) => to === email || to === wrong)
      await door.mailTo(email)
      const before = mailed()
      const post = (reference, address) => door.post(`/requests/${reference}/code`, { [page ? 'form' : 'json']: { email: address }, page })
      const answers = [await post(theirs, email), await post(theirs, wrong), await post(absent, email), await post(absent, wrong)]
      assert.deepEqual(answers.map((a) => a.status), [202, 202, 202, 202])
      const all = answers.map((a, i) => bones(a, i < 2 ? theirs : absent).replaceAll(email, 'EMAIL').replaceAll(wrong, 'EMAIL'))
      assert.deepEqual(all.slice(1), [all[0], all[0], all[0]])
      await door.request({ email: `after${page}@example.org` })
      await door.mailTo(`after${page}@example.org`)
      assert.deepEqual(mailed(), [...before, email])
    })
  }

  story('cannot be seen by typing a code', async () => {
    const flows = []
    for (const [reference, address] of [[theirs, wrong], [absent, wrong]]) flows.push([reference, (await ask(reference, address)).json.token])
    for (let i = 0; i < 6; i++) {
      const answers = []
      for (const [reference, token] of flows) answers.push(bones(await door.post(`/requests/${reference}/verify`, { json: { code: '12345678' }, token }), reference))
      assert.equal(answers[0], answers[1], `guess ${i}`)
    }
  })

  story('cannot be told by the clock: right or wrong address', (t) => compareTimes(t, () => ask(theirs, email), () => ask(theirs, wrong)))
  story('cannot be told by the clock: there or not', (t) => compareTimes(t, () => ask(theirs, wrong), () => ask(absent, wrong)))
  story('cannot be told by the clock: looking', (t) => compareTimes(t, () => door.get(`/requests/${theirs}`), () => door.get(`/requests/${absent}`)))
})

describe('two people of one customer', () => {
  story('on the same mailbox and the same work read their own words only', async () => {
    const fields = { problem: 'The very same words, from two desks.', email: 'shared@office.example.com' }
    const one = await door.request(fields), two = await door.request(fields)
    for (const [made, text] of [[one, 'Only the first wrote this.'], [two, 'Only the second wrote this.']]) {
      assert.ok(taken(await door.post(`${made.url}/messages`, { json: { text }, token: made.token })))
      await until('it is said', async () => (await door.look(made)).timeline.length === 2)
    }
    assert.deepEqual((await door.filed(one)).timeline.map((m) => m.text), [fields.problem, 'Only the first wrote this.'])
    assert.deepEqual((await door.filed(two)).timeline.map((m) => m.text), [fields.problem, 'Only the second wrote this.'])
  })

  story('cannot open each other\'s request, nor write on it', async () => {
    const [one, two] = [await door.request({ email: 'one@office.example.com' }), await door.request({ email: 'two@office.example.com' })]
    assert.equal((await door.get(one.url, { token: two.token })).status, 401)
    for (const [path, json] of [['messages', { text: 'Not mine.' }], ['verify', { code: '12345678' }]]) {
      assert.equal((await door.post(`${one.url}/${path}`, { json, token: two.token })).status, 401, path)
    }
    assert.equal((await door.filed(one)).timeline.length, 1)
  })
})

describe('what is kept', () => {
  story('is sealed: nothing that was typed lies about in Redis or the journal', async () => {
    const canary = 'Canary7319', claims = { name: canary, organisation: canary, site: canary, invoice: canary, phone: '+886 2 7319 7319' }
    const made = await door.request({ problem: `${canary} words`, email: `${canary}@canary.example.com`, ...claims })
    await door.mailTo(`${canary}@canary.example.com`)
    await door.post(`${made.url}/messages`, { json: { text: canary }, token: made.token })
    const files = []
    const walk = (path) => {
      if (statSync(path).isDirectory()) readdirSync(path).forEach((name) => walk(join(path, name)))
      else if (statSync(path).isFile()) files.push(path)
    }
    readdirSync(door.data).filter((name) => name !== 'mail').forEach((name) => walk(join(door.data, name)))
    assert.ok(files.some((f) => f.includes('/redis/')) && files.some((f) => f.includes('/journal/')))
    const forms = [canary, canary.toLowerCase(), Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64').slice(0, 12), '886273197319']
    for (const file of files) {
      const bytes = readFileSync(file)
      for (const form of [...forms, Buffer.from(canary, 'utf16le')]) assert.ok(!bytes.includes(form), `${file} holds ${form}`)
    }
  })
})
