#include "queues/contact.h"
#include "queues/contact_parts.h"
#include "queues/keys.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_ACCOUNTS = 128, SCAN_COUNT = 1000, ARENA_BYTES = 1 << 20 };

static void refuse(struct import *in, const char *why)
{
    if (in->report->refusal == NULL)
        in->report->refusal = why;
}

bool contact_source_valid(struct str source)
{
    if (source.len == 0 || source.len > CONTACT_SOURCE_CHARS_MAX || str_is(source, "-"))
        return false;
    for (size_t i = 0; i < source.len; i++) {
        char c = source.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return true;
}

/* ---- the last snapshot ---- */

static int by_account(const void *x, const void *y)
{
    const struct snapshot_account *a = x, *b = y;
    int order = memcmp(a->id.bytes, b->id.bytes, 16);

    /* The file's own before the same as it was held. */
    return order != 0 ? order : (a->vendor.len == 0) - (b->vendor.len == 0);
}

/* "<digest> <contacts> <sites>". */
static size_t held_contacts(struct str held)
{
    int64_t n;

    (void)str_cut(&held, ' ');
    return str_number(str_cut(&held, ' '), &n) ? (size_t)n : 0;
}

struct held_list {
    struct snapshot_account *at;
    size_t n, room;
};

static void held_add(struct import *in, struct held_list *l, struct str field, struct str value)
{
    struct ulid id;

    if (!ulid_parse(field, &id))
        return;
    if (l->n == l->room) {
        struct snapshot_account *old = l->at;

        l->room = l->room == 0 ? 1024 : l->room * 2;
        l->at = arena_array(in->all, struct snapshot_account, l->room);
        if (l->n > 0)
            memcpy(l->at, old, l->n * sizeof *old);
    }
    l->at[l->n++] = (struct snapshot_account){.id = id, .held = {str_copy(in->all, value), value.len}};
}

static enum err scan_held(struct import *in, struct held_list *l)
{
    struct str cursor = STR("0");

    do {
        struct redis_value v;

        arena_reset(in->turn);

        enum err e = redis_do(in->r, in->turn, &v, 5,
                              (struct str[]){STR("HSCAN"), imp_key(in->turn, in->o->source), cursor, STR("COUNT"),
                                             str_of(arena_printf(in->turn, "%d", SCAN_COUNT))});

        if (e != ERR_OK)
            return e;
        if (v.count != 2)
            return ERR_CORRUPT;
        for (size_t i = 0; i + 1 < v.items[1].count; i += 2)
            held_add(in, l, v.items[1].items[i].text, v.items[1].items[i + 1].text);
        cursor = (struct str){str_copy(in->all, v.items[0].text), v.items[0].text.len};
    } while (!str_is(cursor, "0"));
    return ERR_OK;
}

/* Adds the accounts that the source had before, each once, and what is held of those it has again. */
static void unite(struct import *in, const struct held_list *l)
{
    struct snapshot *s = &in->snapshot;
    struct snapshot_account *all = arena_array(in->all, struct snapshot_account, s->account_count + l->n + 1);
    size_t n = 0, total = s->account_count + l->n;

    memcpy(all, s->accounts, s->account_count * sizeof *all);
    if (l->n > 0)
        memcpy(all + s->account_count, l->at, l->n * sizeof *all);
    if (total > 1)
        qsort(all, total, sizeof *all, by_account);
    for (size_t i = 0; i < total; i++) {
        bool again = n > 0 && ulid_equal(all[n - 1].id, all[i].id);

        if (again && all[n - 1].held.len > 0)
            continue; /* a scan may answer twice */
        in->held_contacts += held_contacts(all[i].held);
        if (again)
            all[n - 1].held = all[i].held;
        else
            all[n++] = all[i];
    }
    s->accounts = all;
    s->account_count = n;
}

/* ---- reading a batch ---- */

static struct str email_key(struct import *in, struct str canonical)
{
    return key_at(in->turn, "b", blind_index(in->k, INDEX_EMAIL, canonical).at);
}

static void ask_account(struct import *in, const struct snapshot_account *acc)
{
    const char *id = account_text(in->turn, acc->id);
    unsigned p = partition_of(acc->id);
    struct str facts[3 + TOLD_FIELDS] = {STR("HMGET"), key_in(in->turn, p, "a", id), STR("vendor")};

    for (int i = 0; i < TOLD_FIELDS; i++)
        facts[3 + i] = str_of(told_names[i]);
    redis_add(in->r, 3 + TOLD_FIELDS, facts);
    redis_add(in->r, 2, (struct str[]){STR("HGETALL"), key_in(in->turn, p, "c", id)});
    redis_add(in->r, 2, (struct str[]){STR("HGETALL"), key_in(in->turn, p, "s", id)});
    for (size_t i = 0; i < acc->contact_count && !in->write; i++) {
        struct str canonical = canonical_of(in->turn, acc->contacts[i].email);

        if (canonical.at != NULL)
            redis_add(in->r, 2, (struct str[]){STR("HGETALL"), email_key(in, canonical)});
    }
}

static enum err next_answer(struct import *in, const struct redis_value **v)
{
    assert(in->answer_at < in->answer_count);
    *v = &in->answers[in->answer_at++];
    return redis_value_err(in->r, *v);
}

static void part_contacts(struct import *in, struct contact *all, size_t n, struct settled *s)
{
    s->old = arena_array(in->turn, struct contact, n + 1);
    s->others = arena_array(in->turn, struct contact, n + 1);
    for (size_t i = 0; i < n; i++)
        if (str_equal(all[i].source, in->o->source))
            s->old[s->old_count++] = all[i];
        else
            s->others[s->other_count++] = all[i];
}

static void part_sites(struct import *in, struct contact_site *all, size_t n, struct settled *s)
{
    s->old_sites = arena_array(in->turn, struct contact_site, n + 1);
    s->other_sites = arena_array(in->turn, struct contact_site, n + 1);
    for (size_t i = 0; i < n; i++)
        if (str_equal(all[i].source, in->o->source))
            s->old_sites[s->old_site_count++] = all[i];
        else
            s->other_sites[s->other_site_count++] = all[i];
}

static enum err hear_account(struct import *in, struct snapshot_account *acc, struct settled *s)
{
    const struct redis_value *v;
    struct contact *contacts;
    struct contact_site *sites;
    size_t n;

    *s = (struct settled){.acc = acc, .account = account_text(in->turn, acc->id)};

    enum err e = next_answer(in, &v);

    if (e == ERR_OK && v->count != 1 + TOLD_FIELDS)
        e = ERR_CORRUPT;
    for (size_t i = 0; e == ERR_OK && i < TOLD_FIELDS; i++)
        s->facts[i] = v->items[1 + i].text;
    if (e == ERR_OK)
        s->vendor = v->items[0].text;
    if (e == ERR_OK)
        e = next_answer(in, &v);
    if (e == ERR_OK)
        e = contacts_open(in->k, in->turn, v, &contacts, &n);
    if (e == ERR_OK)
        part_contacts(in, contacts, n, s);
    if (e == ERR_OK)
        e = next_answer(in, &v);
    if (e == ERR_OK)
        e = sites_open(in->k, in->turn, v, &sites, &n);
    if (e == ERR_OK)
        part_sites(in, sites, n, s);
    return e;
}

/* ---- judging ---- */

/* The vendor's id as the operator knows it. */
static const char *account_name(struct import *in, const struct settled *s)
{
    struct str vendor = s->acc->vendor;

    if (vendor.len == 0 && unseal(in->k, in->turn, s->vendor, str_of(s->account), &vendor) != ERR_OK)
        return s->account;
    return str_copy(in->turn, vendor);
}

static void judge_account(struct import *in, const struct settled *s)
{
    size_t others = contacts_present(s->others, s->other_count);
    size_t other_sites = sites_present(s->other_sites, s->other_site_count);

    if (others + contacts_present(s->contacts, s->contact_count) == 0 && contacts_present(s->old, s->old_count) > 0)
        refuse(in, arena_printf(in->told, "account %s would be left without contacts", account_name(in, s)));
    if (other_sites + sites_present(s->sites, s->site_count) == 0 && sites_present(s->old_sites, s->old_site_count) > 0)
        refuse(in, arena_printf(in->told, "account %s would be left without sites", account_name(in, s)));
}

static bool differ(struct str a, struct str b)
{
    return a.len > 0 && b.len > 0 && !str_equal_nocase(a, b);
}

static bool disagree(const struct contact *a, const struct contact *b)
{
    return differ(a->name, b->name) || differ(a->phone, b->phone) ||
           (a->role != CONTACT_OTHER && b->role != CONTACT_OTHER && a->role != b->role) ||
           (a->authorised_for != 0 && b->authorised_for != 0 && a->authorised_for != b->authorised_for);
}

static bool disputed(const struct settled *s, const struct contact *c)
{
    for (size_t i = 0; i < s->other_count; i++)
        if (s->others[i].gone_days == CONTACT_NO_DAY && c->email.len > 0 &&
            str_equal_nocase(s->others[i].email, c->email) && disagree(&s->others[i], c))
            return true;
    return false;
}

/* Has another source this address with another account? v: all of b:{email}. */
static bool elsewhere(const struct import *in, struct ulid account, const struct redis_value *v)
{
    static const char present[] = "\"gone\":false";

    for (size_t i = 0; i + 1 < v->count; i += 2) {
        struct str source = v->items[i].text, id = str_cut(&source, ':'), json = v->items[i + 1].text;
        struct ulid owner;

        if (ulid_parse(id, &owner) && !ulid_equal(owner, account) && !str_is(source, "-") &&
            !str_equal(source, in->o->source) && memmem(json.at, json.len, present, sizeof present - 1) != NULL)
            return true;
    }
    return false;
}

static enum err count_conflicts(struct import *in, const struct settled *s)
{
    for (size_t i = 0; i < s->acc->contact_count; i++) {
        const struct contact *c = &s->acc->contacts[i];
        bool conflict = s->acc->shared[i] || disputed(s, c);
        const struct redis_value *v;

        if (canonical_of(in->turn, c->email).at != NULL) {
            enum err e = next_answer(in, &v);

            if (e != ERR_OK)
                return e;
            conflict = conflict || elsewhere(in, s->acc->id, v);
        }
        in->report->conflicts += conflict;
    }
    return ERR_OK;
}

static void judge_whole(struct import *in)
{
    const struct contact_import_report *report = in->report;

    if (report->bad_count * 100 > report->rows * CONTACT_BAD_PERCENT_MAX)
        refuse(in, arena_printf(in->told, "more than %d %% of the lines are bad (%zu of %zu)", CONTACT_BAD_PERCENT_MAX,
                                report->bad_count, report->rows));
    if (in->snapshot.contact_count * 100 < in->held_contacts * (100 - CONTACT_SHRINK_PERCENT_MAX))
        refuse(in, arena_printf(in->told, "the source would shrink by more than %d %% (from %zu contacts to %zu)",
                                CONTACT_SHRINK_PERCENT_MAX, in->held_contacts, in->snapshot.contact_count));
}

/* ---- the whole ---- */

static enum err flush(struct import *in)
{
    in->answer_at = 0;
    return redis_flush(in->r, in->turn, &in->answers, &in->answer_count);
}

static enum err read_batch(struct import *in, struct snapshot_account *acc, size_t n, struct settled *out)
{
    for (size_t i = 0; i < n; i++)
        ask_account(in, &acc[i]);

    enum err e = flush(in);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = hear_account(in, &acc[i], &out[i]);
        if (e != ERR_OK)
            break;
        settle(in, &out[i]);
        if (in->write)
            continue;
        judge_account(in, &out[i]);
        e = count_conflicts(in, &out[i]);
    }
    return e;
}

static enum err pass(struct import *in, bool write)
{
    struct snapshot *s = &in->snapshot;

    in->write = write;
    for (size_t i = 0; i < s->account_count; i += BATCH_ACCOUNTS) {
        size_t n = s->account_count - i < BATCH_ACCOUNTS ? s->account_count - i : BATCH_ACCOUNTS;
        struct settled *settled;
        enum err e;

        arena_reset(in->turn);
        settled = arena_array(in->turn, struct settled, n);
        e = read_batch(in, &s->accounts[i], n, settled);
        if (e == ERR_OK && write)
            e = write_batch(in, settled, n);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err run(struct import *in, struct str csv)
{
    struct held_list held = {0};
    const char *why = snapshot_read(&in->snapshot, in->all, in->k, in->o, csv, in->report, in->told);
    enum err e;

    if (why != NULL) {
        refuse(in, arena_printf(in->told, "line 1: %s", why));
        return ERR_INPUT;
    }
    e = scan_held(in, &held);
    if (e != ERR_OK)
        return e;
    unite(in, &held);
    judge_whole(in);
    e = pass(in, false);
    if (e != ERR_OK)
        return e;
    if (in->report->refusal != NULL && !in->o->accept_shrink)
        return ERR_INPUT;
    in->report->refusal = NULL;
    if (in->o->dry_run)
        return ERR_OK;
    e = redis_do(in->r, in->turn, NULL, 3, (struct str[]){STR("SADD"), STR(CONTACT_SOURCES_KEY), in->o->source});
    return e != ERR_OK ? e : pass(in, true);
}

enum err contact_import(struct redis *r, const struct keyring *k, struct arena *a,
                        const struct contact_import_options *o, struct str csv, struct contact_import_report *out)
{
    struct import in = {.r = r, .k = k, .o = o, .report = out, .told = a, .today_days = o->now_ms / DAY_MS};
    enum err e = ERR_INPUT;

    *out = (struct contact_import_report){0};
    if (!contact_source_valid(o->source)) {
        refuse(&in, "a source is 1 to 32 of a-z, 0-9 and -");
        return ERR_INPUT;
    }
    if (csv.len > CONTACT_FILE_BYTES_MAX) {
        refuse(&in, "the file is larger than 256 MiB");
        return ERR_INPUT;
    }
    in.all = arena_open(ARENA_BYTES);
    in.turn = arena_open(ARENA_BYTES);
    e = run(&in, csv);
    arena_close(in.turn);
    arena_close(in.all);
    return e;
}
