#include "gateway/say.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/fields.h"
#include "gateway/pages.h"
#include "queues/log.h"
#include "rules/base/doc.h"

const char *say_language(const struct call *c, struct str given)
{
    const char *lang = given.len > 0 ? pages_match(c->app->pages, given) : NULL;

    if (lang == NULL)
        lang = pages_negotiate(c->app->pages, call_header(c, "accept-language"));
    return lang;
}

void say_page(struct call *c, int status, const char *lang, const char *page, struct doc *data)
{
    struct str html;
    enum err e = pages_render(&html, c->app->pages, lang, page, data, c->arena);

    doc_close(data);
    if (e != ERR_OK) {
        log_error("page_failed", "page=%s why=%s", page, err_name(e));
        call_problem(c, 500, "internal", err_text(ERR_IO), NULL, 0);
        return;
    }
    call_set_header(c, "content-language", str_of(lang));
    call_set_header(c, "cache-control", STR("no-store"));
    call_answer(c, status, "text/html; charset=utf-8", html);
}

static const char *word(const struct call *c, const char *lang, const char *key, const char *part)
{
    return pages_text(c->app->pages, lang, arena_printf(c->arena, "problem.%s.%s", key, part));
}

void say_problem(struct call *c, int status, const char *code, struct str kept, int retry_after_s)
{
    const char *lang = say_language(c, (struct str){NULL, 0});
    const char *key = str_is(str_of(code), "key-reused") ? code : arena_printf(c->arena, "%d", status);
    const char *title = word(c, lang, key, "title");

    if (!call_wants_html(c)) {
        call_problem(c, status, code, title, NULL, retry_after_s);
        return;
    }

    struct doc *d = doc_object();
    struct str wait = str_of(arena_printf(c->arena, "%d", retry_after_s));

    doc_set_text(d, "title", str_of(title));
    doc_set_text(d, "text", str_of(pages_fill(c->arena, word(c, lang, key, "text"), "n", wait)));
    doc_set_text(d, "request_id", str_of(c->request_id));
    if (kept.len > 0 && text_utf8_valid(kept))
        doc_set_text(d, "kept", kept);
    say_page(c, status, lang, "problem", d);
    if (retry_after_s > 0)
        call_set_header(c, "retry-after", wait);
}

void say_faults(struct call *c, const char *lang, const struct field_fault *faults, size_t n)
{
    struct doc *errors = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *e = doc_object();

        doc_set_text(e, "field", str_of(faults[i].field));
        doc_set_text(e, "code", str_of(faults[i].code));
        doc_set_text(e, "detail", str_of(pages_text(c->app->pages, lang, faults[i].key)));
        doc_push(errors, e);
    }
    call_set_header(c, "content-language", str_of(lang));
    call_problem(c, 422, "invalid-fields", word(c, lang, "422", "title"), errors, 0);
}

void say_page_faults(const struct call *c, const char *lang, const struct field_fault *faults, size_t n,
                     struct doc *data)
{
    struct doc *errors = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct str text = str_of(pages_text(c->app->pages, lang, faults[i].key));
        struct doc *e = doc_object();

        doc_set_text(e, "field", str_of(faults[i].field));
        doc_set_text(e, "text", text);
        doc_push(errors, e);
        doc_set_text(data, arena_printf(c->arena, "%s_error", faults[i].field), text);
    }
    doc_set_bool(data, "failed", true);
    doc_set(data, "errors", errors);
}

void say_refusal(struct call *c, int status, const char *code)
{
    say_problem(c, status, code, (struct str){NULL, 0}, 0);
}

void say_absent(struct call *c)
{
    say_problem(c, 404, "not-found", (struct str){NULL, 0}, 0);
}

bool say_cross_site(struct call *c)
{
    struct str from = call_header(c, "sec-fetch-site");

    if (!str_is(from, "cross-site") &&
        !str_is(from, "same-site")) /* a neighbour under the same domain is another site to us */
        return false;
    say_problem(c, 403, "cross-site", (struct str){NULL, 0}, 0);
    return true;
}
