/* GET /api/silence: customers who have heard nothing, the longest first. */
#include "gateway/staff/silence.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/gate.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/clock.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "queues/ruleset.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>

static void add_promise(struct doc *d, const struct silent *s)
{
    bool promised = s->queue.len > 0;

    doc_set_text_or_null(d, "queue", promised ? s->queue : (struct str){NULL, 0});
    if (promised)
        doc_set_int(d, "promise_ms", s->clock.promise_ms);
    else
        doc_set_null(d, "promise_ms");
    doc_set(d, "due_at", promised && s->clock.due_ms != SLA_NEVER ? tell_stamp(s->clock.due_ms) : doc_new_null());
    doc_set_bool(d, "breached", promised && s->clock.state == SLA_BREACHED);
}

struct doc *silence_doc(const struct silent *s, int64_t now_ms)
{
    struct doc *d;

    if (!s->silence.waits)
        return doc_new_null();
    d = doc_object();
    doc_set(d, "since", tell_stamp(s->silence.since_ms));
    doc_set_int(d, "silent_ms", now_ms > s->silence.since_ms ? now_ms - s->silence.since_ms : 0);
    doc_set_int(d, "open", (int64_t)s->silence.open);
    doc_set(d, "last_heard", tell_stamp(s->heard_ms));
    doc_set(d, "last_told", tell_stamp(s->told_ms));
    add_promise(d, s);
    return d;
}

static struct doc *account_doc(struct call *c, struct ulid account)
{
    const char *acc = arena_strdup(c->arena, id_print(ID_ACCOUNT, account).at);
    struct redis_value v;
    struct str name = {NULL, 0};
    struct doc *d = doc_object();

    if (redis_do(work_redis(), c->arena, &v, 3,
                 (struct str[]){STR("HGET"), key_in(c->arena, partition_of(account), "a", acc), STR("name")}) ==
            ERR_OK &&
        v.kind == REDIS_TEXT && unseal(c->app->keys, c->arena, v.text, str_of(acc), &name) != ERR_OK)
        name = (struct str){NULL, 0};
    tell_id(d, "id", ID_ACCOUNT, account);
    doc_set_text_or_null(d, "name", name.len > 0 ? name : (struct str){NULL, 0});
    return d;
}

/* Z3: what the index has and its history does not say is put right, and left out. */
static enum err add_item(struct call *c, const struct rules *rules, const struct queue_place *at, struct doc *items)
{
    int64_t now_ms = clock_now_ms();
    struct silent s;
    struct doc *d;
    enum err e = silent_read(work_redis(), c->app->keys, rules, c->arena, at->ticket, now_ms, &s);

    if (e != ERR_OK) {
        log_error("silence_not_read", "account=%s why=%s", id_print(ID_ACCOUNT, at->ticket).at, err_name(e));
        return e == ERR_STORE ? e : ERR_OK;
    }
    if (!s.silence.waits || !ulid_equal(s.account, at->ticket)) {
        e = silent_settle(work_redis(), c->app->keys, rules, c->arena, at->ticket, now_ms);
        return e == ERR_STORE ? e : ERR_OK;
    }
    d = silence_doc(&s, now_ms);
    doc_set(d, "account", account_doc(c, s.account));
    doc_push(items, d);
    return ERR_OK;
}

static const char *cursor_print(struct arena *a, const struct queue_place *p)
{
    return arena_printf(a, "%" PRId64 ".%s", p->due_ms, id_print(ID_ACCOUNT, p->ticket).at);
}

static bool cursor_parse(struct str s, struct queue_place *out)
{
    struct str since = str_cut(&s, '.');

    return str_number(since, &out->due_ms) && id_parse(ID_ACCOUNT, s, &out->ticket);
}

static void answer_page(struct call *c, const struct queue_place *after, size_t limit)
{
    struct queue_place *places = arena_array(c->arena, struct queue_place, limit + 1);
    const struct rules *rules = ruleset_take(c->app->rules);
    struct doc *items = doc_array();
    size_t n = 0;
    enum err e = silent_page(work_redis(), c->arena, after, limit + 1, places, &n);

    for (size_t i = 0; e == ERR_OK && i < n && i < limit; i++)
        e = add_item(c, rules, &places[i], items);
    ruleset_release(c->app->rules, rules);
    if (e == ERR_OK) {
        tell_list(c, items, n > limit ? cursor_print(c->arena, &places[limit - 1]) : NULL);
        return;
    }
    doc_close(items);
    tell_error(c, e);
}

void staff_silence(struct call *c)
{
    struct str cursor = call_query(c, "cursor");
    struct queue_place after;
    struct staff_session s;
    int64_t limit;

    if (!gate_pass(c, work_redis(), ACT_READ, &s) || !tell_limit(c, &limit))
        return;
    if (cursor.at != NULL && !cursor_parse(cursor, &after))
        tell_fault(c, "cursor", "range", "not a cursor of this list");
    else
        answer_page(c, cursor.at == NULL ? NULL : &after, (size_t)limit);
}
