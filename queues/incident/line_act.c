/* line_act.c - what people do to a site on the line. */
#include "queues/incident/incident.h"
#include "queues/incident/line_parts.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

enum { AGAIN_MAX = 20 };

static const struct {
    const char *word;
    int event; /* RESTORATION_EVENTS: it leads nowhere */
} acts[LINE_ACTS] = {
    [LINE_BOOK] = {"book", RESTORATION_EVENTS},
    [LINE_RELEASE] = {"release", RESTORATION_EVENTS},
    [LINE_STEP] = {"step", RESTORATION_EVENTS},
    [LINE_SIGN] = {"sign", RESTORATION_SIGNED_OFF},
    [LINE_SEND_BACK] = {"send-back", RESTORATION_SENT_BACK},
    [LINE_MARK] = {"mark", RESTORATION_MARKED},
    [LINE_CLEAR] = {"clear", RESTORATION_CLEARED},
    [LINE_TAKE_AGAIN] = {"take-again", RESTORATION_TAKEN_AGAIN},
    [LINE_ACCEPT] = {"accept", RESTORATION_ACCEPTED},
    [LINE_REFUSE] = {"refuse", RESTORATION_REFUSED},
};

bool line_act_parse(struct str s, enum line_act_kind *out)
{
    for (int i = 0; i < LINE_ACCEPT; i++)
        if (str_is(s, acts[i].word)) {
            *out = (enum line_act_kind)i;
            return true;
        }
    return false;
}

/* One try: what is there, what follows, and whether anything does. */
struct bench {
    struct change *c;
    const struct keyring *keys;
    struct arena *arena;
    const struct line_act *what;
    struct line_site s;
    struct str key;
    enum restoration_state to;
    bool nothing; /* it is so already */
    const char *why;
};

static enum err refuse(struct bench *b, enum err e, const char *why)
{
    b->why = why;
    return e;
}

static bool same_member(struct str by, struct str other)
{
    return by.len > 0 && str_equal(str_cut(&by, ' '), str_cut(&other, ' '));
}

static bool holds(const struct bench *b)
{
    return same_member(b->s.holder, b->what->by) && b->s.lease_ms > b->what->now_ms;
}

static void lease(struct bench *b)
{
    change_hset(b->c, b->key, "holder", b->what->by);
    change_hset_int(b->c, b->key, "lease", b->what->now_ms + LINE_LEASE_MS);
}

static void put_down(struct bench *b)
{
    change_hset(b->c, b->key, "holder", STR(""));
    change_hset_int(b->c, b->key, "lease", 0);
}

/* N6: the checking begins with the newest checklist, and keeps it. */
static enum err book(struct bench *b)
{
    if (b->s.state != RESTORATION_OUR_VALIDATION)
        return refuse(b, ERR_CONFLICT, "the site does not wait for our validation");
    if (b->s.holder.len > 0 && b->s.lease_ms > b->what->now_ms && !same_member(b->s.holder, b->what->by))
        return refuse(b, ERR_CONFLICT, "somebody works on it");
    lease(b);
    if (redis_field(b->s.fields, "list").len == 0)
        change_hset_int(b->c, b->key, "list", 1);
    return ERR_OK;
}

static enum err release(struct bench *b)
{
    if (!same_member(b->s.holder, b->what->by))
        b->nothing = true;
    else
        put_down(b);
    return ERR_OK;
}

static struct str step_field(struct arena *a, int64_t round, struct str step)
{
    return str_of(arena_printf(a, "d:%lld:%s", (long long)round, str_copy(a, step)));
}

static enum err step(struct bench *b)
{
    struct str done[CHECKLIST_STEPS_MAX];
    struct checklist list;
    const struct checklist_step *s;
    struct buf d = {0};
    struct str field;
    enum err e = line_steps(b->keys, b->arena, &b->s, &list, done);

    if (e != ERR_OK)
        return e;
    s = checklist_find(&list, b->what->step);
    if (s == NULL)
        return refuse(b, ERR_INPUT, "no such step is on the checklist");
    if (!checklist_evidence_fits(s, b->what->words))
        return refuse(b, ERR_INPUT, "this step wants other evidence");
    if (b->s.state != RESTORATION_OUR_VALIDATION)
        return refuse(b, ERR_CONFLICT, "the site does not wait for our validation");
    if (b->s.first.len > 0)
        return refuse(b, ERR_CONFLICT, "it was signed already");
    if (!holds(b))
        return refuse(b, ERR_CONFLICT, "book the site first");
    field = step_field(b->arena, b->s.round, b->what->step);
    doc_flat_text(&d, "by", b->what->by);
    doc_flat_int(&d, "at", b->what->now_ms);
    doc_flat_text(&d, "evidence", b->what->words);
    change_hset(b->c, b->key, field.at, seal(b->keys, b->arena, doc_flat_print(&d, b->arena), field));
    buf_free(&d);
    lease(b);
    return ERR_OK;
}

static struct ulid member_of(struct str by)
{
    struct ulid who = {0};

    (void)id_parse(ID_STAFF, str_cut(&by, ' '), &who);
    return who;
}

static enum err all_done(struct bench *b)
{
    struct str done[CHECKLIST_STEPS_MAX], keys[CHECKLIST_STEPS_MAX];
    struct checklist list;
    size_t n = 0;
    enum err e = line_steps(b->keys, b->arena, &b->s, &list, done);

    for (size_t i = 0; e == ERR_OK && i < list.n; i++)
        if (done[i].at != NULL)
            keys[n++] = list.step[i].key;
    if (e == ERR_OK && checklist_missing(&list, keys, n) != NULL)
        return refuse(b, ERR_CONFLICT,
                      arena_printf(b->arena, "a step is not done: %s", checklist_missing(&list, keys, n)->key.at));
    return e;
}

/* The second signature takes the site on; the first lets it be booked by somebody else. *moves: it was the second. */
static enum err sign(struct bench *b, bool *moves)
{
    enum err e;

    *moves = false;
    if (b->s.state != RESTORATION_OUR_VALIDATION) {
        b->nothing = same_member(b->s.second, b->what->by) && b->s.state == RESTORATION_CUSTOMER_VALIDATION;
        return b->nothing ? ERR_OK : refuse(b, ERR_CONFLICT, "the site does not wait for our validation");
    }
    switch (checklist_sign(member_of(b->s.first), member_of(b->s.second), b->what->who)) {
    case CHECKLIST_FIRST:
        e = all_done(b);
        if (e != ERR_OK)
            return e;
        if (!holds(b))
            return refuse(b, ERR_CONFLICT, "book the site first");
        change_hset(b->c, b->key, "first", b->what->by);
        put_down(b);
        return ERR_OK;
    case CHECKLIST_SECOND:
        *moves = true;
        change_hset(b->c, b->key, "second", b->what->by);
        put_down(b);
        return ERR_OK;
    case CHECKLIST_SAME_PERSON:
        return refuse(b, ERR_CONFLICT, "the second signature is somebody else's");
    case CHECKLIST_SIGNED:
        break;
    }
    b->nothing = true;
    return ERR_OK;
}

static bool is_answer(const struct bench *b)
{
    return b->what->kind == LINE_ACCEPT || b->what->kind == LINE_REFUSE;
}

/* A customer whose answer was lost sends it again, when the site is elsewhere already. */
static struct str answer_of(const struct bench *b)
{
    return str_of(arena_printf(b->arena, "%s %s", acts[b->what->kind].word, str_copy(b->arena, b->what->by)));
}

/* What leads somewhere: it is the last that counted, whenever that was told. */
static enum err go(struct bench *b, enum restoration_event event)
{
    struct line_event e = {.id = ulid_fresh(),
                           .event = event,
                           .outcome = LINE_APPLIED,
                           .at_ms = b->what->now_ms > b->s.at_ms ? b->what->now_ms : b->s.at_ms,
                           .now_ms = b->what->now_ms,
                           .by = b->what->by,
                           .words = b->what->words};

    if (is_answer(b) && str_equal(redis_field(b->s.fields, "answered"), answer_of(b))) {
        b->nothing = true;
        return ERR_OK;
    }
    if (restoration_step(b->s.state, event, false, &b->to) != ERR_OK)
        return refuse(b, ERR_CONFLICT, "this step is not possible from its state");
    if (b->to == b->s.state && event != RESTORATION_REFUSED) {
        b->nothing = true;
        return ERR_OK;
    }
    change_line(b->c, b->keys, &b->s, &e, b->to);
    change_hset(b->c, b->key, "answered", is_answer(b) ? answer_of(b) : STR(""));
    return ERR_OK;
}

static void note(struct bench *b)
{
    struct line_event e = {.id = ulid_fresh(),
                           .outcome = LINE_APPLIED,
                           .at_ms = b->what->now_ms,
                           .now_ms = b->what->now_ms,
                           .by = b->what->by,
                           .words = b->what->step.len > 0
                                        ? str_of(arena_printf(b->arena, "%s: %s", str_copy(b->arena, b->what->step),
                                                              str_copy(b->arena, b->what->words)))
                                        : b->what->words,
                           .act = acts[b->what->kind].word};
    change_line_note(b->c, b->keys, &b->s, &e);
}

static enum err decide(struct bench *b)
{
    bool moves = acts[b->what->kind].event != RESTORATION_EVENTS;
    enum err e = ERR_OK;

    switch (b->what->kind) {
    case LINE_BOOK:
        e = book(b);
        break;
    case LINE_RELEASE:
        e = release(b);
        break;
    case LINE_STEP:
        e = step(b);
        break;
    case LINE_SIGN:
        e = sign(b, &moves);
        break;
    default:
        break;
    }
    if (e != ERR_OK || b->nothing)
        return e;
    if (moves)
        return go(b, (enum restoration_event)acts[b->what->kind].event);
    note(b);
    return ERR_OK;
}

enum err line_do(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct ulid site,
                 const struct line_act *what, struct line_site *out, const char **why)
{
    for (int i = 0; i < AGAIN_MAX; i++) {
        struct bench b = {.c = change_begin(a), .keys = k, .arena = a, .what = what};
        enum err e = line_read(r, k, a, slug, site, &b.s);

        b.key = line_key(a, slug, b.s.account, site);
        if (e == ERR_OK)
            e = decide(&b);
        if (e == ERR_OK && !b.nothing)
            e = change_run(r, a, b.c, STR(""), b.key, b.s.version, NULL);
        else if (b.why != NULL)
            *why = b.why;
        if (e == ERR_CONFLICT && b.why == NULL)
            continue; /* somebody was faster */
        return e == ERR_OK ? line_read(r, k, a, slug, site, out) : e;
    }
    return ERR_BUSY;
}
