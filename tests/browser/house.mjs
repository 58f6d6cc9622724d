// The whole gateway for browser tests: a running daemon, people at the form and staff at the console.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { open, freePort, until as eventually } from '../live/kit.mjs';
import { launch, overflow, until, watch } from './kit.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const PASSWORD = 'four plain words in a row';

export const BRAND = 'Example Cloud';

// What a developer tool would do: axe runs although the page's policy lets no foreign script in.
async function audit(page, rules) {
  const tool = await page.context().newCDPSession(page);
  const run = `globalThis.axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'] }).then((r) =>
    r.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target.join(' ') + ' ' + n.failureSummary)))`;
  const { result: there } = await tool.send('Runtime.evaluate', { expression: 'globalThis.axe !== undefined' });
  if (!there.value) await tool.send('Runtime.evaluate', { expression: `(() => { ${AXE} })()` });
  const { result, exceptionDetails } = await tool.send('Runtime.evaluate', { expression: run, awaitPromise: true, returnByValue: true });
  await tool.detach();
  assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
  return result.value;
}

// A page whose errors count: console, exceptions, refusals by the policy.
export class Visit {
  constructor(house, context, page, origin, scripts) {
    Object.assign(this, { house, context, page, origin, scripts, errors: watch(page) });
  }

  go(path) {
    return this.page.goto(this.origin + path);
  }

  // Looks at the page as it is now: nothing sticks out sideways, axe finds nothing by day and by night.
  async look(what) {
    assert.equal(await overflow(this.page), 0, `${what} is too wide`);
    assert.deepEqual(this.errors, [], what);
    if (!this.scripts) return; // axe cannot run there; the page is the same
    await this.page.emulateMedia({ colorScheme: 'light' });
    assert.deepEqual(await audit(this.page, WCAG), [], what);
    await this.page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await audit(this.page, ['color-contrast']), [], `${what}, dark`);
    await this.page.emulateMedia({ colorScheme: null });
  }

  until(look, arg) {
    return until(this.page, look, arg);
  }

  sees(text) {
    return until(this.page, (words) => document.body?.innerText.includes(words), text);
  }

  async close() {
    assert.deepEqual(this.errors, []);
    await this.context.close();
  }
}

// A customer's browser at the public door. `told` tells the log check what was typed.
class Customer extends Visit {
  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) await this.page.fill(`#${name}`, value);
    this.house.door.secret(...Object.values(fields));
  }

  async arrive() {
    await this.page.waitForURL(/\/requests\/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]$/);
    return this.reference();
  }

  reference() {
    return this.page.locator('.big bdi').innerText();
  }

  async send() {
    await this.page.click('.go');
    return this.arrive();
  }

  async confirm(code) {
    await this.page.fill('#code', code);
    await this.page.click('form[action$=verify] button');
  }
}

class Staff extends Visit {
  async signIn(name) {
    await this.page.fill('#name', name);
    await this.page.fill('#password', PASSWORD);
    await this.page.click('.go');
    await this.page.waitForSelector('#top:not([hidden])');
    await this.page.waitForSelector('main h1');
  }

  async openQueue(title) {
    await this.go('/#/queues');
    await this.page.click(`.counts a:text-is("${title}")`);
    await this.page.waitForSelector('.tickets tbody tr');
  }

  async openTicket(reference) {
    await this.page.fill('#q', reference);
    await this.page.press('#q', 'Enter');
    await this.page.click(`.tickets tr:has-text("${reference}") a`);
    await this.page.waitForSelector('.timeline li');
  }
}

export class House {
  static async open({ settings = {}, ...more } = {}) {
    const house = new House();
    house.door = await open({ settings: { brand: BRAND, 'help-phone': '+886 2 1234 5678', ...settings }, ...more });
    house.browser = await launch();
    return house;
  }

  async visit(Kind, port, options) {
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 }, ...options });
    return new Kind(this, context, await context.newPage(), `https://localhost:${port}`, options?.javaScriptEnabled !== false);
  }

  customer(options) {
    return this.visit(Customer, this.door.ports.public, options);
  }

  // Somebody of staff, signed in; the member is added where it is new.
  async staff(name, { role = 'agent', ...options } = {}) {
    this.names ??= new Set();
    if (!this.names.has(name)) {
      const added = await this.door.run(['staff', 'add', name, '--role', role], { input: `${PASSWORD}\n` });
      assert.equal(added.code, 0, added.err);
      this.names.add(name);
    }
    const visit = await this.visit(Staff, this.door.ports.staff, options);
    await visit.go('/');
    await visit.page.waitForSelector('#name');
    await visit.signIn(name);
    return visit;
  }

  // Tickets as staff find them.
  async find(staff, q) {
    return staff.page.evaluate(async (words) => (await (await fetch(`/api/search?q=${encodeURIComponent(words)}`)).json()).items, q);
  }

  code(address, n = 1) {
    return eventually(`code ${n} to ${address}`, () => this.door.mails().filter((m) => m.to === address && m.code)[n - 1]).then((m) => m.code);
  }

  async close() {
    await this.browser?.close();
    await this.door?.stop();
  }
}

export { eventually, freePort, PASSWORD };
export const wide = (digits) => digits.replace(/\d/g, (d) => String.fromCharCode(0xff10 + Number(d)));
