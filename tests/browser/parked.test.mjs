// What could not be filed is in front of everybody who looks at the queues, and goes when somebody had it tried again.
import assert from 'node:assert/strict'
import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { redisServer } from '../live/kit.mjs'
import { letter, relay } from '../live/lmtp.mjs'
import { House } from './house.mjs'

let house, redis, door

before(async () => {
  redis = await redisServer().start()
  house = await House.open({ settings: { 'mail-from': 'Support <support@example.net>', redis: redis.target } })
  door = house.door
})
after(async () => {
  await house?.close()
  await redis?.stop()
})

test('a mail whose bytes are gone for a while', async () => {
  const mei = await house.staff('mei'), eve = await house.staff('eve', { role: 'auditor' })
  await redis.stop()
  const server = await relay(door)
  for (let i = 0; i < 40; i++) assert.match((await server.send(letter({ from: `queue${i}@shop.example` })))[0], /^250/) // more than are read ahead
  const [reply] = await server.send(letter({ from: 'parked@shop.example', text: 'A long story.\r\n'.repeat(20000) }))
  const item = reply.split(' ').at(-1), blobs = join(door.data, 'blobs'), blob = readdirSync(blobs, { recursive: true }).find((name) => /\w{26}$/.test(name))
  renameSync(join(blobs, blob), join(door.home, 'kept'))
  server.close()
  await redis.start()

  await mei.page.waitForSelector('.counts')
  await mei.sees('Could not be filed')
  await mei.sees(item)
  await mei.look('queues with something parked')
  await eve.sees('its blob is gone')
  assert.equal(await eve.page.locator('text="Try again"').count(), 0)
  renameSync(join(door.home, 'kept'), join(blobs, blob))
  await mei.page.click('text="Try again"')
  await mei.sees('It is tried again.')
  await mei.until(() => !document.body.innerText.includes('Could not be filed'))
  await mei.close()
  await eve.close()
})
