#include "queues/appeal.h"

#include "queues/contact.h"
#include "queues/keys.h"
#include "queues/merge.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/confidence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS_MAX = 8 };

#define DAY_MS  INT64_C(86400000)
#define KEEP_MS "604800000" /* a week, to answer "gone" rather than nothing */

static const char *const words[APPEAL_KINDS] = {[APPEAL_VOUCH] = "vouch", [APPEAL_VETO] = "veto"};
static const int64_t lives_ms[APPEAL_KINDS] = {[APPEAL_VOUCH] = 3 * DAY_MS, [APPEAL_VETO] = 3 * DAY_MS};

static struct str id_of(struct arena *a, enum id_kind kind, struct ulid u)
{
    return str_of(arena_strdup(a, id_print(kind, u).at));
}

void change_appeal(struct change *c, enum appeal_kind kind, struct ulid ticket, struct ulid participant, int64_t now_ms)
{
    struct arena *a = c->arena;
    const char *entry = arena_printf(a, "%s %s %s %" PRId64, words[kind], id_of(a, ID_TICKET, ticket).at,
                                     id_of(a, ID_PARTICIPANT, participant).at, now_ms);

    change_zadd(c, key_in(a, ulid_partition(ticket), "pd", ""), now_ms, str_of(entry));
}

/* ---- who is asked ---- */

struct asked {
    struct redis *redis;
    const struct keyring *keys;
    struct arena *a;
    enum appeal_kind kind;
    int64_t now_ms; /* when it was asked for: the same however often this runs */
    struct ticket ticket;
    struct participant who;
    struct contact *contacts;
    struct blind *mailboxes; /* of contacts */
    size_t n;
};

static struct blind mailbox_of(const struct asked *q, struct str email)
{
    struct email e;
    bool good = email_parse(q->a, email, &e) && e.canonical.at != NULL;

    return blind_index(q->keys, INDEX_EMAIL, good ? e.canonical : email);
}

/* P3 */
static bool may_be_asked(const struct asked *q, const struct contact *c, const struct blind *mailbox)
{
    if (c->email.len == 0 || c->gone_days != CONTACT_NO_DAY || c->bounced_days != CONTACT_NO_DAY ||
        strcmp(mailbox->at, q->who.email_index.at) == 0)
        return false;
    for (size_t i = 0; i < q->n; i++)
        if (strcmp(q->mailboxes[i].at, mailbox->at) == 0)
            return false;
    return true;
}

static int surer(const void *x, const void *y)
{
    const struct contact *a = x, *b = y;

    if (a->confidence != b->confidence)
        return a->confidence > b->confidence ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

static void choose(struct asked *q, struct contact *all, size_t n)
{
    size_t most = q->kind == APPEAL_VOUCH ? APPEAL_VOUCHERS_MAX : APPEAL_NOTICES_MAX;

    if (n > 1)
        qsort(all, n, sizeof *all, surer);
    q->contacts = arena_array(q->a, struct contact, most);
    q->mailboxes = arena_array(q->a, struct blind, most);
    for (size_t i = 0; i < n && q->n < most; i++) {
        struct blind mailbox = mailbox_of(q, all[i].email);

        if (!may_be_asked(q, &all[i], &mailbox))
            continue;
        q->contacts[q->n] = all[i];
        q->mailboxes[q->n++] = mailbox;
    }
}

static enum err read_contacts(struct asked *q)
{
    struct contact *all = NULL, *more;
    struct family family;
    size_t n = 0, count;
    enum err e = merge_family(q->redis, q->keys, q->a, q->ticket.account, &family);

    for (size_t i = 0; e == ERR_OK && i < family.n && i < ACCOUNTS_MAX; i++) {
        struct contact *both;

        e = contact_list(q->redis, q->keys, q->a, family.accounts[i], q->now_ms, &more, &count);
        if (e != ERR_OK || count == 0)
            continue;
        both = arena_array(q->a, struct contact, n + count);
        if (n > 0)
            memcpy(both, all, n * sizeof *all);
        memcpy(both + n, more, count * sizeof *more);
        all = both;
        n += count;
    }
    if (e == ERR_OK)
        choose(q, all, n);
    return e;
}

static enum err read_person(struct asked *q, struct ulid ticket, struct ulid participant)
{
    struct participant *all;
    size_t n = 0;
    enum err e = ticket_read(q->redis, q->keys, q->a, ticket, &q->ticket);

    if (e == ERR_OK)
        e = participants_read(q->redis, q->keys, q->a, &q->ticket, &all, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (ulid_equal(all[i].id, participant)) {
            q->who = all[i];
            return ERR_OK;
        }
    return e == ERR_OK ? ERR_ABSENT : e;
}

/* ---- one mail ---- */

/* P2 */
static struct ulid derived(const struct asked *q, const struct contact *c, const char *what)
{
    struct ulid u = {{0}};
    const char *name = arena_printf(q->a, "appeal|%s|%s|%s|%s|%s|%" PRId64, what, words[q->kind],
                                    id_of(q->a, ID_TICKET, q->ticket.id).at, id_of(q->a, ID_PARTICIPANT, q->who.id).at,
                                    id_of(q->a, ID_CONTACT, c->id).at, q->now_ms);

    blind_bytes(q->keys, INDEX_FLOW, str_of(name), u.bytes);
    return ulid_in(u, q->ticket.partition);
}

static struct str what_it_shows(const struct asked *q, const struct contact *c, struct str bound)
{
    struct buf d = {0};
    int64_t proven = c->proven_days != CONTACT_NO_DAY ? c->proven_days : c->as_of_days;

    doc_flat_text(&d, "contact", id_of(q->a, ID_CONTACT, c->id));
    doc_flat_text(&d, "source", c->source);
    doc_flat_bool(&d, "stale", confidence_stale(c->confidence, q->now_ms / DAY_MS - proven));
    doc_flat_int(&d, "authorised", c->authorised_for);

    struct str sealed = seal(q->keys, q->a, doc_flat_print(&d, q->a), bound);

    buf_free(&d);
    return sealed;
}

static enum err write_one(struct asked *q, const struct contact *c, struct blind mailbox)
{
    struct change *change = change_begin(q->a);
    struct flow_ask ask = {
        .flow = derived(q, c, "flow"),
        .partition = q->ticket.partition,
        .email = c->email,
        .index = mailbox,
        .ticket = q->ticket.id,
        .participant = q->who.id,
        .reference = q->who.reference,
        .language = q->who.language,
        .now_ms = q->now_ms,
        .generation = 1,
        .kind = q->kind == APPEAL_VOUCH ? OUTBOX_VOUCH : OUTBOX_VETO,
        .mail = derived(q, c, "mail"),
        .about = q->who.email,
        .life_ms = lives_ms[q->kind],
    };
    struct str key = flow_key(q->a, ask.flow, ask.partition);

    change_flow(change, q->keys, &ask);
    change_hset(change, key, "appeal", str_of(words[q->kind]));
    change_hset(change, key, "of", what_it_shows(q, c, id_of(q->a, ID_FLOW, ask.flow)));
    change_add(change, 3, (struct str[]){STR("PEXPIRE"), key, STR(KEEP_MS)});
    return change_run(q->redis, q->a, change, key, STR(""), STR(""), NULL);
}

static bool parse(struct str entry, struct asked *q, struct ulid *ticket, struct ulid *participant)
{
    struct str rest = entry, word = str_cut(&rest, ' '), tkt = str_cut(&rest, ' '), par = str_cut(&rest, ' ');

    for (int k = 0; k < APPEAL_KINDS; k++)
        if (str_is(word, words[k])) {
            q->kind = (enum appeal_kind)k;
            return id_parse(ID_TICKET, tkt, ticket) && id_parse(ID_PARTICIPANT, par, participant) &&
                   str_number(rest, &q->now_ms);
        }
    return false;
}

enum err appeal_write(struct redis *r, const struct keyring *k, struct arena *a, struct str entry)
{
    struct asked q = {.redis = r, .keys = k, .a = a};
    struct ulid ticket, participant;
    enum err e;

    if (!parse(entry, &q, &ticket, &participant))
        return ERR_INPUT;
    e = read_person(&q, ticket, participant);
    if (e == ERR_OK)
        e = read_contacts(&q);
    for (size_t i = 0; e == ERR_OK && i < q.n; i++)
        e = write_one(&q, &q.contacts[i], q.mailboxes[i]);
    return e == ERR_ABSENT ? ERR_OK : e;
}

/* ---- reading ---- */

static enum err load_shown(const struct keyring *k, struct arena *a, struct str sealed, struct appeal *out)
{
    struct str plain, source;
    struct doc *d;

    if (unseal(k, a, sealed, id_of(a, ID_FLOW, out->flow.id), &plain) != ERR_OK ||
        doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    source = doc_get_text(d, "source");
    out->vouched = (struct proof_record){
        .participant = out->flow.participant,
        .shown = {.kind = PROOF_VOUCH,
                  .source = {str_copy(a, source), source.len},
                  .stale = doc_get_bool(d, "stale", true),
                  .authorised = (unsigned)doc_get_int(d, "authorised", 0),
                  .mailbox = str_of(arena_strdup(a, out->flow.index.at))},
    };

    bool good = id_parse(ID_CONTACT, doc_get_text(d, "contact"), &out->vouched.shown.contact);

    doc_close(d);
    out->vouched.by = id_of(a, ID_CONTACT, out->vouched.shown.contact);
    return good ? ERR_OK : ERR_CORRUPT;
}

enum err appeal_read(struct redis *r, const struct keyring *k, struct arena *a, enum appeal_kind kind, struct ulid flow,
                     struct appeal *out)
{
    struct redis_value v;
    struct appeal p = {.kind = kind};
    enum err e = flow_read(r, k, a, flow, ulid_partition(flow), &p.flow);

    if (e == ERR_OK)
        e = redis_do(r, a, &v, 4, (struct str[]){STR("HMGET"), p.flow.key, STR("appeal"), STR("of")});
    if (e != ERR_OK)
        return e;
    if (v.count != 2 || !str_is(v.items[0].text, words[kind]))
        return ERR_ABSENT;
    e = load_shown(k, a, v.items[1].text, &p);
    if (e == ERR_OK)
        *out = p;
    return e;
}
