/* multipart.c - the multipart half of form.h. */
#include "gateway/http/form.h"

#include <string.h>

enum { PART_LINES_MAX = 8, PART_HEAD_BYTES_MAX = 4096, BOUNDARY_CHARS_MAX = 70 };

/* ---- parameters: ; name=token or ; name="quoted" ---- */

static bool escapes(struct str s, size_t i)
{
    return s.at[i] == '\\' && i + 1 < s.len && (s.at[i + 1] == '"' || s.at[i + 1] == '\\');
}

/* What browsers write: %22 for a quote (WHATWG HTML 4.10.22.8), a backslash for itself. What RFC 2045 writes: \" and
 * \\. A backslash counts as an escape only before a quote or another backslash, so both are read. */
static struct str quoted(struct arena *a, struct str *rest)
{
    size_t end = 1, n = 0;

    for (; end < rest->len && rest->at[end] != '"'; end++)
        end += escapes(*rest, end);
    if (end >= rest->len)
        return (struct str){NULL, 0};

    char *p = arena_take(a, end);

    for (size_t i = 1; i < end; i++) {
        i += escapes(*rest, i);
        p[n++] = rest->at[i];
    }
    *rest = (struct str){rest->at + end + 1, rest->len - end - 1};
    return (struct str){p, n};
}

static struct str bare(struct str *rest)
{
    struct str value = *rest;

    value.len = 0;
    while (value.len < rest->len && rest->at[value.len] != ';')
        value.len++;
    *rest = (struct str){rest->at + value.len, rest->len - value.len};
    return str_trim(value);
}

/* The value of a parameter behind the first ';' of value; at NULL where it is absent or the list is broken. */
static struct str parameter(struct arena *a, struct str value, const char *name)
{
    (void)str_cut(&value, ';');
    while (value.len > 0) {
        struct str key = str_trim(str_cut(&value, '='));

        if (value.at == NULL)
            break;
        while (value.len > 0 && value.at[0] == ' ')
            value.at++, value.len--;

        struct str found = value.len > 0 && value.at[0] == '"' ? quoted(a, &value) : bare(&value);

        if (found.at == NULL || str_equal_nocase(key, str_of(name)))
            return found;
        (void)str_cut(&value, ';');
    }
    return (struct str){NULL, 0};
}

/* RFC 2046 5.1.1 */
static bool boundary_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

struct str form_boundary(struct arena *a, struct str content_type)
{
    struct str b = parameter(a, content_type, "boundary");

    if (b.at == NULL || b.len == 0 || b.len > BOUNDARY_CHARS_MAX || b.at[b.len - 1] == ' ')
        return (struct str){NULL, 0};
    for (size_t i = 0; i < b.len; i++)
        if (!boundary_char(b.at[i]))
            return (struct str){NULL, 0};
    return b;
}

/* ---- parts ---- */

static struct str from(struct str s, const char *at)
{
    return (struct str){at, s.len - (size_t)(at - s.at)};
}

/* Cuts s at the next mark: what stands before it, or at NULL where there is none. */
static struct str cut_at(struct str *s, struct str mark)
{
    const char *hit = memmem(s->at, s->len, mark.at, mark.len);
    struct str before = *s;

    if (hit == NULL)
        return (struct str){NULL, 0};
    before.len = (size_t)(hit - s->at);
    *s = from(*s, hit + mark.len);
    return before;
}

/* After a delimiter: CRLF before the next part, "--" at the end; blanks may stand between (RFC 2046). */
static bool after_delimiter(struct str *rest, bool *last)
{
    *last = str_starts(*rest, "--");
    if (*last)
        return true;
    while (rest->len > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        rest->at++, rest->len--;
    if (!str_starts(*rest, "\r\n"))
        return false;
    *rest = from(*rest, rest->at + 2);
    return true;
}

static bool disposition(struct arena *a, struct str value, struct form_field *field)
{
    struct str kind = value;

    if (!str_equal_nocase(str_trim(str_cut(&kind, ';')), STR("form-data")))
        return false;
    field->name = parameter(a, value, "name");
    field->file_name = parameter(a, value, "filename");
    return field->name.at != NULL;
}

/* Lines up to an empty one; false without a usable Content-Disposition. */
static bool part_head(struct arena *a, struct str *rest, struct form_field *field)
{
    bool named = false;
    const char *begin = rest->at;

    for (int lines = 0; lines <= PART_LINES_MAX && rest->at - begin <= PART_HEAD_BYTES_MAX; lines++) {
        struct str line = cut_at(rest, STR("\r\n"));

        if (line.at == NULL || line.len > PART_HEAD_BYTES_MAX)
            return false;
        if (line.len == 0)
            return named;

        struct str name = str_cut(&line, ':');

        if (line.at == NULL)
            return false;
        if (str_equal_nocase(name, STR("content-disposition"))) {
            if (named || !disposition(a, line, field))
                return false;
            named = true;
        } else if (str_equal_nocase(name, STR("content-type"))) {
            field->content_type = str_trim(line);
        }
    }
    return false;
}

/* A part's bytes end before CRLF "--" boundary. A part whose head is all there is may end at the CRLF of the empty
 * line itself, so that one is looked at again. */
static bool part_body(struct str *rest, struct str mark, struct form_field *field)
{
    struct str again = {rest->at - 2, rest->len + 2};

    if (again.len >= mark.len && memcmp(again.at, mark.at, mark.len) == 0) {
        field->value = (struct str){rest->at, 0};
        *rest = from(again, again.at + mark.len);
        return true;
    }
    field->value = cut_at(rest, mark);
    return field->value.at != NULL;
}

enum err form_multipart(struct arena *a, struct str boundary, struct str body, struct form_field *fields, size_t *n)
{
    struct str mark = str_of(arena_printf(a, "\r\n--%.*s", (int)boundary.len, boundary.at));
    struct str first = from(mark, mark.at + 2);
    size_t count = 0;
    bool last = false;

    /* What stands before the first delimiter is for nobody (RFC 2046); it may also be the very first line. */
    if (body.len >= first.len && memcmp(body.at, first.at, first.len) == 0)
        body = from(body, body.at + first.len);
    else if (body.len == 0 || cut_at(&body, mark).at == NULL)
        return ERR_SYNTAX;
    while (true) {
        if (!after_delimiter(&body, &last))
            return ERR_SYNTAX;
        if (last)
            break;
        if (count == FORM_FIELDS_MAX)
            return ERR_LARGE;
        fields[count] = (struct form_field){0};
        if (!part_head(a, &body, &fields[count]) || !part_body(&body, mark, &fields[count]))
            return ERR_SYNTAX;
        count++;
    }
    *n = count;
    return ERR_OK;
}
