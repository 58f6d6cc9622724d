/* affected_judge.c - a list against what is on record: is each of its ids one of a site, and whose? */
#include "queues/incident/affected_parts.h"

#include "queues/contact.h"
#include "queues/evidence.h"
#include "queues/keys.h"
#include "rules/address.h"
#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, ACCOUNTS = 128, ASKED = 3, TURN_BYTES = 1 << 20 };

/* ---- what an id is on record as ---- */

static struct blind site_index(const struct keyring *k, struct str canonical)
{
    return blind_index(k, INDEX_SITE, canonical);
}

static struct str invoice_key(const struct keyring *k, struct arena *a, struct str typed)
{
    struct str canonical;

    if (!invoice_parse(a, typed, &canonical))
        canonical = typed;
    return key_at(a, "b", blind_index(k, INDEX_INVOICE, canonical).at);
}

static void ask_row(struct affected_work *w, struct arena *a, const struct site_list_row *row)
{
    struct ulid account = contact_account(w->k, row->typed);
    const char *acc = arena_strdup(a, id_print(ID_ACCOUNT, account).at);

    redis_add(w->r, 2, (struct str[]){STR("HGETALL"), key_at(a, "b", site_index(w->k, row->canonical).at)});
    redis_add(w->r, 2, (struct str[]){STR("EXISTS"), key_in(a, partition_of(account), "a", acc)});
    redis_add(w->r, 2, (struct str[]){STR("HGETALL"), invoice_key(w->k, a, row->typed)});
}

/* Records before claims, the present before the gone, then the surer one; else the lower id, so that it is the same
 * whenever it is asked. */
static bool is_better(const struct evidence *e, const struct evidence *than)
{
    if (e->record != than->record)
        return e->record;
    if (e->gone != than->gone)
        return !e->gone;
    if (e->confidence_permille != than->confidence_permille)
        return e->confidence_permille > than->confidence_permille;
    return memcmp(e->account.bytes, than->account.bytes, sizeof e->account.bytes) < 0;
}

static const struct evidence *owner_of(const struct redis_value *v, struct arena *a)
{
    struct evidence *all = arena_array(a, struct evidence, EVIDENCE_OWNERS_MAX);
    size_t n = evidence_load(EVIDENCE_SITE, v, a, all, EVIDENCE_OWNERS_MAX);
    const struct evidence *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (best == NULL || is_better(&all[i], best))
            best = &all[i];
    return best;
}

static bool has_record(const struct redis_value *v, struct arena *a)
{
    struct evidence *all = arena_array(a, struct evidence, EVIDENCE_OWNERS_MAX);
    size_t n = evidence_load(EVIDENCE_INVOICE, v, a, all, EVIDENCE_OWNERS_MAX);

    for (size_t i = 0; i < n; i++)
        if (all[i].record)
            return true;
    return false;
}

/* An account for a site that nobody has: it follows from the site, so that the next import finds the same. */
static struct ulid stranger(const struct keyring *k, struct blind index)
{
    struct ulid id;

    blind_bytes(k, INDEX_CLUSTER, str_of(index.at), id.bytes);
    id.bytes[0] &= 0x7f; /* a time as far as ULIDs are concerned */
    return id;
}

/* NULL, or why it is no site. v: the answers to ask_row(). */
static const char *judge_row(struct affected_work *w, struct arena *turn, const struct site_list_row *row,
                             const struct redis_value *v, struct affected_site *out)
{
    const struct evidence *owner = owner_of(&v[0], turn);
    bool known = owner != NULL && owner->record;

    if (!known && v[1].integer != 0)
        return "on record as a customer's id, not as a site's";
    if (!known && has_record(&v[2], turn))
        return "on record as an invoice, not as a site";
    if (!known && !w->o->accept_unknown)
        return "no site on record";
    *out = (struct affected_site){.name = {site_index(w->k, row->canonical)},
                                  .names = 1,
                                  .typed = row->typed,
                                  .own = row->own || w->o->own,
                                  .known = known,
                                  .products = row->products,
                                  .line = row->line};
    out->account = owner != NULL ? owner->account : stranger(w->k, out->name[0]);
    return NULL;
}

static enum err judge_batch(struct affected_work *w, struct arena *turn, struct site_list *file, size_t from, size_t n,
                            struct affected_site *out)
{
    struct redis_value *v;
    size_t count;

    for (size_t i = 0; i < n; i++)
        ask_row(w, turn, &file->rows[from + i]);

    enum err e = redis_flush(w->r, turn, &v, &count);

    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = redis_value_err(w->r, &v[i]);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        const struct site_list_row *row = &file->rows[from + i];
        const char *why = judge_row(w, turn, row, &v[i * ASKED], &out[from + i]);

        if (why != NULL)
            site_list_add_fault(file, w->a, row->line, why);
    }
    return e;
}

enum err affected_judge(struct affected_work *w, const struct site_list *given, struct affected_site **out)
{
    struct arena *turn = arena_open(TURN_BYTES);
    struct affected_site *sites = arena_array(w->a, struct affected_site, given->n + 1);
    struct site_list file = *given;
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < file.n; i += ROWS) {
        arena_reset(turn);
        e = judge_batch(w, turn, &file, i, file.n - i < ROWS ? file.n - i : ROWS, sites);
    }
    arena_close(turn);
    w->report->faults = file.faults;
    w->report->fault_count = file.fault_count;
    w->report->bad = file.bad;
    *out = sites;
    return e == ERR_OK && file.bad > 0 ? ERR_INPUT : e;
}

/* ---- by what requests are known ---- */

static int by_account(const void *x, const void *y)
{
    const struct affected_site *const *a = x, *const *b = y;

    return memcmp((*a)->account.bytes, (*b)->account.bytes, 16);
}

static void add_key(struct affected_work *w, const uint8_t key[16])
{
    memcpy(w->keys[w->key_count++], key, 16);
}

static void add_index(struct affected_work *w, enum index_kind kind, struct str value)
{
    uint8_t key[16];

    blind_bytes(w->k, kind, value, key);
    add_key(w, key);
}

static void add_name(struct affected_site *s, struct blind index)
{
    for (size_t i = 0; i < s->names; i++)
        if (strcmp(s->name[i].at, index.at) == 0)
            return;
    if (s->names < AFFECTED_NAMES_MAX)
        s->name[s->names++] = index;
}

/* All that a record calls this site. */
static void learn_site(struct affected_work *w, struct arena *turn, struct affected_site *s,
                       const struct contact_site *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct site id, url;
        bool has_id = site_parse(turn, all[i].site_id, &id), has_url = site_parse(turn, all[i].url, &url);
        struct blind by_id = site_index(w->k, has_id ? id.canonical : STR("")),
                     by_url = site_index(w->k, has_url ? url.canonical : STR(""));

        if (!(has_id && strcmp(by_id.at, s->name[0].at) == 0) && !(has_url && strcmp(by_url.at, s->name[0].at) == 0))
            continue;
        if (has_id)
            add_name(s, by_id);
        if (has_url && url.form == SITE_HOST)
            add_name(s, by_url);
        if (s->products.len == 0)
            s->products = (struct str){str_copy(w->a, all[i].products), all[i].products.len};
    }
}

/* Room in w->keys for n more. */
static void make_room(struct affected_work *w, size_t *room, size_t n)
{
    uint8_t(*old)[16] = w->keys;

    if (w->key_count + n <= *room)
        return;
    *room = *room * 2 + n;
    w->keys = arena_take(w->a, *room * 16);
    if (w->key_count > 0)
        memcpy(w->keys, old, w->key_count * 16);
}

static void learn_domains(struct affected_work *w, struct arena *turn, const struct contact *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct email email;

        if (email_parse(turn, all[i].email, &email) && !email.free_mail)
            add_index(w, INDEX_DOMAIN, email.domain);
    }
}

/* The sites of up to ACCOUNTS customers, sorted by them; how many sites that were. */
static enum err learn_batch(struct affected_work *w, struct arena *turn, struct affected_site **s, size_t n,
                            size_t *room, size_t *taken)
{
    size_t first[ACCOUNTS + 1], accounts = 0, i = 0, count;
    struct redis_value *v;

    for (; i < n && (accounts < ACCOUNTS || ulid_equal(s[i]->account, s[i - 1]->account)); i++)
        if (i == 0 || !ulid_equal(s[i]->account, s[i - 1]->account)) {
            first[accounts++] = i;
            contact_queue_read(w->r, turn, s[i]->account);
        }
    first[accounts] = *taken = i;

    enum err e = redis_flush(w->r, turn, &v, &count);

    for (size_t x = 0; e == ERR_OK && x < accounts; x++) {
        struct contact *contacts;
        struct contact_site *sites;
        size_t contact_count, site_count;

        e = contact_load(w->r, w->k, turn, &v[x * CONTACT_READS], &contacts, &contact_count, &sites, &site_count);
        if (e != ERR_OK)
            break;
        make_room(w, room, contact_count + 1 + (first[x + 1] - first[x]) * AFFECTED_NAMES_MAX);
        add_key(w, s[first[x]]->account.bytes);
        learn_domains(w, turn, contacts, contact_count);
        for (size_t m = first[x]; m < first[x + 1]; m++)
            learn_site(w, turn, s[m], sites, site_count);
    }
    return e;
}

static void add_names(struct affected_work *w)
{
    for (size_t i = 0; i < w->list.n; i++)
        for (size_t m = 0; m < w->list.site[i].names; m++) {
            const char *hex = w->list.site[i].name[m].at;
            uint8_t key[16];

            for (size_t b = 0; b < 16; b++) {
                char byte[3] = {hex[2 * b], hex[2 * b + 1], '\0'};

                key[b] = (uint8_t)strtoul(byte, NULL, 16);
            }
            add_key(w, key);
        }
}

static int by_bytes(const void *x, const void *y)
{
    return memcmp(x, y, 16);
}

/* Each once, in order: the same list has the same keys. */
static void settle_keys(struct affected_work *w)
{
    size_t kept = 0;

    if (w->key_count > 1)
        qsort(w->keys, w->key_count, 16, by_bytes);
    for (size_t i = 0; i < w->key_count; i++)
        if (kept == 0 || memcmp(w->keys[kept - 1], w->keys[i], 16) != 0)
            memmove(w->keys[kept++], w->keys[i], 16);
    w->key_count = kept;
}

enum err affected_keys(struct affected_work *w)
{
    struct arena *turn = arena_open(TURN_BYTES);
    struct affected_site **s = arena_array(w->a, struct affected_site *, w->list.n + 1);
    size_t room = 0, taken = 0;
    enum err e = ERR_OK;

    for (size_t i = 0; i < w->list.n; i++)
        s[i] = &w->list.site[i];
    if (w->list.n > 1)
        qsort(s, w->list.n, sizeof *s, by_account);
    w->key_count = 0;
    for (size_t i = 0; e == ERR_OK && i < w->list.n; i += taken) {
        arena_reset(turn);
        e = learn_batch(w, turn, s + i, w->list.n - i, &room, &taken);
    }
    arena_close(turn);
    if (e != ERR_OK)
        return e;
    make_room(w, &room, w->list.n * AFFECTED_NAMES_MAX);
    add_names(w);
    settle_keys(w);
    return ERR_OK;
}
