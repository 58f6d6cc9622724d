// On duty: a manager puts a roster in force, sees what it lacks, and somebody takes over.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { House } from './house.mjs'

const HOUR = 3600_000
let house

before(async () => { house = await House.open() })
after(() => house?.close())

test('a roster, a hand-over and whoever takes it', async () => {
  const hm = (ms) => new Date(ms).toISOString().slice(11, 16), seam = Date.now() + 10 * 60_000
  const rows = ['region,shift,days,from,to,timezone,name,duty,skills,languages', `apac,day,mon-sun,${hm(seam - 8 * HOUR)},${hm(seam)},UTC,mei,lead,,zh-TW`,
    `emea,day,mon-sun,${hm(seam)},${hm(seam + 8 * HOUR)},UTC,kim,lead,,de`]
  const kim = await house.staff('kim', { role: 'manager' })
  await kim.page.click('text="On duty"')
  await kim.sees('There is no roster.')
  await kim.page.click('summary:has-text("Replace the roster")')
  await kim.page.fill('#csv', rows.join('\n').replace('lead,,zh', 'boss,,zh'))
  await kim.page.click('text="Put in force"')
  await kim.sees('line 2: "boss" is no duty')
  await kim.page.fill('#csv', rows.join('\n'))
  await kim.page.click('text="Check"')
  await kim.sees('things are wrong with the next two weeks')
  await kim.page.click('text="Put in force"')
  await kim.sees('Answers now: mei')
  await kim.sees('Nobody is on duty')
  await kim.sees('apac/day to emea/day') // made within seconds, told by a live event
  await kim.look('on duty')
  await kim.page.click('text="apac/day to emea/day"')
  await kim.sees('mei leaves, kim takes over')
  await kim.page.fill('#note', 'Two sites wait.')
  await kim.page.click('text="Keep the note"')
  await kim.sees('Written.')
  await kim.look('a hand-over')
  await kim.page.setViewportSize({ width: 320, height: 700 })
  await kim.look('a hand-over on a phone')
  await kim.page.click('text="Accept"')
  await kim.sees('accepted by kim')
  assert.equal(await kim.page.locator('text="Accept"').count(), 0)
  if (process.env.SHOTS) await kim.page.screenshot({ path: `${process.env.SHOTS}/handover.png`, fullPage: true })
  await kim.page.setViewportSize({ width: 1100, height: 900 })
  await kim.page.click('text="On duty"')
  await kim.sees('accepted by kim')
  if (process.env.SHOTS) await kim.page.screenshot({ path: `${process.env.SHOTS}/roster.png`, fullPage: true })
  await kim.close()
})
