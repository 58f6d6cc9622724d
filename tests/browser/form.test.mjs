// What form.js adds: drafts, sending again with one key, counting down. The server here cuts, refuses and
// delays on demand; the whole way through the gateway is tested elsewhere.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { fixtures } from './fixtures.mjs';
import { launch, render, serve, until, watch, words } from './kit.mjs';

const REFERENCE = '/requests/R7K4-2M9Q-C';
const set = fixtures(words('en'));
const blank = { en: render('en', 'form', set['form-blank'].data), de: render('de', 'form', set['form-blank'].data) };
const refused = render('en', 'form', { ...set['form-errors'].data, problem: 'kept by the server' });
const receipt = render('en', 'request', { ...set['receipt-code'].data, confirm: { ...set['receipt-code'].data.confirm, wait: 3 } });

let browser, server, posts, answers;

// The next of `answers` decides; without one, a post is written down.
function handle(method, path, body, headers) {
  const lang = /^\/(en|de)\/$/.exec(path)?.[1];
  if (lang) return { body: blank[lang] };
  if (method === 'GET' && path === REFERENCE) return { body: receipt };
  if (method !== 'POST') return undefined;
  posts.push({ path, fields: new URLSearchParams(body), key: headers['idempotency-key'], type: headers['content-type'] });
  const answer = answers.shift();
  return answer === undefined ? { status: 303, headers: { location: REFERENCE } } : answer;
}

before(async () => {
  browser = await launch();
  server = await serve(handle);
});
after(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(() => {
  posts = [];
  answers = [];
});

// A fresh visitor for each story; nothing may complain.
function story(name, options, tell) {
  test(name, async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 }, ...options });
    const page = await context.newPage(), errors = watch(page);
    await page.goto(`${server.origin}/en/`);
    await tell(page, context);
    await context.close();
    assert.deepEqual(errors, []);
  });
}

async function fillIn(page, problem = 'Our site is gone.\nSince this morning.') {
  await page.fill('#problem', problem);
  await page.check('[value=degraded]');
  await page.fill('#email', 'm@example.org');
}

const send = (page) => page.click('.go');
const arrived = (page) => page.waitForURL(`**${REFERENCE}`);
const keys = () => new Set(posts.map((p) => p.key)).size;
const kept = (page) => until(page, () => (localStorage.getItem('postern:/requests') ?? '').includes('values'));

story('without a script everything is sent, and no key', { javaScriptEnabled: false }, async (page) => {
  await fillIn(page);
  await page.click('summary');
  await page.fill('#site', 'old.example.org');
  await send(page);
  await arrived(page);
  assert.deepEqual(Object.fromEntries(posts[0].fields), {
    language: 'en', problem: 'Our site is gone.\r\nSince this morning.', impact: 'degraded', email: 'm@example.org', phone: '', name: '',
    organisation: '', site: 'old.example.org', invoice: '',
  });
});

story('with a script the same is sent, with a key', {}, async (page) => {
  await fillIn(page);
  await send(page);
  await arrived(page);
  assert.equal(posts.length, 1);
  assert.match(posts[0].key, /^[0-9a-f]{32}$/);
  assert.equal(posts[0].type, 'application/x-www-form-urlencoded');
  assert.deepEqual(Object.fromEntries(posts[0].fields), {
    language: 'en', problem: 'Our site is gone.\r\nSince this morning.', impact: 'degraded', email: 'm@example.org', phone: '', name: '',
    organisation: '', site: '', invoice: '',
  });
});

story('a draft survives a reload and a change of language', {}, async (page) => {
  await fillIn(page);
  await page.click('summary');
  await page.fill('#site', 'old.example.org');
  await kept(page);
  await page.reload();
  await page.click('nav a[lang=de]');
  await page.waitForURL('**/de/');
  assert.equal(await page.inputValue('#problem'), 'Our site is gone.\nSince this morning.');
  assert.equal(await page.inputValue('#site'), 'old.example.org');
  assert.ok(await page.isChecked('[value=degraded]'));
  assert.ok(await page.isVisible('#site'), 'the optional part is open where something was typed into it');
  assert.ok(await page.isVisible('.kept'));
});

story('leaving at once keeps the last letters', {}, async (page) => {
  await page.fill('#problem', 'x');
  await page.goto(`${server.origin}/de/`);
  assert.equal(await page.inputValue('#problem'), 'x');
});

story('a draft can be deleted', {}, async (page) => {
  await fillIn(page);
  await kept(page);
  await page.reload();
  await page.click('.kept button');
  assert.equal(await page.inputValue('#problem'), '');
  await page.reload();
  assert.equal(await page.inputValue('#problem'), '');
  assert.ok(await page.isHidden('.kept'));
});

story('a draft of yesterday is gone', {}, async (page) => {
  await fillIn(page);
  await kept(page);
  await page.goto(`${server.origin}${REFERENCE}`);
  await page.evaluate(() => {
    const s = JSON.parse(localStorage.getItem('postern:/requests'));
    localStorage.setItem('postern:/requests', JSON.stringify({ ...s, at: s.at - 25 * 3600 * 1000 }));
  });
  await page.goto(`${server.origin}${REFERENCE}`);
  assert.ok(!(await page.evaluate(() => localStorage.getItem('postern:/requests'))).includes('gone'));
  await page.goto(`${server.origin}/en/`);
  assert.equal(await page.inputValue('#problem'), '');
});

story('after sending, no word stays on the device', {}, async (page) => {
  await fillIn(page);
  await send(page);
  await arrived(page);
  const left = await page.evaluate(() => localStorage.getItem('postern:/requests'));
  assert.ok(!left.includes('gone') && !left.includes('example.org'), left);
});

story('a cut connection is tried again with the same key', {}, async (page) => {
  answers = [null, null];
  await fillIn(page);
  await send(page);
  await arrived(page);
  assert.ok(posts.length >= 3);
  assert.equal(keys(), 1);
});

story('503 is tried again when the server says, with the same key, and the page says so', {}, async (page) => {
  answers = [{ status: 503, headers: { 'retry-after': '4' } }];
  await fillIn(page);
  const begun = Date.now();
  await send(page);
  await until(page, () => /again in 4 seconds/.test(document.querySelector('.say').textContent));
  assert.equal(await page.inputValue('#problem'), 'Our site is gone.\nSince this morning.');
  await arrived(page);
  assert.ok(Date.now() - begun >= 4000);
  assert.equal(posts.length, 2);
  assert.equal(keys(), 1);
});

story('429 and 409 are waited for, too', {}, async (page) => {
  answers = [{ status: 429 }, { status: 409 }];
  await fillIn(page);
  await send(page);
  await arrived(page);
  assert.equal(posts.length, 3);
  assert.equal(keys(), 1);
});

story('offline, the words wait; back online they go at once, and once', {}, async (page, context) => {
  await context.addInitScript(() => { // no pause ends by itself
    const real = setTimeout;
    globalThis.setTimeout = (f, ms) => (ms < 1000 ? real(f, ms) : 0);
  });
  await page.goto(`${server.origin}/en/`);
  await fillIn(page);
  await context.setOffline(true);
  await send(page);
  await until(page, () => /No connection/.test(document.querySelector('.say').textContent));
  assert.equal(posts.length, 0);
  await context.setOffline(false);
  // Where there is no network at all, the browser never says that it is back; where there is, it may have gone on already.
  await page.evaluate(() => navigator.onLine || dispatchEvent(new Event('online'))).catch(() => {});
  await arrived(page);
  assert.equal(posts.length, 1);
});

story('a double tap is one request', {}, async (page) => {
  await fillIn(page);
  await page.evaluate(() => {
    const form = document.querySelector('form[data-send]');
    form.requestSubmit();
    form.requestSubmit();
  });
  await arrived(page);
  assert.equal(posts.length, 1);
});

story('Back and send again: the same key', {}, async (page) => {
  await fillIn(page);
  await send(page);
  await arrived(page);
  await page.goBack();
  await fillIn(page);
  await send(page);
  await arrived(page);
  assert.equal(posts.length, 2);
  assert.equal(keys(), 1);
});

story('other words are another request', {}, async (page) => {
  answers = [{ status: 503, headers: { 'retry-after': '600' } }];
  await fillIn(page);
  await send(page);
  await until(page, () => /600/.test(document.querySelector('.say').textContent));
  await page.fill('#problem', 'Now the mail is gone as well.');
  await send(page);
  await arrived(page);
  assert.equal(keys(), 2);
});

story('what has to be corrected comes as a page, with what was typed', {}, async (page) => {
  answers = [{ status: 422, body: refused }, { status: 422, body: refused }];
  await fillIn(page, 'typed');
  await send(page);
  await page.waitForSelector('.box.bad:focus');
  assert.equal(await page.inputValue('#problem'), 'kept by the server');
  await page.fill('#email', 'right@example.org');
  await send(page);
  await arrived(page);
  assert.equal(posts.at(-1).fields.get('problem'), 'kept by the server');
});

story('no storage, no draft, but it is sent', {}, async (page, context) => {
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });
  });
  await page.goto(`${server.origin}/en/`);
  answers = [null];
  await fillIn(page);
  await send(page);
  await arrived(page);
  assert.ok(posts.length >= 2);
  assert.equal(keys(), 1);
});

story('"send again" counts down, then works', {}, async (page) => {
  await page.goto(`${server.origin}${REFERENCE}`);
  const again = page.locator('button[data-wait]');
  assert.match(await again.textContent(), /in [123] s/);
  assert.ok(await again.isDisabled());
  await until(page, () => !document.querySelector('button[data-wait]').disabled);
  assert.equal(await again.textContent(), 'Send the code again');
  await again.click();
  await arrived(page);
  assert.equal(posts[0].path, `${REFERENCE}/code`);
});

story('the reference is copied', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
  await page.goto(`${server.origin}${REFERENCE}`);
  await page.click('.copy');
  await until(page, () => document.querySelector('.copy').textContent === 'Copied');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'R7K4-2M9Q-C');
});

story('times are local, and UTC is kept beside', { timezoneId: 'Asia/Taipei', locale: 'en' }, async (page) => {
  await page.goto(`${server.origin}${REFERENCE}`);
  const time = page.locator('.talk time').first();
  assert.match(await time.textContent(), /05:12/);
  assert.equal(await time.getAttribute('title'), '24 Nov 2026, 09:12 UTC');
});

story('a message has a draft and a key of its own', {}, async (page) => {
  await fillIn(page);
  await kept(page);
  await page.goto(`${server.origin}${REFERENCE}`);
  await page.fill('#text', 'One more thing.');
  await until(page, (name) => (localStorage.getItem(name) ?? '').includes('One more'), `postern:${REFERENCE}/messages`);
  await page.reload();
  assert.equal(await page.inputValue('#text'), 'One more thing.');
  answers = [null];
  await page.click('form[action$=messages] button');
  await until(page, () => document.querySelector('#text').value === '');
  assert.equal(posts[0].path, `${REFERENCE}/messages`);
  assert.equal(keys(), 1);
  assert.ok((await page.evaluate(() => localStorage.getItem('postern:/requests'))).includes('gone'), 'the other draft stays');
});
