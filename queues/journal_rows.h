/* journal_rows.h - what is known of every row on disk: one byte each, in memory.
 * For queues/journal*.c only; the caller holds the journal's lock. */
#ifndef QUEUES_JOURNAL_ROWS_H
#define QUEUES_JOURNAL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* WITHDRAWN: answered with an error, so it is not to be filed although it may be on disk. */
enum row_state { ROW_UNFILED, ROW_FILED, ROW_PARKED, ROW_WITHDRAWN };

enum { ROW_FAILURES_MAX = 63 };

/* Rows first..last, all the same. What is stored of marks is runs. */
struct run {
    uint64_t first, last;
    enum row_state state;
    unsigned failures;
};

struct segment {
    uint64_t first; /* its rows are first..first + n - 1 */
    size_t n, room;
    uint8_t *marks; /* failures << 2 | state */
    size_t unfiled, parked;
    int64_t newest_ms; /* latest received_ms of its rows */
    int64_t bytes;     /* on disk, as last seen */
    bool living;       /* rows are added to it */
    bool failed;       /* never written again, not even folded (J6) */
    bool folded;       /* its WAL was checkpointed (J2) */
};

struct rows {
    struct segment **at; /* ascending */
    size_t n, room;
};

void rows_free(struct rows *r);
/* first must be behind every row there is. */
struct segment *rows_add_segment(struct rows *r, uint64_t first);
void rows_drop_segment(struct rows *r, struct segment *s);
void segment_add(struct segment *s, size_t n, enum row_state state);
/* The segment that holds seq, or NULL. */
struct segment *rows_segment(const struct rows *r, uint64_t seq);
/* False where there is no such row. */
bool rows_get(const struct rows *r, uint64_t seq, enum row_state *state, unsigned *failures);
void rows_set(struct rows *r, uint64_t seq, enum row_state state, unsigned failures);
/* Runs over rows that are not there are ignored there. */
void rows_set_run(struct rows *r, const struct run *run);
/* Up to max rows of that state behind after, ascending. */
size_t rows_in(const struct rows *r, enum row_state state, uint64_t after, size_t max, uint64_t *seqs);

/* Everything that is not plainly unfiled, as runs. */
struct runs {
    struct run *at;
    size_t n, room;
};

void runs_free(struct runs *u);
void runs_add(struct runs *u, uint64_t seq, enum row_state state, unsigned failures);
void rows_runs(const struct rows *r, struct runs *out);

#endif
