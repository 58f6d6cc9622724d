#include "gateway/intake/accept.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/intake/reading.h"
#include "gateway/intake/recent.h"
#include "gateway/intake/unfiled.h"
#include "queues/clock.h"
#include "queues/filer.h"
#include "queues/journal.h"
#include "queues/number.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { REBUILD_ROWS = 256 };

/* A caller that waits for the answer; in its call's arena. */
struct waiter {
    struct waiter *next;
    struct accept *accept;
    struct entry *entry; /* NULL once it was answered */
    struct call *call;
    const struct item *item;
    accept_answer *answer;
    bool late;   /* ACCEPT_WAIT_MS have passed */
    bool repeat; /* not the one who brought the item */
};

struct accept {
    struct app *app;
    pthread_mutex_t lock;
    pthread_cond_t quiet;
    size_t journeys; /* on their way to the journal */
    struct unfiled *unfiled;
    struct recent *recent;
};

/* ---- waiters ---- */

static void wait_for(struct waiter *w, struct entry *e)
{
    w->entry = e;
    w->next = e->waiters;
    e->waiters = w;
}

/* Takes the waiters off e, all or those that are late, as a list. */
static struct waiter *take_waiters(struct entry *e, bool late_only)
{
    struct waiter *taken = NULL;

    for (struct waiter **at = &e->waiters; *at != NULL;) {
        struct waiter *w = *at;

        if (late_only && !w->late) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->entry = NULL;
        w->next = taken;
        taken = w;
    }
    return taken;
}

static void answer(struct waiter *list, const struct accept_result *result)
{
    while (list != NULL) {
        struct waiter *next = list->next; /* the waiter goes with its call */
        struct accept_result mine = *result;

        mine.replayed |= list->repeat;
        list->answer(list->call, list->item, &mine);
        call_finish(list->call);
        list = next;
    }
}

static void on_late(void *arg)
{
    struct waiter *w = arg, *taken = NULL;
    struct accept *a = w->accept;
    struct accept_result written = {.outcome = ACCEPT_WRITTEN};

    (void)pthread_mutex_lock(&a->lock);
    w->late = true;

    struct entry *e = w->entry; /* taking w off it forgets it */

    if (e != NULL && e->written) {
        written.item = e->item;
        written.reference = e->reference;
        taken = take_waiters(e, true);
        e->promised = true;
    }
    (void)pthread_mutex_unlock(&a->lock);
    answer(taken, &written);
}

/* The item leaves the table; whoever still waits for it is answered by the caller. */
static struct waiter *settle(struct accept *a, struct ulid item)
{
    struct waiter *taken = NULL;

    (void)pthread_mutex_lock(&a->lock);

    struct entry *e = unfiled_item(a->unfiled, item);

    if (e != NULL) {
        taken = take_waiters(e, false);
        unfiled_remove(a->unfiled, e);
    }
    (void)pthread_mutex_unlock(&a->lock);
    return taken;
}

/* ---- the way of an item ---- */

/* What goes along to the journal; nothing of the call is in it. */
struct journey {
    struct accept *accept;
    struct filer_job *job;
};

static void arrived(struct accept *a, struct filer_job *job, enum err error, uint64_t seq)
{
    struct accept_result result = {.outcome = ACCEPT_WRITTEN, .item = job->ulid, .reference = job->reference};
    struct waiter *taken = NULL;
    struct filer_state filer;

    if (error != ERR_OK) {
        result = (struct accept_result){.outcome = ACCEPT_FAILED, .error = error};
        answer(settle(a, job->ulid), &result);
        filer_job_free(job);
        return;
    }
    filer_state(a->app->filer, &filer);
    (void)pthread_mutex_lock(&a->lock);

    struct entry *e = unfiled_item(a->unfiled, job->ulid);

    if (e != NULL) {
        e->written = true;
        taken = take_waiters(e, filer.ready); /* with Redis away nobody needs to wait for it */
        e->promised = taken != NULL;
    }
    (void)pthread_mutex_unlock(&a->lock);
    job->seq = seq;
    filer_submit(a->app->filer, job);
    answer(taken, &result);
}

static void arrive(struct accept *a)
{
    (void)pthread_mutex_lock(&a->lock);
    if (--a->journeys == 0)
        (void)pthread_cond_broadcast(&a->quiet);
    (void)pthread_mutex_unlock(&a->lock);
}

/* On the committer's thread. */
static void on_journaled(void *arg, enum err error, uint64_t seq)
{
    struct journey *j = arg;
    struct accept *a = j->accept;

    arrived(a, j->job, error, seq);
    free(j);
    arrive(a);
}

void accept_wait_quiet(struct accept *a)
{
    (void)pthread_mutex_lock(&a->lock);
    while (a->journeys > 0)
        (void)pthread_cond_wait(&a->quiet, &a->lock);
    (void)pthread_mutex_unlock(&a->lock);
}

static void send_off(struct accept *a, struct call *c, const struct item *i)
{
    struct journey *j = malloc(sizeof *j);
    struct str payload = item_print(i, c->arena);
    const char *work = arena_printf(c->arena, "%" PRIu64, i->reference);
    struct journal_row row = {
        .ulid = i->ulid, .op = item_op_name(i->op), .work = work, .received_ms = i->received_ms, .payload = payload};

    if (j == NULL)
        abort();
    *j = (struct journey){a, filer_job_make(i, payload)};
    journal_append(a->app->journal, &row, on_journaled, j);
}

/* What a repeat of something that is not filed yet gets: true where w joined the waiters of the first. What is written
 * and will be filed soon is waited for, since the first may be a repeat itself: of one that Redis has already, and
 * whose reference is the one to tell. */
static bool repeat(struct waiter *w, struct entry *first, bool wait, bool soon, struct accept_result *now)
{
    *now = (struct accept_result){.item = first->item, .reference = first->reference, .replayed = true};
    if (!str_is(w->item->body, first->body)) {
        now->outcome = ACCEPT_KEY_REUSED;
    } else if (first->written && !soon) {
        now->outcome = ACCEPT_WRITTEN;
        first->promised = true;
    } else if (!first->written && !wait) {
        now->outcome = ACCEPT_IN_FLIGHT;
    } else {
        w->repeat = true;
        wait_for(w, first);
        return true;
    }
    return false;
}

/* A repeat of what was filed a while ago. */
static bool filed_before(const struct accept *a, const struct item *i, struct accept_result *now)
{
    const struct recent_item *first = i->key.len > 0 ? recent_find(a->recent, i->key, clock_steady_ms()) : NULL;

    if (first == NULL)
        return false;
    *now = (struct accept_result){.outcome = str_is(i->body, first->body) ? ACCEPT_FILED : ACCEPT_KEY_REUSED,
                                  .replayed = true,
                                  .item = first->item,
                                  .reference = first->reference};
    return true;
}

void accept_item(struct accept *a, struct call *c, struct item *i, bool wait, accept_answer *answer_it)
{
    struct waiter *w = arena_new(c->arena, struct waiter);
    struct accept_result now = {.outcome = ACCEPT_FAILED, .error = ERR_BUSY};
    bool waits = false, first = false;
    struct filer_state filer;

    i->ulid = ulid_fresh();
    i->received_ms = clock_now_ms();
    if (i->op == ITEM_REQUEST)
        i->reference = number_take(a->app->numbers);
    *w = (struct waiter){.accept = a, .call = c, .item = i, .answer = answer_it};
    call_hold(c);
    call_after(c, ACCEPT_WAIT_MS, on_late, w);
    filer_state(a->app->filer, &filer);
    (void)pthread_mutex_lock(&a->lock);

    struct entry *e = i->key.len > 0 ? unfiled_key(a->unfiled, i->key) : NULL;

    if (e != NULL) {
        waits = repeat(w, e, wait, filer.ready, &now);
    } else if (filed_before(a, i, &now)) {
        /* answered below */
    } else if (unfiled_count(a->unfiled) < ACCEPT_UNFILED_MAX) {
        wait_for(w, unfiled_add(a->unfiled, i));
        waits = first = true;
        a->journeys++;
    }
    (void)pthread_mutex_unlock(&a->lock);
    if (first)
        send_off(a, c, i);
    if (waits)
        return;
    answer_it(c, i, &now);
    call_finish(c);
}

/* ---- mails ---- */

struct posting {
    struct accept *accept;
    accept_written *written;
    void *arg;
    int64_t received_ms;
};

/* On the committer's thread. */
static void on_mail_journaled(void *arg, enum err error, uint64_t seq)
{
    struct posting *p = arg;
    struct accept *a = p->accept;

    if (error == ERR_OK)
        reading_add(a->app->reading, seq, p->received_ms);
    p->written(p->arg, error);
    free(p);
    arrive(a);
}

void accept_mail(struct accept *a, struct item *i, accept_written *written, void *arg)
{
    struct posting *p = malloc(sizeof *p);
    struct arena *arena = arena_open(i->raw.len + 4096);

    if (p == NULL)
        abort();
    i->ulid = ulid_fresh();
    i->received_ms = clock_now_ms();
    i->reference = number_take(a->app->numbers);
    *p = (struct posting){a, written, arg, i->received_ms};

    struct journal_row row = {.ulid = i->ulid,
                              .op = item_op_name(i->op),
                              .work = arena_printf(arena, "%" PRIu64, i->reference),
                              .received_ms = i->received_ms,
                              .payload = item_print(i, arena)};

    (void)pthread_mutex_lock(&a->lock);
    a->journeys++;
    (void)pthread_mutex_unlock(&a->lock);
    journal_append(a->app->journal, &row, on_mail_journaled, p);
    arena_close(arena);
}

/* ---- the filer's word ---- */

static void remember(struct accept *a, const struct filing *f, const struct accept_result *filed)
{
    struct recent_item i = {.item = filed->item, .reference = filed->reference, .at_ms = clock_steady_ms()};

    if (f->ignore_key || f->item.key.len != sizeof i.key - 1 || f->item.body.len != sizeof i.body - 1)
        return;
    memcpy(i.key, f->item.key.at, f->item.key.len);
    memcpy(i.body, f->item.body.at, f->item.body.len);
    (void)pthread_mutex_lock(&a->lock);
    recent_add(a->recent, &i);
    (void)pthread_mutex_unlock(&a->lock);
}

void accept_filed(struct accept *a, const struct filing *f)
{
    bool folded = f->outcome == FILING_FOLDED;
    struct accept_result filed = {.outcome = ACCEPT_FILED,
                                  .replayed = folded,
                                  .item = folded ? f->original : f->item.ulid,
                                  .reference = f->reference};

    if (!folded)
        filed.ticket = f->ticket;
    remember(a, f, &filed);
    answer(settle(a, f->item.ulid), &filed);
}

/* Where the timer was faster than the filer, the item was promised: whoever still waits gets what it becomes. */
bool accept_refuse(struct accept *a, const struct filing *f)
{
    struct accept_result reused = {.outcome = ACCEPT_KEY_REUSED};
    struct waiter *taken = NULL;

    (void)pthread_mutex_lock(&a->lock);

    struct entry *e = unfiled_item(a->unfiled, f->item.ulid);

    if (e != NULL && !e->promised && (taken = take_waiters(e, false)) != NULL)
        unfiled_remove(a->unfiled, e);
    (void)pthread_mutex_unlock(&a->lock);
    answer(taken, &reused);
    return taken != NULL;
}

bool accept_find(struct accept *a, uint64_t reference, struct ulid *item)
{
    (void)pthread_mutex_lock(&a->lock);

    struct entry *e = unfiled_reference(a->unfiled, reference);
    bool found = e != NULL && e->written;

    if (found)
        *item = e->item;
    (void)pthread_mutex_unlock(&a->lock);
    return found;
}

size_t accept_unfiled(struct accept *a)
{
    (void)pthread_mutex_lock(&a->lock);

    size_t n = unfiled_count(a->unfiled);

    (void)pthread_mutex_unlock(&a->lock);
    return n;
}

/* ---- open, close ---- */

struct accept *accept_open(struct app *app)
{
    struct accept *a = calloc(1, sizeof *a);

    if (a == NULL)
        abort();
    a->app = app;
    a->unfiled = unfiled_open();
    a->recent = recent_open();
    (void)pthread_mutex_init(&a->lock, NULL);
    (void)pthread_cond_init(&a->quiet, NULL);
    return a;
}

static void rebuild_row(struct accept *a, const struct journal_row *row, struct arena *arena)
{
    struct item i;

    if (item_parse(str_of(row->op), row->payload, arena, &i) != ERR_OK)
        return; /* the filer parks it */
    if (i.op == ITEM_MAIL)
        return; /* nobody asks for it by key or reference before it is filed */
    i.ulid = row->ulid;

    struct entry *e = unfiled_add(a->unfiled, &i);

    e->written = e->promised = true;
}

enum err accept_rebuild(struct accept *a)
{
    struct arena *arena = arena_open(256 * 1024);
    struct journal_row *rows = arena_array(arena, struct journal_row, REBUILD_ROWS);
    uint64_t after = 0;
    size_t n;
    enum err e;

    do {
        struct arena *turn = arena_open(256 * 1024);

        e = journal_read(a->app->journal, turn, after, REBUILD_ROWS, rows, &n);
        for (size_t i = 0; e == ERR_OK && i < n; i++) {
            rebuild_row(a, &rows[i], turn);
            after = rows[i].seq;
        }
        arena_close(turn);
    } while (e == ERR_OK && n > 0);
    arena_close(arena);
    return e;
}

void accept_close(struct accept *a)
{
    if (a == NULL)
        return;
    unfiled_close(a->unfiled);
    recent_close(a->recent);
    (void)pthread_cond_destroy(&a->quiet);
    (void)pthread_mutex_destroy(&a->lock);
    free(a);
}
