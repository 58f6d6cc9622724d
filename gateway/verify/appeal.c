#include "gateway/verify/appeal.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/post.h"
#include "gateway/pages.h"
#include "gateway/say.h"
#include "gateway/verify/look.h"
#include "gateway/verify/verify.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "rules/base/doc.h"

#include <inttypes.h>

enum { AGAIN_MAX = 40 };

static const struct str no_text = {NULL, 0};

/* ---- a requester asks ---- */

bool appeal_fits(const struct look *l)
{
    return l->me.level == 1 || (l->me.level == 2 && l->me.stale);
}

static const char *asked_field(struct arena *a, struct ulid participant)
{
    return arena_printf(a, "vo:%s", id_print(ID_PARTICIPANT, participant).at);
}

static bool asked_lately(const struct look *l, struct arena *a, int64_t now_ms)
{
    int64_t at_ms;

    return str_number(redis_field(l->ticket.fields, asked_field(a, l->me.id)), &at_ms) &&
           now_ms - at_ms < APPEAL_AGAIN_MS;
}

static enum err write_asked(struct call *c, const struct look *l, int64_t now_ms)
{
    struct arena *a = c->arena;
    struct change *change = change_begin(a);
    struct str key = ticket_key(a, l->ticket.id), me = str_of(arena_strdup(a, id_print(ID_PARTICIPANT, l->me.id).at));
    struct happening h = {.id = ulid_in(ulid_fresh(), l->ticket.partition),
                          .at_ms = now_ms,
                          .kind = STR("vouch"),
                          .by = me,
                          .detail = STR("asked")};

    change_hset_int(change, key, asked_field(a, l->me.id), now_ms);
    change_appeal(change, APPEAL_VOUCH, l->ticket.id, l->me.id, now_ms);
    change_happening(change, l->ticket.id, &h);
    change_audit(change, c->app->keys, l->ticket.partition, now_ms, me, "vouch.asked",
                 arena_strdup(a, id_print(ID_TICKET, l->ticket.id).at), no_text);
    return change_run(work_redis(), a, change, STR(""), key, l->ticket.version, NULL);
}

static enum err ask(struct call *c, uint64_t reference, enum token_kind kind, struct ulid id)
{
    enum err e = ERR_CONFLICT;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        int64_t now_ms = clock_now_ms();
        struct look l;

        e = look_read(c->app, work_redis(), c->arena, reference, kind, id, &l);
        if (e != ERR_OK || l.written || !appeal_fits(&l) || asked_lately(&l, c->arena, now_ms))
            return e;
        e = write_asked(c, &l, now_ms);
    }
    return e == ERR_CONFLICT ? ERR_BUSY : e;
}

static void answer_asked(struct call *c, uint64_t reference, const struct post *p)
{
    const char *ref = arena_strdup(c->arena, reference_print(reference).at);
    struct doc *d;

    if (p->page) {
        call_redirect(c, str_of(arena_printf(c->arena, "/requests/%s?did=vouch", ref)));
        return;
    }
    d = doc_object();
    doc_set_text(d, "reference", str_of(ref));
    doc_set_text(d, "text", str_of(pages_text(c->app->pages, p->lang, "notice.vouch.text")));
    call_answer_doc(c, 202, d);
    doc_close(d);
}

void appeal_ask(struct call *c)
{
    uint64_t reference = token_reference(c->app->keys, c->params[0]);
    struct ulid id;
    enum token_kind kind = token_of_call(c->app->keys, c, reference, &id);
    struct post *p;
    enum err e;
    int wait;

    if (kind == TOKEN_NONE) {
        verify_unknown(c, say_language(c, no_text));
        return;
    }
    if ((token_by_cookie(c) && say_cross_site(c)) || (p = post_read(c, ITEM_MESSAGE)) == NULL)
        return;
    wait = post_wait_s(c);
    if (wait > 0) {
        say_problem(c, 429, "too-many", no_text, wait);
        return;
    }
    e = ask(c, reference, kind, id);
    if (e == ERR_UNKNOWN_CALLER)
        verify_unknown(c, p->lang);
    else if (e != ERR_OK)
        say_problem(c, 503, "not-available", no_text, POST_BUSY_RETRY_S);
    else
        answer_asked(c, reference, p);
}

/* ---- a contact answers ---- */

struct sitting {
    struct call *call;
    struct redis *redis;
    struct arena *a;
    struct appeal appeal;
    struct ticket ticket;
    struct participant who; /* whom it is about */
    struct proofs proofs;
    bool yes;
    int64_t now_ms;
};

/* ERR_GONE: nobody asks that any more. */
static enum err read_sitting(struct sitting *s, enum appeal_kind kind, struct ulid flow)
{
    const struct keyring *k = s->call->app->keys;
    struct participant *all;
    size_t n = 0;
    enum err e = appeal_read(s->redis, k, s->a, kind, flow, &s->appeal);

    if (e == ERR_OK)
        e = ticket_read(s->redis, k, s->a, s->appeal.flow.ticket, &s->ticket);
    if (e == ERR_OK)
        e = participants_read(s->redis, k, s->a, &s->ticket, &all, &n);
    if (e == ERR_OK)
        e = proofs_read(s->redis, k, s->a, s->ticket.id, s->ticket.account, &s->proofs);
    if (e != ERR_OK)
        return e == ERR_ABSENT ? ERR_GONE : e;
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, s->appeal.flow.participant)) {
            s->who = all[i];
            return ERR_OK;
        }
    return ERR_GONE;
}

static void put_vouched(struct sitting *s, struct change *c)
{
    const struct keyring *k = s->call->app->keys;
    struct proof_record *r = &s->appeal.vouched;
    struct proof_standing standing;

    r->at_ms = s->now_ms;
    change_proof(c, k, s->ticket.id, r);
    proofs_add(&s->proofs, s->a, r);
    proofs_judge(&s->proofs, &s->who, s->a, s->now_ms, &standing);
    (void)change_standing(c, k, &s->ticket, &s->proofs, &s->who, &standing, r->by, s->now_ms);
    change_frozen_holds(c, s->ticket.account, &s->proofs);
}

static struct change *change_answer(struct sitting *s)
{
    const struct keyring *k = s->call->app->keys;
    struct change *c = change_begin(s->a);
    bool vouch = s->appeal.kind == APPEAL_VOUCH;
    struct str by = s->appeal.vouched.by;
    struct happening h = {.id = ulid_in(ulid_fresh(), s->ticket.partition),
                          .at_ms = s->now_ms,
                          .kind = vouch ? STR("vouch") : STR("veto"),
                          .by = by,
                          .detail = s->yes ? STR("yes") : STR("no")};

    if (vouch && s->yes)
        put_vouched(s, c);
    if (!vouch && s->yes)
        change_freeze(c, k, s->ticket.account, s->now_ms + PROOF_FREEZE_MS, by, "a contact on record objected",
                      s->now_ms);
    change_hset_int(c, ticket_key(s->a, s->ticket.id), "updated", s->now_ms);
    change_happening(c, s->ticket.id, &h);
    change_live(c, vouch ? "vouch" : "veto", s->ticket.id, s->ticket.reference, s->ticket.queue, s->ticket.state,
                s->ticket.owner_name);
    change_audit(c, k, s->ticket.partition, s->now_ms, by, vouch ? "vouch.answered" : "veto.answered",
                 arena_strdup(s->a, id_print(ID_TICKET, s->ticket.id).at), h.detail);
    return c;
}

/* Staff are woken; whoever has a level loses it at once, or with the next turn of the sweep. */
static void alarm_staff(struct sitting *s)
{
    atomic_fetch_add(&s->call->app->frozen, 1);
    log_warn("account_frozen", "account=%s ticket=%s until_ms=%" PRId64, id_print(ID_ACCOUNT, s->ticket.account).at,
             id_print(ID_TICKET, s->ticket.id).at, s->now_ms + PROOF_FREEZE_MS);
    (void)account_judge_again(s->redis, s->call->app->keys, s->a, s->ticket.account, s->now_ms);
}

static enum err judge(struct sitting *s, enum appeal_kind kind, struct ulid flow, const char code[9], int *left)
{
    enum err e = ERR_CONFLICT;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        e = read_sitting(s, kind, flow);
        s->now_ms = clock_now_ms();
        if (e == ERR_OK)
            e = flow_judge(s->redis, s->call->app->keys, s->a, &s->appeal.flow, code, s->now_ms,
                           ticket_key(s->a, s->ticket.id), s->ticket.version, change_answer(s), left);
    }
    if (e == ERR_OK && kind == APPEAL_VETO && s->yes)
        alarm_staff(s);
    return e == ERR_CONFLICT ? ERR_BUSY : e;
}

/* ---- the page ---- */

static struct doc *page_doc(struct call *c, enum appeal_kind kind)
{
    struct doc *d = doc_object();

    doc_set_bool(d, kind == APPEAL_VOUCH ? "vouch" : "veto", true);
    doc_set_text(d, "path",
                 str_of(arena_printf(c->arena, "/%s/%s", kind == APPEAL_VOUCH ? "vouch" : "veto",
                                     str_copy(c->arena, c->params[0]))));
    return d;
}

static void show(struct call *c, enum appeal_kind kind)
{
    struct doc *d;

    if (call_wants_html(c)) {
        say_page(c, 200, say_language(c, no_text), "appeal", page_doc(c, kind));
        return;
    }
    d = doc_object();
    doc_set_text(d, "asks", kind == APPEAL_VOUCH ? STR("vouch") : STR("veto"));
    call_answer_doc(c, 200, d);
    doc_close(d);
}

static void answer_fault(struct call *c, const struct post *p, enum appeal_kind kind, const char *field,
                         const char *code, const char *key)
{
    struct field_fault fault = {p->page ? "code" : field, code, key}; /* the one field of the page */
    struct doc *d;

    if (!p->page) {
        say_faults(c, p->lang, &fault, 1);
        return;
    }
    d = page_doc(c, kind);
    say_page_faults(c, p->lang, &fault, 1, d);
    say_page(c, 422, p->lang, "appeal", d);
}

static void answer_done(struct call *c, const struct post *p, enum appeal_kind kind, bool yes)
{
    struct doc *d = doc_object();

    if (p->page) {
        doc_set_bool(d, kind == APPEAL_VOUCH ? "vouch" : "veto", true);
        doc_set_bool(d, "done", true);
        say_page(c, 200, p->lang, "appeal", d);
        return;
    }
    doc_set_text(d, "answer", yes ? STR("yes") : STR("no"));
    call_answer_doc(c, 200, d);
    doc_close(d);
}

static void answer(struct call *c, const struct post *p, enum appeal_kind kind, struct ulid flow)
{
    struct sitting s = {.call = c, .redis = work_redis(), .a = c->arena};
    struct str word = p->fields.value[FIELD_answer];
    char code[9];
    int left = 0;

    s.yes = str_is(word, "yes");
    if (!s.yes && !str_is(word, "no")) {
        answer_fault(c, p, kind, "answer", "missing", "error.answer.missing");
        return;
    }
    if (!code_parse(p->fields.value[FIELD_code], code)) {
        answer_fault(c, p, kind, "code", "malformed-code", "error.code.malformed");
        return;
    }
    switch (judge(&s, kind, flow, code, &left)) {
    case ERR_OK:
        answer_done(c, p, kind, s.yes);
        break;
    case ERR_INPUT:
        answer_fault(c, p, kind, "code", "wrong-code", left > 0 ? "error.code.other" : "error.code.spent");
        break;
    case ERR_GONE:
        answer_fault(c, p, kind, "code", "code-gone", "error.code.spent");
        break;
    default:
        say_problem(c, 503, "not-available", no_text, POST_BUSY_RETRY_S);
        break;
    }
}

/* A2 */
static void sit(struct call *c, enum appeal_kind kind)
{
    struct ulid flow;
    struct post *p;
    bool answers = str_is(c->method, "POST");
    int wait = answers ? post_wait_s(c) : 0;

    if (wait > 0) {
        say_problem(c, 429, "too-many", no_text, wait);
        return;
    }
    if (token_check(c->app->keys, c->params[0], APPEAL_TOKEN(kind), &flow) != TOKEN_FLOW) {
        say_absent(c);
        return;
    }
    if (!answers) {
        show(c, kind);
        return;
    }
    p = post_read(c, ITEM_MESSAGE);
    if (p != NULL)
        answer(c, p, kind, flow);
}

void appeal_vouch(struct call *c)
{
    sit(c, APPEAL_VOUCH);
}

void appeal_veto(struct call *c)
{
    sit(c, APPEAL_VETO);
}
