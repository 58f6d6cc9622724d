#include "queues/webhook.h"

#include "queues/change.h"
#include "queues/keys.h"
#include "queues/redis.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 10 };

static const char *const kinds[] = {
#define X(name, word) [WEBHOOK_##name] = word,
    WEBHOOK_KIND_LIST(X)
#undef X
};

const char *webhook_kind_name(enum webhook_kind kind)
{
    return kinds[kind];
}

bool webhook_kind_parse(struct str s, enum webhook_kind *out)
{
    for (int i = 0; i < WEBHOOK_KINDS; i++)
        if (str_is(s, kinds[i])) {
            *out = (enum webhook_kind)i;
            return true;
        }
    return false;
}

bool webhook_name_valid(struct str name)
{
    if (name.len < WEBHOOK_NAME_MIN || name.len > WEBHOOK_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

bool webhook_secret_lives(const struct webhook_secret *s, int64_t now_ms)
{
    return now_ms >= s->from_ms && (s->until_ms == 0 || now_ms < s->until_ms);
}

static struct webhook *find(struct webhooks *w, struct str name)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_is(name, w->at[i].name))
            return &w->at[i];
    return NULL;
}

const struct webhook *webhooks_find(const struct webhooks *w, struct str name)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_is(name, w->at[i].name))
            return &w->at[i];
    return NULL;
}

/* ---- a sender as text ---- */

static void print_hex(const uint8_t key[HMAC_BYTES], char out[2 * HMAC_BYTES + 1])
{
    for (size_t i = 0; i < HMAC_BYTES; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", key[i]);
}

size_t webhook_print(const struct webhook *w, char out[WEBHOOK_RECORD_MAX])
{
    char id[ULID_CHARS + 1], key[2 * HMAC_BYTES + 1];
    int n;

    ulid_print(w->id, id);
    n = snprintf(out, WEBHOOK_RECORD_MAX, "%s %s %s %" PRId64, id, kinds[w->kind], w->disabled ? "off" : "on",
                 w->created_ms);
    for (size_t i = 0; i < w->secrets; i++) {
        print_hex(w->secret[i].key, key);
        n += snprintf(out + n, WEBHOOK_RECORD_MAX - (size_t)n, " %s %" PRId64 " %" PRId64, key, w->secret[i].from_ms,
                      w->secret[i].until_ms);
    }
    secret_wipe(key, sizeof key);
    return (size_t)n;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(struct str s, uint8_t out[HMAC_BYTES])
{
    if (s.len != (size_t)2 * HMAC_BYTES)
        return false;
    for (size_t i = 0; i < HMAC_BYTES; i++) {
        int high = hex_digit(s.at[2 * i]), low = hex_digit(s.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool parse_secrets(struct str rest, struct webhook *w)
{
    while (rest.at != NULL && w->secrets < WEBHOOK_SECRETS) {
        struct webhook_secret *s = &w->secret[w->secrets++];
        struct str key = str_cut(&rest, ' '), from = str_cut(&rest, ' '), until = str_cut(&rest, ' ');

        if (!parse_hex(key, s->key) || !str_number(from, &s->from_ms) || !str_number(until, &s->until_ms))
            return false;
    }
    return rest.at == NULL;
}

bool webhook_parse(struct str name, struct str record, struct webhook *out)
{
    struct webhook w = {0};
    struct str id = str_cut(&record, ' '), kind = str_cut(&record, ' '), state = str_cut(&record, ' ');
    bool good = webhook_name_valid(name) && ulid_parse(id, &w.id) && webhook_kind_parse(kind, &w.kind) &&
                (str_is(state, "on") || str_is(state, "off")) && str_number(str_cut(&record, ' '), &w.created_ms) &&
                parse_secrets(record, &w);

    if (good) {
        memcpy(w.name, name.at, name.len);
        w.disabled = str_is(state, "off");
        *out = w;
    }
    secret_wipe(&w, sizeof w);
    return good;
}

/* ---- Redis ---- */

static struct str record_key(struct arena *a)
{
    return key_at(a, "wh", "senders");
}

static struct str bound_to(struct arena *a, struct str name)
{
    return str_of(arena_printf(a, "webhook %s", str_copy(a, name)));
}

static enum err load_one(const struct keyring *k, struct arena *a, struct str name, struct str sealed,
                         struct webhooks *out)
{
    struct str plain;

    if (out->n == WEBHOOKS_MAX || unseal(k, a, sealed, bound_to(a, name), &plain) != ERR_OK)
        return ERR_CORRUPT;

    bool good = webhook_parse(name, plain, &out->at[out->n]);

    secret_wipe((char *)plain.at, plain.len); /* it lies in our arena */
    out->n += good;
    return good ? ERR_OK : ERR_CORRUPT;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct webhook *)x)->name, ((const struct webhook *)y)->name);
}

/* FNV-1a, 64 bits: tells apart, proves nothing. */
static uint64_t add_mark(uint64_t mark, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        mark = (mark ^ (uint8_t)s.at[i]) * UINT64_C(0x100000001b3);
    return mark;
}

enum err webhooks_read(struct redis *r, const struct keyring *k, struct arena *a, struct webhooks *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), record_key(a)});

    *out = (struct webhooks){.mark = UINT64_C(0xcbf29ce484222325)};
    if (e != ERR_OK)
        return e;
    if (v.count == 0)
        return ERR_ABSENT;
    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2) {
        out->mark = add_mark(add_mark(out->mark, v.items[i].text), v.items[i + 1].text);
        if (!str_is(v.items[i].text, "v"))
            e = load_one(k, a, v.items[i].text, v.items[i + 1].text, out);
        else if (!str_number(v.items[i + 1].text, &out->version))
            e = ERR_CORRUPT;
    }
    if (out->n > 1)
        qsort(out->at, out->n, sizeof out->at[0], by_name);
    return e;
}

static void change_sender(struct change *c, const struct keyring *k, const struct webhook *w)
{
    char record[WEBHOOK_RECORD_MAX];
    struct str name = str_of(arena_strdup(c->arena, w->name)), plain = {record, webhook_print(w, record)};

    change_add(
        c, 4,
        (struct str[]){STR("HSET"), record_key(c->arena), name, seal(k, c->arena, plain, bound_to(c->arena, name))});
    secret_wipe(record, sizeof record);
}

/* ---- changing one ---- */

/* What an act decides on a sender as it is now. NULL in what is given: there is none of that name. */
struct act {
    const struct keyring *k;
    struct webhooks *all;
    struct str name;
    int64_t now_ms, keep_ms;
    enum webhook_kind kind;
    struct webhook_secret fresh;
    int64_t until_ms; /* told by rotate */
    struct ulid who;  /* the sender's id, for the audit */
};
typedef enum err act_step(struct act *act, struct webhook *w, struct change *c);

/* Senders have no partition of their own; their entries go to that of their id. */
static enum err audit(struct redis *r, const struct keyring *k, struct arena *a, int64_t now_ms, const char *by,
                      const char *action, const struct act *act)
{
    struct change *c = change_begin(a);

    change_audit(c, k, ulid_partition(act->who), now_ms, str_of(by), action,
                 arena_strdup(a, id_print(ID_WEBHOOK, act->who).at), act->name);
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

static enum err run(struct redis *r, struct arena *a, struct act *act, act_step *step, const char *action,
                    const char *by)
{
    enum err e = ERR_CONFLICT;

    act->all = secret_memory(sizeof *act->all);
    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct change *c = change_begin(a);
        struct str version;

        e = webhooks_read(r, act->k, a, act->all);
        if (e == ERR_OK || e == ERR_ABSENT)
            e = step(act, find(act->all, act->name), c);
        if (e != ERR_OK)
            break;
        version = str_of(arena_printf(a, "%" PRId64, act->all->version));
        e = change_run(r, a, c, STR(""), record_key(a), version, NULL);
    }
    secret_memory_free(act->all);
    return e == ERR_OK ? audit(r, act->k, a, act->now_ms, by, action, act) : e;
}

static struct act begin(const struct keyring *k, struct str name, int64_t now_ms)
{
    struct act act = {.k = k, .name = name, .now_ms = now_ms};

    random_bytes(act.fresh.key, sizeof act.fresh.key);
    act.fresh.from_ms = now_ms;
    return act;
}

static struct str tell_secret(struct arena *a, struct act *act)
{
    struct str text = base64(a, act->fresh.key, sizeof act->fresh.key);

    secret_wipe(&act->fresh, sizeof act->fresh);
    return str_of(arena_printf(a, "whsec_%s", text.at));
}

static enum err add_step(struct act *act, struct webhook *w, struct change *c)
{
    struct webhook made = {
        .id = ulid_fresh(), .kind = act->kind, .created_ms = act->now_ms, .secrets = 1, .secret = {act->fresh}};
    size_t like = 0;

    if (w != NULL)
        return ERR_INPUT; /* told as ERR_CONFLICT, which here would mean: look again */
    for (size_t i = 0; i < act->all->n; i++)
        like += act->all->at[i].kind == act->kind;
    if (like >= WEBHOOKS_OF_KIND_MAX)
        return ERR_LIMIT;
    memcpy(made.name, act->name.at, act->name.len);
    act->who = made.id;
    change_sender(c, act->k, &made);
    secret_wipe(&made, sizeof made);
    return ERR_OK;
}

enum err webhook_add(struct redis *r, const struct keyring *k, struct arena *a, enum webhook_kind kind, struct str name,
                     int64_t now_ms, const char *by, struct str *secret)
{
    struct act act = begin(k, name, now_ms);
    enum err e;

    if (!webhook_name_valid(name))
        return ERR_INPUT;
    act.kind = kind;
    e = run(r, a, &act, add_step, "webhook.added", by);
    if (e == ERR_OK)
        *secret = tell_secret(a, &act);
    return e == ERR_INPUT ? ERR_CONFLICT : e;
}

/* W1 */
static enum err rotate_step(struct act *act, struct webhook *w, struct change *c)
{
    size_t living = 0;

    if (w == NULL)
        return ERR_ABSENT;
    for (size_t i = 0; i < w->secrets; i++)
        if (webhook_secret_lives(&w->secret[i], act->now_ms) && !w->disabled)
            w->secret[living++] = w->secret[i];
    if (living == WEBHOOK_SECRETS && act->keep_ms > 0) {
        act->until_ms = w->secret[1].until_ms;
        return ERR_LIMIT;
    }
    act->who = w->id;
    act->until_ms = living > 0 && act->keep_ms > 0 ? act->now_ms + act->keep_ms : act->now_ms;
    w->secrets = 1;
    if (act->until_ms > act->now_ms) {
        w->secret[1] = w->secret[0];
        w->secret[1].until_ms = act->until_ms;
        w->secrets = 2;
    }
    w->secret[0] = act->fresh;
    w->disabled = false;
    change_sender(c, act->k, w);
    return ERR_OK;
}

enum err webhook_rotate(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t keep_ms,
                        int64_t now_ms, const char *by, struct str *secret, int64_t *until_ms)
{
    struct act act = begin(k, name, now_ms);
    enum err e;

    act.keep_ms = keep_ms;
    e = run(r, a, &act, rotate_step, "webhook.rotated", by);
    if (e == ERR_OK)
        *secret = tell_secret(a, &act);
    if (e == ERR_OK || e == ERR_LIMIT)
        *until_ms = act.until_ms;
    return e;
}

static enum err disable_step(struct act *act, struct webhook *w, struct change *c)
{
    if (w == NULL)
        return ERR_ABSENT;
    act->who = w->id;
    w->disabled = true;
    w->secrets = 0; /* what nobody may use need not be kept */
    change_sender(c, act->k, w);
    return ERR_OK;
}

enum err webhook_disable(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                         const char *by)
{
    struct act act = begin(k, name, now_ms);

    return run(r, a, &act, disable_step, "webhook.disabled", by);
}

static enum err remove_step(struct act *act, struct webhook *w, struct change *c)
{
    if (w == NULL)
        return ERR_ABSENT;
    act->who = w->id;
    change_add(c, 3, (struct str[]){STR("HDEL"), record_key(c->arena), str_of(arena_strdup(c->arena, w->name))});
    return ERR_OK;
}

enum err webhook_remove(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                        const char *by)
{
    struct act act = begin(k, name, now_ms);

    return run(r, a, &act, remove_step, "webhook.removed", by);
}

enum err webhooks_put_back(struct redis *r, const struct keyring *k, struct arena *a, const struct webhooks *w)
{
    struct change *c = change_begin(a);

    for (size_t i = 0; i < w->n; i++)
        change_sender(c, k, &w->at[i]);
    if (w->n == 0) /* "nobody" is a record, too */
        change_add(c, 3, (struct str[]){STR("HDEL"), record_key(a), STR("")});
    return change_run(r, a, c, STR(""), record_key(a), STR("0"), NULL);
}
