#include "queues/redis_repair.h"

#include "queues/child.h"
#include "queues/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER   "appendonlydir"
#define MANIFEST FOLDER "/appendonly.aof.manifest"
#define ASIDE    "damaged"

enum { PIECE = 65536, TALK_BYTES = 65536, TOOL_GRACE_MS = 500, NAME_BYTES = 256 };

struct analysis {
    bool whole;
    char file[NAME_BYTES]; /* the last one looked at */
    int64_t size, ok_up_to;
};

static enum err fail(enum err e, char *why, size_t why_bytes, const char *text)
{
    (void)snprintf(why, why_bytes, "%s", text);
    return e;
}

/* Reads until the writer is gone or wake_fd is readable; keeps the end of what was said. */
static bool listen_to(int fd, int wake_fd, char talk[TALK_BYTES])
{
    size_t len = 0;

    for (;;) {
        struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
        ssize_t n;

        if (len == TALK_BYTES - 1) {
            memmove(talk, talk + TALK_BYTES / 2, len - TALK_BYTES / 2);
            len -= TALK_BYTES / 2;
        }
        if (poll(p, 2, -1) < 0)
            continue;
        if ((p[1].revents & POLLIN) != 0)
            return false;
        n = read(fd, talk + len, TALK_BYTES - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    talk[len] = '\0';
    return true;
}

/* "AOF analyzed: filename=F, size=N, ok_up_to=N, ok_up_to_line=N, diff=N", once for each file. */
static void read_analysis(const char *talk, struct analysis *out)
{
    static const char mark[] = "AOF analyzed: filename=";

    for (const char *at = talk; (at = strstr(at, mark)) != NULL; at += sizeof mark - 1) {
        struct analysis x = {0};
        long long size = 0, ok = 0;

        if (sscanf(at + sizeof mark - 1, "%255[^,/], size=%lld, ok_up_to=%lld", x.file, &size, &ok) != 3)
            continue;
        x.size = size;
        x.ok_up_to = ok;
        x.whole = out->whole;
        *out = x;
    }
}

static enum err run_tool(struct analysis *out, bool fix, int folder_fd, int wake_fd, char *why, size_t why_bytes)
{
    char path[PATH_MAX], *talk;
    int yes[2] = {-1, -1}, said[2] = {-1, -1}, status = 0;
    struct child c = {0};
    bool heard = false;

    *out = (struct analysis){0};
    if (!child_find("redis-check-aof", path))
        return fail(ERR_ABSENT, why, why_bytes,
                    "the append-only file may be torn and there is no redis-check-aof: install redis-tools");
    talk = calloc(1, TALK_BYTES);
    if (talk == NULL || pipe2(yes, O_CLOEXEC) != 0 || pipe2(said, O_CLOEXEC) != 0)
        abort(); /* neither memory nor descriptors */

    const char *argv[] = {path, fix ? "--fix" : MANIFEST, fix ? MANIFEST : NULL, NULL};
    bool started = child_start(&c, path, argv, folder_fd, yes[0], said[1]);

    (void)close(said[1]);
    (void)close(yes[0]);
    if (started) {
        (void)!write(yes[1], "y\n", 2);
        heard = listen_to(said[0], wake_fd, talk);
        if (!heard || child_wait(&c, -1, TOOL_GRACE_MS, &status) != CHILD_ENDED)
            (void)child_stop(&c, TOOL_GRACE_MS);
    }
    (void)close(yes[1]);
    (void)close(said[0]);
    read_analysis(talk, out);
    free(talk);
    out->whole = started && heard && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return !started ? fail(ERR_IO, why, why_bytes, "redis-check-aof cannot be run") : heard ? ERR_OK : ERR_BUSY;
}

static bool copy_tail(int from, int64_t at, int to)
{
    char piece[PIECE];
    ssize_t n;

    while ((n = pread(from, piece, sizeof piece, at)) > 0) {
        if (write(to, piece, (size_t)n) != n)
            return false;
        at += n;
    }
    return n == 0 && fsync(to) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Names begin with their time: the first ones are the oldest. */
static void forget_oldest(int folder_fd)
{
    struct dirent **list = NULL;
    int n = scandirat(folder_fd, ASIDE, &list, NULL, by_name), pieces = n - 2; /* without . and .. */

    for (int i = 0; i < n; i++) {
        char name[NAME_BYTES + sizeof ASIDE + 1];

        if (list[i]->d_name[0] != '.' && pieces-- > REDIS_REPAIR_KEPT_MAX) {
            (void)snprintf(name, sizeof name, ASIDE "/%s", list[i]->d_name);
            (void)unlinkat(folder_fd, name, 0);
        }
        free(list[i]);
    }
    free(list);
}

static bool sync_folder(int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    return ok;
}

static bool put_aside(struct redis_repair *r, const struct analysis *x, int folder_fd)
{
    char name[NAME_BYTES + sizeof FOLDER + 1];
    int from, to;
    bool ok;

    (void)snprintf(name, sizeof name, FOLDER "/%s", x->file);
    (void)snprintf(r->kept, sizeof r->kept, ASIDE "/%013lld-%s-from-%lld", (long long)clock_now_ms(), x->file,
                   (long long)x->ok_up_to);
    (void)mkdirat(folder_fd, ASIDE, 0700);
    from = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
    to = openat(folder_fd, r->kept, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ok = from >= 0 && to >= 0 && copy_tail(from, x->ok_up_to, to) && sync_folder(folder_fd, ASIDE);
    if (from >= 0)
        (void)close(from);
    if (to >= 0)
        (void)close(to);
    return ok;
}

/* redis-check-aof cuts and does not sync. */
static bool sync_file(const struct analysis *x, int folder_fd)
{
    char name[NAME_BYTES + sizeof FOLDER + 1];
    int fd;
    bool ok;

    (void)snprintf(name, sizeof name, FOLDER "/%s", x->file);
    fd = openat(folder_fd, name, O_WRONLY | O_CLOEXEC);
    ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

enum err redis_repair(struct redis_repair *out, int folder_fd, int wake_fd, char *why, size_t why_bytes)
{
    struct redis_repair r = {0};
    struct analysis x, fixed;
    struct stat st;
    enum err e;

    *out = r;
    if (fstatat(folder_fd, MANIFEST, &st, 0) != 0)
        return ERR_OK;
    e = run_tool(&x, false, folder_fd, wake_fd, why, why_bytes);
    if (e != ERR_OK || x.whole)
        return e;
    r.cut_bytes = x.size - x.ok_up_to;
    if (r.cut_bytes <= 0 || r.cut_bytes > REDIS_REPAIR_BYTES_MAX)
        return fail(
            ERR_CORRUPT, why, why_bytes,
            "the append-only file is damaged before its end: restore a backup, or look at it with redis-check-aof");
    if (!put_aside(&r, &x, folder_fd))
        return fail(ERR_IO, why, why_bytes,
                    "the torn end of the append-only file cannot be put aside: is the disk full?");
    forget_oldest(folder_fd);
    e = run_tool(&fixed, true, folder_fd, wake_fd, why, why_bytes);
    if (e != ERR_OK)
        return e;
    if (!fixed.whole || !sync_file(&x, folder_fd))
        return fail(ERR_CORRUPT, why, why_bytes, "redis-check-aof could not mend the append-only file");
    *out = r;
    return ERR_OK;
}
