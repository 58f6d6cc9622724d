#!/usr/bin/env python3
"""What the gateway reads in the mails and replies of the corpora folder, against Python's reader and a table of truth.

    corpora.py READ CHECKED     READ, CHECKED: build/tools/mail_read, the second under sanitizers

CORPORA names the folder (default ../shared/corpora); without it everything is skipped, with a line that says so.
Ends with "corpora: N passed, N failed, N skipped".
"""
import email
import email.policy
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata

TEXT_SHARE = 0.98
OWN_SHARE = 0.95
COST_MAX = 20
GROWTH_MAX = 10  # of four times the bytes: linear is 4, quadratic 16

HERE = os.path.dirname(os.path.abspath(__file__))
CORPORA = os.environ.get('CORPORA', '../shared/corpora')
passed = failed = skipped = 0


def verdict(good, what):
    global passed, failed
    passed, failed = passed + good, failed + (not good)
    print(('ok      ' if good else 'not ok  ') + what)


def run(program, *args):
    """The objects that it prints, a line each; None where it failed."""
    done = subprocess.run([program, *args], capture_output=True)
    if done.returncode != 0:
        sys.stderr.write(done.stderr.decode('utf-8', 'replace'))
        return None
    return [json.loads(line) for line in done.stdout.splitlines()]


def folded(text):
    return ' '.join(text.split())


# ---- mails: the same text as Python's email ----

def leaves(part):
    """Parts that hold something; mails inside are somebody else's."""
    if part.get_content_maintype() == 'multipart':
        for inner in part.get_payload() if part.is_multipart() else []:
            yield from leaves(inner)
    else:
        yield part


def text_of(message):
    """Type, charset and decoded bytes of the first text/plain, else text/html."""
    for kind in ('text/plain', 'text/html'):
        for part in leaves(message):
            if part.get_content_type() == kind:
                return kind, part.get_content_charset(), part.get_payload(decode=True)
    return None, None, b''


def honest(data, charset):
    """The text as Python reads it under its label, or None and why the label cannot be meant."""
    try:
        text = data.decode(charset or 'utf-8')
    except UnicodeDecodeError:
        return None, 'bytes mean nothing in ' + (charset or 'utf-8')
    except LookupError:
        return data.decode('utf-8', 'replace'), None
    if any(unicodedata.category(c) == 'Cc' and ord(c) >= 0x7F for c in text):
        return None, 'control characters, read as ' + charset
    return text, None


def first_difference(ours, theirs):
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    return '%r, not %r' % (ours[max(at - 8, 0):at + 16], theirs[max(at - 8, 0):at + 16])


def told(data, charset):
    """The text as Python reads it when it is told another charset than the label's."""
    try:
        return data.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return None


def compare_mails(read):
    have = labelled = relabelled = 0
    for mail in read:
        name = os.path.basename(mail['file'])
        with open(mail['file'], 'rb') as f:
            kind, charset, data = text_of(email.message_from_bytes(f.read()))
        if kind is None:
            print('        %s: Python has no text' % name)
            continue
        ours = folded(mail['html' if kind == 'text/html' else 'text'])
        theirs, why = honest(data, charset)
        have += 1
        if theirs is None:
            theirs = told(data, mail['charset'])
            print('        %s: a wrong label (%s), read as %s' % (name, why, mail['charset']))
            relabelled += theirs is not None and ours == folded(theirs)
        elif ours == folded(theirs):
            labelled += 1
        if theirs is None or ours != folded(theirs):
            print('        %s: %s' % (name, first_difference(ours, folded(theirs or ''))))
    same = labelled + relabelled
    verdict(same >= TEXT_SHARE * have,
            '%d of %d texts are those of Python (%.1f %%, at least %.0f %%): %d as labelled, %d whose label is wrong' % (
                same, have, 100 * same / have, 100 * TEXT_SHARE, labelled, relabelled))


def compare_files(read):
    """Names and sizes of what is attached, where Python finds something attached."""
    same = have = 0
    for mail in read:
        with open(mail['file'], 'rb') as f:
            message = email.message_from_bytes(f.read(), policy=email.policy.default)
        try:
            theirs = sorted((os.path.basename(p.get_filename()), len(p.get_payload(decode=True) or b''))
                            for p in leaves(message) if p.get_filename() and not p.is_multipart()
                            and 'signature' not in p.get_content_type())
        except (TypeError, ValueError, AttributeError, LookupError):
            continue
        if not theirs:
            continue
        have += 1
        ours = sorted((p['name'], p['bytes']) for p in mail['parts'] if p['name'])
        if ours == theirs:
            same += 1
        else:
            print('        %s: %s, not %s' % (os.path.basename(mail['file']), ours, theirs))
    print('        %d of %d mails with named files: the same names and sizes as in Python' % (same, have))


def mails(read, checked):
    files = sorted(glob.glob(CORPORA + '/mikel-mail/**/*.eml', recursive=True))
    all_read = run(read, *files)
    verdict(all_read is not None and len(all_read) == len(files), 'all %d mails are read' % len(files))
    again = run(checked, *files)
    verdict(again is not None and again == all_read, 'and under sanitizers, with the same result')
    if all_read is None:
        return
    compare_mails(all_read)
    compare_files(all_read)
    cost = run(read, '--cost', *files)[0]
    verdict(cost['ratio'] <= COST_MAX,
            'reading the mails costs %.1f x opening them, reading their bytes and adding them up (%.3f ms to %.3f ms; '
            'at most %d x)' % (cost['ratio'], cost['mails_ms'], cost['bytes_ms'], COST_MAX))


# ---- replies: whose words are whose ----

def lines_of(text):
    """What counts of a text: its lines that are not blank, blanks folded."""
    return [folded(line) for line in text.splitlines() if line.strip()]


def numbered(text, ranges):
    lines = text.splitlines()
    kept = []
    for part in ranges.split(','):
        first, _, last = part.partition('-')
        kept += lines[int(first) - 1:int(last or first)]
    return '\n'.join(kept)


MARK = re.compile(r'^#(reply|sig)# ?', re.M)
HEADER = re.compile(r'\A(?:(?:From|Subject|Date): .*\n)+\n*')


def plain(path):
    """A sample without the header and the marks that its makers put into it."""
    with open(path, encoding='utf-8', newline='') as f:
        text = f.read().replace('\r\n', '\n')
    return HEADER.sub('', MARK.sub('', text) if '/P/' in path or 'stripped' in path else text)


def truth_of_makers(path):
    """Own words as talon's makers marked them: lines without a mark, or the body without the signature beside it."""
    with open(path, encoding='utf-8') as f:
        text = f.read()
    beside = path[:-len('_body')] + '_signature' if path.endswith('_body') else None
    if '/P/' in path:
        return HEADER.sub('', '\n'.join(line for line in text.split('\n') if not MARK.match(line)))
    with open(beside, encoding='utf-8') as f:
        signature = lines_of(f.read())
    lines = lines_of(text)
    return '\n'.join(lines[:len(lines) - len(signature)])


def is_own(own, path, truth):
    """Are these the writer's own words? Truth: as its makers marked them, by lines, or by a digest of what counts."""
    if truth == 'marked':
        return lines_of(own) == lines_of(truth_of_makers(path))
    if 'lines' in truth:
        return lines_of(own) == lines_of(numbered(plain(path), truth['lines']))
    return hashlib.sha256('\n'.join(lines_of(own)).encode()).hexdigest() == truth['sha256']


def replies(read):
    with open(HERE + '/own_words.json', encoding='utf-8') as f:
        table = json.load(f)
    right = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, truth in table.items():
            path = os.path.join(CORPORA, name)
            if name.endswith('.eml'):
                got = run(read, path)
            else:
                copy = os.path.join(folder, 'sample' + ('.html' if name.endswith('.html') else ''))
                with open(copy, 'w', encoding='utf-8', newline='') as f:
                    f.write(plain(path))
                got = run(read, '--words', copy)
            if got is not None and is_own(got[0]['own'], path, truth):
                right += 1
            else:
                print('        %s: not %r' % (name, got and got[0]['own'][-200:]))
    verdict(right >= OWN_SHARE * len(table), '%d of %d replies: the writer\'s own words (%.1f %%, at least %.0f %%)' % (
        right, len(table), 100 * right / len(table), 100 * OWN_SHARE))


def growth(read):
    hard = [CORPORA + '/email_reply_parser/test/emails/' + name for name in ('pathological.txt', 'email_long_quote.txt')]
    worst = max(run(read, '--growth', *hard), key=lambda kind: kind['four'])
    verdict(worst['four'] <= GROWTH_MAX, 'four times the text takes at most %.1f times as long (of %s; at most %d)' % (
        worst['four'], worst['kind'].strip()[:40], GROWTH_MAX))


def main():
    global skipped
    read, checked = sys.argv[1:3]
    if os.path.isdir(CORPORA + '/mikel-mail'):
        mails(read, checked)
        replies(read)
        growth(read)
    else:
        skipped += 1
        print('skipped: no mails in %s (set CORPORA)' % CORPORA)
    print('corpora: %d passed, %d failed, %d skipped' % (passed, failed, skipped))
    return failed > 0


sys.exit(main())
