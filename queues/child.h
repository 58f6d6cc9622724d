/* child.h - another program run beside us: started clean, waited for, stopped for sure.
 *
 * C1  the child gets our environment and its own session (a Ctrl-C is ours alone), no descriptor
 *     but 0, 1 and 2, no blocked signal;
 * C2  it is sent SIGTERM when the thread that started it ends (PR_SET_PDEATHSIG belongs to the
 *     thread, not to the process): so start children from a thread that lives as long as they shall.
 *     A stopped or stuck child survives even that; whoever needs to be sure looks for it at start. */
#ifndef QUEUES_CHILD_H
#define QUEUES_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child {
    pid_t pid; /* 0: none */
    int pidfd; /* readable once it ended; -1 where the kernel has none */
};

/* An executable file of this name in PATH, then in /usr/bin. */
bool child_find(const char *name, char path[PATH_MAX]);
/* path: absolute. folder_fd: where it works. in: its descriptor 0, -1: nothing to read. out: 1 and 2, -1: our stderr.
 * False where there is no room for a process; a program that cannot be run ends with status 127. */
bool child_start(struct child *c, const char *path, const char *const argv[], int folder_fd, int in, int out);

enum child_event { CHILD_ENDED, CHILD_WOKEN, CHILD_TIMEOUT };

/* Until it ended (status as of waitpid(2); the child is none then), wake_fd is readable (-1: never),
 * or timeout_ms have passed. */
enum child_event child_wait(struct child *c, int wake_fd, int timeout_ms, int *status);
/* SIGTERM, and after grace_ms SIGKILL. Returns when it is gone; true where SIGTERM was enough. */
bool child_stop(struct child *c, int grace_ms);

#endif
