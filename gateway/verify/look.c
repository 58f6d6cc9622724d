#include "gateway/verify/look.h"

#include "gateway/app.h"
#include "gateway/intake/accept.h"
#include "queues/clock.h"
#include "queues/placing.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { LINKED_MAX = 8 }; /* closed work that this one goes on from */

unsigned look_flow_partition(struct ulid flow, const struct pointer *found)
{
    return found != NULL ? ulid_partition(found->ticket) : ulid_partition(flow);
}

/* p: NULL where the reference does not exist; then the same is asked, and the answer is no. */
static enum err flow_of_reference(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id,
                                  const struct pointer *p, uint64_t reference)
{
    struct flow f;
    enum err e = flow_read(r, k, a, id, look_flow_partition(id, p), &f);

    if (e == ERR_STORE)
        return e;
    return e == ERR_OK && p != NULL && str_is(f.state, "passed") && f.reference == reference ? ERR_OK
                                                                                             : ERR_UNKNOWN_CALLER;
}

enum err look_flow_passed(struct redis *r, const struct keyring *k, struct arena *a, struct ulid flow,
                          uint64_t reference)
{
    struct pointer p;
    enum err e = pointer_read(r, a, reference, &p);

    if (e == ERR_STORE)
        return e;
    return flow_of_reference(r, k, a, flow, e == ERR_OK ? &p : NULL, reference);
}

static bool is_zero(struct ulid u)
{
    return ulid_equal(u, (struct ulid){0});
}

/* L2 */
static bool mine(const struct message *m, struct ulid me)
{
    switch (m->who) {
    case MESSAGE_YOU:
        return ulid_equal(m->participant, me);
    case MESSAGE_SUPPORT:
    case MESSAGE_SYSTEM:
        return is_zero(m->participant) || ulid_equal(m->participant, me);
    case MESSAGE_NOTE:
        return false;
    }
    return false;
}

static enum err add_messages(struct redis *r, const struct keyring *k, struct arena *a, struct ulid ticket,
                             struct look *out)
{
    struct message *all, *both;
    size_t n;
    enum err e = messages_read(r, k, a, ticket, &all, &n);

    if (e != ERR_OK)
        return e;
    both = arena_array(a, struct message, n + out->message_count + 1);

    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (mine(&all[i], out->me.id))
            both[kept++] = all[i];
    if (out->message_count > 0)
        memcpy(both + kept, out->messages, out->message_count * sizeof *both);
    out->messages = both;
    out->message_count += kept;
    return ERR_OK;
}

static int by_time(const void *x, const void *y)
{
    const struct message *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

/* A ticket's messages, and those of the closed ones it goes on from. */
static enum err read_chain(struct redis *r, const struct keyring *k, struct arena *a, struct ticket at,
                           struct look *out)
{
    enum err e = ERR_OK;

    for (int i = 0; e == ERR_OK && i < LINKED_MAX; i++) {
        struct ulid before;

        e = add_messages(r, k, a, at.id, out);
        if (e != ERR_OK || !id_parse(ID_TICKET, redis_field(at.fields, "linked"), &before))
            break;
        e = ticket_read(r, k, a, before, &at);
    }
    return e;
}

/* While words are moved they are in two places for a moment. */
static size_t each_once(struct message *m, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !ulid_equal(m[kept - 1].id, m[i].id))
            m[kept++] = m[i];
    return kept;
}

/* All words of this person, wherever staff put them. */
static enum err read_messages(struct redis *r, const struct keyring *k, struct arena *a, struct look *out)
{
    enum err e = read_chain(r, k, a, out->ticket, out);

    for (size_t i = 0; e == ERR_OK && i < out->pointer.more_count; i++) {
        struct ticket further;

        if (ulid_equal(out->pointer.more[i], out->ticket.id))
            continue;

        e = ticket_read(r, k, a, out->pointer.more[i], &further);
        if (e == ERR_OK)
            e = read_chain(r, k, a, further, out);
    }
    if (e == ERR_OK && out->pointer.more_count > 0) {
        qsort(out->messages, out->message_count, sizeof *out->messages, by_time);
        out->message_count = each_once(out->messages, out->message_count);
    }
    return e;
}

static enum err read_me(struct redis *r, const struct keyring *k, struct arena *a, struct look *out)
{
    struct participant *all;
    size_t n;
    enum err e = participants_read(r, k, a, &out->ticket, &all, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (ulid_equal(all[i].id, out->pointer.participant)) {
            out->me = all[i];
            return ERR_OK;
        }
    return e == ERR_OK ? ERR_ABSENT : e;
}

/* The first ticket that this person takes part in: while they are moved that may be a further one. */
static enum err read_ticket(struct redis *r, const struct keyring *k, struct arena *a, struct look *out)
{
    enum err e = ticket_read(r, k, a, out->pointer.ticket, &out->ticket);

    if (e == ERR_OK)
        e = read_me(r, k, a, out);
    for (size_t i = 0; e == ERR_ABSENT && i < out->pointer.more_count; i++) {
        e = ticket_read(r, k, a, out->pointer.more[i], &out->ticket);
        if (e == ERR_OK)
            e = read_me(r, k, a, out);
    }
    return e == ERR_ABSENT ? ERR_CORRUPT : e;
}

/* What happened since they wrote first, as if that had opened it: what was there before is not theirs to know. */
static size_t own_history(const struct look *l, struct happening *all, size_t n)
{
    size_t own = 0;

    for (size_t i = 0; i < n; i++)
        if (all[i].at_ms >= l->me.since_ms)
            all[own++] = all[i];
    if (own > 0)
        all[0].clock = STR("opened");
    return own;
}

/* L3 */
static enum err read_promise(struct app *app, struct redis *r, struct arena *a, struct look *out)
{
    struct happening *history;
    struct placing as_stranger;
    size_t n;
    enum err e = history_read(r, a, out->ticket.id, &history, &n);

    if (e != ERR_OK)
        return e;
    out->next_reply_ms = out->ticket.due_ms;
    if (out->me.level >= 2 && !out->me.stale)
        return ERR_OK;

    const struct rules *rules = ruleset_take(app->rules);
    struct facts facts = ticket_facts(rules, &out->ticket, out->me.level);

    facts.known = false;
    facts.tier = facts.region = STR("");
    facts.affected = facts.incident = 0;
    place(rules, &facts, history, own_history(out, history, n), clock_now_ms(), a, &as_stranger);
    ruleset_release(app->rules, rules);
    out->next_reply_ms = as_stranger.due_ms;
    return ERR_OK;
}

static enum err read_filed(struct app *app, struct redis *r, struct arena *a, struct look *out)
{
    const struct keyring *k = app->keys;
    enum err e = read_ticket(r, k, a, out);

    if (e == ERR_OK)
        e = read_messages(r, k, a, out);
    if (e == ERR_OK)
        e = read_promise(app, r, a, out);
    if (e != ERR_OK)
        return e;
    e = flow_read(r, k, a, out->me.id, ulid_partition(out->ticket.id), &out->flow);
    out->has_flow = e == ERR_OK;
    return e == ERR_ABSENT ? ERR_OK : e;
}

enum err look_read(struct app *app, struct redis *r, struct arena *a, uint64_t reference, enum token_kind kind,
                   struct ulid id, struct look *out)
{
    struct ulid item;
    enum err e;

    *out = (struct look){.reference = reference};
    if (kind == TOKEN_NONE)
        return ERR_UNKNOWN_CALLER;
    if (kind == TOKEN_ITEM && accept_find(app->accept, reference, &item)) {
        out->written = true;
        return ERR_OK;
    }
    e = pointer_read(r, a, reference, &out->pointer);
    if (kind == TOKEN_ITEM && (e == ERR_ABSENT || (e == ERR_OK && !pointer_is_of(&out->pointer, id)))) {
        out->written = true; /* the token proves that we wrote it down; it waits, or is parked */
        return ERR_OK;
    }
    if (e != ERR_STORE && kind == TOKEN_FLOW)
        e = flow_of_reference(r, app->keys, a, id, e == ERR_OK ? &out->pointer : NULL, reference);
    if (e != ERR_OK)
        return e == ERR_ABSENT ? ERR_UNKNOWN_CALLER : e;
    return read_filed(app, r, a, out);
}
