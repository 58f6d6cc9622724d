/* choosing.h - which open tickets of a queue (or of all) somebody means. */
#ifndef QUEUES_CHOOSING_H
#define QUEUES_CHOOSING_H

#include "queues/redis.h"
#include "rules/base/id.h"

struct keyring;

enum { CHOOSING_EXAMPLES = 10 };

/* What is empty, zero or negative is not asked. */
struct choosing {
    struct str queue;
    struct str states; /* "open waiting-us" */
    struct str owner;  /* "none", or stf_… */
    int64_t opened_before_ms;
    struct str language, tier;
    struct str channel;       /* heard on it, among others */
    int level_min, level_max; /* -1 */
};

struct chosen {
    struct ulid id; /* of the selection */
    int64_t n;
    struct ulid examples[CHOOSING_EXAMPLES];
    size_t example_count;
};

/* Makes a selection of them (selection.h). what: how it was chosen, JSON. ERR_LIMIT: more than SELECTION_MAX. */
enum err choose(struct redis *r, const struct keyring *k, struct arena *a, const struct choosing *c, struct str by,
                struct str what, int64_t now_ms, struct chosen *out);

#endif
