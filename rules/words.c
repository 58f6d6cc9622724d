#include "rules/words.h"

#include "rules/base/arena.h"

#include <assert.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

/* Folding may lengthen a text (U+FDFA: one to eighteen); what does not fit is left out. */
enum { FOLDED_MAX = WORDS_TEXT_MAX * 18 };

struct utf16 {
    int32_t len;
    UChar at[FOLDED_MAX];
};

struct folded {
    int32_t len;
    UChar32 at[FOLDED_MAX];
};

/* False where it does not fit: then ICU writes nothing. */
static bool normalize(const UNormalizer2 *how, struct utf16 *t)
{
    UErrorCode e = U_ZERO_ERROR;
    struct utf16 out;

    out.len = unorm2_normalize(how, t->at, t->len, out.at, FOLDED_MAX, &e);
    if (U_FAILURE(e))
        return false;
    t->len = out.len;
    memcpy(t->at, out.at, (size_t)out.len * sizeof *out.at);
    return true;
}

/* What stands inside of a word and is no part of it. The marks that make ga of ka are one. */
static bool passed_over(UChar32 c)
{
    return c == '\'' || c == 0x2019 /* right quotation mark */ ||
           (u_charType(c) == U_NON_SPACING_MARK && c != 0x3099 && c != 0x309a);
}

static bool drop_marks(struct utf16 *t)
{
    UErrorCode e = U_ZERO_ERROR;
    struct folded f;
    int32_t kept = 0;

    u_strToUTF32(f.at, FOLDED_MAX, &f.len, t->at, t->len, &e);
    for (int32_t i = 0; i < f.len; i++)
        if (!passed_over(f.at[i]))
            f.at[kept++] = f.at[i];
    u_strFromUTF32(t->at, FOLDED_MAX, &t->len, f.at, kept, &e);
    return U_SUCCESS(e);
}

/* O1. False where the text cannot be read. */
static bool fold(struct str text, struct folded *f)
{
    UErrorCode e = U_ZERO_ERROR;
    const UNormalizer2 *casefold = unorm2_getNFKCCasefoldInstance(&e), *apart = unorm2_getNFDInstance(&e),
                       *together = unorm2_getNFCInstance(&e);
    struct str first = text_first(text, WORDS_TEXT_MAX);
    struct utf16 t;

    assert(U_SUCCESS(e));
    u_strFromUTF8(t.at, FOLDED_MAX, &t.len, first.at, (int32_t)first.len, &e);
    if (U_FAILURE(e) || first.len == 0)
        return false;
    if (!normalize(casefold, &t) || !normalize(apart, &t) || !drop_marks(&t) || !normalize(together, &t))
        return false;
    u_strToUTF32(f->at, FOLDED_MAX, &f->len, t.at, t.len, &e);
    return U_SUCCESS(e);
}

static bool unspaced(UChar32 c)
{
    static const UScriptCode scripts[] = {USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA, USCRIPT_THAI,
                                          USCRIPT_LAO, USCRIPT_KHMER,    USCRIPT_MYANMAR};

    if (c < 0x0e00) /* the first of Thai */
        return false;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (uscript_hasScript(c, scripts[i]))
            return true;
    return false;
}

static bool in_word(UChar32 c)
{
    int8_t type = u_charType(c);

    return u_isalnum(c) || type == U_COMBINING_SPACING_MARK || type == U_LETTER_NUMBER || type == U_OTHER_NUMBER;
}

static void add(struct words *w, struct arena *a, const UChar32 *at, size_t n)
{
    UChar utf16[2 * WORD_CODE_POINTS_MAX];
    char utf8[4 * WORD_CODE_POINTS_MAX];
    UErrorCode e = U_ZERO_ERROR;
    int32_t len;

    if (n == 0 || w->n == WORDS_MAX)
        return;
    u_strFromUTF32(utf16, 2 * WORD_CODE_POINTS_MAX, &len, at, (int32_t)n, &e);
    u_strToUTF8(utf8, sizeof utf8, &len, utf16, len, &e);
    if (U_FAILURE(e))
        return;

    struct str word = {utf8, (size_t)len};

    for (size_t i = 0; i < w->n; i++)
        if (str_equal(w->at[i], word))
            return;
    w->at[w->n++] = (struct str){str_copy(a, word), word.len};
}

/* The word under construction: a spaced one whole; of unspaced ones the last character, and whether it was paired. */
struct cutter {
    struct words *words;
    struct arena *arena;
    UChar32 at[WORD_CODE_POINTS_MAX];
    size_t n;
    UChar32 before; /* 0: none */
    bool paired;
};

static void end_spaced(struct cutter *c)
{
    add(c->words, c->arena, c->at, c->n);
    c->n = 0;
}

static void end_unspaced(struct cutter *c)
{
    if (c->before != 0 && !c->paired)
        add(c->words, c->arena, &c->before, 1);
    c->before = 0;
    c->paired = false;
}

static void take(struct cutter *c, UChar32 x)
{
    if (!in_word(x)) {
        end_spaced(c);
        end_unspaced(c);
        return;
    }
    if (!unspaced(x)) {
        end_unspaced(c);
        if (c->n < WORD_CODE_POINTS_MAX)
            c->at[c->n++] = x;
        return;
    }
    end_spaced(c);
    if (c->before != 0) {
        add(c->words, c->arena, (UChar32[]){c->before, x}, 2);
        c->paired = true;
    }
    c->before = x;
}

void words_add(struct words *w, struct arena *a, struct str text)
{
    struct cutter c = {.words = w, .arena = a};
    struct folded f;

    if (!fold(text, &f))
        return;
    for (int32_t i = 0; i < f.len; i++)
        take(&c, f.at[i]);
    end_spaced(&c);
    end_unspaced(&c);
}

void words_add_whole(struct words *w, struct arena *a, struct str text)
{
    struct folded f;

    if (fold(str_trim(text), &f))
        add(w, a, f.at, f.len < WORD_CODE_POINTS_MAX ? (size_t)f.len : WORD_CODE_POINTS_MAX);
}
