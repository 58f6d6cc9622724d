#include "gateway/mail/encode.h"

#include <stdbool.h>
#include <string.h>

/* "=?UTF-8?Q?" and "?=" */
enum { WORD_FRAME = 12, WORD_ROOM_MIN = 12 };

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex[] = "0123456789ABCDEF";

static size_t base64_chars(size_t bytes)
{
    return (bytes + 2) / 3 * 4;
}

static void add_base64(struct buf *out, const unsigned char *p, size_t n)
{
    for (; n >= 3; p += 3, n -= 3) {
        char four[4] = {base64[p[0] >> 2], base64[(p[0] & 3) << 4 | p[1] >> 4], base64[(p[1] & 15) << 2 | p[2] >> 6],
                        base64[p[2] & 63]};

        buf_add(out, four, 4);
    }
    if (n == 1)
        buf_printf(out, "%c%c==", base64[p[0] >> 2], base64[(p[0] & 3) << 4]);
    else if (n == 2)
        buf_printf(out, "%c%c%c=", base64[p[0] >> 2], base64[(p[0] & 3) << 4 | p[1] >> 4], base64[(p[1] & 15) << 2]);
}

static void add_hex(struct buf *out, unsigned char c)
{
    char three[3] = {'=', hex[c >> 4], hex[c & 15]};

    buf_add(out, three, 3);
}

/* RFC 2047 §5 (3): what may stand for itself in a Q word wherever words may stand. */
static bool word_safe(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t q_chars(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += word_safe((unsigned char)s.at[i]) || s.at[i] == ' ' ? 1 : 3;
    return n;
}

/* The longest head of text, in whole code points, whose encoding fits into room. */
static struct str head_that_fits(struct str text, bool q, size_t room)
{
    struct str head = text_first(text, 1);

    while (head.len < text.len) {
        struct str tail = {text.at + head.len, text.len - head.len};
        struct str more = {text.at, head.len + text_first(tail, 1).len};

        if ((q ? q_chars(more) : base64_chars(more.len)) > room)
            break;
        head = more;
    }
    return head;
}

static void add_word(struct buf *out, struct str s, bool q)
{
    buf_text(out, q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
    if (!q)
        add_base64(out, (const unsigned char *)s.at, s.len);
    for (size_t i = 0; q && i < s.len; i++) {
        if (s.at[i] == ' ')
            buf_char(out, '_');
        else if (word_safe((unsigned char)s.at[i]))
            buf_char(out, s.at[i]);
        else
            add_hex(out, (unsigned char)s.at[i]);
    }
    buf_text(out, "?=");
}

void encode_words(struct buf *out, size_t *column, struct str text)
{
    bool q = q_chars(text) <= base64_chars(text.len);

    for (bool first = true; text.len > 0; first = false) {
        if (!first || *column + WORD_FRAME + WORD_ROOM_MIN > ENCODE_LINE_MAX) {
            buf_text(out, "\r\n ");
            *column = 1;
        }

        struct str head = head_that_fits(text, q, ENCODE_LINE_MAX - *column - WORD_FRAME);

        add_word(out, head, q);
        *column += WORD_FRAME + (q ? q_chars(head) : base64_chars(head.len));
        text.at += head.len;
        text.len -= head.len;
    }
}

/* Moves behind one line and its end, be it LF, CRLF or CR; false at the end of the text. */
static bool next_line(struct str *rest, struct str *line)
{
    size_t n = 0;

    if (rest->len == 0)
        return false;
    while (n < rest->len && rest->at[n] != '\n' && rest->at[n] != '\r')
        n++;
    *line = (struct str){rest->at, n};
    if (n < rest->len)
        n += rest->at[n] == '\r' && n + 1 < rest->len && rest->at[n + 1] == '\n' ? 2 : 1;
    rest->at += n;
    rest->len -= n;
    return true;
}

static void add_quoted_line(struct buf *out, struct str line)
{
    size_t column = 0;

    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.at[i];
        bool last = i + 1 == line.len;
        bool plain = (c > ' ' && c < 0x7F && c != '=') || (c == ' ' && !last);
        size_t width = plain ? 1 : 3;

        /* Mail stores quote a line that begins with "From ", and would change it. */
        if (column == 0 && line.len - i >= 5 && memcmp(line.at + i, "From ", 5) == 0)
            plain = false, width = 3;
        if (column + width > ENCODE_LINE_MAX - (last ? 0 : 1)) {
            buf_text(out, "=\r\n");
            column = 0;
        }
        if (plain)
            buf_char(out, (char)c);
        else
            add_hex(out, c);
        column += width;
    }
    buf_text(out, "\r\n");
}

static void add_base64_body(struct buf *out, struct str canonical)
{
    const size_t bytes_per_line = ENCODE_LINE_MAX / 4 * 3;

    while (canonical.len > 0) {
        size_t n = canonical.len < bytes_per_line ? canonical.len : bytes_per_line;

        add_base64(out, (const unsigned char *)canonical.at, n);
        buf_text(out, "\r\n");
        canonical.at += n;
        canonical.len -= n;
    }
}

const char *encode_body(struct buf *out, struct str text)
{
    struct buf quoted = {0}, canonical = {0};
    struct str rest = text, line;

    while (next_line(&rest, &line)) {
        add_quoted_line(&quoted, line);
        buf_str(&canonical, line);
        buf_text(&canonical, "\r\n");
    }

    size_t in_base64 = base64_chars(canonical.len);
    bool q = quoted.len <= in_base64 + in_base64 / ENCODE_LINE_MAX * 2;

    if (q)
        buf_str(out, buf_view(&quoted));
    else
        add_base64_body(out, buf_view(&canonical));
    buf_free(&quoted);
    buf_free(&canonical);
    return q ? "quoted-printable" : "base64";
}
