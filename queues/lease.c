#include "queues/lease.h"

#include "queues/keys.h"

enum err lease_take(struct redis *r, struct arena *a, const char *name, struct str holder, int64_t life_ms)
{
    struct redis_value v;
    struct str argv[] = {key_at(a, "lease", name), holder, str_int(a, life_ms)};
    enum err e = redis_run(r, a, &v, SCRIPT_LEASE, 1, 3, argv);

    return e == ERR_OK && v.integer != 1 ? ERR_ABSENT : e;
}
