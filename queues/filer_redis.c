#include "queues/filer_core.h"

#include "queues/clock.h"
#include "queues/log.h"
#include "rules/base/arena.h"

#include <stdio.h>
#include <string.h>

enum { AWAY_NEWS_MS = 1000 };

/* A moment without Redis is no news: at a start, or while it is started again, nobody has to do anything. */
static void log_away(struct filer *f, const char *why)
{
    int64_t now = clock_steady_ms();

    if (f->away_since_ms == 0)
        f->away_since_ms = now;
    if (now - f->away_since_ms < AWAY_NEWS_MS || strcmp(f->away_said, why) == 0)
        return;
    (void)snprintf(f->away_said, sizeof f->away_said, "%s", why);
    log_warn("redis_away", "why=%s", why);
}

static void say_ready(struct filer *f, bool ready, const char *why)
{
    (void)pthread_mutex_lock(&f->lock);
    f->state.ready = ready;
    (void)snprintf(f->state.why, sizeof f->state.why, "%s", why);
    (void)pthread_mutex_unlock(&f->lock);
    if (!ready) {
        log_away(f, why);
        return;
    }
    log_info("redis_ready");
    f->away_since_ms = 0;
    f->away_said[0] = '\0';
}

static void read_identity(const struct filer *f, char *out, size_t bytes)
{
    FILE *file = fopen(f->o.identity_file, "re");

    out[0] = '\0';
    if (file == NULL)
        return;
    if (fgets(out, (int)bytes, file) == NULL)
        out[0] = '\0';
    (void)fclose(file);
}

/* Losing this file costs one more filing of the grace time, so it is written plainly. */
static void write_identity(const struct filer *f, const char *identity)
{
    FILE *file = fopen(f->o.identity_file, "we");

    if (file == NULL)
        return;
    (void)fputs(identity, file);
    (void)fclose(file);
}

static void file_again(struct filer *f)
{
    size_t n = journal_rewind(f->o.journal, clock_now_ms() - f->o.grace_ms);
    struct journal_state s;

    journal_state(f->o.journal, &s);
    (void)pthread_mutex_lock(&f->lock);
    f->catch_up_to = s.last_seq;
    (void)pthread_mutex_unlock(&f->lock);
    f->cursor = 0;
    log_info("file_again", "rows=%zu reason=%s", n, "redis_changed");
}

bool filer_check_redis(struct filer *f)
{
    struct str identity;
    char why[200], last[256];
    enum err e;

    /* What is learned here holds for this connection only: behind the next one may be another server. */
    redis_let_go(f->redis);
    e = redis_do(f->redis, f->arena, NULL, 1, (struct str[]){STR("PING")});
    redis_hold(f->redis);
    if (e == ERR_OK)
        e = redis_identity(f->redis, f->arena, &identity);
    if (e == ERR_OK)
        e = redis_fitness(f->redis, f->arena, why, sizeof why);
    if (e != ERR_OK) {
        say_ready(f, false, e == ERR_CONF ? why : redis_why(f->redis));
        return false;
    }
    read_identity(f, last, sizeof last);
    if (!str_is(identity, last)) {
        file_again(f);
        (void)snprintf(f->identity, sizeof f->identity, "%s", identity.at);
    }
    say_ready(f, true, "");
    f->checked = true;
    return true;
}

void filer_redis_failed(struct filer *f)
{
    say_ready(f, false, redis_why(f->redis));
    f->checked = false;
}

void filer_keep_identity(struct filer *f)
{
    if (f->identity[0] == '\0' || filer_behind(f) || f->retry != NULL)
        return;
    write_identity(f, f->identity);
    f->identity[0] = '\0';
}
