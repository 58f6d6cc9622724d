// The words of a message: another's words and signatures are folded, nothing is left out.
import { el } from '/dom.js';

const NAMES = { quoted: 'Quoted', signature: 'Signature' };

// Blank lines at both ends only keep parts apart.
const as = (text) => el('p', { class: 'text', dir: 'auto' }, text);
const words = (lines) => as(lines.join('\n').replace(/^(\s*\n)+|\s+$/g, ''));
const written = (lines) => lines.filter((line) => line.trim() !== '').length;

function fold(kind, lines) {
  const n = written(lines);
  return el('details', { class: 'fold' }, el('summary', {}, `${NAMES[kind] ?? kind}, ${n} ${n === 1 ? 'line' : 'lines'}`), words(lines));
}

export function folded(text, folds = []) {
  if (folds.length === 0) return [as(text)];
  const lines = text.split('\n'), parts = [];
  let next = 0;
  const own = (end) => written(lines.slice(next, end)) > 0 && parts.push(words(lines.slice(next, end)));
  for (const f of folds) {
    own(f.line);
    next = f.line + f.lines;
    parts.push(fold(f.kind, lines.slice(f.line, next)));
  }
  own(lines.length);
  return parts;
}
