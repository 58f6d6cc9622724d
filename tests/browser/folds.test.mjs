// A reply by mail at the console: the writer's own words are open, what they quote and their signature is folded, nothing is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { letter, relay } from '../live/lmtp.mjs';
import { House } from './house.mjs';

const FROM = 'aya@folds.example';
const OWN = 'The site is up, but search finds nothing.';
const QUOTED = ['On Tue, 24 Nov 2026 at 10:00, Support <support@example.net> wrote:', '', '> Please look again.', '> Is it there?'];
const TEXT = `${OWN}\n\n-- \nAya Lin\n\n${QUOTED.join('\n')}\n`;

let house;
before(async () => { house = await House.open({ settings: { 'mail-from': 'Support <support@example.net>' } }); });
after(() => house?.close());

test('another\'s words and the signature are folded, and can be read', async () => {
  const server = await relay(house.door);
  assert.match((await server.send(letter({ from: FROM, text: TEXT }), { from: FROM }))[0], /^250 /);
  server.close();
  const mei = await house.staff('mei'), { page } = mei;
  await mei.until(async (from) => {
    const found = await fetch(`/api/search?q=${encodeURIComponent(from)}`);
    return (await found.json()).items.length > 0;
  }, FROM);
  await page.fill('#q', FROM);
  await page.press('#q', 'Enter');
  await page.click('.tickets tbody a');
  await page.waitForSelector('.message .fold');
  assert.deepEqual(await page.$$eval('.message .fold summary', (all) => all.map((s) => s.innerText)), ['Signature, 2 lines', 'Quoted, 3 lines']);
  assert.equal(await page.locator('.message > .text').first().innerText(), OWN);
  assert.equal(await page.locator('.message .fold .text').last().isVisible(), false);
  await mei.look('a ticket with folded words');
  await page.locator('.message .fold summary').last().click();
  assert.equal(await page.locator('.message .fold .text').last().innerText(), QUOTED.join('\n'));
  await mei.look('a ticket with its folded words open');
  await mei.close();
});
