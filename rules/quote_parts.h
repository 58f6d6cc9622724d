/* quote_parts.h - what quote*.c share. Included by them alone. */
#ifndef RULES_QUOTE_PARTS_H
#define RULES_QUOTE_PARTS_H

#include "rules/quote.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a line that can mean anything but itself. */
enum { QUOTE_LINE_BYTES_MAX = 400 };

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

enum look { LOOK_TEXT, LOOK_BLANK, LOOK_MARKED /* with a ">" */ };

struct line {
    uint32_t from;             /* where it begins in the text */
    uint32_t words, words_len; /* without blanks around them; none where blank */
    unsigned char look, kind;  /* enum look, enum quote_kind */
};

struct lines {
    struct str text;
    struct line *at;
    size_t n;
};

/* What stands in line i, trimmed. */
struct str quote_line(const struct lines *l, size_t i);
void quote_mark(const struct lines *l, size_t from, size_t to, enum quote_kind kind);
/* The first line from i on that is not blank. */
size_t quote_behind_blank(const struct lines *l, size_t i);

/* ---- quote.c ---- */

/* text: not empty. */
struct lines quote_lines(struct arena *a, struct str text);

/* ---- quote_mail.c ---- */

/* The fields of a header that Outlook and others put above another's mail. */
enum head_name { HEAD_NONE, HEAD_FROM, HEAD_DATE, HEAD_TO, HEAD_CC, HEAD_SUBJECT, HEAD_OTHER };

/* Marks other people's mails. */
void quote_find_mails(const struct lines *l);
/* Which field a line is, and what stands behind its colon. */
enum head_name quote_head(struct str line, struct str *value);
/* "---------- Forwarded message ---------" */
bool quote_is_passed_on(struct str line);

/* ---- quote_signature.c ---- */

/* Marks signatures in what is left. */
void quote_find_signatures(const struct lines *l);

/* ---- quote_text.c: letters. Words to compare with are given in lower case ---- */

bool quote_digit(char c);
/* Bytes of s that are the word, in whatever case; 0 where it does not begin so. */
size_t quote_begins(struct str s, const char *word);
bool quote_is(struct str s, const char *word);
/* These two fold the case of ASCII only. */
bool quote_ends(struct str s, const char *word);
bool quote_holds(struct str s, const char *word);
struct str quote_skip(struct str s, size_t n);
/* Without blanks of any kind and marks of direction at both ends. */
struct str quote_trim(struct str s);
/* Without the stars and lines that stand for bold and italic letters. */
struct str quote_plain(struct str s);
/* name@domain somewhere in it. */
bool quote_has_address(struct str s);
/* Only signs of one kind, five or more: drawn, not written. */
bool quote_is_rule(struct str s);

#endif
