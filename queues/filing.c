#include "queues/filing.h"

#include "queues/filing_parts.h"
#include "queues/filing_steps.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct str ulid_text(struct arena *a, struct ulid u)
{
    char s[ULID_CHARS + 1];

    ulid_print(u, s);
    return str_of(arena_strdup(a, s));
}

void filing_begin(struct filing *f)
{
    f->outcome = FILING_UNDER_WAY;
    f->step = f->item.op == ITEM_MESSAGE ? FIND : answers_somebody(f) ? ANSWER : RESOLVE;
    f->asked = 0;
    f->rounds = 0;
    f->reference = f->item.reference;
    f->target = pointer_key(f->arena, f->item.reference);
    f->linked = f->pointed = (struct ulid){0};
    f->aliased = f->repeat = false;
    f->chain_count = f->work_count = f->work_at = 0;
    f->person = (struct person){0};
    f->cluster = (struct str){NULL, 0};
    f->joins = f->tells = false;
    if (f->lists != NULL)
        forget_lists(f);
    (void)reference_parse(f->item.thread, &f->answered);
    f->inquiry = NULL;
    mailbox_read(f);
    if (is_return(f))
        begin_return(f);
    if (is_of_line(f))
        begin_line(f);
}

size_t filing_asked(const struct filing *f)
{
    return f->asked;
}

void filing_keep(struct filing *f)
{
    f->ignore_key = true;
    filing_begin(f);
}

/* ---- open: new work ---- */

/* What the reference led to before is left behind: closed work, or what a change that came too late was about. */
void ask_pointer(struct filing *f, struct redis *r)
{
    bool message = f->item.op == ITEM_MESSAGE;
    struct point p = {f->item.ulid, f->account, f->ticket, f->participant, message ? f->linked : f->pointed};

    pointer_queue_lead(r, f->arena, message ? f->target : pointer_key(f->arena, f->item.reference), &p);
    f->pointed = f->ticket;
    f->asked++;
}

void ask_original(struct filing *f, struct redis *r)
{
    struct str name = str_of(arena_strdup(f->arena, id_print(ID_ITEM, f->item.ulid).at));
    struct str raw = original_print(f);

    redis_add(
        r, 4,
        (struct str[]){STR("SET"), key_at(f->arena, "i", name.at), seal(f->keys, f->arena, raw, name), STR("NX")});
    f->asked++;
}

struct str once_key(struct filing *f, unsigned partition)
{
    return key_in(f->arena, partition, "i", id_print(ID_ITEM, f->item.ulid).at);
}

static void ask_change(struct filing *f, struct redis *r, struct change *c, struct str versioned, struct str version)
{
    struct str once = once_key(f, ulid_partition(f->ticket));

    change_add(c, 3, (struct str[]){STR("SET"), once, ulid_text(f->arena, f->ticket)});
    change_queue(r, c, once, versioned, version);
    f->change_at = f->asked++;
}

/* The reference comes last: where it leads somewhere, all before it is done. */
static void ask_open(struct filing *f, struct redis *r)
{
    struct change *c = change_begin(f->arena);

    change_open_work(c, f);
    ask_original(f, r);
    ask_files(f, r);
    ask_change(f, r, c, STR(""), STR(""));
    ask_evidence(f, r);
    ask_heard(f, r);
    ask_pointer(f, r);
}

enum err all_good(struct filing *f, struct redis *r, const struct redis_value *v)
{
    for (size_t i = 0; i < f->asked; i++) {
        enum err e = redis_value_err(r, &v[i]);

        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* The answer to ask_pointer(): is it ours? */
static void check_pointer(const struct filing *f, const struct redis_value *v)
{
    struct pointer p;

    if (v->kind == REDIS_TEXT && pointer_parse(v->text, &p) && !p.alias && !ulid_equal(p.participant, f->participant))
        log_error("reference_taken", "item=%s", id_print(ID_ITEM, f->item.ulid).at);
}

static void filed(struct filing *f)
{
    f->mailed = (asks_code(f) || asks_ack(f)) && !f->before;
    f->outcome = FILING_FILED;
}

static enum err hear_open(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e == ERR_OK)
        e = change_outcome(r, &v[f->change_at], &f->before);
    if (e == ERR_CONFLICT) { /* this person's work was opened meanwhile: N2 of attach.h */
        f->rounds = 0;
        start_attach(f);
        return ERR_OK;
    }
    if (e == ERR_OK) {
        check_pointer(f, &v[f->asked - 1]);
        filed(f);
    }
    return e;
}

/* ---- alias: the same key came by another way ---- */

static void ask_alias(struct filing *f, struct redis *r)
{
    struct str value = str_of(arena_printf(f->arena, "=%" PRIu64, f->reference));

    redis_add(r, 4, (struct str[]){STR("SET"), pointer_key(f->arena, f->item.reference), value, STR("NX")});
    f->asked++;
}

static enum err hear_alias(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e == ERR_OK)
        f->outcome = FILING_FOLDED;
    return e;
}

/* ---- find, read, join: more of what is there ---- */

static void ask_find(struct filing *f, struct redis *r)
{
    redis_add(r, 2, (struct str[]){STR("GET"), f->target});
    f->asked = 1;
    if (f->item.op == ITEM_MESSAGE && asks_key(f))
        ask_key(f, r);
}

static enum err hear_find(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);
    struct pointer p;
    struct ulid holder;

    if (e == ERR_OK && f->asked > 1)
        e = hear_first(f, v[1].text, false);
    if (e != ERR_OK || f->outcome != FILING_UNDER_WAY)
        return e;
    if (v[0].kind != REDIS_TEXT) {
        /* The first of a pair of repeats is not filed: this one opens the work instead. */
        if (f->item.op == ITEM_REQUEST)
            start_attach(f);
        else
            f->outcome = FILING_EARLY;
        return ERR_OK;
    }
    if (!pointer_parse(v[0].text, &p))
        return ERR_CORRUPT;
    if (p.alias) {
        f->target = pointer_key(f->arena, p.to);
        f->aliased = true;
        return ERR_OK;
    }
    p.alias = f->aliased;
    if (f->item.op == ITEM_MESSAGE && ulid_parse(f->item.holder, &holder) && !pointer_is_of(&p, holder)) {
        f->outcome = FILING_EARLY; /* the reference is somebody else's: it waits for somebody to look */
        return ERR_OK;
    }
    /* Words come together only within one account, whoever repeats them. */
    if (f->item.op == ITEM_REQUEST && !ulid_equal(p.account, f->home)) {
        start_attach(f);
        return ERR_OK;
    }
    f->ticket = p.ticket;
    f->repeat = f->item.op == ITEM_REQUEST;
    if (f->item.op == ITEM_MESSAGE)
        f->participant = p.participant;
    f->work_count = f->work_at = 0;
    while (f->work_count < p.more_count && f->work_count < FILING_WORKS_MAX) {
        f->works[f->work_count] = p.more[f->work_count];
        f->work_count++;
    }
    f->step = READ;
    return ERR_OK;
}

static void ask_read(struct filing *f, struct redis *r)
{
    ticket_queue_read(r, f->arena, f->ticket);
    history_queue_read(r, f->arena, f->ticket);
    redis_add(r, 2, (struct str[]){STR("GET"), once_key(f, ulid_partition(f->ticket))});
    f->asked = 3;
    if (f->item.op == ITEM_MESSAGE && asks_external(f))
        ask_external(f, r);
}

/* Words that opened linked work whose reference still leads to the closed one: a crash came between the two. */
static bool pointer_lags(const struct filing *f, struct ulid opened)
{
    return memcmp(opened.bytes, f->ticket.bytes, sizeof opened.bytes) > 0;
}

static enum err load_work(struct filing *f, const struct redis_value *v)
{
    enum ticket_state state;
    enum err e = ticket_load(f->keys, f->arena, f->ticket, &v[0], false, &f->at);

    if (e == ERR_OK)
        e = history_load(f->arena, &v[1], &f->history, &f->history_count);
    if (e == ERR_OK && !ticket_state_parse(f->at.state, &state))
        e = ERR_CORRUPT;
    if (e == ERR_OK &&
        ticket_step(&f->join_step, state, f->item.automatic ? TICKET_ROBOT_WRITES : TICKET_CUSTOMER_WRITES) != ERR_OK)
        e = ERR_CORRUPT;
    if (e == ERR_OK)
        f->account = f->at.account;
    return e;
}

/* They were moved while this one was on its way: to a further ticket that their reference knows of, or will. */
static enum err find_words(struct filing *f)
{
    if (f->work_at < f->work_count)
        f->ticket = f->works[f->work_at++];
    else
        f->step = FIND;
    return ERR_OK;
}

static enum err hear_read_message(struct filing *f, const struct redis_value *v)
{
    struct ulid filed_at;
    bool before = ulid_parse(v[2].text, &filed_at); /* what has become of its ticket since must not matter: F1 */
    enum err e = !before && f->asked > 3 ? hear_first(f, v[3].text, true) : ERR_OK;

    if (e != ERR_OK || f->outcome != FILING_UNDER_WAY)
        return e;
    if (!before && !ticket_has(&f->at, f->arena, f->participant))
        return find_words(f);
    f->home = ticket_home(&f->at, f->arena, f->participant);
    ticket_person(&f->at, f->arena, f->participant, &f->person);
    if (!f->join_step.opens_linked || (before && !pointer_lags(f, filed_at))) {
        f->step = JOIN;
        return ERR_OK;
    }
    f->linked = f->ticket;
    f->step = INHERIT;
    return ERR_OK;
}

static enum err hear_read_request(struct filing *f, const struct redis_value *v)
{
    struct ulid filed_at;

    if (ulid_parse(v[2].text, &filed_at)) {
        f->ticket = filed_at;
        f->step = SETTLE;
        return ERR_OK;
    }
    if (!f->repeat)
        return judge_work(f);
    if (!f->join_step.opens_linked && !ticket_is_spam(&f->at)) {
        f->step = JOIN;
        return ERR_OK;
    }
    if (f->join_step.opens_linked)
        f->linked = f->ticket;
    start_attach(f);
    return ERR_OK;
}

static enum err hear_read(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e == ERR_OK)
        e = load_work(f, v);
    if (e == ERR_ABSENT && f->item.op == ITEM_REQUEST)
        return next_work(f, true);
    if (e != ERR_OK)
        return e;
    return f->item.op == ITEM_MESSAGE ? hear_read_message(f, v) : hear_read_request(f, v);
}

/* Words on closed work open new work for the same person: same address, same level, same reference. */
static enum err hear_inherit(struct filing *f, struct redis *r, const struct redis_value *v)
{
    struct participant *all;
    size_t n;
    enum err e = redis_value_err(r, &v[0]);

    if (e == ERR_OK)
        e = participants_load(f->keys, f->arena, &f->at, &v[0], &all, &n);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, f->participant))
            f->heir = all[i];
    f->item.email = f->heir.email;
    f->item.phone = f->heir.phone;
    f->item.name = f->heir.name;
    mailbox_read(f);
    f->item.impact = f->at.impact;
    inherit_facts(f);
    f->item.language = f->at.language;
    f->whose = (struct resolution){.account = f->home,
                                   .known = str_is(redis_field(f->at.fields, "known"), "1"),
                                   .tier = redis_field(f->at.fields, "tier"),
                                   .region = redis_field(f->at.fields, "region"),
                                   .score = f->at.score,
                                   .reasons = f->at.reasons};
    f->ticket = ulid_in(f->item.ulid, ulid_partition(f->ticket));
    f->step = OPEN;
    return ERR_OK;
}

static void ask_join(struct filing *f, struct redis *r)
{
    struct change *c = change_begin(f->arena);

    change_join_work(c, f);
    ask_original(f, r);
    ask_files(f, r);
    ask_evidence(f, r);
    ask_heard(f, r);
    ask_change(f, r, c, ticket_key(f->arena, f->ticket), f->at.version);
    if (f->item.op == ITEM_REQUEST)
        ask_pointer(f, r);
}

static enum err hear_join(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e == ERR_OK)
        e = change_outcome(r, &v[f->change_at], &f->before);
    if (e == ERR_CONFLICT) { /* somebody was faster: look again, however often; each time somebody got further */
        f->step = READ;
        f->rounds = 0;
        return ERR_OK;
    }
    if (e == ERR_OK)
        filed(f);
    return e;
}

bool filing_ask(struct filing *f, struct redis *r)
{
    f->asked = 0;
    if (f->outcome != FILING_UNDER_WAY)
        return false;
    switch ((enum step)f->step) {
    case RESOLVE:
        ask_resolve(f, r);
        break;
    case WEIGH:
        ask_weigh(f, r);
        break;
    case FOLLOW:
        ask_follow(f, r);
        break;
    case ATTACH:
        ask_attach(f, r);
        break;
    case CLAIM:
        ask_root(f, r);
        break;
    case KIN:
        ask_kin(f, r);
        break;
    case BEFORE:
        ask_before(f, r);
        break;
    case SETTLE:
        ask_settle(f, r);
        break;
    case OPEN:
        ask_open(f, r);
        break;
    case ALIAS:
        ask_alias(f, r);
        break;
    case FIND:
        ask_find(f, r);
        break;
    case READ:
        ask_read(f, r);
        break;
    case INHERIT:
        participants_queue_read(r, f->arena, f->ticket);
        f->asked = 1;
        break;
    case JOIN:
        ask_join(f, r);
        break;
    case LINE:
        ask_line(f, r);
        break;
    default: /* of mails, in the order of enum step */
        f->step < RETURN ? ask_answer(f, r) : ask_return(f, r);
        break;
    }
    assert(f->asked > 0 && f->asked <= FILING_ASK_MAX);
    return true;
}

static enum err hear_step(struct filing *f, struct redis *r, const struct redis_value *replies)
{
    switch ((enum step)f->step) {
    case RESOLVE:
        return hear_resolve(f, r, replies);
    case WEIGH:
        return hear_weigh(f, r, replies);
    case FOLLOW:
        return hear_follow(f, r, replies);
    case ATTACH:
        return hear_attach(f, r, replies);
    case CLAIM:
        return hear_root(f, r, replies);
    case KIN:
        return hear_kin(f, r, replies);
    case BEFORE:
        return hear_before(f, r, replies);
    case SETTLE:
        return hear_settle(f, r, replies);
    case OPEN:
        return hear_open(f, r, replies);
    case ALIAS:
        return hear_alias(f, r, replies);
    case FIND:
        return hear_find(f, r, replies);
    case READ:
        return hear_read(f, r, replies);
    case INHERIT:
        return hear_inherit(f, r, replies);
    case JOIN:
        return hear_join(f, r, replies);
    case LINE:
        return hear_line(f, r, replies);
    default:
        return f->step < RETURN ? hear_answer(f, r, replies) : hear_return(f, r, replies);
    }
}

enum err filing_hear(struct filing *f, struct redis *r, const struct redis_value *replies)
{
    if (++f->rounds > FILING_ROUNDS_MAX)
        return ERR_BUSY;

    enum err e = hear_step(f, r, replies);

    if (e == ERR_OK)
        tell_after(f);
    return e;
}
