#include "queues/hook_receiver.h"

#include "queues/change.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 10, RECORD_MAX = HOOK_URL_MAX + 200 };

bool hook_name_valid(struct str name)
{
    if (name.len < HOOK_NAME_MIN || name.len > HOOK_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

static struct hook_receiver *find(struct hook_receivers *all, struct str name)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_is(name, all->at[i].name))
            return &all->at[i];
    return NULL;
}

const struct hook_receiver *hook_receiver_find(const struct hook_receivers *all, struct str name)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_is(name, all->at[i].name))
            return &all->at[i];
    return NULL;
}

/* ---- one as text ---- */

static struct str print(struct arena *a, const struct hook_receiver *h, char out[RECORD_MAX])
{
    char id[ULID_CHARS + 1];
    struct str key = base64(a, h->key, sizeof h->key);

    ulid_print(h->id, id);

    int n = snprintf(out, RECORD_MAX, "%s %x %s %s %" PRId64 " %s %s", id, h->kinds,
                     h->private_address ? "private" : "public", h->off ? "off" : "on", h->created_ms, key.at, h->url);

    secret_wipe((char *)key.at, key.len);
    return (struct str){out, (size_t)n};
}

static bool parse(struct str name, struct str record, struct hook_receiver *out)
{
    struct hook_receiver h = {0};
    struct str id = str_cut(&record, ' '), kinds = str_cut(&record, ' '), where = str_cut(&record, ' ');
    struct str state = str_cut(&record, ' '), created = str_cut(&record, ' '), key = str_cut(&record, ' ');
    bool good = hook_name_valid(name) && ulid_parse(id, &h.id) && kinds.len > 0 && kinds.len <= 8 &&
                str_number(created, &h.created_ms) && base64_decode(key, h.key, sizeof h.key) && record.len > 0 &&
                record.len <= HOOK_URL_MAX;

    if (good) {
        h.kinds = (unsigned)strtoul(kinds.at, NULL, 16);
        h.private_address = str_is(where, "private");
        h.off = str_is(state, "off");
        memcpy(h.name, name.at, name.len);
        memcpy(h.url, record.at, record.len);
        *out = h;
    }
    secret_wipe(&h, sizeof h);
    return good;
}

/* ---- Redis ---- */

static struct str record_key(struct arena *a)
{
    return key_at(a, "hk", "receivers");
}

static struct str bound_to(struct arena *a, struct str name)
{
    return str_of(arena_printf(a, "hook %s", str_copy(a, name)));
}

static enum err load_one(const struct keyring *k, struct arena *a, struct str name, struct str sealed,
                         struct hook_receivers *out)
{
    struct str plain;

    if (out->n == HOOK_RECEIVERS_MAX || unseal(k, a, sealed, bound_to(a, name), &plain) != ERR_OK)
        return ERR_CORRUPT;

    bool good = parse(name, plain, &out->at[out->n]);

    secret_wipe((char *)plain.at, plain.len); /* it lies in our arena */
    out->n += good;
    return good ? ERR_OK : ERR_CORRUPT;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct hook_receiver *)x)->name, ((const struct hook_receiver *)y)->name);
}

enum err hook_receivers_read(struct redis *r, const struct keyring *k, struct arena *a, struct hook_receivers *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), record_key(a)});

    *out = (struct hook_receivers){0};
    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2)
        if (!str_is(v.items[i].text, "v"))
            e = load_one(k, a, v.items[i].text, v.items[i + 1].text, out);
        else if (!str_number(v.items[i + 1].text, &out->version))
            e = ERR_CORRUPT;
    if (out->n > 1)
        qsort(out->at, out->n, sizeof out->at[0], by_name);
    return e;
}

static void change_receiver(struct change *c, const struct keyring *k, const struct hook_receiver *h)
{
    char record[RECORD_MAX];
    struct arena *a = c->arena;
    struct str name = str_of(arena_strdup(a, h->name)), plain = print(a, h, record);

    change_add(c, 4, (struct str[]){STR("HSET"), record_key(a), name, seal(k, a, plain, bound_to(a, name))});
    secret_wipe(record, sizeof record);
}

/* ---- changing one ---- */

/* What an act decides on a receiver as it is now; NULL: there is none of that name. */
struct act {
    const struct keyring *k;
    struct hook_receivers *all;
    const struct hook_receiver *want;
    struct str name;
    struct ulid who;
};
typedef enum err act_step(struct act *act, struct hook_receiver *h, struct change *c);

/* Receivers have no partition of their own; their entries go to that of their id. */
static enum err audit(struct redis *r, const struct keyring *k, struct arena *a, int64_t now_ms, const char *by,
                      const char *action, const struct act *act)
{
    struct change *c = change_begin(a);

    change_audit(c, k, ulid_partition(act->who), now_ms, str_of(by), action,
                 arena_strdup(a, id_print(ID_HOOK, act->who).at), act->name);
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

static enum err run(struct redis *r, struct arena *a, struct act *act, act_step *step)
{
    enum err e = ERR_CONFLICT;

    act->all = secret_memory(sizeof *act->all);
    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct change *c = change_begin(a);

        e = hook_receivers_read(r, act->k, a, act->all);
        if (e == ERR_OK)
            e = step(act, find(act->all, act->name), c);
        if (e != ERR_OK)
            break;
        e = change_run(r, a, c, STR(""), record_key(a), str_int(a, act->all->version), NULL);
    }
    secret_memory_free(act->all);
    return e;
}

static enum err add_step(struct act *act, struct hook_receiver *h, struct change *c)
{
    if (h != NULL)
        return ERR_INPUT; /* told as ERR_CONFLICT, which here would mean: look again */
    if (act->all->n == HOOK_RECEIVERS_MAX)
        return ERR_LIMIT;
    change_receiver(c, act->k, act->want);
    return ERR_OK;
}

enum err hook_receiver_add(struct redis *r, const struct keyring *k, struct arena *a, const struct hook_receiver *want,
                           int64_t now_ms, const char *by, struct str *secret)
{
    struct hook_receiver *made = secret_memory(sizeof *made);
    struct act act = {.k = k, .want = made, .name = str_of(arena_strdup(a, want->name))};
    enum err e = ERR_INPUT;

    *made = *want;
    made->id = act.who = ulid_fresh();
    made->created_ms = now_ms;
    made->off = false;
    random_bytes(made->key, sizeof made->key);
    if (hook_name_valid(act.name))
        e = run(r, a, &act, add_step);
    if (e == ERR_OK)
        e = audit(r, k, a, now_ms, by, "hook.added", &act);
    if (e == ERR_OK)
        *secret = str_of(arena_printf(a, "whsec_%s", base64(a, made->key, sizeof made->key).at));
    secret_memory_free(made);
    return e == ERR_INPUT ? ERR_CONFLICT : e;
}

static enum err remove_step(struct act *act, struct hook_receiver *h, struct change *c)
{
    if (h == NULL)
        return ERR_ABSENT;
    act->who = h->id;
    change_add(c, 3, (struct str[]){STR("HDEL"), record_key(c->arena), str_of(arena_strdup(c->arena, h->name))});
    return ERR_OK;
}

enum err hook_receiver_remove(struct redis *r, const struct keyring *k, struct arena *a, struct str name,
                              int64_t now_ms, const char *by)
{
    struct act act = {.k = k, .name = name};
    enum err e = run(r, a, &act, remove_step);
    const char *id;

    if (e != ERR_OK)
        return e;
    id = arena_strdup(a, id_print(ID_HOOK, act.who).at);
    e = redis_do(r, a, NULL, 3, (struct str[]){STR("DEL"), key_at(a, "hq", id), key_at(a, "hs", id)});
    return e == ERR_OK ? audit(r, k, a, now_ms, by, "hook.removed", &act) : e;
}

static enum err off_step(struct act *act, struct hook_receiver *h, struct change *c)
{
    if (h == NULL)
        return ERR_ABSENT;
    act->who = h->id;
    h->off = true;
    change_receiver(c, act->k, h);
    return ERR_OK;
}

enum err hook_receiver_off(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                           const char *by)
{
    struct act act = {.k = k, .name = name};
    enum err e = run(r, a, &act, off_step);

    return e == ERR_OK ? audit(r, k, a, now_ms, by, "hook.off", &act) : e;
}
