#include "queues/journal.h"

#include "queues/clock.h"
#include "queues/folder.h"
#include "queues/journal_core.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static enum err folder_err(const char *verb, char why[SEGMENT_WHY_BYTES])
{
    int error = errno;

    (void)snprintf(why, SEGMENT_WHY_BYTES, "cannot be %s: %s", verb, strerror(error));
    return error == EACCES || error == EPERM ? ERR_DENIED : error == ENOSPC || error == EDQUOT ? ERR_FULL : ERR_IO;
}

static enum err open_folder(struct journal *j, char why[SEGMENT_WHY_BYTES])
{
    if (!folder_make(j->folder))
        return folder_err("made", why);
    j->folder_fd = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->folder_fd < 0 || access(j->folder, R_OK | W_OK | X_OK) != 0)
        return folder_err("used", why);
    if (flock(j->folder_fd, LOCK_EX | LOCK_NB) != 0) {
        (void)snprintf(why, SEGMENT_WHY_BYTES, "another process has it open: stop that one first");
        return ERR_DENIED;
    }
    return ERR_OK;
}

static struct journal *journal_new(const struct journal_options *o)
{
    struct journal *j = calloc(1, sizeof *j);
    pthread_condattr_t steady;

    if (j == NULL || (j->folder = strdup(o->folder)) == NULL)
        abort();
    j->o = *o;
    j->o.folder = j->folder;
    j->folder_fd = -1;
    j->well = true;
    j->held_ms = o->hold ? INT64_MIN : INT64_MAX;
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&j->lock, NULL);
    (void)pthread_mutex_init(&j->reading, NULL);
    (void)pthread_cond_init(&j->work, &steady);
    (void)pthread_cond_init(&j->tick, &steady);
    (void)pthread_condattr_destroy(&steady);
    return j;
}

static void journal_free(struct journal *j)
{
    segment_reader_close(j->reader);
    segment_writer_close(j->writer);
    rows_free(&j->rows);
    if (j->folder_fd >= 0)
        (void)close(j->folder_fd);
    (void)pthread_mutex_destroy(&j->lock);
    (void)pthread_mutex_destroy(&j->reading);
    (void)pthread_cond_destroy(&j->work);
    (void)pthread_cond_destroy(&j->tick);
    free(j->dirty);
    free(j->folder);
    free(j);
}

static void start(pthread_t *out, void *(*run)(void *), struct journal *j)
{
    if (pthread_create(out, NULL, run, j) != 0)
        abort();
}

enum err journal_open(struct journal **out, const struct journal_options *o, char *why, size_t why_bytes)
{
    assert(o->rotate_ms > 0 && o->rotate_bytes > 0 && o->keep_ms >= 0);

    struct journal *j = journal_new(o);
    char reason[SEGMENT_WHY_BYTES] = "";
    enum err e = open_folder(j, reason);

    if (e == ERR_OK)
        e = journal_load(j, reason);
    if (e == ERR_OK)
        e = committer_begin(j, reason);
    if (e != ERR_OK) {
        (void)snprintf(why, why_bytes, "journal folder %s: %s", o->folder, reason);
        journal_free(j);
        return e;
    }
    start(&j->committer, committer_run, j);
    start(&j->watcher, watcher_run, j);
    start(&j->keeper, keeper_run, j);
    *out = j;
    return ERR_OK;
}

void journal_close(struct journal *j)
{
    char why[SEGMENT_WHY_BYTES];

    if (j == NULL)
        return;
    (void)pthread_mutex_lock(&j->lock);
    j->closing = true;
    (void)pthread_cond_signal(&j->work);
    (void)pthread_mutex_unlock(&j->lock);
    (void)pthread_join(j->committer, NULL);

    (void)pthread_mutex_lock(&j->lock);
    j->done = true;
    (void)pthread_cond_broadcast(&j->tick);
    (void)pthread_mutex_unlock(&j->lock);
    (void)pthread_join(j->watcher, NULL);
    (void)pthread_join(j->keeper, NULL);

    segment_reader_close(j->reader);
    segment_writer_close(j->writer);
    j->reader = NULL;
    j->writer = NULL;
    if (j->living != NULL && segment_fold(j->folder, j->living->first, why) != ERR_OK)
        log_warn("journal_fold_failed", "first=%llu why=%s", (unsigned long long)j->living->first, why);
    journal_free(j);
}

/* J5: what a payload is bound to; the key's id is bound by seal() itself. */
static struct str bound_to(struct arena *a, struct ulid ulid, const char *op)
{
    char text[ULID_CHARS + 1];

    ulid_print(ulid, text);
    return str_of(arena_printf(a, "%s|%s", text, op));
}

static struct item *item_new(struct journal *j, const struct journal_row *row, journal_done *done, void *arg)
{
    struct arena *a = arena_open(row->payload.len + 1024);
    struct item *i = arena_new(a, struct item);

    assert(row->payload.len <= JOURNAL_PAYLOAD_MAX);
    assert(strlen(row->op) <= JOURNAL_OP_MAX && strlen(row->work) <= JOURNAL_WORK_MAX);
    *i = (struct item){.arena = a, .row = *row, .done = done, .arg = arg};
    i->row.op = arena_strdup(a, row->op);
    i->row.work = arena_strdup(a, row->work);
    i->row.payload = seal(j->o.keys, a, row->payload, bound_to(a, row->ulid, row->op));
    return i;
}

void journal_append(struct journal *j, const struct journal_row *row, journal_done *done, void *arg)
{
    struct item *i = item_new(j, row, done, arg);

    (void)pthread_mutex_lock(&j->lock);
    assert(!j->closing);
    if (j->queue.n >= JOURNAL_WAITING_MAX || j->queue.bytes >= WAITING_BYTES_MAX)
        items_push(&j->refused, i);
    else
        items_push(&j->queue, i);
    if (j->sleeping) {
        j->sleeping = false;
        (void)pthread_cond_signal(&j->work);
    }
    (void)pthread_mutex_unlock(&j->lock);
}

void journal_touch(struct journal *j, uint64_t seq)
{
    if (j->dirty_n == j->dirty_room) {
        j->dirty_room = j->dirty_room == 0 ? 256 : j->dirty_room * 2;
        j->dirty = realloc(j->dirty, j->dirty_room * sizeof j->dirty[0]);
        if (j->dirty == NULL)
            abort();
    }
    if (j->dirty_n == 0) {
        j->dirty_since_ms = clock_steady_ms();
        if (j->sleeping)
            (void)pthread_cond_signal(&j->work); /* its wait was counted without this */
    }
    j->dirty[j->dirty_n++] = seq;
}

void journal_mark(struct journal *j, uint64_t seq, enum journal_mark mark)
{
    enum row_state state;
    unsigned failures;

    (void)pthread_mutex_lock(&j->lock);
    if (rows_get(&j->rows, seq, &state, &failures) && state != ROW_WITHDRAWN) {
        switch (mark) {
        case JOURNAL_FILED:
            rows_set(&j->rows, seq, ROW_FILED, failures);
            break;
        case JOURNAL_FAILED:
            rows_set(&j->rows, seq, state, failures + 1);
            break;
        case JOURNAL_PARKED:
            rows_set(&j->rows, seq, ROW_PARKED, failures);
            break;
        case JOURNAL_RETRY:
            rows_set(&j->rows, seq, ROW_UNFILED, 0);
            break;
        case JOURNAL_WITHDRAWN:
            rows_set(&j->rows, seq, ROW_WITHDRAWN, 0);
            break;
        }
        journal_touch(j, seq);
    }
    (void)pthread_mutex_unlock(&j->lock);
}

bool journal_waits(struct journal *j, uint64_t seq)
{
    enum row_state state;
    unsigned failures;

    (void)pthread_mutex_lock(&j->lock);

    bool waits = rows_get(&j->rows, seq, &state, &failures) && state == ROW_UNFILED;

    (void)pthread_mutex_unlock(&j->lock);
    return waits;
}

/* The connection for a segment; the last one used is kept. The caller holds `reading`. */
static enum err reader_for(struct journal *j, uint64_t first, struct segment_reader **out)
{
    char why[SEGMENT_WHY_BYTES];

    if (j->reader == NULL || j->reader_first != first) {
        segment_reader_close(j->reader);
        j->reader = NULL;

        enum err e = segment_open(&j->reader, j->folder, first, why);

        if (e != ERR_OK)
            return e;
        j->reader_first = first;
    }
    *out = j->reader;
    return ERR_OK;
}

static enum err open_payload(struct journal *j, struct arena *a, struct journal_row *row)
{
    return unseal(j->o.keys, a, row->payload, bound_to(a, row->ulid, row->op), &row->payload);
}

static enum err read_row(struct journal *j, struct arena *a, uint64_t seq, struct journal_row *out)
{
    struct segment_reader *r;
    enum row_state state;
    unsigned failures = 0;

    (void)pthread_mutex_lock(&j->lock);

    const struct segment *s = rows_segment(&j->rows, seq);
    uint64_t first = s == NULL ? 0 : s->first;

    (void)rows_get(&j->rows, seq, &state, &failures);
    (void)pthread_mutex_unlock(&j->lock);

    enum err e = s == NULL ? ERR_ABSENT : reader_for(j, first, &r);

    if (e == ERR_OK)
        e = segment_row(r, a, seq, out);
    if (e == ERR_OK)
        e = open_payload(j, a, out);
    if (e == ERR_OK)
        out->failures = failures;
    return e;
}

/* A row that cannot be opened, by its fault or for want of its key, waits for a person. */
static void park_bad(struct journal *j, uint64_t seq, enum err e)
{
    log_error("journal_row_bad", "seq=%llu err=%s", (unsigned long long)seq, err_name(e));
    journal_mark(j, seq, JOURNAL_PARKED);
    (void)pthread_mutex_lock(&j->lock);
    j->errors++;
    (void)pthread_mutex_unlock(&j->lock);
}

enum err journal_read(struct journal *j, struct arena *a, uint64_t after, size_t max, struct journal_row *rows,
                      size_t *n)
{
    uint64_t *seqs = arena_array(a, uint64_t, max);
    size_t found, got = 0;
    enum err e = ERR_OK;

    (void)pthread_mutex_lock(&j->reading);
    do {
        (void)pthread_mutex_lock(&j->lock);
        found = rows_in(&j->rows, ROW_UNFILED, after, max, seqs);
        (void)pthread_mutex_unlock(&j->lock);
        for (size_t i = 0; e == ERR_OK && i < found; i++) {
            after = seqs[i];
            e = read_row(j, a, seqs[i], &rows[got]);
            if (e == ERR_OK) {
                got++;
            } else if (e == ERR_CORRUPT || e == ERR_ABSENT) {
                park_bad(j, seqs[i], e);
                e = ERR_OK;
            }
        }
    } while (e == ERR_OK && got == 0 && found > 0);
    (void)pthread_mutex_unlock(&j->reading);
    if (e != ERR_OK && got == 0)
        return ERR_IO;
    *n = got;
    return ERR_OK;
}

enum err journal_parked(struct journal *j, struct arena *a, uint64_t after, size_t max, struct journal_row *rows,
                        size_t *n)
{
    uint64_t *seqs = arena_array(a, uint64_t, max);
    size_t found, got = 0;
    enum err e = ERR_OK;

    (void)pthread_mutex_lock(&j->reading);
    (void)pthread_mutex_lock(&j->lock);
    found = rows_in(&j->rows, ROW_PARKED, after, max, seqs);
    (void)pthread_mutex_unlock(&j->lock);
    for (size_t i = 0; e != ERR_IO && i < found; i++) {
        rows[got] = (struct journal_row){0};
        e = read_row(j, a, seqs[i], &rows[got]);
        if (e == ERR_OK || e == ERR_CORRUPT || e == ERR_ABSENT) {
            if (e != ERR_OK)
                rows[got].payload = STR("");
            rows[got++].seq = seqs[i];
        }
    }
    (void)pthread_mutex_unlock(&j->reading);
    if (e == ERR_IO)
        return ERR_IO;
    *n = got;
    return ERR_OK;
}

bool journal_is_parked(struct journal *j, uint64_t seq)
{
    enum row_state state;
    unsigned failures;

    (void)pthread_mutex_lock(&j->lock);

    bool parked = rows_get(&j->rows, seq, &state, &failures) && state == ROW_PARKED;

    (void)pthread_mutex_unlock(&j->lock);
    return parked;
}

struct rewinding {
    struct journal *j;
    size_t n;
};

static void unfile(void *arg, uint64_t seq)
{
    struct rewinding *w = arg;
    enum row_state state;
    unsigned failures;

    (void)pthread_mutex_lock(&w->j->lock);
    if (rows_get(&w->j->rows, seq, &state, &failures) && state == ROW_FILED) {
        rows_set(&w->j->rows, seq, ROW_UNFILED, failures);
        w->n++;
    }
    (void)pthread_mutex_unlock(&w->j->lock);
}

/* Copies first and n of every segment that may have rows received since then. */
static size_t segments_since(struct journal *j, int64_t since_ms, struct segment **out)
{
    size_t n = 0;

    (void)pthread_mutex_lock(&j->lock);
    *out = calloc(j->rows.n + 1, sizeof **out);
    if (*out == NULL)
        abort();
    for (size_t i = 0; i < j->rows.n; i++)
        if (j->rows.at[i]->n > 0 && j->rows.at[i]->newest_ms >= since_ms)
            (*out)[n++] = *j->rows.at[i];
    (void)pthread_mutex_unlock(&j->lock);
    return n;
}

size_t journal_rewind(struct journal *j, int64_t since_ms)
{
    struct rewinding w = {.j = j};
    struct segment *s;
    size_t n = segments_since(j, since_ms, &s);

    (void)pthread_mutex_lock(&j->reading);
    for (size_t i = 0; i < n; i++) {
        struct segment_reader *r;
        enum err e = reader_for(j, s[i].first, &r);

        if (e == ERR_OK)
            e = segment_since(r, since_ms, unfile, &w);
        if (e == ERR_OK)
            continue;
        log_warn("journal_rewind_whole", "first=%llu", (unsigned long long)s[i].first);
        for (size_t k = 0; k < s[i].n; k++) /* cannot be told apart: filing twice is harmless */
            unfile(&w, s[i].first + k);
    }
    (void)pthread_mutex_unlock(&j->reading);
    free(s);
    return w.n;
}

void journal_hold(struct journal *j, int64_t since_ms)
{
    (void)pthread_mutex_lock(&j->lock);
    j->held_ms = since_ms;
    (void)pthread_mutex_unlock(&j->lock);
}

size_t journal_unpark(struct journal *j)
{
    size_t n = 0;

    (void)pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->rows.n; i++) {
        const struct segment *s = j->rows.at[i];

        for (size_t k = 0; s->parked > 0 && k < s->n; k++)
            if ((s->marks[k] & 3) == ROW_PARKED) {
                rows_set(&j->rows, s->first + k, ROW_UNFILED, 0);
                journal_touch(j, s->first + k);
                n++;
            }
    }
    (void)pthread_mutex_unlock(&j->lock);
    return n;
}

void journal_state(struct journal *j, struct journal_state *out)
{
    (void)pthread_mutex_lock(&j->lock);
    *out = (struct journal_state){.last_seq = j->next_seq - 1,
                                  .waiting = j->queue.n + j->batch_n,
                                  .segments = j->rows.n,
                                  .commits = j->commits,
                                  .rows = j->committed,
                                  .errors = j->errors,
                                  .well = j->well && !j->stalled};
    for (size_t i = 0; i < j->rows.n; i++) {
        out->unfiled += j->rows.at[i]->unfiled;
        out->parked += j->rows.at[i]->parked;
        out->bytes += j->rows.at[i]->bytes;
    }
    (void)snprintf(out->why, sizeof out->why, "%s", j->stalled ? "the journal's disk does not answer" : j->why);
    (void)pthread_mutex_unlock(&j->lock);
}

enum err journal_find(struct journal *j, struct arena *a, struct ulid ulid, struct journal_row *out)
{
    struct journal_row row;
    struct segment *s;
    size_t n = segments_since(j, INT64_MIN, &s);
    enum err e = ERR_ABSENT;

    (void)pthread_mutex_lock(&j->reading);
    while (e == ERR_ABSENT && n-- > 0) {
        struct segment_reader *r;

        e = reader_for(j, s[n].first, &r);
        if (e == ERR_OK)
            e = segment_find(r, a, ulid, &row);
    }
    (void)pthread_mutex_unlock(&j->reading);
    free(s);
    if (e == ERR_OK)
        e = open_payload(j, a, &row);
    if (e == ERR_OK)
        *out = row;
    return e;
}
