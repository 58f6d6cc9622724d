/* The middle of filing.h: of which open work is a request? */
#include "queues/filing_steps.h"

#include "queues/filing_parts.h"
#include "queues/keys.h"
#include "queues/merge.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/phone.h"

#include <string.h>

enum {
    EXTERNAL_KEPT_DAYS = 400, /* what a channel calls an item; longer than anybody keeps what it sent */
    MISSING_MAX = 16,         /* looks at a ticket that somebody announced at the root and is about to open */
};

#define EXTERNAL_LIFE_MS (INT64_C(86400000) * EXTERNAL_KEPT_DAYS)

/* ---- who ---- */

static void add_index(struct filing *f, char kind, enum index_kind index, struct str canonical)
{
    person_add(&f->person, f->arena, kind, str_of(blind_index(f->keys, index, canonical).at));
}

/* Names of one platform are unique there, in any case of their letters. */
static void add_handle(struct filing *f)
{
    const struct item *i = &f->item;
    const char *name =
        arena_printf(f->arena, "%s %s", str_lower(f->arena, i->source), str_lower(f->arena, str_trim(i->handle)));

    add_index(f, 'h', INDEX_HANDLE, str_of(name));
}

/* Everybody who reports the same of the same place; a report that names none is of the incident itself. */
static void add_incident(struct filing *f)
{
    person_add_site(&f->person, f->arena, f->incident, inquiry_site(f));
}

void person_make(struct filing *f, const struct evidence *e, size_t n)
{
    char phone[PHONE_BYTES];
    bool shared = false;

    f->person = (struct person){0};
    if (f->incident.len > 0)
        add_incident(f);
    for (size_t i = 0; i < n; i++) {
        bool person = e[i].kind == EVIDENCE_EMAIL || e[i].kind == EVIDENCE_PHONE;

        if (!e[i].record || !person || !ulid_equal(e[i].account, f->home))
            continue;
        shared = shared || (e[i].kind == EVIDENCE_PHONE && e[i].shared);
        if (e[i].contact.len > 0 && !e[i].shared)
            person_add(&f->person, f->arena, 'c', e[i].contact);
    }
    if (f->mailbox && f->email.canonical.at != NULL)
        add_index(f, 'e', INDEX_EMAIL, f->email.canonical);
    if (f->item.handle.len > 0)
        add_handle(f);
    if (!shared && phone_e164(f->item.phone, f->region, phone))
        add_index(f, 't', INDEX_PHONE, str_of(phone));
}

/* ---- bystanders ---- */

bool may_be_bystander(const struct filing *f)
{
    const struct item *i = &f->item;

    return str_is(i->channel, "social") && i->email.len + i->phone.len + i->behalf_email.len == 0;
}

/* What it names; else its platform and day. */
static struct str about(const struct filing *f)
{
    const struct item *i = &f->item;
    struct str named = i->organisation.len > 0 ? i->organisation : i->site;

    if (named.len > 0)
        return str_of(str_copy(f->arena, named));

    struct stamp day = stamp_print(i->received_ms);

    return str_of(arena_printf(f->arena, "%s %.10s", str_copy(f->arena, i->source), day.at));
}

/* A cluster has the place of an account, and its id follows from what it is about: whoever comes second finds it. */
void gather(struct filing *f)
{
    struct site site;
    struct str key;
    struct ulid id;

    f->cluster = about(f);
    key = site_parse(f->arena, f->cluster, &site) ? site.canonical : str_of(str_lower(f->arena, str_trim(f->cluster)));
    blind_bytes(f->keys, INDEX_CLUSTER, key, id.bytes);
    id.bytes[0] &= 0x7f; /* a time as far as ULIDs are concerned */
    f->account = f->home = id;
    f->person = (struct person){0};
    person_add(&f->person, f->arena, 'k', str_of(blind_index(f->keys, INDEX_CLUSTER, key).at));
    add_handle(f);
}

/* ---- the same thing of its channel ---- */

bool asks_external(const struct filing *f)
{
    return f->item.external.len > 0;
}

/* Anybody may put any Message-ID on a mail: it is the same one only with the same sender and the same words. Other
 * channels are signed by whoever sends them. */
static struct str external_tag(struct filing *f)
{
    const struct item *i = &f->item;
    struct buf b = {0};

    if (!str_is(i->channel, "mail"))
        return str_of(str_copy(f->arena, i->external));
    buf_str(&b, i->external);
    buf_char(&b, '\n');
    buf_str(&b, f->mailbox ? f->email.spelled : i->email);
    buf_char(&b, '\n');
    buf_str(&b, i->text);

    struct blind index = blind_index(f->keys, INDEX_EXTERNAL, buf_view(&b));

    buf_free(&b);
    return str_of(arena_strdup(f->arena, index.at));
}

void ask_external(struct filing *f, struct redis *r)
{
    redis_add_script(
        r, SCRIPT_KEEP, 1, 3,
        (struct str[]){key_at(f->arena, "x", external_tag(f).at), key_value(f), str_int(f->arena, EXTERNAL_LIFE_MS)});
    f->asked++;
}

/* ---- attach: the account, then what it stands for ---- */

static struct filing_place *last_place(struct filing *f)
{
    return &f->chain[f->chain_count - 1];
}

static void look_at(struct filing *f, struct ulid account)
{
    f->chain[f->chain_count++] = (struct filing_place){.account = account};
}

void start_attach(struct filing *f)
{
    f->chain_count = f->work_count = f->work_at = 0;
    f->repeat = false;
    f->step = ATTACH;
    look_at(f, f->home);
}

void ask_attach(struct filing *f, struct redis *r)
{
    struct arena *a = f->arena;
    struct ulid account = last_place(f)->account;

    merge_queue_alias(r, a, account);
    redis_add(r, 2, (struct str[]){STR("GET"), once_key(f, partition_of(account))});
    f->asked += 2;
    if (f->person.n > 0) {
        open_work_queue_read(r, a, account, &f->person);
        f->asked++;
    }
    if (f->chain_count == 1 && asks_external(f))
        ask_external(f, r);
}

static void add_work(struct filing *f, struct str identity, struct str value)
{
    struct ulid ticket;

    if (!open_work_parse(identity, value, f->item.received_ms, &ticket) || f->work_count == FILING_WORKS_MAX)
        return;
    for (size_t i = 0; i < f->work_count; i++)
        if (ulid_equal(f->works[i], ticket))
            return;
    f->works[f->work_count++] = ticket;
}

static void hear_open_work(struct filing *f, const struct redis_value *v)
{
    struct filing_place *here = last_place(f);

    for (size_t i = 0; i < f->person.n && i < v->count; i++) {
        here->held[i] = v->items[i].text;
        add_work(f, f->person.is[i], here->held[i]);
    }
}

enum err next_work(struct filing *f, bool gone)
{
    if (gone && f->rounds < MISSING_MAX) { /* announced by an item that is on its way: a moment later it is there */
        start_attach(f);
        return ERR_OK;
    }
    if (f->work_at < f->work_count) {
        f->ticket = f->works[f->work_at++];
        f->step = READ;
        return ERR_OK;
    }
    f->account = f->home;
    f->ticket = ulid_in(f->item.ulid, partition_of(f->home));
    f->step = f->chain_count > 1 && f->person.n > 0 ? CLAIM : OPEN;
    return ERR_OK;
}

enum err hear_attach(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);
    struct ulid stands_for;
    size_t at = 2;

    if (e != ERR_OK)
        return e;
    if (ulid_parse(v[1].text, &f->ticket)) {
        f->step = SETTLE;
        return ERR_OK;
    }
    if (f->person.n > 0)
        hear_open_work(f, &v[at++]);
    if (at < f->asked)
        e = hear_first(f, v[at].text, true); /* a post that was edited is still that post */
    if (e != ERR_OK || f->step != ATTACH)
        return e;
    if (!merge_alias_parse(&v[0], &stands_for))
        return next_work(f, false);
    if (f->chain_count == FILING_CHAIN_MAX)
        return ERR_CORRUPT;
    look_at(f, stands_for);
    return ERR_OK;
}

/* ---- claim: N3 of attach.h ---- */

void ask_root(struct filing *f, struct redis *r)
{
    const struct filing_place *root = last_place(f);
    struct change *c = change_begin(f->arena);

    change_open_work_holds(c, root->account, &f->person, root->held);
    change_open_work_set(c, root->account, &f->person, f->ticket, f->item.received_ms, f->now_ms);
    change_queue(r, c, STR(""), STR(""), STR(""));
    f->asked++;
}

enum err hear_root(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = change_outcome(r, &v[0], NULL);

    if (e == ERR_CONFLICT) {
        f->rounds = 0;
        start_attach(f);
        return ERR_OK;
    }
    if (e == ERR_OK)
        f->step = OPEN;
    return e;
}

/* ---- a ticket that was found ---- */

static bool in_chain(const struct filing *f, struct ulid account)
{
    for (size_t i = 0; i < f->chain_count; i++)
        if (ulid_equal(f->chain[i].account, account))
            return true;
    return false;
}

enum err judge_work(struct filing *f)
{
    if (!ticket_is_open(&f->at))
        return next_work(f, false);
    if (in_chain(f, f->at.account)) {
        f->step = JOIN;
        return ERR_OK;
    }
    f->kin = f->at.account;
    f->step = KIN;
    return ERR_OK;
}

void ask_kin(struct filing *f, struct redis *r)
{
    merge_queue_alias(r, f->arena, f->kin);
    f->asked++;
}

/* A ticket of an account that was the same customer once, and is not any more, is not joined. */
enum err hear_kin(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e != ERR_OK)
        return e;
    if (!merge_alias_parse(&v[0], &f->kin))
        return next_work(f, false);
    if (ulid_equal(f->kin, last_place(f)->account))
        f->step = JOIN;
    return ERR_OK;
}

/* ---- it was filed already ---- */

void ask_before(struct filing *f, struct redis *r)
{
    redis_add(r, 2, (struct str[]){STR("GET"), once_key(f, ulid_partition(f->pointed))});
    f->asked++;
}

/* F1: what was filed stays where it was filed, whatever has been learnt of its owner since. The reference is written
 * last, so all of it is there. */
enum err hear_before(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e != ERR_OK)
        return e;
    if (v[0].kind != REDIS_TEXT) { /* the reference was ahead of a change that came too late */
        f->step = WEIGH;
        return ERR_OK;
    }
    f->ticket = f->pointed;
    f->before = true;
    f->outcome = FILING_FILED;
    return ERR_OK;
}

void ask_settle(struct filing *f, struct redis *r)
{
    redis_add(r, 3, (struct str[]){STR("HGET"), ticket_key(f->arena, f->ticket), STR("acc")});
    f->asked++;
}

enum err hear_settle(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e != ERR_OK)
        return e;
    if (!id_parse(ID_ACCOUNT, v[0].text, &f->account))
        return ERR_CORRUPT;
    f->step = OPEN; /* which finds that it has happened, and does what comes behind it */
    return ERR_OK;
}
