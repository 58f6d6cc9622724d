/* journal_keep.c - beside the committer: who answers when it cannot, and who tidies up. */
#include "queues/clock.h"
#include "queues/journal_core.h"
#include "queues/log.h"
#include "rules/base/arena.h"

#include <stdlib.h>

struct answer {
    journal_done *done;
    void *arg;
};

/* What waits behind a commit that does not come: the queue is withdrawn and never written;
 * the batch itself may still come through, and is then withdrawn by the committer. The
 * caller holds the lock. Returns how many of the batch are to be answered. */
static size_t take_stalled(struct journal *j, struct answer batch[JOURNAL_BATCH_MAX], struct items *queue,
                           struct items *refused)
{
    size_t n = 0;

    for (size_t i = 0; i < j->batch_n; i++) {
        struct item *it = j->batch[i];

        if (!it->answered)
            batch[n++] = (struct answer){it->done, it->arg};
        it->answered = true;
    }
    *queue = j->queue;
    *refused = j->refused;
    j->queue = (struct items){0};
    j->refused = (struct items){0};
    j->errors += n + queue->n;
    j->stalled = true;
    return n;
}

void *watcher_run(void *journal)
{
    struct journal *j = journal;

    (void)pthread_setname_np(pthread_self(), "watcher");
    (void)pthread_mutex_lock(&j->lock);
    while (!j->done) {
        struct answer batch[JOURNAL_BATCH_MAX];
        struct items queue = {0}, refused = {0};
        size_t n = 0;

        tick_wait(j, &j->tick, WATCHER_MS);
        if (j->busy_since_ms == 0 || clock_steady_ms() - j->busy_since_ms <= JOURNAL_STALL_MS)
            continue;

        bool first = !j->stalled;

        n = take_stalled(j, batch, &queue, &refused);
        (void)pthread_mutex_unlock(&j->lock);
        if (first)
            log_error("journal_stalled", "after_ms=%d rows=%zu", JOURNAL_STALL_MS, n + queue.n);
        for (size_t i = 0; i < n; i++)
            batch[i].done(batch[i].arg, ERR_BUSY, 0);
        items_answer(&queue, ERR_BUSY);
        items_answer(&refused, ERR_BUSY);
        (void)pthread_mutex_lock(&j->lock);
    }
    (void)pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* J4. The caller holds the lock. */
static bool may_go(const struct journal *j, const struct segment *s)
{
    return !s->living && s->unfiled == 0 && s->parked == 0 &&
           (s->n == 0 || (s->newest_ms + j->o.keep_ms <= clock_now_ms() && s->newest_ms < j->held_ms));
}

static void fold(struct journal *j, uint64_t first)
{
    char why[SEGMENT_WHY_BYTES] = "";
    enum err e = segment_fold(j->folder, first, why);
    int64_t bytes = segment_bytes(j->folder, first);

    if (e != ERR_OK && e != ERR_BUSY)
        log_warn("journal_fold_failed", "first=%llu why=%s", (unsigned long long)first, why);
    (void)pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->rows.n; i++)
        if (j->rows.at[i]->first == first) {
            j->rows.at[i]->folded = e == ERR_OK;
            j->rows.at[i]->bytes = bytes;
        }
    (void)pthread_mutex_unlock(&j->lock);
}

/* One segment that can be folded or unlinked; false where there is none. */
static bool keep_one(struct journal *j, uint64_t *after)
{
    uint64_t first = 0;
    bool go = false, found = false;

    (void)pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->rows.n && !found; i++) {
        struct segment *s = j->rows.at[i];

        if (s->living || s->first < *after)
            continue;
        first = s->first;
        go = may_go(j, s);
        found = go || (!s->folded && !s->failed);
        if (go)
            rows_drop_segment(&j->rows, s);
    }
    (void)pthread_mutex_unlock(&j->lock);
    if (!found)
        return false;
    if (go) {
        segment_unlink(j->folder, first);
        log_trace("journal_unlinked", "first=%llu", (unsigned long long)first);
    } else {
        fold(j, first);
    }
    *after = first + 1;
    return true;
}

void *keeper_run(void *journal)
{
    struct journal *j = journal;

    (void)pthread_setname_np(pthread_self(), "keeper");
    (void)pthread_mutex_lock(&j->lock);
    while (!j->done) {
        uint64_t after = 0;

        tick_wait(j, &j->tick, KEEPER_MS);
        (void)pthread_mutex_unlock(&j->lock);
        while (keep_one(j, &after))
            ;
        (void)pthread_mutex_lock(&j->lock);
    }
    (void)pthread_mutex_unlock(&j->lock);
    return NULL;
}
