/* file.h - files that came with messages, as Redis knows them.
 *
 * fil:{<fil>} fields: state (rules/attachment.h), why, tries (of the scanner), at (ms), rec (sealed JSON: name, type,
 * bytes, item, ticket, proven). scan:{files}: zset of those that wait for the scanner, by the time of the next try.
 *
 * F1  a message names its files, so they go wherever it goes; a record is found by its id alone;
 * F2  a record is written once, with the item it came with; only state, why and tries change;
 * F3  the bytes are the blob of the same ULID; state "kept" has none. */
#ifndef QUEUES_FILE_H
#define QUEUES_FILE_H

#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/attachment.h"

struct message; /* queues/ticket.h */

struct file {
    struct ulid id, item, ticket;
    struct str name, type, why;
    int64_t bytes, at_ms;
    enum file_state state;
    int tries;
    bool proven;
};

/* By ULID, each once. */
struct file_list {
    struct file *at;
    size_t count;
};

/* Queues what writes the records of an item's files, where they are not there yet, and calls the scanner. Returns how
 * many commands: at most ATTACHMENTS_MAX + 1. */
size_t files_queue_new(struct redis *r, const struct keyring *k, struct arena *a, const struct attachment *all,
                       size_t n, struct ulid item, struct ulid ticket, int64_t at_ms);
/* ERR_ABSENT. */
enum err file_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct file *out);
/* All files of all these messages in one exchange. */
enum err files_read(struct redis *r, const struct keyring *k, struct arena *a, const struct message *messages, size_t n,
                    struct file_list *out);
/* The next id of a message's list "fil_… fil_…"; false at its end. */
bool file_next(struct str *ids, struct ulid *out);
/* NULL where it is not in there. */
const struct file *file_find(const struct file_list *list, struct ulid id);

/* ---- the scanner's side ---- */

/* Files whose next try is due, the longest waiting first, at most max. */
enum err files_due(struct redis *r, struct arena *a, int64_t now_ms, size_t max, struct ulid *ids, size_t *n);
/* What became of it. HELD: tried again at again_ms; any other state is the last word. */
enum err file_judged(struct redis *r, struct arena *a, const struct file *f, enum file_state state, struct str why,
                     int64_t again_ms);
/* There is nothing to scan under that id (any more). */
enum err file_unqueue(struct redis *r, struct arena *a, struct ulid id);
enum err files_waiting(struct redis *r, struct arena *a, int64_t *n);

#endif
