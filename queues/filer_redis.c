#include "queues/filer_core.h"

#include "queues/clock.h"
#include "queues/incident/active.h"
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

static void file_again(struct filer *f)
{
    size_t n = journal_rewind(f->o.journal, vouch_since_ms(&f->vouch));
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
    char why[200];
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
    if (vouch_changed(&f->vouch, identity))
        file_again(f);
    say_ready(f, true, "");
    f->checked = true;
    return true;
}

/* ---- the rules ---- */

void filer_ask_rules(struct filer *f)
{
    active_ask(f->redis, f->arena);
}

enum err filer_hear_rules(struct filer *f, const struct redis_value *answer, bool *stale)
{
    enum err e = active_hear(f->o.active, f->redis, answer, stale);

    if (e == ERR_OK && *stale)
        e = active_renew(f->o.active, f->redis, f->o.keys, f->arena);
    if (e == ERR_OK && affected_sets_stale(f->lists, answer->kind == REDIS_TEXT ? answer->text : STR("0"))) {
        *stale = true;
        e = affected_sets_renew(f->lists, f->redis, f->o.keys, f->arena);
    }
    if (e == ERR_OK || e == ERR_STORE)
        return e;
    /* What cannot be read is no reason to let customers wait: they are routed by what is in force. */
    log_error("incidents_unreadable", "why=%s", err_text(e));
    *stale = false;
    return ERR_OK;
}

enum err filer_look(struct filer *f)
{
    struct redis_value *v;
    size_t n;
    bool stale;

    if (f->o.active == NULL)
        return redis_do(f->redis, f->arena, NULL, 1, (struct str[]){STR("PING")});
    filer_ask_rules(f);

    enum err e = redis_flush(f->redis, f->arena, &v, &n);

    return e != ERR_OK ? e : filer_hear_rules(f, &v[0], &stale);
}

void filer_redis_failed(struct filer *f)
{
    say_ready(f, false, redis_why(f->redis));
    f->checked = false;
}

/* Is all filed that is not quite new? */
static bool clean(struct filer *f, int64_t now_ms)
{
    if (filer_behind(f) || f->retry != NULL)
        return false;
    if (f->o.oldest_ms != NULL && f->o.oldest_ms(f->o.arg) <= now_ms - VOUCH_SLACK_MS)
        return false;
    (void)pthread_mutex_lock(&f->lock);

    bool young = f->first == NULL || f->first->received_ms > now_ms - VOUCH_SLACK_MS;

    (void)pthread_mutex_unlock(&f->lock);
    return young;
}

void filer_vouch(struct filer *f)
{
    int64_t now = clock_now_ms();

    if (clean(f, now))
        vouch_clean(&f->vouch, now);
    journal_hold(f->o.journal, vouch_since_ms(&f->vouch));
}
