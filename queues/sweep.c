#include "queues/sweep.h"

#include "queues/keys.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "queues/merge.h"
#include "queues/proof.h"
#include "rules/base/arena.h"

#include <inttypes.h>

static enum err all_good(struct redis *r, const struct redis_value *v, size_t n)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(r, &v[i]);
    return e;
}

static enum err trim_live(struct mover *m)
{
    struct str oldest = str_of(arena_printf(m->arena, "%" PRId64, m->now_ms - SWEEP_LIVE_MS));
    struct redis_value *v;
    size_t n;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(m->redis, 5,
                  (struct str[]){STR("XTRIM"), key_in(m->arena, p, "ev", ""), STR("MINID"), STR("~"), oldest});

    enum err e = redis_flush(m->redis, m->arena, &v, &n);

    return e == ERR_OK ? all_good(m->redis, v, n) : e;
}

/* One that cannot be carried on does not keep the others: it is tried again with the next turn. */
static enum err carry_on(struct mover *m, unsigned partition)
{
    enum err e = move_finish(m, partition, m->now_ms - SWEEP_LEFT_MS);

    if (e == ERR_OK)
        e = merge_finish(m, partition, m->now_ms - SWEEP_LEFT_MS);
    if (e != ERR_OK && e != ERR_STORE)
        log_error("move_stuck", "partition=%u why=%s", partition, err_name(e));
    return e == ERR_STORE ? e : ERR_OK;
}

static enum err carry_on_all(struct mover *m)
{
    struct redis_value *v;
    size_t n;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(m->redis, 2, (struct str[]){STR("HLEN"), key_in(m->arena, p, "mv", "")});

    enum err e = redis_flush(m->redis, m->arena, &v, &n);

    if (e == ERR_OK)
        e = all_good(m->redis, v, n);
    for (unsigned p = 0; e == ERR_OK && p < PARTITIONS; p++)
        if (v[p].integer > 0)
            e = carry_on(m, p);
    return e;
}

static enum err judge_again(struct mover *m)
{
    struct redis_value *v;
    size_t n;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(
            m->redis, 4,
            (struct str[]){STR("ZCOUNT"), key_in(m->arena, p, "pd", ""), STR("-inf"), str_int(m->arena, m->now_ms)});

    enum err e = redis_flush(m->redis, m->arena, &v, &n);

    if (e == ERR_OK)
        e = all_good(m->redis, v, n);
    for (unsigned p = 0; e == ERR_OK && p < PARTITIONS; p++) {
        if (v[p].integer > 0)
            e = proofs_turn(m->redis, m->keys, m->arena, p, m->now_ms);
        if (e != ERR_OK && e != ERR_STORE) {
            log_error("levels_not_judged", "partition=%u why=%s", p, err_name(e));
            e = ERR_OK;
        }
    }
    return e;
}

enum err sweep_turn(struct mover *m, struct str holder)
{
    enum err e = lease_take(m->redis, m->arena, "sweep", holder, SWEEP_EVERY_MS * 2);

    if (e == ERR_OK)
        e = trim_live(m);
    if (e == ERR_OK)
        e = judge_again(m);
    return e == ERR_OK ? carry_on_all(m) : e;
}
