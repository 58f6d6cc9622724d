/* POST /requests/{ref}/verify: a code is judged, and what being right changes is changed with it. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/pages.h"
#include "gateway/say.h"
#include "gateway/verify/confirm.h"
#include "gateway/verify/look.h"
#include "gateway/verify/verify.h"
#include "gateway/work.h"
#include "rules/base/doc.h"

static const struct str no_text = {NULL, 0};

static void back(struct call *c, uint64_t reference, const char *query)
{
    call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?%s", reference_print(reference).at, query)));
}

static void answer_right(struct call *c, uint64_t reference, int level, bool page)
{
    struct doc *d;

    if (page) {
        back(c, reference, "did=confirmed");
        return;
    }
    d = doc_object();
    doc_set_int(d, "level", level);
    call_answer_doc(c, 200, d);
    doc_close(d);
}

/* A problem with one more member. */
static void answer_problem(struct call *c, const char *lang, int status, const char *code, const char *member,
                           int64_t value)
{
    struct doc *d = doc_object();
    const char *title = pages_text(c->app->pages, lang, arena_printf(c->arena, "problem.%d.title", status));

    doc_set_text(d, "type", str_of(arena_printf(c->arena, "/problems/%s", code)));
    doc_set_text(d, "title", str_of(title));
    doc_set_int(d, "status", status);
    doc_set_text(d, "code", str_of(code));
    doc_set_text(d, "request_id", str_of(c->request_id));
    if (member != NULL)
        doc_set_int(d, member, value);
    call_answer(c, status, "application/problem+json", doc_print(d, c->arena));
    call_set_header(c, "content-language", str_of(lang));
    doc_close(d);
}

static void answer_gone(struct call *c, uint64_t reference, const char *lang, int level, bool page)
{
    if (page)
        back(c, reference, level > 0 ? "did=confirmed" : "wrong=code-gone");
    else
        answer_problem(c, lang, 410, "code-gone", level > 0 ? "level" : NULL, level);
}

static void answer_wrong(struct call *c, uint64_t reference, const char *lang, int left, bool page)
{
    if (page && left > 0)
        back(c, reference, arena_printf(c->arena, "wrong=wrong-code&left=%d", left));
    else if (page)
        back(c, reference, "wrong=code-gone");
    else
        answer_problem(c, lang, 422, "wrong-code", "tries_left", left);
}

static void judge(struct call *c, const struct post *p, uint64_t reference, enum token_kind kind, struct ulid id)
{
    char code[9];
    struct verdict v;

    if (!code_parse(p->fields.value[FIELD_code], code)) {
        if (p->page)
            back(c, reference, "wrong=malformed-code");
        else
            answer_problem(c, p->lang, 422, "malformed-code", NULL, 0);
        return;
    }
    switch (confirm_code(c->app, work_redis(), c->arena, reference, kind, id, code, &v)) {
    case ERR_OK:
        answer_right(c, reference, v.level, p->page);
        break;
    case ERR_INPUT:
        answer_wrong(c, reference, p->lang, v.tries_left, p->page);
        break;
    case ERR_GONE:
        answer_gone(c, reference, p->lang, v.level, p->page);
        break;
    case ERR_UNKNOWN_CALLER:
        verify_unknown(c, p->lang);
        break;
    default:
        say_problem(c, 503, "not-available", no_text, POST_BUSY_RETRY_S);
        break;
    }
}

void verify_pass(struct call *c)
{
    uint64_t reference = token_reference(c->app->keys, c->params[0]);
    struct ulid id;
    enum token_kind kind = token_of_call(c->app->keys, c, reference, &id);
    struct post *p;

    if (kind == TOKEN_NONE) {
        verify_unknown(c, say_language(c, no_text));
        return;
    }
    if ((token_by_cookie(c) && say_cross_site(c)) || (p = post_read(c, ITEM_MESSAGE)) == NULL)
        return;

    int wait = post_wait_s(c);

    if (wait > 0)
        say_problem(c, 429, "too-many", no_text, wait);
    else
        judge(c, p, reference, kind, id);
}
