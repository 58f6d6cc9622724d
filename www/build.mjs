#!/usr/bin/env node
// Builds what the gateway serves from www/: translated templates, mails, catalogues and the
// content security policy. Needs Node 18 and gettext's msgfmt, nothing from npm.
//
//   node www/build.mjs [OUT]     writes OUT (build/share); any missing, fuzzy or broken string fails it
//   node www/build.mjs --pot     prints every string to translate, for msgmerge
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const WWW = dirname(fileURLToPath(import.meta.url));

// Order is the order of the language list; the first is the source and the last resort.
export const LANGUAGES = [
  { code: 'en', name: 'English', dir: 'ltr' },
  { code: 'zh-TW', name: '繁體中文', dir: 'ltr' },
  { code: 'ja', name: '日本語', dir: 'ltr' },
  { code: 'de', name: 'Deutsch', dir: 'ltr' },
  { code: 'es', name: 'Español', dir: 'ltr' },
  { code: 'ar', name: 'العربية', dir: 'rtl' },
];

const faults = [];
const fault = (where, reason) => faults.push(`${where}: ${reason}`);

// ---- messages in templates: [[context|Text with {x}.|x=HTML for {x}|y=…]] ----

const MESSAGE = /\[\[([a-z]+)\|((?:[^\]]|\](?!\]))*)\]\]/g;
const PLACE = /\{([a-z_]+)\}/g;

function message(inner) {
  const [text, ...rest] = inner.split('|');
  return { text, parts: Object.fromEntries(rest.map((p) => [p.slice(0, p.indexOf('=')), p.slice(p.indexOf('=') + 1)])) };
}

const lineOf = (s, at) => s.slice(0, at).split('\n').length;
const places = (s) => [...s.matchAll(PLACE)].map((m) => m[1]).sort().join();
const escapeHtml = (s) => s.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

// ---- gettext ----

const poText = (s) => JSON.parse(`"${s}"`);
const poQuote = (s) => JSON.stringify(s);

export function parsePo(source, file) {
  const out = new Map();
  let entry = {}, field = null;
  const flush = () => {
    if (entry.msgid) out.set(`${entry.msgctxt}\u0004${entry.msgid}`, entry);
    entry = {};
  };
  source.split('\n').forEach((line, i) => {
    const m = /^(msgctxt|msgid|msgstr) "(.*)"$/.exec(line) || /^()"(.*)"$/.exec(line);
    if (line.trim() === '') { flush(); field = null; } else if (line.startsWith('#,')) entry.fuzzy = /\bfuzzy\b/.test(line);
    else if (line.startsWith('#')) return;
    else if (!m) fault(`${file}:${i + 1}`, 'not a line of a PO file');
    else if (m[1]) { field = m[1]; entry[field] = poText(m[2]); entry.line = i + 1; } else entry[field] += poText(m[2]);
  });
  flush();
  return out;
}

class Language {
  constructor(spec) {
    Object.assign(this, spec);
    this.file = join(WWW, 'po', `${this.code}.po`);
    this.source = this.code === 'en';
    this.used = new Set();
    if (!this.source) this.po = parsePo(readFileSync(this.file, 'utf8'), relative('.', this.file));
  }

  // The translation of a string; where it is missing or unsound, a fault.
  say(context, text, where) {
    if (this.source) return text;
    const id = `${context}\u0004${text}`, found = this.po.get(id), at = `${relative('.', this.file)}:${found?.line ?? 1}`;
    this.used.add(id);
    if (!found?.msgstr) fault(at, `no translation of ${context} "${text}" (${where})`);
    else if (found.fuzzy) fault(at, `fuzzy: "${text}"`);
    else if (places(found.msgstr) !== places(text)) fault(at, `placeholders differ: "${text}"`);
    else if (/\{\{|\}\}|\[\[|\]\]/.test(found.msgstr)) fault(at, 'a translation must not hold tags');
    else return found.msgstr;
    return text;
  }

  leftOver() {
    if (this.source) return;
    for (const [id, entry] of this.po)
      if (!this.used.has(id)) fault(`${relative('.', this.file)}:${entry.line}`, `nothing uses "${entry.msgid}"`);
  }
}

// ---- sources ----

function folder(name) {
  const at = join(WWW, name);
  return readdirSync(at).filter((f) => f.endsWith('.mustache')).sort()
    .map((f) => ({ name: f, file: relative('.', join(at, f)), html: !f.endsWith('.txt.mustache'), text: readFileSync(join(at, f), 'utf8') }));
}

const minifyCss = (s) => s.replace(/\/\*[^]*?\*\//g, '').replace(/\s+/g, ' ').replace(/ ?([{};,]) ?/g, '$1')
  .replace(/: /g, ':').replace(/;}/g, '}').trim();
// Whole-line comments and indentation only: the script stays readable where it is served.
const minifyJs = (s) => s.split('\n').map((l) => l.trim()).filter((l) => l && !l.startsWith('//')).join('\n');
const minifyHtml = (s) => s.split('\n').map((l) => l.trim()).filter(Boolean).join('\n') + '\n';

function languageList(current) {
  const item = (l) => {
    const here = l.code === current.code ? ' aria-current="true"' : '';
    return `<li><a href="/${l.code}/" lang="${l.code}" hreflang="${l.code}" dir="${l.dir}"${here}>${l.name}</a></li>`;
  };
  return `<ul>${LANGUAGES.map(item).join('')}</ul>`;
}

function bake(source, language, constants) {
  const translated = source.text.replace(MESSAGE, (whole, context, inner, at) => {
    const { text, parts } = message(inner);
    const said = language.say(context, text, `${source.file}:${lineOf(source.text, at)}`);
    return (source.html ? escapeHtml(said) : said).replace(PLACE, (_, name) => parts[name] ?? `{{${name}}}`);
  });
  if (/\[\[|\]\]/.test(translated)) fault(source.file, 'a message is not closed');
  if (source.html && translated.includes('{{{')) fault(source.file, 'a raw value in a page');
  const laidOut = source.html ? minifyHtml(translated) : translated;
  return laidOut.replace(/@([a-z]+)@/g, (whole, name) => constants[name] ?? whole);
}

function write(out, path, text) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), text);
}

const hash = (s) => `'sha256-${createHash('sha256').update(s).digest('base64')}'`;

// Everything comes from the page itself; only its own style and script run.
function policy(css, scripts) {
  return ["default-src 'none'", `style-src ${hash(css)}`, `script-src ${scripts.map(hash).join(' ')}`, 'img-src data:', "connect-src 'self'",
    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"].join('; ');
}

// ---- the two commands ----

function strings() {
  const found = new Map();
  const add = (context, text, where) => {
    const id = `${context}\u0004${text}`;
    if (!found.has(id)) found.set(id, { context, text, where: [] });
    found.get(id).where.push(where);
  };
  for (const source of [...folder('pages'), ...folder('mail')])
    for (const m of source.text.matchAll(MESSAGE)) add(m[1], message(m[2]).text, `${source.file}:${lineOf(source.text, m.index)}`);
  for (const [key, text] of Object.entries(catalogue())) add(key, text, 'www/catalog.json');
  return [...found.values()];
}

const catalogue = () => JSON.parse(readFileSync(join(WWW, 'catalog.json'), 'utf8'));

function pot() {
  const head = 'msgid ""\nmsgstr ""\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n';
  const one = (s) => `#: ${s.where.join(' ')}\nmsgctxt ${poQuote(s.context)}\nmsgid ${poQuote(s.text)}\nmsgstr ""\n`;
  process.stdout.write([head, ...strings().map(one)].join('\n'));
}

function checkPo(language) {
  if (language.source) return;
  try {
    execFileSync('msgfmt', ['-c', '-o', '/dev/null', language.file], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (e) {
    fault(relative('.', language.file), e.code === 'ENOENT' ? 'msgfmt is missing: install gettext' : `msgfmt -c: ${e.stderr}`);
  }
}

// The staff console is served as it is written, file by file.
function staff(out) {
  const shrink = { '.js': minifyJs, '.css': minifyCss, '.html': minifyHtml };
  for (const name of readdirSync(join(WWW, 'staff')))
    write(out, `staff/${name}`, shrink[extname(name)](readFileSync(join(WWW, 'staff', name), 'utf8')));
}

function build(out) {
  const css = minifyCss(readFileSync(join(WWW, 'pages/form.css'), 'utf8'));
  const [js, files] = ['form.js', 'files.js'].map((name) => minifyJs(readFileSync(join(WWW, 'pages', name), 'utf8')));
  if (/\{\{/.test(css + js + files)) fault('www/pages/form.css', 'two braces in a row would be a tag');
  if (/<\/(style|script)/i.test(css + js + files)) fault('www/pages/form.js', 'would end its own element');
  for (const spec of LANGUAGES) {
    const language = new Language(spec);
    const constants = {
      lang: language.code, dir: language.dir, start: language.dir === 'rtl' ? 'right' : 'left', css, js, files, languages: languageList(language),
    };
    checkPo(language);
    for (const room of ['pages', 'mail'])
      for (const source of folder(room)) write(out, `${room}/${language.code}/${source.name}`, bake(source, language, constants));
    const said = Object.entries(catalogue()).map(([key, text]) => [key, language.say(key, text, 'www/catalog.json')]);
    write(out, `catalog/${language.code}.json`, JSON.stringify(Object.fromEntries(said), null, 1) + '\n');
    language.leftOver();
  }
  staff(out);
  write(out, 'pages/csp.json', JSON.stringify({ policy: policy(css, [js, files]) }) + '\n');
  write(out, 'pages/languages.json', JSON.stringify(LANGUAGES) + '\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [arg = 'build/share'] = process.argv.slice(2);
  if (arg === '--pot') pot();
  else {
    for (const room of ['pages', 'mail', 'catalog', 'staff']) rmSync(join(arg, room), { recursive: true, force: true });
    build(arg);
    if (faults.length > 0) {
      process.stderr.write(faults.join('\n') + '\n');
      process.exit(1);
    }
  }
}
