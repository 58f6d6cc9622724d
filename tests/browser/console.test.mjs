// The staff console against the running gateway: can hundreds of people work in it at keyboard speed, and trust it?
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { House, freePort } from './house.mjs';
import { SHARE } from './kit.mjs';

const SCRIPT_BYTES_MAX = 60 * 1024, STYLE_BYTES_MAX = 8 * 1024;
const TRIAGE = 'Down, customer not found yet';
const PHONE = { viewport: { width: 320, height: 640 } };

let house, door, serial = 0;

before(async () => {
  house = await House.open();
  door = house.door;
  const done = await door.run(['contacts', 'import', '--source', 'billing', 'tests/sample/contacts-billing.csv']);
  assert.equal(done.code, 0, done.err);
});
after(() => house?.close());

// A request sent by somebody, and its ticket's page in front of a member of staff.
const request = (fields = {}) => door.request({ email: `asker${++serial}@example.org`, ...fields });
const writes = (asked, text) => door.post(`${asked.url}/messages`, { token: asked.token, json: { text } }).then((a) => assert.equal(a.status, 201, a.text));

async function at(asked, name = 'mei', options = {}) {
  const staff = await house.staff(name, options);
  await staff.openTicket(asked.reference);
  return staff;
}

// Somebody whose mailbox is on record and was reached just now; the second report joins the first.
async function onRecord() {
  const email = 'meiling@tea.example.org', problem = 'موقعنا لا يعمل <b>منذ</b> الصباح';
  const mails = door.mails().filter((m) => m.to === email).length;
  const asked = await request({ email, problem, language: 'ar', name: '"Mei-Ling" <Lin>', organisation: '和風茶行有限公司', impact: 'degraded' });
  const { code } = await door.mailTo(email, mails + 1);
  const passed = await door.post(`${asked.url}/verify`, { token: asked.token, json: { code } });
  assert.equal(passed.json.level, 2, passed.text);
  return asked;
}

// The draft of one composer, and the words on the page.
const draft = (staff, kind) => staff.page.inputValue(`#${kind}-text`);
const told = (staff) => staff.page.locator('.composer.reply .told').innerText();
const texts = (staff) => staff.page.locator('.timeline .text').allInnerTexts();

const noLine = (staff) => staff.page.route('**/api/events', (route) => route.abort());

// ---- what is shipped ----

test('the console is small and makes no mark-up out of text', () => {
  const files = readdirSync(`${SHARE}/staff`).map((name) => ({ name, text: readFileSync(`${SHARE}/staff/${name}`, 'utf8') }));
  const size = (ending) => files.filter((f) => f.name.endsWith(ending)).reduce((n, f) => n + brotliCompressSync(f.text).length, 0);
  assert.ok(size('.js') <= SCRIPT_BYTES_MAX, `${size('.js')} bytes of script`);
  assert.ok(size('.css') <= STYLE_BYTES_MAX, `${size('.css')} bytes of style`);
  for (const f of files) assert.doesNotMatch(f.text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/, f.name);
});

test('every module is announced in the page, so that none waits for another', () => {
  const page = readFileSync(`${SHARE}/staff/index.html`, 'utf8');
  for (const name of readdirSync(`${SHARE}/staff`)) if (name !== 'index.html') assert.ok(page.includes(`"/${name}"`), name);
});

// ---- signing in ----

test('a wrong password is told, a right one opens the address that was asked for', async () => {
  const asked = await request(), mei = await at(asked), address = new URL(mei.page.url()).hash;
  await mei.page.click('text=Sign out');
  await mei.page.waitForSelector('#name');
  await mei.look('the sign-in');
  await mei.page.fill('#name', 'mei');
  await mei.page.fill('#password', 'not the one that she has');
  await mei.page.click('.go');
  await mei.sees('Name and password do not fit.');
  assert.equal(await mei.page.inputValue('#password'), '');
  await mei.look('the sign-in with an error');
  await mei.signIn('mei');
  assert.equal(new URL(mei.page.url()).hash, address);
  await mei.close();
});

test('a session that ends keeps the draft for whoever wrote it, and for nobody else', async () => {
  const asked = await request(), mei = await at(asked);
  await mei.page.fill('#reply-text', 'Half a sentence');
  await mei.context.clearCookies();
  await mei.page.click('.acts button:text-is("Claim")');
  await mei.sees('You are signed out');
  await house.staff('noor').then((s) => s.close());
  await mei.signIn('noor');
  await mei.page.waitForSelector('#reply-text');
  assert.equal(await draft(mei, 'reply'), '');
  await mei.context.clearCookies();
  await mei.page.reload();
  await mei.page.waitForSelector('#name');
  await mei.signIn('mei');
  await mei.page.waitForSelector('#reply-text');
  assert.equal(await draft(mei, 'reply'), 'Half a sentence');
  await mei.close();
});

// ---- every view ----

for (const [place, options] of [['a wide screen', {}], ['320 px', PHONE]])
  test(`${place}: every view stands under its policy, for every eye`, async () => {
    const known = await onRecord(), mei = await house.staff('mei', options);
    await mei.look('the queues');
    await mei.go('/#/queue/executive');
    await mei.sees('Nothing waits here.');
    await mei.look('an empty queue');
    await mei.go('/#/queue/nowhere');
    await mei.sees('This is not here');
    await mei.look('a queue that is not there');
    await mei.openQueue(TRIAGE);
    await mei.look('a queue');
    await mei.openTicket(known.reference);
    for (const d of await mei.page.$$('aside details:not([open]) summary')) await d.click();
    assert.match(await mei.page.locator('.people').innerText(), /T2 on record/);
    await mei.look('a ticket');
    await mei.page.click('aside a[href^="#/account/"]');
    await mei.page.waitForSelector('.account');
    await mei.look('an account');
    await mei.go('/#/search?q=nobody%40example.org');
    await mei.sees('Nothing found.');
    await mei.look('a search without results');
    await mei.page.keyboard.press('?');
    await mei.page.waitForSelector('dialog[open]');
    await mei.look('the keys');
    await mei.close();
  });

// ---- keys ----

test('keys: down, open, claim, note, reply, back to where one was', async () => {
  await request();
  await request();
  const mei = await house.staff('mei'), { page } = mei, press = (...all) => all.reduce((p, k) => p.then(() => page.keyboard.press(k)), Promise.resolve());
  await mei.openQueue(TRIAGE);
  await press('j', 'j', 'j', 'k');
  const second = await page.locator('.tickets tbody a').nth(1).getAttribute('href');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), second);
  await press('Enter');
  await page.waitForSelector('.timeline li');
  await press('c');
  await mei.sees('with you');
  await press('n', 'c', 'u', 'j', '?');
  assert.equal(await draft(mei, 'note'), 'cuj?');
  await press('Escape', 'r', 'x', 'Escape');
  assert.equal(await draft(mei, 'reply'), 'x');
  await press('u');
  await page.waitForSelector('.tickets');
  await mei.until((href) => document.activeElement.getAttribute('href') === href, second);
  await press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'q');
  await mei.close();
});

test('keys rest while an input method composes, with a modifier, and when they are switched off', async () => {
  const mei = await at(await request()), { page } = mei, where = page.url();
  await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'u', isComposing: true, bubbles: true })));
  await page.keyboard.press('Alt+u');
  await page.keyboard.press('?');
  await page.click('.switch input');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog:not([open])', { state: 'attached' });
  await page.keyboard.press('u');
  await page.waitForTimeout(200);
  assert.equal(page.url(), where);
  await page.reload();
  await page.waitForSelector('.timeline li');
  await page.keyboard.press('u');
  await page.waitForTimeout(200);
  assert.equal(page.url(), where);
  await mei.close();
});

// ---- the list ----

test('rows do not move under the cursor; what is new waits behind a button', async () => {
  await request();
  const mei = await house.staff('mei'), { page } = mei;
  await mei.openQueue(TRIAGE);
  await page.mouse.move(0, 0);
  await page.keyboard.press('j');
  const order = () => page.locator('.tickets tbody a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  const was = await order(), fresh = await request({ problem: 'One more.' });
  await page.waitForSelector('.fresh:not([hidden])');
  assert.match(await page.locator('button.fresh').innerText(), /^\d+ new: show$/);
  assert.deepEqual(await order(), was);
  await page.keyboard.press('.');
  await mei.until((ref) => document.querySelector('.tickets').innerText.includes(ref), fresh.reference);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), was[0], 'the cursor stays on its row');
  await mei.close();
});

test('nobody in the list: what comes in appears by itself', async () => {
  await request();
  const mei = await house.staff('mei');
  await mei.openQueue(TRIAGE);
  await mei.page.mouse.move(0, 0);
  const fresh = await request({ problem: 'And one more.' });
  await mei.until((ref) => document.querySelector('.tickets').innerText.includes(ref), fresh.reference);
  await mei.close();
});

test('what is left to a due time is counted on the clock of the server', async () => {
  const asked = await request(), mei = await house.staff('mei');
  await mei.context.addInitScript(() => {
    const real = Date.now;
    Date.now = () => real() + 600000; // a laptop ten minutes ahead
  });
  await mei.page.reload();
  await mei.openTicket(asked.reference);
  await mei.until(() => /^0:59:/.test(document.querySelector('.status .due b').textContent));
  await mei.close();
});

test('tabs share one line to the server', async () => {
  const mei = await house.staff('mei'), second = await mei.context.newPage();
  let opened = 0;
  mei.context.on('request', (r) => { if (r.url().endsWith('/api/events')) opened++; });
  await second.goto(`${mei.origin}/`);
  await second.waitForSelector('.live:not(.paused)');
  await mei.page.waitForSelector('.live:not(.paused)');
  assert.equal(opened, 0, 'the first tab reads for both');
  await mei.page.close();
  await mei.context.waitForEvent('request', (r) => r.url().endsWith('/api/events'));
  const asked = await request();
  await second.fill('#q', asked.reference);
  await second.press('#q', 'Enter');
  await second.waitForSelector('.tickets a');
  await mei.close();
});

// What `staff` reads of the server is answered late; `read` is told when the old answer is already made.
async function slowly(staff, path, read) {
  await staff.page.route(path, async (route) => {
    const response = await route.fetch();
    await staff.page.unroute(path);
    await read();
    await route.fulfill({ response });
  });
}

test('what is written while the page is being read is shown, too', async () => {
  const asked = await request(), mei = await at(asked);
  await mei.page.waitForSelector('.live:not(.paused)');
  await slowly(mei, '**/api/tickets/*', async () => {
    await writes(asked, 'the second word');
    await new Promise((r) => setTimeout(r, 1500)); // the line has told it meanwhile
  });
  await writes(asked, 'the first word');
  await mei.sees('the first word');
  await mei.sees('the second word');
  await mei.close();
});

test('a page that could not be read is read again', async () => {
  const asked = await request(), mei = await at(asked);
  await mei.page.waitForSelector('.live:not(.paused)');
  await mei.page.route('**/api/tickets/*', (route) => route.fulfill({ status: 503, json: { title: 'Busy.', code: 'busy' } }), { times: 1 });
  const [refused] = await Promise.all([mei.page.waitForResponse((r) => r.status() === 503), writes(asked, 'a word in between')]);
  assert.ok(refused);
  await mei.sees('a word in between');
  mei.errors.length = 0; // the browser says that there was a 503
  await mei.close();
});

test('what is written before the line is there is shown when it is', async () => {
  const asked = await request(), mei = await house.staff('mei');
  await mei.page.evaluate(() => { location.hash = '#/queues'; });
  let late;
  await mei.page.route('**/api/events', async (route) => { await late; await route.continue(); });
  late = new Promise((r) => setTimeout(r, 4000));
  await mei.page.reload();
  await mei.openTicket(asked.reference);
  await writes(asked, 'before the line');
  await mei.sees('before the line');
  await mei.close();
});

test('a search that finds nothing yet finds what is filed in a moment', async () => {
  const mei = await house.staff('mei'), name = `Quillfeather${serial}`;
  await mei.page.waitForSelector('.live:not(.paused)');
  await mei.page.fill('#q', name);
  await mei.page.press('#q', 'Enter');
  await mei.sees('Nothing found.');
  await mei.page.waitForTimeout(1500); // what made it read again before has passed
  await request({ name });
  await mei.page.waitForSelector('.tickets tbody tr');
  await mei.close();
});

// ---- a ticket ----

test('two claim at once: one has it, the other reads who', async () => {
  const asked = await request(), mei = await at(asked), noor = await at(asked, 'noor');
  await noLine(noor);
  await mei.page.click('.acts button:text-is("Claim")');
  await mei.sees('with you');
  await noor.page.evaluate(() => [...document.querySelectorAll('.acts button')].find((b) => b.textContent === 'Claim')?.click());
  await noor.until(() => /with mei/.test(document.querySelector('.status').innerText));
  await noor.sees('mei has it.');
  assert.equal(await noor.page.locator('.acts button:text-is("Claim")').count(), 0);
  await mei.close();
  await noor.close();
});

test('a note never leaves with a reply, and the customer never sees it', async () => {
  const asked = await request(), mei = await at(asked), { page } = mei;
  await page.fill('#note-text', 'They did not pay.');
  await page.fill('#reply-text', 'We are on it.');
  assert.match(await page.locator('.composer.note .go').innerText(), /staff/);
  assert.match(await page.locator('.composer.reply .go').innerText(), /^Send to a•••/);
  await page.click('.composer.reply .go');
  await page.waitForSelector('.message.support');
  assert.equal(await draft(mei, 'note'), 'They did not pay.');
  await page.click('.composer.note .go');
  await page.waitForSelector('.message.note');
  const seen = await door.look(asked);
  assert.deepEqual(seen.timeline.filter((m) => m.who === 'support').map((m) => m.text), ['We are on it.']);
  assert.ok(!JSON.stringify(seen).includes('pay'));
  await mei.close();
});

test('words that came in meanwhile stop a reply, are shown, and the draft is kept', async () => {
  const asked = await request(), mei = await house.staff('mei'), { page } = mei;
  await noLine(mei);
  await page.reload();
  await mei.openTicket(asked.reference);
  await page.fill('#reply-text', 'Please try again now.');
  await writes(asked, 'It works again since noon.');
  await page.click('.composer.reply .go');
  await mei.until(() => /something newer came in/.test(document.querySelector('.composer.reply .told').innerText));
  await mei.until(() => document.querySelector('.news').innerText.includes('It works again since noon.'));
  assert.equal(await draft(mei, 'reply'), 'Please try again now.');
  await mei.look('a reply that came too late');
  await page.fill('#reply-text', 'Glad to hear it.');
  await page.click('.news button');
  await page.click('.composer.reply .go');
  await page.waitForSelector('.message.support');
  assert.deepEqual((await texts(mei)).slice(-2), ['It works again since noon.', 'Glad to hear it.']);
  await mei.close();
});

test('what came in while somebody writes has to be read before the reply leaves', async () => {
  const asked = await request(), mei = await at(asked), { page } = mei;
  await page.fill('#reply-text', 'Please try again now.');
  await writes(asked, 'It works again since noon.');
  await mei.until(() => document.querySelector('.news').innerText.includes('since noon'));
  await page.click('.composer.reply .go');
  await mei.until(() => /something newer came in/.test(document.querySelector('.composer.reply .told').innerText));
  assert.equal((await texts(mei)).length, 2);
  await page.click('.news button');
  await page.click('.composer.reply .go');
  await page.waitForSelector('.message.support');
  await mei.close();
});

test('an answer that got lost: sent again, it is written and mailed once', async () => {
  const email = 'lost@example.org', asked = await request({ email }), mei = await at(asked), { page } = mei;
  await page.route('**/reply', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await page.fill('#reply-text', 'We found your data.');
  await page.click('.composer.reply .go');
  await mei.until(() => /No answer/.test(document.querySelector('.composer.reply .told').innerText));
  assert.equal(await draft(mei, 'reply'), 'We found your data.');
  await page.click('.composer.reply .go');
  await mei.until(() => document.querySelector('#reply-text').value === '');
  await page.waitForSelector('.delivery.sent');
  assert.deepEqual((await texts(mei)).filter((t) => t === 'We found your data.').length, 1);
  assert.equal(door.mails().filter((m) => m.to === email && m.text.includes('We found your data.')).length, 1);
  await mei.close();
});

test('the same with a note: it stands there once', async () => {
  const mei = await at(await request()), { page } = mei;
  await page.route('**/note', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await page.fill('#note-text', 'Billing knows them.');
  await page.click('.composer.note .go');
  await mei.until(() => /No answer/.test(document.querySelector('.composer.note .told').innerText));
  await page.click('.composer.note .go');
  await mei.until(() => document.querySelector('#note-text').value === '');
  assert.equal((await texts(mei)).filter((t) => t === 'Billing knows them.').length, 1);
  await mei.close();
});

test('a draft survives a reload; an empty reply goes nowhere', async () => {
  const asked = await request(), mei = await at(asked);
  await mei.page.click('.composer.reply .go');
  assert.match(await told(mei), /nothing to send/);
  await mei.page.fill('#reply-text', 'Not finished');
  await mei.page.reload();
  await mei.page.waitForSelector('#reply-text');
  assert.equal(await draft(mei, 'reply'), 'Not finished');
  await mei.close();
});

test('only possible states are offered; who is too late is told; closing is asked for twice', async () => {
  const asked = await request(), mei = await at(asked), noor = await at(asked, 'noor');
  await mei.page.click('.acts button:text-is("Close …")');
  await writes(asked, 'One more word.');
  await mei.page.waitForSelector('.message.fresh');
  await mei.page.click('.acts button:text-is("Yes, close it")');
  await mei.page.waitForSelector('.state.closed');
  assert.deepEqual(await mei.page.locator('.acts button').allInnerTexts(), ['Claim']);
  assert.ok(await mei.page.locator('#reply-text').isDisabled());
  await mei.look('a closed ticket');
  const late = await noor.page.evaluate(async (id) => (await fetch(`/api/tickets/${id}/state`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"state":"solved"}' })).json(), new URL(noor.page.url()).hash.slice(9));
  assert.equal(late.code, 'no-such-step');
  await noor.page.waitForSelector('.state.closed');
  await mei.close();
  await noor.close();
});

test('a click that comes too late says how the ticket stands', async () => {
  const asked = await request(), mei = await house.staff('mei'), noor = await at(asked, 'noor');
  await noLine(mei);
  await mei.page.reload();
  await mei.openTicket(asked.reference);
  await noor.page.click('.acts button:text-is("Close …")');
  await noor.page.click('.acts button:text-is("Yes, close it")');
  await noor.page.waitForSelector('.state.closed');
  await mei.page.click('.acts button:text-is("Solved")');
  await mei.sees('Somebody was faster: it is closed.');
  await mei.page.waitForSelector('.state.closed');
  await mei.close();
  await noor.close();
});

test('an auditor reads and has nothing to press', async () => {
  const asked = await request(), ina = await at(asked, 'ina', { role: 'auditor' });
  assert.equal(await ina.page.locator('.composer, .acts button').count(), 0);
  await ina.page.keyboard.press('c');
  await ina.look('a ticket before an auditor');
  await ina.close();
});

test('the original comes as a download', async () => {
  const mei = await at(await request({ problem: 'The original words.' }));
  const [file] = await Promise.all([mei.page.waitForEvent('download'), mei.page.click('.message a')]);
  assert.match(readFileSync(await file.path(), 'utf8'), /The original words\./);
  await mei.close();
});

test('a line that is cut is seen, and what was missed is there once it is back', async () => {
  const ports = { 'listen public': `127.0.0.1:${await freePort()}`, 'listen staff': `127.0.0.1:${await freePort()}` };
  const small = await House.open({ settings: ports });
  try {
    const asked = await small.door.request({ email: 'a@example.org' }), mei = await small.staff('mei');
    await mei.openTicket(asked.reference);
    await mei.page.waitForSelector('.live:not(.paused)');
    await small.door.stop();
    await mei.page.waitForSelector('.live.paused');
    assert.match(await mei.page.locator('.live').innerText(), /paused, data from \d\d:\d\d:\d\d/);
    await mei.look('a page whose line is cut');
    await mei.page.fill('#reply-text', 'Written meanwhile.');
    await mei.page.click('.composer.reply .go');
    await mei.until(() => /No answer/.test(document.querySelector('.composer.reply .told').innerText));
    await small.door.start();
    const sent = await small.door.post(`${asked.url}/messages`, { token: asked.token, json: { text: 'I write, too.' } });
    assert.equal(sent.status, 201, sent.text);
    await mei.page.waitForSelector('.live:not(.paused)');
    await mei.until(() => document.querySelector('.news').innerText.includes('I write, too.'));
    assert.equal(await draft(mei, 'reply'), 'Written meanwhile.');
    await mei.close();
  } finally {
    await small.close();
  }
});
