// Tools of the browser tests: Debian's Chromium, the gateway's own renderer, a small server, axe.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);

export const SHARE = process.env.POSTERN_SHARE ?? 'build/share';
export const RENDER = process.env.POSTERN_RENDER ?? 'build/tools/render_page';
export const languages = JSON.parse(readFileSync(`${SHARE}/pages/languages.json`, 'utf8'));
export const policy = JSON.parse(readFileSync(`${SHARE}/pages/csp.json`, 'utf8')).policy;
export const words = (lang) => JSON.parse(readFileSync(`${SHARE}/catalog/${lang}.json`, 'utf8'));

// One page as the gateway prints it. name: a page, or "mail/code.txt" and the like.
export function render(lang, name, data) {
  return execFileSync(RENDER, [SHARE, lang, name], { input: JSON.stringify(data), encoding: 'utf8' });
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run', '--renderer-process-limit=1', '--disable-features=IsolateOrigins,site-per-process', '--font-render-hinting=none'],
  });
}

// handle(method, path, body, headers) answers {status, headers, body}, null for no answer at all (the
// connection is cut), undefined for 404. Pages get the policy they have in the gateway.
export function serve(handle) {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece) => { body += piece; }).on('end', () => {
      const answer = handle(request.method, request.url, body, request.headers);
      if (answer === null) return request.socket.destroy();
      const { status = 200, headers = {}, body: out = '' } = answer ?? { status: 404 };
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, ...headers });
      response.end(out);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({
      origin: `http://127.0.0.1:${server.address().port}`,
      close: () => { server.closeAllConnections(); return new Promise((done) => server.close(done)); },
    }));
  });
}

// Every error a page causes, as text: exceptions, console errors and refusals by the policy.
// An answer that is meant to be an error (a 422 page) is not one.
export function watch(page) {
  const seen = [];
  page.on('pageerror', (e) => seen.push(`exception: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/^Failed to load resource/.test(m.text())) seen.push(`console: ${m.text()}`);
  });
  return seen;
}

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// Violations as "rule: target". The context needs bypassCSP, because axe is a script of its own.
export async function axe(page, rules = RULES) {
  if (!await page.evaluate(() => globalThis.axe !== undefined)) await page.evaluate((source) => { new Function(source)(); }, AXE);
  const found = await page.evaluate((only) => globalThis.axe.run(document, { runOnly: only, resultTypes: ['violations'] }), rules);
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary ?? ''}`));
}

// How many CSS pixels the page is wider than its window: 0 where nothing has to be scrolled sideways.
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// Waits until look(arg) is true in the page. Playwright's own waiting needs eval, which the policy refuses.
export async function until(page, look, arg) {
  for (const end = Date.now() + 30000; Date.now() < end;) {
    const holds = await page.evaluate(look, arg).catch((e) => {
      if (!/context was destroyed/.test(e.message)) throw e; // between two pages: look again
    });
    if (holds) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`still not so after 30 s: ${look}`);
}
