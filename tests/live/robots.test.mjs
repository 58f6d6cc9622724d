// Two gateways and two vacation robots, wired together by real SMTP and LMTP for a week, half a day at a time: each mail that
// leaves one is brought where it is addressed to. (tests/unit/gateway/mail_loops_test.c walks more weeks, by the hour.)
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { open, readMail, sleep, story } from './kit.mjs'
import { Relay } from './lmtp.mjs'
import { quiet } from './mailroom.mjs'
import { startSmtp } from './smtp_server.mjs'

const HOUR = 3600e3, STEP = 12 * HOUR, STEPS = 14, STORM = 60

const houses = [{ domain: 'one.example' }, { domain: 'two.example' }]
let now = 0, brought = 0

before(async () => {
  for (const h of houses) {
    h.smtp = await startSmtp()
    h.sent = []
    h.door = await open({ clock: true, settings: { mail: `smtp://127.0.0.1:${h.smtp.port}`, 'mail-from': `Support <support@${h.domain}>`, limits: 'off' } })
    h.smtp.on('mail', (mail) => {
      const read = readMail(mail.raw)
      h.sent.push({ to: mail.to[0], at: now, automatic: Boolean(read.headers['auto-submitted']) })
      post(mail.from || '', mail.to[0], mail.raw.toString('latin1'))
    })
  }
})
after(async () => {
  for (const h of houses) {
    await h.door?.stop()
    await h.smtp?.stop()
  }
})

// ---- the post ----

const bag = []
const post = (from, to, raw) => bag.push({ from, to, raw })

// A mail server that waits no longer than a person would: clocks jump here, and a line may be cut.
async function bring(house, mail) {
  const r = new Relay(house.door.ports.lmtp)
  await r.hello()
  const [answer] = await r.send(Buffer.from(mail.raw, 'latin1'), { from: mail.from, to: [mail.to] })
  r.close()
  assert.match(answer, /^(250|550|503) /)
}

// ---- robots ----

let written = 0
const addressIn = (value) => /<([^<>]+)>\s*$/.exec(value ?? '')?.[1] ?? value

// manners: 'blind' answers robots, too, and says what it is; 'rude' answers everything, as if a person had written.
const robots = { 'a@robots.example': 'rude', 'b@robots.example': 'blind' }
function answer(address, mail) {
  const { headers } = readMail(Buffer.from(mail.raw, 'latin1'))
  const to = addressIn(written % 2 === 0 && headers['reply-to'] ? headers['reply-to'] : headers.from), n = ++written
  const says = robots[address] === 'rude' ? '' : 'Auto-Submitted: auto-replied\r\n'
  post(robots[address] === 'rude' ? address : '', to,
    `From: ${address}\r\nTo: ${to}\r\n${says}Subject: I am away ${n}\r\nMessage-ID: <${n}@robots.example>\r\n\r\nI am away until Monday (${n}).\r\n`)
}

// Until nobody has anything to say: what is cut at STORM would go on between the robots for ever.
async function settle() {
  for (let idle = 0, mails = 0; idle < 2 && mails < STORM;) {
    const mail = bag.shift()
    if (!mail) {
      for (const h of houses) await quiet(h.door).catch(() => quiet(h.door)) // a line that was idle for half a day is cut
      await sleep(1100)
      idle = bag.length === 0 ? idle + 1 : 0
      continue
    }
    idle = 0
    mails++
    brought++
    const house = houses.find((h) => mail.to.endsWith(`@${h.domain}`))
    if (house) await bring(house, mail)
    else if (robots[mail.to]) answer(mail.to, mail)
  }
  bag.length = 0
}

const hello = (from, to) => post(from, to, `From: ${from}\r\nTo: ${to}\r\nSubject: hello ${now}\r\nMessage-ID: <${now}.${from}>\r\n\r\nhello ${now / HOUR}\r\n`)

story('a week of robots gets at most one automatic answer a sender and day, and three in all', async () => {
  for (let step = 0; step < STEPS; step++) {
    hello('a@robots.example', 'support@one.example')
    hello('b@robots.example', 'support@two.example')
    hello('support@two.example', 'support@one.example')
    await settle()
    now += STEP
    for (const h of houses) h.door.later(STEP)
  }
  for (const h of houses) {
    const said = h.sent.filter((m) => m.automatic)
    assert.equal(said.length, h.sent.length)
    for (const { to, at } of said) {
      const same = said.filter((m) => m.to === to && m.at >= at)
      assert.ok(same.filter((m) => m.at < at + 24 * HOUR).length <= 1, `${h.domain} wrote twice a day to ${to}`)
      assert.ok(same.length <= 3, `${h.domain} wrote ${same.length} times to ${to}`)
    }
  }
  const counts = houses.map((h) => h.sent.length)
  console.error(`${brought} mails brought; automatic answers: ${counts.join(' and ')}`)
  assert.deepEqual(counts, [6, 3])
})
