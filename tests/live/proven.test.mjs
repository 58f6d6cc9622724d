// A real Postfix with a mail filter beside it vouches for who it has checked; nobody else can, whatever they write.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe } from 'node:test'
import { open, story } from './kit.mjs'
import { Relay, letter } from './lmtp.mjs'
import { member, ticketsOf } from './mailroom.mjs'
import { startMilter } from './milter.mjs'
import { missing, postfix } from './postfix.mjs'

const line = (name) => readFileSync('README.md', 'utf8').split('\n').find((l) => l.trim().startsWith(name)).trim().replace(/\s+#.*$/, '')
const says = (result, domain) => `mx.example.com; dmarc=${result} (p=none) header.from=${domain}`
// What the filter finds: shop.example signs its mails, slack.example does not, and of others it knows nothing.
const verdicts = { 'shop.example': 'pass', 'slack.example': 'fail' }
const field = (sender) => {
  const domain = sender.split('@')[1]
  return verdicts[domain] && ['Authentication-Results', says(verdicts[domain], domain)]
}

describe('a filter beside Postfix', { skip: missing() }, () => {
  let filter, door, mei, server
  before(async () => {
    filter = await startMilter(field)
    door = await open({ settings: { 'mail-from': 'Support <help@support.example.com>', limits: 'off', 'authserv-id': line('authserv-id ').replace(/^authserv-id\s+/, '') } })
    mei = await member(door)
    server = await postfix(door.ports.lmtp, `smtpd_milters = inet:127.0.0.1:${filter.port}\nmilter_default_action = tempfail\n${line('header_checks')}\n`)
  })
  after(async () => {
    await server?.stop()
    await door?.stop()
    await filter?.stop()
  })

  async function level(from, more = '', sender = from) {
    const client = new Relay(server.port)
    await client.replies()
    await client.say('EHLO shop.example')
    assert.match((await client.send(letter({ from, more }), { from: sender, to: ['help@support.example.com'] }))[0], /^250/)
    client.close()
    return (await ticketsOf(mei, from))[0].level
  }

  story('vouches for whom it found true', async () => assert.equal(await level('aya@shop.example'), 1))
  story('does not vouch for whom it found false, or did not find', async () => {
    assert.equal(await level('bo@slack.example'), 0)
    assert.equal(await level('cy@nobody.example'), 0)
  })
  story('vouches for one domain and no other', async () => assert.equal(await level('dee@bank.example', '', 'dee@shop.example'), 0))
  story('is not spoken for by whoever writes its line himself', async () => {
    for (const [from, more] of [
      ['eve1@slack.example', `Authentication-Results: ${says('pass', 'slack.example')}\r\n`],
      ['eve2@nobody.example', `Authentication-Results: ${says('pass', 'nobody.example')}\r\n`],
      ['eve3@nobody.example', `Received: from mx.example.com by mx.example.com\r\nAuthentication-Results: ${says('pass', 'nobody.example')}\r\n`],
      ['eve4@nobody.example', `AUTHENTICATION-RESULTS:\r\n ${says('pass', 'nobody.example')}\r\n`],
    ]) assert.equal(await level(from, more), 0, from)
  })
})
