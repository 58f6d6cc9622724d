// A customer's files: picked on a phone, sent over a line that breaks, seen and fetched by staff; and all of it without a script.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { House } from './house.mjs';
import { words } from './kit.mjs';
import { textOf } from '../live/files.mjs';
import { write } from '../live/kit.mjs';

const en = words('en'), de = words('de');
const PHONE = { viewport: { width: 320, height: 640 } };
const log = (name, bytes, seed = 1) => ({ name, mimeType: 'text/plain', buffer: textOf(bytes, seed) });

let house, n = 0;
before(async () => { house = await House.open(); });
after(() => house?.close());

// Somebody whose mailbox is proven, on the page of the request.
async function arrived(options) {
  const address = `files${n++}@example.org`, aya = await house.customer({ ...PHONE, acceptDownloads: true, ...options });
  await aya.go('/');
  await aya.fill({ problem: `Words of ${address}.`, email: address });
  await aya.send();
  assert.equal(await aya.page.locator('#file').count(), 0, 'nobody picks files before the code');
  await aya.confirm((await house.code(address)).replace(' ', ''));
  await aya.page.waitForSelector('#file', { state: 'attached' });
  return Object.assign(aya, { address });
}

async function downloaded(page, link) {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test('on a phone: two files at once, one of them refused, and what staff see of it', async () => {
  const aya = await arrived({}), { page } = aya, file = log('障害 log.txt', 700000);
  await aya.look('the page with the picker');
  await page.setInputFiles('#file', [file, { name: 'setup.exe', mimeType: 'application/x-msdownload', buffer: Buffer.from('MZ') }]);
  await aya.sees(en['error.file.kind']);
  await aya.sees(en['file.ready']);
  await aya.look('files that were sent');
  const got = await downloaded(page, page.locator('.uploads a'));
  assert.deepEqual([got.name, got.bytes.equals(file.buffer)], ['障害 log.txt', true]);
  await page.reload();
  assert.equal(await page.locator('#files .files:not(.uploads) li').count(), 1);
  await aya.sees('700 kB');
  await aya.look('the page, read again');

  const mei = await house.staff('mei', { viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  await mei.openTicket(await aya.reference());
  await mei.page.waitForSelector('.timeline .files');
  assert.match(await mei.page.locator('.timeline .files li').innerText(), /障害 log\.txt text\/plain, 700 kB · not scanned: no scanner is configured/);
  const seen = await downloaded(mei.page, mei.page.locator('.timeline .files a'));
  assert.deepEqual([seen.name, seen.bytes.equals(file.buffer)], ['障害 log.txt', true]);
  await mei.look('the ticket with a file');
  await mei.close();
  await aya.close();
});

test('over a line that breaks, and through a page that was closed, it goes on where it stopped', async () => {
  const aya = await arrived({}), { page } = aya, bytes = textOf(5 * 256 * 1024 + 77, 3), sent = [];
  const file = write(house.door, 'broken.log', bytes); // one on disk has the same time, however often it is picked
  let cut = 2, stalls = true;
  await page.route('**/parts/*', (route) => {
    const part = Number(route.request().url().split('/').at(-1));
    if (part === 2 && cut > 0) {
      cut--;
      return route.abort('connectionreset');
    }
    if (part === 3 && stalls) return; // nothing any more: somebody closes the page
    sent.push(part);
    return route.continue();
  });
  await page.setInputFiles('#file', file);
  await aya.sees('No connection. We go on as soon as you are online.');
  await aya.until(() => document.querySelector('.uploads li span')?.textContent.startsWith('59 %'));
  assert.deepEqual(sent.splice(0), [0, 1, 2]);
  stalls = false;
  await page.reload();
  await aya.sees('Choose this file again to go on where it stopped: broken.log');
  await aya.look('an upload that was left');
  await page.setInputFiles('#file', file);
  await aya.sees(en['file.ready']);
  assert.deepEqual(sent, [3, 4, 5]);
  assert.ok((await downloaded(page, page.locator('.uploads a'))).bytes.equals(bytes));
  await aya.close();
});

test('can be cancelled while it is sent', async () => {
  const aya = await arrived({}), { page } = aya;
  let held;
  await page.route('**/parts/1', (route) => { held = route; });
  await page.setInputFiles('#file', log('cancelled.log', 600000, 5));
  await aya.until(() => document.querySelector('.uploads progress')?.value > 0);
  await page.click('.uploads button');
  await aya.sees('Cancelled.');
  await page.unroute('**/parts/1');
  await held?.abort().catch(() => {});
  await page.reload();
  await aya.sees('There are no files yet.');
  assert.equal(await page.locator('#files .say').innerText(), '');
  await aya.close();
});

test('without JavaScript: one small file a post, and what was wrong beside the button', async () => {
  const aya = await arrived({ javaScriptEnabled: false, locale: 'de' }), { page } = aya;
  const post = () => page.click('form[enctype] button');
  assert.ok((await page.locator('#file-limit').innerText()).startsWith('Höchstens 1 MB'));
  await post();
  assert.ok((await page.locator('#file-error').innerText()).includes(de['error.file.missing']));
  await page.setInputFiles('#file', { name: 'a.exe', mimeType: 'x/y', buffer: Buffer.from('MZ') });
  await post();
  assert.ok((await page.locator('#file-error').innerText()).includes(de['error.file.kind']));
  assert.equal(await page.getAttribute('#file', 'aria-invalid'), 'true');
  await aya.look('a refused file');
  await page.setInputFiles('#file', log('ohne-skript.log', 50000, 7));
  await post();
  assert.ok((await page.innerText('body')).includes(de['notice.file.title']));
  for (const end = Date.now() + 10000; !(await page.innerText('#files')).includes(de['file.ready']);) {
    assert.ok(Date.now() < end, 'it is shown');
    await page.reload();
  }
  await aya.look('a file that was sent');
  await aya.close();
});
