/* ledger_texts.c - prints every message that Redis holds, unsealed: ledger_texts DATA KEYS
 *
 * One JSON object a line: {"ticket":"tkt_…","message":"msg_…","words":{…}}. This is the auditor's own way to the
 * texts, past everything of the gateway but the key they are sealed with. */
#include "queues/redis.h"
#include "queues/redis_server.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 60000, SCAN_COUNT = 1000 };

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "ledger_texts: %s: %s\n", what, why);
    return 1;
}

/* key: {pN}:m:tkt_… */
static bool print_messages(struct redis *r, const struct keyring *k, struct arena *a, struct str key)
{
    struct redis_value v;
    const char *ticket = strrchr(key.at, ':') + 1;

    if (redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), key}) != ERR_OK)
        return false;
    for (size_t i = 0; i + 1 < v.count; i += 2) {
        struct str words;

        if (unseal(k, a, v.items[i + 1].text, v.items[i].text, &words) != ERR_OK)
            words = STR("null");
        (void)printf("{\"ticket\":\"%s\",\"message\":\"%s\",\"words\":%.*s}\n", ticket, v.items[i].text.at,
                     (int)words.len, words.at);
    }
    return true;
}

static bool print_all(struct redis *r, const struct keyring *k, struct arena *a)
{
    struct arena *turn = arena_open(1024 * 1024);
    struct str cursor = STR("0");
    bool good = true;

    do {
        struct redis_value v;
        struct str argv[] = {STR("SCAN"),     cursor,       STR("MATCH"),
                             STR("{p*}:m:*"), STR("COUNT"), str_of(arena_printf(turn, "%d", SCAN_COUNT))};

        good = redis_do(r, turn, &v, 6, argv) == ERR_OK && v.count == 2;
        for (size_t i = 0; good && i < v.items[1].count; i++)
            good = print_messages(r, k, turn, v.items[1].items[i].text);
        if (good)
            cursor = str_of(arena_strdup(a, v.items[0].text.at));
        arena_reset(turn);
    } while (good && !str_is(cursor, "0"));
    arena_close(turn);
    return good;
}

int main(int argc, char **argv)
{
    char why[REDIS_SERVER_WHY_BYTES];
    struct redis_target target;
    struct keyring *keys;

    if (argc != 3)
        return fail("usage", "ledger_texts DATA KEYS");
    if (redis_server_find(argv[1], &target, why) != ERR_OK)
        return fail("no Redis", why);
    if (keyring_open(&keys, argv[2], false, why) != ERR_OK)
        return fail("no keys", why);

    struct redis *r = redis_open(&target, TIMEOUT_MS);
    struct arena *a = arena_open(64 * 1024);
    bool good = print_all(r, keys, a);

    if (!good)
        (void)fail("Redis", redis_why(r));
    arena_close(a);
    redis_close(r);
    keyring_close(keys);
    return good && fflush(stdout) == 0 ? 0 : 1;
}
