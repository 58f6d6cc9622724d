// The console where accounts are one, words stand on the wrong ticket, and something is spam.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { House, eventually } from './house.mjs';

let house, door, serial = 0;

before(async () => {
  house = await House.open();
  door = house.door;
});
after(() => house?.close());

const asker = () => `asker${++serial}@merge.example`;
const texts = (staff) => staff.page.locator('.timeline .text').allInnerTexts();
const rowOf = (staff, asked) => eventually('a ticket', async () => (await house.find(staff, asked.reference))[0]);

// The partition that an id tells: the first six bits behind its time.
const partition = (id) => [...id.slice(14, 16)].map((c) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(c)).reduce((five, one) => five * 2 + (one >> 4));

async function suspected(staff, score) {
  const pair = [];
  for (const name of ['Mei', 'Mai']) pair.push(await rowOf(staff, await door.request({ email: asker(), name, organisation: `${name} Tea ${serial}`, problem: `${name} is down.` })));
  const record = { a: pair[0].account.id, b: pair[1].account.id, score, reasons: ['the names look alike'], rule: 'default.rules:1', at: Date.now() };
  door.redis('HSET', `{p${partition(pair[0].ticket)}}:du`, `dup_${pair[0].ticket.slice(4)}`, JSON.stringify(record));
  return pair;
}

test('a lead compares two customers, links them by a key, and takes it back on the account', async () => {
  const lea = await house.staff('lea', { role: 'lead' }), [a, b] = await suspected(lea, 99);
  await lea.page.keyboard.press('d');
  await lea.sees('the names look alike');
  assert.equal(await lea.page.locator('.compare section').count(), 2);
  await lea.look('two customers side by side');
  await lea.page.keyboard.press('y');
  await lea.sees('Linked. The account page takes it back.');
  await lea.go(`/#/account/${b.account.id}`);
  await lea.sees('Mei is down.');
  await lea.sees('suspected duplicate');
  await lea.look('an account that another one stands for');
  await lea.page.click('button:text-is("Undo")');
  await lea.sees('They are two again');
  assert.equal((await rowOf(lea, a)).account.id, a.account.id);
  await lea.close();
});

test('no is said by a key, and asked no more; an agent only looks', async () => {
  const mei = await house.staff('mei'), lea = await house.staff('lea'), [, b] = await suspected(lea, 98);
  await mei.go('/#/duplicates');
  await mei.sees('Leads and managers decide.');
  await mei.page.keyboard.press('y');
  await lea.go('/#/duplicates');
  await lea.page.waitForSelector(`.compare a[href="#/account/${b.account.id}"]`);
  await lea.page.keyboard.press('n');
  await lea.sees('It will not be asked again.');
  await lea.page.locator(`.compare a[href="#/account/${b.account.id}"]`).waitFor({ state: 'detached' });
  await mei.close();
  await lea.close();
});

test('a manager links two accounts by hand, with a reason', async () => {
  const max = await house.staff('max', { role: 'manager' });
  const [a, b] = [await rowOf(max, await door.request({ email: asker(), problem: 'Here.' })), await rowOf(max, await door.request({ email: asker(), problem: 'There.' }))];
  await max.go(`/#/account/${a.account.id}`);
  await max.page.click('summary:has-text("It is the same customer as")');
  await max.page.fill('#merge-into', b.account.id);
  await max.page.fill('#merge-why', 'They told us so.');
  await max.look('linking two accounts');
  await max.page.click('button:text-is("Link")');
  await max.sees('They told us so.');
  await max.close();
});

test('a message is split off and moved back, on the keyboard', async () => {
  const mei = await house.staff('mei'), email = asker();
  const first = await door.request({ email, problem: 'The wiki is gone.' }), second = await door.request({ email, problem: 'And the invoice is wrong.' });
  await rowOf(mei, second);
  await mei.openTicket(first.reference);
  assert.deepEqual(await texts(mei), ['The wiki is gone.', 'And the invoice is wrong.']);
  await mei.page.focus('.move summary');
  await mei.page.keyboard.press('Enter');
  await mei.page.focus('.move li:nth-child(2) input');
  await mei.page.keyboard.press('Space');
  await mei.look('messages to move');
  await mei.page.click('.move button');
  await mei.page.waitForSelector('h1:text-is("And the invoice is wrong.")');
  assert.deepEqual(await texts(mei), ['And the invoice is wrong.']);
  await mei.page.click('.move summary');
  await mei.page.check('.move li input');
  await mei.page.fill('#move-to', first.reference.toLowerCase());
  await mei.page.click('.move button');
  await mei.sees('Moved.');
  await mei.openTicket(first.reference);
  assert.deepEqual(await texts(mei), ['The wiki is gone.', 'And the invoice is wrong.']);
  await mei.close();
});

test('spam is put aside and brought back', async () => {
  const mei = await house.staff('mei'), asked = await door.request({ email: asker(), problem: 'Buy my watches.' });
  await mei.openTicket(asked.reference);
  await mei.page.click('.acts button:text-is("Spam")');
  await mei.page.waitForSelector('.status:has-text("Spam, put aside")');
  await mei.look('a ticket that is spam');
  await mei.page.click('.acts button:text-is("Not spam")');
  await mei.page.locator('.status:has-text("Spam, put aside")').waitFor({ state: 'detached' });
  await mei.close();
});
