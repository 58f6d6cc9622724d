// Every state of every customer page, in every language: can it be read and used by anybody?
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';
import { fixtures } from './fixtures.mjs';
import { axe, languages, launch, overflow, render, serve, watch, words } from './kit.mjs';

const PAGE_BYTES_MAX = 10 * 1024, SCRIPT_BYTES_MAX = 4 * 1024;
const brotli = (s) => brotliCompressSync(s, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

const cases = languages.flatMap(({ code }) => Object.entries(fixtures(words(code)))
  .map(([name, f]) => ({ code, name, status: f.status ?? 200, body: render(code, f.page, f.data) })));
let browser, server;

before(async () => {
  browser = await launch();
  server = await serve((method, path) => cases.find((c) => path === `/${c.code}/${c.name}`));
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const open = (options) => browser.newContext({ viewport: { width: 360, height: 740 }, ...options });

// Visits the given cases in one context and gathers what look() finds, as "language name: finding".
async function visit(context, chosen, look) {
  const page = await context.newPage(), errors = watch(page), found = [];
  for (const c of chosen) {
    await page.goto(`${server.origin}/${c.code}/${c.name}`);
    for (const finding of await look(page, c)) found.push(`${c.code} ${c.name}: ${finding}`);
    for (const e of errors.splice(0)) found.push(`${c.code} ${c.name}: ${e}`);
  }
  await context.close();
  return found;
}

const tooWide = async (page, label) => {
  const n = await overflow(page);
  return n > 0 ? [`${n} px too wide: ${label}`] : [];
};

const styled = (page) => page.evaluate(() => {
  const width = getComputedStyle(document.body).maxWidth;
  return width === '672px' ? [] : [`no style: max-width is ${width}`];
});

const tooSmall = (page) => page.evaluate(() => {
  const small = (css, least) => [...document.querySelectorAll(css)].filter((e) => e.offsetParent)
    .filter((e) => e.getBoundingClientRect().height < least).map((e) => `${e.tagName} ${e.textContent.trim() || e.id} is under ${least} px`);
  return [...small('.tongues a', 24), ...small('button, .choice, summary, .field input, textarea', 44)];
});

const misled = (page) => page.evaluate(() => [...document.querySelectorAll('.box.bad a')].flatMap((a) => {
  const field = document.getElementById(a.hash.slice(1));
  if (!field) return [`${a.hash} leads nowhere`];
  const spoken = (field.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
  return [
    ...(spoken.includes(a.textContent) ? [] : [`${a.hash} does not say it`]),
    ...(field.getAttribute('aria-invalid') === 'true' ? [] : [`${a.hash} is not marked`]),
    ...(field.offsetParent ? [] : [`${a.hash} is hidden`]),
  ];
}));

// One visit of every page under its own policy: style and script run and nobody complains; nothing has to be
// scrolled sideways on a small phone, at 400 % zoom of a desktop or on one; fingers hit what they aim at (24 px
// links in lists, 44 px fields and buttons); each line of an error summary leads to a field that says the same.
for (const { code } of languages)
  test(`${code}: every page stands under its policy, in any width, for any finger`, async () => {
    const found = await visit(await open({}), cases.filter((c) => c.code === code), async (page) => {
      const all = [...await styled(page), ...await tooSmall(page), ...await misled(page)];
      for (const width of [320, 256, 1280]) {
        await page.setViewportSize({ width, height: 640 });
        all.push(...await tooWide(page, `${width} px`));
      }
      return all;
    });
    assert.deepEqual(found, []);
  });

const SPACED = '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }';

// One more with axe, which the policy would keep out: all rules in the light, contrast again in the dark, then
// letters of twice the size and the text spacing of WCAG 1.4.12.
for (const { code } of languages)
  test(`${code}: axe finds nothing, large and spaced letters fit`, async () => {
    const context = await open({ locale: code, bypassCSP: true });
    const found = await visit(context, cases.filter((c) => c.code === code), async (page) => {
      await page.emulateMedia({ colorScheme: 'light' });
      const all = await axe(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      all.push(...(await axe(page, ['color-contrast'])).map((f) => `dark: ${f}`));
      const large = await page.addStyleTag({ content: 'html { font-size: 200% }' });
      all.push(...await tooWide(page, 'letters twice as large'));
      await large.evaluate((e) => e.remove());
      await page.addStyleTag({ content: SPACED });
      all.push(...await tooWide(page, 'spaced letters'));
      return all;
    });
    assert.deepEqual(found, []);
  });

test('forced colours keep every frame', async () => {
  const look = (page) => page.evaluate(() => [...document.querySelectorAll('.field input, textarea, button.go')]
    .filter((e) => e.offsetParent && parseFloat(getComputedStyle(e).borderTopWidth) < 1).map((e) => `${e.id} has no border`));
  assert.deepEqual(await visit(await open({ forcedColors: 'active' }), cases.filter((c) => c.code === 'en'), look), []);
});

test('the first thing to correct has the focus, with and without the script', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const context = await open({ javaScriptEnabled });
    const chosen = cases.filter((c) => c.code === 'ar' && (c.status === 422 || c.name === 'form-not-sent'));
    assert.ok(chosen.length >= 5);
    assert.deepEqual(await visit(context, chosen, async (page) => {
      const focused = page.locator('.box.bad:focus');
      return (await focused.count()) === 1 ? [] : ['the summary has no focus'];
    }), []);
  }
});

test('a title with an error says so first', () => {
  for (const c of cases.filter((x) => x.status === 422)) {
    const error = c.body.match(/<p class="error"[^>]*><b>(.+?)<\/b>/)[1];
    assert.ok(c.body.includes(`<title>${error} `), `${c.code} ${c.name}`);
  }
});

test('what was typed comes back letter for letter', async () => {
  const page = await (await open({})).newPage();
  await page.goto(`${server.origin}/en/form-not-sent`);
  const want = fixtures(words('en'))['form-not-sent'].data;
  assert.equal(await page.inputValue('#problem'), want.problem);
  assert.equal(await page.inputValue('#email'), want.email);
  assert.equal(await page.isChecked('[value=question]'), true);
  await page.goto(`${server.origin}/en/receipt-code`);
  assert.equal(await page.textContent('.said'), fixtures(words('en'))['receipt-code'].data.timeline[0].text);
  await page.context().close();
});

test('the whole form is one request of at most 10 KiB, its script 4', async () => {
  for (const c of cases.filter((x) => /^form-(blank|told)$/.test(x.name))) {
    assert.ok(brotli(c.body) <= PAGE_BYTES_MAX, `${c.code}: ${brotli(c.body)} bytes`);
    assert.ok(brotli(c.body.match(/<script>([^]*)<\/script>/)[1]) <= SCRIPT_BYTES_MAX);
  }
  const page = await (await open({})).newPage(), requests = [];
  page.on('request', (r) => requests.push(r.url()));
  await page.goto(`${server.origin}/en/form-blank`, { waitUntil: 'networkidle' });
  assert.deepEqual(requests.filter((u) => !u.startsWith('data:')), [`${server.origin}/en/form-blank`]);
  await page.context().close();
});

test('printed, a receipt shows the number and no form', async () => {
  const page = await (await open({})).newPage();
  await page.goto(`${server.origin}/en/receipt-code`);
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.isVisible('#ref'));
  assert.equal(await page.locator('form:visible, button:visible').count(), 0);
  await page.context().close();
});
