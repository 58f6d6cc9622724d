// What customers are told: written field by field, in two languages, approved by somebody else, shown on the form.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { House } from './house.mjs'

let house

before(async () => {
  house = await House.open()
  const made = await house.door.run(['incident', 'declare', 'gone', '--pack', 'site-loss', '--title', 'Sites are gone'])
  assert.equal(made.code, 0, made.err)
})
after(() => house?.close())

const at = (hours) => new Date(Date.now() + hours * 3600e3).toISOString().slice(0, 16)

test('an update, from the first word to the form', async () => {
  const mei = await house.staff('mei'), aya = await house.staff('aya', { role: 'lead' })
  await mei.go('/#/incident/gone/updates')
  await mei.sees('Nothing was told yet')
  const fill = (id, value) => mei.page.fill(`#${id}`, value)
  for (const [name, text] of [['happened', 'A script removed sites.'], ['scope', '883 sites.'], ['reach', 'By the form.'], ['not', 'No attack.']]) await fill(`${name}-text`, text)
  await fill('restore-value', at(200))
  await fill('restored-value', '34')
  await mei.page.selectOption('#confidence-value', 'medium')
  await mei.page.click('button:text-is("Save draft")')
  await mei.sees('loss: give it, or say when the next word on it comes')
  await mei.look('a draft that lacks something')
  await fill('loss-later', at(5))
  await fill('next', at(3))
  await mei.page.click('button:text-is("Deutsch")')
  await fill('happened-text', 'Ein Skript hat Seiten entfernt.')
  await mei.page.click('button:text-is("Save draft")')
  await mei.sees('Draft 1, revision 2')
  assert.equal(await mei.page.locator('text="Approve revision 2"').count(), 0)

  await aya.go('/#/incident/gone/updates')
  await aya.page.click('text="Approve revision 2"')
  await aya.sees('Update 1 stands')
  await aya.look('an update that stands')
  await mei.sees('Update 1 stands') // live

  const customer = await house.customer({ locale: 'de', viewport: { width: 320, height: 640 } })
  await customer.go('/')
  await customer.sees('Ein Skript hat Seiten entfernt.')
  await customer.look('a form that tells')
  await customer.page.click('a:text-is("Alles, was wir darüber wissen")')
  await customer.sees('Noch nicht bekannt.')
  await customer.look('an incident')
  const plain = await house.customer({ javaScriptEnabled: false, locale: 'ar' })
  await plain.go('/incidents/gone')
  assert.match(await plain.page.innerText('main'), /883 sites\./)

  await aya.page.click('summary:text-is("Withdraw")')
  await aya.page.fill('[id^=why-]', 'The number was wrong.')
  await aya.page.click('button:text-is("Withdraw it")')
  await aya.sees('withdrawn by')
  for (const one of [mei, aya, customer, plain]) await one.close()
})
