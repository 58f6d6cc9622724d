#include "gateway/http/call.h"

#include "gateway/http/accept.h"
#include "gateway/http/form.h"
#include "rules/base/doc.h"

#include <assert.h>
#include <string.h>

static const struct str absent = {NULL, 0};

/* ---- what was asked ---- */

struct str call_header(const struct call *c, const char *name)
{
    for (size_t i = c->header_count; i > 0; i--)
        if (str_is(c->headers[i - 1].name, name))
            return c->headers[i - 1].value;
    return absent;
}

size_t call_header_times(const struct call *c, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < c->header_count; i++)
        n += str_is(c->headers[i].name, name);
    return n;
}

static struct str unquoted(struct str s)
{
    if (s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"')
        return (struct str){s.at + 1, s.len - 2};
    return s;
}

/* RFC 6265 5.4: the first of a name is the one with the longest path. */
static struct str find_cookie(struct str header, const char *name)
{
    while (header.at != NULL) {
        struct str pair = str_cut(&header, ';'), key = str_trim(str_cut(&pair, '='));

        if (pair.at != NULL && str_is(key, name))
            return unquoted(str_trim(pair));
    }
    return absent;
}

struct str call_cookie(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->header_count; i++) {
        struct str found = absent;

        if (str_is(c->headers[i].name, "cookie"))
            found = find_cookie(c->headers[i].value, name);
        if (found.at != NULL)
            return found;
    }
    return absent;
}

struct str call_query(struct call *c, const char *name)
{
    struct str rest = c->query;

    while (rest.at != NULL) {
        struct str pair = str_cut(&rest, '&'), key = form_decode(c->arena, str_cut(&pair, '='));

        if (str_is(key, name))
            return pair.at == NULL ? STR("") : form_decode(c->arena, pair);
    }
    return absent;
}

struct str call_content_type(struct call *c)
{
    struct str value = call_header(c, "content-type");

    if (value.at == NULL)
        return absent;
    value = str_trim(str_cut(&value, ';'));
    return (struct str){str_lower(c->arena, value), value.len};
}

bool call_wants_html(const struct call *c)
{
    struct str accept = call_header(c, "accept");

    return accept.at != NULL && accept_type(accept, "text/html") > accept_type(accept, "application/json");
}

/* ---- the answer ---- */

static bool one_line(struct str s)
{
    return s.len == 0 || (memchr(s.at, '\r', s.len) == NULL && memchr(s.at, '\n', s.len) == NULL);
}

void call_set_header(struct call *c, const char *name, struct str value)
{
    assert(one_line(value) && c->answer_header_count < sizeof c->answer_headers / sizeof c->answer_headers[0]);
    c->answer_headers[c->answer_header_count++] =
        (struct call_header){str_of(arena_strdup(c->arena, name)), {str_copy(c->arena, value), value.len}};
}

void call_set_cookie(struct call *c, const char *name, struct str value, const char *same_site, int64_t max_age_s)
{
    const char *age = max_age_s < 0 ? "" : arena_printf(c->arena, "; Max-Age=%lld", (long long)max_age_s);

    call_set_header(c, "set-cookie",
                    str_of(arena_printf(c->arena, "%s=%.*s; Path=/; Secure; HttpOnly; SameSite=%s%s", name,
                                        (int)value.len, value.len > 0 ? value.at : "", same_site, age)));
}

static void answer(struct call *c, int status, struct str body)
{
    assert(status >= 200 && status <= 599);
    c->status = status;
    c->answer = body;
}

void call_answer(struct call *c, int status, const char *content_type, struct str body)
{
    call_set_header(c, "content-type", str_of(content_type));
    answer(c, status, (struct str){str_copy(c->arena, body), body.len});
}

void call_answer_doc(struct call *c, int status, const struct doc *d)
{
    call_set_header(c, "content-type", STR("application/json"));
    answer(c, status, doc_print(d, c->arena));
}

void call_answer_empty(struct call *c, int status)
{
    answer(c, status, absent);
}

void call_answer_kept(struct call *c, int status, struct str body)
{
    answer(c, status, body);
}

void call_redirect(struct call *c, struct str location)
{
    call_set_header(c, "location", location);
    answer(c, 303, absent);
}

void call_problem(struct call *c, int status, const char *code, const char *title, struct doc *errors,
                  int retry_after_s)
{
    struct doc *d = doc_object();

    doc_set_text(d, "type", str_of(arena_printf(c->arena, "/problems/%s", code)));
    doc_set_text(d, "title", str_of(title));
    doc_set_int(d, "status", status);
    doc_set_text(d, "code", str_of(code));
    doc_set_text(d, "request_id", str_of(c->request_id));
    if (errors != NULL)
        doc_set(d, "errors", errors);
    if (retry_after_s > 0)
        call_set_header(c, "retry-after", str_of(arena_printf(c->arena, "%d", retry_after_s)));
    call_set_header(c, "content-type", STR("application/problem+json"));
    answer(c, status, doc_print(d, c->arena));
    doc_close(d);
}

void call_keep(struct call *c, void (*release)(void *arg), void *arg)
{
    struct call_kept *kept = arena_new(c->arena, struct call_kept);

    *kept = (struct call_kept){c->kept, release, arg};
    c->kept = kept;
}
