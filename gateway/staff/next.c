/* POST /api/next and /api/queues/{queue}/next: the ticket that somebody who is free takes up; POST
 * /api/tickets/{tkt}/assign and /priority. */
#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/act.h"
#include "gateway/staff/row.h"
#include "gateway/staff/staff.h"
#include "gateway/staff/tell.h"
#include "gateway/work.h"
#include "queues/bulk.h"
#include "queues/clock.h"
#include "queues/edit.h"
#include "queues/queue.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

enum { QUEUES_MAX = 32, WORDS_MAX = 512, ROUNDS_MAX = 20, AGAIN_MAX = 20, WHY_MAX = 200, PRIORITY_MAX = 100 };

struct pull {
    struct call *c;
    struct staff_session who;
    struct str queues[QUEUES_MAX];
    size_t queue_count;
    struct str languages; /* "ja en"; empty: any */
    struct ulid got;
    bool found;
    bool lost; /* somebody was faster at one of them: what stood behind has moved up */
};

/* ---- which ---- */

static bool holds_word(struct str words, struct str word)
{
    while (words.len > 0)
        if (str_equal(str_cut(&words, ' '), word))
            return true;
    return false;
}

/* Waiting for the customer is waiting, too: nobody is free for that. */
static bool fits(const struct pull *p, const struct ticket *t)
{
    return t->owner.len == 0 && (str_is(t->state, "open") || str_is(t->state, "waiting-us")) &&
           (p->languages.len == 0 || holds_word(p->languages, t->language));
}

static enum err take(struct pull *p, const struct rules *rules, struct ulid id)
{
    struct arena *a = p->c->arena;
    struct edit e = {.redis = work_redis(),
                     .keys = p->c->app->keys,
                     .rules = rules,
                     .arena = a,
                     .now_ms = clock_now_ms(),
                     .by = str_of(arena_strdup(a, id_print(ID_STAFF, p->who.staff).at))};
    struct change *c = change_begin(a);
    struct redis_value *v;
    size_t n;

    edit_queue_reads(&e, id);

    enum err bad = redis_flush(e.redis, a, &v, &n);

    if (bad == ERR_OK)
        bad = edit_load(&e, id, v);
    if (bad != ERR_OK)
        return bad == ERR_STORE ? bad : ERR_CONFLICT;
    if (!fits(p, &e.ticket)) {
        p->lost |= e.ticket.owner.len > 0;
        return ERR_CONFLICT;
    }
    e.owner = e.by;
    e.owner_name = p->who.name;
    edit_happened(&e, c, "claimed", STR("next"), "");
    bad = change_run(e.redis, a, c, STR(""), ticket_key(a, id), e.ticket.version, NULL);
    p->got = id;
    p->found = bad == ERR_OK;
    p->lost |= bad == ERR_CONFLICT;
    return bad;
}

/* The best first, until one is theirs; more are looked at where the first ones do not fit. */
static enum err look_through(struct pull *p, const struct rules *rules)
{
    struct ulid *ids = arena_array(p->c->arena, struct ulid, QUEUE_BEST_MAX);
    enum err e = ERR_OK;

    p->lost = false;
    for (size_t round = 0; e == ERR_OK && !p->found && round < ROUNDS_MAX; round++) {
        size_t n = 0;

        e = queue_best(work_redis(), p->c->arena, p->queues, p->queue_count, round, ids, &n);
        if (n == 0)
            break;
        for (size_t i = 0; e == ERR_OK && !p->found && i < n; i++) {
            e = take(p, rules, ids[i]);
            if (e == ERR_CONFLICT)
                e = ERR_OK;
        }
    }
    return e;
}

static enum err pull(struct pull *p, const struct rules *rules)
{
    enum err e = ERR_OK;

    p->lost = true;
    for (int i = 0; e == ERR_OK && !p->found && p->lost && i < AGAIN_MAX; i++)
        e = look_through(p, rules);
    return e == ERR_OK && !p->found && p->lost ? ERR_BUSY : e;
}

static void answer(struct pull *p, enum err e)
{
    struct row row;

    if (e == ERR_OK && !p->found) {
        call_answer_empty(p->c, 204);
        return;
    }
    if (e == ERR_OK)
        e = row_read(p->c->app, work_redis(), p->c->arena, p->got, &row);
    if (e != ERR_OK)
        tell_error(p->c, e);
    else
        tell_doc(p->c, 200, row_doc(&row));
}

static bool read_languages(struct pull *p, const struct doc *list)
{
    struct buf words = {0};
    bool good = doc_kind(list) == DOC_NONE || doc_kind(list) == DOC_ARRAY;

    for (size_t i = 0; good && i < doc_size(list) && words.len < WORDS_MAX; i++) {
        buf_str(&words, doc_text(doc_at(list, i)));
        buf_char(&words, ' ');
    }
    if (!good)
        tell_fault(p->c, "languages", "type", "a list of languages");
    p->languages = str_of(str_copy(p->c->arena, str_trim(buf_view(&words))));
    buf_free(&words);
    return good;
}

static bool read_queues(struct pull *p, const struct doc *list)
{
    size_t n = doc_kind(list) == DOC_ARRAY ? doc_size(list) : 0;

    if (n == 0 || n > QUEUES_MAX) {
        tell_fault(p->c, "queues", "missing", "1 to 32 names of queues");
        return false;
    }
    for (size_t i = 0; i < n; i++)
        p->queues[p->queue_count++] = str_of(str_copy(p->c->arena, doc_text(doc_at(list, i))));
    return true;
}

static void run(struct pull *p)
{
    const struct rules *rules = ruleset_take(p->c->app->rules);
    enum err e = pull(p, rules);

    ruleset_release(p->c->app->rules, rules);
    answer(p, e);
}

void staff_next(struct call *c)
{
    struct pull p = {.c = c};
    struct doc *body;

    if (!gate_pass(c, work_redis(), ACT_CLAIM, &p.who) || (body = tell_body(c)) == NULL)
        return;

    bool good = read_queues(&p, doc_get(body, "queues")) && read_languages(&p, doc_get(body, "languages"));

    doc_close(body);
    if (good)
        run(&p);
}

void staff_queue_next(struct call *c)
{
    struct pull p = {.c = c, .queues = {c->params[0]}, .queue_count = 1};
    struct doc *body;

    if (!gate_pass(c, work_redis(), ACT_CLAIM, &p.who) || (body = tell_body(c)) == NULL)
        return;

    bool good = read_languages(&p, doc_get(body, "languages"));

    doc_close(body);
    if (good)
        run(&p);
}

/* ---- assign, priority ---- */

/* The same act as on a whole selection. */
static enum err act_as_bulk(struct act *act, struct change *c, const struct bulk_action *b)
{
    struct app *app = act->call->app;
    const struct rules *rules = ruleset_take(app->rules);
    const char *why = NULL;
    struct edit e = {.redis = act->redis,
                     .keys = app->keys,
                     .rules = rules,
                     .arena = act->call->arena,
                     .now_ms = act->now_ms,
                     .by = act_staff_id(act),
                     .ticket = act->ticket,
                     .history = act->history,
                     .history_count = act->history_count,
                     .state = act->ticket.state,
                     .owner = act->ticket.owner,
                     .owner_name = act->ticket.owner_name,
                     .queue = act->ticket.queue,
                     .rule = act->ticket.rule,
                     .priority = act->ticket.priority,
                     .spam = act->spam};

    bulk_act(&e, c, b, &why); /* where it is so already, nothing is to be done */
    ruleset_release(app->rules, rules);
    act->owner = e.owner;
    act->owner_name = e.owner_name;
    return ERR_OK;
}

static enum err assign(struct act *act, struct change *c)
{
    struct bulk_action b = {.what = BULK_ASSIGN};
    struct call *call = act->call;
    struct doc *body = tell_body(call);
    struct str to = str_of(str_copy(call->arena, doc_get_text(body, "to")));
    struct staff m;
    enum err e;

    if (body == NULL)
        return ERR_INPUT;
    doc_close(body);
    e = to.len == 0 ? ERR_ABSENT : staff_read(act->redis, call->app->keys, call->arena, to, &m);
    if (e == ERR_ABSENT || (e == ERR_OK && (m.disabled || m.role == STAFF_AUDITOR))) {
        tell_fault(call, "to", "unknown", "the name of a member who works on tickets");
        return ERR_INPUT;
    }
    if (e != ERR_OK)
        return e;
    b.owner = str_of(arena_strdup(call->arena, id_print(ID_STAFF, m.id).at));
    b.owner_name = m.name;
    return act_as_bulk(act, c, &b);
}

void staff_assign(struct call *c)
{
    struct act act = {0};

    if (act_run(&act, c, ACT_RELEASE_OTHERS, assign))
        tell_doc(c, 200, act_doc(&act));
}

static enum err set_priority(struct act *act, struct change *c)
{
    struct bulk_action b = {.what = BULK_PRIORITY};
    struct call *call = act->call;
    struct doc *body = tell_body(call);
    int64_t n = doc_get_int(body, "priority", -1);

    if (body == NULL)
        return ERR_INPUT;
    b.why = str_of(str_copy(call->arena, str_trim(doc_get_text(body, "why"))));
    doc_close(body);
    if (n < 0 || n > PRIORITY_MAX)
        tell_fault(call, "priority", "range", "0 to 100");
    else if (b.why.len == 0 || text_code_points(b.why) > WHY_MAX)
        tell_fault(call, "why", "missing", "why, in at most 200 characters");
    if (call->status != 0)
        return ERR_INPUT;
    b.priority = (int)n;
    return act_as_bulk(act, c, &b);
}

void staff_priority(struct call *c)
{
    struct act act = {0};

    if (act_run(&act, c, ACT_STATE, set_priority))
        tell_doc(c, 200, act_doc(&act));
}
