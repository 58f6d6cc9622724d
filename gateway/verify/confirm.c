#include "gateway/verify/confirm.h"

#include "gateway/app.h"
#include "gateway/verify/look.h"
#include "queues/appeal.h"
#include "queues/clock.h"
#include "queues/evidence.h"
#include "queues/filing.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "queues/placing.h"
#include "queues/proven.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 40, DAY_MS = 86400000, OWNERS_MAX = 64 };

/* Everything that one judgement looks at. */
struct bench {
    struct app *app;
    struct redis *redis;
    struct arena *a;
    struct flow flow;
    struct ticket ticket;
    struct participant me;
    struct happening *history;
    size_t history_count;
    struct evidence owners[OWNERS_MAX];
    size_t owner_count;
    struct proofs proofs; /* with what this code shows */
    struct proof_record shown[PROOF_MAX];
    size_t shown_count;
    struct proof_standing standing;
    bool nobody; /* C3: the ticket of this flow is not there */
};

static void show(struct bench *b, const struct proof *what)
{
    struct proof_record *r = &b->shown[b->shown_count++];

    *r = (struct proof_record){
        .participant = b->flow.participant,
        .shown = *what,
        .by = str_of(arena_strdup(b->a, id_print(ID_PARTICIPANT, b->flow.participant).at)),
        .at_ms = clock_now_ms(),
    };
    r->shown.mailbox = str_of(b->flow.index.at);
    proofs_add(&b->proofs, b->a, r);
}

/* A record of each source that knows the mailbox for this account; stale is judged of all of them together. */
static void show_records(struct bench *b)
{
    struct standing s = mailbox_standing(b->owners, b->owner_count, b->ticket.account, clock_now_ms() / DAY_MS);
    size_t before = b->shown_count;

    for (size_t i = 0; i < b->owner_count && b->shown_count <= PROOF_SOURCES_MAX; i++) {
        const struct evidence *e = &b->owners[i];
        struct proof p = {.kind = PROOF_RECORD, .source = e->source, .stale = s.stale, .authorised = e->authorised};

        if (e->record && !e->bounced && ulid_equal(e->account, b->ticket.account) &&
            id_parse(ID_CONTACT, e->contact, &p.contact))
            show(b, &p);
    }
    if (s.level == 2 && b->shown_count == before) /* of other accounts only */
        show(b, &(struct proof){.kind = PROOF_RECORD, .stale = true});
}

/* What is stored, and what this code shows if it is right; C3: of nobody as of somebody. */
static enum err read_standing(struct bench *b)
{
    struct redis_value v;
    enum err bad = redis_do(b->redis, b->a, &v, 2,
                            (struct str[]){STR("HGETALL"), key_at(b->a, "b", arena_strdup(b->a, b->flow.index.at))});

    if (bad != ERR_OK)
        return bad;

    b->owner_count = evidence_load(EVIDENCE_EMAIL, &v, b->a, b->owners, OWNERS_MAX);
    bad = proofs_read(b->redis, b->app->keys, b->a, b->ticket.id, b->ticket.account, &b->proofs);
    if (bad != ERR_OK)
        return bad;
    b->shown_count = 0;
    show(b, &(struct proof){.kind = PROOF_MAILBOX});
    show_records(b);
    proofs_judge(&b->proofs, &b->me, b->a, clock_now_ms(), &b->standing);
    return ERR_OK;
}

static enum err read_person(struct bench *b)
{
    struct participant *all;
    size_t n;
    enum err e = participants_read(b->redis, b->app->keys, b->a, &b->ticket, &all, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (ulid_equal(all[i].id, b->flow.participant)) {
            b->me = all[i];
            return ERR_OK;
        }
    return e == ERR_OK && !b->nobody ? ERR_CORRUPT : e;
}

/* C3: the same questions, whether or not the ticket is there. */
static enum err read_bench(struct bench *b)
{
    static const struct redis_value nothing = {.kind = REDIS_LIST};
    enum err e = ticket_read(b->redis, b->app->keys, b->a, b->flow.ticket, &b->ticket);

    b->nobody = e == ERR_ABSENT;
    if (b->nobody) {
        b->ticket = (struct ticket){.id = b->flow.ticket, .version = STR("0"), .fields = &nothing};
        e = ERR_OK;
    }
    if (e == ERR_OK)
        e = read_person(b);
    if (e == ERR_OK)
        e = history_read(b->redis, b->a, b->ticket.id, &b->history, &b->history_count);
    return e == ERR_OK ? read_standing(b) : e;
}

/* Routed again with what is known now; the clock runs on from its history. */
static void change_route(struct change *c, const struct bench *b, struct happening *confirmed)
{
    const struct rules *rules = ruleset_take(b->app->rules);
    int level = b->standing.level > b->ticket.level ? b->standing.level : b->ticket.level;
    struct facts facts = ticket_facts(rules, &b->ticket, level);
    struct placing where;

    place(rules, &facts, b->history, b->history_count, confirmed->at_ms, b->a, &where);
    ruleset_release(b->app->rules, rules);
    if (!ticket_is_open(&b->ticket))
        return;
    confirmed->rules = where.rules;
    change_routed(c, b->ticket.id, b->ticket.queue, &where, true, b->ticket.owner.len > 0);
    change_live(c, "confirmed", b->ticket.id, b->ticket.reference, where.queue, b->ticket.state, b->ticket.owner_name);
}

static struct change *change_confirm(const struct bench *b)
{
    struct change *c = change_begin(b->a);
    struct happening h = {.id = ulid_fresh(),
                          .at_ms = clock_now_ms(),
                          .kind = STR("confirmed"),
                          .by = str_of(arena_strdup(b->a, id_print(ID_PARTICIPANT, b->flow.participant).at)),
                          .detail = str_of(arena_printf(b->a, "level %d", b->standing.level))};

    if (b->nobody) /* C3 */
        return c;

    for (size_t i = 0; i < b->shown_count; i++)
        change_proof(c, b->app->keys, b->ticket.id, &b->shown[i]);
    change_frozen_holds(c, b->ticket.account, &b->proofs);
    change_level(c, b->ticket.id, b->flow.participant, b->standing.level, b->standing.stale, b->standing.authorised);
    if (b->standing.level >= 3 && b->standing.level > b->me.level)
        change_appeal(c, APPEAL_VETO, b->ticket.id, b->me.id, h.at_ms);
    change_hset_int(c, ticket_key(b->a, b->ticket.id), "updated", h.at_ms);
    change_route(c, b, &h);
    change_happening(c, b->ticket.id, &h);
    change_audit(c, b->app->keys, b->ticket.partition, h.at_ms, h.by, "mailbox.confirmed",
                 arena_strdup(b->a, id_print(ID_TICKET, b->ticket.id).at), h.detail);
    return c;
}

/* One guess. ERR_CONFLICT: the ticket moved, nothing was judged. */
static enum err judge(struct bench *b, const char code[9], struct verdict *out)
{
    enum err e = flow_judge(b->redis, b->app->keys, b->a, &b->flow, code, clock_now_ms(),
                            ticket_key(b->a, b->ticket.id), b->ticket.version, change_confirm(b), &out->tries_left);

    if (e == ERR_OK)
        out->level = b->standing.level;
    return e;
}

/* ERR_BUSY: it moved each time, and nothing was judged. */
static enum err judge_while_it_moves(struct bench *b, const char code[9], struct verdict *out)
{
    for (int i = 0; i < AGAIN_MAX; i++) {
        enum err e = read_bench(b);

        if (e == ERR_OK)
            e = judge(b, code, out);
        if (e != ERR_CONFLICT)
            return e;
    }
    return ERR_BUSY;
}

/* Which flow this caller's code belongs to. */
static enum err find_flow(struct bench *b, uint64_t reference, enum token_kind kind, struct ulid id)
{
    struct pointer p;
    enum err e = pointer_read(b->redis, b->a, reference, &p);

    if (e == ERR_STORE)
        return e;

    bool found = e == ERR_OK;

    if (kind == TOKEN_ITEM && (!found || !pointer_is_of(&p, id)))
        return ERR_ABSENT; /* written, and not filed yet: no code went out */
    e = flow_read(b->redis, b->app->keys, b->a, kind == TOKEN_ITEM ? p.participant : id,
                  look_flow_partition(id, found ? &p : NULL), &b->flow);
    /* Since it was asked for, the work may have been moved, or have gone on in another ticket. */
    if (e == ERR_OK && found && ulid_equal(b->flow.participant, p.participant))
        b->flow.ticket = p.ticket;
    return e;
}

/* The level is raised whatever becomes of this; whoever types the code once more makes up for it. */
static void follow_up(struct bench *b)
{
    const struct rules *rules = ruleset_take(b->app->rules);
    enum err e = mailbox_proven(b->redis, b->app->keys, rules, b->a, b->ticket.id, b->flow.participant,
                                b->app->region[0] == '\0' ? NULL : b->app->region, clock_now_ms());

    ruleset_release(b->app->rules, rules);
    if (e != ERR_OK)
        log_warn("mailbox_not_followed", "ticket=%s why=%s", id_print(ID_TICKET, b->ticket.id).at, err_name(e));
}

/* Used up: by this person, perhaps a moment ago in another tab? Then the level is told. */
static enum err gone(struct bench *b, struct verdict *out)
{
    enum err e = flow_read(b->redis, b->app->keys, b->a, b->flow.id, ulid_partition(b->flow.ticket), &b->flow);

    if (e == ERR_OK && str_is(b->flow.state, "passed"))
        e = read_bench(b);
    if (e == ERR_OK && !b->nobody) {
        out->level = b->me.level;
        if (b->me.level > 0)
            follow_up(b);
    }
    return e == ERR_STORE ? e : ERR_GONE;
}

enum err confirm_code(struct app *app, struct redis *r, struct arena *a, uint64_t reference, enum token_kind kind,
                      struct ulid id, const char code[9], struct verdict *out)
{
    struct bench b = {.app = app, .redis = r, .a = a};
    enum err e = find_flow(&b, reference, kind, id);

    *out = (struct verdict){0};
    if (e == ERR_ABSENT)
        return ERR_GONE;
    if (e == ERR_OK && kind == TOKEN_FLOW && b.flow.reference != reference)
        return ERR_UNKNOWN_CALLER;
    if (e == ERR_OK)
        e = judge_while_it_moves(&b, code, out);
    if (e == ERR_OK)
        follow_up(&b);
    return e == ERR_GONE ? gone(&b, out) : e;
}
