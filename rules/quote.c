#include "rules/quote.h"

#include "rules/base/arena.h"
#include "rules/quote_parts.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { MARK_BLANKS_MAX = 3 }; /* before a ">" */

void quote_mark(const struct lines *l, size_t from, size_t to, enum quote_kind kind)
{
    for (size_t i = from; i < to; i++)
        l->at[i].kind = (unsigned char)kind;
}

size_t quote_behind_blank(const struct lines *l, size_t i)
{
    while (i < l->n && l->at[i].look == LOOK_BLANK)
        i++;
    return i;
}

struct str quote_line(const struct lines *l, size_t i)
{
    return (struct str){l->text.at + l->at[i].words, l->at[i].words_len};
}

/* Where line i ends: its line end belongs to it. */
static size_t line_end(const struct lines *l, size_t i)
{
    return i + 1 < l->n ? l->at[i + 1].from : l->text.len;
}

static void look_at_line(const struct lines *l, size_t i, struct str all)
{
    struct str words = quote_trim(all);
    struct line *line = &l->at[i];
    size_t blanks = 0;

    line->from = (uint32_t)(all.at - l->text.at);
    line->words = words.len == 0 ? line->from : (uint32_t)(words.at - l->text.at);
    line->words_len = (uint32_t)words.len;
    while (blanks < all.len && all.at[blanks] == ' ')
        blanks++;
    if (words.len == 0)
        line->look = LOOK_BLANK;
    else if (blanks <= MARK_BLANKS_MAX && all.at[blanks] == '>')
        line->look = LOOK_MARKED;
}

struct lines quote_lines(struct arena *a, struct str text)
{
    struct lines l = {text, NULL, 1};

    for (size_t i = 0; i + 1 < text.len; i++)
        l.n += text.at[i] == '\n' ? 1 : 0;
    l.at = arena_array(a, struct line, l.n);
    for (size_t i = 0; i < l.n; i++)
        look_at_line(&l, i, str_cut(&text, '\n'));
    return l;
}

/* Blank lines go with what stands above them, but between two of a kind with both. */
static void settle_blanks(const struct lines *l)
{
    for (size_t i = 0, end; i < l->n; i = end) {
        end = i + 1;
        if (l->at[i].look != LOOK_BLANK)
            continue;
        end = quote_behind_blank(l, i);
        quote_mark(l, i, end, (enum quote_kind)l->at[i > 0 ? i - 1 : end < l->n ? end : i].kind);
    }
}

static bool has_own_words(const struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].kind == QUOTE_OWN && l->at[i].look != LOOK_BLANK)
            return true;
    return false;
}

size_t quote_split(struct arena *a, struct str text, struct quote_run **out)
{
    struct lines l;
    size_t runs = 0, from = 0;

    *out = NULL;
    assert(text.len < UINT32_MAX);
    if (text.len == 0)
        return 0;
    l = quote_lines(a, text);
    quote_find_mails(&l);
    quote_find_signatures(&l);
    settle_blanks(&l);
    if (!has_own_words(&l))
        quote_mark(&l, 0, l.n, QUOTE_OWN);
    for (size_t i = 0; i < l.n; i++)
        runs += i == 0 || l.at[i].kind != l.at[i - 1].kind ? 1 : 0;
    *out = arena_array(a, struct quote_run, runs);
    runs = 0;
    for (size_t i = 0; i < l.n; i++) {
        if (i == 0 || l.at[i].kind != l.at[i - 1].kind)
            (*out)[runs++] = (struct quote_run){(enum quote_kind)l.at[i].kind, from, 0};
        (*out)[runs - 1].len += line_end(&l, i) - from;
        from = line_end(&l, i);
    }
    return runs;
}

static struct str without_blank_ends(struct str s)
{
    for (const char *end; s.len > 0 && (end = memchr(s.at, '\n', s.len)) != NULL;) {
        struct str first = {s.at, (size_t)(end - s.at)};

        if (quote_trim(first).len > 0)
            break;
        s = quote_skip(s, first.len + 1);
    }
    while (s.len > 0 && strchr(" \t\r\n", s.at[s.len - 1]) != NULL)
        s.len--;
    return s;
}

struct str quote_own(struct arena *a, struct str text)
{
    struct quote_run *runs;
    size_t n = quote_split(a, text, &runs), len = 0;
    char *own = arena_take(a, text.len + 1);

    for (size_t i = 0; i < n; i++)
        if (runs[i].kind == QUOTE_OWN) {
            memcpy(own + len, text.at + runs[i].from, runs[i].len);
            len += runs[i].len;
        }
    return without_blank_ends((struct str){own, len});
}
