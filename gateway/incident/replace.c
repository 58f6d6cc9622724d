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

static enum err begin_reroute(struct job_turn *t, struct ulid sel)
{
    struct job_new n = {.kind = "reroute", .by = t->job->by, .at_ms = t->now_ms};
    enum err e = selection_close(t->redis, t->arena, sel, t->job->by, STR("{\"reroute\":true}"), t->now_ms);

    n.args = str_of(arena_printf(t->arena, "{\"selection\":\"%s\"}", id_print(ID_SELECTION, sel).at));
    if (e == ERR_OK)
        e = selection_keep(t->redis, t->arena, sel, 2 * JOB_KEEP_MS);
    return e == ERR_OK ? job_start(t->redis, t->keys, t->arena, &n) : e;
}

/* Done again after a kill it finds what is left, and places that. */
enum err replace_step(struct job_turn *t)
{
    struct reroute *o = arena_new(t->arena, struct reroute);
    struct ulid sel = selection_id();
    enum err e = reroute_plan(t->redis, t->keys, t->rules, t->arena, t->now_ms, &sel, o);
    if (e == ERR_OK && o->changed > 0)
        e = begin_reroute(t, sel);
    if (e != ERR_OK)
        return e;
    t->total = o->changed;
    t->ended = true;
    job_done(t, o->changed);
    return ERR_OK;
}
