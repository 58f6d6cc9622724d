/* journal.h - what came from outside, on disk before it is answered.
 *
 * SQLite in insert-only segment files `journal/seg-<first seq>.db` (WAL,
 * synchronous=FULL, wal_autocheckpoint=0), one committer thread, group commit.
 *
 * J1  done(ERR_OK) means the row is in a WAL whose fdatasync has returned;
 * J2  a living segment's WAL is only appended to; it is checkpointed once, after
 *     rotation, when nobody writes to it (WAL-reset race of SQLite before 3.51.3);
 * J3  rows are never edited: a mark (filed, parked, retry) is a row of another table;
 *     a mark that is lost costs a harmless second filing;
 * J4  a segment is unlinked when every row is filed and older than keep_ms, and older than
 *     what journal_hold() holds; a parked row keeps its segment;
 * J5  payloads are sealed: bound to "ulid|op" and, by seal(), to the key's id;
 * J6  after a failed commit the segment is never written again: the batch is answered
 *     with the error, a new segment is opened; a second failure in a row makes the
 *     journal unwell and every append fails fast until a retry (1 s) succeeds;
 * J7  what was answered with an error is withdrawn: it is never written, or where it
 *     turns out to be on disk after all (a commit that came late or whose fdatasync
 *     failed) it is marked and never read. Only a crash before that mark is on disk
 *     (1 s) lets it be read; filing then folds it by ULID and idempotency key;
 * J8  a new segment begins with all marks there are: any other may be lost or go. */
#ifndef QUEUES_JOURNAL_H
#define QUEUES_JOURNAL_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdint.h>

struct arena;
struct keyring;
struct journal;

enum {
    JOURNAL_BATCH_MAX = 512,          /* rows in one commit */
    JOURNAL_WAITING_MAX = 16384,      /* appends not yet committed; more: ERR_BUSY at once */
    JOURNAL_STALL_MS = 2000,          /* a commit that takes longer fails the appends that wait behind it: ERR_BUSY */
    JOURNAL_PAYLOAD_MAX = 384 * 1024, /* bytes; larger goes to blob.h first */
    JOURNAL_OP_MAX = 15,
    JOURNAL_WORK_MAX = 39,
};

struct journal_options {
    const char *folder; /* data/journal; made where absent */
    const struct keyring *keys;
    int64_t keep_ms;       /* grace, default 15 min */
    int64_t rotate_ms;     /* default 10 min */
    int64_t rotate_bytes;  /* default 64 MiB, WAL included */
    int64_t reserve_bytes; /* free space under which append answers ERR_FULL */
    bool hold;             /* nothing goes before journal_hold() was called */
};

struct journal_row {
    uint64_t seq; /* ascending from 1 across segments and restarts, with gaps; given by the journal */
    struct ulid ulid;
    const char *op;   /* what to do with it: "request", "message"; at most JOURNAL_OP_MAX */
    const char *work; /* order is kept among rows of one work; "" none; at most JOURNAL_WORK_MAX */
    int64_t received_ms;
    struct str payload; /* plain */
    unsigned failures;  /* times it failed for a reason of its own (marks "failed") */
};

/* Opens or makes the folder and its segments; rows that were committed and have no
 * mark are unfiled. Starts the committer. A segment that cannot be read is set aside as
 * `.db.bad` for a person to look at, logged and counted in errors.
 *   ERR_DENIED also where another process has the folder;  ERR_IO, ERR_DENIED, ERR_FULL with `why` (200 bytes) saying what to do. */
enum err journal_open(struct journal **out, const struct journal_options *o, char *why, size_t why_bytes);
/* Commits what waits, checkpoints, stops the thread. NULL is allowed. */
void journal_close(struct journal *j);

/* e: ERR_OK, ERR_FULL, ERR_BUSY (stall, too many waiting), ERR_IO. seq is 0 unless ERR_OK.
 * Runs exactly once, on a thread of the journal (the committer's; where the disk holds that one
 * up, the watcher's), never inside journal_append(). May append, must not close. */
typedef void journal_done(void *arg, enum err e, uint64_t seq);
/* Thread-safe; copies everything. seq and failures of the row are ignored. */
void journal_append(struct journal *j, const struct journal_row *row, journal_done *done, void *arg);

/* Reads unfiled, unparked rows with seq > after, ascending, at most max; strings and
 * payloads in a. For one reader thread at a time. ERR_CORRUPT rows are skipped, counted
 * and parked by the journal itself. */
enum err journal_read(struct journal *j, struct arena *a, uint64_t after, size_t max, struct journal_row *rows,
                      size_t *n);
/* Thread-safe. Is the row still to be filed: neither filed, parked nor withdrawn? */
bool journal_waits(struct journal *j, uint64_t seq);
/* Thread-safe; written with the next commit or within 1 s. FAILED counts a failure. WITHDRAWN: its sender was told
 * that it is not taken; it is never read again (J7). */
enum journal_mark { JOURNAL_FILED, JOURNAL_FAILED, JOURNAL_PARKED, JOURNAL_RETRY, JOURNAL_WITHDRAWN };
void journal_mark(struct journal *j, uint64_t seq, enum journal_mark mark);
/* Everything received at or after since_ms counts as unfiled again (parked stays parked), until it is filed or the
 * journal is closed: not a word of it is written. Returns how many. */
size_t journal_rewind(struct journal *j, int64_t since_ms);
/* Thread-safe. What was received at or after since_ms stays, because it may have to be filed again. */
void journal_hold(struct journal *j, int64_t since_ms);
/* Parked rows with seq > after, ascending, at most max; of one that cannot be opened the payload is empty, and the rest
 * what could be read (op NULL: nothing). ERR_IO. For operators: it takes turns with journal_read(). */
enum err journal_parked(struct journal *j, struct arena *a, uint64_t after, size_t max, struct journal_row *rows,
                        size_t *n);
/* Thread-safe. */
bool journal_is_parked(struct journal *j, uint64_t seq);
/* All parked rows become unfiled again. Returns how many. */
size_t journal_unpark(struct journal *j);

struct journal_state {
    uint64_t last_seq;
    size_t unfiled, parked, waiting, segments;
    uint64_t commits, rows, errors;
    int64_t bytes; /* on disk */
    bool well;
    char why[160]; /* where !well: what to do */
};
void journal_state(struct journal *j, struct journal_state *out);
/* The stored row by ulid, whatever its marks; ERR_ABSENT. For raw originals and operators. */
enum err journal_find(struct journal *j, struct arena *a, struct ulid ulid, struct journal_row *out);

#endif
