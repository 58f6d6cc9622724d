/* journal_core.h - what the threads of a journal share. For queues/journal*.c only.
 *
 *   callers    journal_append() seals and puts an item at the end of the queue
 *   committer  takes a batch, commits it, answers it; opens and rotates segments
 *   watcher    answers for the committer when the disk holds it up; does no I/O
 *   keeper     folds and unlinks segments nobody writes to
 *
 * `lock` guards everything but what is marked; it is never held over I/O, a
 * callback, or sealing. */
#ifndef QUEUES_JOURNAL_CORE_H
#define QUEUES_JOURNAL_CORE_H

#include "queues/journal.h"
#include "queues/journal_rows.h"
#include "queues/journal_segment.h"

#include <pthread.h>

enum {
    WAITING_BYTES_MAX = 64 * 1024 * 1024, /* sealed; beside JOURNAL_WAITING_MAX */
    BATCH_BYTES_MAX = 8 * 1024 * 1024,    /* more would only make everybody wait longer */
    MARK_DELAY_MS = 1000,
    RETRY_MS = 1000,
    KEEPER_MS = 1000,
    WATCHER_MS = 100,
};

/* One append, in an arena of its own. */
struct item {
    struct item *next;
    struct arena *arena;
    struct journal_row row; /* payload sealed */
    journal_done *done;
    void *arg;
    bool answered; /* by the watcher, while the committer was held up */
};

struct items {
    struct item *first, **end;
    size_t n, bytes;
};

struct journal {
    char *folder;
    struct journal_options o;
    int folder_fd; /* holds the flock that keeps a second process out */

    pthread_mutex_t lock;
    pthread_cond_t work, tick;
    bool sleeping; /* the committer waits for work */
    bool closing, done;

    struct items queue, refused;
    struct item *batch[JOURNAL_BATCH_MAX]; /* being committed */
    size_t batch_n;
    int64_t busy_since_ms; /* steady; 0: the committer is not at the disk */
    bool stalled;

    struct rows rows;
    uint64_t next_seq;
    uint64_t *dirty; /* rows whose marks changed and are not written */
    size_t dirty_n, dirty_room;
    int64_t dirty_since_ms;
    int64_t held_ms; /* nothing goes that was received since (J4) */

    uint64_t commits, committed, errors;
    bool well;
    char why[160];

    /* The committer's own. */
    struct segment_writer *writer;
    struct segment *living;
    int64_t opened_ms, retry_ms; /* steady */
    unsigned strikes;            /* failures in a row (J6) */
    enum err ill;                /* why it is not well */

    pthread_mutex_t reading; /* guards reader, taken before lock */
    struct segment_reader *reader;
    uint64_t reader_first;

    pthread_t committer, watcher, keeper;
};

void items_push(struct items *q, struct item *i);
/* Runs done of each and frees it. */
void items_answer(struct items *q, enum err e);

/* The row's marks changed; the caller holds the lock. */
void journal_touch(struct journal *j, uint64_t seq);

void *committer_run(void *journal);
/* Opens the first segment to write to. */
enum err committer_begin(struct journal *j, char why[SEGMENT_WHY_BYTES]);
void *watcher_run(void *journal);
void *keeper_run(void *journal);
/* Waits on tick for at most ms; the caller holds the lock. */
void tick_wait(struct journal *j, pthread_cond_t *c, int64_t ms);
/* Reads what is on disk into rows. */
enum err journal_load(struct journal *j, char why[SEGMENT_WHY_BYTES]);

#endif
