// A string that nobody translated, or translated wrongly, stops the build and says where.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

// Builds a copy of www in which one file was changed; the faults, or '' where it built.
function faults(file, from, to) {
  const folder = mkdtempSync(join(tmpdir(), 'pages-build-'));
  try {
    cpSync('www', join(folder, 'www'), { recursive: true });
    if (file) {
      const text = readFileSync(join(folder, 'www', file), 'utf8');
      assert.ok(text.includes(from), `${file} has ${from}`);
      writeFileSync(join(folder, 'www', file), text.replace(from, to));
    }
    const run = spawnSync('node', ['www/build.mjs', 'out'], { cwd: folder, encoding: 'utf8' });
    assert.equal(run.status === 0, run.stderr === '', run.stderr);
    return run.stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const table = [
  ['nothing changed', null, '', '', /^$/],
  ['a new English string', 'catalog.json', '"Solved"', '"Done"', /^www\/po\/zh-TW\.po:1: no translation of state\.solved "Done" \(www\/catalog\.json\)$/m],
  ['a string nobody uses', 'catalog.json', '"state.solved": "Solved",', '', /^www\/po\/de\.po:\d+: nothing uses "Solved"$/m],
  ['an empty translation', 'po/de.po', 'msgstr "Ihre Anfrage"', 'msgstr ""', /^www\/po\/de\.po:\d+: no translation of request "Your request" \(www\/pages\/request\.mustache:\d+\)$/m],
  ['a fuzzy one', 'po/ja.po', 'msgctxt "error"', '#, fuzzy\nmsgctxt "error"', /^www\/po\/ja\.po:\d+: fuzzy: "Error:"$/m],
  ['another placeholder', 'po/es.po', 'Solicitud {reference}', 'Solicitud {referencia}', /^www\/po\/es\.po:\d+: placeholders differ: "Request \{reference\}"$/m],
  ['a tag in a translation', 'po/es.po', 'msgstr "Solicitud {reference}"', 'msgstr "Solicitud {{reference}}"', /a translation must not hold tags/],
  ['a file that is not PO', 'po/ar.po', 'msgctxt "form"', 'mgsctxt "form"', /^www\/po\/ar\.po: msgfmt -c: /m],
  ['a message that is not closed', 'pages/form.mustache', '[[form|Tell us what is wrong]]</h1>', '[[form|Tell us what is wrong</h1>', /^www\/pages\/form\.mustache: a message is not closed$/m],
  ['a raw value in a page', 'pages/form.mustache', '{{email}}', '{{{email}}}', /^www\/pages\/form\.mustache: a raw value in a page$/m],
  ['a style that ends its element', 'pages/form.css', '* {', '/**/ a:after { content: "</style>" } * {', /would end its own element/],
];

for (const [label, file, from, to, want] of table) test(label, () => assert.match(faults(file, from, to), want));
