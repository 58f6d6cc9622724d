#include "gateway/staff/tell.h"

#include "gateway/http/call.h"
#include "queues/log.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <string.h>

enum { WORDS_MAX = 20000, RETRY_S = 2, DAY_MS = 86400000 };

static void keep_nothing(struct call *c)
{
    call_set_header(c, "cache-control", STR("no-store"));
}

void tell_doc(struct call *c, int status, struct doc *d)
{
    keep_nothing(c);
    call_answer_doc(c, status, d);
    doc_close(d);
}

void tell_list(struct call *c, struct doc *items, const char *next)
{
    struct doc *d = doc_object();

    doc_set(d, "items", items);
    doc_set_text_or_null(d, "next", next == NULL ? (struct str){NULL, 0} : str_of(next));
    tell_doc(c, 200, d);
}

void tell_problem(struct call *c, int status, const char *code, const char *title)
{
    keep_nothing(c);
    call_problem(c, status, code, title, NULL, status == 503 ? RETRY_S : 0);
}

void tell_problem_with(struct call *c, int status, const char *code, const char *title, const char *member,
                       struct str value)
{
    struct doc *d = doc_object();

    doc_set_text(d, "type", str_of(arena_printf(c->arena, "/problems/%s", code)));
    doc_set_text(d, "title", str_of(title));
    doc_set_int(d, "status", status);
    doc_set_text(d, "code", str_of(code));
    doc_set_text(d, "request_id", str_of(c->request_id));
    doc_set_text(d, member, value);
    keep_nothing(c);
    call_answer(c, status, "application/problem+json", doc_print(d, c->arena));
    doc_close(d);
}

void tell_error(struct call *c, enum err e)
{
    static const char *const codes[ERR_KINDS] = {[ERR_SYNTAX] = "malformed",   [ERR_UNKNOWN_CALLER] = "sign-in-needed",
                                                 [ERR_DENIED] = "not-allowed", [ERR_ABSENT] = "not-found",
                                                 [ERR_CONFLICT] = "conflict",  [ERR_INPUT] = "invalid-fields",
                                                 [ERR_LIMIT] = "too-many",     [ERR_STORE] = "not-available",
                                                 [ERR_BUSY] = "busy"};

    if (codes[e] == NULL)
        log_error("staff_answer", "request=%s why=%s", c->request_id, err_name(e));
    tell_problem(c, err_http(e), codes[e] == NULL ? "internal" : codes[e], err_text(e));
}

void tell_fault(struct call *c, const char *field, const char *code, const char *detail)
{
    struct doc *errors = doc_array(), *e = doc_object();

    doc_set_text(e, "field", str_of(field));
    doc_set_text(e, "code", str_of(code));
    doc_set_text(e, "detail", str_of(detail));
    doc_push(errors, e);
    keep_nothing(c);
    call_problem(c, 422, "invalid-fields", err_text(ERR_INPUT), errors, 0);
}

struct doc *tell_body(struct call *c)
{
    char why[120];
    struct doc *d;

    if (!str_is(call_content_type(c), "application/json")) {
        tell_problem(c, 415, "unsupported-media-type", "send application/json");
        return NULL;
    }
    if (doc_parse(&d, c->body, why, sizeof why) != ERR_OK) {
        tell_problem(c, 400, "malformed", why);
        return NULL;
    }
    if (doc_kind(d) == DOC_OBJECT)
        return d;
    doc_close(d);
    tell_fault(c, "", "type", "an object is wanted");
    return NULL;
}

bool tell_words(struct call *c, const struct doc *body, const char *field, struct str *out)
{
    const struct doc *d = doc_get(body, field);
    struct str s = doc_text(d);

    if (doc_kind(d) != DOC_TEXT || str_trim(s).len == 0)
        tell_fault(c, field, "missing", "words are wanted");
    else if (memchr(s.at, '\0', s.len) != NULL)
        tell_fault(c, field, "character", "U+0000 is not a character of words");
    else if (text_code_points(s) > WORDS_MAX)
        tell_fault(c, field, "too-long", "at most 20000 characters");
    else {
        *out = text_lf(c->arena, (struct str){str_copy(c->arena, s), s.len});
        return true;
    }
    return false;
}

bool tell_limit(struct call *c, int64_t *out)
{
    struct str s = call_query(c, "limit");
    int64_t n = TELL_LIMIT_DEFAULT;

    if (s.at != NULL && (!str_number(s, &n) || n < 1 || n > TELL_LIMIT_MAX)) {
        tell_fault(c, "limit", "range", "1 to 200");
        return false;
    }
    *out = n;
    return true;
}

struct doc *tell_stamp(int64_t ms)
{
    return ms <= 0 ? doc_new_null() : doc_new_text(str_of(stamp_print(ms).at));
}

struct doc *tell_day(int64_t days)
{
    struct stamp s = stamp_print(days * DAY_MS);

    return doc_new_text((struct str){s.at, 10});
}

void tell_id(struct doc *d, const char *name, enum id_kind kind, struct ulid u)
{
    if (ulid_equal(u, (struct ulid){0}))
        doc_set_null(d, name);
    else
        doc_set_text(d, name, str_of(id_print(kind, u).at));
}
