// Mail out, against real SMTP servers: what is sent, by which relay, in which order, and what never is.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createInterface } from 'node:readline';
import net from 'node:net';
import { closedPort, startSmtp } from './smtp_server.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'postern-mail-'));
const running = new Set();
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true });
});

// One sender with its own source; events are what the source was told.
function demo(...options) {
  const child = spawn('build/live/mail_demo', options, { stdio: ['pipe', 'pipe', 'pipe'] });
  const events = [];
  let log = '';
  running.add(child);
  child.stderr.on('data', (chunk) => (log += chunk));
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)));
  const ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
  const self = {
    events,
    log: () => log,
    write: (object) => child.stdin.write(JSON.stringify(object) + '\n'),
    mail(id, more = {}) {
      self.write({ id: `eml_${id}`, kind: 'code', to: 'ada@example.org', subject: 'Your code', text: '4829 1376\n', lives_ms: 600000, ...more });
    },
    async until(what, ms = 10000) {
      const end = Date.now() + ms;
      for (;;) {
        const hit = events.find(what);
        if (hit) return hit;
        if (Date.now() > end) throw new Error(`not told in ${ms} ms; last of ${events.length} events ${JSON.stringify(events.slice(-3))}; log ${log.slice(-500)}`);
        await new Promise((done) => setTimeout(done, 5));
      }
    },
    event: (name, id, ms) => self.until((e) => e.event === name && e.id === `eml_${id}`, ms),
    async state() {
      const n = events.length;
      self.write({ state: true });
      return self.until((e, i) => i >= n && e.event === 'state');
    },
    async stop() {
      const began = Date.now();
      child.stdin.end();
      const { code, signal } = await ended;
      running.delete(child);
      assert.equal(code, 0, `exit ${code} ${signal}\n${log}`);
      return Date.now() - began;
    },
  };
  return self;
}

const url = (server, host = '127.0.0.1') => `relay=smtp://${host}:${server.port}`;

function parsed(raw) {
  const script = `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
def body(kind):
    part = m.get_body((kind,))
    return None if part is None else part.get_content().replace("\\r\\n", "\\n")
def clean(s):
    return s.encode("utf-8", "surrogateescape").decode("utf-8")
print(json.dumps({"headers": [[k, clean(str(v))] for k, v in m.items()], "to": m["to"].addresses[0].display_name,
  "addr": clean(m["to"].addresses[0].addr_spec), "subject": m["subject"], "plain": body("plain"), "html": body("html"),
  "defects": [str(d) for p in m.walk() for d in p.defects] + [str(d) for h in m.values() for d in h.defects]}))`;
  return JSON.parse(execFileSync('python3', ['-c', script], { input: raw }));
}

test('a mail arrives as it was written, in every language', async () => {
  const server = await startSmtp();
  const d = demo(url(server));
  const spoken = {
    en: ['Ada "The Countess" Lovelace, Dr.', 'Your code for Example Cloud', 'Your code:\n\n4829 1376\n\n.\n..\nFrom us = you \n'],
    'zh-TW': ['林小美', '您的驗證碼：無法登入時仍可聯絡我們，請勿將此驗證碼告訴任何人，謝謝您的配合', '您的驗證碼：\n\n4829 1376\n\n我們絕不會以電話索取。\n'],
    ja: ['山田 太郎', '確認コード：サインインできなくてもご連絡いただけます', '確認コード：\n\n4829 1376\n\n電話でおたずねすることはありません。\n'],
    de: ['Jörg Müller-Lüdenscheidt', 'Ihr Bestätigungscode für Example Cloud', 'Ihr Code:\n\n4829 1376\n\nWir fragen nie am Telefon danach. Größe: 5 €.\n'],
    es: ['Íñigo Núñez', 'Su código de verificación: ¿no puede iniciar sesión?', 'Su código:\n\n4829 1376\n\nNunca se lo pediremos por teléfono.\n'],
    ar: ['ليلى حداد', 'رمز التحقق الخاص بك لدى Example Cloud', 'رمز التحقق:\n\n4829 1376\n\nلن نطلب منك هذا الرمز عبر الهاتف أبداً.\n'],
  };
  let n = 0;
  for (const [language, [name, subject, text]] of Object.entries(spoken)) {
    const html = `<p dir="auto">${text}</p>\n${'<b>x</b>'.repeat(500)}\n`;
    d.mail(`L${n}`, { name, subject, text, html, language });
    await d.event('sent', `L${n}`);
    const { raw, from, to } = server.mails[n++];
    const m = parsed(raw);
    const header = Object.fromEntries(m.headers);
    assert.deepEqual(m.defects, [], language);
    assert.deepEqual([m.to, m.addr, m.subject, m.plain, m.html], [name, 'ada@example.org', subject, text, html], language);
    assert.equal(header['Content-Language'], language);
    assert.equal(header['Auto-Submitted'], 'auto-generated');
    assert.deepEqual([from, to], ['support@localhost', ['ada@example.org']]);
    for (const line of raw.toString('latin1').split('\r\n')) {
      assert.ok(line.length <= 78 && !/[^\t\x20-\x7e]/.test(line), `${language}: ${line}`);
    }
  }
  assert.equal(new Set(server.mails.map((m) => m.session)).size, 1, 'one connection for all');
  await d.stop();
  await server.stop();
});

test('a new mail leaves within 100 ms of being announced', async () => {
  const server = await startSmtp();
  const d = demo(url(server));
  d.mail('WARM');
  await d.event('sent', 'WARM');
  await new Promise((done) => setTimeout(done, 300));
  const began = Date.now();
  d.mail('QUICK');
  const { at } = await d.event('sent', 'QUICK');
  assert.ok(at - began < 100, `${at - began} ms`);
  await d.stop();
  await server.stop();
});

test('codes go ahead of everything that waits', async () => {
  const server = await startSmtp();
  const d = demo(url(server));
  d.write({ shut: true });
  for (let i = 0; i < 200; i++) d.mail(`O${i}`, { kind: 'other' });
  for (let i = 0; i < 20; i++) d.mail(`C${i}`);
  d.write({ shut: false });
  await server.until(220, 20000);
  const order = d.events.filter((e) => e.event === 'given').map((e) => e.id[4]);
  assert.equal(order.join(''), 'C'.repeat(20) + 'O'.repeat(200));
  await d.stop();
  await server.stop();
});

test('a code passes while a slow relay holds every other mail', async () => {
  const server = await startSmtp();
  server.mood = (to) => (to === 'slow@example.org' ? { data: 'hang' } : {});
  const d = demo(url(server));
  for (let i = 0; i < 10; i++) d.mail(`S${i}`, { kind: 'other', to: 'slow@example.org' });
  await new Promise((done) => setTimeout(done, 300));
  assert.equal((await d.state()).under_way, 3);
  d.mail('CODE');
  await d.event('sent', 'CODE', 1000);
  assert.ok((await d.stop()) < 2000);
  assert.equal(d.events.filter((e) => e.event === 'later').length, 3, 'what was under way is put back');
  await server.stop();
});

for (const [label, mood] of [
  ['greets with 421', { greet: 421 }],
  ['refuses our sender', { mail: 550 }],
  ['defers the recipient', { rcpt: 451 }],
  ['defers the message', { data: 451 }],
  ['drops the line in the middle of the message', { data: 'drop' }],
]) {
  test(`the second relay takes over where the first ${label}`, async () => {
    const first = await startSmtp();
    const second = await startSmtp();
    first.mood = mood;
    const d = demo(url(first), url(second));
    d.mail('A');
    await d.event('sent', 'A', 3000);
    assert.equal(second.mails.length, 1);
    assert.deepEqual(d.events.map((e) => e.event), ['given', 'sent'], 'the source hears of the success alone');
    await d.stop();
    await first.stop();
    await second.stop();
  });
}

test('the second relay takes over where nothing listens, and the first gets its turn back', async () => {
  const second = await startSmtp();
  const port = await closedPort();
  const d = demo(`relay=smtp://127.0.0.1:${port}`, url(second));
  d.mail('A');
  await d.event('sent', 'A', 3000);
  assert.equal((await d.state()).well, true);
  const first = await startSmtp({ port });
  await new Promise((done) => setTimeout(done, 2100));
  d.mail('B');
  await d.event('sent', 'B', 3000);
  assert.deepEqual([first.mails.length, second.mails.length], [1, 1]);
  assert.match(d.log(), /mail_relay_down relay=1 .*mail_relay_up relay=1/s);
  await d.stop();
  await first.stop();
  await second.stop();
});

test('a recipient who is refused is refused for good, without asking the second relay', async () => {
  const first = await startSmtp();
  const second = await startSmtp();
  first.mood = (to) => (to === 'nobody@example.org' ? { rcpt: 550 } : {});
  const d = demo(url(first), url(second));
  d.mail('A', { to: 'nobody@example.org' });
  const e = await d.event('failed', 'A');
  assert.deepEqual([e.final, e.why], [true, '550 5.7.1 at rcpt']);
  assert.equal(second.sessions, 0);
  d.mail('B');
  await d.event('sent', 'B');
  assert.equal((await d.state()).well, true);
  assert.ok(!/example\.org|not today/.test(d.log()), 'no address and no words of the relay in the log');
  await d.stop();
  await first.stop();
  await second.stop();
});

test('a code that is deferred is tried again after 2 s, then 5 s', async () => {
  const server = await startSmtp();
  server.mood = { rcpt: 451 };
  const d = demo(url(server));
  d.mail('A');
  const one = await d.event('failed', 'A');
  assert.deepEqual([one.final, one.why], [false, '451 4.7.1 at rcpt']);
  assert.equal(Math.round((one.retry_at - one.now) / 100), 20);
  const two = await d.until((e) => e.event === 'failed' && e !== one, 4000);
  assert.equal(Math.round((two.retry_at - two.now) / 100), 50);
  assert.ok(two.now - one.retry_at < 300);
  server.mood = {};
  const { at } = await d.event('sent', 'A', 7000);
  assert.ok(at >= two.retry_at && at - two.retry_at < 300);
  await d.stop();
  await server.stop();
});

test('a code is given up when the next try would come after its end', async () => {
  const server = await startSmtp();
  server.mood = { rcpt: 451 };
  const d = demo(url(server));
  d.mail('A', { lives_ms: 1500 });
  const e = await d.event('failed', 'A');
  assert.deepEqual([e.final, e.why], [true, 'given up: 451 4.7.1 at rcpt']);
  await d.stop();
  await server.stop();
});

test('with both relays down the state says so, and mail flows when one is back', async () => {
  const [a, b] = [await closedPort(), await closedPort()];
  const d = demo(`relay=smtp://127.0.0.1:${a}`, `relay=smtp://127.0.0.1:${b}`);
  for (let i = 0; i < 50; i++) d.mail(`A${i}`);
  await d.event('failed', 'A0');
  let state = await d.state();
  for (let i = 0; state.well && i < 50; i++) state = await d.state();
  assert.equal(state.well, false);
  assert.match(state.why, /^relay 1: .*; relay 2: /);
  for (const end = Date.now() + 1500; state.queued < 40 && Date.now() < end; ) state = await d.state();
  assert.ok(state.queued >= 40, `a dead relay is not asked for each mail: ${state.queued} wait`);
  const server = await startSmtp({ port: b });
  await server.until(50, 12000);
  await d.until((e) => e.event === 'sent' && e.id === 'eml_A49');
  assert.equal((await d.state()).well, true);
  await d.stop();
  await server.stop();
});

test('nothing typed by a stranger becomes a command or a header', async () => {
  const server = await startSmtp();
  const d = demo(url(server));
  const evil = [];
  for (let c = 0; c < 256; c++) {
    if (c === 0) continue; // no such byte in a line of the source's
    const byte = String.fromCodePoint(c);
    evil.push({ to: `a${byte}RCPT TO:<eve@evil.test>@example.org` }, { to: `a${byte}b@example.org` });
    evil.push({ to: `ada@exam${byte}ple.org` }, { return_path: `a${byte}b@example.org` });
    evil.push({ name: `A${byte}Bcc: eve@evil.test` }, { subject: `A${byte}Bcc: eve@evil.test` });
  }
  for (const crlf of ['\r\n', '\n', '\r', '\u2028', '\u0085', '%0d%0a', '\u560d\u560a']) {
    evil.push({ to: `<ada@example.org>${crlf}RCPT TO:<eve@evil.test>` }, { subject: `x${crlf}Bcc: eve@evil.test${crlf}${crlf}.${crlf}RCPT TO:<eve@evil.test>` });
    evil.push({ text: `x${crlf}.${crlf}MAIL FROM:<eve@evil.test>${crlf}RCPT TO:<eve@evil.test>${crlf}DATA` }, { language: `en${crlf}Bcc: eve@evil.test` });
  }
  evil.forEach((fields, i) => d.mail(`E${i}`, fields));
  d.mail('LAST', { kind: 'other' });
  await d.event('sent', 'LAST', 60000);
  await d.until(() => d.events.filter((e) => e.event === 'sent' || e.final).length === evil.length + 1);
  for (const m of server.mails) {
    assert.equal(m.to.length, 1);
    const head = m.raw.toString('latin1').split('\r\n\r\n')[0];
    for (const line of head.split('\r\n')) {
      assert.match(line, /^( |(Date|From|To|Subject|Message-ID|Auto-Submitted|X-Auto-Response-Suppress|Content-Language|MIME-Version|Content-Type|Content-Transfer-Encoding): )/);
    }
    assert.ok(!/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(m.raw.toString('latin1')));
  }
  const commands = server.lines.filter((l) => /^(MAIL FROM|RCPT TO|DATA|EHLO|QUIT)/i.test(l));
  assert.deepEqual(server.lines.filter((l) => !commands.includes(l)), [], 'nothing else was said');
  assert.equal(commands.find((l) => /evil\.test>/i.test(l)), undefined);
  const refusedByRelay = d.events.filter((e) => e.why && / at rcpt$/.test(e.why)).length; // a no-break space, which this one takes for white space
  assert.equal(commands.filter((l) => /^RCPT/i.test(l)).length, server.mails.length + refusedByRelay);
  assert.ok(refusedByRelay <= 1 && server.mails.length > 500);
  await d.stop();
  await server.stop();
});

test('an address outside ASCII goes to a relay that offers SMTPUTF8, and to no other', async () => {
  const without = await startSmtp({ utf8: false });
  const offers = await startSmtp();
  const both = demo(url(without), url(offers));
  both.mail('WARM');
  await both.event('sent', 'WARM');
  both.mail('A', { to: '用户@example.org' });
  await both.event('sent', 'A');
  assert.equal(offers.mails[0].to[0], '用户@example.org');
  assert.equal(offers.mails[0].options.SMTPUTF8, true);
  assert.equal(parsed(offers.mails[0].raw).addr, '用户@example.org');
  assert.equal((await both.state()).well, true, 'the first relay did nothing wrong');
  const one = demo(url(without));
  one.mail('B', { to: '用户@example.org' });
  const e = await one.event('failed', 'B');
  assert.deepEqual([e.final, e.why], [true, 'address needs SMTPUTF8, which no relay offers']);
  assert.ok(!without.lines.some((l) => /RCPT/.test(l) && /[^\x20-\x7e]/.test(l)), 'RCPT was never said');
  await both.stop();
  await one.stop();
  await without.stop();
  await offers.stop();
});

function certificate(name) {
  const [key, cert] = [join(scratch, `${name}.key`), join(scratch, `${name}.pem`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key,
    '-out', cert, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`], { stdio: 'ignore' });
  return { cert, tls: { key: readFileSync(key), cert: readFileSync(cert) } };
}

test('TLS is demanded beyond this machine, and the certificate is checked', async () => {
  const name = 'relay.localhost';
  const { cert, tls } = certificate(name);
  const other = certificate('other.test');
  const auth = { user: 'gateway', password: 'pass word=ü' };
  const starttls = await startSmtp({ tls, auth });
  const smtps = await startSmtp({ tls, auth, secure: true });
  const plain = await startSmtp();
  const user = [`user=${auth.user}`, `password=${auth.password}`];
  const rows = [
    ['STARTTLS', [`relay=smtp://${name}:${starttls.port}`, `ca=${cert}`, ...user], starttls],
    ['TLS at once', [`relay=smtps://${name}:${smtps.port}`, `ca=${cert}`, ...user], smtps],
    ['TLS at once on this machine', [`relay=smtps://127.0.0.1:${smtps.port}`, `ca=${cert}`, ...user], smtps],
    ['a relay without STARTTLS', [`relay=smtp://${name}:${plain.port}`, `ca=${cert}`], null],
    ['a certificate of somebody else', [`relay=smtp://${name}:${starttls.port}`, `ca=${other.cert}`, ...user], null],
    ['a certificate nobody knows', [`relay=smtps://127.0.0.1:${smtps.port}`, ...user], null],
    ['a wrong password', [`relay=smtp://${name}:${starttls.port}`, `ca=${cert}`, 'user=gateway', 'password=no'], null],
  ];
  for (const [label, options, server] of rows) {
    const d = demo(...options);
    const before = server?.mails.length;
    d.mail('A');
    const e = await d.until((x) => x.event === 'sent' || x.event === 'failed', 5000);
    assert.equal(e.event, server ? 'sent' : 'failed', `${label}: ${JSON.stringify(e)}`);
    if (server) {
      const mail = server.mails[before];
      assert.deepEqual([mail.secure, mail.user], [true, auth.user], label);
    } else {
      assert.equal(e.final, false, label);
      assert.equal((await d.state()).well, false, label);
    }
    await d.stop();
  }
  assert.equal(plain.mails.length, 0);
  assert.ok(!plain.lines.some((l) => /^MAIL/.test(l)));
  for (const s of [starttls, smtps, plain]) await s.stop();
});

test('a relay that says nothing more does not hold up the stop', async () => {
  const sockets = [];
  const dumb = net.createServer((s) => sockets.push(s) && s.on('error', () => {})).listen(0, '127.0.0.1');
  await new Promise((done) => dumb.once('listening', done));
  const server = await startSmtp();
  const d = demo(`relay=smtp://127.0.0.1:${dumb.address().port}`, url(server));
  d.mail('A');
  await d.event('sent', 'A', 12000); // after the time to connect, by the second
  d.mail('B');
  await d.event('sent', 'B', 1000); // at once: the first one rests
  server.server.connections.forEach((c) => c._socket.pause()); // a kept connection on which QUIT is never answered
  assert.ok((await d.stop()) < 2000);
  sockets.forEach((s) => s.destroy());
  dumb.close();
  await server.stop();
});

test('a relay that does not answer QUIT holds up nobody', async () => {
  const say = { EHLO: '250 rude', MAIL: '250 ok', RCPT: '550 5.1.1 nobody' };
  const rude = net.createServer((s) => {
    s.on('error', () => {}).on('data', (chunk) => {
      const answer = say[chunk.toString('latin1').slice(0, 4)];
      if (answer) s.write(`${answer}\r\n`);
    });
    s.write('220 rude\r\n');
  });
  await new Promise((done) => rude.listen(0, '127.0.0.1', done));
  const d = demo(`relay=smtp://127.0.0.1:${rude.address().port}`);
  d.mail('A');
  const e = await d.event('failed', 'A', 1000);
  assert.deepEqual([e.final, e.why], [true, '550 5.1.1 at rcpt']);
  assert.ok((await d.stop()) < 2000);
  rude.close();
});

test('a kept connection that the relay has closed costs nothing', async () => {
  const server = await startSmtp();
  const d = demo(url(server));
  d.mail('A');
  await d.event('sent', 'A');
  server.server.connections.forEach((c) => c._socket.destroy());
  d.mail('B'); // closed while nothing was going on
  await d.event('sent', 'B', 1000);
  server.mood = {
    get mail() {
      server.mood = {};
      return 'drop';
    },
  };
  d.mail('C'); // closed at the very moment it is used again
  await d.event('sent', 'C', 1000);
  assert.ok(!/mail_relay_down/.test(d.log()));
  await d.stop();
  await server.stop();
});

test('without a relay every mail is a file', async () => {
  const folder = join(scratch, 'mail');
  const d = demo(`folder=${folder}`);
  d.mail('A', { subject: '您的驗證碼' });
  d.mail('B');
  await d.event('sent', 'A');
  await d.event('sent', 'B');
  const names = readdirSync(folder).sort();
  assert.deepEqual(names.map((n) => n.replace(/^\d{8}T\d{9}Z-/, '')), ['eml_A.eml', 'eml_B.eml']);
  assert.equal(parsed(readFileSync(join(folder, names[0]))).subject, '您的驗證碼');
  await d.stop();
});

test('with limits on, one domain is written to at a pace, and codes are not', async () => {
  const server = await startSmtp();
  const d = demo(url(server), 'limits=on');
  for (let i = 0; i < 125; i++) d.mail(`P${i}`, { kind: 'other' });
  d.mail('CODE');
  await server.until(126, 20000);
  await d.event('sent', 'P124');
  const held = d.events.filter((e) => e.event === 'later');
  assert.ok(held.length >= 1 && held.length <= 5, `${held.length} were held`); // turns come back while the burst is sent
  for (const e of held) {
    assert.ok(Number(e.id.slice(5)) >= 120, e.id);
    assert.ok(d.events.find((x) => x.event === 'sent' && x.id === e.id).at >= e.at, e.id);
  }
  await d.stop();
  await server.stop();
});
