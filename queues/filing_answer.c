/* filing_answer.c - a mail that answers one of ours: into that work, or apart?
 *
 *   ANSWER   where does the reference it answers lead?
 *   PEOPLE   who takes part there, and is its sender one of them (rules/joining.h)?
 *   VERDICT  the first answer to that is kept: whoever files it again goes the same way (F1), whoever has come or gone
 *            there since
 *   OWN      joins: its own reference becomes an alias of the writer's, and from here on it is a message like one that
 *            was typed on the page
 *   TELL     apart: it was filed like any other mail, and the work it answers is told of it */
#include "queues/filing_parts.h"
#include "queues/filing_steps.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/joining.h"

#include <inttypes.h>
#include <string.h>

enum { HINTS_MAX = 20 /* mails from elsewhere that one ticket is told of */ };

#define VERDICT_LIFE_MS (INT64_C(40) * 86400000) /* longer than the journal keeps anything */

static void go_apart(struct filing *f, enum joining_hint why)
{
    f->item.hint = str_of(joining_hint_word(why));
    f->step = RESOLVE;
}

/* ---- ANSWER ---- */

bool answers_somebody(const struct filing *f)
{
    uint64_t reference;

    return f->item.op == ITEM_REQUEST && f->item.answers.len > 0 && reference_parse(f->item.thread, &reference);
}

static enum err hear_pointer(struct filing *f, const struct redis_value *v)
{
    struct pointer p;
    struct ulid participant;

    if (v->kind != REDIS_TEXT || !ulid_parse(f->item.answers, &participant)) {
        go_apart(f, JOINING_UNKNOWN);
        return ERR_OK;
    }
    if (!pointer_parse(v->text, &p))
        return ERR_CORRUPT;
    if (p.alias) {
        f->answered = p.to; /* and ask again: filing_hear() bounds how often */
        return ERR_OK;
    }
    if (!ulid_equal(p.participant, participant)) {
        go_apart(f, JOINING_UNKNOWN);
        return ERR_OK;
    }
    f->account = p.account;
    f->ticket = p.ticket;
    f->participant = participant;
    f->step = PEOPLE;
    return ERR_OK;
}

/* ---- PEOPLE ---- */

static bool wrote(const struct filing *f, const struct participant *p)
{
    if (!f->mailbox || p->email.len == 0)
        return false;
    if (f->email.canonical.at == NULL)
        return str_equal(p->email, f->email.spelled);
    return str_is(str_of(p->email_index.at), blind_index(f->keys, INDEX_EMAIL, f->email.canonical).at);
}

static void judge_sender(struct filing *f, const struct participant *all, size_t n)
{
    struct joining_person *people = arena_array(f->arena, struct joining_person, n + 1);
    int who;

    for (size_t i = 0; i < n; i++)
        people[i] = (struct joining_person){ulid_equal(all[i].id, f->participant), wrote(f, &all[i])};
    who = joining_judge(people, n);
    f->joins = who != JOINING_NOBODY;
    if (f->joins)
        f->answered = all[who].reference;
    f->step = VERDICT;
}

static enum err hear_people(struct filing *f, const struct redis_value *v)
{
    struct participant *all;
    size_t n;
    enum err e = ticket_load(f->keys, f->arena, f->ticket, &v[0], false, &f->elsewhere);

    if (e == ERR_ABSENT) {
        go_apart(f, JOINING_UNKNOWN);
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = participants_load(f->keys, f->arena, &f->elsewhere, &v[1], &all, &n);
    if (e != ERR_OK)
        return e;
    f->hints = 0;
    for (size_t i = 0; i + 1 < v[0].count; i += 2)
        f->hints += str_starts(v[0].items[i].text, "sr:");
    judge_sender(f, all, n);
    return ERR_OK;
}

/* ---- VERDICT, OWN ---- */

/* "=<number>" as an alias has it, or "apart". */
static struct str alias_of(struct filing *f)
{
    return str_of(arena_printf(f->arena, "=%" PRIu64, f->answered));
}

static void ask_verdict(struct filing *f, struct redis *r)
{
    struct str key = key_at(f->arena, "j", arena_strdup(f->arena, id_print(ID_ITEM, f->item.ulid).at));

    redis_add_script(r, SCRIPT_KEEP, 1, 3,
                     (struct str[]){key, f->joins ? alias_of(f) : STR("apart"), str_int(f->arena, VERDICT_LIFE_MS)});
}

static void ask_own(struct filing *f, struct redis *r)
{
    redis_add(r, 4, (struct str[]){STR("SET"), pointer_key(f->arena, f->item.reference), alias_of(f), STR("NX")});
}

static enum err hear_verdict(struct filing *f, const struct redis_value *v)
{
    struct pointer p;

    if (str_is(v->text, "apart")) {
        f->tells = f->hints < HINTS_MAX;
        go_apart(f, JOINING_STRANGER);
        return ERR_OK;
    }
    if (!pointer_parse(v->text, &p) || !p.alias)
        return ERR_CORRUPT;
    f->answered = p.to;
    f->step = OWN;
    return ERR_OK;
}

/* From here on it is a message of its writer's. */
static void hear_own(struct filing *f)
{
    f->item.op = ITEM_MESSAGE;
    f->item.reference = f->reference = f->answered;
    f->target = pointer_key(f->arena, f->answered);
    f->aliased = false;
    f->step = FIND;
}

/* ---- TELL ---- */

void tell_after(struct filing *f)
{
    if (f->outcome != FILING_FILED || !f->tells)
        return;
    f->outcome = FILING_UNDER_WAY;
    f->step = TELL;
}

static void ask_tell(struct filing *f, struct redis *r)
{
    struct arena *a = f->arena;
    struct change *c = change_begin(a);
    const struct ticket *t = &f->elsewhere;
    const char *own = arena_strdup(a, reference_print(f->item.reference).at);

    change_hset(c, ticket_key(a, t->id), arena_printf(a, "sr:%s", id_print(ID_ITEM, f->item.ulid).at),
                str_of(arena_printf(a, "%s %s", own, joining_hint_word(JOINING_STRANGER))));
    change_live(c, "suggested", t->id, t->reference, t->queue, t->state, t->owner_name);
    change_queue(r, c, STR(""), STR(""), STR(""));
}

static void hear_tell(struct filing *f)
{
    f->tells = false;
    f->outcome = FILING_FILED;
}

void ask_answer(struct filing *f, struct redis *r)
{
    f->asked = 1;
    switch ((enum step)f->step) {
    case ANSWER:
        redis_add(r, 2, (struct str[]){STR("GET"), pointer_key(f->arena, f->answered)});
        break;
    case PEOPLE:
        ticket_queue_read(r, f->arena, f->ticket);
        participants_queue_read(r, f->arena, f->ticket);
        f->asked = 2;
        break;
    case VERDICT:
        ask_verdict(f, r);
        break;
    case TELL:
        ask_tell(f, r);
        break;
    default:
        ask_own(f, r);
        break;
    }
}

enum err hear_answer(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e != ERR_OK)
        return e;
    switch ((enum step)f->step) {
    case ANSWER:
        return hear_pointer(f, &v[0]);
    case PEOPLE:
        return hear_people(f, v);
    case VERDICT:
        return hear_verdict(f, &v[0]);
    case TELL:
        hear_tell(f);
        return ERR_OK;
    default:
        hear_own(f);
        return ERR_OK;
    }
}

/* ---- what staff are told ---- */

void add_suggestion(struct change *c, struct filing *f)
{
    enum joining_hint why = joining_hint_parse(f->item.hint);
    uint64_t reference;

    if (f->item.op != ITEM_REQUEST || why == JOINING_NOTHING || !reference_parse(f->item.thread, &reference))
        return;
    change_hset(c, ticket_key(f->arena, f->ticket), arena_printf(f->arena, "sg:%s", id_print(ID_ITEM, f->item.ulid).at),
                str_of(arena_printf(f->arena, "%s %s", reference_print(reference).at, joining_hint_word(why))));
}
