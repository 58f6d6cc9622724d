#include "rules/match.h"

#include "rules/base/arena.h"
#include "rules/match_side.h"
#include "rules/names_fold.h"

#include <string.h>

enum {
    BRAND_CHARS_MIN = 3,
    HALVED_CHARS_MIN = 4, /* half of less is met by everybody */
    LOCAL_CHARS_MIN = 5,
    LINE_DIGITS = 4,     /* the zones of a phone number, from its end: the line, */
    EXCHANGE_DIGITS = 3, /* what stands before it, and the rest */
    INITIAL_WORDS_MAX = 3,
};

static const char *const kind_words[MATCH_BLOCK_KINDS] = {
#define X(name, text) [MATCH_BLOCK_##name] = text,
    MATCH_BLOCK_LIST(X)
#undef X
};

static const int weights[MATCH_BLOCK_KINDS] = {
    [MATCH_BLOCK_EMAIL] = 32,   [MATCH_BLOCK_PHONE] = 24,     [MATCH_BLOCK_HANDLE] = 24, [MATCH_BLOCK_SITE] = 32,
    [MATCH_BLOCK_INVOICE] = 16, [MATCH_BLOCK_DOMAIN] = 8,     [MATCH_BLOCK_FIELD] = 8,   [MATCH_BLOCK_BRAND] = 6,
    [MATCH_BLOCK_PERSON] = 5,   [MATCH_BLOCK_TAIL] = 5,       [MATCH_BLOCK_LOCAL] = 4,   [MATCH_BLOCK_INITIAL] = 2,
    [MATCH_BLOCK_HALF] = 2,     [MATCH_BLOCK_LOCAL_HALF] = 3,
};

const char *match_block_word(enum match_block_kind kind)
{
    return kind_words[kind];
}

int match_block_weight(enum match_block_kind kind)
{
    return weights[kind];
}

struct blocks {
    const struct match_side *side;
    enum match_purpose purpose;
    struct arena *a;
    struct match_block *out;
    size_t n;
};

static void add(struct blocks *b, enum match_block_kind kind, struct str text)
{
    for (size_t i = b->n; i > 0 && b->out[i - 1].kind == kind; i--)
        if (str_equal(b->out[i - 1].text, text))
            return;
    if (b->n < MATCH_BLOCKS_MAX)
        b->out[b->n++] = (struct match_block){kind, text};
}

static struct str text_of(struct arena *a, struct word w)
{
    struct buf b = {0};

    word_print(w, &b);

    struct str s = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return s;
}

static struct word part(struct word w, size_t from, size_t n)
{
    return word_of(w.at + from, n);
}

/* ---- whole values ---- */

static void add_texts(struct blocks *b, enum match_kind kind, enum match_block_kind as)
{
    for (size_t i = 0; i < b->side->n[kind]; i++)
        if ((b->side->value[kind][i].flags & VALUE_NATIONAL) == 0)
            add(b, as, b->side->value[kind][i].text);
}

static void add_fields(struct blocks *b)
{
    const struct match_rule *m = b->side->rule;

    if (m == NULL)
        return;
    for (size_t f = MATCH_FIELD; f < MATCH_FIELD + m->fields; f++)
        for (size_t i = 0; i < b->side->n[f]; i++) {
            struct str text = b->side->value[f][i].text;

            if (m->row[f].form == MATCH_FORM_CODE || m->row[f].form == MATCH_FORM_DATE)
                add(b, MATCH_BLOCK_FIELD,
                    str_of(arena_printf(b->a, "%s:%.*s", m->row[f].name, (int)text.len, text.at)));
        }
}

/* ---- brands ---- */

/* A label without its hyphens. */
static struct word bare(struct arena *a, struct str label)
{
    char *at = arena_take(a, label.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < label.len; i++)
        if (label.at[i] != '-' && label.at[i] != '_')
            at[n++] = label.at[i];
    return word_of_bytes(a, (struct str){at, n});
}

/* Of organisations, company domains and sites, at most room. An organisation is often called by its first word. */
static size_t brands_of(const struct blocks *b, struct word *out, size_t room)
{
    const struct match_side *s = b->side;
    size_t n = 0;

    for (size_t i = 0; i < s->n[MATCH_ORGANISATION] && n + 1 < room; i++) {
        const struct name *x = s->value[MATCH_ORGANISATION][i].name;

        out[n++] = x->joined;
        if (x->words > 1)
            out[n++] = x->word[0];
    }
    for (size_t i = 0; i < s->n[MATCH_DOMAIN] && n < room; i++)
        out[n++] = bare(b->a, match_domain_brand(s->value[MATCH_DOMAIN][i].text));
    for (size_t i = 0; i < s->n[MATCH_SITE] && n < room; i++) {
        const struct value *v = &s->value[MATCH_SITE][i];

        out[n++] = (v->flags & VALUE_HOST) != 0 ? bare(b->a, match_host_brand(v->text)) : v->word;
    }
    return n;
}

static void add_half(struct blocks *b, enum match_block_kind kind, struct word half, size_t whole, char side,
                     struct str behind)
{
    struct str text = text_of(b->a, half);

    add(b, kind,
        str_of(arena_printf(b->a, "%zu%c%.*s%s%.*s", whole, side, (int)text.len, text.at, behind.len > 0 ? "@" : "",
                            (int)behind.len, behind.len > 0 ? behind.at : "")));
}

/* A word on record of `whole` letters, as it would be cut, where w may be that word with one fault: one half of it is
 * whole, and stands at w's beginning or at its end. */
static void add_halves_of(struct blocks *b, enum match_block_kind kind, struct word w, size_t whole, struct str behind)
{
    size_t first = whole / 2, second = whole - first;

    if (whole < HALVED_CHARS_MIN || second > w.n)
        return;
    add_half(b, kind, part(w, 0, first), whole, '<', behind);
    add_half(b, kind, part(w, w.n - second, second), whole, '>', behind);
}

static void add_halves(struct blocks *b, enum match_block_kind kind, struct word w, struct str behind)
{
    add_halves_of(b, kind, w, w.n, behind);
    if (b->purpose == MATCH_KEEP)
        return;
    add_halves_of(b, kind, w, w.n + 1, behind);
    if (w.n > 0)
        add_halves_of(b, kind, w, w.n - 1, behind);
}

/* ---- names ---- */

static bool vowel(uint32_t c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y' || c == 'h';
}

/* The first letter and the consonants behind it, none twice in a row; what is not Latin stays whole. */
static struct word consonants(struct arena *a, struct word w, unsigned script)
{
    uint32_t *at = arena_array(a, uint32_t, w.n + 1);
    size_t n = 0;

    if (script != SCRIPT_LATIN)
        return w;
    for (size_t i = 0; i < w.n; i++)
        if (i == 0 || (!vowel(w.at[i]) && w.at[i] != at[n - 1]))
            at[n++] = w.at[i];
    return word_of(at, n);
}

static size_t skeleton_of(struct arena *a, const struct name *x, struct word out[NAME_WORDS_MAX])
{
    for (size_t i = 0; i < x->words; i++) {
        struct word w = consonants(a, x->word[i], x->script[i]);
        size_t k = i;

        for (; k > 0 && word_order(&w, &out[k - 1]) < 0; k--)
            out[k] = out[k - 1];
        out[k] = w;
    }
    return x->words;
}

/* One word of one script is a first name or a nickname; in Han, kana or Hangul it is a whole name. */
static void add_person(struct blocks *b, const struct name *x)
{
    struct word skeleton[NAME_WORDS_MAX];
    struct buf text = {0};

    if (x->words == 1 && (x->scripts & SCRIPT_EAST) == 0)
        return;
    for (size_t i = 0, n = skeleton_of(b->a, x, skeleton); i < n; i++) {
        buf_text(&text, i == 0 ? "" : " ");
        word_print(skeleton[i], &text);
    }
    add(b, MATCH_BLOCK_PERSON, (struct str){str_copy(b->a, buf_view(&text)), text.len});
    buf_free(&text);
}

static void add_initials(struct blocks *b, const struct name *x)
{
    size_t n = x->words < INITIAL_WORDS_MAX ? x->words : INITIAL_WORDS_MAX;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            if (i == k || x->word[i].n < 3)
                continue;

            struct str word = text_of(b->a, consonants(b->a, x->word[i], x->script[i]));
            struct str initial = text_of(b->a, part(x->word[k], 0, 1));

            add(b, MATCH_BLOCK_INITIAL,
                str_of(arena_printf(b->a, "%.*s %.*s", (int)word.len, word.at, (int)initial.len, initial.at)));
        }
}

static void each_person(struct blocks *b, void (*visit)(struct blocks *b, const struct name *x))
{
    for (size_t i = 0; i < b->side->n[MATCH_PERSON]; i++)
        visit(b, b->side->value[MATCH_PERSON][i].name);
}

/* ---- phone numbers and local parts ---- */

static void add_tails(struct blocks *b)
{
    for (size_t i = 0; i < b->side->n[MATCH_PHONE]; i++) {
        const struct value *v = &b->side->value[MATCH_PHONE][i];
        size_t n = v->text.len, line = n - LINE_DIGITS, exchange = line - EXCHANGE_DIGITS;
        const char *at = v->text.at;

        if (n <= LINE_DIGITS + EXCHANGE_DIGITS)
            continue;
        add(b, MATCH_BLOCK_TAIL, (struct str){at + exchange, n - exchange});
        if ((v->flags & VALUE_NATIONAL) != 0)
            continue;
        add(b, MATCH_BLOCK_TAIL, str_of(arena_printf(b->a, "%.*s....", (int)line, at)));
        add(b, MATCH_BLOCK_TAIL, str_of(arena_printf(b->a, "%.*s...%.*s", (int)exchange, at, LINE_DIGITS, at + line)));
    }
}

/* A company's people are found by its domain. */
static void add_locals(struct blocks *b)
{
    for (size_t i = 0; i < b->side->n[MATCH_EMAIL]; i++) {
        const struct value *v = &b->side->value[MATCH_EMAIL][i];
        bool kept = (v->flags & VALUE_FREE) != 0 || b->purpose == MATCH_ASK;

        if (kept && (v->flags & VALUE_ROLE) == 0 && v->word.n >= LOCAL_CHARS_MIN)
            add(b, MATCH_BLOCK_LOCAL, text_of(b->a, v->word));
    }
}

static void add_local_halves(struct blocks *b)
{
    for (size_t i = 0; i < b->side->n[MATCH_EMAIL]; i++) {
        const struct value *v = &b->side->value[MATCH_EMAIL][i];

        if ((v->flags & VALUE_FREE) != 0 && (v->flags & VALUE_ROLE) == 0)
            add_halves(b, MATCH_BLOCK_LOCAL_HALF, v->word, text_of(b->a, v->rest));
    }
}

size_t match_blocks(const struct match_side *s, enum match_purpose purpose, struct arena *a,
                    struct match_block out[MATCH_BLOCKS_MAX])
{
    struct blocks b = {s, purpose, a, out, 0};
    struct word brand[MATCH_VALUES_MAX];
    size_t brands = brands_of(&b, brand, MATCH_VALUES_MAX);

    add_texts(&b, MATCH_EMAIL, MATCH_BLOCK_EMAIL);
    add_texts(&b, MATCH_PHONE, MATCH_BLOCK_PHONE);
    add_texts(&b, MATCH_HANDLE, MATCH_BLOCK_HANDLE);
    add_texts(&b, MATCH_SITE, MATCH_BLOCK_SITE);
    add_texts(&b, MATCH_INVOICE, MATCH_BLOCK_INVOICE);
    add_texts(&b, MATCH_DOMAIN, MATCH_BLOCK_DOMAIN);
    add_fields(&b);
    for (size_t i = 0; i < brands; i++)
        if (brand[i].n >= BRAND_CHARS_MIN || (brand[i].n > 0 && brand[i].at[0] >= 0x80))
            add(&b, MATCH_BLOCK_BRAND, text_of(a, brand[i]));
    each_person(&b, add_person);
    add_tails(&b);
    add_locals(&b);
    each_person(&b, add_initials);
    for (size_t i = 0; i < brands; i++)
        add_halves(&b, MATCH_BLOCK_HALF, brand[i], (struct str){NULL, 0});
    add_local_halves(&b);
    return b.n;
}
