/* quote_forward.c - whose mail somebody passes on in the text of their own. */
#include "rules/quote_parts.h"

#include <string.h>

enum {
    LOOKED_LINES_MAX = 2000, /* a mail that is passed on stands near the top */
    FIELDS_LINES_MAX = 14,
    ADDRESS_BYTES_MAX = 254, /* RFC 5321 4.5.3.1.3 */
};

/* How the subject of a mail that passes one on begins. */
static const char *const subjects[] = {
    "fwd:", "fw:", "wg:",  "tr:",  "rv:",  "enc:", "i:",    "doorst:",     "vs:",
    "vb:",  "pd:", "转发", "轉寄", "転送", "전달", "تحويل", "إعادة توجيه",
};

static bool says_so(struct str subject)
{
    subject = quote_trim(subject);
    for (size_t i = 0; i < COUNT(subjects); i++)
        if (quote_begins(subject, subjects[i]) > 0)
            return true;
    return false;
}

/* Apple Mail quotes what it passes on. */
static struct str unmarked(struct str line)
{
    while (line.len > 0 && (line.at[0] == '>' || line.at[0] == ' '))
        line = quote_skip(line, 1);
    return line;
}

static bool of_address(char c)
{
    return (unsigned char)c > ' ' && strchr("<>()[]\",;:", c) == NULL;
}

/* "Ann <ann@example.org>", "Ann [mailto:ann@example.org]", "ann@example.org": the last address, and what stands before. */
static bool read_from(struct str value, struct quote_forward *out)
{
    const char *at = value.len == 0 ? NULL : memrchr(value.at, '@', value.len);
    size_t from, to;
    struct str name;

    if (at == NULL)
        return false;
    from = to = (size_t)(at - value.at);
    while (from > 0 && of_address(value.at[from - 1]))
        from--;
    while (to < value.len && of_address(value.at[to]))
        to++;
    if (from == (size_t)(at - value.at) || to == (size_t)(at - value.at) + 1 || to - from > ADDRESS_BYTES_MAX)
        return false;
    name = (struct str){value.at, from};
    for (size_t i = 0; i < name.len; i++)
        if (strchr("<[(", name.at[i]) != NULL)
            name.len = i;
    while (name.len > 0 && strchr("\"' *", name.at[0]) != NULL)
        name = quote_skip(name, 1);
    while (name.len > 0 && strchr("\"' *", name.at[name.len - 1]) != NULL)
        name.len--;
    out->address = (struct str){value.at + from, to - from};
    out->name = memchr(name.len == 0 ? "" : name.at, '@', name.len) == NULL ? name : STR("");
    return true;
}

/* The fields from line i on; false where From is not among them. */
static bool read_fields(const struct lines *l, size_t i, struct quote_forward *out)
{
    bool found = false;
    size_t gap = 0;

    for (size_t end = i + FIELDS_LINES_MAX; i < l->n && i < end && gap <= 2; i++) {
        struct str line = unmarked(quote_line(l, i)), value = STR("");
        enum head_name name = line.len <= QUOTE_LINE_BYTES_MAX ? quote_head(line, &value) : HEAD_NONE;

        gap = name == HEAD_NONE ? gap + 1 : 0;
        if (name == HEAD_FROM && !found)
            found = read_from(value, out);
        if (name == HEAD_SUBJECT && out->subject.len == 0)
            out->subject = value;
    }
    return found;
}

bool quote_forwarded(struct arena *a, struct str subject, struct str text, struct quote_forward *out)
{
    struct quote_forward f = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    bool meant = says_so(subject);
    struct lines l;

    if (text.len == 0)
        return false;
    l = quote_lines(a, text);
    for (size_t i = 0; i < l.n && i < LOOKED_LINES_MAX; i++) {
        struct str line = unmarked(quote_line(&l, i)), value;

        if (line.len > QUOTE_LINE_BYTES_MAX)
            continue;
        meant = meant || quote_is_passed_on(line);
        if (!meant || quote_head(line, &value) == HEAD_NONE)
            continue;
        if (!read_fields(&l, i, &f))
            return false;
        *out = f;
        return true;
    }
    return false;
}
