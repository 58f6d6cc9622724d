#include "queues/file.h"

#include "queues/change.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct str name_of(struct arena *a, struct ulid id)
{
    return str_of(arena_strdup(a, id_print(ID_FILE, id).at));
}

static struct str record_key(struct arena *a, struct ulid id)
{
    return key_at(a, "fil", name_of(a, id).at);
}

static struct str queue_key(struct arena *a)
{
    return key_at(a, "scan", "files");
}

/* ---- new ones ---- */

static struct str record_print(struct arena *a, const struct attachment *f, struct ulid item, struct ulid ticket)
{
    struct buf d = {0};

    doc_flat_text(&d, "name", f->name);
    doc_flat_text(&d, "type", f->type);
    doc_flat_int(&d, "bytes", f->bytes);
    doc_flat_text(&d, "item", str_of(id_print(ID_ITEM, item).at));
    doc_flat_text(&d, "ticket", str_of(id_print(ID_TICKET, ticket).at));
    doc_flat_bool(&d, "proven", f->proven);

    struct str plain = doc_flat_print(&d, a);

    buf_free(&d);
    return plain;
}

size_t files_queue_new(struct redis *r, const struct keyring *k, struct arena *a, const struct attachment *all,
                       size_t n, struct ulid item, struct ulid ticket, int64_t at_ms)
{
    struct str at = str_int(a, at_ms), *scan = arena_array(a, struct str, 3 + 2 * n);
    size_t words = 3;

    for (size_t i = 0; i < n; i++) {
        struct change *c = change_begin(a);
        struct str name = name_of(a, all[i].id), plain = record_print(a, &all[i], item, ticket);

        change_add(c, 12,
                   (struct str[]){STR("HSETNEW"), record_key(a, all[i].id), STR("state"),
                                  str_of(file_state_name(all[i].state)), STR("why"), all[i].why, STR("tries"), STR("0"),
                                  STR("at"), at, STR("rec"), seal(k, a, plain, name)});
        change_queue(r, c, STR(""), STR(""), STR(""));
        if (all[i].state == FILE_STATE_WAITING) {
            scan[words++] = at;
            scan[words++] = name;
        }
    }
    if (words == 3)
        return n;
    scan[0] = STR("ZADD");
    scan[1] = queue_key(a);
    scan[2] = STR("NX");
    redis_add(r, words, scan);
    return n + 1;
}

/* ---- reading ---- */

static int64_t field_int(const struct redis_value *v, const char *name)
{
    struct str s = redis_field(v, name);

    return s.at == NULL ? 0 : strtoll(s.at, NULL, 10);
}

static struct str own(struct arena *a, const struct doc *d, const char *name)
{
    struct str s = doc_get_text(d, name);

    return (struct str){str_copy(a, s), s.len};
}

static enum err file_load(const struct keyring *k, struct arena *a, struct ulid id, const struct redis_value *v,
                          struct file *out)
{
    struct file f = {.id = id};
    struct str plain;
    struct doc *d;

    if (v->kind != REDIS_LIST || v->count == 0)
        return ERR_ABSENT;
    if (!file_state_parse(redis_field(v, "state"), &f.state) ||
        unseal(k, a, redis_field(v, "rec"), name_of(a, id), &plain) != ERR_OK ||
        doc_parse(&d, plain, NULL, 0) != ERR_OK)
        return ERR_CORRUPT;
    f.why = redis_field(v, "why");
    f.tries = (int)field_int(v, "tries");
    f.at_ms = field_int(v, "at");
    f.name = own(a, d, "name");
    f.type = own(a, d, "type");
    f.bytes = doc_get_int(d, "bytes", 0);
    f.proven = doc_get_bool(d, "proven", false);
    (void)id_parse(ID_ITEM, doc_get_text(d, "item"), &f.item);
    (void)id_parse(ID_TICKET, doc_get_text(d, "ticket"), &f.ticket);
    doc_close(d);
    *out = f;
    return ERR_OK;
}

enum err file_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct file *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), record_key(a, id)});

    return e != ERR_OK ? e : file_load(k, a, id, &v, out);
}

bool file_next(struct str *ids, struct ulid *out)
{
    while (ids->at != NULL && ids->len > 0)
        if (id_parse(ID_FILE, str_cut(ids, ' '), out))
            return true;
    return false;
}

static int by_id(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct ulid));
}

/* All ids that the messages name, in order, each once. */
static size_t gather(struct arena *a, const struct message *messages, size_t n, struct ulid **out)
{
    size_t room = 1, count = 0, kept = 0;

    for (size_t i = 0; i < n; i++)
        room += messages[i].files.len / ULID_CHARS;

    struct ulid *ids = arena_array(a, struct ulid, room);

    for (size_t i = 0; i < n; i++)
        for (struct str rest = messages[i].files; count < room && file_next(&rest, &ids[count]);)
            count++;
    qsort(ids, count, sizeof *ids, by_id);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !ulid_equal(ids[i], ids[i - 1]))
            ids[kept++] = ids[i];
    *out = ids;
    return kept;
}

enum err files_read(struct redis *r, const struct keyring *k, struct arena *a, const struct message *messages, size_t n,
                    struct file_list *out)
{
    struct redis_value *v;
    struct ulid *ids;
    size_t count = gather(a, messages, n, &ids), answers;
    struct file_list list = {.at = arena_array(a, struct file, count + 1)};

    *out = list;
    if (count == 0)
        return ERR_OK;
    for (size_t i = 0; i < count; i++)
        redis_add(r, 2, (struct str[]){STR("HGETALL"), record_key(a, ids[i])});

    enum err e = redis_flush(r, a, &v, &answers);

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = redis_value_err(r, &v[i]);
        if (e == ERR_OK)
            e = file_load(k, a, ids[i], &v[i], &list.at[list.count]);
        list.count += e == ERR_OK;
        if (e == ERR_ABSENT) /* its message is there first, for a moment */
            e = ERR_OK;
    }
    if (e == ERR_OK)
        *out = list;
    return e;
}

const struct file *file_find(const struct file_list *list, struct ulid id)
{
    for (size_t i = 0; i < list->count; i++)
        if (ulid_equal(list->at[i].id, id))
            return &list->at[i];
    return NULL;
}

/* ---- the scanner's side ---- */

enum err files_due(struct redis *r, struct arena *a, int64_t now_ms, size_t max, struct ulid *ids, size_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 8,
                          (struct str[]){STR("ZRANGE"), queue_key(a), STR("-inf"), str_int(a, now_ms), STR("BYSCORE"),
                                         STR("LIMIT"), STR("0"), str_int(a, (int64_t)max)});

    *n = 0;
    for (size_t i = 0; e == ERR_OK && i < v.count && *n < max; i++)
        *n += id_parse(ID_FILE, v.items[i].text, &ids[*n]);
    return e;
}

enum err file_unqueue(struct redis *r, struct arena *a, struct ulid id)
{
    return redis_do(r, a, NULL, 3, (struct str[]){STR("ZREM"), queue_key(a), name_of(a, id)});
}

/* The record first: a queue that still holds what was judged costs one more look. */
enum err file_judged(struct redis *r, struct arena *a, const struct file *f, enum file_state state, struct str why,
                     int64_t again_ms)
{
    struct str key = record_key(a, f->id), tries = str_int(a, f->tries + 1);
    enum err e = redis_do(r, a, NULL, 8,
                          (struct str[]){STR("HSET"), key, STR("state"), str_of(file_state_name(state)), STR("why"),
                                         why, STR("tries"), tries});

    if (e != ERR_OK)
        return e;
    if (state != FILE_STATE_HELD)
        return file_unqueue(r, a, f->id);
    return redis_do(r, a, NULL, 4, (struct str[]){STR("ZADD"), queue_key(a), str_int(a, again_ms), name_of(a, f->id)});
}

enum err files_waiting(struct redis *r, struct arena *a, int64_t *n)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("ZCARD"), queue_key(a)});

    if (e == ERR_OK)
        *n = v.integer;
    return e;
}
