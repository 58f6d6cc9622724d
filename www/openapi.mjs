#!/usr/bin/env node
// www/openapi.yaml as JSON, for GET /openapi.json:   node www/openapi.mjs OUT
//
// Reads the part of YAML 1.2 that the file keeps to, and refuses the rest with its line: block mappings and sequences,
// flow ones on one line, plain and double-quoted scalars, folded text (>-), whole-line comments. References are checked.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

class Fault extends Error {}

function scalar(text) {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return Number(text);
  if (text.startsWith('"')) return JSON.parse(text);
  if (/^['&*!|>%@`]|: |\s#/.test(text)) throw new Fault(`cannot read ${text}`);
  return text;
}

// One flow value that begins at `at`; answers it and where it ended.
function flow(text, at) {
  const space = () => { while (text[at] === ' ') at++; };
  const word = (stops) => {
    const begin = at;
    if (text[at] === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
      return text.slice(begin, ++at);
    }
    while (at < text.length && !stops.includes(text[at])) at++;
    return text.slice(begin, at).trim();
  };
  const value = () => {
    space();
    if (text[at] !== '{' && text[at] !== '[') return scalar(word(',]}'));
    const close = text[at] === '{' ? '}' : ']', out = close === '}' ? {} : [];
    for (at++, space(); text[at] !== close;) {
      if (close === ']') out.push(value());
      else {
        const key = word(':');
        if (text[at++] !== ':') throw new Fault(`no value for ${key}`);
        put(out, String(scalar(key)), value());
      }
      space();
      if (text[at] === ',') at++;
      else if (text[at] !== close) throw new Fault(`no ${close} at the end of ${text}`);
      space();
    }
    at++;
    return out;
  };
  const out = value();
  space();
  if (at !== text.length) throw new Fault(`${text.slice(at)} stands behind the end`);
  return out;
}

function put(object, key, value) {
  if (Object.hasOwn(object, key)) throw new Fault(`${key} a second time`);
  object[key] = value;
}

const KEY = /^("(?:[^"\\]|\\.)*"|[^\s"{[][^:]*):(?: +(.*))?$/;

export function parseYaml(source) {
  const lines = source.split('\n').map((text, i) => ({ text: text.trimEnd(), number: i + 1 }))
    .filter(({ text }) => text.trim() && !text.trim().startsWith('#'))
    .map((line) => ({ ...line, depth: line.text.search(/\S/), text: line.text.trim() }));
  let n = 0;

  const folded = (depth) => {
    const words = [];
    while (n < lines.length && lines[n].depth > depth) words.push(lines[n++].text);
    return words.join(' ');
  };
  const inline = (text, depth) => {
    if (text === '>-') return folded(depth);
    if (text) return '{['.includes(text[0]) ? flow(text, 0) : scalar(text);
    return n < lines.length && lines[n].depth > depth ? block(lines[n].depth) : null;
  };
  const block = (depth) => {
    const out = lines[n].text.startsWith('- ') ? [] : {};
    while (n < lines.length && lines[n].depth === depth) {
      const line = lines[n];
      if (Array.isArray(out)) {
        if (!line.text.startsWith('- ')) throw new Fault('not an item');
        // The item's own text stands two columns further in.
        lines[n] = { ...line, text: line.text.slice(2).trim(), depth: depth + 2 };
        if (KEY.test(lines[n].text)) out.push(block(depth + 2));
        else { n++; out.push(inline(lines[n - 1].text, depth)); }
      } else {
        const [, key, rest = ''] = KEY.exec(line.text) ?? [];
        if (key === undefined) throw new Fault('neither a key nor an item');
        n++;
        put(out, String(scalar(key)), inline(rest.trim(), depth));
      }
    }
    if (n < lines.length && lines[n].depth > depth) throw new Fault('is indented too far');
    return out;
  };
  try {
    return block(0);
  } catch (e) {
    if (!(e instanceof Fault) && !(e instanceof SyntaxError)) throw e;
    throw new Fault(`line ${lines[Math.min(n, lines.length - 1)].number}: ${e.message}`);
  }
}

function checkReferences(root, node = root) {
  if (node === null || typeof node !== 'object') return;
  if (typeof node.$ref === 'string' &&
      node.$ref.slice(2).split('/').reduce((at, step) => at?.[step.replaceAll('~1', '/')], root) === undefined)
    throw new Fault(`nothing is at ${node.$ref}`);
  for (const value of Object.values(node)) checkReferences(root, value);
}

export function openapi() {
  const document = parseYaml(readFileSync(new URL('openapi.yaml', import.meta.url), 'utf8'));
  checkReferences(document);
  return document;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const [out] = process.argv.slice(2);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, JSON.stringify(openapi()));
  } catch (e) {
    if (!(e instanceof Fault)) throw e;
    console.error(`www/openapi.yaml: ${e.message}`);
    process.exit(1);
  }
}
