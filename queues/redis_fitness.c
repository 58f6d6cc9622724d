/* redis_fitness.c - who is this server, and may what it acknowledges be believed? */
#include "queues/redis.h"

#include "rules/base/arena.h"

#include <stdio.h>
#include <string.h>

/* One line of INFO: "name:value". */
static struct str info_field(const struct redis_value *info, const char *name)
{
    struct str rest = info->kind == REDIS_TEXT ? info->text : (struct str){0};

    while (rest.len > 0) {
        struct str value = str_trim(str_cut(&rest, '\n')), key = str_cut(&value, ':');

        if (str_is(key, name))
            return value;
    }
    return (struct str){0};
}

static enum err ask_info(struct redis *r, struct arena *a, struct redis_value **v)
{
    size_t n = 0;

    redis_add(r, 2, (struct str[]){STR("INFO"), STR("server")});
    redis_add(r, 2, (struct str[]){STR("INFO"), STR("replication")});
    redis_add(r, 2, (struct str[]){STR("INFO"), STR("cluster")});
    redis_add(r, 2, (struct str[]){STR("ACL"), STR("WHOAMI")});
    return redis_flush(r, a, v, &n);
}

enum err redis_identity(struct redis *r, struct arena *a, struct str *out)
{
    struct redis_value *v = NULL;
    enum err e = ask_info(r, a, &v);

    for (int i = 0; e == ERR_OK && i < 2; i++)
        e = redis_value_err(r, &v[i]);
    if (e != ERR_OK)
        return e;

    struct str run = info_field(&v[0], "run_id"), replication = info_field(&v[1], "master_replid");
    char *text = arena_printf(a, "%.*s/%.*s", (int)run.len, run.at, (int)replication.len, replication.at);

    *out = str_of(text);
    return ERR_OK;
}

static enum err unfit(char *why, size_t why_bytes, const char *text)
{
    (void)snprintf(why, why_bytes, "%s", text);
    return ERR_CONF;
}

static enum err judge_server(const struct redis_value *v, char *why, size_t why_bytes)
{
    struct str version = info_field(&v[0], "redis_version"), rest = version;
    int64_t major = 0;

    if (v[0].kind != REDIS_TEXT || v[1].kind != REDIS_TEXT)
        return unfit(why, why_bytes, "let our Redis user run INFO (ACL: +info)");
    if (!str_number(str_cut(&rest, '.'), &major) || major < 7) {
        (void)snprintf(why, why_bytes, "Redis is %.*s: install 7.0 or newer", (int)version.len, version.at);
        return ERR_CONF;
    }
    if (!str_is(info_field(&v[1], "role"), "master"))
        return unfit(why, why_bytes, "this Redis is a replica: give the address of its primary");
    if (str_is(info_field(&v[2], "cluster_enabled"), "1"))
        return unfit(why, why_bytes, "this Redis is part of a cluster: give one that stands alone");
    return ERR_OK;
}

static const struct {
    const char *name, *value;
} settings[] = {
    {"appendonly", "yes"},
    {"appendfsync", "always"},
    {"no-appendfsync-on-rewrite", "no"},
    {"maxmemory-policy", "noeviction"},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static enum err judge_settings(struct redis *r, struct arena *a, char *why, size_t why_bytes)
{
    struct redis_value *v = NULL;
    size_t n = 0;

    for (int i = 0; i < SETTINGS; i++)
        redis_add(r, 3, (struct str[]){STR("CONFIG"), STR("GET"), str_of(settings[i].name)});
    if (redis_flush(r, a, &v, &n) != ERR_OK)
        return ERR_STORE;
    for (int i = 0; i < SETTINGS; i++) {
        if (v[i].kind == REDIS_ERROR)
            return unfit(why, why_bytes, "let our Redis user read settings (ACL: +config|get)");

        struct str is = redis_field(&v[i], settings[i].name);

        if (!str_is(is, settings[i].value)) {
            (void)snprintf(why, why_bytes, "Redis has %s %.*s: set it to %s", settings[i].name, (int)is.len, is.at,
                           settings[i].value);
            return ERR_CONF;
        }
    }
    return ERR_OK;
}

/* What the scripts and the program run, each on a key of the room it is used in. */
static const char *const needed[][4] = {
    {"EVALSHA", "0", "0"},
    {"SCRIPT", "LOAD", "return 1"},
    {"GET", "r:{x}"},
    {"SET", "k:{x}", "1"},
    {"INCRBY", "ref:next", "1"},
    {"DEL", "{p0}:x"},
    {"UNLINK", "{p0}:x"},
    {"EXISTS", "{p0}:x"},
    {"SCAN", "0"},
    {"STRLEN", "i:{x}"},
    {"EXPIRE", "{p0}:x", "1"},
    {"PEXPIRE", "l:{x}", "1"},
    {"HGET", "{p0}:x", "f"},
    {"HGETALL", "{p0}:x"},
    {"HMGET", "{p0}:x", "f"},
    {"HKEYS", "{p0}:x"},
    {"HSCAN", "imp:{x}", "0"},
    {"HSETNX", "{p0}:x", "f", "v"},
    {"MULTI"},
    {"EXEC"},
    {"HSET", "b:{x}", "f", "v"},
    {"HDEL", "{p0}:x", "f"},
    {"HINCRBY", "{p0}:x", "f", "1"},
    {"ZADD", "{p0}:x", "1", "m"},
    {"ZREM", "{p0}:x", "m"},
    {"ZCARD", "{p0}:x"},
    {"ZSCORE", "{p0}:x", "m"},
    {"ZRANGE", "{p0}:x", "0", "1"},
    {"ZCOUNT", "{p0}:x", "0", "1"},
    {"ZREMRANGEBYRANK", "{p0}:x", "0", "1"},
    {"ZREMRANGEBYSCORE", "{p0}:x", "0", "1"},
    {"ZREVRANK", "{p0}:x", "m"},
    {"RPUSH", "{p0}:x", "e"},
    {"LRANGE", "{p0}:x", "0", "1"},
    {"LLEN", "{p0}:x"},
    {"SADD", "stf:all", "m"},
    {"SMEMBERS", "stf:all"},
    {"SREM", "{p0}:x", "m"},
    {"SISMEMBER", "{p0}:x", "m"},
    {"HEXISTS", "{p0}:x", "f"},
    {"HLEN", "{p0}:x"},
    {"XRANGE", "{p0}:x", "-", "+"},
    {"XDEL", "{p0}:x", "1-1"},
    {"XLEN", "{p0}:x"},
    {"TIME"},
};

enum { NEEDED = sizeof needed / sizeof needed[0] };

static void ask_rights(struct redis *r, struct str user)
{
    for (int i = 0; i < NEEDED; i++) {
        struct str argv[7] = {STR("ACL"), STR("DRYRUN"), user};
        size_t words = 3;

        for (int k = 0; k < 4 && needed[i][k] != NULL; k++)
            argv[words++] = str_of(needed[i][k]);
        redis_add(r, words, argv);
    }
}

/* Asked of the server itself, so that a missing right is said at the start and not by the first
 * customer. A user who may not ask is not refused for that.
 *
 * The user default counts, too, though nobody may sign in as it: Redis loads its append-only file
 * as this user, and an EXEC that holds what it may not do is dropped without a word: every script
 * that wrote twice (redis/redis issue 14541, valkey-io/valkey issue 3983). */
static enum err judge_rights(struct redis *r, struct arena *a, struct str user, char *why, size_t why_bytes)
{
    struct redis_value *v = NULL;
    size_t n = 0;

    ask_rights(r, user);
    ask_rights(r, STR("default"));
    if (redis_flush(r, a, &v, &n) != ERR_OK)
        return ERR_STORE;
    for (int i = 0; i < 2 * NEEDED; i++) {
        const char *const *command = needed[i % NEEDED];

        if (v[i].kind != REDIS_TEXT)
            continue;
        (void)snprintf(why, why_bytes, "let %s run %s on %s (ACL)%s",
                       i < NEEDED ? "our Redis user" : "the user default", command[0],
                       command[1] == NULL ? "the server" : command[1],
                       i < NEEDED ? "" : ", even where it is off: Redis loads its file with these rights");
        return ERR_CONF;
    }
    return ERR_OK;
}

enum err redis_fitness(struct redis *r, struct arena *a, char *why, size_t why_bytes)
{
    struct redis_value *v = NULL;
    enum err e = ask_info(r, a, &v);

    if (e == ERR_OK)
        e = judge_server(v, why, why_bytes);
    if (e == ERR_OK)
        e = judge_settings(r, a, why, why_bytes);
    if (e == ERR_OK && v[3].kind == REDIS_TEXT)
        e = judge_rights(r, a, v[3].text, why, why_bytes);
    if (e == ERR_STORE)
        (void)snprintf(why, why_bytes, "%s", redis_why(r));
    return e;
}
