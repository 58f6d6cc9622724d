#include "rules/csv.h"

#include "rules/base/arena.h"

#include <string.h>

void csv_open(struct csv *c, struct str text)
{
    size_t commas = 0, semicolons = 0;
    bool quoted = false;

    if (str_starts(text, "\xEF\xBB\xBF"))
        text.at += 3, text.len -= 3;
    for (size_t i = 0; i < text.len && (quoted || text.at[i] != '\n') && i < CSV_ROW_BYTES_MAX; i++) {
        quoted ^= text.at[i] == '"';
        commas += !quoted && text.at[i] == ',';
        semicolons += !quoted && text.at[i] == ';';
    }
    *c = (struct csv){text, 1, semicolons > commas ? ';' : ','};
}

/* Bytes of the line end at i, 0 where there is none. */
static size_t line_end(struct str s, size_t i)
{
    if (i < s.len && s.at[i] == '\n')
        return 1;
    return i + 1 < s.len && s.at[i] == '\r' && s.at[i + 1] == '\n' ? 2 : 0;
}

static struct str undouble(struct arena *a, struct str s)
{
    char *p = arena_take(a, s.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        p[n++] = s.at[i];
        i += s.at[i] == '"';
    }
    return (struct str){p, n};
}

/* The field in quotes that begins at *i; *i is then behind the closing one. */
static const char *quoted_field(struct str s, size_t *i, struct arena *a, struct str *out)
{
    size_t start = ++*i;
    bool doubled = false;

    for (; *i < s.len && *i - start <= CSV_FIELD_BYTES_MAX; ++*i) {
        if (s.at[*i] != '"')
            continue;
        if (*i + 1 == s.len || s.at[*i + 1] != '"') {
            struct str raw = {s.at + start, (*i)++ - start};

            *out = doubled ? undouble(a, raw) : raw;
            return NULL;
        }
        doubled = true;
        ++*i;
    }
    return *i < s.len ? "a field is too long, or a quote was never closed" : "a quote was never closed";
}

static struct str plain_field(struct str s, size_t *i, char separator)
{
    size_t start = *i;

    while (*i < s.len && s.at[*i] != separator && line_end(s, *i) == 0)
        ++*i;
    return (struct str){s.at + start, *i - start};
}

static const char *field_fault(struct str field)
{
    if (field.len > CSV_FIELD_BYTES_MAX)
        return "a field is too long";
    if (!text_utf8_valid(field))
        return "not UTF-8";
    if (field.len > 0 && memchr(field.at, '\0', field.len) != NULL)
        return "a NUL byte";
    return NULL;
}

/* Reads one row at the start of s; *used is what it takes with its line end. */
static const char *read_row(struct str s, char separator, struct arena *a, struct csv_row *row, size_t *used)
{
    const char *fault = NULL;
    size_t i = 0;

    for (;;) {
        struct str field;

        if (i < s.len && s.at[i] == '"')
            fault = quoted_field(s, &i, a, &field);
        else
            field = plain_field(s, &i, separator);
        if (fault == NULL)
            fault = field_fault(field);
        if (fault != NULL)
            return fault;
        if (row->count == CSV_COLUMNS_MAX)
            return "too many columns";
        row->field[row->count++] = str_trim(field);

        *used = i + line_end(s, i);
        if (i == s.len || *used > i)
            return i > CSV_ROW_BYTES_MAX ? "the row is too long" : NULL;
        if (s.at[i++] != separator)
            return "text behind a closing quote";
    }
}

static void advance(struct csv *c, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        c->line += c->rest.at[i] == '\n';
    c->rest.at += bytes, c->rest.len -= bytes;
}

static size_t first_line(struct str s)
{
    const char *end = memchr(s.at, '\n', s.len);

    return end == NULL ? s.len : (size_t)(end - s.at) + 1;
}

static bool all_empty(const struct csv_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->field[i].len > 0)
            return false;
    return row->fault == NULL;
}

bool csv_next(struct csv *c, struct arena *a, struct csv_row *out)
{
    while (c->rest.len > 0) {
        size_t used = 0;

        out->line = c->line;
        out->count = 0;
        out->fault = read_row(c->rest, c->separator, a, out, &used);
        if (out->fault != NULL) {
            out->count = 0;
            used = first_line(c->rest);
        }
        advance(c, used);
        if (!all_empty(out))
            return true;
    }
    return false;
}
