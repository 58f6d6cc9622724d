#include "gateway/intake/reading.h"

#include "gateway/intake/notes.h"
#include "queues/blob.h"
#include "queues/log.h"
#include "rules/base/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES_TRIES = 5, BYTES_WAIT_MS = 200 /* between two tries to read what the disk would not give */ };

struct pending {
    uint64_t seq;
    int64_t received_ms;
};

/* Ascending by seq. */
struct pendings {
    struct pending *at;
    size_t n, room;
};

struct reading {
    struct reading_options o;
    struct notes *notes;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards all below; nobody is called under it */
    pthread_cond_t wake;
    bool stop;
    struct pendings waiting, ahead; /* not read; read and not filed */
    struct reading_state state;
};

/* ---- numbers in order ---- */

/* Where seq is, or belongs. */
static size_t place_of(const struct pendings *p, uint64_t seq)
{
    size_t low = 0, high = p->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (p->at[mid].seq < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool has(const struct pendings *p, uint64_t seq)
{
    size_t i = place_of(p, seq);

    return i < p->n && p->at[i].seq == seq;
}

static void put(struct pendings *p, struct pending one)
{
    size_t i = place_of(p, one.seq);

    if (p->n == p->room) {
        p->room = p->room == 0 ? 64 : p->room * 2;
        p->at = realloc(p->at, p->room * sizeof p->at[0]);
        if (p->at == NULL)
            abort();
    }
    memmove(p->at + i + 1, p->at + i, (p->n - i) * sizeof p->at[0]);
    p->at[i] = one;
    p->n++;
}

static void drop(struct pendings *p, uint64_t seq)
{
    size_t i = place_of(p, seq);

    if (i == p->n || p->at[i].seq != seq)
        return;
    p->n--;
    memmove(p->at + i, p->at + i + 1, (p->n - i) * sizeof p->at[0]);
}

void reading_add(struct reading *r, uint64_t seq, int64_t received_ms)
{
    (void)pthread_mutex_lock(&r->lock);
    if (!has(&r->waiting, seq) && !has(&r->ahead, seq)) {
        put(&r->waiting, (struct pending){seq, received_ms});
        (void)pthread_cond_signal(&r->wake);
    }
    (void)pthread_mutex_unlock(&r->lock);
}

/* The filer has no job of it any more. */
static void on_gone(void *arg, uint64_t seq)
{
    struct reading *r = arg;

    (void)pthread_mutex_lock(&r->lock);
    drop(&r->ahead, seq);
    (void)pthread_cond_signal(&r->wake);
    (void)pthread_mutex_unlock(&r->lock);
}

int64_t reading_oldest_ms(struct reading *r)
{
    int64_t oldest = INT64_MAX;

    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->ahead.n; i++)
        if (r->ahead.at[i].received_ms < oldest)
            oldest = r->ahead.at[i].received_ms;
    if (r->waiting.n > 0 && r->waiting.at[0].received_ms < oldest)
        oldest = r->waiting.at[0].received_ms;
    (void)pthread_mutex_unlock(&r->lock);
    return oldest;
}

/* ---- one mail ---- */

/* A moment for the disk. False: there is no more time. */
static bool wait_for_disk(struct reading *r)
{
    struct timespec t = {0, (long)BYTES_WAIT_MS * 1000000};

    (void)nanosleep(&t, NULL);
    (void)pthread_mutex_lock(&r->lock);

    bool on = !r->stop;

    (void)pthread_mutex_unlock(&r->lock);
    return on;
}

static enum err read_bytes(struct reading *r, const struct item *mail, struct arena *a, struct str *raw)
{
    struct ulid blob;
    enum err e = ERR_IO;

    if (mail->raw_blob.len == 0) {
        *raw = mail->raw;
        return ERR_OK;
    }
    if (!ulid_parse(mail->raw_blob, &blob))
        return ERR_CORRUPT;
    for (int i = 0; i < BYTES_TRIES && e == ERR_IO; i++)
        if ((e = blob_read(r->o.blobs, a, blob, raw)) == ERR_IO && !wait_for_disk(r))
            return ERR_BUSY;
    return e;
}

/* Most mails are read in less than a millisecond. */
static uint64_t steady_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct filer_job *make_job(struct reading *r, const struct journal_row *row, const struct item *mail,
                                  struct str raw, struct arena *a)
{
    struct item i = {0};
    uint64_t begun = steady_us();
    bool deadly = notes_begin(r->notes, row->seq) > READING_DEATHS;

    r->o.read(r->o.arg, mail, raw, deadly, a, &i);
    notes_end(r->notes, row->seq);
    (void)pthread_mutex_lock(&r->lock);
    r->state.read++;
    r->state.deadly += deadly;
    r->state.busy_us += steady_us() - begun;
    (void)pthread_mutex_unlock(&r->lock);

    struct filer_job *job = filer_job_make(&i, item_print(&i, a));

    job->seq = row->seq;
    job->failures = (int)row->failures;
    job->gone = on_gone;
    job->gone_arg = r;
    return job;
}

static void park(struct reading *r, const struct journal_row *row, const char *why)
{
    (void)pthread_mutex_lock(&r->lock);
    r->state.parked++;
    (void)pthread_mutex_unlock(&r->lock);
    r->o.park(r->o.arg, row->seq, row->ulid, why);
}

/* NULL: there is nothing to be filed, or not now. */
static struct filer_job *read_row(struct reading *r, const struct journal_row *row, struct arena *a)
{
    struct item mail;
    struct str raw;
    enum err e;

    if (item_parse(str_of(row->op), row->payload, a, &mail) != ERR_OK || mail.op != ITEM_MAIL) {
        park(r, row, "its row cannot be understood");
        return NULL;
    }
    mail.ulid = row->ulid;
    mail.received_ms = row->received_ms;
    e = read_bytes(r, &mail, a, &raw);
    if (e == ERR_OK)
        return make_job(r, row, &mail, raw, a);
    if (e != ERR_BUSY)
        park(r, row, e == ERR_ABSENT ? "its blob is gone" : "its blob cannot be opened");
    return NULL;
}

/* The next mail, as a job; NULL where its row is no longer to be filed, or has to be asked for again. */
static struct filer_job *read_next(struct reading *r, uint64_t seq, struct arena *a, bool *again)
{
    struct journal_row row;
    size_t n = 0;
    enum err e = journal_read(r->o.journal, a, seq - 1, 1, &row, &n);

    *again = e != ERR_OK && wait_for_disk(r);
    if (e != ERR_OK)
        log_error("mail_not_read", "why=%s", err_text(e));
    return e == ERR_OK && n == 1 && row.seq == seq ? read_row(r, &row, a) : NULL;
}

/* ---- the thread ---- */

static bool take(struct reading *r, struct pending *out)
{
    (void)pthread_mutex_lock(&r->lock);
    while (!r->stop && (r->waiting.n == 0 || r->ahead.n >= READING_AHEAD))
        (void)pthread_cond_wait(&r->wake, &r->lock);

    bool on = !r->stop;

    if (on) {
        *out = r->waiting.at[0];
        drop(&r->waiting, out->seq);
        put(&r->ahead, *out);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return on;
}

static void *run(void *arg)
{
    struct reading *r = arg;
    struct pending next;

    (void)pthread_setname_np(pthread_self(), "reading");
    while (take(r, &next)) {
        struct arena *a = arena_open(64 * 1024);
        bool again;
        struct filer_job *job = read_next(r, next.seq, a, &again);

        arena_close(a);
        if (job != NULL) {
            r->o.give(r->o.arg, job);
            continue;
        }
        on_gone(r, next.seq);
        if (again)
            reading_add(r, next.seq, next.received_ms);
    }
    return NULL;
}

struct reading *reading_open(const struct reading_options *o)
{
    struct reading *r = calloc(1, sizeof *r);

    if (r == NULL)
        abort();
    r->o = *o;
    r->notes = notes_open(o->note_file);
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->wake, NULL);
    return r;
}

void reading_start(struct reading *r)
{
    if (pthread_create(&r->thread, NULL, run, r) != 0)
        abort();
    r->started = true;
}

void reading_stop(struct reading *r)
{
    if (r == NULL)
        return;
    (void)pthread_mutex_lock(&r->lock);
    r->stop = true;
    (void)pthread_cond_signal(&r->wake);
    (void)pthread_mutex_unlock(&r->lock);
}

void reading_wait(struct reading *r)
{
    if (r == NULL || !r->started)
        return;
    reading_stop(r);
    (void)pthread_join(r->thread, NULL);
    r->started = false;
}

void reading_close(struct reading *r)
{
    if (r == NULL)
        return;
    reading_wait(r);
    notes_close(r->notes);
    free(r->waiting.at);
    free(r->ahead.at);
    (void)pthread_cond_destroy(&r->wake);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

void reading_state(struct reading *r, struct reading_state *out)
{
    (void)pthread_mutex_lock(&r->lock);
    *out = r->state;
    out->waiting = r->waiting.n;
    out->ahead = r->ahead.n;
    (void)pthread_mutex_unlock(&r->lock);
}
