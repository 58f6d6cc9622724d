// What the console offers and never does by itself: mails that may belong together, and whom to write to where one came back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { letter, relay } from '../live/lmtp.mjs';
import { House, eventually } from './house.mjs';

let house, door, server;

before(async () => {
  house = await House.open({ settings: { 'mail-from': 'Support <support@example.net>' } });
  door = house.door;
  const done = await door.run(['contacts', 'import', '--source', 'billing', 'tests/sample/contacts-billing.csv']);
  assert.equal(done.code, 0, done.err);
  server = await relay(door);
});
after(async () => {
  server?.close();
  await house?.close();
});

async function bring(mail, { to = 'support@example.net', from = /^From: .*<(.*)>/m.exec(mail)[1] } = {}) {
  assert.match((await server.send(mail, { from, to: [to] }))[0], /^250/);
}

// Somebody writes and is answered: the ticket in front of mei, and the mail that went out.
async function talk(from) {
  await bring(letter({ from }));
  const mei = await house.staff('mei');
  const [row] = await eventually(`a ticket of ${from}`, async () => {
    const found = await house.find(mei, from);
    return found.length > 0 && found;
  });
  await mei.openTicket(row.reference);
  await mei.page.fill('#reply-text', `Is it still so, ${from}?`);
  await mei.page.click('.composer.reply .go');
  const answer = await eventually('the answer', () => door.mails().find((m) => m.to === from && m.text.includes('Is it still so')));
  return { mei, row, answer };
}

const answerTo = (mail) => /<([^<>]+)>$/.exec(mail.headers['reply-to'])?.[1] ?? mail.headers['reply-to'];

test('a mail that answers from elsewhere is shown on both tickets, each a way to the other', async () => {
  const { mei, row, answer } = await talk('aya@shop.example');
  await bring(letter({ from: 'eve@evil.test', text: 'Send it to me.' }), { to: answerTo(answer) });
  await mei.sees('May belong together');
  await mei.sees('it answers a mail of ours, but comes from another address');
  await mei.look('a ticket that something may belong to');
  await mei.page.click('aside details a:has-text("-")');
  await mei.until((subject) => document.querySelector('.timeline')?.innerText.includes(subject), 'Send it to me.');
  await mei.sees('What came here may belong to');
  await mei.page.click(`aside a:has-text("${row.reference}")`);
  await mei.sees('Is it still so, aya@shop.example?');
  await mei.close();
});

test('an automatic mail says that it is one', async () => {
  const { mei, answer } = await talk('away@shop.example');
  await bring(letter({ from: 'away@shop.example', text: 'I am away.', more: 'Auto-Submitted: auto-replied\r\n' }), { to: answerTo(answer) });
  await mei.until(() => [...document.querySelectorAll('.timeline .message')].some((m) => m.innerText.includes('I am away.') && m.innerText.includes('automatic')));
  await mei.close();
});

test('where a mail came back, the next contact is offered with a reason, and written to by choice', async () => {
  const { mei, answer } = await talk('meiling@tea.example.org');
  const report = `From: MAILER-DAEMON@tea.example.org\r\nTo: support@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=cut\r\n\r\n` +
    '--cut\r\n\r\nSorry.\r\n--cut\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; tea.example.org\r\n\r\n' +
    'Final-Recipient: rfc822; meiling@tea.example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n' +
    `--cut\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: ${answer.headers['message-id']}\r\n\r\n--cut--\r\n`;
  await bring(report, { from: '' });
  await mei.sees('Who to write to instead');
  await mei.sees('came back: the address does not take it');
  await mei.sees('billing, not authorised for site');
  await mei.look('a ticket whose mail came back');
  const offered = await mei.page.locator('#reply-to option').allInnerTexts();
  assert.equal(offered.filter((o) => o.includes('(on record)')).length, 1);
  assert.equal(door.mails().filter((m) => m.to === 'billing@tea.example.org').length, 0);
  await mei.page.selectOption('#reply-to', { label: offered.find((o) => o.includes('(on record)')) });
  await mei.sees('by this they take part');
  await mei.page.fill('#reply-text', 'Who can speak for your site?');
  await mei.page.click('.composer.reply .go');
  const asked = await door.mailTo('billing@tea.example.org');
  assert.ok(asked.text.includes('Who can speak for your site?'));
  await mei.until(() => document.querySelectorAll('.people li').length === 2);
  await mei.close();
});
