/* mime_head.c - the header of an entity: fields, ids, words. */
#include "gateway/intake/mime_parts.h"

#include "rules/charset.h"

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next line with its line end; *s begins behind it. */
static struct str next_line(struct str *s)
{
    const char *end = memchr(s->at, '\n', s->len);
    struct str line = {s->at, end == NULL ? s->len : (size_t)(end - s->at) + 1};

    *s = (struct str){s->at + line.len, s->len - line.len};
    return line;
}

static bool is_empty(struct str line)
{
    return str_is(line, "\n") || str_is(line, "\r\n");
}

/* Bytes before the colon: printable ASCII, blanks only just before it (RFC 5322 4.5.8). 0 where this is no field. */
static size_t name_length(struct str line, size_t *colon)
{
    size_t n = 0, i;

    while (n < line.len && line.at[n] > ' ' && line.at[n] < 0x7F && line.at[n] != ':')
        n++;
    for (i = n; i < line.len && blank(line.at[i]);)
        i++;
    if (i == line.len || line.at[i] != ':')
        return 0;
    *colon = i;
    return n;
}

/* Without the line ends in it; UTF-8. */
static struct str unfold(struct arena *a, struct str s)
{
    s = str_trim(s);
    if (s.len > 0 && memchr(s.at, '\n', s.len) != NULL) {
        char *p = arena_take(a, s.len + 1);
        size_t n = 0;

        for (size_t i = 0; i < s.len; i++)
            if (s.at[i] != '\n' && !(s.at[i] == '\r' && i + 1 < s.len && s.at[i + 1] == '\n'))
                p[n++] = s.at[i];
        s = (struct str){p, n};
    }
    return charset_text(a, s, (struct str){NULL, 0}, NULL);
}

/* Doubles as it fills; what is left behind dies with the arena. */
static struct mime_field *one_more(struct reading *r, struct mime_field **fields, size_t *count)
{
    enum { FIRST_ROOM = 16 };

    if (*count == 0 || (*count >= FIRST_ROOM && (*count & (*count - 1)) == 0)) {
        struct mime_field *more = arena_array(r->a, struct mime_field, *count == 0 ? FIRST_ROOM : 2 * *count);

        if (*count > 0)
            memcpy(more, *fields, *count * sizeof **fields);
        *fields = more;
    }
    return &(*fields)[(*count)++];
}

struct str mime_head_read(struct reading *r, struct str raw, struct mime_field **fields, size_t *count)
{
    size_t lines = 0, bytes = 0, colon = 0;

    *fields = NULL;
    *count = 0;
    for (bool first = true; raw.len > 0; first = false) {
        struct str rest = raw, field = next_line(&rest);
        size_t name = name_length(field, &colon);

        if (is_empty(field))
            return rest;
        if (name == 0 && field.at[0] != ':' && !blank(field.at[0]) && !(first && str_starts(field, "From ")))
            return raw;
        for (lines++; rest.len > 0 && blank(rest.at[0]); lines++)
            field.len += next_line(&rest).len;
        raw = rest;
        bytes += field.len;
        if (lines > r->limits->header_lines || bytes > MIME_HEADER_BYTES_MAX)
            r->cut |= MIME_CUT_HEADER;
        else if (name > 0)
            *one_more(r, fields, count) = (struct mime_field){
                {field.at, name}, unfold(r->a, (struct str){field.at + colon + 1, field.len - colon - 1})};
    }
    return raw;
}

struct str mime_head_field(const struct mime_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(fields[i].name, str_of(name)))
            return fields[i].value.at == NULL ? STR("") : fields[i].value;
    return (struct str){NULL, 0};
}

/* RFC 5322 4.5.4 lets blanks stand inside of an id. */
static struct str without_blanks(struct arena *a, struct str s)
{
    char *p = arena_take(a, s.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        if (!blank(s.at[i]))
            p[n++] = s.at[i];
    return (struct str){p, n};
}

static void add_id(struct reading *r, struct str id, struct mime_ids *out)
{
    if (out->at == NULL)
        out->at = arena_array(r->a, struct str, MIME_IDS_MAX);
    id = without_blanks(r->a, id);
    if (id.len == 0)
        return;
    if (out->count == MIME_IDS_MAX) {
        /* The first began the thread, the last are nearest: what goes is the second. */
        memmove(out->at + 1, out->at + 2, (MIME_IDS_MAX - 2) * sizeof out->at[0]);
        out->count--;
        r->cut |= MIME_CUT_LIST;
    }
    out->at[out->count++] = id;
}

void mime_head_ids(struct reading *r, struct str value, struct mime_ids *out)
{
    size_t before = out->count;
    const char *open = NULL;

    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '<')
            open = value.at + i + 1;
        if (value.at[i] == '>' && open != NULL) {
            add_id(r, (struct str){open, (size_t)(value.at + i - open)}, out);
            open = NULL;
        }
    }
    value = str_trim(value);
    if (out->count == before && open == NULL && value.len > 0 && memchr(value.at, '@', value.len) != NULL &&
        memchr(value.at, ' ', value.len) == NULL)
        add_id(r, value, out);
}

struct str mime_head_word(struct reading *r, struct str value)
{
    size_t n = 0;

    value = str_trim(value);
    while (n < value.len && !blank(value.at[n]) && value.at[n] != ';' && value.at[n] != '(')
        n++;
    return str_of(str_lower(r->a, (struct str){value.at, n}));
}

struct str mime_head_bare(struct str value)
{
    const char *open, *close;

    value = str_trim(value);
    open = value.len > 0 ? memchr(value.at, '<', value.len) : NULL;
    close = open == NULL ? NULL : memchr(open, '>', value.len - (size_t)(open - value.at));
    return close == NULL ? value : str_trim((struct str){open + 1, (size_t)(close - open) - 1});
}
