/* open_work.h - all open tickets, or those of one queue, looked over with the few fields that a question needs.
 *
 * Reading is pipelined, OPEN_WORK_AT_ONCE tickets an exchange, and only the fields that are named: nothing is opened. */
#ifndef QUEUES_OPEN_WORK_H
#define QUEUES_OPEN_WORK_H

#include "queues/redis.h"
#include "rules/base/id.h"

enum { OPEN_WORK_AT_ONCE = 4000 };

struct open_work {
    struct redis *redis;
    const char *const *fields; /* of the ticket's hash */
    size_t field_count;
    struct str queue; /* empty: all queues */
    void *arg;
    /* values[i].text of fields[i], at NULL where it is not there; until it returns. False: enough. */
    bool (*visit)(void *arg, struct ulid ticket, const struct redis_value *values);
    /* After each exchange, with an arena that is reset then; NULL: not wanted. */
    enum err (*pause)(void *arg, struct arena *a);
};

enum err open_work_visit(const struct open_work *w);

#endif
