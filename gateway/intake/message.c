/* POST /requests/{ref}/messages: more words of whoever holds the reference. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/intake/web.h"
#include "gateway/say.h"
#include "gateway/verify/look.h"
#include "gateway/verify/token.h"
#include "gateway/work.h"
#include "queues/loop.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

static const struct str no_text = {NULL, 0};

static void on_message(struct call *c, const struct item *i, const struct accept_result *r)
{
    struct post *p = c->state;

    if (!post_accepted(r)) {
        post_failed(c, p, r);
        return;
    }
    if (r->replayed)
        call_set_header(c, "idempotent-replayed", STR("true"));
    if (p->page) {
        call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?did=message", reference_print(i->reference).at)));
        return;
    }

    struct doc *d = doc_object();

    doc_set_text(d, "message", str_of(id_print(ID_MESSAGE, r->item).at));
    call_answer_doc(c, r->outcome == ACCEPT_FILED ? 201 : 202, d);
    doc_close(d);
}

static void accept_words(struct call *c)
{
    struct post *p = c->state;

    accept_item(c->app->accept, c, &p->item, p->page, on_message);
}

/* A flow's token opens the request only once its code was passed, and that Redis knows: a worker asks. */
struct question {
    struct call *call;
    struct ulid flow;
    enum err answer;
};

static void on_answer(void *arg)
{
    struct question *q = arg;
    struct post *p = q->call->state;

    if (q->answer == ERR_OK) {
        post_keep_original(q->call, accept_words);
        return;
    }
    say_problem(q->call, q->answer == ERR_STORE ? 503 : 401, q->answer == ERR_STORE ? "not-written" : "token-needed",
                p->item.text, q->answer == ERR_STORE ? POST_BUSY_RETRY_S : 0);
    call_finish(q->call);
}

static void ask_flow(struct redis *redis, void *arg)
{
    struct question *q = arg;
    struct post *p = q->call->state;

    q->answer = look_flow_passed(redis, q->call->app->keys, q->call->arena, q->flow, p->item.reference);
    loop_post(call_loop(q->call), on_answer, q);
}

static void by_flow(struct call *c, struct ulid flow)
{
    struct post *p = c->state;
    struct question *q = arena_new(c->arena, struct question);

    *q = (struct question){c, flow, ERR_BUSY};
    call_hold(c);
    if (work_submit(c->app->workers, ask_flow, q) == ERR_OK)
        return;
    say_problem(c, 503, "not-written", p->item.text, POST_BUSY_RETRY_S);
    call_finish(c);
}

/* The words, judged. False where it was answered. */
static bool read_words(struct call *c, uint64_t reference)
{
    struct field_fault fault[1];
    struct post *p = post_read(c, ITEM_MESSAGE);
    const char *name = arena_strdup(c->arena, reference_print(reference).at);

    if (p == NULL)
        return false;
    p->item.reference = reference;

    int wait = post_wait_s(c);

    if (wait > 0) {
        say_problem(c, 429, "too-many", p->fields.value[FIELD_text], wait);
        return false;
    }
    if (fields_words(&p->fields, FIELD_text, c->arena, &p->item.text, fault) == 0)
        return post_key(c, p, name);
    if (p->page)
        call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?wrong=%s", name, fault[0].code)));
    else
        say_faults(c, p->lang, fault, 1);
    return false;
}

static void by_item(struct call *c, struct ulid item)
{
    struct post *p = c->state;
    char holder[ULID_CHARS + 1];

    ulid_print(item, holder);
    p->item.holder = str_of(arena_strdup(c->arena, holder));
    post_keep_original(c, accept_words);
}

void web_message(struct call *c)
{
    uint64_t reference = token_reference(c->app->keys, c->params[0]);
    struct ulid id;
    enum token_kind kind = token_of_call(c->app->keys, c, reference, &id);

    if (kind == TOKEN_NONE)
        say_problem(c, 401, "token-needed", no_text, 0);
    else if (token_by_cookie(c) && say_cross_site(c))
        return;
    else if (read_words(c, reference)) {
        if (kind == TOKEN_ITEM)
            by_item(c, id);
        else
            by_flow(c, id);
    }
}
