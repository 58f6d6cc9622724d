#include "rules/names_fold.h"

#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

enum {
    UNITS_MAX = 4096,            /* NFKC makes up to 18 code points of one */
    MARKED_MAX = 4 * FOLDED_MAX, /* NFD makes up to 4 of one */
};

static bool ascii_only(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] >= 0x80)
            return false;
    return true;
}

static size_t fold_ascii(struct str s, uint32_t *out)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        out[i] = (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return s.len;
}

unsigned names_script(uint32_t c)
{
    UErrorCode status = U_ZERO_ERROR;

    if (c < 0x80)
        return (c >= 'a' && c <= 'z') ? SCRIPT_LATIN : 0;
    switch ((int)uscript_getScript((UChar32)c, &status)) {
    case USCRIPT_LATIN:
        return SCRIPT_LATIN;
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
        return SCRIPT_HAN;
    case USCRIPT_HANGUL:
        return SCRIPT_HANGUL;
    case USCRIPT_ARABIC:
        return SCRIPT_ARABIC;
    case USCRIPT_CYRILLIC:
        return SCRIPT_CYRILLIC;
    case USCRIPT_COMMON:
    case USCRIPT_INHERITED:
        return c == 0x30FC ? SCRIPT_HAN : 0; /* the long mark of kana */
    default:
        return SCRIPT_OTHER;
    }
}

bool names_in_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return (U_GET_GC_MASK((UChar32)c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK)) != 0;
}

/* Marks on these are decoration. */
static bool drops_marks(UChar32 base)
{
    UErrorCode status = U_ZERO_ERROR;

    switch ((int)uscript_getScript(base, &status)) {
    case USCRIPT_LATIN:
    case USCRIPT_GREEK:
    case USCRIPT_CYRILLIC:
    case USCRIPT_ARABIC:
    case USCRIPT_HEBREW:
        return true;
    default:
        return false;
    }
}

/* Letters that Unicode does not take apart, but people do. */
static const struct {
    UChar32 from, to, then;
} letters[] = {
    {0x00E6, 'a', 'e'},
    {0x00F0, 'd', 0},
    {0x00F8, 'o', 0},
    {0x00FE, 't', 'h'},
    {0x0111, 'd', 0},
    {0x0127, 'h', 0},
    {0x0131, 'i', 0},
    {0x0142, 'l', 0},
    {0x0153, 'o', 'e'},
    {0x0167, 't', 0},
    {0x0629, 0x0647, 0},
    {0x0640, 0, 0},
    /* tatweel */ {0x0649, 0x064A, 0},
    {0x06A9, 0x0643, 0},
    {0x06CC, 0x064A, 0},
};

/* The code point that begins at s[*i]; moves on. What ICU gives holds no lone surrogate. */
static UChar32 next(const UChar *s, int32_t *i)
{
    UChar unit = s[(*i)++];

    return U16_IS_LEAD(unit) ? U16_GET_SUPPLEMENTARY(unit, s[(*i)++]) : unit;
}

/* Appends c to out. */
static int32_t put(UChar *out, int32_t n, UChar32 c)
{
    if (c > 0 && n + 2 < MARKED_MAX)
        U16_APPEND_UNSAFE(out, n, c);
    return n;
}

static int32_t put_folded(UChar *out, int32_t n, UChar32 c)
{
    for (size_t i = 0; c >= 0x80 && i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].from == c)
            return put(out, put(out, n, letters[i].to), letters[i].then);
    return put(out, n, c);
}

/* s is in NFD: marks stand behind their letter. */
static int32_t drop_marks(const UChar *s, int32_t len, UChar *out)
{
    bool dropping = false;
    int32_t n = 0;

    for (int32_t i = 0; i < len;) {
        UChar32 c = next(s, &i);

        if (u_getCombiningClass(c) != 0 || u_charType(c) == U_NON_SPACING_MARK) {
            if (!dropping)
                n = put(out, n, c);
            continue;
        }
        dropping = drops_marks(c);
        n = put_folded(out, n, c);
    }
    return n;
}

static size_t code_points(const UChar *s, int32_t len, uint32_t *out)
{
    size_t n = 0;

    for (int32_t i = 0; i < len && n < FOLDED_MAX;)
        out[n++] = (uint32_t)next(s, &i);
    return n;
}

size_t names_fold(struct str typed, uint32_t *out)
{
    UChar a[UNITS_MAX], b[UNITS_MAX];
    UErrorCode status = U_ZERO_ERROR;
    /* One of each for the whole process, made at the first call, thread-safe. */
    const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&status), *apart = unorm2_getNFDInstance(&status),
                       *together = unorm2_getNFCInstance(&status);
    int32_t n = 0;

    if (U_FAILURE(status))
        abort(); /* ICU without its data: nothing can be compared */
    if (!text_utf8_valid(typed))
        return 0;
    typed = text_first(typed, NAME_CHARS_MAX);
    if (ascii_only(typed))
        return fold_ascii(typed, out);
    u_strFromUTF8(a, UNITS_MAX, &n, typed.at, (int32_t)typed.len, &status);
    n = unorm2_normalize(fold, a, n, b, UNITS_MAX, &status);
    if (n > FOLDED_MAX)
        n = U16_IS_LEAD(b[FOLDED_MAX - 1]) ? FOLDED_MAX - 1 : FOLDED_MAX;
    n = unorm2_normalize(apart, b, n, a, UNITS_MAX, &status);
    if (U_FAILURE(status))
        return 0;
    n = drop_marks(a, n, b);
    n = unorm2_normalize(together, b, n, a, UNITS_MAX, &status);
    return U_FAILURE(status) ? 0 : code_points(a, n, out);
}
