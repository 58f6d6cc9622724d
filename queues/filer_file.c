#include "queues/filer_core.h"

#include "queues/clock.h"
#include "queues/log.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    RETRY_MS = 200,     /* before an item that failed is tried again */
    BEGINNINGS_MAX = 4, /* of a batch, while the rules change under it */
};

static void begin(struct filer *f, struct batch *b, const struct rules *rules)
{
    int64_t now = clock_now_ms();

    for (size_t i = 0; i < b->n; i++) {
        struct filing *g = arena_new(f->arena, struct filing);
        struct filer_job *job = b->job[i];

        g->keys = f->o.keys;
        g->rules = rules;
        g->lists = b->lists;
        g->arena = f->arena;
        g->region = f->o.region;
        g->now_ms = now;
        b->filing[i] = g;
        b->error[i] = item_parse(str_of(item_op_name(job->op)), job->payload, f->arena, &g->item);
        g->item.ulid = job->ulid;
        g->item.received_ms = job->received_ms;
        filing_begin(g);
    }
}

/* Does it stand behind one that came before it and is under way? */
static bool waits(const struct batch *b, size_t i, const bool asked[])
{
    for (size_t k = 0; k < i; k++)
        if (asked[k] && filing_waits_for(b->filing[i], b->filing[k]))
            return true;
    return false;
}

/* One exchange for all that are under way. False when none is; ERR_STORE in *e ends the batch. stale: NULL, or it is the
 * first one, which asks for the rules, too (L7); where they were others, the answers do not count. */
static bool exchange(struct filer *f, struct batch *b, enum err *e, bool *stale)
{
    struct redis_value *replies;
    bool asked[FILER_BATCH] = {false}, any = false;
    size_t n, at = 0;

    if (stale != NULL) {
        filer_ask_rules(f);
        at = 1;
    }

    for (size_t i = 0; i < b->n; i++)
        if (b->error[i] == ERR_OK && !waits(b, i, asked) && (asked[i] = filing_ask(b->filing[i], f->redis)))
            any = true;
    if (!any && stale == NULL)
        return false;
    *e = redis_flush(f->redis, f->arena, &replies, &n);
    if (*e == ERR_OK && stale != NULL)
        *e = filer_hear_rules(f, &replies[0], stale);
    if (*e != ERR_OK || (stale != NULL && *stale))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        if (!asked[i])
            continue;
        b->error[i] = filing_hear(b->filing[i], f->redis, replies + at);
        at += filing_asked(b->filing[i]);
        if (b->error[i] == ERR_STORE)
            *e = ERR_STORE;
    }
    assert(at == n);
    (void)pthread_mutex_lock(&f->lock);
    f->state.rounds++;
    (void)pthread_mutex_unlock(&f->lock);
    return *e == ERR_OK;
}

static void fail(struct filer *f, struct filer_job *job, enum err e)
{
    journal_mark(f->o.journal, job->seq, JOURNAL_FAILED);
    if (++job->failures < FILER_FAILURES) {
        filer_keep_for_later(f, job, RETRY_MS);
        return;
    }

    char why[FILER_WHY_BYTES];

    (void)snprintf(why, sizeof why, "%s %s", err_text(e), redis_why(f->redis));
    filer_park(f, job->seq, job->ulid, why);
    filer_job_free(job);
}

void filer_park(struct filer *f, uint64_t seq, struct ulid ulid, const char *why)
{
    log_error("item_parked", "item=%s why=%s", id_print(ID_ITEM, ulid).at, why);
    journal_mark(f->o.journal, seq, JOURNAL_PARKED);
    (void)pthread_mutex_lock(&f->lock);

    struct parked_why *w = &f->whys[f->why_count++ % FILER_WHYS];

    w->seq = seq;
    (void)snprintf(w->why, sizeof w->why, "%s", why);
    f->state.parked++;
    (void)pthread_mutex_unlock(&f->lock);
}

void filer_parked_why(struct filer *f, uint64_t seq, char out[FILER_WHY_BYTES])
{
    out[0] = '\0';
    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < FILER_WHYS; i++)
        if (f->whys[i].seq == seq)
            (void)snprintf(out, FILER_WHY_BYTES, "%s", f->whys[i].why);
    (void)pthread_mutex_unlock(&f->lock);
}

bool filer_unpark(struct filer *f, uint64_t seq)
{
    if (!journal_is_parked(f->o.journal, seq))
        return false;
    journal_mark(f->o.journal, seq, JOURNAL_RETRY);
    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < FILER_WHYS; i++)
        if (f->whys[i].seq == seq)
            f->whys[i].seq = 0;
    f->look_again = true;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
    return true;
}

static void settle(struct filer *f, struct filer_job *job, struct filing *g)
{
    journal_mark(f->o.journal, job->seq, JOURNAL_FILED);
    (void)pthread_mutex_lock(&f->lock);
    f->state.filed++;
    f->state.again += g->before;
    (void)pthread_mutex_unlock(&f->lock);
    f->o.filed(f->o.arg, g);
    filer_job_free(job);
}

/* Its sender was told so: it must not come back when Redis changes. */
static void withdraw(struct filer *f, struct filer_job *job)
{
    journal_mark(f->o.journal, job->seq, JOURNAL_WITHDRAWN);
    filer_job_free(job);
}

/* After the exchanges: who is done, who failed, whose key was used for something else. True where some go on. */
static bool sort_out(struct filer *f, struct batch *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->n; i++) {
        struct filer_job *job = b->job[i];
        struct filing *g = b->filing[i];

        if (b->error[i] != ERR_OK)
            fail(f, job, b->error[i]);
        else if (g->outcome == FILING_EARLY)
            fail(f, job, ERR_ABSENT);
        else if (g->outcome != FILING_KEY_REUSED)
            settle(f, job, g);
        else if (f->o.refuse(f->o.arg, g))
            withdraw(f, job);
        else { /* it was promised already: file it without its key */
            filing_keep(g);
            b->job[kept] = job;
            b->filing[kept] = g;
            b->error[kept++] = ERR_OK;
        }
    }
    b->n = kept;
    return kept > 0;
}

static void put_back(struct filer *f, struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        filer_keep_for_later(f, b->job[i], 0);
    b->n = 0;
}

/* The first exchange, by rules and lists that are in force; they are yours to release. Whoever declares one incident after the
 * other does not keep customers waiting. */
static const struct rules *first_exchange(struct filer *f, struct batch *b, enum err *e, bool *more)
{
    const struct rules *rules;
    bool stale = f->o.active != NULL;

    for (int i = 0;; i++) {
        rules = ruleset_take(f->o.rules);
        b->lists = affected_set_take(f->lists);
        begin(f, b, rules);
        *more = exchange(f, b, e, stale && i < BEGINNINGS_MAX ? &stale : NULL);
        if (*e != ERR_OK || !stale || i == BEGINNINGS_MAX)
            return rules;
        affected_set_release(b->lists);
        ruleset_release(f->o.rules, rules);
    }
}

enum err filer_file(struct filer *f, struct batch *b)
{
    enum err e = ERR_OK;
    bool more;
    const struct rules *rules = first_exchange(f, b, &e, &more);

    do {
        while (more && e == ERR_OK)
            more = exchange(f, b, &e, NULL);
        more = true;
    } while (e == ERR_OK && sort_out(f, b));
    affected_set_release(b->lists);
    ruleset_release(f->o.rules, rules);
    if (e != ERR_OK)
        put_back(f, b);
    return e;
}
