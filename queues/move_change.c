/* What the steps of move.h change. */
#include "queues/move_parts.h"

#include "queues/keys.h"
#include "queues/placing.h"
#include "queues/silent.h"
#include "queues/word.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <string.h>

enum { SUBJECT_CODE_POINTS = 80 };

static struct str id_of(struct arena *a, enum id_kind kind, struct ulid u)
{
    return str_of(arena_strdup(a, id_print(kind, u).at));
}

static const char *field_of(struct arena *a, const char *name, struct ulid participant)
{
    return arena_printf(a, "%s:%s", name, id_print(ID_PARTICIPANT, participant).at);
}

static bool has_participant(const struct message *x)
{
    return !ulid_equal(x->participant, (struct ulid){0});
}

/* ---- a ticket by its words ---- */

/* What follows for a ticket from the words that are on it. */
struct summary {
    struct str channels, last;
    int64_t first_ms, heard_ms;
    const struct message *first, *newest; /* first: of a customer */
    bool of_customer;                     /* somebody's own words are among them */
};

static void add_channel(struct buf *b, struct str channel)
{
    struct str all = buf_view(b), rest = all;

    if (channel.len == 0)
        return;
    while (rest.len > 0)
        if (str_equal(str_cut(&rest, ' '), channel))
            return;
    if (b->len > 0)
        buf_char(b, ' ');
    buf_str(b, channel);
}

static void summarise(struct summary *s, struct buf *channels, const struct message *x)
{
    if (s->newest == NULL || memcmp(s->newest->id.bytes, x->id.bytes, sizeof x->id.bytes) < 0)
        s->newest = x;
    if (x->who != MESSAGE_YOU)
        return;
    s->of_customer = true;
    add_channel(channels, x->channel);
    if (s->first == NULL || x->at_ms < s->first->at_ms)
        s->first = x;
    if (x->at_ms > s->heard_ms)
        s->heard_ms = x->at_ms;
}

static void end_summary(struct arena *a, struct summary *s, struct buf *channels)
{
    s->channels = (struct str){str_copy(a, buf_view(channels)), channels->len};
    buf_free(channels);
    if (s->newest != NULL)
        s->last = id_of(a, ID_MESSAGE, s->newest->id);
}

static bool came(const struct move_side *to, const struct message *x)
{
    for (size_t i = 0; i < to->message_count; i++)
        if (ulid_equal(to->messages[i].id, x->id))
            return true;
    return false;
}

/* The other side as it will be when all has come. */
static struct summary of_both(const struct move_run *r)
{
    struct summary s = {0};
    struct buf channels = {0};

    for (size_t i = 0; i < r->to.message_count; i++)
        summarise(&s, &channels, &r->to.messages[i]);
    for (size_t i = 0; i < r->from.message_count; i++)
        if (move_selects(&r->what, &r->from.messages[i]) && !came(&r->to, &r->from.messages[i]))
            summarise(&s, &channels, &r->from.messages[i]);
    end_summary(r->m->arena, &s, &channels);
    return s;
}

static struct summary of_rest(const struct move_run *r)
{
    struct summary s = {0};
    struct buf channels = {0};

    for (size_t i = 0; i < r->from.message_count; i++)
        if (!move_selects(&r->what, &r->from.messages[i]))
            summarise(&s, &channels, &r->from.messages[i]);
    end_summary(r->m->arena, &s, &channels);
    return s;
}

static const struct happening *with(struct arena *a, const struct move_side *s, const struct happening *more)
{
    struct happening *all = arena_array(a, struct happening, s->history_count + 1);

    if (s->history_count > 0)
        memcpy(all, s->history, s->history_count * sizeof *all);
    all[s->history_count] = *more;
    return all;
}

static void set_summary(struct change *c, struct str key, const struct summary *s, int64_t now_ms)
{
    if (s->last.len > 0)
        change_hset(c, key, "last", s->last);
    change_hset(c, key, "channels", s->channels);
    change_hset_int(c, key, "heard", s->heard_ms);
    change_hset_int(c, key, "updated", now_ms);
}

static struct happening moved(const struct move_run *r, const char *kind, struct ulid other)
{
    return (struct happening){.id = r->what.id,
                              .at_ms = r->what.at_ms,
                              .kind = str_of(kind),
                              .by = r->what.by,
                              .detail = id_of(r->m->arena, ID_TICKET, other),
                              .clock = STR("")};
}

static void audit(struct change *c, const struct move_run *r, const char *action, struct ulid ticket, struct str detail)
{
    change_audit(c, r->m->keys, ulid_partition(ticket), r->what.at_ms, r->what.by, action,
                 id_of(r->m->arena, ID_TICKET, ticket).at, detail);
}

/* ---- a ticket that is made for them ---- */

static struct str one_line(struct arena *a, struct str text)
{
    char *p = str_copy(a, text_first(str_trim(text), SUBJECT_CODE_POINTS));

    for (char *c = p; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    return str_of(p);
}

/* The reference by which its person knows it. */
static uint64_t reference_of(const struct move_run *r, const struct summary *s)
{
    const struct participant *p = s->first != NULL ? move_person(&r->from, s->first->participant) : NULL;

    return p != NULL && p->reference != 0 ? p->reference : r->from.ticket.reference;
}

static struct happening opened(const struct move_run *r, const struct summary *s)
{
    const struct message *first = s->first != NULL ? s->first : s->newest;

    return (struct happening){.id = first->id,
                              .at_ms = first->at_ms,
                              .kind = STR("opened"),
                              .by = id_of(r->m->arena, ID_PARTICIPANT, first->participant),
                              .detail = first->channel,
                              .clock = STR("opened")};
}

static void add_fields(struct change *c, struct move_run *r, const struct summary *s, const struct happening *open,
                       const struct placing *where)
{
    struct arena *a = r->m->arena;
    static const char *const kept[] = {"cluster", "followers", "executive", "class"}; /* the first with its account */
    const struct ticket *t = &r->from.ticket;
    struct str key = ticket_key(a, r->what.to), bound = id_of(a, ID_TICKET, r->what.to);
    struct str subject = one_line(a, (s->first != NULL ? s->first : s->newest)->text), at = str_int(a, open->at_ms);
    struct words words = {0};

    change_add(c, 40, (struct str[]){STR("HSET"),       key,
                                     STR("acc"),        id_of(a, ID_ACCOUNT, r->what.account),
                                     STR("ref"),        str_int(a, (int64_t)r->to.ticket.reference),
                                     STR("state"),      STR("open"),
                                     STR("queue"),      where->queue,
                                     STR("priority"),   str_int(a, where->priority),
                                     STR("rule"),       where->rule,
                                     STR("opened"),     at,
                                     STR("replied"),    STR("0"),
                                     STR("language"),   t->language,
                                     STR("impact"),     t->impact,
                                     STR("subject"),    seal(r->m->keys, a, subject, bound),
                                     STR("owner"),      STR(""),
                                     STR("owner_name"), STR(""),
                                     STR("claims"),     seal(r->m->keys, a, STR("{}"), bound),
                                     STR("score"),      str_int(a, t->score),
                                     STR("reasons"),    t->reasons,
                                     STR("tier"),       redis_field(t->fields, "tier"),
                                     STR("region"),     redis_field(t->fields, "region"),
                                     STR("known"),      redis_field(t->fields, "known")});
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (redis_field(t->fields, kept[i]).len > 0 && (i > 0 || ulid_equal(t->account, r->what.account)))
            change_hset(c, key, kept[i], redis_field(t->fields, kept[i]));
    change_zadd(c, key_in(a, ulid_partition(r->what.to), "w", id_of(a, ID_ACCOUNT, r->what.account).at), open->at_ms,
                bound);
    words_add(&words, a, subject);
    change_words(c, r->m->keys, ulid_partition(r->what.to), bound, open->at_ms, &words);
    change_happening(c, r->what.to, open);
    change_audit(c, r->m->keys, ulid_partition(r->what.to), r->what.at_ms, STR("system"), "ticket.opened", bound.at,
                 where->rule);
}

/* What the rules say of it; the first words open it, whenever they were written. */
static void open_ticket(struct change *c, struct move_run *r, const struct summary *s, struct placing *where)
{
    static const struct redis_value nothing = {.kind = REDIS_LIST};
    struct happening open = opened(r, s);
    struct ticket *t = &r->to.ticket;
    struct facts facts;

    *t = r->from.ticket;
    t->id = r->what.to;
    t->partition = ulid_partition(r->what.to);
    t->account = r->what.account;
    t->reference = reference_of(r, s);
    t->version = STR("0");
    t->channels = s->channels;
    t->state = STR("open");
    t->owner = t->owner_name = STR("");
    facts = ticket_facts(r->m->rules, t, t->level);
    place(r->m->rules, &facts, &open, 1, r->m->now_ms, r->m->arena, where);
    t->queue = where->queue;
    t->fields = &nothing;
    add_fields(c, r, s, &open, where);
}

/* ---- copy ---- */

static struct ulid home_of(const struct move_run *r, struct ulid participant)
{
    return r->what.take ? r->what.account : ticket_home(&r->from.ticket, r->m->arena, participant);
}

/* What goes along of a level: a mailbox that was reached, and that it is on record with this customer. More rests on
 * what was shown, which goes along too (proof.h), and counts when it is judged there. */
static void copy_level(struct change *c, const struct move_run *r, const struct participant *p)
{
    int most = r->what.take ? 1 : 2, level = p->level < most ? p->level : most;
    const struct participant *there = move_person(&r->to, p->id);

    if (there != NULL && there->level >= level)
        return;
    change_level(c, r->what.to, p->id, level, level == 2 && p->stale, level == 2 ? p->authorised : 0);
}

static void copy_person(struct change *c, struct move_run *r, const struct participant *p, int64_t heard_ms)
{
    struct arena *a = r->m->arena;
    const struct participant *there = move_person(&r->to, p->id);
    struct person who;

    ticket_person(&r->from.ticket, a, p->id, &who);
    if (there == NULL)
        change_participant(c, r->m->keys, r->what.to, p);
    copy_level(c, r, p);
    if (!r->what.take) /* what was shown was about another customer */
        change_proofs_of(c, r->m->keys, r->what.to, &r->from.shown, p->id);
    change_participant_home(c, r->what.to, r->to.ticket.account, p->id, &who, home_of(r, p->id));
    change_open_work_set(c, r->to.ticket.account, &who, r->what.to, heard_ms, r->m->now_ms);
}

static void copy_message(struct change *c, struct move_run *r, const struct message *x)
{
    struct arena *a = r->m->arena;
    struct message m = *x;

    if (r->what.take && m.who == MESSAGE_YOU)
        m.home = r->what.account;
    change_message(c, r->m->keys, r->what.to, &m);
    if (ulid_equal(x->item, (struct ulid){0}))
        return;

    char ticket[ULID_CHARS + 1];

    ulid_print(r->what.to, ticket);
    change_add(c, 3,
               (struct str[]){STR("SET"), key_in(a, ulid_partition(r->what.to), "i", id_print(ID_ITEM, x->item).at),
                              str_of(arena_strdup(a, ticket))});
}

/* Fills the change with messages and whoever they need. Returns what has come then. */
static struct str copy_chunk(struct change *c, struct move_run *r, int64_t heard_ms)
{
    const struct participant *taken[MOVE_CHUNK_PEOPLE];
    size_t people = 0, messages = 0;
    struct buf got = {0};

    buf_str(&got, r->got);
    for (size_t i = 0; i < r->from.message_count && messages < MOVE_CHUNK; i++) {
        const struct message *x = &r->from.messages[i];
        const struct participant *p = has_participant(x) ? move_person(&r->from, x->participant) : NULL;
        size_t known = 0;
        char id[ULID_CHARS + 1];

        if (!move_selects(&r->what, x) || move_has_come(r, x))
            continue;
        while (p != NULL && known < people && taken[known] != p)
            known++;
        if (p != NULL && known == people) {
            if (people == MOVE_CHUNK_PEOPLE)
                continue;
            taken[people++] = p;
            copy_person(c, r, p, heard_ms);
        }
        copy_message(c, r, x);
        ulid_print(x->id, id);
        buf_printf(&got, "%s ", id);
        messages++;
    }

    struct str all = {str_copy(r->m->arena, buf_view(&got)), got.len};

    buf_free(&got);
    return all;
}

/* O6. Sets what it means to the clocks; as it was told with an earlier chunk. */
static struct str state_with_words(const struct move_run *r, struct happening *in)
{
    const struct ticket *t = &r->to.ticket;
    struct str was = redis_field(t->fields, "emptied");

    for (size_t i = 0; i < r->to.history_count; i++)
        if (ulid_equal(r->to.history[i].id, in->id))
            in->clock = r->to.history[i].clock;
    if (was.len > 0)
        return was;
    if (ticket_is_open(t) || ticket_is_spam(t) || !ticket_is_open(&r->from.ticket))
        return t->state;
    in->clock = STR("reopened");
    return STR("open");
}

struct change *move_change_copy(struct move_run *r)
{
    struct arena *a = r->m->arena;
    struct change *c = change_begin(a);
    struct str key = ticket_key(a, r->what.to);
    struct summary s = of_both(r);
    struct happening in = moved(r, "moved-in", r->what.from);
    struct ticket *t = &r->to.ticket;
    struct placing where;

    if (r->to.there)
        t->state = state_with_words(r, &in);
    if (r->to.there)
        place_clock(r->m->rules, t->queue, with(a, &r->to, &in), r->to.history_count + 1, r->m->now_ms, a, &where);
    else
        open_ticket(c, r, &s, &where);
    change_hset(c, key, "state", t->state);
    set_summary(c, key, &s, r->what.at_ms);
    change_hset(c, key, r->got_field, copy_chunk(c, r, s.heard_ms));
    change_add(c, 3, (struct str[]){STR("HDEL"), key, STR("emptied")});
    in.rules = where.rules;
    change_happening(c, r->what.to, &in);
    change_silent_ask(c, t->account);
    change_placed(c, r->what.to, t->queue, &where, ticket_is_open(t), t->owner.len > 0);
    change_live(c, "message", r->what.to, t->reference, t->queue, t->state, t->owner_name);
    audit(c, r, "ticket.moved-in", r->what.to, in.detail);
    return c;
}

/* ---- remove ---- */

static void remove_person(struct change *c, const struct move_run *r, struct ulid participant)
{
    struct arena *a = r->m->arena;
    unsigned p = ulid_partition(r->what.from);
    struct str name = id_of(a, ID_PARTICIPANT, participant);

    change_add(c, 3, (struct str[]){STR("HDEL"), key_in(a, p, "p", id_print(ID_TICKET, r->what.from).at), name});
    change_add(c, 5,
               (struct str[]){STR("HDEL"), ticket_key(a, r->what.from), str_of(field_of(a, "lv", participant)),
                              str_of(field_of(a, "id", participant)), str_of(field_of(a, "hm", participant))});
}

/* Of those who stay, is anybody's home elsewhere? */
static bool has_guests(const struct move_run *r)
{
    const struct ticket *t = &r->from.ticket;

    for (size_t i = 0; i < r->from.people_count; i++)
        if (move_stays(r, r->from.people[i].id) &&
            !ulid_equal(ticket_home(t, r->m->arena, r->from.people[i].id), t->account))
            return true;
    return false;
}

/* At most MOVE_REMOVED_MAX of them. True where none is left. */
static bool remove_messages(struct change *c, const struct move_run *r, const char *from)
{
    struct arena *a = r->m->arena;
    struct str argv[MOVE_REMOVED_MAX + 2] = {STR("HDEL"), key_in(a, ulid_partition(r->what.from), "m", from)};
    size_t n = 0, all = 0;

    for (size_t i = 0; i < r->from.message_count; i++) {
        if (!move_selects(&r->what, &r->from.messages[i]))
            continue;
        if (n < MOVE_REMOVED_MAX)
            argv[2 + n++] = id_of(a, ID_MESSAGE, r->from.messages[i].id);
        all++;
    }
    change_add(c, n + 2, argv);
    return n == all;
}

static void remove_people(struct change *c, const struct move_run *r, const char *from)
{
    const struct ticket *t = &r->from.ticket;
    struct arena *a = r->m->arena;

    for (size_t i = 0; i < r->from.people_count; i++)
        if (move_person(&r->to, r->from.people[i].id) != NULL && !move_stays(r, r->from.people[i].id))
            remove_person(c, r, r->from.people[i].id);
    if (!has_guests(r))
        change_add(c, 3,
                   (struct str[]){STR("SREM"), key_in(a, t->partition, "gu", id_print(ID_ACCOUNT, t->account).at),
                                  str_of(from)});
}

/* O6 */
static void close_where_empty(struct change *c, struct move_run *r, const struct summary *s)
{
    struct ticket *t = &r->from.ticket;
    struct str key = ticket_key(r->m->arena, t->id);

    if (s->of_customer || redis_field(t->fields, "emptied").len > 0)
        return;
    change_hset(c, key, "emptied", t->state);
    change_hset(c, key, "state", STR("closed"));
    t->state = STR("closed");
}

struct change *move_change_remove(struct move_run *r)
{
    struct arena *a = r->m->arena;
    struct change *c = change_begin(a);
    const char *from = id_of(a, ID_TICKET, r->what.from).at;
    struct str key = ticket_key(a, r->what.from);
    struct summary s = of_rest(r);
    struct happening out = moved(r, "moved-out", r->what.to);
    struct ticket *t = &r->from.ticket;

    if (!remove_messages(c, r, from))
        return c;
    remove_people(c, r, from);
    set_summary(c, key, &s, r->what.at_ms);
    close_where_empty(c, r, &s);
    change_happening(c, r->what.from, &out);
    change_silent_ask(c, t->account);
    change_queue_place(c, r->what.from, t->queue, t->queue, t->due_ms, ticket_is_open(t), t->owner.len > 0);
    change_live(c, "message", r->what.from, t->reference, t->queue, t->state, t->owner_name);
    audit(c, r, "ticket.moved-out", r->what.from, out.detail);
    return c;
}

struct change *move_change_done(struct move_run *r)
{
    struct arena *a = r->m->arena;
    struct change *c = change_begin(a);

    change_add(c, 3, (struct str[]){STR("HDEL"), ticket_key(a, r->what.from), STR("moving")});
    change_add(c, 3,
               (struct str[]){STR("HDEL"), key_in(a, ulid_partition(r->what.from), "mv", ""),
                              str_of(arena_printf(a, "move:%s", id_print(ID_EVENT, r->what.id).at))});
    return c;
}
