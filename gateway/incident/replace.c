#include "gateway/incident/replace.h"

#include "queues/redis.h"
#include "queues/reroute.h"
#include "queues/selection.h"
#include "rules/base/arena.h"

void change_replace(struct change *c, const struct keyring *k, struct str by, int64_t at_ms)
{
    struct job_new n = {.kind = REPLACE_JOB, .by = str_cut(&by, ' '), .at_ms = at_ms};

    change_job(c, k, &n);
}

/* Done again after a kill it finds what is left, and places that. */
enum err replace_step(struct job_turn *t)
{
    struct reroute *o = arena_new(t->arena, struct reroute);
    struct ulid sel = selection_id(), job;
    enum err e = reroute_plan(t->redis, t->keys, t->rules, t->arena, t->now_ms, &sel, o);
    if (e == ERR_OK && o->changed > 0)
        e = reroute_begin(t->redis, t->keys, t->arena, sel, t->job->by, t->now_ms, &job);
    if (e != ERR_OK)
        return e;
    t->total = o->changed;
    t->ended = true;
    job_done(t, o->changed);
    return ERR_OK;
}
