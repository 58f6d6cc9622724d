#include "rules/base/text.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *s)
{
    return (struct str){s, s == NULL ? 0 : strlen(s)};
}

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_is(struct str a, const char *b)
{
    return str_equal(a, str_of(b));
}

bool str_starts(struct str a, const char *prefix)
{
    size_t n = strlen(prefix);

    return a.len >= n && memcmp(a.at, prefix, n) == 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && blank(s.at[0]))
        s.at++, s.len--;
    while (s.len > 0 && blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct str str_cut(struct str *s, char sep)
{
    const char *hit = s->len > 0 ? memchr(s->at, sep, s->len) : NULL;
    struct str head = *s;

    if (hit == NULL) {
        *s = (struct str){NULL, 0};
        return head;
    }
    head.len = (size_t)(hit - s->at);
    *s = (struct str){hit + 1, s->len - head.len - 1};
    return head;
}

char *str_copy(struct arena *a, struct str s)
{
    return arena_copy(a, s.at, s.len);
}

char *str_lower(struct arena *a, struct str s)
{
    char *p = str_copy(a, s);

    for (size_t i = 0; i < s.len; i++)
        p[i] = lower(p[i]);
    return p;
}

struct str str_int(struct arena *a, int64_t n)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

    do
        *--p = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (n < 0)
        *--p = '-';

    size_t len = (size_t)(digits + sizeof digits - p);

    return (struct str){arena_copy(a, p, len), len};
}

bool str_number(struct str s, int64_t *out)
{
    int64_t n = 0;

    if (s.len == 0 || s.len > 18 || (s.len > 1 && s.at[0] == '0'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        n = n * 10 + (s.at[i] - '0');
    }
    *out = n;
    return true;
}

/* Bytes of the sequence that starts at p, 0 where it is not valid UTF-8. */
static size_t sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;

    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;

    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

bool text_utf8_valid(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.at;

    for (size_t i = 0; i < s.len;) {
        size_t n = sequence(p + i, s.len - i);

        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static bool starts_code_point(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

size_t text_code_points(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += starts_code_point(s.at[i]);
    return n;
}

struct str text_first(struct str s, size_t n)
{
    size_t seen = 0;

    for (size_t i = 0; i < s.len; i++)
        if (starts_code_point(s.at[i]) && seen++ == n)
            return (struct str){s.at, i};
    return s;
}

struct str text_lf(struct arena *a, struct str s)
{
    if (s.len == 0 || memchr(s.at, '\r', s.len) == NULL)
        return s;

    char *p = arena_take(a, s.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '\r') {
            p[n++] = '\n';
            i += i + 1 < s.len && s.at[i + 1] == '\n';
        } else {
            p[n++] = s.at[i];
        }
    }
    return (struct str){p, n};
}

static void reserve(struct buf *b, size_t more)
{
    if (more < b->room - b->len)
        return;

    size_t room = b->room < 64 ? 128 : b->room * 2;

    if (room < b->len + more + 1)
        room = b->len + more + 1;
    b->at = realloc(b->at, room);
    if (b->at == NULL)
        abort();
    b->room = room;
}

void buf_add(struct buf *b, const void *at, size_t len)
{
    reserve(b, len);
    if (len > 0)
        memcpy(b->at + b->len, at, len);
    b->len += len;
    b->at[b->len] = '\0';
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.at, s.len);
}

void buf_text(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);

    int len = vsnprintf(NULL, 0, format, args);

    assert(len >= 0);
    reserve(b, (size_t)len + 1);
    (void)vsnprintf(b->at + b->len, (size_t)len + 1, format, again);
    b->len += (size_t)len;
    va_end(again);
    va_end(args);
}

struct str buf_view(struct buf *b)
{
    buf_add(b, NULL, 0);
    return (struct str){b->at, b->len};
}

void buf_free(struct buf *b)
{
    free(b->at);
    *b = (struct buf){0};
}
