// Somebody who is locked out writes to us: by form, by program, in any script, with as little as they know.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe } from 'node:test'
import { LANGUAGES, many, open, shown, story, taken, until, words } from './kit.mjs'

const CORPUS = `${process.env.CORPORA ?? '../shared/corpora'}/strings/blns.json`
const REFERENCE = /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]$/
const problem = 'Our site is gone since this morning.'
const email = 'aya.tester@example.org'

let door
before(async () => { door = await open({ settings: { limits: 'off' } }) })
after(() => door.stop())

const send = (fields, options) => door.post('/requests', { json: fields, ...options })
const told = async (made) => (await door.filed(made)).timeline.map((m) => m.text)

describe('a request is written down', () => {
  story('as JSON, and the receipt says all that it promises', async () => {
    const a = await until('one that Redis has at once', async () => {
      const answer = await send({ problem, email })
      return answer.status === 201 && answer
    })
    assert.deepEqual(Object.keys(a.json), ['reference', 'token', 'url', 'state', 'verification'])
    assert.match(a.json.reference, REFERENCE)
    assert.match(a.json.token, /^[\w-]{22,}$/)
    assert.equal(a.json.url, `/requests/${a.json.reference}`)
    assert.equal(a.headers.location, a.json.url)
    assert.equal(a.headers['cache-control'], 'no-store')
    assert.equal(a.json.state, 'filed')
    assert.deepEqual(a.json.verification, { state: 'code-queued', to: 'a•••@e•••.org', expires_at: null })
    assert.match(a.headers['set-cookie'][0], /^__Host-[^=]+=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
  })

  for (const how of ['json', 'form', 'multipart']) {
    story(`${how}: the words come back code point for code point`, async () => {
      const text = 'e\u0301 \u00e9 \uff21 \u202eabc\u202c \ufeff \u200b\u200d 👩‍👩‍👧‍👦 مرحبا 東京 \u{10ffff} \t"\'<b>&amp;%00+ \u0001\u007f\n\n end'
      const made = (await door.post('/requests', { [how]: { problem: text, email } })).json
      assert.deepEqual(await told(made), [text])
    })
  }

  story('lines that end in CR LF end in LF', async () => {
    assert.deepEqual(await told((await send({ problem: 'one\r\ntwo\r\n\r\nthree', email })).json), ['one\ntwo\n\nthree'])
  })

  story('strings that broke others, in every field', { skip: !existsSync(CORPUS) && `${CORPUS} is not here` }, async () => {
    const all = [...new Set(JSON.parse(readFileSync(CORPUS, 'utf8')))].filter((s) => s.trim() !== '' && !s.includes('\0'))
    const kept = await many(all.length, 8, async (i) => {
      const claims = { name: all[i], organisation: all[i], site: all[i], invoice: all[i], impact: all[i], language: all[i] }
      return (await told((await send({ problem: all[i], email, ...claims })).json))[0]
    })
    assert.deepEqual(kept, all.map((s) => s.replace(/\r\n/g, '\n')))
  })

  const enough = [
    ['only a phone number', { problem, phone: '+886 2 5550 0199' }, 'none'],
    ['a phone number in the digits of one\'s own script', { problem, phone: '٠٥٥٥٠١٩٩' }, 'none'],
    ['only an e-mail address', { problem, email }, 'code-queued'],
    ['both', { problem, email, phone: '+886 2 5550 0199' }, 'code-queued'],
    ['an address outside ASCII before the @', { problem, email: 'résumé@example.org' }, 'code-queued'],
    ['an address under a domain outside ASCII', { problem, email: 'aya@bücher.example' }, 'code-queued'],
    ['claims longer than 200', { problem, email, name: 'n'.repeat(500), organisation: '組'.repeat(500), site: 's'.repeat(3000), invoice: 'i'.repeat(201) }, 'code-queued'],
    ['claims of U+0000', { problem, email, name: 'a\0b' }, 'code-queued'],
    ['fields that nobody knows', { problem, email, colour: 'blue', nested: { deep: [1, 2] }, token: 'x' }, 'code-queued'],
    ['an impact that nobody knows', { problem, email, impact: 'dreadful' }, 'code-queued'],
    ['a language that nobody knows', { problem, email, language: 'xx-notalanguage' }, 'code-queued'],
    ['20,000 code points', { problem: '👍'.repeat(20000), email }, 'code-queued'],
  ]
  for (const [label, fields, state] of enough) {
    story(`with ${label}`, async () => {
      const a = await send(fields)
      assert.ok(taken(a), a.text)
      assert.ok([state, a.status === 202 && state !== 'none' && 'pending'].includes(a.json.verification.state))
      assert.deepEqual(await told(a.json), [fields.problem])
    })
  }

  story('20,000 code points from a form, where each is twelve bytes on the wire', async () => {
    const a = await door.post('/requests', { form: { problem: '🙂'.repeat(20000), email } })
    assert.ok(taken(a), a.text)
  })
})

describe('a browser without a script', () => {
  story('sends the form and stands before its receipt', async () => {
    const aya = door.visitor({ language: 'zh-TW,zh;q=0.9' })
    const form = await aya.get('/')
    assert.equal(form.headers['content-language'], 'zh-TW')
    assert.match(form.text, /<form action="\/requests" method="post"/)
    const page = await aya.send('/requests', { language: 'zh-TW', problem: '登入頁面打不開', email: 'browser.aya@example.org', phone: '', name: '' })
    assert.equal(page.first.status, 303)
    assert.match(page.location, /^\/requests\/[0-9A-Z-]{11}$/)
    assert.equal(page.status, 200)
    assert.ok(page.text.includes(page.location.slice('/requests/'.length)), 'the page names the reference')
    assert.ok(shown(page.text).includes('登入頁面打不開'))
    assert.match(page.text, /<html lang="zh-TW" dir="ltr">/)
  })

  story('is asked for a code where the cookie is missing', async () => {
    const page = await door.visitor().send('/requests', { problem, email })
    const other = await door.visitor().get(page.location)
    assert.equal(other.status, 401)
    assert.ok(other.text.includes(`${page.location}/code`), 'the page offers a new code')
    assert.ok(!other.text.includes(problem))
  })
})

describe('what cannot be taken is said next to the field', () => {
  const faults = [
    ['no words', { email }, 'problem', 'missing', 'error.problem.missing'],
    ['only blanks', { problem: ' \n\t ', email }, 'problem', 'missing', 'error.problem.missing'],
    ['20,001 code points', { problem: 'ä'.repeat(20001), email }, 'problem', 'too-long', 'error.problem.long'],
    ['U+0000', { problem: 'a\0b', email }, 'problem', 'character', 'error.problem.character'],
    ['no way to answer', { problem }, 'email', 'missing', 'error.reach.missing'],
    ['an address without @', { problem, email: 'nobody' }, 'email', 'malformed', 'error.email.form'],
    ['an address with a line break', { problem, email: 'a@example.org\r\nBcc: b@example.org' }, 'email', 'malformed', 'error.email.form'],
    ['a phone number without digits', { problem, phone: 'call me' }, 'phone', 'malformed', 'error.phone.form'],
  ]
  for (const [label, fields, field, code, key] of faults) {
    story(`${label}, in all languages`, async () => {
      for (const language of LANGUAGES) {
        const a = await send(fields, { language })
        assert.equal(a.status, 422)
        assert.equal(a.headers['content-type'], 'application/problem+json')
        assert.deepEqual(a.json.errors, [{ field, code, detail: words(language)[key] }])
        assert.equal(a.headers['content-language'], language)
      }
    })
  }

  story('all of them at once, on the page, with what was typed', async () => {
    for (const language of LANGUAGES) {
      const typed = { problem: '', email: 'no-at-sign', phone: 'x', name: '"Aya" <O\'Neill>', organisation: '明治病院', site: 'https://a.example/?a=1&b=2', invoice: 'RE-1', impact: 'question' }
      const page = await door.visitor({ language }).send('/requests', typed)
      const text = shown(page.text.replace(/value="([^"]*)"/g, '> $1 <'))
      assert.equal(page.status, 422)
      assert.equal(page.headers['content-language'], language)
      for (const key of ['error.problem.missing', 'error.email.form', 'error.phone.form']) assert.ok(text.includes(words(language)[key]), `${language} ${key}`)
      for (const name of ['email', 'phone', 'name', 'organisation', 'site', 'invoice']) assert.ok(text.includes(typed[name]), `${language} keeps ${name}`)
      assert.match(page.text, /value="question" checked/)
    }
  })

  story('the words stay on the page where only the address is wrong', async () => {
    const text = '<script>alert(1)</script> & "quotes"\n\n   東京 مرحبا'
    const page = await door.visitor().send('/requests', { problem: text, email: 'nobody' })
    assert.equal(page.status, 422)
    assert.ok(!page.text.includes('<script>alert'))
    const area = /<textarea id="problem"[^>]*>\n([^<]*)<\/textarea>/.exec(page.text)[1]
    assert.equal(area.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;|&#x27;/g, "'").replace(/&amp;/g, '&'), text)
  })

  const types = { problem: 7, email: ['a@example.org'], phone: { n: 1 } }
  for (const [field, value] of Object.entries(types)) {
    story(`a ${field} of the wrong type`, async () => {
      const a = await send({ problem, email, [field]: value })
      assert.equal(a.status, 422)
      assert.deepEqual(a.json.errors.map((e) => e.field), [field])
    })
  }
})

describe('what cannot be read', () => {
  const unreadable = [
    ['JSON that ends early', '{"problem":"x"', 'application/json', 400],
    ['a JSON list', '["problem"]', 'application/json', 422],
    ['JSON with a name twice', '{"problem":"x","problem":"y","email":"a@example.org"}', 'application/json', 400],
    ['JSON in another encoding', Buffer.from('{"problem":"\xe9\xe9\xe9 gone","email":"a@example.org"}', 'latin1'), 'application/json', 400],
    ['JSON a million brackets deep', '['.repeat(250000), 'application/json', 400],
    ['multipart without an end', '--x\r\nContent-Disposition: form-data; name="problem"\r\n\r\nabc', 'multipart/form-data; boundary=x', 400],
    ['256 KiB and one byte', `{"problem":"${'x'.repeat(256 * 1024 - 13)}"}`, 'application/json', 413],
    ['a megabyte', `problem=${'x'.repeat(1000000)}`, 'application/x-www-form-urlencoded', 413],
  ]
  for (const [label, body, type, status] of unreadable) {
    story(`${label}: ${status}`, async () => {
      const a = await door.post('/requests', { body, headers: { 'content-type': type } })
      assert.equal(a.status, status, a.text)
      assert.equal(a.headers['content-type'], 'application/problem+json')
    })
  }

  story('256 KiB to the byte are taken', async () => {
    const rest = 256 * 1024 - JSON.stringify({ problem, email, junk: '' }).length
    assert.ok(taken(await send({ problem, email, junk: 'x'.repeat(rest) })))
    assert.equal((await send({ problem, email, junk: 'x'.repeat(rest + 1) })).status, 413)
  })

  story('above 1.1 MiB the answer is 413 all the same', async () => {
    const a = await door.post('/requests', { body: 'x'.repeat(1200 * 1024), headers: { 'content-type': 'text/plain' } }).catch((e) => e)
    assert.ok(a.status === 413 || /EPIPE|ECONNRESET/.test(a.code), a.code ?? String(a.status))
  })
})

describe('a reference read over the phone', () => {
  story('may be in lower case, without dashes, with O for 0 and I or L for 1', async () => {
    let made
    do made = await door.request({ email }); while (!/0/.test(made.reference) || !/1/.test(made.reference))
    for (const form of [(r) => r.toLowerCase(), (r) => r.replaceAll('-', ''), (r) => r.replaceAll('0', 'O'), (r) => r.replaceAll('1', 'I'), (r) => r.replaceAll('1', 'l')]) {
      const a = await door.get(`/requests/${form(made.reference)}`, { token: made.token })
      assert.equal(a.status, 200, form(made.reference))
      assert.equal(a.json.reference, made.reference)
    }
  })

  story('with one wrong character is nobody\'s', async () => {
    const { reference, token } = await door.request({ email })
    for (const i of [0, 1, 5, 8, 10]) {
      const wrong = reference.slice(0, i) + (reference[i] === 'X' ? 'Y' : 'X') + reference.slice(i + 1)
      assert.equal((await door.get(`/requests/${wrong}`, { token })).status, 401, wrong)
    }
  })
})

describe('the pages', () => {
  story('speak each language under its own address, in any case', async () => {
    for (const lang of LANGUAGES) {
      for (const path of [`/${lang}/`, `/${lang.toLowerCase()}/`, `/${lang.toUpperCase()}/`]) {
        const a = await door.get(path, { page: true, language: 'en' })
        assert.equal(a.status, 200, path)
        assert.equal(a.headers['content-language'], lang)
      }
    }
    assert.equal((await door.get('/xx/', { page: true })).status, 404)
  })

  const hardened = ['content-security-policy', 'strict-transport-security', 'x-content-type-options', 'referrer-policy', 'cross-origin-opener-policy', 'cache-control']
  story('carry the headers that keep browsers safe, errors too', async () => {
    for (const [method, path] of [['GET', '/'], ['GET', '/de/'], ['GET', '/nothing'], ['GET', '/requests/none'], ['POST', '/requests'], ['PUT', '/'], ['GET', '/openapi.json'], ['GET', '/livez']]) {
      const a = await door.ask(method, path, { page: true })
      assert.deepEqual(hardened.filter((name) => !a.headers[name]), [], `${method} ${path} ${a.status}`)
    }
  })

  story('about one person are kept by nobody on the way', async () => {
    const made = await door.request({ problem, email })
    for (const [method, path, options] of [['GET', made.url, { token: made.token }], ['GET', made.url, {}], ['GET', made.url, { page: true }],
      ['POST', `${made.url}/verify`, { json: { code: '00000000' }, token: made.token }], ['POST', `${made.url}/messages`, { json: { text: 'x' }, token: made.token }],
      ['POST', `${made.url}/code`, { json: { email } }], ['GET', '/api/session', { to: 'staff' }], ['GET', '/readyz', { to: 'admin' }]]) {
      const a = await door.ask(method, path, options)
      assert.equal(a.headers['cache-control'], 'no-store', `${method} ${path} ${a.status}`)
    }
  })

  story('posts that another site made a browser send are refused where they rest on the cookie', async () => {
    const visitor = door.visitor(), page = await visitor.send('/requests', { problem, email })
    for (const path of ['code', 'verify', 'messages']) {
      for (const from of ['cross-site', 'same-site']) {
        const a = await visitor.ask('POST', `${page.location}/${path}`, { form: { text: 'x', code: '12345678' }, headers: { 'sec-fetch-site': from } })
        assert.equal(a.status, 403, `${path} ${from}`)
      }
    }
    // A browser keeps its cookie to itself then, and would take a new one in its place.
    const a = await door.post(`${page.location}/code`, { form: { email }, page: true, headers: { 'sec-fetch-site': 'cross-site' } })
    assert.equal(a.status, 403)
    assert.equal(a.headers['set-cookie'], undefined)
    await until('it is filed, and nothing was added', async () => (await visitor.get(page.location, { page: false })).json.timeline.length === 1)
  })
})
