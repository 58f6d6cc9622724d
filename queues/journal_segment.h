/* journal_segment.h - one segment file: the door to SQLite. For queues/journal*.c only.
 *
 * A segment is `seg-<first seq, 12 digits>.db` with
 *   rows   what came in; only ever inserted; seqs without a gap from first on
 *   marks  runs of rows and what is known of them; later rows of it win. The first
 *          transaction holds the tables and a snapshot of all marks there are, so
 *          the newest segment alone says everything, and any other may go. */
#ifndef QUEUES_JOURNAL_SEGMENT_H
#define QUEUES_JOURNAL_SEGMENT_H

#include "queues/journal.h"
#include "queues/journal_rows.h"

#include <stdbool.h>

enum { SEGMENT_WHY_BYTES = 160 };

/* Writing: one thread. After anything but ERR_OK only close is allowed. */
struct segment_writer;

enum err segment_create(struct segment_writer **out, const char *folder, uint64_t first, const struct runs *snapshot,
                        char why[SEGMENT_WHY_BYTES]);
/* One transaction; ERR_OK after its fdatasync. Payloads are stored as they are. ERR_FULL, ERR_IO. */
enum err segment_commit(struct segment_writer *w, const struct journal_row *const rows[], size_t n,
                        const struct runs *marks, char why[SEGMENT_WHY_BYTES]);
/* Of its WAL, which is all there is of a living segment. */
int64_t segment_writer_bytes(const struct segment_writer *w);
/* Does not checkpoint. NULL is allowed. */
void segment_writer_close(struct segment_writer *w);

/* Reading: one thread at a time. */
struct segment_reader;

/* ERR_ABSENT: its first transaction was never committed. ERR_CORRUPT, ERR_IO. */
enum err segment_open(struct segment_reader **out, const char *folder, uint64_t first, char why[SEGMENT_WHY_BYTES]);
void segment_reader_close(struct segment_reader *r);
/* last: first - 1 where there is no row. newest_ms: 0 then. */
enum err segment_range(struct segment_reader *r, uint64_t *last, int64_t *newest_ms);
/* In the order they were written. */
enum err segment_marks(struct segment_reader *r, void (*each)(void *arg, const struct run *run), void *arg);
/* Payload sealed as stored. ERR_ABSENT, ERR_CORRUPT, ERR_IO. */
enum err segment_row(struct segment_reader *r, struct arena *a, uint64_t seq, struct journal_row *out);
enum err segment_find(struct segment_reader *r, struct arena *a, struct ulid ulid, struct journal_row *out);
enum err segment_since(struct segment_reader *r, int64_t since_ms, void (*each)(void *arg, uint64_t seq), void *arg);

/* Files. */
/* Checkpoints and drops the WAL (J2). ERR_BUSY: somebody reads; later. */
enum err segment_fold(const char *folder, uint64_t first, char why[SEGMENT_WHY_BYTES]);
void segment_unlink(const char *folder, uint64_t first);
/* Renames it to `.bad`, for a person to look at. */
void segment_set_aside(const char *folder, uint64_t first);
int64_t segment_bytes(const char *folder, uint64_t first);
/* The first seq in a file's name; false for other names. */
bool segment_name_parse(const char *name, uint64_t *first);

#endif
