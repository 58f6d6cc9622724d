#include "rules/file_name.h"

#include "rules/base/arena.h"

#include <string.h>

enum { TAIL_MAX = 16 /* of a name that is cut: its extension stays */ };

/* Devices of Windows, whatever follows behind a dot. */
static const char *const devices[] = {"con",  "prn",  "aux",  "nul",  "com0", "com1", "com2", "com3",
                                      "com4", "com5", "com6", "com7", "com8", "com9", "lpt0", "lpt1",
                                      "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"};

/* The next code point of s and its length; a byte that is no UTF-8 counts as one broken character. */
static size_t next_char(struct str s, uint32_t *out)
{
    const uint8_t *p = (const uint8_t *)s.at;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

    *out = 0xfffd;
    if (n > s.len || !text_utf8_valid((struct str){s.at, n}))
        return 1;
    *out = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *out = *out << 6 | (p[i] & 0x3f);
    return n;
}

/* Control, direction and width-less characters; U+200C and U+200D shape words and emoji, and stay. */
static bool is_unseen(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e || c == 0x200b ||
           c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static bool is_space(uint32_t c)
{
    return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

static bool is_refused(uint32_t c)
{
    return c == 0xfffd || (c < 0x80 && strchr("<>:\"|?*", (int)c) != NULL);
}

/* What stands behind the last slash, of either kind. */
static struct str without_path(struct str s)
{
    size_t at = s.len;

    while (at > 0 && s.at[at - 1] != '/' && s.at[at - 1] != '\\')
        at--;
    return (struct str){s.at + at, s.len - at};
}

static bool is_device(struct str name)
{
    struct str rest = name, stem = str_trim(str_cut(&rest, '.'));

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (str_equal_nocase(stem, str_of(devices[i])))
            return true;
    return false;
}

/* Without blanks and dots at its end, and blanks at its beginning. */
static struct str trimmed(struct str s)
{
    while (s.len > 0 && s.at[0] == ' ')
        s.at++, s.len--;
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '.'))
        s.len--;
    return s;
}

/* At most max bytes of it, cut between characters. */
static struct str cut_to(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max > 0 && ((uint8_t)s.at[max] & 0xc0) == 0x80)
        max--;
    return (struct str){s.at, max};
}

/* A long name loses its middle: the extension says what it is. */
static struct str shortened(struct arena *a, struct str s)
{
    size_t dot = s.len;

    if (s.len <= FILE_NAME_MAX)
        return s;
    while (dot > 0 && s.at[dot - 1] != '.')
        dot--;

    struct str tail = dot > 0 ? (struct str){s.at + dot - 1, s.len - dot + 1} : (struct str){s.at, 0};

    if (tail.len > TAIL_MAX)
        tail.len = 0;

    struct str stem = trimmed(cut_to(s, FILE_NAME_MAX - tail.len));

    return str_of(arena_printf(a, "%.*s%.*s", (int)stem.len, stem.at, (int)tail.len, tail.at));
}

struct str file_name_clean(struct arena *a, struct str raw)
{
    struct str rest = without_path(raw);
    struct buf b = {0};

    while (rest.len > 0) {
        uint32_t c;
        size_t n = next_char(rest, &c);

        if (is_space(c) || c == '\t')
            buf_char(&b, ' ');
        else if (is_refused(c))
            buf_char(&b, '_');
        else if (!is_unseen(c))
            buf_add(&b, rest.at, n);
        rest = (struct str){rest.at + n, rest.len - n};
    }

    struct str name = shortened(a, trimmed((struct str){str_copy(a, buf_view(&b)), b.len}));

    buf_free(&b);
    if (is_device(name))
        name = shortened(a, str_of(arena_printf(a, "_%.*s", (int)name.len, name.at)));
    return name.len == 0 ? STR("file") : str_of(str_copy(a, name));
}

/* attr-char of RFC 8187. */
static bool is_attr_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL);
}

struct str file_name_disposition(struct arena *a, struct str name)
{
    struct buf b = {0};

    buf_text(&b, "attachment; filename=\"");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = (uint8_t)name.at[i];

        if ((c & 0xc0) == 0x80)
            continue; /* one sign for each character that is not ASCII */
        buf_char(&b, is_attr_char(c) || c == ' ' || c == '(' || c == ')' || c == ',' ? (char)c : '_');
    }
    buf_text(&b, "\"; filename*=UTF-8''");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = (uint8_t)name.at[i];

        if (is_attr_char(c))
            buf_char(&b, (char)c);
        else
            buf_printf(&b, "%%%02X", c);
    }

    struct str all = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return all;
}
