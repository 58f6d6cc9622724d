/* selection.h - tickets chosen once and acted on later: a list that does not change while it is worked through.
 *
 *   {p0}:se:<sel>  hash  n, at, by, what (JSON: how it was chosen), note (sealed)
 *   {p0}:sl:<sel>  list  ids of tickets, in the order they were found
 *
 * S1  what is in it was so when it was chosen; whoever acts on it reads each ticket again;
 * S2  it ends SELECTION_KEEP_MS after it was chosen, or after the jobs that use it (JOB_KEEP_MS). */
#ifndef QUEUES_SELECTION_H
#define QUEUES_SELECTION_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct keyring;
struct redis;

enum { SELECTION_MAX = 200000, SELECTION_KEEP_MS = 3600 * 1000 };

/* Opens with a fresh id. Each call is at most some thousand ids. */
struct ulid selection_id(void);
enum err selection_add(struct redis *r, struct arena *a, struct ulid sel, const struct ulid *tickets, size_t n);
/* Writes the hash; before that the selection is not there for anybody. */
enum err selection_close(struct redis *r, struct arena *a, struct ulid sel, struct str by, struct str what,
                         int64_t now_ms);
struct selection {
    int64_t n, at_ms;
    struct str by, what;
};
/* ERR_ABSENT. */
enum err selection_read(struct redis *r, struct arena *a, struct ulid sel, struct selection *out);
/* S2 */
enum err selection_keep(struct redis *r, struct arena *a, struct ulid sel, int64_t for_ms);
/* A text that is to be noted on all of them, sealed. */
enum err selection_set_note(struct redis *r, const struct keyring *k, struct arena *a, struct ulid sel,
                            struct str text);
/* ERR_ABSENT. */
enum err selection_note(struct redis *r, const struct keyring *k, struct arena *a, struct ulid sel, struct str *out);
/* From the from-th on. */
enum err selection_tickets(struct redis *r, struct arena *a, struct ulid sel, int64_t from, size_t max,
                           struct ulid *out, size_t *n);

#endif
