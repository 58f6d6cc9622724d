#include "gateway/cli/store.h"

#include "gateway/data.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "queues/redis_server.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REDIS_MS = 30000, START_MS = 60000, LOOK_US = 50 * 1000 };

static bool answers(struct redis *r)
{
    struct arena *a = arena_open(4096);
    bool good = redis_do(r, a, NULL, 1, (struct str[]){STR("PING")}) == ERR_OK;

    arena_close(a);
    return good;
}

/* A server that was just started has to load what it holds. */
static bool wait_for(struct redis *r)
{
    int64_t until = clock_steady_ms() + START_MS;

    while (!answers(r)) {
        if (clock_steady_ms() >= until)
            return false;
        (void)usleep(LOOK_US);
    }
    return true;
}

static enum cli_exit open_embedded(struct cli *c, struct store *s)
{
    char why[REDIS_SERVER_WHY_BYTES];
    struct redis_target target;
    enum err e = redis_server_open(&s->server, s->conf.data, why);

    if (e == ERR_CONFLICT) /* `serve` runs: its Redis is ours */
        e = redis_server_find(s->conf.data, &target, why);
    else if (e == ERR_OK)
        target = *redis_server_target(s->server);
    if (e != ERR_OK) {
        cli_say(c, "%s", why);
        return cli_exit_of(e);
    }
    s->redis = redis_open(&target, REDIS_MS);
    return CLI_OK;
}

static enum cli_exit open_redis(struct cli *c, struct store *s)
{
    enum cli_exit x = CLI_OK;

    if (s->conf.redis_embedded)
        x = open_embedded(c, s);
    else
        s->redis = redis_open(&s->conf.redis, REDIS_MS);
    if (x == CLI_OK && !wait_for(s->redis)) {
        cli_say(c, "Redis does not answer: %s", redis_why(s->redis));
        x = CLI_UNAVAILABLE;
    }
    return x;
}

/* Root could read all of it, and what root leaves behind the gateway's own user could not. */
static bool may_touch(struct cli *c, const char *keys)
{
    struct stat owner;

    if (geteuid() != 0 || stat(keys, &owner) != 0 || owner.st_uid == 0)
        return true;

    const struct passwd *who = getpwuid(owner.st_uid);

    if (who == NULL) {
        cli_say(c, "%s belongs to user %ju: run this as that user", keys, (uintmax_t)owner.st_uid);
        return false;
    }
    cli_say(c, "%s belongs to %s: runuser -u %s -- postern …", keys, who->pw_name, who->pw_name);
    return false;
}

enum cli_exit store_open(struct cli *c, struct store *out, bool make)
{
    char why[KEYRING_WHY_BYTES + 200];

    memset(out, 0, sizeof *out);

    enum cli_exit x = cli_conf(c, &out->conf);

    if (x != CLI_OK)
        return x;
    log_set_level(out->conf.log);
    if (!may_touch(c, out->conf.keys))
        return CLI_DENIED;

    enum err e = make ? data_make(out->conf.data, why, sizeof why) : ERR_OK;

    if (e == ERR_OK)
        e = keyring_open(&out->keys, out->conf.keys, make && !data_begun(out->conf.data), why);
    if (e != ERR_OK) {
        cli_say(c, "%s", why);
        return cli_exit_of(e);
    }
    x = open_redis(c, out);
    if (x != CLI_OK)
        store_close(out);
    return x;
}

void store_close(struct store *s)
{
    redis_close(s->redis);
    redis_server_close(s->server);
    keyring_close(s->keys);
    memset(s, 0, sizeof *s);
}
