/* edit.h - one act on one ticket by whoever has no call of the console: jobs, turns of the sweep.
 *
 * D1  what an act changes, its place in the history, its audit entry and its live update are one change, made against
 *     the version that was read;
 * D2  the clock is worked out anew from the history as it will be. */
#ifndef QUEUES_EDIT_H
#define QUEUES_EDIT_H

#include "queues/ticket.h"

struct rules;

struct edit {
    struct redis *redis;
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *arena;
    int64_t now_ms;
    struct str by; /* stf_… or "system" */

    struct ticket ticket; /* as it was read */
    struct happening *history;
    size_t history_count;

    /* of the ticket after the act; as it was read where nothing sets it */
    struct str state, owner, owner_name, queue, rule;
    int priority;
    bool spam;
    bool idle;      /* nobody is to be given it by "next": it sleeps */
    int64_t due_ms; /* once it happened */
};

/* Two commands of a pipeline, and what they answered. */
enum { EDIT_READS = 2 };
void edit_queue_reads(struct edit *e, struct ulid id);
enum err edit_load(struct edit *e, struct ulid id, const struct redis_value v[EDIT_READS]);

/* Puts down what happened, sets the clock by it, and moves the ticket to where it belongs now. clock: a name of sla.h,
 * or "". action: of the audit, "ticket.<kind>". */
void edit_happened(struct edit *e, struct change *c, const char *kind, struct str detail, const char *clock);
/* Queues the change against the version that was read. */
void edit_queue_change(struct edit *e, const struct change *c);

#endif
