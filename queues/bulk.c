#include "queues/bulk.h"

#include "queues/attach.h"
#include "queues/edit.h"
#include "queues/keys.h"
#include "queues/placing.h"
#include "queues/reroute.h"
#include "queues/selection.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/facts.h"
#include "rules/route.h"

#include <string.h>

enum { AGAIN_MAX = 20 };

static const char *const do_names[BULK_DOES] = {
    [BULK_CLAIM] = "claim", [BULK_ASSIGN] = "assign", [BULK_RELEASE] = "release",
    [BULK_STATE] = "state", [BULK_QUEUE] = "queue",   [BULK_PRIORITY] = "priority",
    [BULK_NOTE] = "note",   [BULK_SPAM] = "spam",     [BULK_REROUTE] = "reroute"};

const char *bulk_do_name(enum bulk_do d)
{
    return do_names[d];
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    return str_of(str_copy(a, doc_get_text(d, name)));
}

enum err bulk_action_read(struct bulk_action *out, const struct doc *action, struct arena *a)
{
    struct str what = doc_get_text(action, "do");
    struct bulk_action b = {0};

    while (b.what < BULK_DOES && !str_is(what, do_names[b.what]))
        b.what++;
    if (b.what == BULK_DOES)
        return ERR_CORRUPT;
    if (b.what == BULK_STATE && !ticket_state_parse(doc_get_text(action, "state"), &b.state))
        return ERR_CORRUPT;
    b.owner = keep(a, action, "owner");
    b.owner_name = keep(a, action, "owner_name");
    b.queue = keep(a, action, "queue");
    b.priority = (int)doc_get_int(action, "priority", 0);
    b.why = keep(a, action, "why");
    b.spam = doc_get_bool(action, "spam", false);
    *out = b;
    return ERR_OK;
}

/* ---- what an action does to a ticket ---- */

static const char *act_clock_word(enum ticket_clock clock)
{
    static const char *const words[] = {
        [TICKET_CLOCK_KEEP] = "",         [TICKET_CLOCK_PAUSE] = "paused", [TICKET_CLOCK_RESUME] = "resumed",
        [TICKET_CLOCK_REPLY] = "replied", [TICKET_CLOCK_STOP] = "solved",  [TICKET_CLOCK_REOPEN] = "reopened"};

    return words[clock];
}

static const char *give(struct edit *e, struct change *c, struct str owner, struct str name, bool from_others)
{
    if (str_equal(e->owner, owner))
        return "it is so already";
    if (e->owner.len > 0 && !from_others)
        return "somebody else has it";
    e->owner = owner;
    e->owner_name = name;
    edit_happened(e, c, owner.len == 0 ? "released" : from_others ? "assigned" : "claimed", name, "");
    return NULL;
}

static const char *set_state(struct edit *e, struct change *c, enum ticket_state to)
{
    struct ticket_step step;
    enum ticket_state from;

    if (!ticket_state_parse(e->state, &from) || ticket_step(&step, from, ticket_staff_sets(to)) != ERR_OK)
        return "this step is not possible from its state";
    if (step.next == from)
        return "it is so already";
    e->state = str_of(ticket_state_name(step.next));
    edit_happened(e, c, "state", e->state, act_clock_word(step.clock));
    return NULL;
}

/* V2 of reroute.h */
static void set_hand(struct edit *e, struct change *c, const char *what)
{
    struct str had = redis_field(e->ticket.fields, REROUTE_HAND);
    const char *now = had.len == 0 || str_is(had, what) ? what : "queue priority";

    change_hset(c, ticket_key(e->arena, e->ticket.id), REROUTE_HAND, str_of(now));
}

static const char *set_queue(struct edit *e, struct change *c, struct str queue)
{
    if (rules_queue(e->rules, queue) == NULL)
        return "the rules do not know that queue (any more)";
    if (str_equal(queue, e->queue))
        return "it is so already";
    e->queue = queue;
    set_hand(e, c, "queue");
    edit_happened(e, c, "queued", queue, "");
    return NULL;
}

static const char *set_priority(struct edit *e, struct change *c, int priority, struct str why)
{
    if (priority == e->priority)
        return "it is so already";
    e->priority = priority;
    set_hand(e, c, "priority");
    edit_happened(e, c, "priority", str_of(arena_printf(e->arena, "%d %.*s", priority, (int)why.len, why.at)), "");
    return NULL;
}

static const char *add_note(struct edit *e, struct change *c, struct str text, struct str author)
{
    struct message m = {.id = ulid_in(ulid_fresh(), e->ticket.partition),
                        .at_ms = e->now_ms,
                        .who = MESSAGE_NOTE,
                        .channel = STR("web"),
                        .text = text,
                        .author = author};

    change_message(c, e->keys, e->ticket.id, &m);
    change_hset(c, ticket_key(e->arena, e->ticket.id), "last",
                str_of(arena_strdup(e->arena, id_print(ID_MESSAGE, m.id).at)));
    edit_happened(e, c, "noted", STR(""), "");
    return NULL;
}

static const char *set_spam(struct edit *e, struct change *c, bool spam)
{
    if (spam == e->spam)
        return "it is so already";
    e->spam = spam;
    edit_happened(e, c, spam ? "spam" : "not-spam", STR(""), "");
    return NULL;
}

static const char *route_again(struct edit *e, struct change *c)
{
    struct facts f = ticket_facts(e->rules, &e->ticket, e->ticket.level);
    struct placing to;

    if (!ticket_is_open(&e->ticket))
        return "it is not open any more";
    if (redis_field(e->ticket.fields, REROUTE_HAND).len > 0)
        return "its place was set by hand";
    place(e->rules, &f, e->history, e->history_count, e->now_ms, e->arena, &to);
    if (str_equal(to.queue, e->queue) && to.priority == e->priority)
        return "it is so already";
    e->queue = to.queue;
    e->rule = to.rule;
    e->priority = to.priority;
    edit_happened(e, c, "routed", to.rule, "");
    return NULL;
}

void bulk_act(struct edit *e, struct change *c, const struct bulk_action *b, const char **why)
{
    switch (b->what) {
    case BULK_CLAIM:
        *why = give(e, c, b->owner, b->owner_name, false);
        break;
    case BULK_ASSIGN:
        *why = give(e, c, b->owner, b->owner_name, true);
        break;
    case BULK_RELEASE:
        *why = give(e, c, STR(""), STR(""), true);
        break;
    case BULK_STATE:
        *why = set_state(e, c, b->state);
        break;
    case BULK_QUEUE:
        *why = set_queue(e, c, b->queue);
        break;
    case BULK_PRIORITY:
        *why = set_priority(e, c, b->priority, b->why);
        break;
    case BULK_NOTE:
        *why = add_note(e, c, b->text, b->owner_name);
        break;
    case BULK_SPAM:
        *why = set_spam(e, c, b->spam);
        break;
    case BULK_REROUTE:
        *why = route_again(e, c);
        break;
    case BULK_DOES:
        break;
    }
}

/* ---- what a job changed of a ticket ---- */

struct standing {
    struct str queue, rule, owner, owner_name, state, hand;
    int64_t priority;
    bool spam;
};

static struct standing before(const struct edit *e)
{
    const struct ticket *t = &e->ticket;

    return (struct standing){t->queue,    t->rule,
                             t->owner,    t->owner_name,
                             t->state,    redis_field(t->fields, REROUTE_HAND),
                             t->priority, str_is(redis_field(t->fields, "spam"), "1")};
}

static struct standing after(const struct edit *e)
{
    return (struct standing){e->queue, e->rule, e->owner, e->owner_name, e->state, STR(""), e->priority, e->spam};
}

static struct doc *standing_doc(const struct standing *s)
{
    struct doc *d = doc_object();

    doc_set_text(d, "queue", s->queue);
    doc_set_text(d, "rule", s->rule);
    doc_set_text(d, "owner", s->owner);
    doc_set_text(d, "owner_name", s->owner_name);
    doc_set_text(d, "state", s->state);
    doc_set_text(d, "hand", s->hand.at == NULL ? STR("") : s->hand);
    doc_set_int(d, "priority", s->priority);
    doc_set_bool(d, "spam", s->spam);
    return d;
}

static struct standing standing_read(struct arena *a, const struct doc *d)
{
    return (struct standing){.queue = keep(a, d, "queue"),
                             .rule = keep(a, d, "rule"),
                             .owner = keep(a, d, "owner"),
                             .owner_name = keep(a, d, "owner_name"),
                             .state = keep(a, d, "state"),
                             .hand = keep(a, d, "hand"),
                             .priority = doc_get_int(d, "priority", 0),
                             .spam = doc_get_bool(d, "spam", false)};
}

static struct str record_key(struct arena *a, struct ulid ticket, struct ulid job)
{
    return key_in(a, ulid_partition(ticket), "ju", id_print(ID_JOB, job).at);
}

static struct str name_of(struct arena *a, struct ulid ticket)
{
    return str_of(arena_strdup(a, id_print(ID_TICKET, ticket).at));
}

/* K1 */
static void add_record(struct edit *e, struct change *c, struct ulid job)
{
    struct standing was = before(e), is = after(e);
    struct doc *d = doc_object();
    struct str key = record_key(e->arena, e->ticket.id, job);

    doc_set(d, "before", standing_doc(&was));
    doc_set(d, "after", standing_doc(&is));
    change_add(c, 4, (struct str[]){STR("HSET"), key, name_of(e->arena, e->ticket.id), doc_print(d, e->arena)});
    change_add(c, 3, (struct str[]){STR("PEXPIRE"), key, str_int(e->arena, 2 * JOB_KEEP_MS)});
    doc_close(d);
}

/* ---- taking it back ---- */

static const char *differs(const struct edit *e, const struct standing *was, const struct standing *left)
{
    struct standing is = before(e);

    if (!str_equal(was->queue, left->queue) && !str_equal(is.queue, left->queue))
        return "its queue was changed since";
    if (was->priority != left->priority && is.priority != left->priority)
        return "its priority was changed since";
    if (!str_equal(was->owner, left->owner) && !str_equal(is.owner, left->owner))
        return "its owner was changed since";
    if (!str_equal(was->state, left->state) && !str_equal(is.state, left->state))
        return "its state was changed since";
    if (was->spam != left->spam && is.spam != left->spam)
        return "it was put aside, or taken back, since";
    return NULL;
}

static bool same(const struct standing *a, const struct standing *b)
{
    return str_equal(a->queue, b->queue) && a->priority == b->priority && str_equal(a->owner, b->owner) &&
           str_equal(a->state, b->state) && a->spam == b->spam;
}

/* The clock goes back with the state: what stopped it runs again, what ran is paused or stopped again. */
static const char *clock_back(struct str from, struct str to)
{
    enum ticket_state was, is;
    struct ticket_step step;

    if (str_equal(from, to) || !ticket_state_parse(from, &is) || !ticket_state_parse(to, &was) ||
        ticket_step(&step, is, ticket_staff_sets(was)) != ERR_OK)
        return "";
    return act_clock_word(step.clock);
}

static void put_back(struct edit *e, struct change *c, const struct standing *was, const struct standing *left)
{
    const char *clock = clock_back(left->state, was->state);

    if (!str_equal(was->queue, left->queue) || was->priority != left->priority) {
        e->queue = was->queue;
        e->rule = was->rule;
        e->priority = (int)was->priority;
        change_hset(c, ticket_key(e->arena, e->ticket.id), REROUTE_HAND, was->hand);
    }
    if (!str_equal(was->owner, left->owner)) {
        e->owner = was->owner;
        e->owner_name = was->owner_name;
    }
    if (!str_equal(was->state, left->state))
        e->state = was->state;
    e->spam = was->spam != left->spam ? was->spam : e->spam;
    edit_happened(e, c, "undone", STR(""), clock);
}

static void undo(struct edit *e, struct change *c, struct str record, const char **why)
{
    struct standing was, left;
    struct doc *d;

    if (doc_parse(&d, record, NULL, 0) != ERR_OK) {
        *why = "what was changed of it cannot be read";
        return;
    }
    was = standing_read(e->arena, doc_get(d, "before"));
    left = standing_read(e->arena, doc_get(d, "after"));
    doc_close(d);
    *why = same(&was, &left) ? "a note stays" : differs(e, &was, &left);
    if (*why == NULL)
        put_back(e, c, &was, &left);
}

/* ---- steps ---- */

/* One step over the tickets of a selection. */
struct bulk {
    struct job_turn *t;
    struct bulk_action action; /* of bulk and reroute */
    bool undoes;
    struct ulid of; /* the job that is taken back */
    struct edit edits[JOB_STEP_ITEMS];
    struct ulid ids[JOB_STEP_ITEMS];
    bool asked[JOB_STEP_ITEMS]; /* its change is on its way */
    size_t n;
};

enum { READS = EDIT_READS + 2 };

static void queue_reads(struct bulk *b, size_t i)
{
    struct arena *a = b->t->arena;
    struct edit *e = &b->edits[i];
    struct str name = name_of(a, b->ids[i]);

    *e = (struct edit){.redis = b->t->redis,
                       .keys = b->t->keys,
                       .rules = b->t->rules,
                       .arena = a,
                       .now_ms = b->t->now_ms,
                       .by = b->t->job->by};
    edit_queue_reads(e, b->ids[i]);
    redis_add(b->t->redis, 3, (struct str[]){STR("HGET"), record_key(a, b->ids[i], b->t->job->id), name});
    redis_add(b->t->redis, 3, (struct str[]){STR("HGET"), record_key(a, b->ids[i], b->of), name});
}

/* Queues its change where there is anything to do; otherwise says how it went. */
static void decide(struct bulk *b, size_t i, const struct redis_value v[READS])
{
    struct arena *a = b->t->arena;
    struct edit *e = &b->edits[i];
    struct change *c = change_begin(a);
    const char *why = NULL;
    enum err bad = edit_load(e, b->ids[i], v);

    b->asked[i] = false;
    if (v[EDIT_READS].kind == REDIS_TEXT) { /* a kill, and this job did it before */
        job_done(b->t, 1);
        return;
    }
    if (bad != ERR_OK) {
        job_failed(b->t, name_of(a, b->ids[i]), err_text(bad));
        return;
    }
    if (b->undoes && v[EDIT_READS + 1].kind != REDIS_TEXT)
        return; /* nothing was changed of it */
    if (b->undoes)
        undo(e, c, v[EDIT_READS + 1].text, &why);
    else
        bulk_act(e, c, &b->action, &why);
    if (why != NULL) {
        job_skipped(b->t, name_of(a, b->ids[i]), why);
        return;
    }
    add_record(e, c, b->t->job->id);
    edit_queue_change(e, c);
    b->asked[i] = true;
}

/* What is left of ids is asked again where somebody was faster; at last all is said. */
static enum err round_of(struct bulk *b, size_t *left)
{
    struct redis_value *v = NULL;
    size_t replies = 0, at = 0, again = 0;

    for (size_t i = 0; i < b->n; i++)
        queue_reads(b, i);

    enum err e = redis_flush(b->t->redis, b->t->arena, &v, &replies);

    for (size_t i = 0; e == ERR_OK && i < b->n; i++)
        decide(b, i, v + READS * i);
    if (e == ERR_OK)
        e = redis_flush(b->t->redis, b->t->arena, &v, &replies);
    for (size_t i = 0; e == ERR_OK && i < b->n; i++) {
        enum err bad = ERR_OK;

        if (!b->asked[i])
            continue;
        bad = change_outcome(b->t->redis, &v[at++], NULL);
        if (bad == ERR_CONFLICT)
            b->ids[again++] = b->ids[i];
        else if (bad == ERR_OK)
            job_done(b->t, 1);
        else
            e = bad;
    }
    *left = again;
    return e;
}

static enum err over_selection(struct bulk *b)
{
    struct job_turn *t = b->t;
    struct selection s;
    struct ulid sel;
    int64_t from = 0;
    size_t read;

    if (!id_parse(ID_SELECTION, doc_get_text(t->args, "selection"), &sel))
        return ERR_CORRUPT;

    enum err e = selection_read(t->redis, t->arena, sel, &s);

    if (e == ERR_OK && b->action.what == BULK_NOTE && !b->undoes)
        e = selection_note(t->redis, t->keys, t->arena, sel, &b->action.text);
    (void)str_number(t->place, &from);
    if (e == ERR_OK)
        e = selection_tickets(t->redis, t->arena, sel, from, JOB_STEP_ITEMS, b->ids, &b->n);
    read = b->n;
    for (int i = 0; e == ERR_OK && b->n > 0; i++)
        e = i < AGAIN_MAX ? round_of(b, &b->n) : ERR_BUSY;
    if (e != ERR_OK)
        return e;
    t->total = s.n;
    t->place = str_int(t->arena, from + (int64_t)read);
    t->ended = from + (int64_t)read >= s.n || read == 0;
    return ERR_OK;
}

enum err bulk_step(struct job_turn *t)
{
    struct bulk *b = arena_new(t->arena, struct bulk);
    enum err e = bulk_action_read(&b->action, doc_get(t->args, "action"), t->arena);

    b->t = t;
    if (b->action.owner_name.len == 0 && b->action.what == BULK_NOTE)
        b->action.owner_name = keep(t->arena, t->args, "by_name");
    return e == ERR_OK ? over_selection(b) : e;
}

enum err reroute_step(struct job_turn *t)
{
    struct bulk *b = arena_new(t->arena, struct bulk);

    b->t = t;
    b->action.what = BULK_REROUTE;
    return over_selection(b);
}

enum err undo_step(struct job_turn *t)
{
    struct bulk *b = arena_new(t->arena, struct bulk);

    b->t = t;
    b->undoes = true;
    return id_parse(ID_JOB, doc_get_text(t->args, "of"), &b->of) ? over_selection(b) : ERR_CORRUPT;
}
