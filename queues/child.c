#include "queues/child.h"

#include "queues/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PACE_MS = 50 }; /* of looking where there is no pidfd */

static bool executable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool child_find(const char *name, char path[PATH_MAX])
{
    const char *at = getenv("PATH");

    while (at != NULL && *at != '\0') {
        size_t n = strcspn(at, ":");

        if (n > 0 && *at == '/' && snprintf(path, PATH_MAX, "%.*s/%s", (int)n, at, name) < PATH_MAX && executable(path))
            return true;
        at += n + (at[n] == ':');
    }
    return snprintf(path, PATH_MAX, "/usr/bin/%s", name) < PATH_MAX && executable(path);
}

/* Between fork and exec in a process with threads: only what signal-safety(7) allows. */
static void become(const char *path, const char *const argv[], pid_t parent, int folder_fd, int in, int out)
{
    sigset_t none;
    int null = in < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : in;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) /* it died before it could be told */
        _exit(127);
    if (fchdir(folder_fd) != 0 || dup2(null, 0) < 0 || dup2(out < 0 ? 2 : out, 1) < 0 || dup2(1, 2) < 0)
        _exit(127);
    (void)close_range(3, ~0U, 0);
    (void)execv(path, (char *const *)argv);
    _exit(127);
}

bool child_start(struct child *c, const char *path, const char *const argv[], int folder_fd, int in, int out)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return false;
    if (pid == 0)
        become(path, argv, parent, folder_fd, in, out);
    *c = (struct child){.pid = pid, .pidfd = pidfd_open(pid, 0)};
    return true;
}

static bool reaped(struct child *c, int *status)
{
    pid_t pid;

    do
        pid = waitpid(c->pid, status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return false;
    if (pid < 0)
        *status = 0; /* reaped by somebody else: gone all the same */
    if (c->pidfd >= 0)
        (void)close(c->pidfd);
    *c = (struct child){.pidfd = -1};
    return true;
}

enum child_event child_wait(struct child *c, int wake_fd, int timeout_ms, int *status)
{
    int64_t until_ms = clock_steady_ms() + timeout_ms;

    for (;;) {
        struct pollfd p[] = {{.fd = c->pidfd, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
        int64_t left = until_ms - clock_steady_ms();

        if (reaped(c, status))
            return CHILD_ENDED;
        if (left <= 0)
            return CHILD_TIMEOUT;
        if (c->pidfd < 0 && left > PACE_MS)
            left = PACE_MS;
        if (poll(p, 2, (int)left) > 0 && (p[1].revents & POLLIN) != 0)
            return CHILD_WOKEN;
    }
}

bool child_stop(struct child *c, int grace_ms)
{
    int status = 0;

    if (c->pid == 0)
        return true;
    (void)kill(c->pid, SIGTERM);
    if (child_wait(c, -1, grace_ms, &status) == CHILD_ENDED)
        return true;
    (void)kill(c->pid, SIGKILL);
    while (child_wait(c, -1, 1000, &status) != CHILD_ENDED)
        ;
    return false;
}
