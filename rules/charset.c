#include "rules/charset.h"

#include "rules/base/arena.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/ucsdet.h>

#include <assert.h>
#include <string.h>

enum {
    LABEL_BYTES_MAX = 64,
    GUESS_BYTES_MAX = 8192, /* the detector looks at no more */
    GUESS_CONFIDENCE_MIN = 10,
    FAULT_SHARE = 50, /* one fault in fewer bytes than that: the label may lie */
};

/* What is read in place of what was said, in ICU's names. */
static const struct alias {
    const char *said, *meant;
} aliases[] = {
    {"us-ascii", "windows-1252"},
    {"ascii", "windows-1252"},
    {"ansi_x3.4-1968", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"iso-8859-9", "windows-1254"},
    {"iso-8859-11", "windows-874-2000"},
    {"tis-620", "windows-874-2000"},
    {"iso-8859-8-i", "windows-1255"},
    {"iso-8859-8", "windows-1255"},
    {"gb2312", "gb18030"},
    {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},
    {"cp936", "gb18030"},
    {"euc-cn", "gb18030"},
    {"gb_2312-80", "gb18030"},
    {"ks_c_5601-1987", "windows-949-2000"},
    {"ksc5601", "windows-949-2000"},
    {"ks_c_5601", "windows-949-2000"},
    {"euc-kr", "windows-949-2000"},
    {"cp949", "windows-949-2000"},
    {"shift_jis", "ibm-943_P15A-2003"},
    {"shift-jis", "ibm-943_P15A-2003"},
    {"sjis", "ibm-943_P15A-2003"},
    {"x-sjis", "ibm-943_P15A-2003"},
    {"cp932", "ibm-943_P15A-2003"},
    {"windows-31j", "ibm-943_P15A-2003"},
    {"ms_kanji", "ibm-943_P15A-2003"},
    {"big5", "Big5-HKSCS"},
    {"cp950", "Big5-HKSCS"},
    {"x-big5", "Big5-HKSCS"},
    {"utf8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"unicode-1-1-utf-7", "utf-7"},
    {"iso-2022-jp", "ISO_2022,locale=ja,version=4"}, /* with half-width katakana */
    {"csiso2022jp", "ISO_2022,locale=ja,version=4"},
    {"iso-2022-jp-1", "ISO_2022,locale=ja,version=4"},
    {"iso-2022-jp-2", "ISO_2022,locale=ja,version=4"},
    {"iso-2022-jp-ms", "ISO_2022,locale=ja,version=4"},
};

/* Two or more bytes a letter, all of them able to be valid UTF-8 by chance while they are few. */
static const char *const double_byte[] = {
    "gb18030", "windows-949-2000", "ibm-943_P15A-2003", "Big5-HKSCS", "euc-jp", "euc-tw",
};

/* Letters made of ASCII: the bytes do not show what they are. */
static const char *const seven_bit[] = {"iso_2022", "iso-2022", "utf-7", "hz"};
/* ASCII in it has a NUL beside each letter: text without one is none of these. */
static const char *const wide[] = {"utf-16", "utf-32", "ucs-2", "iso-10646"};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool blank_or_quote(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"' || c == '\'';
}

/* Lower case, without quotes and blanks; empty where no charset is named so. */
static const char *label_name(struct str label, char name[LABEL_BYTES_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < label.len; i++) {
        if (blank_or_quote(label.at[i]))
            continue;
        if (n == LABEL_BYTES_MAX - 1 || label.at[i] < '!' || label.at[i] > '~' || label.at[i] == ',')
            return "";
        name[n++] = lower(label.at[i]);
    }
    name[n] = '\0';
    return name;
}

static const char *meant(const char *said)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(aliases[i].said, said) == 0)
            return aliases[i].meant;
    return said;
}

static bool is_double_byte(const char *name)
{
    for (size_t i = 0; i < sizeof double_byte / sizeof double_byte[0]; i++)
        if (strcmp(double_byte[i], name) == 0)
            return true;
    return false;
}

static bool begins_like(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strncasecmp(list[i], name, strlen(list[i])) == 0)
            return true;
    return false;
}

static bool is_seven_bit(const char *name)
{
    return begins_like(seven_bit, sizeof seven_bit / sizeof seven_bit[0], name);
}

static bool is_wide(const char *name)
{
    return begins_like(wide, sizeof wide / sizeof wide[0], name);
}

/* ---- what the bytes look like ---- */

struct look {
    bool ascii;     /* none above 0x7F, no NUL */
    bool escapes;   /* ESC $ or ESC ( : ISO 2022 */
    bool long_utf8; /* a letter of three or more bytes, if these are UTF-8 */
};

static struct look look_at(struct str s)
{
    struct look l = {true, false, false};
    unsigned char all = 0;

    for (size_t i = 0; i < s.len; i++) {
        all |= (unsigned char)s.at[i];
        l.long_utf8 = l.long_utf8 || (unsigned char)s.at[i] >= 0xE0;
    }
    l.ascii = all < 0x80 && memchr(s.at, '\0', s.len) == NULL;
    for (const char *p = s.at, *end = s.at + s.len; l.ascii && (p = memchr(p, 0x1B, (size_t)(end - p))) != NULL; p++)
        l.escapes = l.escapes || (p + 1 < end && (p[1] == '$' || p[1] == '('));
    return l;
}

/* ---- conversion ---- */

/* Called by ICU for bytes that mean nothing: one U+FFFD each time, and counted. */
static void replace(const void *faults, UConverterToUnicodeArgs *args, const char *units, int32_t length,
                    UConverterCallbackReason reason, UErrorCode *e)
{
    static const UChar replacement = 0xFFFD;

    (void)units, (void)length;
    if (reason > UCNV_IRREGULAR)
        return;
    ++*(size_t *)(uintptr_t)faults;
    *e = U_ZERO_ERROR;
    ucnv_cbToUWriteUChars(args, &replacement, 1, 0, e);
}

/* False where ICU knows no such charset. */
static bool convert(struct arena *a, struct str bytes, const char *name, struct str *out, size_t *faults)
{
    UErrorCode e = U_ZERO_ERROR;
    UConverter *from = ucnv_open(name, &e), *to = ucnv_open("utf-8", &e);
    UChar pivot[1024], *pivot_source = pivot, *pivot_target = pivot;
    struct buf text = {0};
    const char *source = bytes.at, *end = bytes.at + bytes.len;
    char piece[4096];

    *faults = 0;
    if (U_SUCCESS(e))
        ucnv_setToUCallBack(from, replace, faults, NULL, NULL, &e);
    while (U_SUCCESS(e)) {
        char *target = piece;

        ucnv_convertEx(to, from, &target, piece + sizeof piece, &source, end, pivot, &pivot_source, &pivot_target,
                       pivot + sizeof pivot / sizeof pivot[0], false, true, &e);
        buf_add(&text, piece, (size_t)(target - piece));
        if (e != U_BUFFER_OVERFLOW_ERROR)
            break;
        e = U_ZERO_ERROR;
    }

    bool done = U_SUCCESS(e);

    if (done)
        *out = (struct str){arena_copy(a, buf_view(&text).at, text.len), text.len};
    ucnv_close(from);
    ucnv_close(to);
    buf_free(&text);
    return done;
}

/* The detector's best guess that reads the bytes without a fault. */
static bool guess(struct arena *a, struct str bytes, struct str *out, const char **used)
{
    UErrorCode e = U_ZERO_ERROR;
    UCharsetDetector *d = ucsdet_open(&e);
    size_t head = bytes.len < GUESS_BYTES_MAX ? bytes.len : GUESS_BYTES_MAX;
    int32_t n = 0;
    bool found = false;

    ucsdet_setText(d, bytes.at, (int32_t)head, &e);

    const UCharsetMatch **all = ucsdet_detectAll(d, &n, &e);

    for (int32_t i = 0; U_SUCCESS(e) && i < n && !found; i++) {
        char name[LABEL_BYTES_MAX];
        const char *said = ucsdet_getName(all[i], &e);
        const char *charset = U_SUCCESS(e) ? meant(label_name(str_of(said), name)) : "";
        size_t faults;

        if (U_FAILURE(e) || ucsdet_getConfidence(all[i], &e) < GUESS_CONFIDENCE_MIN)
            break;
        if (strncmp(charset, "ibm4", 4) == 0 || strncmp(charset, "utf-", 4) == 0)
            continue; /* EBCDIC, and what has been tried before */
        found = convert(a, bytes, charset, out, &faults) && faults == 0;
        if (found)
            *used = arena_strdup(a, charset);
    }
    ucsdet_close(d);
    return found;
}

static struct str without_nul(struct arena *a, struct str s)
{
    struct buf b = {0};

    if (s.len == 0 || memchr(s.at, '\0', s.len) == NULL)
        return s;
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == '\0')
            buf_text(&b, "\xEF\xBF\xBD");
        else
            buf_char(&b, s.at[i]);

    struct str copy = {arena_copy(a, b.at, b.len), b.len};

    buf_free(&b);
    return copy;
}

static bool is_utf8(const char *name)
{
    return strcmp(name, "utf-8") == 0;
}

/* Letters beyond ASCII in valid UTF-8. */
static size_t beyond_ascii(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += (unsigned char)s.at[i] >= 0xC0 ? 1 : 0;
    return n;
}

/* Few faults, or, in UTF-8, as many letters that no other charset makes by chance. */
static bool believable(const char *charset, struct str bytes, struct str text, size_t faults)
{
    return faults * FAULT_SHARE <= bytes.len || (is_utf8(charset) && 2 * faults <= beyond_ascii(text));
}

struct str charset_clean(struct arena *a, struct str bytes)
{
    struct str text = bytes;
    size_t faults;

    if (bytes.len > 0 && !text_utf8_valid(bytes) && !convert(a, bytes, "utf-8", &text, &faults))
        assert(!"ICU has UTF-8");
    return without_nul(a, text);
}

struct str charset_text(struct arena *a, struct str bytes, struct str label, const char **used)
{
    char name[LABEL_BYTES_MAX];
    const char *charset = meant(label_name(label, name)), *unused;
    struct look look = bytes.len > 0 ? look_at(bytes) : (struct look){true, false, false};
    struct str text, guessed;
    size_t faults;

    if (used == NULL)
        used = &unused;
    *used = "us-ascii";
    if (bytes.len == 0)
        return STR("");
    if (look.ascii && !look.escapes && !is_seven_bit(charset))
        return bytes;

    bool labelled = false, utf8 = !look.ascii && text_utf8_valid(bytes) && !is_seven_bit(charset) && !is_wide(charset);

    if (!utf8 || (is_double_byte(charset) && !look.long_utf8))
        labelled = *charset != '\0' && convert(a, bytes, charset, &text, &faults);
    if (utf8 && !(labelled && faults == 0)) {
        *used = "utf-8";
        return without_nul(a, bytes);
    }
    if (labelled && (faults == 0 || believable(charset, bytes, text, faults))) {
        *used = arena_strdup(a, charset);
        return without_nul(a, text);
    }
    if (guess(a, bytes, &guessed, used))
        return without_nul(a, guessed);
    *used = labelled ? arena_strdup(a, charset) : "windows-1252";
    if (!labelled && !convert(a, bytes, *used, &text, &faults))
        return charset_clean(a, bytes);
    return without_nul(a, text);
}
