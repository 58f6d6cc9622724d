#include "queues/contact.h"
#include "queues/contact_parts.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/confidence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *account_text(struct arena *a, struct ulid account)
{
    return arena_strdup(a, id_print(ID_ACCOUNT, account).at);
}

static struct ulid derived(const struct keyring *k, enum index_kind kind, struct str value)
{
    struct ulid u;

    blind_bytes(k, kind, value, u.bytes);
    u.bytes[0] &= 0x7F; /* a time as far as ULIDs are concerned */
    return u;
}

struct ulid contact_account(const struct keyring *k, struct str vendor_id)
{
    return derived(k, INDEX_VENDOR, vendor_id);
}

struct ulid record_id(const struct keyring *k, struct arena *a, struct str source, struct ulid account, struct str what)
{
    char acc[ULID_CHARS + 1];

    ulid_print(account, acc);
    return derived(k, INDEX_CONTACT,
                   str_of(arena_printf(a, "%.*s|%s|%.*s", (int)source.len, source.at, acc, (int)what.len, what.at)));
}

struct str canonical_of(struct arena *a, struct str email)
{
    for (size_t i = 0; i < email.len; i++)
        if ((unsigned char)email.at[i] >= 0x80)
            return (struct str){NULL, 0};
    return email.len == 0 ? (struct str){NULL, 0} : (struct str){str_lower(a, email), email.len};
}

/* ---- JSON ---- */

static void set_day(struct doc *d, const char *name, int64_t day)
{
    if (day == CONTACT_NO_DAY)
        doc_set_null(d, name);
    else
        doc_set_int(d, name, day);
}

static struct str kept(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

static struct doc *authorised_list(unsigned bits)
{
    struct doc *list = doc_array();

    if ((bits & CONTACT_FOR_SITE) != 0)
        doc_push(list, doc_new_text(STR("site")));
    if ((bits & CONTACT_FOR_BILLING) != 0)
        doc_push(list, doc_new_text(STR("billing")));
    if ((bits & CONTACT_FOR_SECURITY) != 0)
        doc_push(list, doc_new_text(STR("security")));
    return list;
}

static struct str sealed(const struct keyring *k, struct arena *a, struct doc *d, enum id_kind kind, struct ulid id)
{
    struct str text = doc_print(d, a);

    doc_close(d);
    return seal(k, a, text, str_of(id_print(kind, id).at));
}

struct str contact_seal(const struct keyring *k, struct arena *a, const struct contact *c)
{
    struct doc *d = doc_object(), *invoices = doc_array();

    doc_set_text(d, "source", c->source);
    doc_set_text(d, "email", c->email);
    doc_set_text(d, "phone", c->phone);
    doc_set_text(d, "contact_name", c->name);
    doc_set_text(d, "role", str_of(contact_role_text(c->role)));
    doc_set(d, "authorised_for", authorised_list(c->authorised_for));
    doc_set_text(d, "products", c->products);
    for (size_t i = 0; i < c->invoice_count; i++)
        doc_push(invoices, doc_new_text(c->invoices[i]));
    doc_set(d, "invoices", invoices);
    set_day(d, "as_of", c->as_of_days);
    set_day(d, "last_proven", c->proven_days);
    set_day(d, "gone_at", c->gone_days);
    doc_set_text(d, "said", str_of(arena_printf(a, "%016" PRIx64 "%016" PRIx64, c->said[0], c->said[1])));
    return sealed(k, a, d, ID_CONTACT, c->id);
}

struct str site_seal(const struct keyring *k, struct arena *a, const struct contact_site *s)
{
    struct doc *d = doc_object();

    doc_set_text(d, "source", s->source);
    doc_set_text(d, "id", s->site_id);
    doc_set_text(d, "url", s->url);
    doc_set_text(d, "products", s->products);
    set_day(d, "as_of", s->as_of_days);
    set_day(d, "gone_at", s->gone_days);
    return sealed(k, a, d, ID_SITE, s->id);
}

static void read_said(struct str hex, uint64_t said[2])
{
    char part[17] = {0};

    if (hex.len != 32)
        return;
    for (int i = 0; i < 2; i++) {
        memcpy(part, hex.at + 16 * i, 16);
        said[i] = strtoull(part, NULL, 16);
    }
}

static void read_contact(struct arena *a, const struct doc *d, struct contact *c)
{
    const struct doc *list = doc_get(d, "authorised_for"), *invoices = doc_get(d, "invoices");

    c->source = kept(a, d, "source");
    c->email = kept(a, d, "email");
    c->phone = kept(a, d, "phone");
    c->name = kept(a, d, "contact_name");
    c->role = contact_role_parse(doc_get_text(d, "role"));
    for (size_t i = 0; i < doc_size(list); i++)
        c->authorised_for |= contact_authorised_parse(doc_text(doc_at(list, i)));
    c->products = kept(a, d, "products");
    c->invoices = arena_array(a, struct str, doc_size(invoices) + 1);
    for (size_t i = 0; i < doc_size(invoices); i++) {
        struct str s = doc_text(doc_at(invoices, i));

        c->invoices[c->invoice_count++] = (struct str){str_copy(a, s), s.len};
    }
    c->as_of_days = doc_get_int(d, "as_of", 0);
    c->proven_days = doc_get_int(d, "last_proven", CONTACT_NO_DAY);
    c->gone_days = doc_get_int(d, "gone_at", CONTACT_NO_DAY);
    c->bounced_days = CONTACT_NO_DAY;
    read_said(doc_get_text(d, "said"), c->said);
}

/* The i-th record of an HGETALL. ERR_ABSENT where this host has no key for it. */
static enum err open_record(const struct keyring *k, struct arena *a, const struct redis_value *v, size_t i,
                            enum id_kind kind, struct ulid *id, struct doc **d)
{
    struct str field = v->items[i].text, text;

    if (!id_parse(kind, field, id))
        return ERR_CORRUPT;

    enum err e = unseal(k, a, v->items[i + 1].text, field, &text);

    if (e != ERR_OK)
        return e;
    return doc_parse(d, text, NULL, 0) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static int by_contact_id(const void *x, const void *y)
{
    return memcmp(((const struct contact *)x)->id.bytes, ((const struct contact *)y)->id.bytes, 16);
}

static int by_site_id(const void *x, const void *y)
{
    return memcmp(((const struct contact_site *)x)->id.bytes, ((const struct contact_site *)y)->id.bytes, 16);
}

enum err contacts_open(const struct keyring *k, struct arena *a, const struct redis_value *v, struct contact **out,
                       size_t *n)
{
    struct contact *all = arena_array(a, struct contact, v->count / 2 + 1);
    size_t got = 0;

    for (size_t i = 0; i + 1 < v->count; i += 2) {
        struct doc *d;
        enum err e = open_record(k, a, v, i, ID_CONTACT, &all[got].id, &d);

        if (e == ERR_ABSENT)
            continue;
        if (e != ERR_OK)
            return e;
        read_contact(a, d, &all[got++]);
        doc_close(d);
    }
    if (got > 1)
        qsort(all, got, sizeof *all, by_contact_id);
    *out = all, *n = got;
    return ERR_OK;
}

enum err sites_open(const struct keyring *k, struct arena *a, const struct redis_value *v, struct contact_site **out,
                    size_t *n)
{
    struct contact_site *all = arena_array(a, struct contact_site, v->count / 2 + 1);
    size_t got = 0;

    for (size_t i = 0; i + 1 < v->count; i += 2) {
        struct doc *d;
        enum err e = open_record(k, a, v, i, ID_SITE, &all[got].id, &d);

        if (e == ERR_ABSENT)
            continue;
        if (e != ERR_OK)
            return e;
        all[got].source = kept(a, d, "source");
        all[got].site_id = kept(a, d, "id");
        all[got].url = kept(a, d, "url");
        all[got].products = kept(a, d, "products");
        all[got].as_of_days = doc_get_int(d, "as_of", 0);
        all[got++].gone_days = doc_get_int(d, "gone_at", CONTACT_NO_DAY);
        doc_close(d);
    }
    if (got > 1)
        qsort(all, got, sizeof *all, by_site_id);
    *out = all, *n = got;
    return ERR_OK;
}

/* ---- readers ---- */

static enum err read_all(struct redis *r, struct arena *a, struct ulid account, const char *room,
                         struct redis_value *out)
{
    struct str key = key_in(a, partition_of(account), room, account_text(a, account));

    return redis_do(r, a, out, 2, (struct str[]){STR("HGETALL"), key});
}

static struct str email_key(const struct keyring *k, struct arena *a, struct str canonical)
{
    return key_at(a, "b", blind_index(k, INDEX_EMAIL, canonical).at);
}

static enum err read_bounces(struct redis *r, const struct keyring *k, struct arena *a, struct contact *all, size_t n)
{
    struct redis_value *v = NULL;
    size_t got = 0, at = 0;

    for (size_t i = 0; i < n; i++) {
        struct str canonical = canonical_of(a, all[i].email);

        if (canonical.at != NULL)
            redis_add(r, 3, (struct str[]){STR("HGET"), email_key(k, a, canonical), STR("bounced")});
    }

    enum err e = redis_flush(r, a, &v, &got);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        int64_t day;

        if (canonical_of(a, all[i].email).at == NULL)
            continue;
        e = redis_value_err(r, &v[at]);
        if (e == ERR_OK && str_number(v[at].text, &day) && day >= all[i].proven_days)
            all[i].bounced_days = day;
        at++;
    }
    return e;
}

enum err contact_list(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account, int64_t now_ms,
                      struct contact **out, size_t *n)
{
    struct redis_value v;
    struct contact *all;
    size_t count;
    enum err e = read_all(r, a, account, "c", &v);

    if (e == ERR_OK)
        e = contacts_open(k, a, &v, &all, &count);
    if (e == ERR_OK)
        e = read_bounces(r, k, a, all, count);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++) {
        struct contact *c = &all[i];
        int64_t since = c->proven_days != CONTACT_NO_DAY ? c->proven_days : c->as_of_days;

        c->confidence = confidence_now(confidence_weight(c->source), now_ms / DAY_MS - since,
                                       c->gone_days != CONTACT_NO_DAY, c->bounced_days != CONTACT_NO_DAY);
    }
    *out = all, *n = count;
    return ERR_OK;
}

enum err contact_sites(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                       struct contact_site **out, size_t *n)
{
    struct redis_value v;
    enum err e = read_all(r, a, account, "s", &v);

    return e == ERR_OK ? sites_open(k, a, &v, out, n) : e;
}

void contact_queue_read(struct redis *r, struct arena *a, struct ulid account)
{
    const char *acc = account_text(a, account);

    redis_add(r, 2, (struct str[]){STR("HGETALL"), key_in(a, partition_of(account), "c", acc)});
    redis_add(r, 2, (struct str[]){STR("HGETALL"), key_in(a, partition_of(account), "s", acc)});
}

enum err contact_load(struct redis *r, const struct keyring *k, struct arena *a, const struct redis_value *v,
                      struct contact **contacts, size_t *contact_count, struct contact_site **sites, size_t *site_count)
{
    enum err e = redis_value_err(r, &v[0]);

    if (e == ERR_OK)
        e = redis_value_err(r, &v[1]);
    if (e == ERR_OK)
        e = contacts_open(k, a, &v[0], contacts, contact_count);
    return e == ERR_OK ? sites_open(k, a, &v[1], sites, site_count) : e;
}

enum err contact_accounts(struct redis *r, struct arena *a, size_t *n)
{
    struct redis_value sources, *v;
    size_t count, most = 0;
    enum err e = redis_do(r, a, &sources, 2, (struct str[]){STR("SMEMBERS"), STR(CONTACT_SOURCES_KEY)});

    for (size_t i = 0; e == ERR_OK && i < sources.count; i++)
        redis_add(r, 2, (struct str[]){STR("HLEN"), imp_key(a, sources.items[i].text)});
    if (e == ERR_OK && sources.count > 0)
        e = redis_flush(r, a, &v, &count);
    for (size_t i = 0; e == ERR_OK && i < sources.count; i++)
        if ((size_t)v[i].integer > most)
            most = (size_t)v[i].integer;
    if (e == ERR_OK)
        *n = most;
    return e;
}

void contact_queue_bounced(struct redis *r, const struct keyring *k, struct arena *a, struct str canonical,
                           int64_t now_ms)
{
    struct str day = str_of(arena_printf(a, "%" PRId64, now_ms / DAY_MS));

    redis_add_script(r, SCRIPT_EVIDENCE_BOUNCE, 1, 2, (struct str[]){email_key(k, a, canonical), day});
}
