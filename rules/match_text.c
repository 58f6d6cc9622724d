#include "rules/match_text.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <string.h>

struct word word_of(const uint32_t *at, size_t n)
{
    struct word w = {at, n < WORD_CHARS_MAX ? n : WORD_CHARS_MAX, 0};

    for (size_t i = 0; i < w.n; i++)
        w.letters |= UINT32_C(1) << (at[i] & 31);
    return w;
}

struct word word_of_bytes(struct arena *a, struct str s)
{
    size_t n = s.len < WORD_CHARS_MAX ? s.len : WORD_CHARS_MAX;
    uint32_t *at = arena_array(a, uint32_t, n + 1);

    for (size_t i = 0; i < n; i++)
        at[i] = (unsigned char)s.at[i];
    return word_of(at, n);
}

uint32_t word_point(struct str c)
{
    static const uint8_t lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t value = (unsigned char)c.at[0] & lead_mask[c.len];

    for (size_t i = 1; i < c.len; i++)
        value = value << 6 | ((unsigned char)c.at[i] & 0x3F);
    return value;
}

bool word_equal(struct word a, struct word b)
{
    return a.n == b.n && a.letters == b.letters && memcmp(a.at, b.at, a.n * sizeof *a.at) == 0;
}

int word_order(const struct word *a, const struct word *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (a->at[i] != b->at[i])
            return a->at[i] < b->at[i] ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

void word_print(struct word w, struct buf *b)
{
    for (size_t i = 0; i < w.n; i++) {
        uint32_t c = w.at[i];

        if (c < 0x80) {
            buf_char(b, (char)c);
            continue;
        }
        if (c >= 0x10000) {
            buf_char(b, (char)(0xF0 | c >> 18));
            buf_char(b, (char)(0x80 | (c >> 12 & 0x3F)));
        } else if (c >= 0x800) {
            buf_char(b, (char)(0xE0 | c >> 12));
        } else {
            buf_char(b, (char)(0xC0 | c >> 6));
        }
        if (c >= 0x800)
            buf_char(b, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_char(b, (char)(0x80 | (c & 0x3F)));
    }
}

/* What both begin and end with is no fault. */
static void trim_common(struct word *a, struct word *b)
{
    while (a->n > 0 && b->n > 0 && a->at[0] == b->at[0])
        a->at++, b->at++, a->n--, b->n--;
    while (a->n > 0 && b->n > 0 && a->at[a->n - 1] == b->at[b->n - 1])
        a->n--, b->n--;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Three rows of the usual table. Trimmed words are short: two faults rarely lie far apart. */
static unsigned table(struct word a, struct word b, unsigned most)
{
    unsigned rows[3][WORD_CHARS_MAX + 1];

    for (unsigned j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];
        size_t from = i > most ? i - most : 1, to = i + most < b.n ? i + most : b.n;
        unsigned best = most + 1;

        now[from - 1] = from == 1 ? (unsigned)i : most + 1;
        for (size_t j = from; j <= to; j++) {
            unsigned d = before[j - 1] + (a.at[i - 1] != b.at[j - 1]);

            d = least(d, now[j - 1] + 1);
            if (j < i + most)
                d = least(d, before[j] + 1);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
                d = least(d, two[j - 2] + 1);
            now[j] = d;
            best = least(best, d);
        }
        if (best > most)
            return most + 1;
    }
    return least(rows[a.n % 3][b.n], most + 1);
}

unsigned word_faults(struct word a, struct word b, unsigned most, struct near_work *work)
{
    assert(most <= 2);
    if (word_equal(a, b))
        return 0;
    /* A fault takes away at most one letter and brings at most one. */
    if (most == 0 || a.n > b.n + most || b.n > a.n + most ||
        (unsigned)__builtin_popcount(a.letters ^ b.letters) > 2 * most || work->left <= 0)
        return most + 1;
    work->left--;
    trim_common(&a, &b);
    if (a.n == 0 || b.n == 0)
        return (unsigned)(a.n + b.n);
    return table(a, b, most);
}

static bool digit(const struct word *w, size_t i)
{
    return i < w->n && w->at[i] >= '0' && w->at[i] <= '9';
}

bool word_differs_in_digit(struct word a, struct word b)
{
    size_t i = 0;

    while (i < a.n && i < b.n && a.at[i] == b.at[i])
        i++;
    return digit(&a, i) || digit(&b, i);
}
