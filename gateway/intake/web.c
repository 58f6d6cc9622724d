#include "gateway/intake/web.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/incident/board.h"
#include "gateway/intake/post.h"
#include "gateway/pages.h"
#include "gateway/say.h"
#include "gateway/verify/token.h"
#include "rules/address.h"
#include "rules/base/doc.h"

static const struct str no_text = {NULL, 0};

/* ---- blank forms ---- */

static void blank_form(struct call *c, const char *lang)
{
    if (!board_answer(c->app->board, c, pages_form_path(c->app->pages, lang)))
        say_absent(c);
}

void web_form(struct call *c)
{
    call_set_header(c, "vary", STR("Accept-Language, Accept-Encoding"));
    blank_form(c, say_language(c, no_text));
}

void web_form_language(struct call *c)
{
    const char *lang = pages_language(c->app->pages, c->params[0]);

    if (lang == NULL)
        say_absent(c);
    else
        blank_form(c, lang);
}

void web_find(struct call *c)
{
    struct str typed = call_query(c, "reference");
    uint64_t number;

    if (typed.at == NULL || !reference_parse(typed, &number))
        call_redirect(c, STR("/"));
    else
        call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s", reference_print(number).at)));
}

static struct doc *verification(struct call *c, const struct item *i, bool filed)
{
    struct doc *v = doc_object();
    struct email email;

    if (i->email.len == 0) {
        doc_set_text(v, "state", STR("none"));
        return v;
    }
    doc_set_text(v, "state", filed ? STR("code-queued") : STR("pending"));
    if (filed && email_parse(c->arena, i->email, &email)) {
        doc_set_text(v, "to", email_mask(c->arena, email.spelled));
        doc_set_null(v, "expires_at");
    }
    return v;
}

static void on_request(struct call *c, const struct item *i, const struct accept_result *r)
{
    struct post *p = c->state;
    bool filed = r->outcome == ACCEPT_FILED;

    if (!post_accepted(r)) {
        post_failed(c, p, r);
        return;
    }

    struct reference ref = reference_print(r->reference);
    struct str token = token_make(c->app->keys, c->arena, TOKEN_ITEM, r->item, r->reference);
    struct str url = str_of(arena_printf(c->arena, "/requests/%s", ref.at));

    if (r->replayed)
        call_set_header(c, "idempotent-replayed", STR("true"));
    if (p->page) {
        token_set_cookie(c, r->reference, token);
        call_redirect(c, url);
        return;
    }

    struct doc *d = doc_object();

    doc_set_text(d, "reference", str_of(ref.at));
    doc_set_text(d, "token", token);
    doc_set_text(d, "url", url);
    doc_set_text(d, "state", filed ? STR("filed") : STR("written"));
    doc_set(d, "verification", verification(c, i, filed));
    token_set_cookie(c, r->reference, token);
    call_set_header(c, "cache-control", STR("no-store"));
    call_set_header(c, "location", url);
    call_answer_doc(c, filed ? 201 : 202, d);
    doc_close(d);
}

static void request_faults(struct call *c, const struct post *p, const struct field_fault *faults, size_t n)
{
    if (!p->page) {
        say_faults(c, p->lang, faults, n);
        return;
    }

    struct doc *d = post_form(&p->fields);

    say_page_faults(c, p->lang, faults, n, d);
    say_page(c, 422, p->lang, "form", d);
}

static void accept_request(struct call *c)
{
    struct post *p = c->state;

    accept_item(c->app->accept, c, &p->item, p->page, on_request);
}

void web_request(struct call *c)
{
    struct field_fault faults[FIELD_FAULTS_MAX];
    struct post *p = post_read(c, ITEM_REQUEST);

    if (p == NULL)
        return;

    int wait = post_wait_s(c);

    if (wait > 0 && p->page)
        post_not_sent(c, p, 429, "429", wait);
    else if (wait > 0)
        say_problem(c, 429, "too-many", no_text, wait);
    if (wait > 0)
        return;

    size_t n = fields_request(&p->fields, c->arena, &p->item, faults);

    if (n > 0) {
        request_faults(c, p, faults, n);
        return;
    }
    if (post_key(c, p, "request"))
        post_keep_original(c, accept_request);
}
