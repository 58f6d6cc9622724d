// The gateway's renderer prints every page and mail as the reference implementation of mustache does.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import Mustache from 'mustache';
import { fixtures, mails } from './fixtures.mjs';
import { languages, render, SHARE, words } from './kit.mjs';

const REFERENCES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (value) => String(value).replace(/[&<>"']/g, (c) => REFERENCES[c]);
const around = { brand: 'Example Cloud', phone: '+886 2 1234 5678', phone_tel: '+886212345678' }; // as render_page.c

const folder = (at) => Object.fromEntries(readdirSync(at).filter((f) => f.endsWith('.mustache'))
  .map((f) => [f.replace(/\.mustache$/, ''), readFileSync(`${at}/${f}`, 'utf8')]));

for (const { code } of languages) {
  const pages = folder(`${SHARE}/pages/${code}`), letters = folder(`${SHARE}/mail/${code}`);

  for (const [name, { page, data }] of Object.entries(fixtures(words(code))))
    test(`${code} ${name}`, () => {
      assert.equal(render(code, page, data), Mustache.render(pages[page], { ...around, ...data }, pages, { escape }));
    });

  for (const [name, source] of Object.entries(letters))
    test(`${code} mail/${name}`, () => {
      const data = mails[name.split('.')[0]], plain = name.endsWith('.txt');
      assert.equal(render(code, `mail/${name}`, data), Mustache.render(source, { ...around, ...data }, {}, { escape: plain ? String : escape }));
    });
}
