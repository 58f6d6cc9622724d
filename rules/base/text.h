/* text.h - byte strings with a length, UTF-8, and a buffer that grows.
 *
 * T1  a struct str borrows; it is never freed and not NUL-terminated unless a
 *     function says so;
 * T2  text from outside is UTF-8 after text_utf8_valid() said so, and is then
 *     kept code point for code point. */
#ifndef RULES_BASE_TEXT_H
#define RULES_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct str {
    const char *at; /* may be NULL where len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

struct str str_of(const char *s); /* NULL gives the empty string */
bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *b);
bool str_starts(struct str a, const char *prefix);
/* ASCII letters only; the other bytes must be equal. */
bool str_equal_nocase(struct str a, struct str b);
/* Without ASCII white space (space, \t \r \n \f \v) at both ends. */
struct str str_trim(struct str s);
/* Splits at the first sep: returns what stands before it and leaves the rest in
 * *s; without a sep returns all and leaves *s empty with at == NULL. */
struct str str_cut(struct str *s, char sep);
/* NUL-terminated copy in a. */
char *str_copy(struct arena *a, struct str s);
/* ASCII lower case copy, NUL-terminated. */
char *str_lower(struct arena *a, struct str s);
/* Decimal, NUL-terminated in a. */
struct str str_int(struct arena *a, int64_t n);
/* Whole decimal number without sign, white space or leading zeros ("0" is one). */
bool str_number(struct str s, int64_t *out);

/* RFC 3629: no surrogates, no overlong forms, at most U+10FFFF. */
bool text_utf8_valid(struct str s);
/* Code points in valid UTF-8. */
size_t text_code_points(struct str s);
/* The first n code points of valid UTF-8. */
struct str text_first(struct str s, size_t n);
/* CRLF and lone CR become LF; returns s itself where there is none. */
struct str text_lf(struct arena *a, struct str s);

/* A byte string under construction; zero it to begin. Memory is its own. */
struct buf {
    char *at;
    size_t len, room;
};

void buf_add(struct buf *b, const void *at, size_t len);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The contents; a NUL stands behind them. Borrowed until the next change. */
struct str buf_view(struct buf *b);
void buf_free(struct buf *b);

#endif
