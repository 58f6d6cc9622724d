// From the form to an answer and back: the whole gateway, a customer's browser and a support engineer's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { House, freePort, wide } from './house.mjs';
import { languages, words } from './kit.mjs';

const zh = words('zh-TW'), en = words('en');
const TRIAGE = 'Down, customer not found yet';
const PROBLEM = '我們的網站不見了。\n從今天早上開始，整間醫院都無法登入，也不知道網址與客戶編號。';
const PHONE = { viewport: { width: 320, height: 640 } }, DESK = { viewport: { width: 1280, height: 900 } };

let house;
before(async () => { house = await House.open(); });
after(() => house?.close());

const kinds = [
  ['on a phone of 320 px', { ...PHONE, hasTouch: true }, wide],
  ['on a phone of 320 px without JavaScript', { ...PHONE, javaScriptEnabled: false }, (code) => code],
  ['at a desk', DESK, (code) => code.replace(' ', '')],
  ['at a desk without JavaScript', { ...DESK, javaScriptEnabled: false }, (code) => ` ${code.replace(' ', '-')} `],
];

for (const [i, [place, options, typed]] of kinds.entries())
  test(`${place}: from a locked-out customer's first word to an answer, in Traditional Chinese`, async () => {
    const address = `aya${i}@example.org`, answer = `「我們看到了。」資料沒有遺失，一小時內再回覆您。(${i})`;
    const aya = await house.customer({ ...options, locale: 'zh-TW' }), { page } = aya;

    await aya.go('/');
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-TW');
    await aya.sees('請告訴我們發生了什麼問題');
    await aya.look('the blank form');
    await aya.fill({ problem: PROBLEM, email: address });
    const reference = await aya.send(), step = () => page.locator('[aria-current=step] b').innerText();
    assert.equal(await step(), zh['step.received']);
    await aya.look('the receipt');

    await aya.confirm(typed(await house.code(address)));
    await aya.sees(zh['level.1']);
    assert.equal(await step(), zh['step.confirmed']);
    await aya.look('the confirmed request');
    await aya.fill({ text: '補充：備份也看不到。' });
    await page.click('form[action$=messages] button');
    await aya.sees('補充：備份也看不到。');

    const mei = await house.staff('mei', DESK), desk = mei.page;
    await mei.openQueue(TRIAGE);
    const row = desk.locator('.tickets tr', { hasText: reference });
    assert.match(await row.innerText(), /T1 mailbox/);
    const left = () => row.locator('.due b').innerText(), first = await left();
    assert.match(first, /^0:5\d:\d\d$/);
    await mei.until((was) => ![...document.querySelectorAll('.due b')].some((e) => e.textContent === was), first);
    await row.locator('a').click();
    await desk.waitForSelector('.timeline li:nth-child(2)');
    assert.equal(await desk.locator('.timeline .text').first().innerText(), PROBLEM);
    await desk.click('.acts button:text-is("Claim")');
    await mei.sees('with you');
    await desk.fill('#reply-text', answer);
    house.door.secret(answer);
    await desk.click('.composer.reply .go');
    await desk.waitForSelector('.message.support .delivery.sent');
    await mei.look('the answered ticket');

    const mail = await house.door.mailTo(address, 2);
    assert.match(mail.subject, new RegExp(reference));
    assert.ok(mail.text.includes(answer), mail.text);
    await page.click('.last a');
    await aya.sees(answer);
    assert.equal(await step(), zh['step.working']);
    await aya.look('the answered request');

    await desk.click('.acts button:text-is("Waiting for the customer")');
    await desk.waitForSelector('.state.waiting-customer');
    await page.click('.last a');
    await aya.sees('我們有問題想');
    await aya.fill({ text: '好的，謝謝您。' });
    await page.click('form[action$=messages] button');
    await aya.sees('好的，謝謝您。');
    await desk.waitForSelector('.state.waiting-us');
    assert.equal(await desk.locator('.message.fresh .text').innerText(), '好的，謝謝您。');
    await mei.close();
    await aya.close();
  });

// ---- what goes wrong ----

for (const { code } of languages)
  test(`${code}: an empty form comes back with what was typed, and says what is missing`, async () => {
    for (const javaScriptEnabled of [true, false]) {
      const w = words(code), ben = await house.customer({ ...PHONE, javaScriptEnabled, locale: code });
      await ben.go(`/${code}/`);
      await ben.page.click('summary');
      await ben.fill({ name: 'Ben "B" <Öz>', site: 'https://alt.example.org/?a=1&b=2' });
      await ben.page.check('[value=degraded]');
      await ben.page.click('.go');
      await ben.sees(w['error.problem.missing']);
      await ben.sees(w['error.reach.missing']);
      assert.equal(await ben.page.inputValue('#name'), 'Ben "B" <Öz>');
      assert.equal(await ben.page.inputValue('#site'), 'https://alt.example.org/?a=1&b=2');
      assert.ok(await ben.page.isChecked('[value=degraded]'));
      assert.equal(await ben.page.locator('html').getAttribute('lang'), code);
      await ben.look(`${code}: the form with errors`);
      await ben.close();
    }
  });

// One customer with a request of her own; how many requests staff find in the end.
async function requests(address) {
  const lee = await house.staff('lee');
  const items = await house.find(lee, address);
  await lee.close();
  return items.flatMap((t) => t.references);
}

async function filled(address, options) {
  const customer = await house.customer({ ...PHONE, ...options });
  await customer.go('/en/');
  await customer.fill({ problem: `Everything is gone. (${address})`, email: address });
  return customer;
}

test('Send tapped twice is one request', async () => {
  const cem = await filled('cem@example.org', { hasTouch: true });
  await cem.page.evaluate(() => { for (const n of [1, 2]) document.querySelector('.go').click(n); });
  const reference = await cem.arrive();
  assert.deepEqual(await requests('cem@example.org'), [reference]);
  await cem.close();
});

test('Back and Send again is the same request', async () => {
  const dee = await filled('dee@example.org');
  const reference = await dee.send();
  await dee.page.goBack();
  await dee.fill({ problem: 'Everything is gone. (dee@example.org)', email: 'dee@example.org' });
  assert.equal(await dee.send(), reference);
  assert.deepEqual(await requests('dee@example.org'), [reference]);
  await dee.close();
});

test('sent while offline, it leaves once the network is back, once', async () => {
  const eva = await filled('eva@example.org');
  await eva.context.setOffline(true);
  await eva.page.click('.go');
  await eva.sees('No connection');
  await eva.look('the form that waits for a network');
  await eva.context.setOffline(false);
  const reference = await eva.arrive();
  assert.deepEqual(await requests('eva@example.org'), [reference]);
  await eva.close();
});

test('a mistyped address is corrected on the receipt', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const right = `fay${javaScriptEnabled}@example.org`, fay = await filled('fay@exmaple.org', { javaScriptEnabled });
    const reference = await fay.send();
    await fay.page.click('summary');
    await fay.fill({ email: right });
    await fay.page.click('details form[action$=code] button');
    await fay.confirm(await house.code(right));
    await fay.sees(en['level.1']);
    assert.equal(await fay.reference(), reference);
    await fay.look('a request with a corrected address');
    await fay.close();
  }
});

test('on another device, reference and address bring a code, and the code the request', async () => {
  const gus = await filled('gus@example.org'), reference = await gus.send();
  await gus.confirm(await house.code('gus@example.org'));
  await gus.sees(en['level.1']);
  for (const javaScriptEnabled of [true, false]) {
    const other = await house.customer({ ...PHONE, javaScriptEnabled });
    await other.go('/en/');
    await other.page.click('details:has([name=reference]) summary');
    await other.page.fill('[name=reference]', reference.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o'));
    await other.page.press('[name=reference]', 'Enter');
    await other.sees('See your request');
    await other.look('the question for an address');
    await other.fill({ email: 'gus@example.org' });
    await other.page.click('form[action$=code] button');
    await other.page.waitForSelector('#code');
    await other.look('the question for the code');
    await other.confirm(await house.code('gus@example.org', javaScriptEnabled ? 2 : 3));
    await other.sees('Everything is gone. (gus@example.org)');
    assert.equal(await other.reference(), reference);
    await other.close();
  }
  await gus.close();
});

test('for a wrong address, the page says the same and no mail leaves', async () => {
  const hal = await filled('hal@example.org'), reference = await hal.send();
  const other = await house.customer(PHONE);
  await other.go(`/requests/${reference}`);
  await other.fill({ email: 'stranger@example.org' });
  await other.page.click('form[action$=code] button');
  await other.sees('If the address you gave is the one of this request');
  await other.page.waitForTimeout(1000);
  assert.deepEqual(house.door.mails().filter((m) => m.to === 'stranger@example.org'), []);
  await other.close();
  await hal.close();
});

test('five wrong codes leave a way on: a new code', async () => {
  const slow = await House.open({ clock: true }); // a minute has to pass between two mails
  try {
    for (const javaScriptEnabled of [true, false]) {
      const address = `ida${javaScriptEnabled}@example.org`, ida = await slow.customer({ ...PHONE, javaScriptEnabled });
      await ida.go('/en/');
      await ida.fill({ problem: 'Everything is gone.', email: address });
      await ida.send();
      const right = (await slow.code(address)).replace(' ', ''), wrong = right.replace(/^./, (d) => (Number(d) + 1) % 10);
      for (let left = 4; left >= 0; left--) {
        await ida.confirm(wrong);
        await ida.sees(left > 0 ? en['error.code.wrong'].replace('{n}', left) : en['error.code.gone']);
        if (left === 4) await ida.look('a wrong code');
      }
      await ida.look('a code that is used up');
      await ida.confirm(right);
      await ida.sees(en['error.code.gone']);
      slow.door.later(61000);
      await ida.page.click('.last a:first-child');
      await ida.page.click('.row form[action$=code] button');
      const next = await slow.code(address, 2);
      assert.notEqual(next.replace(' ', ''), right);
      await ida.confirm(next);
      await ida.sees(en['level.1']);
      await ida.close();
    }
  } finally {
    await slow.close();
  }
});

// ---- a stopped gateway ----

test('a gateway that is down loses no word: the page says "not sent" and sends when it is back', async () => {
  const port = await freePort(), small = await House.open({ settings: { 'listen public': `127.0.0.1:${port}` } });
  try {
    const joe = await small.customer(PHONE);
    await joe.go('/en/');
    await joe.fill({ problem: 'It is gone.', email: 'joe@example.org' });
    await small.door.stop();
    await joe.page.click('.go');
    await joe.sees('Your text is kept');
    assert.equal(await joe.page.inputValue('#problem'), 'It is gone.');
    await joe.look('the form while the gateway is down');
    await small.door.start();
    await joe.arrive();
    await joe.sees('It is gone.');
    await joe.close();

    const kim = await small.customer({ ...PHONE, javaScriptEnabled: false });
    await kim.go('/en/');
    await kim.fill({ problem: 'Gone as well.', email: 'kim@example.org' });
    await small.door.stop();
    await kim.page.click('.go').catch(() => {});
    await kim.page.waitForURL('chrome-error://chromewebdata/');
    await small.door.start();
    await kim.page.goBack();
    assert.equal(await kim.page.inputValue('#problem'), 'Gone as well.', 'Back brings the words back');
    await kim.send();
    await kim.close();
  } finally {
    await small.close();
  }
});
