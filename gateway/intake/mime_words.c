/* mime_words.c - encoded words (RFC 2047), as mailers broke them: letters that begin in one word and end in the next,
 * blanks in a word, words inside of other text, charsets under wrong names. GMime's decoder loses the first of these. */
#include "gateway/intake/mime_parts.h"

#include "rules/charset.h"

#include <gmime/gmime.h>

#include <string.h>

enum { WORD_BYTES_MAX = 2000 }; /* RFC 2047 allows 75 */

/* "=?charset?B?text?=" */
struct word {
    struct str charset, text;
    char kind; /* 'b', 'q' */
    size_t len;
};

static struct str behind(struct str s, size_t n)
{
    return (struct str){s.at + n, s.len - n};
}

/* Does s begin with an encoded word? */
static bool word_begins(struct str s, struct word *out)
{
    struct str rest = {s.at, s.len < WORD_BYTES_MAX ? s.len : WORD_BYTES_MAX};
    const char *end;

    if (rest.len < 2 || memcmp(rest.at, "=?", 2) != 0)
        return false;
    rest = behind(rest, 2);
    out->charset = str_cut(&rest, '?');
    if (rest.len < 4 || rest.at[1] != '?' || out->charset.len == 0 ||
        memchr(out->charset.at, ' ', out->charset.len) != NULL)
        return false;
    out->charset = str_cut(&out->charset, '*'); /* RFC 2231 5: a language */
    out->kind = (char)(rest.at[0] | 0x20);
    rest = behind(rest, 2);
    end = memmem(rest.at, rest.len, "?=", 2);
    if (end == NULL || (out->kind != 'b' && out->kind != 'q'))
        return false;
    out->text = (struct str){rest.at, (size_t)(end - rest.at)};
    out->len = (size_t)(end - s.at) + 2;
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static void add_q(struct buf *bytes, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == '=' && i + 2 < s.len && hex(s.at[i + 1]) >= 0 && hex(s.at[i + 2]) >= 0) {
            buf_char(bytes, (char)(hex(s.at[i + 1]) << 4 | hex(s.at[i + 2])));
            i += 2;
        } else {
            buf_char(bytes, s.at[i] == '_' ? ' ' : s.at[i]);
        }
}

static void add_b(struct buf *bytes, struct str s)
{
    GMimeEncoding state;
    char out[WORD_BYTES_MAX];

    g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_BASE64);
    buf_add(bytes, out, g_mime_encoding_flush(&state, s.at, s.len, out));
}

static size_t blanks(struct str s)
{
    size_t n = 0;

    while (n < s.len && (s.at[n] == ' ' || s.at[n] == '\t'))
        n++;
    return n;
}

/* The words of one charset at the beginning of s, with nothing but blanks between them, as one; the bytes of s that
 * they are, with the blanks before the next word, which are not text either. */
static size_t add_run(struct arena *a, struct str s, struct word *w, struct buf *out)
{
    struct str charset = w->charset;
    struct buf bytes = {0};
    size_t taken = 0, gap;
    bool more = true;

    while (more && str_equal_nocase(w->charset, charset)) {
        taken += w->len;
        if (w->kind == 'b')
            add_b(&bytes, w->text);
        else
            add_q(&bytes, w->text);
        gap = blanks(behind(s, taken));
        more = word_begins(behind(s, taken + gap), w);
        taken += more ? gap : 0;
    }
    buf_str(out, charset_text(a, buf_view(&bytes), charset, NULL));
    buf_free(&bytes);
    return taken;
}

struct str mime_words(struct arena *a, struct str value)
{
    struct buf out = {0};
    struct word w;
    struct str text;

    if (value.len == 0 || memmem(value.at, value.len, "=?", 2) == NULL)
        return value;
    while (value.len > 0) {
        if (word_begins(value, &w)) {
            value = behind(value, add_run(a, value, &w, &out));
        } else {
            buf_char(&out, value.at[0]);
            value = behind(value, 1);
        }
    }
    text = (struct str){arena_copy(a, buf_view(&out).at, out.len), out.len};
    buf_free(&out);
    return text;
}
