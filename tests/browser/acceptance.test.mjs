// A restored site on the status page: its customer says yes or no, on a small phone, with and without JavaScript.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { restoration, sender } from '../live/senders.mjs';
import { House, eventually } from './house.mjs';

const SMALL = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
const today = new Date().toISOString().slice(0, 10);
const CSV = `account,account_name,contact_name,email,phone,role,site_id,last_proven,authorised_for
B-1,Beta Ltd,Mei,mei@beta.example,,admin,BETA-1,${today},all
G-1,Gamma Ltd,Lin,lin@gamma.example,,admin,GAMMA-1,${today},all
`;

let house, system;
before(async () => {
  house = await House.open({ settings: { limits: 'off' } });
  const { door } = house, run = await door.run(['contacts', 'import', '--source', 'billing', '-'], { input: CSV });
  assert.equal(run.code, 0, run.err);
  const declared = await door.run(['incident', 'declare', 'loss', '--pack', 'site-loss', '--title', 'Sites are gone']);
  assert.equal(declared.code, 0, declared.err);
  door.redis('HSET', '{p0}:rb:loss', 'quick', '{"ours":false}');
  system = await sender(door, 'restoration', 'restore');
});
after(() => house?.close());

test('staff see the board, and do a step of a checklist by keyboard', async () => {
  await system.post(restoration({ incident: 'loss', site: 'BETA-1', batch: 'slow', state: 'our-validation', at: new Date(Date.now() - 60000).toISOString() }));
  const aya = await house.staff('aya'), { page } = aya;
  await aya.go('/#/restoration/loss');
  await page.click('a:text-is("BETA-1")');
  await page.click('button:text-is("Book")');
  await page.waitForSelector('text=held by aya');
  await page.fill('#step-ids', 'as before');
  await page.press('#step-ids', 'Enter');
  await page.waitForSelector('li:has-text("as before")');
  await aya.look('a site with its checklist');
  await page.fill('#reason', 'two spaces are missing');
  await page.click('button:text-is("Send back")');
  await page.waitForSelector('text=restoring, batch slow');
});

for (const [javaScriptEnabled, who, site, locale] of [[false, 'mei@beta.example', 'BETA-1', 'de'], [true, 'lin@gamma.example', 'GAMMA-1', 'ar']]) {
  test(`no, then yes, ${javaScriptEnabled ? 'with' : 'without'} JavaScript, in ${locale}`, async () => {
    const visit = await house.customer({ ...SMALL, javaScriptEnabled, locale }), { page } = visit;
    const back = async () => {
      await system.post(restoration({ incident: 'loss', site, batch: 'quick', state: 'customer-validation' }));
      await eventually('it is asked for', async () => { await page.reload(); return (await page.locator('#sites form').count()) === 2; });
    };
    await visit.go(`/${locale}/`);
    await visit.fill({ problem: 'Our site is gone.', email: who });
    const reference = await visit.send();
    await visit.confirm(await house.code(who));
    await page.waitForSelector('.box.ok');
    assert.equal(await page.locator('#sites').count(), 0);
    await back();
    await visit.look('a site that waits for an answer');
    await page.fill('#sites textarea', 'The wiki is empty.');
    await page.click('#sites button.second');
    await page.waitForURL(/did=refused/);
    assert.equal(await page.locator('#sites').count(), 0);
    await visit.look('a site that was refused');
    await eventually('the words stand there', async () => { await page.reload(); return (await page.locator('.said', { hasText: 'The wiki is empty.' }).count()) === 1; });
    await back();
    await page.click('#sites button:not(.second)');
    await page.waitForURL(/did=accepted/);
    assert.equal(await page.locator('#sites form').count(), 0);
    await visit.look('a site that was accepted');
    assert.match(await visit.reference(), new RegExp(reference));
  });
}
