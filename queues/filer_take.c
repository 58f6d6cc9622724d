#include "queues/filer_core.h"

#include "queues/clock.h"
#include "queues/log.h"
#include "rules/base/arena.h"

#include <stdlib.h>

enum {
    CATCH_UP_MIN = 16, /* places in a batch kept for what the journal holds */
    RETRY_MAX = 1024,
};

static bool work_in(const struct batch *b, uint64_t reference)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->job[i]->reference == reference)
            return true;
    return false;
}

void filer_keep_for_later(struct filer *f, struct filer_job *job, int wait_ms)
{
    if (f->retries >= RETRY_MAX) {
        f->rescan = true;
        filer_job_free(job);
        return;
    }

    struct filer_job **at = &f->retry;

    job->not_before_ms = wait_ms == 0 ? 0 : clock_steady_ms() + wait_ms;
    while (*at != NULL && (*at)->seq < job->seq)
        at = &(*at)->next;
    job->next = *at;
    *at = job;
    f->retries++;
}

static void take_retries(struct filer *f, struct batch *b)
{
    int64_t now = clock_steady_ms();

    for (struct filer_job **at = &f->retry; *at != NULL && b->n < FILER_BATCH;) {
        struct filer_job *job = *at;

        if (job->not_before_ms > now || work_in(b, job->reference)) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        f->retries--;
        b->job[b->n++] = job;
    }
}

/* A later row of a work must not overtake one that waits. */
static bool work_waits(const struct filer *f, uint64_t reference)
{
    for (const struct filer_job *job = f->retry; job != NULL; job = job->next)
        if (job->reference == reference)
            return true;
    return false;
}

static void add(struct filer *f, struct batch *b, struct filer_job *job)
{
    if (work_in(b, job->reference) || work_waits(f, job->reference))
        filer_keep_for_later(f, job, 0);
    else
        b->job[b->n++] = job;
}

static void take_live(struct filer *f, struct batch *b, size_t max)
{
    (void)pthread_mutex_lock(&f->lock);
    while (f->first != NULL && b->n < max) {
        struct filer_job *job = f->first;

        f->first = job->next;
        if (f->first == NULL)
            f->last = &f->first;
        f->waiting--;
        add(f, b, job);
    }
    (void)pthread_mutex_unlock(&f->lock);
}

static struct filer_job *job_of_row(const struct journal_row *row, struct arena *a)
{
    struct item i;

    if (item_parse(str_of(row->op), row->payload, a, &i) != ERR_OK)
        return NULL;
    i.ulid = row->ulid;
    i.received_ms = row->received_ms;

    struct filer_job *job = filer_job_make(&i, row->payload);

    job->seq = row->seq;
    job->failures = (int)row->failures;
    return job;
}

static uint64_t goal(struct filer *f)
{
    (void)pthread_mutex_lock(&f->lock);

    uint64_t to = f->catch_up_to;

    (void)pthread_mutex_unlock(&f->lock);
    return to;
}

static void take_journaled(struct filer *f, struct batch *b)
{
    struct journal_row rows[FILER_BATCH];
    uint64_t to = goal(f);
    size_t n = 0;

    if (f->rescan && f->retry == NULL) {
        f->rescan = false;
        f->cursor = 0;
    }
    if (f->cursor >= to || b->n == FILER_BATCH)
        return;
    if (journal_read(f->o.journal, f->arena, f->cursor, FILER_BATCH - b->n, rows, &n) != ERR_OK)
        return;
    if (n == 0)
        f->cursor = to;
    for (size_t i = 0; i < n; i++) {
        f->cursor = rows[i].seq;
        if (rows[i].seq > to) { /* a live one, which is in memory */
            f->cursor = to;
            break;
        }

        struct filer_job *job = job_of_row(&rows[i], f->arena);

        if (job == NULL) {
            log_error("item_unreadable", "item=%s", id_print(ID_ITEM, rows[i].ulid).at);
            journal_mark(f->o.journal, rows[i].seq, JOURNAL_PARKED);
        } else {
            add(f, b, job);
        }
    }
}

bool filer_behind(struct filer *f)
{
    return f->cursor < goal(f) || f->rescan;
}

void filer_take(struct filer *f, struct batch *b)
{
    bool late = filer_behind(f);

    b->n = 0;
    take_retries(f, b);
    take_live(f, b, late ? FILER_BATCH - CATCH_UP_MIN : FILER_BATCH);
    if (late)
        take_journaled(f, b);
}
