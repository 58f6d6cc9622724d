#include "queues/staff.h"

#include "queues/change.h"
#include "queues/keys.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MAX = 10 };

static const char *const roles[] = {
#define X(name, word) [STAFF_##name] = word,
    STAFF_ROLE_LIST(X)
#undef X
};

const char *staff_role_name(enum staff_role role)
{
    return roles[role];
}

bool staff_role_parse(struct str s, enum staff_role *out)
{
    for (int i = 0; i < STAFF_ROLES; i++)
        if (str_is(s, roles[i])) {
            *out = (enum staff_role)i;
            return true;
        }
    return false;
}

/* ---- what a name and a password may be ---- */

const char *staff_name_fault(struct str name)
{
    if (!text_utf8_valid(name))
        return "a name must be UTF-8";
    if (name.len == 0 || text_code_points(name) > STAFF_NAME_CHARS_MAX)
        return "a name must have 1 to 64 characters";
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] < 0x20 || name.at[i] == 0x7F)
            return "a name must not hold control characters";
    return str_equal(str_trim(name), name) ? NULL : "a name must not begin or end with white space";
}

static bool one_character(struct str s)
{
    struct str first = text_first(s, 1);

    for (size_t i = 0; i + first.len <= s.len; i += first.len)
        if (memcmp(s.at + i, first.at, first.len) != 0)
            return false;
    return s.len % first.len == 0;
}

const char *staff_password_fault(struct str name, struct str password)
{
    if (!text_utf8_valid(password))
        return "a password must be UTF-8";
    if (password.len > STAFF_PASSWORD_BYTES_MAX)
        return "a password must have at most 1024 bytes";
    if (text_code_points(password) < STAFF_PASSWORD_CHARS_MIN)
        return "a password must have at least 15 characters";
    if (str_equal_nocase(password, name))
        return "a password must not be the name";
    return one_character(password) ? "a password must not be one character over and over" : NULL;
}

/* ---- members ---- */

static struct str member_index(const struct keyring *k, struct arena *a, struct str name)
{
    struct str lower = {str_lower(a, name), name.len};

    return str_of(arena_strdup(a, blind_index(k, INDEX_STAFF, lower).at));
}

static struct str number(struct arena *a, int64_t n)
{
    return str_of(arena_printf(a, "%" PRId64, n));
}

static int64_t field_int(const struct redis_value *v, const char *name)
{
    struct str s = redis_field(v, name);

    return s.at == NULL ? 0 : strtoll(s.at, NULL, 10);
}

static enum err member_load(const struct keyring *k, struct arena *a, const struct redis_value *v, struct staff *out)
{
    struct staff s = {.name = redis_field(v, "name"), .version = redis_field(v, "v")};
    struct str id = redis_field(v, "id"), hash;

    if (v->kind != REDIS_LIST || v->count == 0)
        return ERR_ABSENT;
    if (!id_parse(ID_STAFF, id, &s.id) || !staff_role_parse(redis_field(v, "role"), &s.role) ||
        unseal(k, a, redis_field(v, "hash"), id, &hash) != ERR_OK || hash.len >= sizeof s.hash)
        return ERR_CORRUPT;
    memcpy(s.hash, hash.at, hash.len);
    s.disabled = str_is(redis_field(v, "disabled"), "1");
    s.created_ms = field_int(v, "created");
    s.since_ms = field_int(v, "since");
    *out = s;
    return ERR_OK;
}

static enum err member_read(struct redis *r, const struct keyring *k, struct arena *a, struct str index,
                            struct staff *out)
{
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), key_at(a, "stf", index.at)});

    return e != ERR_OK ? e : member_load(k, a, &v, out);
}

enum err staff_read(struct redis *r, const struct keyring *k, struct arena *a, struct str name, struct staff *out)
{
    return member_read(r, k, a, member_index(k, a, name), out);
}

static int by_name(const void *x, const void *y)
{
    const struct staff *a = x, *b = y;
    size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = memcmp(a->name.at, b->name.at, n);

    return order != 0 ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

enum err staff_list(struct redis *r, const struct keyring *k, struct arena *a, struct staff **out, size_t *n)
{
    struct redis_value all, *v;
    enum err e = redis_do(r, a, &all, 2, (struct str[]){STR("SMEMBERS"), STR("stf:all")});

    if (e != ERR_OK)
        return e;

    struct staff *list = arena_array(a, struct staff, all.count + 1);
    size_t count = 0;

    for (size_t i = 0; i < all.count; i++)
        redis_add(r, 2, (struct str[]){STR("HGETALL"), key_at(a, "stf", all.items[i].text.at)});
    *out = list;
    *n = 0;
    if (all.count == 0)
        return ERR_OK;
    e = redis_flush(r, a, &v, &count);
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = member_load(k, a, &v[i], &list[*n]);
        *n += e == ERR_OK;
        if (e == ERR_ABSENT) /* being added, or cut off while it was */
            e = ERR_OK;
    }
    if (e == ERR_OK && *n > 1)
        qsort(list, *n, sizeof *list, by_name);
    return e;
}

enum err staff_names(struct redis *r, struct arena *a, const struct str *ids, size_t n, struct str *names)
{
    struct str *argv = arena_array(a, struct str, n + 2);
    struct redis_value v;

    if (n == 0)
        return ERR_OK;
    argv[0] = STR("HMGET");
    argv[1] = STR("stf:names");
    memcpy(argv + 2, ids, n * sizeof *ids);

    enum err e = redis_do(r, a, &v, n + 2, argv);

    for (size_t i = 0; e == ERR_OK && i < n && i < v.count; i++)
        names[i] = v.items[i].kind == REDIS_TEXT ? v.items[i].text : (struct str){NULL, 0};
    return e;
}

/* Staff have no partition of their own; their entries go to that of their id, beside what they did there. */
static enum err audit(struct redis *r, const struct keyring *k, struct arena *a, int64_t now_ms, const char *who,
                      const char *action, struct ulid staff, const char *detail)
{
    struct change *c = change_begin(a);

    change_audit(c, k, ulid_partition(staff), now_ms, str_of(who), action,
                 arena_strdup(a, id_print(ID_STAFF, staff).at), str_of(detail));
    return change_run(r, a, c, STR(""), STR(""), STR(""), NULL);
}

static struct str sealed_hash(const struct keyring *k, struct arena *a, struct ulid id, const char hash[128])
{
    return seal(k, a, str_of(hash), str_of(arena_strdup(a, id_print(ID_STAFF, id).at)));
}

enum err staff_add(struct redis *r, const struct keyring *k, struct arena *a, struct str name, enum staff_role role,
                   const char hash[128], int64_t now_ms, const char *by, struct staff *out)
{
    struct staff s = {.id = ulid_fresh(), .name = name, .role = role, .created_ms = now_ms, .since_ms = now_ms};
    struct str index = member_index(k, a, name), key = key_at(a, "stf", index.at);
    struct change *c = change_begin(a);
    struct str id = str_of(arena_strdup(a, id_print(ID_STAFF, s.id).at));
    enum err e = redis_do(r, a, NULL, 3, (struct str[]){STR("SADD"), STR("stf:all"), index});

    if (e == ERR_OK)
        e = redis_do(r, a, NULL, 4, (struct str[]){STR("HSET"), STR("stf:names"), id, name});
    if (e != ERR_OK)
        return e;
    memcpy(s.hash, hash, sizeof s.hash);
    change_hset(c, key, "id", id);
    change_hset(c, key, "name", name);
    change_hset(c, key, "role", str_of(staff_role_name(role)));
    change_hset(c, key, "hash", sealed_hash(k, a, s.id, hash));
    change_hset(c, key, "disabled", STR("0"));
    change_hset_int(c, key, "created", now_ms);
    change_hset_int(c, key, "since", now_ms);
    e = change_run(r, a, c, STR(""), key, STR("0"), NULL);
    if (e == ERR_OK)
        e = audit(r, k, a, now_ms, by, "staff.added", s.id, staff_role_name(role));
    if (e == ERR_OK)
        *out = s;
    return e;
}

/* hash: the new one, or NULL: the member is disabled. */
static enum err member_change(struct redis *r, const struct keyring *k, struct arena *a, struct str name,
                              const char *hash, int64_t now_ms, const char *by)
{
    struct str key = key_at(a, "stf", member_index(k, a, name).at);
    struct staff s;
    enum err e = ERR_CONFLICT;

    for (int i = 0; e == ERR_CONFLICT && i < AGAIN_MAX; i++) {
        struct change *c = change_begin(a);

        e = staff_read(r, k, a, name, &s);
        if (e != ERR_OK)
            return e;
        if (hash != NULL)
            change_hset(c, key, "hash", sealed_hash(k, a, s.id, hash));
        change_hset(c, key, "disabled", hash == NULL ? STR("1") : STR("0"));
        change_hset_int(c, key, "since", now_ms);
        e = change_run(r, a, c, STR(""), key, s.version, NULL);
    }
    return e != ERR_OK ? e : audit(r, k, a, now_ms, by, hash == NULL ? "staff.disabled" : "staff.password", s.id, "");
}

enum err staff_set_password(struct redis *r, const struct keyring *k, struct arena *a, struct str name,
                            const char hash[128], int64_t now_ms, const char *by)
{
    return member_change(r, k, a, name, hash, now_ms, by);
}

enum err staff_disable(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                       const char *by)
{
    return member_change(r, k, a, name, NULL, now_ms, by);
}

/* ---- signing in ---- */

static struct str tries_key(const struct keyring *k, struct arena *a, struct str index)
{
    struct str what = str_of(arena_printf(a, "staff|%s", index.at));

    return key_at(a, "l", blind_index(k, INDEX_RATE, what).at);
}

static enum err count_try(struct redis *r, struct arena *a, struct str key, int64_t now_ms, int64_t *wait_ms)
{
    struct redis_value v;
    enum err e = redis_run(r, a, &v, SCRIPT_RATE, 1, 4,
                           (struct str[]){key, number(a, now_ms), number(a, STAFF_TRY_GAP_MS), number(a, STAFF_TRIES)});

    if (e != ERR_OK)
        return e;
    *wait_ms = v.integer;
    return v.integer > 0 ? ERR_LIMIT : ERR_OK;
}

/* M3: one hash is worked out whoever is asked for. */
static enum err compare(const struct staff *s, struct str password)
{
    char nobody[128];

    if (s == NULL) {
        enum err e = password_hash(nobody, password);

        return e == ERR_OK ? ERR_UNKNOWN_CALLER : e;
    }
    return password_matches(s->hash, password) && !s->disabled ? ERR_OK : ERR_UNKNOWN_CALLER;
}

static struct str session_key(const struct keyring *k, struct arena *a, struct str token)
{
    return key_at(a, "ses", blind_index(k, INDEX_SESSION, token).at);
}

static enum err session_make(struct redis *r, const struct keyring *k, struct arena *a, struct str index,
                             int64_t now_ms, struct str *token)
{
    struct str raw = random_token(a, STAFF_TOKEN_BYTES), key = session_key(k, a, raw), now = number(a, now_ms);
    struct change *c = change_begin(a);

    change_add(c, 8, (struct str[]){STR("HSET"), key, STR("member"), index, STR("made"), now, STR("seen"), now});
    change_add(c, 3, (struct str[]){STR("PEXPIRE"), key, number(a, STAFF_IDLE_MS)});

    enum err e = change_run(r, a, c, STR(""), STR(""), STR(""), NULL);

    if (e == ERR_OK)
        *token = raw;
    return e;
}

enum err staff_session_make(struct redis *r, const struct keyring *k, struct arena *a, struct str name,
                            struct str password, bool limits, int64_t now_ms, struct str *token, int64_t *wait_ms)
{
    struct str index = member_index(k, a, name), tries = tries_key(k, a, index);
    struct staff s;
    enum err e = limits ? count_try(r, a, tries, now_ms, wait_ms) : ERR_OK, known;

    if (e != ERR_OK)
        return e;
    known = member_read(r, k, a, index, &s);
    if (known != ERR_OK && known != ERR_ABSENT)
        return known;
    e = compare(known == ERR_OK ? &s : NULL, password);
    if (e != ERR_OK)
        return e;
    if (limits)
        e = redis_do(r, a, NULL, 2, (struct str[]){STR("DEL"), tries});
    if (e == ERR_OK)
        e = session_make(r, k, a, index, now_ms, token);
    if (e == ERR_OK)
        e = audit(r, k, a, now_ms, id_print(ID_STAFF, s.id).at, "staff.signed-in", s.id, "");
    return e;
}

/* ---- sessions ---- */

static enum err session_touch(struct redis *r, struct arena *a, struct str key, int64_t made_ms, int64_t now_ms)
{
    int64_t left = made_ms + STAFF_SESSION_MS - now_ms;
    struct str life = number(a, left < STAFF_IDLE_MS ? left : STAFF_IDLE_MS);

    return redis_run(r, a, NULL, SCRIPT_SEEN, 1, 3, (struct str[]){key, number(a, now_ms), life});
}

enum err staff_session_read(struct redis *r, const struct keyring *k, struct arena *a, struct str token, int64_t now_ms,
                            struct staff_session *out)
{
    struct str key = session_key(k, a, token);
    struct redis_value v;
    struct staff s;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), key});

    if (e != ERR_OK)
        return e;

    struct str index = redis_field(&v, "member");
    int64_t made = field_int(&v, "made"), seen = field_int(&v, "seen");

    if (index.at == NULL || now_ms - seen > STAFF_IDLE_MS || now_ms - made > STAFF_SESSION_MS)
        return ERR_UNKNOWN_CALLER;
    e = member_read(r, k, a, index, &s);
    if (e == ERR_ABSENT || (e == ERR_OK && (s.disabled || made < s.since_ms)))
        return ERR_UNKNOWN_CALLER;
    if (e == ERR_OK && now_ms - seen >= STAFF_SEEN_MS)
        e = session_touch(r, a, key, made, now_ms);
    if (e == ERR_OK)
        *out = (struct staff_session){.staff = s.id, .name = s.name, .role = s.role, .made_ms = made};
    return e;
}

enum err staff_session_end(struct redis *r, const struct keyring *k, struct arena *a, struct str token, int64_t now_ms)
{
    struct staff_session s;
    enum err e = staff_session_read(r, k, a, token, now_ms, &s);

    if (e == ERR_OK)
        e = redis_do(r, a, NULL, 2, (struct str[]){STR("DEL"), session_key(k, a, token)});
    if (e == ERR_OK)
        e = audit(r, k, a, now_ms, id_print(ID_STAFF, s.staff).at, "staff.signed-out", s.staff, "");
    return e;
}
