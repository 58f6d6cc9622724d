#include "tests/unit/queues/scratch_redis.h"

#include "queues/clock.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 64, START_MS = 10000 };

void sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    (void)nanosleep(&t, NULL);
}

void scratch_open(struct scratch_redis *s)
{
    *s = (struct scratch_redis){.folder = "/tmp/postern-redis-XXXXXX"};
    assert(mkdtemp(s->folder) != NULL);
    (void)snprintf(s->target.path, sizeof s->target.path, "%s/s", s->folder);
}

static void exec_server(const struct scratch_redis *s, const char *const options[])
{
    const char *argv[WORDS_MAX] = {"redis-server",
                                   "--port",
                                   "0",
                                   "--unixsocket",
                                   s->target.path,
                                   "--dir",
                                   s->folder,
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "yes",
                                   "--appendfsync",
                                   "always",
                                   "--maxmemory-policy",
                                   "noeviction",
                                   "--enable-debug-command",
                                   "yes",
                                   "--logfile",
                                   "log"};
    int n = 0;

    while (argv[n] != NULL)
        n++;
    for (int i = 0; options != NULL && options[i] != NULL && n + 1 < WORDS_MAX; i++)
        argv[n++] = options[i];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execvp(argv[0], (char **)argv);
    _exit(127);
}

void scratch_launch(struct scratch_redis *s, const char *const options[])
{
    (void)unlink(s->target.path);
    s->pid = fork();
    if (s->pid == 0)
        exec_server(s, options);
    assert(s->pid > 0);
}

void scratch_start(struct scratch_redis *s, const char *const options[])
{
    struct arena *a = arena_open(256);
    int64_t until_ms = clock_steady_ms() + START_MS;

    scratch_launch(s, options);
    for (bool up = false; !up;) {
        struct redis *r = redis_open(&s->target, 1000);

        up = redis_do(r, a, NULL, 1, (struct str[]){STR("PING")}) == ERR_OK;
        redis_close(r);
        assert(clock_steady_ms() < until_ms);
        if (!up)
            sleep_ms(10);
    }
    arena_close(a);
}

void scratch_kill(struct scratch_redis *s)
{
    if (s->pid > 0) {
        (void)kill(s->pid, SIGKILL);
        (void)waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

void remove_folder(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_close(struct scratch_redis *s)
{
    scratch_kill(s);
    remove_folder(s->folder);
}

const char *scratch_say(struct redis *r, struct arena *a, const char *command)
{
    struct str rest = str_of(command), argv[WORDS_MAX];
    struct redis_value *v = NULL;
    size_t n = 0, answers = 0;

    while (rest.len > 0 && n < WORDS_MAX)
        argv[n++] = str_cut(&rest, ' ');
    redis_add(r, n, argv);
    if (redis_flush(r, a, &v, &answers) != ERR_OK)
        return "(lost)";
    return v->kind == REDIS_INT ? arena_printf(a, "%lld", (long long)v->integer)
           : v->text.at == NULL ? "(nil)"
                                : v->text.at;
}
