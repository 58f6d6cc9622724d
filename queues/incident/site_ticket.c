#include "queues/incident/site_ticket.h"

#include "queues/incident/touch.h"

#include "queues/evidence.h"
#include "queues/filing.h"
#include "queues/keys.h"
#include "queues/placing.h"
#include "queues/word.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/route.h"

#include <assert.h>
#include <string.h>

/* One site on its way. */
struct making {
    const struct affected_site *site;
    const char *acc; /* its customer, in text */
    unsigned partition;
    struct ulid ticket;
    struct person names; /* by which reports about it are recognised */
    struct str held[PERSON_IDENTITIES_MAX];
    struct redis_value account; /* tier, region, language */
    bool single;                /* the customer has no other site on record */
    struct ulid looks[SITE_TICKET_LOOKS];
    size_t look_count;
    struct ticket found; /* to be adopted: id zero, none */
    struct happening *history;
    size_t history_count;
    enum site_ticket_outcome outcome;
    uint64_t number;  /* of its reference, where it is made */
    size_t change_at; /* which answer is that of its change */
    bool before;
};

struct str site_tickets_key(struct arena *a, unsigned partition, struct str slug)
{
    return key_in(a, partition, "as", str_copy(a, slug));
}

int64_t site_ticket_since_ms(const struct incident *i)
{
    return i->heard_ms > 0 ? i->heard_ms : i->declared_ms - SITE_TICKET_BEFORE_MS;
}

enum err site_tickets_count(struct redis *r, struct arena *a, struct str slug, size_t *n)
{
    struct redis_value *v;
    size_t count, all = 0;

    for (unsigned p = 0; p < PARTITIONS; p++)
        redis_add(r, 2, (struct str[]){STR("HLEN"), site_tickets_key(a, p, slug)});

    enum err e = redis_flush(r, a, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = redis_value_err(r, &v[i]);
        all += (size_t)v[i].integer;
    }
    if (e == ERR_OK)
        *n = all;
    return e;
}

/* K1. In the second half of an id 74 bits are of the site. */
static struct ulid ticket_of(const struct site_ticket_maker *m, const struct affected_site *s, unsigned partition)
{
    uint8_t mark[16];

    blind_bytes(m->keys, INDEX_CLUSTER,
                str_of(arena_printf(m->arena, "%s %s", id_print(ID_INCIDENT, m->incident->id).at, s->name[0].at)),
                mark);
    return ulid_in(ulid_make(m->incident->declared_ms, mark), partition);
}

static struct making making_of(const struct site_ticket_maker *m, const struct affected_site *s)
{
    struct arena *a = m->arena;
    unsigned p = partition_of(s->account);
    struct making x = {.site = s,
                       .acc = arena_strdup(a, id_print(ID_ACCOUNT, s->account).at),
                       .partition = p,
                       .ticket = ticket_of(m, s, p)};

    for (size_t i = 0; i < s->names; i++)
        person_add_site(&x.names, a, m->incident->slug, key_at(a, "b", s->name[i].at));
    return x;
}

/* ---- what is there ---- */

enum { LOOKS = 5 };

static void ask_site(struct site_ticket_maker *m, const struct making *x)
{
    struct arena *a = m->arena;
    struct str last = str_int(a, SITE_TICKET_LOOKS - 1);

    redis_add(
        m->redis, 3,
        (struct str[]){STR("HGET"), site_tickets_key(a, x->partition, m->incident->slug), str_of(x->site->name[0].at)});
    redis_add(m->redis, 6,
              (struct str[]){STR("HMGET"), key_in(a, x->partition, "a", x->acc), STR("tier"), STR("region"),
                             STR("language"), STR("last_heard")});
    redis_add(m->redis, 2, (struct str[]){STR("HLEN"), key_in(a, x->partition, "s", x->acc)});
    redis_add(m->redis, 5,
              (struct str[]){STR("ZRANGE"), key_in(a, x->partition, "w", x->acc), STR("0"), last, STR("REV")});
    open_work_queue_read(m->redis, a, x->site->account, &x->names);
}

static void look_at(struct making *x, struct ulid ticket)
{
    for (size_t i = 0; i < x->look_count; i++)
        if (ulid_equal(x->looks[i], ticket))
            return;
    if (x->look_count < SITE_TICKET_LOOKS)
        x->looks[x->look_count++] = ticket;
}

static enum err hear_site(struct site_ticket_maker *m, struct making *x, const struct redis_value *v)
{
    struct ulid ticket;

    for (size_t i = 0; i < LOOKS; i++) {
        enum err e = redis_value_err(m->redis, &v[i]);

        if (e != ERR_OK)
            return e;
    }
    x->before = id_parse(ID_TICKET, v[0].text, &ticket);
    x->account = v[1];
    x->single = v[2].integer <= 1;
    for (size_t i = 0; i < x->names.n && i < v[4].count; i++) {
        x->held[i] = v[4].items[i].text;
        if (open_work_ticket(x->held[i], &ticket)) /* somebody reports it at this moment: theirs first */
            look_at(x, ticket);
    }
    for (size_t i = 0; i < v[3].count; i++)
        if (id_parse(ID_TICKET, v[3].items[i].text, &ticket))
            look_at(x, ticket);
    return ERR_OK;
}

/* ---- K2: is a ticket about that site? ---- */

static bool names_it(struct site_ticket_maker *m, const struct making *x, struct str typed)
{
    struct site site;

    if (!site_parse(m->arena, typed, &site))
        return false;

    struct blind index = blind_index(m->keys, INDEX_SITE, site.canonical);

    for (size_t i = 0; i < x->site->names; i++)
        if (strcmp(index.at, x->site->name[i].at) == 0)
            return true;
    return false;
}

static bool is_about(struct site_ticket_maker *m, const struct making *x, const struct ticket *t)
{
    struct str site = doc_get_text(t->claims, "site"), behalf = doc_get_text(t->claims, "behalf_site");

    if (!ticket_is_open(t) || ticket_is_cluster(t) || !ulid_equal(t->account, x->site->account) ||
        t->heard_ms < site_ticket_since_ms(m->incident) || redis_field(t->fields, "site_index").len > 0)
        return false;
    if (names_it(m, x, site) || names_it(m, x, behalf))
        return true;
    return x->single && site.len + behalf.len == 0 && !str_is(t->impact, "question");
}

/* The oldest that is about it: where several are, the first was heard first. */
static enum err hear_looks(struct site_ticket_maker *m, struct making *x, const struct redis_value *v)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < x->look_count; i++) {
        struct ticket t;
        enum err bad = ticket_load(m->keys, m->arena, x->looks[i], &v[2 * i], true, &t);

        if (bad != ERR_OK) /* one that cannot be read is none to adopt */
            continue;
        if (is_about(m, x, &t) && (x->found.version.len == 0 || t.opened_ms < x->found.opened_ms)) {
            e = history_load(m->arena, &v[2 * i + 1], &x->history, &x->history_count);
            x->found = t;
        }
        doc_close(t.claims);
    }
    return e;
}

/* ---- what is written ---- */

static struct str text_of(struct arena *a, enum id_kind kind, struct ulid id)
{
    return str_of(arena_strdup(a, id_print(kind, id).at));
}

static void add_site_fields(struct change *c, const struct site_ticket_maker *m, const struct making *x,
                            struct ulid ticket)
{
    struct str key = ticket_key(c->arena, ticket);

    change_hset(c, key, "incident", m->incident->slug);
    change_hset(c, key, "affected", m->incident->slug);
    change_hset(c, key, "site", seal(m->keys, c->arena, x->site->typed, text_of(c->arena, ID_TICKET, ticket)));
    change_hset(c, key, "site_index", str_of(x->site->name[0].at));
    if (x->site->own)
        change_hset(c, key, "own", STR("1"));
}

/* K1 and K4: both only while nobody else did. */
static void add_place(struct change *c, const struct site_ticket_maker *m, const struct making *x, struct ulid ticket)
{
    struct arena *a = c->arena;
    struct str key = site_tickets_key(a, x->partition, m->incident->slug), index = str_of(x->site->name[0].at);
    struct str id = text_of(a, ID_TICKET, ticket);
    struct person any = {0};

    change_holds(c, key, index.at, STR(""));
    change_open_work_holds(c, x->site->account, &x->names, x->held);
    change_add(c, 4, (struct str[]){STR("HSET"), key, index, id});
    change_open_work_set(c, x->site->account, &x->names, ticket, m->now_ms, m->now_ms);
    person_add_site(&any, a, m->incident->slug, STR(""));
    change_open_work_set_new(c, x->site->account, &any, ticket, m->now_ms);
}

/* Of the vendor's own sites nobody waits to hear. */
static void add_touch(struct change *c, const struct site_ticket_maker *m, const struct making *x, struct ulid ticket,
                      bool heard)
{
    change_touch(c, m->incident->slug, ticket,
                 x->site->own ? TOUCH_SETS
                 : heard      ? TOUCH_IN_TOUCH
                              : TOUCH_SILENT,
                 m->now_ms);
}

/* Was anybody of the customer heard since it began, of whatever? */
static bool was_heard(const struct site_ticket_maker *m, const struct making *x)
{
    int64_t last_ms = 0;

    (void)str_number(x->account.items[3].text, &last_ms);
    return last_ms >= site_ticket_since_ms(m->incident);
}

static void add_words(struct change *c, const struct site_ticket_maker *m, const struct making *x, struct str subject)
{
    struct words w = {0};
    struct site site;

    if (site_parse(c->arena, x->site->typed, &site))
        words_add_whole(&w, c->arena, site.canonical);
    words_add(&w, c->arena, x->site->typed);
    words_add(&w, c->arena, subject);
    change_words(c, m->keys, x->partition, text_of(c->arena, ID_TICKET, x->ticket), m->now_ms, &w);
}

/* K3. */
static void add_note(struct change *c, const struct site_ticket_maker *m, const struct making *x)
{
    struct arena *a = c->arena;
    const char *products =
        x->site->products.len > 0 ? arena_printf(a, " Products: %s.", str_copy(a, x->site->products)) : "";
    struct message note = {.id = x->ticket,
                           .at_ms = m->now_ms,
                           .who = MESSAGE_NOTE,
                           .channel = STR("web"),
                           .author = STR("Postern"),
                           .text = str_of(arena_printf(a, "Nobody wrote: this site is on the affected list of %s.%s",
                                                       str_copy(a, m->incident->slug), products))};

    change_message(c, m->keys, x->ticket, &note);
}

/* Of its incident in the facts; 0 where the rules do not know it. */
static uint32_t bit_of(const struct site_ticket_maker *m)
{
    return rules_overlay_bit(m->rules, m->incident->slug);
}

static struct facts facts_of(const struct site_ticket_maker *m, const struct making *x)
{
    struct facts f = facts_default();

    f.affected = f.incident = bit_of(m);
    f.known = x->site->known;
    f.tier = x->account.items[0].text;
    f.region = x->account.items[1].text;
    f.language = x->account.items[2].text;
    return f;
}

static void add_ticket(struct change *c, const struct site_ticket_maker *m, const struct making *x, struct str subject)
{
    struct arena *a = c->arena;
    struct str key = ticket_key(a, x->ticket), bound = text_of(a, ID_TICKET, x->ticket);
    struct str now = str_int(a, m->now_ms);
    struct buf claims = {0};

    doc_flat_text(&claims, "site", x->site->typed);
    change_add(c, 36, (struct str[]){STR("HSET"),       key,
                                     STR("v"),          STR("1"),
                                     STR("acc"),        str_of(x->acc),
                                     STR("ref"),        str_int(a, (int64_t)x->number),
                                     STR("state"),      STR("open"),
                                     STR("opened"),     now,
                                     STR("updated"),    now,
                                     STR("heard"),      STR("0"),
                                     STR("replied"),    STR("0"),
                                     STR("language"),   x->account.items[2].text,
                                     STR("impact"),     STR("down"),
                                     STR("channels"),   STR(""),
                                     STR("subject"),    seal(m->keys, a, subject, bound),
                                     STR("owner"),      STR(""),
                                     STR("owner_name"), STR(""),
                                     STR("last"),       text_of(a, ID_MESSAGE, x->ticket),
                                     STR("claims"),     seal(m->keys, a, doc_flat_print(&claims, a), bound),
                                     STR("made"),       STR("1")});
    buf_free(&claims);
    change_hset(c, key, "score", STR("0"));
    change_hset(c, key, "reasons", STR("[\"the site is on the affected list\"]"));
    change_hset(c, key, "tier", x->account.items[0].text);
    change_hset(c, key, "region", x->account.items[1].text);
    change_hset(c, key, "known", x->site->known ? STR("1") : STR("0"));
}

/* An account that nobody has on record is there once it has work. */
static void add_account(struct change *c, const struct site_ticket_maker *m, const struct making *x)
{
    struct arena *a = c->arena;
    struct str name = seal(m->keys, a, x->site->typed, str_of(x->acc));

    change_add(c, 8,
               (struct str[]){STR("HSETNEW"), key_in(a, x->partition, "a", x->acc), STR("created_ms"),
                              str_int(a, m->now_ms), STR("name"), name, STR("language"), STR("en")});
    change_zadd(c, key_in(a, x->partition, "w", x->acc), m->now_ms, text_of(a, ID_TICKET, x->ticket));
}

static void change_made(struct change *c, struct site_ticket_maker *m, struct making *x)
{
    struct happening made = {.id = x->ticket,
                             .at_ms = m->now_ms,
                             .kind = STR("made"),
                             .by = STR("system"),
                             .detail = m->incident->slug,
                             .clock = STR("opened")};
    struct str subject = str_of(
        arena_printf(c->arena, "%s: %s", str_copy(c->arena, x->site->typed), str_copy(c->arena, m->incident->title)));
    struct facts facts = facts_of(m, x);
    struct placing where;

    place(m->rules, &facts, &made, 1, m->now_ms, c->arena, &where);
    made.rules = where.rules;
    add_place(c, m, x, x->ticket);
    add_touch(c, m, x, x->ticket, was_heard(m, x));
    add_account(c, m, x);
    add_ticket(c, m, x, subject);
    change_routed(c, x->ticket, STR(""), &where, true, false);
    add_site_fields(c, m, x, x->ticket);
    add_note(c, m, x);
    add_words(c, m, x, subject);
    change_happening(c, x->ticket, &made);
    change_live(c, "opened", x->ticket, x->number, where.queue, STR("open"), STR(""));
    change_audit(c, m->keys, x->partition, m->now_ms, STR("system"), "ticket.made",
                 text_of(c->arena, ID_TICKET, x->ticket).at, where.rule);
    x->outcome = SITE_TICKET_MADE;
}

static struct happening *with(struct arena *a, const struct making *x, const struct happening *more)
{
    struct happening *all = arena_array(a, struct happening, x->history_count + 1);

    if (x->history_count > 0)
        memcpy(all, x->history, x->history_count * sizeof *all);
    all[x->history_count] = *more;
    return all;
}

static void change_adopted(struct change *c, struct site_ticket_maker *m, struct making *x)
{
    const struct ticket *t = &x->found;
    struct happening listed = {
        .id = x->ticket, .at_ms = m->now_ms, .kind = STR("listed"), .by = STR("system"), .detail = m->incident->slug};
    struct facts facts = ticket_facts(m->rules, t, t->level);
    struct placing where;

    facts.affected = facts.incident = bit_of(m);
    place(m->rules, &facts, with(c->arena, x, &listed), x->history_count + 1, m->now_ms, c->arena, &where);
    listed.rules = where.rules;
    add_place(c, m, x, t->id);
    add_touch(c, m, x, t->id, true);
    add_site_fields(c, m, x, t->id);
    change_routed(c, t->id, t->queue, &where, true, t->owner.len > 0);
    change_happening(c, t->id, &listed);
    change_live(c, "routed", t->id, t->reference, where.queue, t->state, t->owner_name);
    change_audit(c, m->keys, x->partition, m->now_ms, STR("system"), "ticket.listed",
                 text_of(c->arena, ID_TICKET, t->id).at, where.rule);
    x->outcome = SITE_TICKET_ADOPTED;
}

/* ---- the three exchanges ---- */

static enum err read_sites(struct site_ticket_maker *m, struct making *x, size_t n)
{
    struct redis_value *v;
    size_t count;

    for (size_t i = 0; i < n; i++)
        ask_site(m, &x[i]);

    enum err e = redis_flush(m->redis, m->arena, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = hear_site(m, &x[i], &v[i * LOOKS]);
    return e;
}

static enum err read_tickets(struct site_ticket_maker *m, struct making *x, size_t n)
{
    struct redis_value *v;
    size_t count, at = 0;
    bool any = false;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < x[i].look_count && !x[i].before; k++, any = true) {
            ticket_queue_read(m->redis, m->arena, x[i].looks[k]);
            history_queue_read(m->redis, m->arena, x[i].looks[k]);
        }

    enum err e = any ? redis_flush(m->redis, m->arena, &v, &count) : ERR_OK;

    for (size_t i = 0; e == ERR_OK && any && i < n; i++) {
        if (x[i].before)
            continue;
        e = hear_looks(m, &x[i], v + at);
        at += 2 * x[i].look_count;
    }
    return e;
}

/* A claim of a site that is on no record, as a report of it would leave: later ones find its account. */
static size_t queue_claim(struct site_ticket_maker *m, const struct making *x)
{
    struct arena *a = m->arena;

    if (x->site->known)
        return 0;
    evidence_queue_look(m->redis, a, key_at(a, "b", x->site->name[0].at), x->site->account,
                        evidence_claim(a, x->ticket, x->ticket, false));
    return 1;
}

/* The reference leads to a ticket that nobody takes part in: whoever asks for it hears what he hears of none. Written
 * first, so that a ticket is found by it whenever there is one. */
static size_t queue_pointer(struct site_ticket_maker *m, const struct making *x)
{
    struct point p = {x->ticket, x->site->account, x->ticket, x->ticket, {{0}}};

    pointer_queue_lead(m->redis, m->arena, pointer_key(m->arena, x->number), &p);
    return 1;
}

/* How many commands; the change is the last of them. */
static size_t queue_site(struct site_ticket_maker *m, struct making *x)
{
    struct change *c = change_begin(m->arena);
    size_t beside = 0;

    if (x->found.version.len > 0) {
        change_adopted(c, m, x);
        change_queue(m->redis, c, STR(""), ticket_key(m->arena, x->found.id), x->found.version);
        return 1;
    }
    x->number = m->number(m->arg);
    beside = queue_claim(m, x) + queue_pointer(m, x);
    change_made(c, m, x);
    change_queue(m->redis, c, STR(""), STR(""), STR(""));
    return beside + 1;
}

static enum err write_tickets(struct site_ticket_maker *m, struct making *x, size_t n)
{
    struct redis_value *v;
    size_t count, at = 0;

    for (size_t i = 0; i < n; i++) {
        if (x[i].before) {
            x[i].outcome = SITE_TICKET_BEFORE;
            continue;
        }
        at += queue_site(m, &x[i]);
        x[i].change_at = at - 1;
    }
    if (at == 0)
        return ERR_OK;

    enum err e = redis_flush(m->redis, m->arena, &v, &count), worst = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = redis_value_err(m->redis, &v[i]);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (!x[i].before && change_outcome(m->redis, &v[x[i].change_at], NULL) == ERR_CONFLICT)
            worst = ERR_CONFLICT;
    return e == ERR_OK ? worst : e;
}

enum err site_tickets_make(struct site_ticket_maker *m, const struct affected_site *sites, size_t n,
                           enum site_ticket_outcome *out)
{
    struct making *x = arena_array(m->arena, struct making, n + 1);
    enum err e;

    assert(n <= SITE_TICKETS_AT_ONCE);
    for (size_t i = 0; i < n; i++)
        x[i] = making_of(m, &sites[i]);
    e = read_sites(m, x, n);
    if (e == ERR_OK)
        e = read_tickets(m, x, n);
    if (e == ERR_OK)
        e = write_tickets(m, x, n);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        out[i] = x[i].outcome;
    return e;
}
