#include "gateway/http/form.h"

#include <string.h>

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

struct str form_decode(struct arena *a, struct str s)
{
    char *p = arena_take(a, s.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%' && i + 2 < s.len && hex(s.at[i + 1]) >= 0 && hex(s.at[i + 2]) >= 0) {
            c = (char)(hex(s.at[i + 1]) << 4 | hex(s.at[i + 2]));
            i += 2;
        }
        p[n++] = c;
    }
    return (struct str){p, n};
}

enum err form_urlencoded(struct arena *a, struct str body, struct form_field *fields, size_t *n)
{
    size_t count = 0;

    while (body.len > 0) {
        struct str pair = str_cut(&body, '&');

        if (pair.len == 0)
            continue;
        if (count == FORM_FIELDS_MAX)
            return ERR_LARGE;

        struct str name = str_cut(&pair, '=');

        fields[count++] = (struct form_field){.name = form_decode(a, name), .value = form_decode(a, pair)};
    }
    *n = count;
    return ERR_OK;
}

enum err form_parse(struct call *c, struct form_field **fields, size_t *n)
{
    struct str type = call_content_type(c);
    struct form_field *made = arena_array(c->arena, struct form_field, FORM_FIELDS_MAX);
    enum err e = ERR_SYNTAX;
    size_t count;

    if (call_header_times(c, "content-type") > 1)
        return ERR_SYNTAX;
    if (str_is(type, "application/x-www-form-urlencoded")) {
        e = form_urlencoded(c->arena, c->body, made, &count);
    } else if (str_is(type, "multipart/form-data")) {
        struct str boundary = form_boundary(c->arena, call_header(c, "content-type"));

        if (boundary.at != NULL)
            e = form_multipart(c->arena, boundary, c->body, made, &count);
    }
    if (e != ERR_OK)
        return e;
    *fields = made;
    *n = count;
    return ERR_OK;
}
