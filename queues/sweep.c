#include "queues/sweep.h"

#include "queues/keys.h"
#include "rules/base/arena.h"

#include <inttypes.h>

static enum err take_lease(struct redis *r, struct arena *a, struct str holder)
{
    struct redis_value v;
    struct str life = str_of(arena_printf(a, "%d", SWEEP_EVERY_MS * 2));
    enum err e = redis_run(r, a, &v, SCRIPT_LEASE, 1, 3, (struct str[]){key_at(a, "lease", "sweep"), holder, life});

    return e == ERR_OK && v.integer != 1 ? ERR_ABSENT : e;
}

enum err sweep_turn(struct redis *r, struct arena *a, struct str holder, int64_t now_ms)
{
    struct redis_value *v;
    struct str oldest = str_of(arena_printf(a, "%" PRId64, now_ms - SWEEP_LIVE_MS));
    size_t n;
    enum err e = take_lease(r, a, holder);

    if (e != ERR_OK)
        return e;
    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 5, (struct str[]){STR("XTRIM"), key_in(a, p, "ev", ""), STR("MINID"), STR("~"), oldest});
    e = redis_flush(r, a, &v, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(r, &v[i]);
    return e;
}
