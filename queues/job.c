#include "queues/job.h"

#include "queues/keys.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[JOB_STATES] = {
    [JOB_RUNNING] = "running", [JOB_DONE] = "done", [JOB_STOPPED] = "stopped", [JOB_FAILED] = "failed"};

static const char *const outcome_names[] = {[JOB_OUTCOME_SKIPPED] = "skipped", [JOB_OUTCOME_FAILED] = "failed"};

const char *job_state_name(enum job_state s)
{
    return state_names[s];
}

struct ulid job_id(void)
{
    return ulid_in(ulid_fresh(), 0);
}

static struct str name_of(struct arena *a, struct ulid id)
{
    return str_of(arena_strdup(a, id_print(ID_JOB, id).at));
}

static struct str job_key(struct arena *a, struct ulid id)
{
    return key_in(a, 0, "jb", id_print(ID_JOB, id).at);
}

static struct str outcomes_key(struct arena *a, struct ulid id)
{
    return key_in(a, 0, "ji", id_print(ID_JOB, id).at);
}

/* ---- begin, stop ---- */

static void add_live(struct change *c, struct str id, const char *kind, enum job_state state)
{
    struct buf d = {0};

    doc_flat_text(&d, "type", STR("job"));
    doc_flat_text(&d, "job", id);
    doc_flat_text(&d, "kind", str_of(kind));
    doc_flat_text(&d, "job_state", str_of(state_names[state]));
    change_xadd(c, key_in(c->arena, 0, "ev", ""), doc_flat_print(&d, c->arena));
    buf_free(&d);
}

void change_job(struct change *c, const struct keyring *k, struct job_new *n)
{
    static const struct ulid zero;
    struct arena *a = c->arena;

    if (ulid_equal(n->id, zero))
        n->id = job_id();

    struct str key = job_key(a, n->id), name = name_of(a, n->id);

    assert(n->args.len <= JOB_ARGS_MAX);
    change_add(c, 20, (struct str[]){STR("HSETNEW"), key,
                                     STR("kind"),    str_of(n->kind),
                                     STR("args"),    n->args.len > 0 ? n->args : STR("{}"),
                                     STR("place"),   n->place,
                                     STR("state"),   STR("running"),
                                     STR("total"),   str_int(a, n->total > 0 ? n->total : -1),
                                     STR("by"),      n->by,
                                     STR("at"),      str_int(a, n->at_ms),
                                     STR("v"),       STR("1"),
                                     STR("done"),    STR("0")});
    change_zadd(c, key_in(a, 0, "js", ""), n->at_ms, name);
    change_zadd(c, key_in(a, 0, "jr", ""), n->at_ms, name);
    add_live(c, name, n->kind, JOB_RUNNING);
    change_audit(c, k, 0, n->at_ms, n->by, "job.started", name.at, str_of(n->kind));
}

enum err job_start(struct redis *r, const struct keyring *k, struct arena *a, struct job_new *n)
{
    struct change *c = change_begin(a);
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("ZCARD"), key_in(a, 0, "jr", "")});

    if (e == ERR_OK && v.integer >= JOBS_RUNNING_MAX)
        return ERR_LIMIT;
    change_job(c, k, n);
    return e == ERR_OK ? change_run(r, a, c, job_key(a, n->id), STR(""), STR(""), NULL) : e;
}

enum err job_stop(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                  int64_t now_ms)
{
    struct job j;
    enum err e = job_read(r, a, id, &j);

    if (e != ERR_OK || j.stopping)
        return e;

    struct change *c = change_begin(a);

    change_holds(c, job_key(a, id), "state", STR("running"));
    change_hset(c, job_key(a, id), "stop", STR("1"));
    change_audit(c, k, 0, now_ms, by, "job.stopped", name_of(a, id).at, j.kind);
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

/* ---- read ---- */

static int64_t field_int(const struct redis_value *v, const char *name)
{
    struct str s = redis_field(v, name);

    return s.at == NULL ? 0 : strtoll(s.at, NULL, 10);
}

static enum err load(struct ulid id, const struct redis_value *v, struct job *out)
{
    struct str state = redis_field(v, "state");
    struct job j = {.id = id};

    if (v->kind != REDIS_LIST || v->count == 0)
        return ERR_ABSENT;
    while (j.state < JOB_STATES && !str_is(state, state_names[j.state]))
        j.state++;
    if (j.state == JOB_STATES)
        return ERR_CORRUPT;
    j.kind = redis_field(v, "kind");
    j.args = redis_field(v, "args");
    j.place = redis_field(v, "place");
    j.stopping = str_is(redis_field(v, "stop"), "1");
    j.total = field_int(v, "total");
    j.done = field_int(v, "done");
    j.skipped = field_int(v, "skipped");
    j.failed = field_int(v, "failed");
    j.by = redis_field(v, "by");
    j.why = redis_field(v, "why");
    j.at_ms = field_int(v, "at");
    j.ended_ms = field_int(v, "ended");
    j.told_ms = field_int(v, "told");
    j.version = redis_field(v, "v");
    *out = j;
    return ERR_OK;
}

enum err job_read(struct redis *r, struct arena *a, struct ulid id, struct job *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), job_key(a, id)});

    return e == ERR_OK ? load(id, &v, out) : e;
}

static enum err read_ids(struct redis *r, struct arena *a, const struct redis_value *list, struct job *out, size_t *n)
{
    struct ulid *ids = arena_array(a, struct ulid, list->count + 1);
    struct redis_value *v;
    size_t count = 0, replies;

    *n = 0;
    for (size_t i = 0; i < list->count; i++)
        count += id_parse(ID_JOB, list->items[i].text, &ids[count]);
    if (count == 0)
        return ERR_OK;
    for (size_t i = 0; i < count; i++)
        redis_add(r, 2, (struct str[]){STR("HGETALL"), job_key(a, ids[i])});

    enum err e = redis_flush(r, a, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        enum err bad = redis_value_err(r, &v[i]);

        if (bad == ERR_OK)
            bad = load(ids[i], &v[i], &out[*n]);
        if (bad == ERR_OK)
            (*n)++;
        else if (bad != ERR_ABSENT) /* its time was over, or it hides no other */
            log_error("job_unreadable", "job=%s why=%s", id_print(ID_JOB, ids[i]).at, err_name(bad));
    }
    return e;
}

enum err job_list(struct redis *r, struct arena *a, const struct ulid *after, size_t max, struct job *out, size_t *n)
{
    struct str key = key_in(a, 0, "js", "");
    struct redis_value v;
    int64_t from = 0;

    *n = 0;
    if (after != NULL) {
        enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("ZREVRANK"), key, name_of(a, *after)});

        if (e != ERR_OK)
            return e;
        if (v.kind != REDIS_INT)
            return ERR_OK;
        from = v.integer + 1;
    }

    enum err e =
        redis_do(r, a, &v, 5,
                 (struct str[]){STR("ZRANGE"), key, str_int(a, from), str_int(a, from + (int64_t)max - 1), STR("REV")});

    return e == ERR_OK ? read_ids(r, a, &v, out, n) : e;
}

/* "<item> <outcome> <why>" */
static struct str outcome_print(struct arena *a, const struct job_outcome *o)
{
    return str_of(arena_printf(a, "%.*s %s %.*s", (int)o->item.len, o->item.at, outcome_names[o->outcome],
                               (int)o->why.len, o->why.at));
}

static void outcome_parse(struct str s, struct job_outcome *out)
{
    out->item = str_cut(&s, ' ');
    out->outcome = str_is(str_cut(&s, ' '), "failed") ? JOB_OUTCOME_FAILED : JOB_OUTCOME_SKIPPED;
    out->why = s;
}

enum err job_outcomes(struct redis *r, struct arena *a, struct ulid id, int64_t from, size_t max,
                      struct job_outcome *out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(
        r, a, &v, 4,
        (struct str[]){STR("ZRANGE"), outcomes_key(a, id), str_int(a, from), str_int(a, from + (int64_t)max - 1)});

    *n = e == ERR_OK ? v.count : 0;
    for (size_t i = 0; i < *n; i++)
        outcome_parse(v.items[i].text, &out[i]);
    return e;
}

/* ---- what a step says ---- */

static void say(struct job_turn *t, struct job_outcome o)
{
    assert(t->outcome_count < JOB_STEP_ITEMS_MAX && memchr(o.item.at, ' ', o.item.len) == NULL);
    t->outcomes[t->outcome_count++] = o;
}

void job_done(struct job_turn *t, int64_t items)
{
    t->done += items;
}

void job_skipped(struct job_turn *t, struct str item, const char *why)
{
    say(t, (struct job_outcome){item, JOB_OUTCOME_SKIPPED, str_of(why)});
}

void job_failed(struct job_turn *t, struct str item, const char *why)
{
    say(t, (struct job_outcome){item, JOB_OUTCOME_FAILED, str_of(why)});
}

/* ---- run ---- */

enum err job_lease(struct redis *r, struct arena *a, struct str holder)
{
    return lease_take(r, a, "jobs", holder, JOB_LEASE_MS);
}

enum err job_running(struct redis *r, struct arena *a, struct ulid out[JOBS_RUNNING_MAX], size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(
        r, a, &v, 4, (struct str[]){STR("ZRANGE"), key_in(a, 0, "jr", ""), STR("0"), str_int(a, JOBS_RUNNING_MAX - 1)});

    *n = 0;
    for (size_t i = 0; e == ERR_OK && i < v.count; i++)
        *n += id_parse(ID_JOB, v.items[i].text, &out[*n]);
    return e;
}

static void add_outcomes(struct change *c, const struct job_turn *t)
{
    int64_t ordinal = t->job->skipped + t->job->failed;
    struct str *words = arena_array(c->arena, struct str, 2 * t->outcome_count + 2);
    size_t n = 0;

    words[n++] = STR("ZADD");
    words[n++] = outcomes_key(c->arena, t->job->id);
    for (size_t i = 0; i < t->outcome_count && ordinal + (int64_t)i < JOB_ITEMS_KEPT; i++) {
        words[n++] = str_int(c->arena, ordinal + (int64_t)i);
        words[n++] = outcome_print(c->arena, &t->outcomes[i]);
    }
    if (n > 2)
        change_add(c, n, words);
}

static void add_end(struct change *c, const struct job_turn *t, enum job_state state, const char *why)
{
    struct arena *a = c->arena;
    struct str key = job_key(a, t->job->id), name = name_of(a, t->job->id);

    change_hset(c, key, "state", str_of(state_names[state]));
    change_hset_int(c, key, "ended", t->now_ms);
    change_hset(c, key, "why", str_of(why));
    change_zrem(c, key_in(a, 0, "jr", ""), name);
    for (int i = 0; i < 2; i++)
        change_add(c, 3,
                   (struct str[]){STR("PEXPIRE"), i == 0 ? key : outcomes_key(a, t->job->id), str_int(a, JOB_KEEP_MS)});
    change_add(c, 4,
               (struct str[]){STR("ZREMRANGEBYSCORE"), key_in(a, 0, "js", ""), STR("-inf"),
                              str_int(a, t->now_ms - 3 * JOB_KEEP_MS)});
    change_audit(c, t->keys, 0, t->now_ms, t->job->by,
                 arena_printf(a, "job.%s", state == JOB_STOPPED ? "ended-early" : state_names[state]), name.at,
                 t->job->kind);
}

/* B3 */
static enum err save(const struct job_turn *t, enum job_state state, const char *why)
{
    struct arena *a = t->arena;
    struct change *c = change_begin(a);
    struct str key = job_key(a, t->job->id);
    int64_t skipped = 0;

    for (size_t i = 0; i < t->outcome_count; i++)
        skipped += t->outcomes[i].outcome == JOB_OUTCOME_SKIPPED;
    change_holds(c, key, "state", STR("running"));
    change_hset(c, key, "place", t->place);
    change_hset_int(c, key, "total", t->total);
    change_hset_int(c, key, "done", t->job->done + t->done);
    change_hset_int(c, key, "skipped", t->job->skipped + skipped);
    change_hset_int(c, key, "failed", t->job->failed + (int64_t)t->outcome_count - skipped);
    add_outcomes(c, t);
    if (state != JOB_RUNNING)
        add_end(c, t, state, why);
    if (state != JOB_RUNNING || t->now_ms - t->job->told_ms >= JOB_LIVE_MS) {
        change_hset_int(c, key, "told", t->now_ms);
        add_live(c, name_of(a, t->job->id), str_copy(a, t->job->kind), state);
    }
    return change_run(t->redis, a, c, STR(""), key, t->job->version, NULL);
}

static bool again(enum err e)
{
    return e == ERR_STORE || e == ERR_BUSY || e == ERR_CONFLICT;
}

/* What was said of a step that failed counts for nothing: its place stays. */
static void forget(struct job_turn *t)
{
    t->place = t->job->place;
    t->total = t->job->total;
    t->done = 0;
    t->outcome_count = 0;
}

static enum err step_and_save(struct job_turn *t, job_step *step)
{
    enum job_state state = JOB_RUNNING;
    enum err e = ERR_OK;

    if (!t->job->stopping)
        e = step(t);
    if (again(e))
        return e;
    if (e != ERR_OK)
        forget(t);
    if (t->job->stopping)
        state = JOB_STOPPED;
    else if (e != ERR_OK)
        state = JOB_FAILED;
    else if (t->ended)
        state = JOB_DONE;
    if (state == JOB_FAILED)
        log_error("job_failed", "job=%s why=%s", id_print(ID_JOB, t->job->id).at, err_name(e));
    return save(t, state, e == ERR_OK ? "" : err_text(e));
}

/* What has ended and stands among the running ones all the same. */
static enum err strike_off(const struct job_turn *t, struct ulid id)
{
    enum err e = redis_do(t->redis, t->arena, NULL, 3,
                          (struct str[]){STR("ZREM"), key_in(t->arena, 0, "jr", ""), name_of(t->arena, id)});

    return e == ERR_OK ? ERR_ABSENT : e;
}

enum err job_run(const struct job_turn *with, const struct job_kind *kinds, size_t n, struct ulid id)
{
    struct job_turn t = *with;
    struct doc *args;
    struct job j;
    size_t i = 0;
    enum err e = job_read(t.redis, t.arena, id, &j);

    if (e == ERR_ABSENT || (e == ERR_OK && j.state != JOB_RUNNING))
        return strike_off(&t, id);
    if (e != ERR_OK)
        return e;
    while (i < n && !str_is(j.kind, kinds[i].name))
        i++;
    if (i == n) /* a kind of a newer program is left to it */
        return ERR_ABSENT;
    if (doc_parse(&args, j.args, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    t.job = &j;
    t.args = args;
    t.ended = false;
    t.outcomes = arena_array(t.arena, struct job_outcome, JOB_STEP_ITEMS_MAX);
    forget(&t);
    e = step_and_save(&t, kinds[i].step);
    doc_close(args);
    return e;
}
