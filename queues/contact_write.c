#include "queues/contact_parts.h"
#include "queues/evidence.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/confidence.h"

#include <inttypes.h>
#include <string.h>

const char *const told_names[TOLD_FIELDS] = {"name", "tier", "region", "language", "timezone"};

struct str imp_key(struct arena *a, struct str source)
{
    return key_at(a, "imp", str_copy(a, source));
}

static struct str number(struct arena *a, int64_t n)
{
    return str_of(arena_printf(a, "%" PRId64, n));
}

/* What this source says, else what is on record. */
static struct str fact(const struct settled *s, enum told which)
{
    return s->acc->told[which].len > 0 ? s->acc->told[which] : s->facts[which];
}

static struct evidence_source source_of(const struct import *in, const struct settled *s)
{
    return (struct evidence_source){.source = in->o->source,
                                    .today_days = in->today_days,
                                    .contacts = s->contacts,
                                    .contact_count = s->contact_count,
                                    .sites = s->sites,
                                    .site_count = s->site_count,
                                    .name = s->acc->told[TOLD_NAME],
                                    .tier = fact(s, TOLD_TIER),
                                    .region = fact(s, TOLD_REGION),
                                    .language = fact(s, TOLD_LANGUAGE)};
}

static void put_evidence(struct import *in, const struct settled *s, const struct evidence_entry *e, struct str value)
{
    char acc[ULID_CHARS + 1];
    struct str source = in->o->source;

    if (e->block) {
        (void)block_queue_share(in->r, in->turn, e->index, s->acc->id, source, value, NULL);
        return;
    }

    ulid_print(s->acc->id, acc);
    redis_add_script(in->r, SCRIPT_EVIDENCE_PUT, 1, 4,
                     (struct str[]){key_at(in->turn, "b", e->index.at),
                                    str_of(arena_printf(in->turn, "%s:%.*s", acc, (int)source.len, source.at)), value,
                                    e->proven_days == CONTACT_NO_DAY ? STR("-1") : number(in->turn, e->proven_days)});
}

static void write_evidence(struct import *in, const struct settled *s)
{
    const struct evidence_entry *new = s->entries;
    struct evidence_source before = source_of(in, s);
    struct evidence_entry *old;
    size_t n = s->entry_count, j = 0;
    bool *there = arena_array(in->turn, bool, n + 1); /* a block of the same record is written already (C5) */

    before.contacts = s->old, before.contact_count = s->old_count;
    before.sites = s->old_sites, before.site_count = s->old_site_count;

    size_t old_count = evidence_of(in->k, in->turn, &before, &old);

    for (size_t i = 0; i < old_count; i++) {
        while (j < n && strcmp(new[j].index.at, old[i].index.at) < 0)
            j++;
        if (j == n || strcmp(new[j].index.at, old[i].index.at) != 0)
            put_evidence(in, s, &old[i], STR(""));
        else
            there[j] = new[j].block &&new[j].value.len > 0 && str_equal(new[j].value, old[i].value);
    }
    for (size_t i = 0; i < n; i++)
        if (!there[i])
            put_evidence(in, s, &new[i], new[i].value);
}

static void write_facts(struct import *in, const struct settled *s)
{
    struct arena *a = in->turn;
    const struct snapshot_account *acc = s->acc;
    struct str argv[7 + 2 * TOLD_FIELDS], rank;
    struct buf said = {0};
    size_t n = 0;

    rank = str_of(arena_printf(a, "%.3f", confidence_weight(in->o->source)));
    buf_str(&said, rank);
    for (int i = 0; i < TOLD_FIELDS; i++) {
        buf_char(&said, '\0');
        buf_str(&said, acc->told[i]);
    }
    argv[n++] = key_in(a, partition_of(acc->id), "a", s->account);
    argv[n++] = in->o->source;
    argv[n++] = rank;
    argv[n++] = str_of(arena_strdup(a, blind_index(in->k, INDEX_CONTACT, buf_view(&said)).at));
    argv[n++] = number(a, in->o->now_ms);
    argv[n++] = seal(in->k, a, acc->vendor, str_of(s->account));
    for (int i = 0; i < TOLD_FIELDS; i++) {
        argv[n++] = str_of(told_names[i]);
        argv[n++] =
            i == TOLD_NAME && acc->told[i].len > 0 ? seal(in->k, a, acc->told[i], str_of(s->account)) : acc->told[i];
    }
    buf_free(&said);
    redis_add_script(in->r, SCRIPT_CONTACT_ACCOUNT, 1, n, argv);
}

static void write_records(struct import *in, const struct settled *s)
{
    struct arena *a = in->turn;
    unsigned p = partition_of(s->acc->id);
    struct str *argv = arena_array(a, struct str, 2 + 2 * (s->contact_count + s->site_count));
    size_t n = 2;

    argv[0] = STR("HSET");
    argv[1] = key_in(a, p, "c", s->account);
    for (size_t i = 0; i < s->contact_count; i++) {
        argv[n++] = str_of(arena_strdup(a, id_print(ID_CONTACT, s->contacts[i].id).at));
        argv[n++] = contact_seal(in->k, a, &s->contacts[i]);
    }
    if (n > 2)
        redis_add(in->r, n, argv);
    argv[1] = key_in(a, p, "s", s->account);
    n = 2;
    for (size_t i = 0; i < s->site_count; i++) {
        argv[n++] = str_of(arena_strdup(a, id_print(ID_SITE, s->sites[i].id).at));
        argv[n++] = site_seal(in->k, a, &s->sites[i]);
    }
    if (n > 2)
        redis_add(in->r, n, argv);
}

/* What imp:{source} will hold: equal where all that this import would write is there already. */
static struct str state_of(struct import *in, const struct settled *s)
{
    struct buf b = {0};

    for (size_t i = 0; i < s->entry_count; i++)
        buf_printf(&b, "%s%s\n", s->entries[i].index.at, s->entries[i].value.at);
    for (size_t i = 0; i < s->contact_count; i++) {
        const struct contact *c = &s->contacts[i];

        buf_printf(&b, "%s %" PRIx64 " %" PRIx64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
                   id_print(ID_CONTACT, c->id).at, c->said[0], c->said[1], c->as_of_days, c->proven_days, c->gone_days);
    }
    for (size_t i = 0; i < s->site_count; i++) {
        const struct contact_site *site = &s->sites[i];

        buf_printf(&b, "%s %" PRId64 " %" PRId64 " ", id_print(ID_SITE, site->id).at, site->as_of_days,
                   site->gone_days);
        buf_str(&b, site->site_id);
        buf_char(&b, '\0');
        buf_str(&b, site->url);
        buf_char(&b, '\0');
        buf_str(&b, site->products);
    }
    for (int i = 0; i < TOLD_FIELDS; i++) {
        buf_char(&b, '\0');
        buf_str(&b, s->acc->told[i]);
    }

    struct str state =
        str_of(arena_printf(in->turn, "%s %zu %zu", blind_index(in->k, INDEX_CONTACT, buf_view(&b)).at,
                            contacts_present(s->contacts, s->contact_count), sites_present(s->sites, s->site_count)));

    buf_free(&b);
    return state;
}

static void write_account(struct import *in, const struct settled *s)
{
    if (s->acc->vendor.len > 0)
        write_facts(in, s);
    write_records(in, s);
    write_words(in, s);
}

/* Commands one after the other in one transaction, so that the append-only file is synced once. */
static enum err together(struct import *in, const struct settled *all, size_t n,
                         void (*write)(struct import *, const struct settled *))
{
    struct redis_value *v = NULL;
    size_t got = 0;

    redis_add(in->r, 1, (struct str[]){STR("MULTI")});
    for (size_t i = 0; i < n; i++)
        write(in, &all[i]);
    redis_add(in->r, 1, (struct str[]){STR("EXEC")});

    enum err e = redis_flush(in->r, in->turn, &v, &got);

    for (size_t i = 0; i < got && e == ERR_OK; i++)
        e = redis_value_err(in->r, &v[i]);
    for (size_t i = 0; e == ERR_OK && i < v[got - 1].count; i++)
        e = redis_value_err(in->r, &v[got - 1].items[i]);
    return e;
}

static enum err write_states(struct import *in, const struct settled *all, size_t n)
{
    struct str *argv = arena_array(in->turn, struct str, 2 + 2 * n);

    argv[0] = STR("HSET");
    argv[1] = imp_key(in->turn, in->o->source);
    for (size_t i = 0; i < n; i++) {
        char acc[ULID_CHARS + 1];

        ulid_print(all[i].acc->id, acc);
        argv[2 + 2 * i] = str_of(arena_strdup(in->turn, acc));
        argv[3 + 2 * i] = all[i].state;
    }
    return redis_do(in->r, in->turn, NULL, 2 + 2 * n, argv);
}

/* C5: three steps, each known to be done before the next begins. Evidence comes before the records:
 * where the import is cut off in between, the old records still tell which entries are to be removed.
 * That an account is done is written last. */
enum err write_batch(struct import *in, struct settled *all, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        struct evidence_source after = source_of(in, &all[i]);

        all[i].entry_count = evidence_of(in->k, in->turn, &after, &all[i].entries);
        all[i].state = state_of(in, &all[i]);
        if (!str_equal(all[i].state, all[i].acc->held))
            all[left++] = all[i];
    }
    if (left == 0)
        return ERR_OK;

    enum err e = together(in, all, left, write_evidence);

    if (e == ERR_OK)
        e = together(in, all, left, write_account);
    return e == ERR_OK ? write_states(in, all, left) : e;
}
