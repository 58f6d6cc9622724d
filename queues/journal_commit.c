/* journal_commit.c - the committer: batches, segments, and what a failure means. */
#include "queues/clock.h"
#include "queues/journal_core.h"
#include "queues/log.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

void tick_wait(struct journal *j, pthread_cond_t *c, int64_t ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(c, &j->lock, &until);
}

void items_push(struct items *q, struct item *i)
{
    if (q->end == NULL)
        q->end = &q->first;
    i->next = NULL;
    *q->end = i;
    q->end = &i->next;
    q->n++;
    q->bytes += i->row.payload.len;
}

static struct item *items_pop(struct items *q)
{
    struct item *i = q->first;

    q->first = i->next;
    if (q->first == NULL)
        q->end = &q->first;
    q->n--;
    q->bytes -= i->row.payload.len;
    return i;
}

void items_answer(struct items *q, enum err e)
{
    while (q->n > 0) {
        struct item *i = items_pop(q);

        i->done(i->arg, e, 0);
        arena_close(i->arena);
    }
}

/* When the committer has something to do, if nobody gives it more: ms from now, -1 for now. */
static int64_t idle_ms(const struct journal *j, int64_t now_ms)
{
    int64_t wait_ms = 3600 * 1000;
#define SOONER(at_ms)             \
    if ((at_ms)-now_ms < wait_ms) \
    wait_ms = (at_ms)-now_ms

    if (j->dirty_n > 0 && j->writer != NULL)
        SOONER(j->dirty_since_ms + MARK_DELAY_MS);
    if (j->living != NULL && j->living->n > 0)
        SOONER(j->opened_ms + j->o.rotate_ms > j->retry_ms ? j->opened_ms + j->o.rotate_ms : j->retry_ms);
    if (!j->well)
        SOONER(j->retry_ms);
#undef SOONER
    return wait_ms <= 0 ? -1 : wait_ms;
}

/* Waits until there is something to do and takes it. False: closing, and nothing is left. */
static bool take_batch(struct journal *j, struct items *refused)
{
    size_t bytes = 0;

    (void)pthread_mutex_lock(&j->lock);
    while (j->queue.n == 0 && j->refused.n == 0) {
        int64_t wait_ms = idle_ms(j, clock_steady_ms());

        if (j->closing && (j->dirty_n == 0 || j->writer == NULL)) {
            (void)pthread_mutex_unlock(&j->lock);
            return false;
        }
        if (wait_ms < 0 || j->closing)
            break;
        j->sleeping = true;
        tick_wait(j, &j->work, wait_ms);
        j->sleeping = false;
    }
    while (j->queue.n > 0 && j->batch_n < JOURNAL_BATCH_MAX && bytes < BATCH_BYTES_MAX) {
        bytes += j->queue.first->row.payload.len;
        j->batch[j->batch_n++] = items_pop(&j->queue);
    }
    *refused = j->refused;
    j->refused = (struct items){0};
    j->busy_since_ms = clock_steady_ms();
    (void)pthread_mutex_unlock(&j->lock);
    return true;
}

static void set_state(struct journal *j, bool well, const char *why)
{
    (void)pthread_mutex_lock(&j->lock);
    j->well = well;
    (void)snprintf(j->why, sizeof j->why, "%s", why);
    (void)pthread_mutex_unlock(&j->lock);
}

/* J6: the segment is given up; a second failure in a row makes the journal unwell. */
static void fail_once(struct journal *j, enum err e, const char *why)
{
    log_error("journal_failed", "err=%s why=%s strikes=%u", err_name(e), why, j->strikes + 1);
    j->ill = e;
    j->retry_ms = clock_steady_ms() + RETRY_MS;
    if (++j->strikes >= 2)
        set_state(j, false, why);
}

/* Begins a new segment and lets the old one go to the keeper. */
static enum err next_segment(struct journal *j, char why[SEGMENT_WHY_BYTES])
{
    struct segment_writer *w = NULL;
    struct runs snapshot = {0};

    (void)pthread_mutex_lock(&j->lock);
    rows_runs(&j->rows, &snapshot);
    (void)pthread_mutex_unlock(&j->lock);

    enum err e = segment_create(&w, j->folder, j->next_seq, &snapshot, why);

    runs_free(&snapshot);
    if (e != ERR_OK)
        return e;
    segment_writer_close(j->writer);
    j->writer = w;
    j->opened_ms = clock_steady_ms();
    (void)pthread_mutex_lock(&j->lock);
    if (j->living != NULL)
        j->living->living = false;
    j->living = rows_add_segment(&j->rows, j->next_seq);
    j->living->living = true;
    j->living->bytes = segment_writer_bytes(w);
    (void)pthread_mutex_unlock(&j->lock);
    log_trace("journal_segment", "first=%llu", (unsigned long long)j->next_seq);
    return ERR_OK;
}

enum err committer_begin(struct journal *j, char why[SEGMENT_WHY_BYTES])
{
    return next_segment(j, why);
}

static bool rotation_due(const struct journal *j, int64_t now_ms)
{
    return j->living->n > 0 && now_ms >= j->retry_ms &&
           (now_ms - j->opened_ms >= j->o.rotate_ms || segment_writer_bytes(j->writer) >= j->o.rotate_bytes);
}

/* A segment to write to: the living one, or a new one. */
static enum err ready_writer(struct journal *j)
{
    char why[SEGMENT_WHY_BYTES] = "";
    int64_t now_ms = clock_steady_ms();
    bool begin = j->writer == NULL;

    if (begin && j->strikes >= 2 && now_ms < j->retry_ms)
        return j->ill;
    if (!begin && !rotation_due(j, now_ms))
        return ERR_OK;

    enum err e = next_segment(j, why);

    if (e == ERR_OK && begin && j->strikes >= 2) {
        j->strikes = 1; /* its first commit has yet to show that it is well */
        set_state(j, true, "");
        log_info("journal_well", "segment=%llu", (unsigned long long)j->living->first);
    } else if (e != ERR_OK && begin) {
        fail_once(j, e, why);
    } else if (e != ERR_OK) {
        log_warn("journal_rotate_failed", "why=%s", why);
        j->retry_ms = now_ms + RETRY_MS; /* the old one still serves */
        e = ERR_OK;
    }
    return e;
}

/* The reserve is for marks and for Redis beside us: nothing new may eat it. */
static bool reserve_left(struct journal *j)
{
    struct statvfs fs;
    char why[160];

    if (fstatvfs(j->folder_fd, &fs) != 0)
        return true; /* the commit itself will say */

    int64_t free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
    bool left = free_bytes >= j->o.reserve_bytes;

    if (!left)
        j->retry_ms = clock_steady_ms() + RETRY_MS;
    if (!left && j->well) {
        (void)snprintf(why, sizeof why, "less than %lld MiB free for the journal: make room on its disk",
                       (long long)(j->o.reserve_bytes >> 20));
        log_error("journal_full", "free_bytes=%lld", (long long)free_bytes);
        set_state(j, false, why);
    } else if (left && !j->well && j->writer != NULL) {
        log_info("journal_well", "free_bytes=%lld", (long long)free_bytes);
        set_state(j, true, "");
    }
    return left;
}

static int by_seq(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The marks that changed since the last commit, as runs. The caller holds the lock. */
static void take_marks(struct journal *j, struct runs *out)
{
    enum row_state state;
    unsigned failures;

    if (j->dirty_n > 0)
        qsort(j->dirty, j->dirty_n, sizeof j->dirty[0], by_seq);
    for (size_t i = 0; i < j->dirty_n; i++)
        if (rows_get(&j->rows, j->dirty[i], &state, &failures))
            runs_add(out, j->dirty[i], state, failures);
    j->dirty_n = 0;
}

static enum err commit(struct journal *j, size_t n)
{
    const struct journal_row *rows[JOURNAL_BATCH_MAX];
    char why[SEGMENT_WHY_BYTES] = "";
    struct runs marks = {0};

    (void)pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < n; i++) {
        j->batch[i]->row.seq = j->next_seq++;
        rows[i] = &j->batch[i]->row;
    }
    /* Marks may wait, and then go once a second instead of with every commit. */
    if (n == 0 || clock_steady_ms() - j->dirty_since_ms >= MARK_DELAY_MS)
        take_marks(j, &marks);
    (void)pthread_mutex_unlock(&j->lock);

    enum err e = n + marks.n == 0 ? ERR_OK : segment_commit(j->writer, rows, n, &marks, why);

    runs_free(&marks);
    if (e == ERR_OK) {
        j->strikes = 0;
        return ERR_OK;
    }
    e = e == ERR_FULL ? ERR_FULL : ERR_IO;
    segment_writer_close(j->writer);
    j->writer = NULL;
    fail_once(j, e, why);
    return e;
}

/* Enters the first n rows of the batch, which were to be committed, into what is known.
 * After a failure nobody can say whether they are on disk; either way they were answered
 * with an error, so they are withdrawn, as is what the watcher has answered (J7). The
 * caller holds the lock. */
static void enter(struct journal *j, size_t n, enum err e)
{
    struct segment *s = j->living;

    segment_add(s, n, e == ERR_OK ? ROW_UNFILED : ROW_WITHDRAWN);
    for (size_t i = 0; i < n; i++) {
        const struct item *it = j->batch[i];

        if (it->row.received_ms > s->newest_ms)
            s->newest_ms = it->row.received_ms;
        if (e == ERR_OK && it->answered) {
            rows_set(&j->rows, it->row.seq, ROW_WITHDRAWN, 0);
            journal_touch(j, it->row.seq);
        }
    }
    if (e == ERR_OK) {
        s->bytes = segment_writer_bytes(j->writer);
        j->commits += n > 0;
        j->committed += n;
    } else {
        s->living = false;
        s->failed = true;
        j->living = NULL;
    }
}

/* Answers the batch, after its rows are known: who hears "written" can be read. */
static void answer(struct journal *j, size_t n, enum err e)
{
    for (size_t i = 0; i < n; i++) {
        struct item *it = j->batch[i];

        if (!it->answered)
            it->done(it->arg, e, e == ERR_OK ? it->row.seq : 0);
        arena_close(it->arena);
    }
}

/* One turn at the disk. Returns what the batch is answered with. */
static enum err turn(struct journal *j)
{
    size_t n = j->batch_n; /* only this thread changes it */
    enum err e = ready_writer(j);
    bool full = e == ERR_OK && (n > 0 || !j->well) && !reserve_left(j);
    bool written = e == ERR_OK;

    if (written)
        e = commit(j, full ? 0 : n);

    (void)pthread_mutex_lock(&j->lock);
    if (written)
        enter(j, full ? 0 : n, e);
    if (e == ERR_OK && full)
        e = ERR_FULL;
    if (e != ERR_OK)
        j->errors += n;

    bool stalled = j->stalled;

    j->stalled = false;
    j->batch_n = 0; /* the watcher keeps its hands off from here on */
    j->busy_since_ms = 0;
    (void)pthread_mutex_unlock(&j->lock);
    if (stalled)
        log_warn("journal_moves_again", "err=%s rows=%zu", err_name(e), n);
    return e;
}

void *committer_run(void *journal)
{
    struct journal *j = journal;
    struct items refused;

    (void)pthread_setname_np(pthread_self(), "committer");
    while (take_batch(j, &refused)) {
        size_t n = j->batch_n;

        items_answer(&refused, ERR_BUSY);
        answer(j, n, turn(j));
    }
    return NULL;
}
