#include "queues/redis_home.h"

#include "queues/clock.h"
#include "queues/folder.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define USER        "postern"
#define USER_FILE   "user"
#define LOCK_FILE   "lock"
#define SOCKET_FILE "redis.sock"

enum { PASSWORD_BYTES = 24, LOG_BYTES_MAX = 1024 * 1024, EVICT_PACE_MS = 10 };

static enum err fail(enum err e, char *why, size_t why_bytes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum err fail(enum err e, char *why, size_t why_bytes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, why_bytes, format, args);
    va_end(args);
    return e;
}

/* --- files --------------------------------------------------------------------------- */

/* Written beside, synced, moved over the old one. */
static bool write_file(int folder_fd, const char *name, struct str text)
{
    char fresh[64];
    int fd;
    bool ok;

    (void)snprintf(fresh, sizeof fresh, "%s.new", name);
    fd = openat(folder_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    ok = write(fd, text.at, text.len) == (ssize_t)text.len && fsync(fd) == 0;
    (void)close(fd);
    return ok && renameat(folder_fd, fresh, folder_fd, name) == 0 && fsync(folder_fd) == 0;
}

/* "postern PASSWORD" */
static bool read_password(int folder_fd, struct redis_target *t)
{
    char text[sizeof USER + sizeof t->password] = "";
    int fd = openat(folder_fd, USER_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return false;

    struct str rest = str_trim(str_of(text)), user = str_cut(&rest, ' ');
    bool ok = str_is(user, USER) && rest.len > 0;

    if (ok) {
        (void)snprintf(t->user, sizeof t->user, "%s", USER);
        (void)snprintf(t->password, sizeof t->password, "%.*s", (int)rest.len, rest.at);
    }
    explicit_bzero(text, sizeof text);
    return ok;
}

static bool make_password(int folder_fd)
{
    struct arena *a = arena_open(256);
    struct str token = random_token(a, PASSWORD_BYTES);
    char *text = arena_printf(a, USER " %.*s\n", (int)token.len, token.at);
    bool ok = write_file(folder_fd, USER_FILE, str_of(text));

    explicit_bzero(text, strlen(text));
    explicit_bzero((char *)(uintptr_t)token.at, token.len);
    arena_close(a);
    return ok;
}

/* A path of a unix socket has at most 107 bytes. Where the folder's is longer, it is named by the
 * descriptor that we hold of the folder: good in this process only, and as safe as the folder. */
static void name_socket(struct redis_home *h)
{
    struct redis_target *t = &h->target;

    if (snprintf(t->path, sizeof t->path, "%s/%s", h->folder, SOCKET_FILE) >= (int)sizeof t->path)
        (void)snprintf(t->path, sizeof t->path, "/proc/self/fd/%d/%s", h->folder_fd, SOCKET_FILE);
}

static enum err enter(struct redis_home *h, const char *data, char *why, size_t why_bytes)
{
    char path[PATH_MAX];

    *h = (struct redis_home){.folder_fd = -1, .lock_fd = -1};
    if (snprintf(path, sizeof path, "%s/redis", data) >= (int)sizeof path)
        return fail(ERR_IO, why, why_bytes, "the path of the data folder is too long");
    if (realpath(path, h->folder) != NULL)
        h->folder_fd = open(h->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (h->folder_fd < 0)
        return fail(errno == ENOENT ? ERR_ABSENT : ERR_IO, why, why_bytes, "cannot open %s: %s", path, strerror(errno));
    name_socket(h);
    return ERR_OK;
}

enum err redis_home_find(struct redis_home *h, const char *data, char *why, size_t why_bytes)
{
    enum err e = enter(h, data, why, why_bytes);

    if (e == ERR_OK && !read_password(h->folder_fd, &h->target)) {
        e = fail(ERR_ABSENT, why, why_bytes, "no Redis has run in %s yet", h->folder);
        redis_home_close(h);
    }
    return e;
}

static enum err take_lock(struct redis_home *h, char *why, size_t why_bytes)
{
    h->lock_fd = openat(h->folder_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (h->lock_fd < 0)
        return fail(ERR_IO, why, why_bytes, "cannot write in %s: %s", h->folder, strerror(errno));
    if (flock(h->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return fail(ERR_CONFLICT, why, why_bytes, "another process runs the Redis of %s", h->folder);
    return ERR_OK;
}

enum err redis_home_open(struct redis_home *h, const char *data, char *why, size_t why_bytes)
{
    char path[PATH_MAX];

    (void)folder_make(data); /* what it means that it cannot be made, opening tells */
    if (snprintf(path, sizeof path, "%s/redis", data) < (int)sizeof path)
        (void)folder_make(path);
    /* Redis makes this one too, but does not flush its name: a power cut would take the whole file. */
    if (snprintf(path, sizeof path, "%s/redis/appendonlydir", data) < (int)sizeof path)
        (void)folder_make(path);

    enum err e = enter(h, data, why, why_bytes);

    if (e == ERR_ABSENT)
        e = ERR_IO;
    if (e == ERR_OK)
        e = take_lock(h, why, why_bytes);
    if (e == ERR_OK && !read_password(h->folder_fd, &h->target) &&
        (!make_password(h->folder_fd) || !read_password(h->folder_fd, &h->target)))
        e = fail(ERR_IO, why, why_bytes, "cannot write in %s: %s", h->folder, strerror(errno));
    if (e != ERR_OK)
        redis_home_close(h);
    return e;
}

void redis_home_close(struct redis_home *h)
{
    if (h->folder_fd >= 0)
        (void)close(h->folder_fd);
    if (h->lock_fd >= 0)
        (void)close(h->lock_fd);
    h->folder_fd = h->lock_fd = -1;
    explicit_bzero(h->target.password, sizeof h->target.password);
}

/* --- settings -------------------------------------------------------------------------- */

static const char settings[] =
    "# Written by postern at each start: changes made here are lost.\n"
    "port 0\n"
    "unixsocket " SOCKET_FILE "\n"
    "unixsocketperm 700\n"
    "daemonize no\n"
    "logfile " REDIS_HOME_LOG "\n"
    "databases 1\n"
    "maxclients 1000\n"
    /* What was acknowledged is on the disk, and what is torn is not served. */
    "appendonly yes\n"
    "appendfsync always\n"
    "no-appendfsync-on-rewrite no\n"
    "aof-load-truncated no\n"
    "aof-timestamp-enabled yes\n"
    "save \"\"\n"
    "maxmemory-policy noeviction\n"
    /* A ticket with its body in one listpack: 696 bytes in place of 2,184. */
    "hash-max-listpack-value 2048\n"
    /* Nobody may sign in as default, but its rights must stay: Redis 7.0 loads its file as this user, and
     * an EXEC that holds what it may not do is dropped without a word: every script of two writes. */
    "user default off resetpass ~* &* +@all\n";

static const char rights[] =
    " ~* &* +@all -@dangerous -@admin -eval -eval_ro -function -script +script|load +info +role"
    " +config|get +acl|whoami +acl|dryrun +bgrewriteaof\n";

/* Half of the machine: a rewrite of the file may need as much again while it runs. */
static long long memory_max(void)
{
    return (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 2;
}

static bool write_settings(const struct redis_home *h)
{
    struct buf b = {0};
    bool ok;

    buf_text(&b, settings);
    buf_printf(&b, "maxmemory %lld\n", memory_max());
    buf_printf(&b, "user %s on >%s%s", h->target.user, h->target.password, rights);
    ok = write_file(h->folder_fd, REDIS_HOME_CONF, buf_view(&b));
    explicit_bzero(b.at, b.len);
    buf_free(&b);
    return ok;
}

/* A rewrite that was killed leaves its half, and nobody else ever removes it. */
static void remove_halves(int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        if (strncmp(e->d_name, "temp-", 5) == 0)
            (void)unlinkat(fd, e->d_name, 0);
    if (dir != NULL)
        (void)closedir(dir);
    else if (fd >= 0)
        (void)close(fd);
}

enum err redis_home_prepare(const struct redis_home *h, char *why, size_t why_bytes)
{
    struct stat st;

    if (!write_settings(h))
        return fail(ERR_IO, why, why_bytes, "cannot write %s/" REDIS_HOME_CONF ": %s", h->folder, strerror(errno));
    if (fstatat(h->folder_fd, REDIS_HOME_LOG, &st, 0) == 0 && st.st_size > LOG_BYTES_MAX)
        (void)renameat(h->folder_fd, REDIS_HOME_LOG, h->folder_fd, REDIS_HOME_LOG ".1");
    remove_halves(h->folder_fd, ".");
    remove_halves(h->folder_fd, "appendonlydir");
    return ERR_OK;
}

/* --- who lives here -------------------------------------------------------------------- */

static bool read_proc(int pid, const char *name, char *text, size_t bytes)
{
    char path[64];
    int fd;
    ssize_t n;

    (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, bytes - 1);
    if (fd >= 0)
        (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Ours by user, by where it works, by its program and by its name: on Debian the program of a
 * redis-server is called redis-check-rdb. A process that ended and waits for its parent has no
 * working folder and is nobody. */
static bool is_server_of(const struct redis_home *h, int pid)
{
    char path[64], program[PATH_MAX] = "", name[256];
    struct stat home, st;
    const char *base;

    (void)snprintf(path, sizeof path, "/proc/%d/cwd", pid);
    if (fstat(h->folder_fd, &home) != 0 || stat(path, &st) != 0 || st.st_dev != home.st_dev || st.st_ino != home.st_ino)
        return false;
    (void)snprintf(path, sizeof path, "/proc/%d", pid);
    if (stat(path, &st) != 0 || st.st_uid != geteuid())
        return false;
    (void)snprintf(path, sizeof path, "/proc/%d/exe", pid);
    if (readlink(path, program, sizeof program - 1) < 0 || !read_proc(pid, "cmdline", name, sizeof name))
        return false;
    base = strrchr(program, '/');
    base = base == NULL ? program : base + 1;
    return (strstr(base, "redis") != NULL || strstr(base, "valkey") != NULL) && strstr(name, "-server") != NULL;
}

/* The next pid in /proc that is_server_of() the folder; 0: none. */
static int find_server(const struct redis_home *h)
{
    DIR *proc = opendir("/proc");
    int pid = 0;

    for (struct dirent *e; proc != NULL && pid == 0 && (e = readdir(proc)) != NULL;) {
        int64_t n = 0;

        if (str_number(str_of(e->d_name), &n) && n > 1 && n <= INT_MAX && is_server_of(h, (int)n))
            pid = (int)n;
    }
    if (proc != NULL)
        (void)closedir(proc);
    return pid;
}

static bool gone_within(const struct redis_home *h, int pid, int ms)
{
    struct timespec pace = {.tv_nsec = EVICT_PACE_MS * 1000000L};
    int64_t until_ms = clock_steady_ms() + ms;

    while (is_server_of(h, pid)) {
        if (clock_steady_ms() >= until_ms)
            return false;
        (void)nanosleep(&pace, NULL);
    }
    return true;
}

enum err redis_home_evict(const struct redis_home *h, int grace_ms, char *why, size_t why_bytes)
{
    for (int pid; (pid = find_server(h)) != 0;) {
        log_warn("redis_orphan", "pid=%d folder=%s", pid, h->folder);
        (void)kill(pid, SIGTERM);
        (void)kill(pid, SIGCONT); /* a stopped one could not hear it */
        if (!gone_within(h, pid, grace_ms)) {
            (void)kill(pid, SIGKILL);
            if (!gone_within(h, pid, grace_ms))
                return fail(ERR_IO, why, why_bytes, "an earlier redis-server, process %d, cannot be ended", pid);
        }
    }
    return ERR_OK;
}
