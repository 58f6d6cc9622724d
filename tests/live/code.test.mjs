// The code by mail: who reads the mailbox proves it, however it is typed; who does not, cannot guess it.
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { LANGUAGES, many, open, shown, story, words, write } from './kit.mjs'

const MINUTE = 60000

let door, n = 0
before(async () => {
  door = await open({ settings: { limits: 'off', brand: 'Example Cloud' }, clock: true })
})
after(() => door.stop())

const someone = () => `code.${n++}@example.org`
const verify = ({ url, token }, code) => door.post(`${url}/verify`, { json: { code }, token })
const ask = ({ url, token }, json = {}) => door.post(`${url}/code`, { json, token })
const mailsTo = (address) => door.mails().filter((m) => m.to === address)
const level = async (made) => (await door.look(made)).level
const digits = (code) => code.replace(' ', '')
const wrongOf = (code, i = 1) => String((Number(digits(code)) + i) % 100000000).padStart(8, '0')

async function fresh(more = {}) {
  const email = someone(), made = await door.request({ problem: `Words of ${email}.`, email, ...more })
  const mail = await door.mailTo(email)
  return { ...made, email, mail, code: mail.code }
}

// A mail to somebody else that was asked for now is there: so is every earlier one.
const settled = () => fresh()

describe('the mail', () => {
  story('has the code on a line of its own, in the language of the request', async () => {
    for (const language of LANGUAGES) {
      const { mail, reference } = await fresh({ language })
      const w = words(language)
      assert.match(mail.text, /^\d{4} \d{4}$/m, language)
      assert.ok(mail.subject.includes(reference), mail.subject)
      assert.equal(mail.headers['content-language'], language)
      assert.equal(mail.headers['auto-submitted'], 'auto-generated')
      assert.ok(mail.html.includes(`lang="${language}"`) && mail.html.includes(mail.code), language)
      assert.ok(mail.html.includes('Example Cloud') && mail.text.includes('Example Cloud'), language)
      assert.ok(w, language)
    }
    assert.equal(new Set(mailsTo('nobody@example.org')).size, 0)
  })

  story('holds nothing that was typed, and no link that acts', async () => {
    const canary = 'CANARY-8264'
    const { mail, reference } = await fresh({ problem: canary, name: canary, organisation: canary, site: `https://${canary}.example`, invoice: canary })
    assert.ok(!mail.raw.includes(canary) && !mail.html.includes(canary) && !mail.text.includes(canary))
    const links = [...mail.text.matchAll(/https?:\/\/\S+/g)].map(([link]) => link)
    assert.deepEqual(links.map((link) => new URL(link).pathname), [`/requests/${reference}`])
  })
})

describe('the code', () => {
  story('confirms the mailbox once, and says the level', async () => {
    const it = await fresh()
    assert.equal(await level(it), 0)
    const a = await verify(it, digits(it.code))
    assert.deepEqual([a.status, a.json], [200, { level: 1 }])
    assert.equal(await level(it), 1)
    const again = await verify(it, digits(it.code))
    assert.deepEqual([again.status, again.json.code, again.json.level], [410, 'code-gone', 1])
  })

  const typed = [
    ['as it stands in the mail', (c) => c],
    ['without the gap', digits],
    ['with dashes and dots', (c) => digits(c).replace(/(..)(...)(...)/, ' $1-$2.$3 ')],
    ['in Arabic digits', (c) => c.replace(/\d/g, (d) => String.fromCodePoint(0x660 + Number(d)))],
    ['in Persian digits', (c) => c.replace(/\d/g, (d) => String.fromCodePoint(0x6f0 + Number(d)))],
    ['in full-width digits', (c) => c.replace(/\d/g, (d) => String.fromCodePoint(0xff10 + Number(d))).replace(' ', '\u3000')],
  ]
  for (const [label, form] of typed) {
    story(`may be typed ${label}`, async () => {
      const it = await fresh()
      assert.equal((await verify(it, form(it.code))).status, 200)
    })
  }

  story('that is malformed costs no try', async () => {
    const it = await fresh()
    for (const code of ['', '1234567', '123456789', 'abcdefgh', '1234 567x', '٠٠٠', '12345678\0', '-12345678e1']) {
      const a = await verify(it, code)
      assert.deepEqual([a.status, a.json.code], [422, 'malformed-code'], code)
    }
    const a = await verify(it, wrongOf(it.code))
    assert.deepEqual([a.status, a.json.code, a.json.tries_left], [422, 'wrong-code', 4])
  })

  story('is gone after five wrong ones, the right one too', async () => {
    const it = await fresh(), left = []
    for (let i = 1; i <= 5; i++) left.push((await verify(it, wrongOf(it.code, i))).json.tries_left)
    assert.deepEqual(left, [4, 3, 2, 1, 0])
    const a = await verify(it, it.code)
    assert.deepEqual([a.status, a.json.code], [410, 'code-gone'])
    assert.equal(await level(it), 0)
  })

  story('is gone ten minutes after the mail went out', async () => {
    const it = await fresh(), late = await fresh()
    door.later(9.5 * MINUTE)
    assert.equal((await verify(it, it.code)).status, 200)
    door.later(MINUTE)
    assert.deepEqual([(await verify(late, late.code)).status, await level(late)], [410, 0])
    assert.equal((await ask(late)).status, 202)
    const second = await door.mailTo(late.email, 2)
    assert.notEqual(second.code, late.code)
    assert.equal((await verify(late, second.code)).status, 200)
  })

  story('asked for again is the living one, not sooner than after a minute', async () => {
    const it = await fresh()
    for (let i = 0; i < 3; i++) assert.equal((await ask(it)).status, 202)
    await settled()
    assert.equal(mailsTo(it.email).length, 1)
    await verify(it, wrongOf(it.code))
    door.later(MINUTE + 1000)
    assert.equal((await ask(it)).status, 202)
    assert.equal((await door.mailTo(it.email, 2)).code, it.code)
    assert.equal((await verify(it, wrongOf(it.code, 2))).json.tries_left, 3, 'tries are not renewed')
    door.later(MINUTE + 1000)
    await ask(it)
    assert.equal((await door.mailTo(it.email, 3)).code, it.code)
    door.later(MINUTE + 1000)
    await ask(it)
    await settled()
    assert.equal(mailsTo(it.email).length, 3, 'three mails a code')
    door.later(7 * MINUTE + 1000)
    assert.equal((await verify(it, it.code)).status, 410, 'its life is not renewed either')
  })

  story('at most ten guesses a request, however many codes', async () => {
    const it = await fresh()
    let code = it.code, judged = 0
    for (let round = 0; round < 4; round++) {
      for (let i = 1; i <= 5; i++) judged += (await verify(it, wrongOf(code, i))).status === 422
      door.later(11 * MINUTE)
      await ask(it)
      await settled()
      code = mailsTo(it.email).at(-1).code
    }
    assert.equal(judged, 10)
    assert.equal((await verify(it, code)).status, 410)
  })

  story('200 wrong ones at once: at most five are judged', async () => {
    for (let round = 0; round < 5; round++) {
      const it = await fresh()
      const answers = await many(200, 64, (i) => verify(it, wrongOf(it.code, i + 1)))
      assert.deepEqual(answers.filter((a) => ![422, 410].includes(a.status)).map((a) => a.status), [])
      assert.equal(answers.filter((a) => a.status === 422).length, 5)
      assert.equal((await verify(it, it.code)).status, 410)
    }
  })

  story('200 right ones at once: exactly one success', async () => {
    for (let round = 0; round < 5; round++) {
      const it = await fresh()
      const answers = await many(200, 64, () => verify(it, it.code))
      assert.equal(answers.filter((a) => a.status === 200).length, 1)
      assert.deepEqual(answers.filter((a) => a.status !== 200 && !(a.status === 410 && a.json.level === 1)).map((a) => a.text), [])
    }
  })
})

describe('only in the browser that asked', () => {
  story('another one\'s token is refused, and costs no try', async () => {
    const mine = await fresh(), other = await fresh()
    for (const token of [other.token, undefined, 'x', `${mine.token.slice(0, -1)}${mine.token.endsWith('A') ? 'B' : 'A'}`, '']) {
      const a = await door.post(`${mine.url}/verify`, { json: { code: mine.code }, token })
      assert.equal(a.status, 401, token)
    }
    assert.deepEqual((await verify(mine, wrongOf(mine.code))).json.tries_left, 4)
    assert.equal((await verify(other, mine.code)).status, 422, 'nor is one request\'s code another\'s')
  })

  story('asked for on another device by reference and address, it opens the request there', async () => {
    const it = await fresh()
    const away = await door.post(`${it.url}/code`, { json: { email: it.email } })
    assert.equal(away.status, 202)
    const flow = { url: it.url, token: away.json.token }
    assert.equal((await door.get(it.url, { token: flow.token })).status, 401, 'not before the code')
    const { code } = await door.mailTo(it.email, 2)
    assert.equal((await verify(it, code)).status, 422, 'nor does its code work in the first browser')
    assert.equal((await verify(flow, it.code)).status, 422)
    assert.deepEqual((await verify(flow, code)).json, { level: 1 })
    assert.deepEqual((await door.look(flow)).timeline.map((m) => m.text), [`Words of ${it.email}.`])
    const said = await door.post(`${it.url}/messages`, { json: { text: 'From the other device.' }, token: flow.token })
    assert.equal(said.status, 201)
    assert.equal((await door.look(it)).timeline.at(-1).text, 'From the other device.')
  })

  story('in a browser, page by page', async () => {
    const it = await fresh(), phone = door.visitor({ language: 'ja' })
    assert.equal((await phone.get(it.url)).status, 401)
    const asked = await phone.send(`${it.url}/code`, { email: it.email })
    assert.equal(asked.status, 202)
    const { code } = await door.mailTo(it.email, 2)
    const wrong = await phone.send(`${it.url}/verify`, { code: wrongOf(code) })
    assert.equal(wrong.status, 401)
    assert.ok(shown(wrong.text).includes(words('ja')['error.code.wrong'].replace('{n}', '4')))
    const malformed = await phone.send(`${it.url}/verify`, { code: '12' })
    assert.ok(shown(malformed.text).includes(words('ja')['error.code.malformed']))
    const right = await phone.send(`${it.url}/verify`, { code })
    assert.equal(right.status, 200)
    assert.ok(shown(right.text).includes(`Words of ${it.email}.`))
  })
})

describe('an address that was mistyped', () => {
  story('is corrected on the receipt: the new one gets a code, the old one is spent', async () => {
    const it = await fresh(), right = someone()
    assert.equal((await ask(it, { email: right })).status, 202)
    const { code } = await door.mailTo(right)
    assert.equal((await verify(it, it.code)).status, 422)
    assert.deepEqual((await verify(it, code)).json, { level: 1 })
    assert.equal(mailsTo(it.email).length, 1)
  })

  story('in a browser, with what is wrong said beside it', async () => {
    const visitor = door.visitor({ language: 'es' }), wrong = someone(), right = someone()
    const page = await visitor.send('/requests', { problem: 'Dirección equivocada.', email: wrong })
    const fault = await visitor.send(`${page.location}/code`, { email: 'no-at-sign' })
    assert.ok(shown(fault.text).includes(words('es')['error.email.form']))
    const sent = await visitor.send(`${page.location}/code`, { email: right })
    assert.equal(sent.status, 200)
    const { code } = await door.mailTo(right)
    const passed = await visitor.send(`${page.location}/verify`, { code })
    assert.ok(shown(passed.text).includes(words('es')['level.1']))
  })

  story('cannot be changed any more once a code passed', async () => {
    const it = await fresh(), other = someone()
    await verify(it, it.code)
    await ask(it, { email: other })
    await settled()
    assert.equal(mailsTo(other).length, 0)
  })

  story('somebody with only a phone adds one, and is confirmed', async () => {
    const made = await door.request({ phone: '+886 2 5550 0142', email: undefined }), email = someone()
    assert.equal(made.verification.state, 'none')
    assert.equal((await ask(made, { email })).status, 202)
    const { code } = await door.mailTo(email)
    assert.deepEqual((await verify(made, code)).json, { level: 1 })
  })
})

describe('an address on record', () => {
  const head = 'account,account_name,contact_name,email,phone,role,site_id,language,last_proven,authorised_for\n'
  const rows = 'EX-1,Example One,Mei Tester,mei.onrecord@example.com,+886 2 5550 0177,admin,S-1,zh-TW,2026-11-01,all\n'

  story('is level 2 as soon as it was imported beside the running server', async () => {
    const file = write(door, 'contacts.csv', head + rows)
    const before = await door.request({ problem: 'Before the import.', email: 'mei.onrecord@example.com' })
    const dry = await door.run(['contacts', 'import', '--source', 'crm', '--dry-run', '--json', file])
    assert.equal(dry.code, 0, dry.err)
    assert.equal(JSON.parse(dry.out).added, 1)
    const first = await door.mailTo('mei.onrecord@example.com')
    assert.deepEqual((await verify(before, first.code)).json, { level: 1 }, 'a dry run writes nothing')
    const run = await door.run(['contacts', 'import', '--source', 'crm', '--json', file])
    assert.equal(run.code, 0, run.err)
    const made = await door.request({ problem: 'After the import.', email: 'Mei.OnRecord@EXAMPLE.com' })
    const mail = await door.mailTo('Mei.OnRecord@example.com')
    assert.equal((await door.look(made)).level, 0, 'an address that is typed proves nothing')
    assert.deepEqual((await verify(made, mail.code)).json, { level: 2 })
    assert.equal(await level(made), 2)
  })
})
