/* POST /requests/{ref}/code: the living code again, a new one, or one for a corrected address. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/mail/letters.h"
#include "gateway/say.h"
#include "gateway/verify/look.h"
#include "gateway/verify/verify.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/evidence.h"
#include "queues/keys.h"
#include "rules/address.h"
#include "rules/base/doc.h"

#include <string.h>

enum { GENERATIONS_MAX = 10, AGAIN_MAX = 8 };

static const struct str no_text = {NULL, 0};
static const struct ulid no_id = {{0}};
static const struct redis_value nothing = {.kind = REDIS_LIST};

struct ask {
    struct call *call;
    struct redis *redis;
    const struct post *post;
    uint64_t reference;
    struct email email; /* as typed; spelled.at NULL where none was */
    struct blind index;
};

/* The index by which two spellings of one mailbox are equal. */
static struct blind mailbox_index(const struct app *app, const struct email *e)
{
    return blind_index(app->keys, INDEX_EMAIL, e->canonical.at != NULL ? e->canonical : e->spelled);
}

/* ---- with a token: the requester ---- */

/* The same code once more, where it lives and the last mail is old enough. ERR_CONFLICT: somebody else just did. */
static enum err repeat_code(struct ask *q, const struct look *l)
{
    struct change *c = change_begin(q->call->arena);
    int64_t now = clock_now_ms();

    if (l->flow.mails >= FLOW_MAILS || now - l->flow.mailed_ms < FLOW_GAP_MS)
        return ERR_OK;
    change_flow_repeat(c, q->call->app->keys, &l->flow, ulid_partition(l->ticket.id), l->me.language, now, false);
    return change_run(q->redis, q->call->arena, c, STR(""), l->flow.key, l->flow.version, NULL);
}

static struct flow_ask next_generation(const struct ask *q, const struct look *l)
{
    (void)q;
    return (struct flow_ask){.flow = l->me.id,
                             .partition = ulid_partition(l->ticket.id),
                             .email = l->me.email,
                             .index = l->me.email_index,
                             .ticket = l->ticket.id,
                             .participant = l->me.id,
                             .reference = l->me.reference,
                             .language = l->me.language,
                             .now_ms = clock_now_ms(),
                             .generation = l->has_flow ? l->flow.generation + 1 : 1,
                             .total = l->has_flow ? l->flow.total : 0};
}

/* A new code, for the same address or, before any code passed, for another one. */
static enum err new_code(struct ask *q, const struct look *l, bool corrected)
{
    struct app *app = q->call->app;
    struct change *c = change_begin(q->call->arena);
    struct flow_ask ask = next_generation(q, l);
    struct str flow = l->has_flow ? l->flow.key : flow_key(q->call->arena, ask.flow, ask.partition);

    if (ask.generation > GENERATIONS_MAX || ask.total >= FLOW_TRIES_ALL ||
        (l->has_flow && !corrected && ask.now_ms - l->flow.mailed_ms < FLOW_GAP_MS))
        return ERR_OK;
    if (corrected) {
        struct participant me = l->me;

        me.email = ask.email = q->email.spelled;
        me.email_index = ask.index = q->index;
        change_participant(c, app->keys, l->ticket.id, &me);
    }
    change_flow(c, app->keys, &ask);
    return change_run(q->redis, q->call->arena, c, STR(""), flow, l->has_flow ? l->flow.version : STR("0"), NULL);
}

/* The corrected mailbox leads to this account from now on, unless it leads somewhere already. */
static enum err claim_mailbox(struct ask *q, const struct look *l)
{
    struct arena *a = q->call->arena;
    struct redis_value *v;
    size_t n;

    evidence_queue_follow(q->redis, a, key_at(a, "b", q->index.at), l->ticket.account,
                          evidence_claim(a, l->ticket.id, l->me.id, false), (struct ulid){0}, 0);

    enum err e = redis_flush(q->redis, a, &v, &n);

    return e == ERR_OK ? redis_value_err(q->redis, v) : e;
}

static enum err ask_own(struct ask *q, enum token_kind kind, struct ulid id)
{
    struct call *c = q->call;
    struct look l;
    enum err e = ERR_CONFLICT;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        e = look_read(c->app, q->redis, c->arena, q->reference, kind, id, &l);
        if (e != ERR_OK || l.written || l.me.level > 0)
            return e;

        bool corrected = q->email.spelled.at != NULL && !str_is(str_of(q->index.at), l.me.email_index.at);
        bool living = l.has_flow && str_is(l.flow.state, "living") && l.flow.ends_ms > clock_now_ms();

        if (!corrected && l.me.email.len == 0)
            return ERR_OK;
        if (corrected) /* first: once it is corrected, asking again corrects nothing */
            e = claim_mailbox(q, &l);
        if (e == ERR_OK)
            e = living && !corrected ? repeat_code(q, &l) : new_code(q, &l, corrected);
    }
    return e;
}

/* ---- without: somebody who says it is theirs ---- */

/* Whose address is it? The same reads, and below the same writes, whether the reference exists and whether the
 * address is the right one. */
static enum err ask_stranger(struct ask *q, struct str *token)
{
    struct call *c = q->call;
    struct app *app = c->app;
    struct pointer p = {.ticket = ulid_fresh()};
    struct ticket t;
    struct participant *all, me;
    size_t n = 0;
    struct ulid flow = ulid_fresh();

    enum err e = pointer_read(q->redis, c->arena, q->reference, &p);
    bool found = e == ERR_OK;

    memset(&me, 0, sizeof me);
    if (e == ERR_STORE)
        return e;
    e = ticket_read(q->redis, app->keys, c->arena, p.ticket, &t);
    if (e == ERR_ABSENT)
        t = (struct ticket){.id = p.ticket, .fields = &nothing};
    if (e == ERR_OK || e == ERR_ABSENT)
        e = participants_read(q->redis, app->keys, c->arena, &t, &all, &n);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, p.participant))
            me = all[i];

    bool right = found && str_is(str_of(me.email_index.at), q->index.at);
    struct change *change = change_begin(c->arena);
    struct flow_ask ask = {.flow = flow,
                           .partition = look_flow_partition(flow, found ? &p : NULL),
                           .email =
                               right ? me.email : q->email.spelled, /* what is on the request, never what was typed */
                           .index = q->index,
                           .ticket = found ? p.ticket : no_id,
                           .participant = p.participant,
                           .reference = q->reference,
                           .language = str_of(q->post->lang),
                           .now_ms = clock_now_ms(),
                           .generation = 1,
                           .silent = !right};

    change_flow(change, app->keys, &ask);
    *token = token_make(app->keys, c->arena, TOKEN_FLOW, flow, q->reference);
    return change_run(q->redis, c->arena, change, STR(""), STR(""), STR(""), NULL);
}

/* ---- answers ---- */

/* As it was typed, in its proper form where it is a reference. */
static const char *shown_reference(const struct call *c)
{
    uint64_t number;

    if (reference_parse(c->params[0], &number))
        return arena_strdup(c->arena, reference_print(number).at);
    return "-";
}

static void answer_asked(struct ask *q, struct str token)
{
    struct call *c = q->call;
    const char *ref = shown_reference(c);
    struct doc *d = doc_object();

    letters_wake(c->app, UINT64_MAX); /* whether or not there is a mail: nobody can tell */
    if (token.at != NULL)
        token_set_cookie(c, q->reference, token);
    if (q->post->page && token.at == NULL) {
        doc_close(d);
        call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?did=code", ref)));
        return;
    }
    doc_set_text(d, "reference", str_of(ref));
    if (q->post->page) {
        doc_set_text(d, "url", str_of(arena_printf(c->arena, "/requests/%s", ref)));
        doc_set_bool(d, "asked", true);
        doc_set_text(d, "email", q->email.spelled);
        say_page(c, 202, q->post->lang, "code", d);
        return;
    }
    if (token.at != NULL)
        doc_set_text(d, "token", token);
    call_set_header(c, "cache-control", STR("no-store"));
    call_answer_doc(c, 202, d);
    doc_close(d);
}

static void answer_fault(struct ask *q, const char *code, const char *key)
{
    struct field_fault fault = {"email", code, key};
    struct call *c = q->call;

    if (!q->post->page) {
        say_faults(c, q->post->lang, &fault, 1);
        return;
    }
    call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?wrong=email", shown_reference(c))));
}

/* False where an address was typed that is none; it was answered. */
static bool take_email(struct ask *q)
{
    struct str typed = str_trim(q->post->fields.value[FIELD_email]);

    if (typed.len == 0)
        return true;
    if (!text_utf8_valid(typed) || !email_parse(q->call->arena, typed, &q->email)) {
        answer_fault(q, "malformed", "error.email.form");
        return false;
    }
    q->index = mailbox_index(q->call->app, &q->email);
    return true;
}

static void answer(struct ask *q, enum err e, struct str token)
{
    if (e == ERR_OK || e == ERR_CONFLICT || e == ERR_UNKNOWN_CALLER)
        answer_asked(q, token);
    else
        say_problem(q->call, 503, "not-available", no_text, POST_BUSY_RETRY_S);
}

void verify_ask(struct call *c)
{
    struct ask q = {.call = c, .redis = work_redis(), .reference = token_reference(c->app->keys, c->params[0])};
    struct ulid id;
    struct str token = no_text;
    enum token_kind kind = token_of_call(c->app->keys, c, q.reference, &id);

    /* Without a token too: the answer sets a cookie, and could put out the one that opens the request. */
    if (token_by_cookie(c) && say_cross_site(c))
        return;
    q.post = post_read(c, ITEM_MESSAGE);
    if (q.post == NULL)
        return;

    int wait = post_wait_s(c);

    if (wait > 0) {
        say_problem(c, 429, "too-many", no_text, wait);
        return;
    }
    if (!take_email(&q))
        return;

    enum err e = kind == TOKEN_NONE ? ERR_UNKNOWN_CALLER : ask_own(&q, kind, id);

    if (e != ERR_UNKNOWN_CALLER) {
        answer(&q, e, token);
    } else if (q.email.spelled.at == NULL) {
        answer_fault(&q, "missing", "error.email.missing");
    } else {
        e = ask_stranger(&q, &token);
        answer(&q, e, token);
    }
}
