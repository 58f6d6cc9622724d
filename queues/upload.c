#include "queues/upload.h"

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000, MIB = 1024 * 1024 };

static const char *const state_names[] = {
    [UPLOAD_COMING] = "coming", [UPLOAD_DONE] = "done", [UPLOAD_REFUSED] = "refused"};

static struct str name_of(struct arena *a, struct ulid id)
{
    return str_of(arena_strdup(a, id_print(ID_FILE, id).at));
}

static struct str upload_key(struct arena *a, struct ulid id)
{
    return key_at(a, "up", name_of(a, id).at);
}

static struct str room_key(struct arena *a, const struct upload *u)
{
    return key_in(a, u->partition, "x", arena_strdup(a, id_print(ID_ACCOUNT, u->account).at));
}

/* ---- limits ---- */

static struct str room_value(struct arena *a, const struct upload *u, int64_t ends_ms)
{
    return str_of(arena_printf(a, "%" PRIu64 " %" PRId64 " %" PRId64, u->reference, u->bytes, ends_ms));
}

/* Of the day on which it was announced. */
static struct str day_key(struct arena *a, const struct upload *u)
{
    return key_at(a, "day", str_int(a, ulid_time_ms(u->id) / DAY_MS).at);
}

static int64_t mib_of(const struct upload *u)
{
    return (u->bytes + MIB - 1) / MIB;
}

static enum err take_day(struct redis *r, struct arena *a, const struct upload *u, bool *fits)
{
    struct redis_value v;
    enum err e = redis_run(r, a, &v, SCRIPT_BUDGET, 1, 4,
                           (struct str[]){day_key(a, u), str_int(a, mib_of(u)), str_int(a, FILES_DAY_MIB_MAX),
                                          str_int(a, 2 * (int64_t)DAY_MS)});

    if (e == ERR_OK)
        *fits = v.integer == 1;
    return e;
}

static enum err take_customer(struct redis *r, struct arena *a, const struct upload *u, int64_t now_ms,
                              enum upload_limit *which)
{
    static const char *const words[] = {
        [UPLOAD_FITS] = "ok", [UPLOAD_COUNT] = "count", [UPLOAD_REQUEST] = "request", [UPLOAD_CUSTOMER] = "customer"};
    struct redis_value v;
    struct str reference = str_of(arena_printf(a, "%" PRIu64, u->reference));
    struct str argv[] = {room_key(a, u),
                         name_of(a, u->id),
                         reference,
                         str_int(a, u->bytes),
                         str_int(a, now_ms),
                         str_int(a, now_ms + FILE_UPLOAD_MS),
                         str_int(a, FILES_REQUEST_MAX),
                         str_int(a, FILES_REQUEST_BYTES_MAX),
                         str_int(a, FILES_CUSTOMER_BYTES_MAX),
                         str_int(a, FILES_CUSTOMER_MAX)};
    enum err e = redis_run(r, a, &v, SCRIPT_ROOM, 1, sizeof argv / sizeof argv[0], argv);

    for (int i = 0; e == ERR_OK && i < (int)(sizeof words / sizeof words[0]); i++)
        if (str_is(v.text, words[i])) {
            *which = (enum upload_limit)i;
            return ERR_OK;
        }
    return e == ERR_OK ? ERR_CORRUPT : e;
}

/* was_there (may be NULL): it had taken some. */
static enum err leave_room(struct redis *r, struct arena *a, const struct upload *u, bool *was_there)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 3, (struct str[]){STR("HDEL"), room_key(a, u), name_of(a, u->id)});

    if (e == ERR_OK && was_there != NULL)
        *was_there = v.integer == 1;
    return e;
}

enum err upload_take_room(struct redis *r, struct arena *a, const struct upload *u, int64_t now_ms,
                          enum upload_limit *which)
{
    bool fits = true;
    enum err e = take_customer(r, a, u, now_ms, which);

    if (e == ERR_OK && *which == UPLOAD_FITS)
        e = take_day(r, a, u, &fits);
    if (e == ERR_OK && !fits) {
        *which = UPLOAD_DAY;
        e = leave_room(r, a, u, NULL);
    }
    return e == ERR_OK && *which != UPLOAD_FITS ? ERR_LIMIT : e;
}

enum err upload_keep_room(struct redis *r, struct arena *a, const struct upload *u)
{
    return redis_do(r, a, NULL, 4, (struct str[]){STR("HSET"), room_key(a, u), name_of(a, u->id), room_value(a, u, 0)});
}

/* Once: whoever announces and cancels for a day leaves the others what is theirs. */
enum err upload_give_back(struct redis *r, struct arena *a, const struct upload *u)
{
    struct redis_value *v;
    bool was_there = false;
    enum err e = leave_room(r, a, u, &was_there);
    size_t n;

    if (e != ERR_OK || !was_there)
        return e;
    redis_add(r, 3, (struct str[]){STR("INCRBY"), day_key(a, u), str_int(a, -mib_of(u))});
    redis_add(r, 3, (struct str[]){STR("PEXPIRE"), day_key(a, u), str_int(a, 2 * (int64_t)DAY_MS)});
    e = redis_flush(r, a, &v, &n);
    return e == ERR_OK ? redis_value_err(r, &v[0]) : e;
}

/* ---- the record ---- */

static struct str record_print(struct arena *a, const struct upload *u)
{
    struct buf d = {0};

    doc_flat_text(&d, "name", u->name);
    doc_flat_text(&d, "type", u->type);
    doc_flat_int(&d, "bytes", u->bytes);
    doc_flat_int(&d, "reference", (int64_t)u->reference);
    doc_flat_text(&d, "participant", str_of(id_print(ID_PARTICIPANT, u->participant).at));
    doc_flat_text(&d, "account", str_of(id_print(ID_ACCOUNT, u->account).at));
    doc_flat_int(&d, "partition", u->partition);

    struct str plain = doc_flat_print(&d, a);

    buf_free(&d);
    return plain;
}

enum err upload_begin(struct redis *r, const struct keyring *k, struct arena *a, const struct upload *u)
{
    struct str key = upload_key(a, u->id), rec = seal(k, a, record_print(a, u), name_of(a, u->id));
    struct redis_value *v;
    size_t n;

    redis_add(r, 8,
              (struct str[]){STR("HSET"), key, STR("state"), STR("coming"), STR("got"), STR("0"), STR("rec"), rec});
    redis_add(r, 3, (struct str[]){STR("PEXPIRE"), key, str_int(a, FILE_UPLOAD_MS)});

    enum err e = redis_flush(r, a, &v, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = redis_value_err(r, &v[i]);
    return e;
}

static bool record_parse(struct arena *a, struct str plain, struct upload *u)
{
    struct doc *d;
    struct str name, type;
    int64_t partition;

    if (doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return false;
    name = doc_get_text(d, "name");
    type = doc_get_text(d, "type");
    u->name = (struct str){str_copy(a, name), name.len};
    u->type = (struct str){str_copy(a, type), type.len};
    u->bytes = doc_get_int(d, "bytes", 0);
    u->reference = (uint64_t)doc_get_int(d, "reference", 0);
    partition = doc_get_int(d, "partition", PARTITIONS);

    bool good = id_parse(ID_PARTICIPANT, doc_get_text(d, "participant"), &u->participant) &&
                id_parse(ID_ACCOUNT, doc_get_text(d, "account"), &u->account) && partition >= 0 &&
                partition < PARTITIONS;

    doc_close(d);
    u->partition = (unsigned)partition;
    return good;
}

/* "p:<n>" and "<bytes> <digest>" */
static bool part_parse(struct str field, struct str value, struct upload_part *out)
{
    struct str bytes = str_cut(&value, ' ');
    int64_t number, n;

    if (!str_starts(field, "p:") || !str_number((struct str){field.at + 2, field.len - 2}, &number) ||
        number > FILE_PART_NUMBER_MAX || !str_number(bytes, &n) || value.len != sizeof out->digest.at - 1)
        return false;
    *out = (struct upload_part){.number = (int)number, .bytes = (size_t)n};
    memcpy(out->digest.at, value.at, value.len);
    return true;
}

static int by_number(const void *x, const void *y)
{
    const struct upload_part *a = x, *b = y;

    return (a->number > b->number) - (a->number < b->number);
}

static void parts_load(struct arena *a, const struct redis_value *v, struct upload *u)
{
    u->parts = arena_array(a, struct upload_part, v->count / 2 + 1);
    for (size_t i = 0; i + 1 < v->count; i += 2)
        u->part_count += part_parse(v->items[i].text, v->items[i + 1].text, &u->parts[u->part_count]);
    qsort(u->parts, u->part_count, sizeof *u->parts, by_number);
    for (size_t i = 0; i < u->part_count; i++)
        u->got += (int64_t)u->parts[i].bytes;
}

enum err upload_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct upload *out)
{
    struct upload u = {.id = id};
    struct redis_value v;
    struct str plain;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), upload_key(a, id)});

    if (e != ERR_OK)
        return e;
    if (redis_field(&v, "rec").at == NULL)
        return ERR_ABSENT;
    if (unseal(k, a, redis_field(&v, "rec"), name_of(a, id), &plain) != ERR_OK || !record_parse(a, plain, &u))
        return ERR_CORRUPT;
    while (u.state < UPLOAD_REFUSED && !str_is(redis_field(&v, "state"), state_names[u.state]))
        u.state++;
    u.why = redis_field(&v, "why");
    parts_load(a, &v, &u);
    *out = u;
    return ERR_OK;
}

/* ---- parts ---- */

/* U1 */
static struct ulid part_blob(const struct keyring *k, struct ulid id, int number, const struct blind *digest)
{
    char text[ID_CHARS_MAX + sizeof digest->at + 16];
    uint8_t random[16];

    (void)snprintf(text, sizeof text, "%s|%d|%s", id_print(ID_FILE, id).at, number, digest->at);
    blind_bytes(k, INDEX_FILE, str_of(text), random);
    return ulid_make(ulid_time_ms(id), random);
}

static enum err outcome_of(struct str word)
{
    if (str_is(word, "new") || str_is(word, "held"))
        return ERR_OK;
    if (str_is(word, "differs"))
        return ERR_CONFLICT;
    return str_is(word, "over") ? ERR_LARGE : ERR_GONE;
}

/* It counts already, so it is on disk. */
static bool is_held(const struct upload *u, int number, const struct blind *digest)
{
    for (size_t i = 0; i < u->part_count; i++)
        if (u->parts[i].number == number)
            return strcmp(u->parts[i].digest.at, digest->at) == 0;
    return false;
}

enum err upload_put(struct redis *r, const struct keyring *k, struct arena *a, struct blobs *parts,
                    const struct upload *u, int number, struct str content)
{
    struct blind digest = blind_index(k, INDEX_FILE, content);
    struct redis_value v;

    if (is_held(u, number, &digest))
        return ERR_OK;

    enum err e = blob_write(parts, part_blob(k, u->id, number, &digest), content);

    if (e != ERR_OK && e != ERR_CONFLICT)
        return e;

    struct str value = str_of(arena_printf(a, "%zu %s", content.len, digest.at));

    e = redis_run(r, a, &v, SCRIPT_PART, 1, 5,
                  (struct str[]){upload_key(a, u->id), str_of(arena_printf(a, "p:%d", number)), value,
                                 str_int(a, (int64_t)content.len), str_int(a, u->bytes)});
    return e != ERR_OK ? e : outcome_of(v.text);
}

bool upload_complete(const struct upload *u)
{
    return u->part_count > 0 && u->got == u->bytes;
}

bool upload_sound(const struct upload *u)
{
    size_t n = u->part_count;

    if (n == 0 || u->parts[0].number > 1 || u->parts[n - 1].bytes > FILE_PART_BYTES_MAX)
        return false;
    for (size_t i = 1; i < n; i++)
        if (u->parts[i].number != u->parts[0].number + (int)i || u->parts[i - 1].bytes != u->parts[0].bytes ||
            u->parts[i - 1].bytes < FILE_PART_BYTES_MIN)
            return false;
    return u->parts[n - 1].bytes <= u->parts[0].bytes;
}

enum err upload_join(const struct keyring *k, struct arena *a, struct blobs *parts, const struct upload *u,
                     struct str *whole)
{
    struct arena *turn = arena_open(FILE_PART_BYTES_MAX);
    char *all = arena_take(a, (size_t)u->bytes + 1);
    size_t at = 0;
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < u->part_count; i++) {
        struct str piece;

        e = blob_read(parts, turn, part_blob(k, u->id, u->parts[i].number, &u->parts[i].digest), &piece);
        if (e == ERR_OK && piece.len > (size_t)u->bytes - at)
            e = ERR_CORRUPT;
        if (e == ERR_OK && piece.len > 0)
            memcpy(all + at, piece.at, piece.len);
        if (e == ERR_OK)
            at += piece.len;
        arena_reset(turn);
    }
    arena_close(turn);
    if (e == ERR_OK && at != (size_t)u->bytes)
        e = ERR_CORRUPT;
    if (e == ERR_OK)
        *whole = (struct str){all, at};
    return e;
}

void upload_drop_parts(const struct keyring *k, struct blobs *parts, const struct upload *u)
{
    for (size_t i = 0; i < u->part_count; i++)
        blob_remove(parts, part_blob(k, u->id, u->parts[i].number, &u->parts[i].digest));
}

/* ---- ends ---- */

/* Of one that has ended meanwhile nothing is left that upload_read() would take for an upload. */
static enum err set_state(struct redis *r, struct arena *a, const struct upload *u, const char *state, struct str why)
{
    struct str key = upload_key(a, u->id);
    struct redis_value *v;
    size_t n;

    redis_add(r, 6, (struct str[]){STR("HSET"), key, STR("state"), str_of(state), STR("why"), why});
    redis_add(r, 3, (struct str[]){STR("PEXPIRE"), key, str_int(a, FILE_UPLOAD_MS)});

    enum err e = redis_flush(r, a, &v, &n);

    return e == ERR_OK ? redis_value_err(r, &v[0]) : e;
}

enum err upload_done(struct redis *r, struct arena *a, const struct upload *u)
{
    enum err e = upload_keep_room(r, a, u);

    return e == ERR_OK ? set_state(r, a, u, "done", STR("")) : e;
}

enum err upload_refuse(struct redis *r, struct arena *a, const struct upload *u, struct str why)
{
    enum err e = upload_give_back(r, a, u);

    return e == ERR_OK ? set_state(r, a, u, "refused", why) : e;
}

enum err upload_forget(struct redis *r, struct arena *a, const struct upload *u)
{
    enum err e = upload_give_back(r, a, u);

    return e == ERR_OK ? redis_do(r, a, NULL, 2, (struct str[]){STR("DEL"), upload_key(a, u->id)}) : e;
}
