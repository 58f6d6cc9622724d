#include "gateway/mail/decode.h"

#include <string.h>

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void add_base64(struct buf *out, struct str s)
{
    unsigned bits = 0, have = 0;

    for (size_t i = 0; i < s.len && s.at[i] != '='; i++) {
        int d = base64_digit(s.at[i]);

        if (d < 0)
            continue; /* line ends */
        bits = (bits << 6 | (unsigned)d) & 0xFFFF;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_char(out, (char)(bits >> have & 0xFF));
        }
    }
}

/* "=C3", and in header words "_" for a space. */
static void add_quoted(struct buf *out, struct str s, bool word)
{
    for (size_t i = 0; i < s.len; i++) {
        int high = i + 2 < s.len ? hex_digit(s.at[i + 1]) : -1;
        int low = i + 2 < s.len ? hex_digit(s.at[i + 2]) : -1;

        if (s.at[i] == '=' && high >= 0 && low >= 0) {
            buf_char(out, (char)(high << 4 | low));
            i += 2;
        } else if (!word && s.at[i] == '=' && i + 1 < s.len && (s.at[i + 1] == '\r' || s.at[i + 1] == '\n')) {
            i += s.at[i + 1] == '\r' && i + 2 < s.len && s.at[i + 2] == '\n' ? 2 : 1;
        } else {
            buf_char(out, word && s.at[i] == '_' ? ' ' : s.at[i]);
        }
    }
}

/* Bytes of the encoded word that s starts with, 0 where it starts with none. */
static size_t word_at(struct str s, char *kind, struct str *inner)
{
    static const char lead[] = "=?UTF-8?";
    const size_t n = sizeof lead - 1;

    if (s.len < n + 4 || !str_equal_nocase((struct str){s.at, n}, str_of(lead)) || s.at[n + 1] != '?')
        return 0;
    *kind = (char)(s.at[n] & ~0x20);
    for (size_t i = n + 2; i + 1 < s.len && s.at[i] != ' '; i++)
        if (s.at[i] == '?') {
            *inner = (struct str){s.at + n + 2, i - n - 2};
            return s.at[i + 1] == '=' && (*kind == 'Q' || *kind == 'B') ? i + 2 : 0;
        }
    return 0;
}

static void add_header_words(struct buf *out, struct str s)
{
    bool after_word = false;

    while (s.len > 0) {
        size_t blanks = 0, len;
        char kind;
        struct str inner;

        while (blanks < s.len && s.at[blanks] == ' ')
            blanks++;
        len = word_at((struct str){s.at + blanks, s.len - blanks}, &kind, &inner);
        if (len > 0) { /* white space between two words is not part of the text */
            buf_add(out, s.at, after_word ? 0 : blanks);
            if (kind == 'Q')
                add_quoted(out, inner, true);
            else
                add_base64(out, inner);
        } else {
            len = blanks < s.len ? 1 : 0;
            buf_add(out, s.at, blanks + len);
        }
        after_word = len > 1;
        s.at += blanks + len;
        s.len -= blanks + len;
    }
}

void decode_header(struct buf *out, struct str value)
{
    struct buf line = {0};

    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] != '\r' && value.at[i] != '\n')
            buf_char(&line, value.at[i] == '\t' ? ' ' : value.at[i]);
    add_header_words(out, str_trim(buf_view(&line)));
    buf_free(&line);
}

void decode_body(struct buf *out, struct str body, struct str encoding)
{
    struct buf plain = {0};

    if (str_equal_nocase(encoding, STR("quoted-printable")))
        add_quoted(&plain, body, false);
    else if (str_equal_nocase(encoding, STR("base64")))
        add_base64(&plain, body);
    else
        buf_str(&plain, body);
    for (size_t i = 0; i < plain.len; i++)
        if (plain.at[i] != '\r' || i + 1 == plain.len || plain.at[i + 1] != '\n')
            buf_char(out, plain.at[i]);
    buf_free(&plain);
}
