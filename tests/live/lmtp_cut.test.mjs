// The power goes while mail comes in: what got 250 is there afterwards, whole and once, and what did not comes again.
import assert from 'node:assert/strict'
import { story, until } from './kit.mjs'
import { letter, relay } from './lmtp.mjs'
import { member, quiet, ticketsOf } from './mailroom.mjs'
import { Gate } from './storm/gate.mjs'

const MAILS = 40, LANES = 6

story('the power is cut three times while mail comes in', async () => {
  const gate = new Gate({ cut: true, swallow: process.env.SWALLOW ?? '' }), { door } = gate, kept = new Set()
  door.settings['mail-from'] = 'Support <support@example.net>'
  await gate.start()
  const large = 'A line of a long story that goes on and on.\r\n'.repeat(8000)
  const mail = (i) => letter({ from: `cut${i}@shop.example`, id: `cut${i}@shop.example`, text: i % 4 ? `Small one ${i}.` : `Large one ${i}.\r\n${large}` })

  // Sends what is not kept yet, until the other side is gone.
  async function lane(n) {
    try {
      const server = await relay(door)
      for (let i = n; i < MAILS; i += LANES) {
        if (kept.has(i)) continue
        const [reply] = await server.send(mail(i), { from: `cut${i}@shop.example` })
        if (reply?.startsWith('250')) kept.add(i)
      }
      server.close()
    } catch { /* it is not there */ }
  }

  for (let seed = 1; seed <= 3; seed++) {
    const lanes = Array.from({ length: LANES }, (_, n) => lane(n))
    await until('some mails are kept', () => kept.size >= 8 * seed, 20000, 1)
    await gate.cut({ seed, tear: seed % 2 === 1 })
    await Promise.all(lanes)
  }
  await Promise.all(Array.from({ length: LANES }, (_, n) => lane(n)))
  assert.equal(kept.size, MAILS)
  await until('readyz', async () => (await door.admin('/readyz')).status === 200, 20000)
  await quiet(door)
  const mei = await member(door)
  for (let i = 0; i < MAILS; i++) {
    const tickets = await ticketsOf(mei, `cut${i}@shop.example`)
    assert.deepEqual(tickets.map((t) => t.messages.length), [1], `mail ${i}`)
    assert.equal((await mei.get(tickets[0].messages[0].raw)).text, mail(i), `mail ${i}`)
  }
  await gate.end()
})
