#include "gateway/verify/acceptance.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/pages.h"
#include "gateway/say.h"
#include "gateway/verify/verify.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/loop.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"
#include "rules/proof.h"
#include "rules/resolve.h"

static const struct str no_text = {NULL, 0};

/* ---- what is shown ---- */

static bool may_accept(const struct look *l)
{
    struct proof_standing s = {.level = l->me.level, .stale = l->me.stale, .authorised = l->me.authorised};

    return !l->written && proof_allows(&s, PROOF_ACCEPT);
}

static bool is_shown(const struct line_site *s)
{
    return s->state == RESTORATION_CUSTOMER_VALIDATION || s->state == RESTORATION_HANDED_BACK;
}

enum err acceptance_sites(struct app *app, struct redis *r, struct arena *a, const struct look *l,
                          struct line_site **out, size_t *n)
{
    struct line_site *all;
    size_t count = 0;
    enum err e;

    *n = 0;
    if (!may_accept(l))
        return ERR_OK;
    e = line_of_account(r, app->keys, a, ticket_home(&l->ticket, a, l->me.id), &all, &count);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++)
        if (is_shown(&all[i]))
            all[(*n)++] = all[i];
    *out = all;
    return ERR_OK;
}

struct doc *acceptance_json(const struct line_site *sites, size_t n)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "site", str_of(id_print(ID_SITE, sites[i].site).at));
        doc_set_text(d, "incident", sites[i].slug);
        doc_set_text(d, "label", sites[i].label);
        doc_set_text(d, "state", str_of(restoration_state_name(sites[i].state)));
        doc_set_text(d, "since", str_of(stamp_print(sites[i].since_ms).at));
        doc_push(list, d);
    }
    return list;
}

void acceptance_page(struct call *c, const char *lang, const struct line_site *sites, size_t n, struct doc *page)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "site", str_of(arena_strdup(c->arena, id_print(ID_SITE, sites[i].site).at)));
        doc_set_text(d, "label", sites[i].label);
        doc_set_int(d, "number", (int64_t)i + 1);
        doc_set_bool(d, "asked", sites[i].state == RESTORATION_CUSTOMER_VALIDATION);
        doc_set(d, "at", pages_moment(c->app->pages, lang, sites[i].since_ms));
        doc_push(list, d);
    }
    doc_set(page, "sites", list);
    doc_set_bool(page, "has_sites", n > 0);
}

/* ---- what is answered ---- */

/* One answer on its way: a worker writes it down, then its words go the way of all words. The call's state. */
struct answering {
    struct call *call;
    struct post *post;
    uint64_t reference;
    enum token_kind kind;
    struct ulid id, site;
    bool yes;
    enum err e;
    const char *why;
    struct line_site after;
};

static void back(struct call *c, uint64_t reference, const char *query)
{
    call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?%s", reference_print(reference).at, query)));
}

static void answer_done(struct answering *q)
{
    struct call *c = q->call;
    struct post *p = q->post;
    struct doc *d;

    if (p->page) {
        back(c, q->reference, q->yes ? "did=accepted" : "did=refused");
        return;
    }
    d = doc_object();
    doc_set_text(d, "site", str_of(id_print(ID_SITE, q->site).at));
    doc_set_text(d, "incident", q->after.slug);
    doc_set_text(d, "state", str_of(restoration_state_name(q->after.state)));
    call_answer_doc(c, 200, d);
    doc_close(d);
}

static void answer_refused(struct answering *q)
{
    struct call *c = q->call;
    struct post *p = q->post;

    if (q->e == ERR_UNKNOWN_CALLER)
        verify_unknown(c, p->lang);
    else if (q->e == ERR_CONFLICT && p->page)
        back(c, q->reference, "did=elsewhere");
    else if (q->e == ERR_CONFLICT)
        call_problem(c, 409, "not-now", "This site does not wait for an answer", NULL, 0);
    else if (q->e == ERR_ABSENT)
        call_problem(c, 403, "not-yours", "This site is not yours to accept", NULL, 0);
    else
        say_problem(c, 503, "not-available", p->fields.value[FIELD_text], POST_BUSY_RETRY_S);
}

static void on_words(struct call *c, const struct item *i, const struct accept_result *r)
{
    struct answering *q = c->state;

    (void)i;
    if (post_accepted(r))
        answer_done(q);
    else
        post_failed(c, q->post, r);
}

static void on_written(void *arg)
{
    struct answering *q = arg;
    struct call *c = q->call;

    if (q->e == ERR_OK && q->post->item.text.len > 0) {
        accept_item(c->app->accept, c, &q->post->item, false, on_words);
        return;
    }
    if (q->e == ERR_OK)
        answer_done(q);
    else
        answer_refused(q);
    call_finish(c);
}

/* The incident in which that site waits for an answer, or had one last. */
static const struct line_site *find_site(const struct line_site *all, size_t n, struct ulid site)
{
    const struct line_site *found = NULL;

    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].site, site) && (found == NULL || all[i].state == RESTORATION_CUSTOMER_VALIDATION))
            found = &all[i];
    return found;
}

static enum err write_answer(struct answering *q, struct redis *r)
{
    struct call *c = q->call;
    struct line_act what = {
        .kind = q->yes ? LINE_ACCEPT : LINE_REFUSE, .words = q->post->item.text, .now_ms = clock_now_ms()};
    const struct line_site *site;
    struct line_site *all;
    struct look l;
    size_t n = 0;
    enum err e = look_read(c->app, r, c->arena, q->reference, q->kind, q->id, &l);

    if (e == ERR_OK && !may_accept(&l))
        return ERR_ABSENT;
    if (e == ERR_OK)
        e = line_of_account(r, c->app->keys, c->arena, ticket_home(&l.ticket, c->arena, l.me.id), &all, &n);
    if (e != ERR_OK)
        return e;
    site = find_site(all, n, q->site);
    if (site == NULL)
        return ERR_ABSENT;
    what.by = str_of(arena_strdup(c->arena, id_print(ID_PARTICIPANT, l.me.id).at));
    return line_do(r, c->app->keys, c->arena, site->slug, site->site, &what, &q->after, &q->why);
}

static void on_worker(struct redis *redis, void *arg)
{
    struct answering *q = arg;

    q->e = write_answer(q, redis);
    loop_post(call_loop(q->call), on_written, q);
}

/* A no wants words, which are a message of theirs; a yes may have some, too. False where it was answered. */
static bool read_answer(struct call *c, struct answering *q)
{
    struct post *p = q->post;
    struct field_fault fault[1];
    struct str answer = p->fields.value[FIELD_answer];
    const char *name = arena_strdup(c->arena, reference_print(q->reference).at);
    const char *wrong = NULL;

    q->yes = str_is(answer, "yes");
    if (!id_parse(ID_SITE, str_trim(p->fields.value[FIELD_site]), &q->site))
        wrong = "site";
    else if (!q->yes && !str_is(answer, "no"))
        wrong = "answer";
    if (wrong != NULL) {
        struct field_fault f = {wrong, "missing", wrong[0] == 's' ? "error.site.missing" : "error.answer.missing"};

        if (p->page)
            back(c, q->reference, "wrong=answer");
        else
            say_faults(c, p->lang, &f, 1);
        return false;
    }
    p->item.reference = q->reference;
    if (q->yes && str_trim(p->fields.value[FIELD_text]).len == 0)
        return true;
    if (fields_words(&p->fields, FIELD_text, c->arena, &p->item.text, fault) == 0)
        return post_key(c, p, name);
    if (p->page)
        call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?wrong=%s", name, fault[0].code)));
    else
        say_faults(c, p->lang, fault, 1);
    return false;
}

void acceptance_answer(struct call *c)
{
    struct answering *q = arena_new(c->arena, struct answering);

    q->call = c;
    q->reference = token_reference(c->app->keys, c->params[0]);
    q->kind = token_of_call(c->app->keys, c, q->reference, &q->id);
    if (q->kind == TOKEN_NONE) {
        verify_unknown(c, say_language(c, no_text));
        return;
    }
    if ((token_by_cookie(c) && say_cross_site(c)) || (q->post = post_read(c, ITEM_MESSAGE)) == NULL)
        return;

    int wait = post_wait_s(c);

    if (wait > 0) {
        say_problem(c, 429, "too-many", q->post->fields.value[FIELD_text], wait);
        return;
    }
    if (!read_answer(c, q))
        return;
    c->state = q;
    call_hold(c);
    if (work_submit(c->app->workers, on_worker, q) == ERR_OK)
        return;
    say_problem(c, 503, "not-available", q->post->fields.value[FIELD_text], POST_BUSY_RETRY_S);
    call_finish(c);
}
