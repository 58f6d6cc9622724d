// A call written down at the console by keyboard alone, within seconds, and a promise to call back that is kept.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { House } from './house.mjs';

const SECONDS_MAX = 10;

let house;
before(async () => { house = await House.open(); });
after(() => house?.close());

const reference = (page) => page.locator('.big-reference').innerText();

test('number, who, what: by keyboard within ten seconds, and the reference stands large', async (t) => {
  const mei = await house.staff('mei'), { page } = mei, begun = Date.now();
  await page.keyboard.press('p');
  await page.waitForSelector('#from:focus');
  await page.keyboard.type('+886 2 1234 5678');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Aya Tanaka');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Nobody of our team can sign in.');
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('.big-reference');
  const seconds = (Date.now() - begun) / 1000;
  assert.ok(seconds < SECONDS_MAX, `${seconds} s`);
  t.diagnostic(`${seconds} s`);
  assert.match(await reference(page), /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]$/);
  assert.equal((await page.locator('.spelled').innerText()).split(/,? /).length, 9);
  await mei.look('a call that is written down');

  await page.keyboard.press('p');
  await page.waitForSelector('#from:focus');
  assert.deepEqual(await page.$$eval('form input, form textarea', (all) => all.map((e) => e.value).filter(Boolean)), [], 'the next one begins empty');
  await mei.look('a call to be written down');
  await mei.close();
});

test('at 320 px it fits', async () => {
  const mei = await house.staff('mei', { viewport: { width: 320, height: 640 } });
  await mei.go('/#/call');
  await mei.page.waitForSelector('#from:focus');
  await mei.page.click('details summary');
  await mei.page.selectOption('#back', 'at');
  await mei.look('the call form on a telephone');
  await mei.close();
});

test('a promise is shown with its number until they were called', async () => {
  const mei = await house.staff('mei'), { page } = mei;
  await page.keyboard.press('p');
  await page.waitForSelector('#from:focus');
  await page.keyboard.type('+886 2 2345 6789');
  await page.fill('#what', 'Please call me back.');
  await page.selectOption('#back', '30');
  await page.fill('#to', '+49 30 123456');
  await page.click('.go');
  await mei.sees('You promised to call back by');
  await page.click('a:text-is("Its ticket")');
  await mei.sees('+49 30 123456');
  await mei.sees('call back');
  await mei.look('a ticket with a promise');
  await page.click('button:text-is("They were called")');
  await mei.until(() => !document.body.innerText.includes('+49 30 123456'));
  await mei.close();
});

test('what was typed is kept where the server gives no answer, and written once', async () => {
  const mei = await house.staff('mei'), { page } = mei;
  await mei.go('/#/call');
  await page.waitForSelector('#from:focus');
  await page.fill('#from', '+886 2 3456 7890');
  await page.fill('#what', 'The line is bad.');
  await page.route('**/api/calls', (route) => route.abort(), { times: 1 });
  await page.click('.go');
  await mei.sees('No answer.');
  mei.errors.length = 0; // the browser says what it could not load
  await page.reload();
  await page.waitForSelector('#from:focus');
  assert.equal(await page.inputValue('#what'), 'The line is bad.');
  await page.click('.go');
  await page.waitForSelector('.big-reference');
  await mei.close();
});

test('an auditor has no such form', async () => {
  const eve = await house.staff('eve', { role: 'auditor' });
  assert.equal(await eve.page.locator('text=Log a call').count(), 0);
  await eve.page.keyboard.press('p');
  assert.doesNotMatch(eve.page.url(), /call/);
  await eve.close();
});
