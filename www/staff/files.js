// Files that came with a message: what they are, whether they were scanned, and where to get them.
import { el, said } from '/dom.js';
import { word } from '/words.js';

const FILE_STATES = {
  waiting: 'waits for the virus scanner', clean: 'scanned', unscanned: 'not scanned: no scanner is configured', held: 'held: it could not be scanned, we try again',
  infected: 'infected', kept: 'only in the original',
};
const WHYS = {
  'scanner-away': 'the scanner does not answer', 'scanner-timeout': 'the scanner took too long', 'scanner-limit': 'a limit of the scanner was exceeded',
  'scanner-error': 'the scanner reported an error', 'scanner-unclear': 'the scanner gave no clear answer', unreadable: 'its bytes cannot be read',
  'file-kind': 'a kind we do not take', 'file-content': 'its content is none we take', 'file-differs': 'its ending does not fit its content',
  'file-pixels': 'more than 40 million pixels', 'file-utf8': 'not UTF-8', 'file-double': 'two kinds at once', 'file-large': 'larger than 10 MB',
  'file-empty': 'empty', 'file-many': 'too many of them', 'not-stored': 'there was no room on the disk',
};

const sizeOf = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function row(f) {
  const given = f.state === 'clean' || f.state === 'unscanned', name = said(f.name);
  return el('li', { class: f.state },
    given ? el('a', { href: `/api/files/${f.file}`, download: true }, name) : name,
    ` ${f.type}, ${sizeOf(f.size)} · `, el('b', {}, word(FILE_STATES, f.state)), f.why && ` (${word(WHYS, f.why)})`,
    !f.proven && ' · sender not proven');
}

export const files = (list) => list?.length > 0 && el('ul', { class: 'files', 'aria-label': 'Files' }, list.map(row));
