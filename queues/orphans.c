#include "queues/orphans.h"

#include "queues/blob.h"
#include "queues/keys.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "rules/attachment.h"
#include "rules/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAMES_BLOB_BYTES = 512, /* an original that names a blob is shorter, however long its media type is */
    ARENA_BYTES = 256 * 1024,
};

struct candidate {
    struct ulid name;
    bool named, aside, over; /* aside already, and long enough */
};

struct search {
    struct redis *redis;
    const struct keyring *keys;
    struct candidate *at; /* by name */
    size_t n, room, blobs;
    int64_t now_ms;
};

/* ---- candidates ---- */

static void add(struct search *s, const struct candidate *c)
{
    if (s->n == s->room) {
        s->room = s->room == 0 ? 1024 : s->room * 2;
        s->at = realloc(s->at, s->room * sizeof *s->at);
        if (s->at == NULL)
            abort();
    }
    s->at[s->n++] = *c;
}

static bool on_blob(void *arg, struct ulid name, int64_t changed_ms)
{
    struct search *s = arg;

    s->blobs++;
    if (changed_ms < s->now_ms - ORPHANS_AGE_MS)
        add(s, &(struct candidate){.name = name});
    return true;
}

static bool on_aside(void *arg, struct ulid name, int64_t changed_ms)
{
    struct search *s = arg;

    add(s, &(struct candidate){.name = name, .aside = true, .over = changed_ms < s->now_ms - BLOB_ASIDE_MS});
    return true;
}

static int by_name(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct ulid));
}

static void name(struct search *s, struct ulid blob)
{
    struct candidate *found = s->n == 0 ? NULL : bsearch(&blob, s->at, s->n, sizeof *s->at, by_name);

    if (found != NULL)
        found->named = true;
}

/* ---- what is named ---- */

/* What stands between "<room>:{" and "}"; at NULL where the key is of another room. */
static struct str tag_of(struct str key, const char *room)
{
    size_t n = strlen(room);

    if (!str_starts(key, room) || key.len < n + 3 || key.at[n] != ':' || key.at[n + 1] != '{' ||
        key.at[key.len - 1] != '}')
        return (struct str){NULL, 0};
    return (struct str){key.at + n + 2, key.len - n - 3};
}

/* "<type>\tblob <ULID>\n", see filing_parts.h. */
static void read_original(struct search *s, struct arena *a, struct str key, struct str sealed)
{
    struct str tag = tag_of(key, "i"), plain, line, blob;
    struct ulid u;

    if (unseal(s->keys, a, sealed, (struct str){str_copy(a, tag), tag.len}, &plain) != ERR_OK)
        return;
    line = str_cut(&plain, '\n');
    (void)str_cut(&line, '\t');
    blob = line;
    if (line.at != NULL && str_is(str_cut(&blob, ' '), "blob") && ulid_parse(blob, &u))
        name(s, u);
}

/* Of the originals among these keys only the short ones can name a blob. */
static enum err read_originals(struct search *s, struct arena *a, const struct redis_value *keys)
{
    struct str *asked = arena_array(a, struct str, keys->count + 1);
    size_t n = 0, answers, kept = 0;
    struct redis_value *v;
    enum err e = ERR_OK;

    for (size_t i = 0; i < keys->count; i++)
        if (tag_of(keys->items[i].text, "i").at != NULL) {
            asked[n++] = keys->items[i].text;
            redis_add(s->redis, 2, (struct str[]){STR("STRLEN"), keys->items[i].text});
        }
    if (n == 0)
        return ERR_OK;
    e = redis_flush(s->redis, a, &v, &answers);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (v[i].kind == REDIS_INT && v[i].integer <= NAMES_BLOB_BYTES)
            asked[kept++] = asked[i];
    if (e != ERR_OK || kept == 0)
        return e;
    for (size_t i = 0; i < kept; i++)
        redis_add(s->redis, 2, (struct str[]){STR("GET"), asked[i]});
    e = redis_flush(s->redis, a, &v, &answers);
    for (size_t i = 0; e == ERR_OK && i < kept; i++) {
        e = redis_value_err(s->redis, &v[i]);
        if (e == ERR_OK && v[i].kind == REDIS_TEXT)
            read_original(s, a, asked[i], v[i].text);
    }
    return e;
}

static enum err read_page(struct search *s, struct arena *a, struct str *cursor)
{
    struct redis_value v;
    struct ulid file;
    enum err e =
        redis_do(s->redis, a, &v, 4, (struct str[]){STR("SCAN"), *cursor, STR("COUNT"), str_int(a, ORPHANS_PAGE)});

    if (e != ERR_OK)
        return e;
    if (v.kind != REDIS_LIST || v.count != 2)
        return ERR_CORRUPT;
    for (size_t i = 0; i < v.items[1].count; i++)
        if (id_parse(ID_FILE, tag_of(v.items[1].items[i].text, "fil"), &file))
            name(s, file);
    *cursor = v.items[0].text;
    return read_originals(s, a, &v.items[1]);
}

/* All keys, page by page: what is there from beginning to end is seen (redis.io, SCAN). */
static enum err read_all(struct search *s, const atomic_bool *stop)
{
    char held[32] = "0";
    enum err e = ERR_OK;

    do {
        struct arena *a = arena_open(ARENA_BYTES);
        struct str cursor = str_of(held);

        e = atomic_load(stop) ? ERR_BUSY : read_page(s, a, &cursor);
        if (e == ERR_OK && cursor.len >= sizeof held)
            e = ERR_CORRUPT;
        if (e == ERR_OK)
            memcpy(held, cursor.at, cursor.len + 1);
        arena_close(a);
    } while (e == ERR_OK && strcmp(held, "0") != 0);
    return e;
}

/* ---- the turn ---- */

/* O4: then nothing goes, what lies aside included. */
static bool too_many(const struct search *s)
{
    size_t unnamed = 0;

    for (size_t i = 0; i < s->n; i++)
        unnamed += !s->at[i].named && !s->at[i].aside;
    return unnamed > ORPHANS_FEW && unnamed > s->blobs / ORPHANS_SHARE;
}

static void settle(const struct search *s, struct blobs *blobs, struct orphans *out)
{
    out->too_many = too_many(s);
    for (size_t i = 0; i < s->n; i++) {
        const struct candidate *c = &s->at[i];

        if (c->named)
            out->put_back += c->aside && blob_put_back(blobs, c->name);
        else if (!out->too_many && !c->aside)
            out->set_aside += blob_set_aside(blobs, c->name);
        else if (!out->too_many && c->over)
            out->cleared += blob_clear(blobs, c->name);
    }
}

static enum err sweep_blobs(struct search *s, struct blobs *blobs, const atomic_bool *stop, struct orphans *out)
{
    enum err e = ERR_OK;

    blobs_each(blobs, on_blob, s);
    out->old = s->n;
    blobs_each_aside(blobs, on_aside, s);
    if (s->n > 0)
        qsort(s->at, s->n, sizeof *s->at, by_name);
    out->blobs = s->blobs;
    if (s->n > 0)
        e = read_all(s, stop);
    if (e == ERR_OK)
        settle(s, blobs, out);
    free(s->at);
    return e;
}

struct parts_sweep {
    struct blobs *parts;
    int64_t before_ms;
    size_t removed;
};

static bool on_part(void *arg, struct ulid part, int64_t changed_ms)
{
    struct parts_sweep *s = arg;

    if (changed_ms < s->before_ms) {
        blob_remove(s->parts, part);
        s->removed++;
    }
    return true;
}

/* An upload lives from its announcement; its last part came before its end. */
static size_t sweep_parts(struct blobs *parts, int64_t now_ms)
{
    struct parts_sweep s = {.parts = parts, .before_ms = now_ms - 2 * (int64_t)FILE_UPLOAD_MS};

    blobs_each(parts, on_part, &s);
    return s.removed;
}

enum err orphans_hold(struct redis *r, struct arena *a)
{
    return redis_do(
        r, a, NULL, 5,
        (struct str[]){STR("SET"), key_at(a, "hold", "blobs"), STR("1"), STR("PX"), str_int(a, ORPHANS_HOLD_MS)});
}

enum err orphans_turn(struct redis *r, const struct keyring *k, struct blobs *blobs, struct blobs *parts,
                      struct str holder, int64_t now_ms, const atomic_bool *stop, struct orphans *out)
{
    struct arena *a = arena_open(ARENA_BYTES);
    struct search s = {.redis = r, .keys = k, .now_ms = now_ms};
    struct redis_value v;
    enum err e = lease_take(r, a, "orphans", holder, ORPHANS_EVERY_MS);

    *out = (struct orphans){0};
    if (e == ERR_OK)
        e = redis_do(r, a, &v, 2, (struct str[]){STR("EXISTS"), key_at(a, "hold", "blobs")});
    if (e == ERR_OK) {
        out->parts = sweep_parts(parts, now_ms);
        out->held = v.integer != 0;
        if (!out->held)
            e = sweep_blobs(&s, blobs, stop, out);
    }
    arena_close(a);
    return e;
}
