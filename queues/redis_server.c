#include "queues/redis_server.h"

#include "queues/child.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "queues/redis_home.h"
#include "queues/redis_repair.h"
#include "rules/base/arena.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KNOCK_MS = 20,          /* between two looks whether it serves */
    KNOCK_TIMEOUT_MS = 500, /* of one look */
    GRACE_MS = 2500,        /* for a clean end */
    PAUSE_FIRST_MS = 50,
    LASTING_MS = 5000, /* a run of that long was no failed start */
};

struct redis_server {
    struct redis_home home;
    char program[PATH_MAX];
    pthread_t thread;
    int wake_fd;        /* readable from redis_server_close() on */
    struct child child; /* the supervising thread's own */
    pthread_mutex_t lock;
    struct redis_server_state state;
};

/* --- what others may know -------------------------------------------------------------- */

static void note_pid(struct redis_server *s, pid_t pid, bool serving)
{
    (void)pthread_mutex_lock(&s->lock);
    s->state.pid = pid;
    s->state.serving = serving;
    if (serving)
        s->state.why[0] = '\0';
    (void)pthread_mutex_unlock(&s->lock);
}

/* True where this is news. */
static bool note_why(struct redis_server *s, const char *why)
{
    (void)pthread_mutex_lock(&s->lock);

    bool news = strcmp(s->state.why, why) != 0;

    (void)snprintf(s->state.why, sizeof s->state.why, "%s", why);
    (void)pthread_mutex_unlock(&s->lock);
    return news;
}

/* One line for each reason, not for each try. */
static void note_failure(struct redis_server *s, const char *why)
{
    if (note_why(s, why))
        log_error("redis_down", "why=%s", why);
}

void redis_server_state(struct redis_server *s, struct redis_server_state *out)
{
    (void)pthread_mutex_lock(&s->lock);
    *out = s->state;
    (void)pthread_mutex_unlock(&s->lock);
}

/* --- one run ----------------------------------------------------------------------------- */

static bool stopping(const struct redis_server *s, int within_ms)
{
    struct pollfd p = {.fd = s->wake_fd, .events = POLLIN};

    return poll(&p, 1, within_ms) > 0;
}

/* Does it answer our user? */
static bool serves(struct redis_server *s, struct arena *a)
{
    struct redis *r = redis_open(&s->home.target, KNOCK_TIMEOUT_MS);
    bool ok = redis_do(r, a, NULL, 1, (struct str[]){STR("PING")}) == ERR_OK;

    if (!ok)
        (void)note_why(s, strstr(redis_why(r), "LOADING") != NULL ? "Redis is loading its data" : redis_why(r));
    redis_close(r);
    arena_reset(a);
    return ok;
}

static void describe_end(const struct redis_server *s, int status, char *why, size_t why_bytes)
{
    if (WIFSIGNALED(status))
        (void)snprintf(why, why_bytes, "Redis was ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == 127)
        (void)snprintf(why, why_bytes, "%.300s cannot be run", s->program);
    else
        (void)snprintf(why, why_bytes, "Redis ended with status %d: see %.300s/" REDIS_HOME_LOG, WEXITSTATUS(status),
                       s->home.folder);
}

/* Redis gave up before it served: perhaps because the end of its file is torn (E3). */
static void mend(struct redis_server *s)
{
    char why[REDIS_SERVER_WHY_BYTES];
    struct redis_repair r;
    enum err e = redis_repair(&r, s->home.folder_fd, s->wake_fd, why, sizeof why);

    if (e != ERR_OK && e != ERR_BUSY)
        note_failure(s, why);
    if (e != ERR_OK || r.cut_bytes == 0)
        return;
    log_warn("redis_repaired", "cut_bytes=%lld kept=%s/%s", (long long)r.cut_bytes, s->home.folder, r.kept);
    (void)pthread_mutex_lock(&s->lock);
    s->state.repairs++;
    (void)pthread_mutex_unlock(&s->lock);
}

static bool launch(struct redis_server *s)
{
    const char *argv[] = {s->program, REDIS_HOME_CONF, NULL};
    char why[REDIS_SERVER_WHY_BYTES];

    if (redis_home_evict(&s->home, GRACE_MS, why, sizeof why) != ERR_OK ||
        redis_home_prepare(&s->home, why, sizeof why) != ERR_OK) {
        note_failure(s, why);
        return false;
    }
    if (!child_start(&s->child, s->program, argv, s->home.folder_fd, -1, -1)) {
        (void)snprintf(why, sizeof why, "no process for Redis: %s", strerror(errno));
        note_failure(s, why);
        return false;
    }
    note_pid(s, s->child.pid, false);
    return true;
}

/* Until it ends or we are to stop. True where it ended by itself. */
static bool watch(struct redis_server *s, struct arena *a, bool *served, int *status)
{
    int64_t began_ms = clock_steady_ms();

    for (;;) {
        enum child_event event = child_wait(&s->child, s->wake_fd, *served ? INT32_MAX : KNOCK_MS, status);

        if (event != CHILD_TIMEOUT)
            return event == CHILD_ENDED;
        if (*served || !serves(s, a))
            continue;
        *served = true;
        note_pid(s, s->child.pid, true);
        log_info("redis_up", "pid=%d after_ms=%lld", (int)s->child.pid, (long long)(clock_steady_ms() - began_ms));
    }
}

/* True where it was a real run, so that the next may begin at once. */
static bool run(struct redis_server *s, struct arena *a)
{
    int64_t began_ms = clock_steady_ms();
    char why[REDIS_SERVER_WHY_BYTES];
    pid_t pid;
    bool served = false;
    int status = 0;

    if (!launch(s))
        return false;
    pid = s->child.pid;
    if (!watch(s, a, &served, &status)) {
        if (!child_stop(&s->child, GRACE_MS))
            log_warn("redis_killed", "pid=%d", (int)pid);
        note_pid(s, 0, false);
        return false;
    }
    note_pid(s, 0, false);
    describe_end(s, status, why, sizeof why);
    if (note_why(s, why))
        log_error("redis_died", "pid=%d why=%s", (int)pid, why);
    if (!served && WIFEXITED(status))
        mend(s);
    return served && clock_steady_ms() - began_ms > LASTING_MS;
}

static void *supervise(void *arg)
{
    struct redis_server *s = arg;
    struct arena *a = arena_open(1024);
    int pause_ms = 0;

    (void)pthread_setname_np(pthread_self(), "redis");
    for (bool first = true; !stopping(s, pause_ms); first = false) {
        if (!first) {
            (void)pthread_mutex_lock(&s->lock);
            s->state.restarts++;
            (void)pthread_mutex_unlock(&s->lock);
        }
        if (run(s, a))
            pause_ms = 0;
        else
            pause_ms = pause_ms == 0                            ? PAUSE_FIRST_MS
                       : 2 * pause_ms < REDIS_SERVER_RESTART_MS ? 2 * pause_ms
                                                                : REDIS_SERVER_RESTART_MS;
    }
    arena_close(a);
    return NULL;
}

/* --- the interface ------------------------------------------------------------------------ */

static bool start_thread(struct redis_server *s)
{
    sigset_t all, before;
    bool ok;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&s->thread, NULL, supervise, s) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

enum err redis_server_open(struct redis_server **out, const char *data, char why[REDIS_SERVER_WHY_BYTES])
{
    struct redis_server *s = calloc(1, sizeof *s);
    enum err e;

    if (s == NULL)
        abort();
    s->child.pidfd = -1;
    e = redis_home_open(&s->home, data, why, REDIS_SERVER_WHY_BYTES);
    if (e != ERR_OK) {
        free(s);
        return e;
    }
    if (!child_find("redis-server", s->program)) {
        (void)snprintf(why, REDIS_SERVER_WHY_BYTES,
                       "redis-server is neither in PATH nor in /usr/bin: install it (apt-get install redis-server) or "
                       "name a server by the setting redis");
        redis_home_close(&s->home);
        free(s);
        return ERR_ABSENT;
    }
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)snprintf(s->state.why, sizeof s->state.why, "Redis is starting");
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake_fd < 0 || !start_thread(s))
        abort(); /* neither memory nor descriptors, at the start */
    *out = s;
    return ERR_OK;
}

void redis_server_close(struct redis_server *s)
{
    if (s == NULL)
        return;
    (void)eventfd_write(s->wake_fd, 1);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->wake_fd);
    (void)pthread_mutex_destroy(&s->lock);
    redis_home_close(&s->home);
    free(s);
}

const struct redis_target *redis_server_target(const struct redis_server *s)
{
    return &s->home.target;
}

enum err redis_server_find(const char *data, struct redis_target *out, char why[REDIS_SERVER_WHY_BYTES])
{
    struct redis_home h;
    enum err e = redis_home_find(&h, data, why, REDIS_SERVER_WHY_BYTES);

    if (e != ERR_OK)
        return e;
    *out = h.target;
    /* A path through the folder's descriptor is good while that is open: until the process ends. */
    if (!str_starts(str_of(out->path), "/proc/"))
        redis_home_close(&h);
    return ERR_OK;
}
