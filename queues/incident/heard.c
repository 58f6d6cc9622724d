#include "queues/incident/heard.h"

#include "queues/keys.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KEEP "172800000"

enum { SCAN = 50 };

static struct str minute_key(struct arena *a, int64_t minute)
{
    return key_at(a, "dn", arena_printf(a, "%" PRId64, minute));
}

/* ---- one as text ---- */

static struct str field_of(struct arena *a, const struct heard *h)
{
    char id[ULID_CHARS + 1];

    ulid_print(h->account, id);
    return str_of(arena_printf(a, "%s%s", id, h->bystander ? "~" : ""));
}

static bool parse_field(struct str s, struct ulid *account, bool *bystander)
{
    *bystander = s.len == ULID_CHARS + 1 && s.at[ULID_CHARS] == '~';
    return ulid_parse((struct str){s.at, *bystander ? ULID_CHARS : s.len}, account);
}

/* Sites of one product share what stands behind their own name: "atlas.cloud.example" is of "cloud.example". */
static struct str domain_of(struct arena *a, struct str typed)
{
    struct site site;
    struct str rest;

    if (typed.len == 0 || !site_parse(a, typed, &site) || site.form != SITE_HOST)
        return (struct str){NULL, 0};
    rest = site.canonical;
    (void)str_cut(&rest, '.');
    return rest.at != NULL && memchr(rest.at, '.', rest.len) != NULL ? rest : site.canonical;
}

static struct str words_print(struct arena *a, struct str text)
{
    struct words w = {0};
    struct buf b = {0};

    words_add(&w, a, text_first(text, WORDS_TEXT_MAX));
    for (size_t i = 0; i < w.n && i < HEARD_WORDS_MAX; i++)
        buf_printf(&b, "%s%.*s", i > 0 ? " " : "", (int)w.at[i].len, w.at[i].at);

    struct str out = str_of(arena_strdup(a, buf_view(&b).at));

    buf_free(&b);
    return out;
}

static struct str print(struct arena *a, const struct heard *h, struct str site, struct str text)
{
    struct buf d = {0};
    char ticket[ULID_CHARS + 1];

    ulid_print(h->ticket, ticket);
    doc_flat_text(&d, "t", str_of(ticket));
    doc_flat_int(&d, "at", h->at_ms);
    doc_flat_text(&d, "c", h->channel);
    doc_flat_text(&d, "tier", h->tier);
    doc_flat_text(&d, "r", h->region);
    doc_flat_text(&d, "l", h->language);
    doc_flat_text(&d, "d", domain_of(a, site));
    doc_flat_text(&d, "w", words_print(a, text));

    struct str out = doc_flat_print(&d, a);

    buf_free(&d);
    return out;
}

static struct str keep(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

static bool load(const struct keyring *k, struct arena *a, struct str field, struct str sealed, struct heard *out)
{
    struct str plain, words;
    struct doc *d;

    if (!parse_field(field, &out->account, &out->bystander) || unseal(k, a, sealed, field, &plain) != ERR_OK ||
        doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return false;

    bool good = ulid_parse(doc_get_text(d, "t"), &out->ticket);

    out->at_ms = doc_get_int(d, "at", 0);
    out->channel = keep(a, d, "c");
    out->tier = keep(a, d, "tier");
    out->region = keep(a, d, "r");
    out->language = keep(a, d, "l");
    out->domain = keep(a, d, "d");
    words = keep(a, d, "w");
    out->words.n = 0;
    while (words.len > 0 && out->words.n < HEARD_WORDS_MAX)
        out->words.at[out->words.n++] = str_cut(&words, ' ');
    doc_close(d);
    return good;
}

/* ---- D1 ---- */

void heard_queue(struct redis *r, const struct keyring *k, struct arena *a, const struct heard *h, struct str site,
                 struct str text)
{
    struct str key = minute_key(a, h->at_ms / MINUTE_MS), field = field_of(a, h);

    redis_add(r, 4, (struct str[]){STR("HSETNX"), key, field, seal(k, a, print(a, h, site, text), field)});
    redis_add(r, 3, (struct str[]){STR("PEXPIRE"), key, STR(KEEP)});
}

/* ---- reading ---- */

static enum err read_lengths(struct redis *r, struct arena *a, int64_t from, int64_t to, struct redis_value **out)
{
    size_t n;

    for (int64_t m = from; m <= to; m++)
        redis_add(r, 2, (struct str[]){STR("HLEN"), minute_key(a, m)});
    return redis_flush(r, a, out, &n);
}

static int by_account(const void *x, const void *y)
{
    const struct heard_first *a = x, *b = y;
    int c = memcmp(a->account.bytes, b->account.bytes, sizeof a->account.bytes);

    return c != 0 ? c : a->minute < b->minute ? -1 : a->minute > b->minute;
}

/* Of each account its first minute stays. */
static size_t fold(struct heard_first *all, size_t n)
{
    size_t kept = 0;

    if (n > 1)
        qsort(all, n, sizeof *all, by_account);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !ulid_equal(all[kept - 1].account, all[i].account))
            all[kept++] = all[i];
    return kept;
}

enum err heard_first_read(struct redis *r, struct arena *a, int64_t from, int64_t to, struct heard_first **out,
                          size_t *n, size_t *beyond)
{
    struct redis_value *lengths, *v;
    int64_t *minute = arena_array(a, int64_t, (size_t)(to - from + 1));
    size_t asked = 0, total = 0, count;
    enum err e = read_lengths(r, a, from, to, &lengths);

    *n = *beyond = 0;
    for (int64_t m = from; e == ERR_OK && m <= to; m++) {
        int64_t length = lengths[m - from].integer;

        if (length > HEARD_READ_MAX) {
            *beyond += (size_t)length;
        } else if (length > 0) {
            minute[asked++] = m;
            redis_add(r, 2, (struct str[]){STR("HKEYS"), minute_key(a, m)});
        }
    }
    if (e == ERR_OK && asked > 0)
        e = redis_flush(r, a, &v, &count);
    if (e != ERR_OK || asked == 0)
        return e;
    for (size_t i = 0; i < asked; i++)
        total += v[i].count;
    *out = arena_array(a, struct heard_first, total + 1);
    for (size_t i = 0; i < asked; i++)
        for (size_t j = 0; j < v[i].count; j++) {
            struct heard_first *h = &(*out)[*n];

            h->minute = minute[i];
            *n += parse_field(v[i].items[j].text, &h->account, &h->bystander);
        }
    *n = fold(*out, *n);
    return ERR_OK;
}

enum err heard_read(struct redis *r, const struct keyring *k, struct arena *a, int64_t from, int64_t to, size_t max,
                    struct heard *out, size_t *n)
{
    struct redis_value *lengths, *v;
    size_t asked = 0, expected = 0, count;
    enum err e = read_lengths(r, a, from, to, &lengths);

    *n = 0;
    for (int64_t m = to; e == ERR_OK && m >= from && expected < max; m--) {
        int64_t length = lengths[m - from].integer;

        if (length == 0 || length > HEARD_READ_MAX)
            continue;
        redis_add(r, 2, (struct str[]){STR("HGETALL"), minute_key(a, m)});
        expected += (size_t)length;
        asked++;
    }
    if (e == ERR_OK && asked > 0)
        e = redis_flush(r, a, &v, &count);
    for (size_t i = 0; e == ERR_OK && i < asked; i++)
        for (size_t j = 0; j + 1 < v[i].count && *n < max; j += 2)
            *n += load(k, a, v[i].items[j].text, v[i].items[j + 1].text, &out[*n]);
    return e;
}

enum err heard_scan(struct redis *r, const struct keyring *k, struct arena *a, int64_t minute, struct str *cursor,
                    struct heard **out, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 5,
                          (struct str[]){STR("HSCAN"), minute_key(a, minute), *cursor, STR("COUNT"), str_int(a, SCAN)});

    if (e != ERR_OK)
        return e;
    if (v.count != 2)
        return ERR_CORRUPT;
    *cursor = v.items[0].text;
    *out = arena_array(a, struct heard, v.items[1].count / 2 + 1);
    *n = 0;
    for (size_t j = 0; j + 1 < v.items[1].count; j += 2)
        *n += load(k, a, v.items[1].items[j].text, v.items[1].items[j + 1].text, &(*out)[*n]);
    return ERR_OK;
}
