/* filer_take.c - what is filed next.
 *
 * A row never overtakes an earlier one of its work. So while the journal holds rows that were not read yet, live messages
 * are read from there in their turn. Where a row waits in memory (the list `retry`, in order of seq), later ones of its
 * work wait behind it; where too many do, the rest is left to the journal and the work is noted: none of its rows is
 * taken until nothing of it waits in memory any more, and then the journal is read again from the start.
 *
 * A mail says only when it was read to which work it belongs. Then it waits in memory, too, where rows before it may be
 * in the journal that were not looked at yet. */
#include "queues/filer_core.h"

#include "queues/clock.h"
#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    CATCH_UP_MIN = 16, /* places in a batch kept for what the journal holds */
    WAIT_MAX = 1024,   /* rows that wait in memory behind others of their work */
    WAIT_WORK_MAX = 256,
};

static bool work_in(const struct batch *b, uint64_t reference)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->job[i]->reference == reference)
            return true;
    return false;
}

/* How many rows of that work wait before `until` (NULL: in all). */
static size_t work_waits(const struct filer *f, uint64_t reference, const struct filer_job *until)
{
    size_t n = 0;

    for (const struct filer_job *job = f->retry; job != until; job = job->next)
        n += job->reference == reference;
    return n;
}

void filer_keep_for_later(struct filer *f, struct filer_job *job, int wait_ms)
{
    struct filer_job **at = &f->retry;

    job->not_before_ms = wait_ms == 0 ? 0 : clock_steady_ms() + wait_ms;
    while (*at != NULL && (*at)->seq < job->seq)
        at = &(*at)->next;
    job->next = *at;
    *at = job;
    f->retries++;
}

/* After Redis changed, what is in memory is read from the journal, too: whoever comes second has nothing to do. */
static void place(struct filer *f, struct batch *b, struct filer_job *job)
{
    if (journal_waits(f->o.journal, job->seq))
        b->job[b->n++] = job;
    else
        filer_job_free(job);
}

static uint64_t goal(struct filer *f)
{
    (void)pthread_mutex_lock(&f->lock);

    uint64_t to = f->catch_up_to;

    (void)pthread_mutex_unlock(&f->lock);
    return to;
}

/* A mail that adds to work of which earlier rows may still be unread. */
static bool too_early(struct filer *f, const struct filer_job *job)
{
    return job->gone != NULL && job->op != ITEM_REQUEST && f->cursor < job->seq && f->cursor < goal(f);
}

static void take_retries(struct filer *f, struct batch *b)
{
    int64_t now = clock_steady_ms();

    for (struct filer_job **at = &f->retry; *at != NULL && b->n < FILER_BATCH;) {
        struct filer_job *job = *at;

        if (job->not_before_ms > now || too_early(f, job) || work_in(b, job->reference) ||
            work_waits(f, job->reference, job) > 0) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        f->retries--;
        place(f, b, job);
    }
}

/* ---- rows that are left to the journal ---- */

static bool is_left(const struct filer *f, uint64_t reference)
{
    for (size_t i = 0; i < f->left_count; i++)
        if (f->left[i] == reference)
            return true;
    return f->left_all;
}

/* Under the lock. */
static void read_later(struct filer *f, struct filer_job *job)
{
    if (f->catch_up_to < job->seq)
        f->catch_up_to = job->seq;
    filer_job_free(job);
}

static void leave(struct filer *f, struct filer_job *job)
{
    if (!is_left(f, job->reference)) {
        if (f->left_count < FILER_LEFT_MAX)
            f->left[f->left_count++] = job->reference;
        else
            f->left_all = true;
    }
    read_later(f, job);
}

/* Works of which nothing waits any more are read from the journal again. */
static void come_back(struct filer *f, const struct batch *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < f->left_count; i++)
        if (work_in(b, f->left[i]) || work_waits(f, f->left[i], NULL) > 0)
            f->left[kept++] = f->left[i];
    if (kept < f->left_count || (f->left_all && b->n == 0 && f->retry == NULL))
        f->cursor = 0;
    if (f->left_all && b->n == 0 && f->retry == NULL)
        f->left_all = false;
    f->left_count = kept;
}

/* Read from the journal, and in memory already. */
static bool is_known(const struct filer *f, const struct batch *b, uint64_t seq)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->job[i]->seq == seq)
            return true;
    for (const struct filer_job *job = f->retry; job != NULL && job->seq <= seq; job = job->next)
        if (job->seq == seq)
            return true;
    return false;
}

/* Under the lock. */
static void add(struct filer *f, struct batch *b, struct filer_job *job)
{
    size_t waits = work_waits(f, job->reference, NULL);

    if (is_left(f, job->reference) || waits >= WAIT_WORK_MAX)
        leave(f, job);
    else if (waits == 0 && !work_in(b, job->reference))
        place(f, b, job);
    else if (f->retries < WAIT_MAX)
        filer_keep_for_later(f, job, 0);
    else
        leave(f, job);
}

/* late: the journal may hold earlier rows of any work, so only a request, with which work begins, may go ahead. */
static void take_live(struct filer *f, struct batch *b, bool late)
{
    size_t max = late ? FILER_BATCH - CATCH_UP_MIN : FILER_BATCH;

    (void)pthread_mutex_lock(&f->lock);
    while (f->first != NULL && b->n < max) {
        struct filer_job *job = f->first;

        f->first = job->next;
        if (f->first == NULL)
            f->last = &f->first;
        f->waiting--;
        if (late && job->op != ITEM_REQUEST && job->gone != NULL)
            filer_keep_for_later(f, job, 0);
        else if (late && job->op != ITEM_REQUEST)
            read_later(f, job);
        else
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

static void take_row(struct filer *f, struct batch *b, const struct journal_row *row)
{
    struct filer_job *job;

    if (is_known(f, b, row->seq))
        return;
    if (strcmp(row->op, item_op_name(ITEM_MAIL)) == 0) {
        if (f->o.read != NULL)
            f->o.read(f->o.arg, row->seq, row->received_ms);
        return;
    }
    job = job_of_row(row, f->arena);
    if (job == NULL) {
        filer_park(f, row->seq, row->ulid, "its row cannot be understood");
        return;
    }
    (void)pthread_mutex_lock(&f->lock);
    add(f, b, job);
    (void)pthread_mutex_unlock(&f->lock);
}

static void take_journaled(struct filer *f, struct batch *b)
{
    struct journal_row rows[FILER_BATCH];
    uint64_t to = goal(f);
    size_t n = 0;

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
        take_row(f, b, &rows[i]);
    }
}

/* A row is unfiled again that the cursor has passed. */
static void look_again(struct filer *f)
{
    struct journal_state s;

    (void)pthread_mutex_lock(&f->lock);

    bool again = f->look_again;

    f->look_again = false;
    (void)pthread_mutex_unlock(&f->lock);
    if (!again)
        return;
    journal_state(f->o.journal, &s);
    (void)pthread_mutex_lock(&f->lock);
    f->catch_up_to = s.last_seq;
    (void)pthread_mutex_unlock(&f->lock);
    f->cursor = 0;
}

bool filer_behind(struct filer *f)
{
    return f->cursor < goal(f) || f->left_count > 0 || f->left_all;
}

void filer_take(struct filer *f, struct batch *b)
{
    look_again(f);

    bool late = filer_behind(f);

    b->n = 0;
    take_retries(f, b);
    if (f->left_count > 0 || f->left_all)
        come_back(f, b);
    take_live(f, b, late);
    if (late)
        take_journaled(f, b);
}
