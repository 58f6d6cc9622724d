/* powercut_preload.c - a library to preload: remembers how to undo what no fsync has covered.
 *
 *   POWERCUT_FOLDERS      absolute folders to watch, separated by colons
 *   POWERCUT_STATE        where to write it down: see powercut.h
 *   POWERCUT_IGNORE_SYNC  files whose path holds this: fsync and fdatasync do nothing and say
 *                         they did, which is what a program does that forgot them */
#include "tests/tools/powercut.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct table *table;
static const char *state_folder, *watched, *ignored;

static void die(const char *what)
{
    static const char prefix[] = "powercut: ";

    (void)syscall(SYS_write, 2, prefix, sizeof prefix - 1);
    (void)syscall(SYS_write, 2, what, strlen(what));
    (void)syscall(SYS_write, 2, "\n", 1);
    abort();
}

/* ---- the table ---- */

static void mutex_init(pthread_mutex_t *m)
{
    pthread_mutexattr_t a;

    (void)pthread_mutexattr_init(&a);
    (void)pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    (void)pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    (void)pthread_mutex_init(m, &a);
    (void)pthread_mutexattr_destroy(&a);
}

static void lock(pthread_mutex_t *m)
{
    /* Its holder was killed: by C1 what it had begun is either counted or never happened. */
    if (pthread_mutex_lock(m) == EOWNERDEAD)
        (void)pthread_mutex_consistent(m);
}

static void unlock(pthread_mutex_t *m)
{
    (void)pthread_mutex_unlock(m);
}

/* A copy: programs that set their title write over the environment. */
static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? NULL : strdup(value);
}

__attribute__((constructor)) static void begin(void)
{
    char path[PATH_MAX];

    watched = setting("POWERCUT_FOLDERS");
    state_folder = setting("POWERCUT_STATE");
    ignored = setting("POWERCUT_IGNORE_SYNC");
    if (watched == NULL || state_folder == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s/table", state_folder);

    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || flock(fd, LOCK_EX) != 0 || syscall(SYS_ftruncate, fd, sizeof *table) != 0)
        die("cannot open the table in POWERCUT_STATE");

    struct table *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (t == MAP_FAILED)
        die("cannot map the table");
    if (!t->ready) {
        mutex_init(&t->lock);
        for (size_t i = 0; i < SLOTS; i++)
            mutex_init(&t->slots[i].lock);
        t->ready = 1;
    }
    (void)flock(fd, LOCK_UN); /* the mapping would hold it on after close() */
    (void)syscall(SYS_close, fd);
    table = t;
}

static size_t number_of(const struct slot *s)
{
    return (size_t)(s - table->slots);
}

/* The slot of an inode, or the free one where it would be. */
static struct slot *probe(const struct stat *st)
{
    size_t at = (size_t)(st->st_ino * 0x9E3779B97F4A7C15u >> 32) % SLOTS;

    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &table->slots[(at + i) % SLOTS];

        if (s->kind == SLOT_FREE || (s->ino == st->st_ino && s->dev == st->st_dev))
            return s;
    }
    die("more files than slots");
    return NULL;
}

/* fd's file is kept alive by a link of ours, so that its inode is not given to another. */
static struct slot *slot_add(int fd, const char *path, const struct stat *st)
{
    char from[64], to[PATH_MAX];

    lock(&table->lock);

    struct slot *s = probe(st);

    if (s->kind == SLOT_FREE) {
        s->dev = st->st_dev;
        s->ino = st->st_ino;
        s->base = s->end = s->durable = 0;
        s->streamed = 0;
        (void)snprintf(s->path, sizeof s->path, "%s", path);
        if (S_ISREG(st->st_mode)) {
            (void)snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
            (void)snprintf(to, sizeof to, "%s/file-%zu", state_folder, number_of(s));
            if (syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) != 0)
                die("cannot link a file into POWERCUT_STATE: is it on the same file system?");
        }
        s->kind = S_ISREG(st->st_mode) ? SLOT_FILE : SLOT_FOLDER;
    }
    unlock(&table->lock);
    return s;
}

/* The slot of an open file that is watched, or NULL. */
static struct slot *slot_of(int fd, struct stat *st)
{
    if (table == NULL || fstat(fd, st) != 0 || !(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
        return NULL;

    struct slot *s = probe(st);

    return s->kind == SLOT_FREE ? NULL : s;
}

/* Adds a record; size bytes of payload are read from fd at `from`, or taken from text. The caller holds the slot. */
static void record(struct slot *s, struct record r, const char *text, int fd, uint64_t from)
{
    char path[PATH_MAX], bytes[65536];
    uint64_t at = s->end - s->base, left = r.payload;

    (void)snprintf(path, sizeof path, "%s/log-%zu", state_folder, number_of(s));

    int out = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (out < 0 || syscall(SYS_pwrite64, out, &r, sizeof r, at) != sizeof r)
        die("cannot write a log");
    for (at += sizeof r; left > 0;) {
        uint64_t n = left < sizeof bytes ? left : sizeof bytes;

        if (text != NULL)
            memcpy(bytes, text + (r.payload - left), n);
        else if (pread(fd, bytes, n, (off_t)from) != (ssize_t)n)
            die("cannot read what is about to be overwritten");
        if (syscall(SYS_pwrite64, out, bytes, n, at) != (long)n)
            die("cannot write a log");
        at += n, from += n, left -= n;
    }
    (void)syscall(SYS_close, out);
    s->end += sizeof r + r.payload;
}

/* ---- names ---- */

/* The folder a path lies in, without links, and its last part; false where it is not watched. */
static bool split(int dirfd, const char *path, char folder[PATH_MAX], const char **name)
{
    char joined[PATH_MAX + 64], *slash;

    if (table == NULL || path == NULL)
        return false;
    if (path[0] == '/')
        (void)snprintf(joined, sizeof joined, "%s", path);
    else if (dirfd == AT_FDCWD)
        (void)snprintf(joined, sizeof joined, "./%s", path);
    else
        (void)snprintf(joined, sizeof joined, "/proc/self/fd/%d/%s", dirfd, path);
    slash = strrchr(joined, '/');
    *slash = '\0';
    *name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    if (realpath(joined[0] == '\0' ? "/" : joined, folder) == NULL)
        return false;

    size_t tail = strlen(*name);

    if (tail >= 4 && strcmp(*name + tail - 4, "-shm") == 0)
        return false; /* SQLite makes it anew after a crash, whatever it holds */
    for (const char *p = watched; *p != '\0';) {
        size_t n = strcspn(p, ":");

        if (n > 0 && strncmp(folder, p, n) == 0 && (folder[n] == '/' || folder[n] == '\0'))
            return true;
        p += n + (p[n] == ':');
    }
    return false;
}

static void name_record(const char *folder, enum record_kind kind, const char *name, uint64_t at)
{
    struct stat st;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0)
        die("cannot open a watched folder");

    struct slot *s = slot_add(fd, folder, &st);

    (void)syscall(SYS_close, fd);
    lock(&s->lock);
    record(s, (struct record){.kind = kind, .payload = (uint32_t)strlen(name), .at = at}, name, -1, 0);
    unlock(&s->lock);
}

/* Before a name goes away or is taken by another file. */
static void before_unname(const char *folder, const char *name)
{
    char path[2 * PATH_MAX];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);

    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        name_record(folder, RECORD_UNNAME, name, number_of(slot_add(fd, path, &st)));
    if (fd >= 0)
        (void)syscall(SYS_close, fd);
}

/* ---- opening ---- */

static void record_cut(struct slot *s, int fd, uint64_t to, uint64_t size)
{
    uint64_t gone = size > to ? size - to : 0;

    record(s, (struct record){.kind = RECORD_CUT, .payload = (uint32_t)gone, .at = to, .size = size}, NULL, fd, to);
}

/* open() with O_TRUNC is an open without it and then ftruncate(), which is watched. */
static int open_watched(int dirfd, const char *path, int flags, mode_t mode)
{
    char folder[PATH_MAX];
    const char *name;
    struct stat st;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;

    if ((flags & O_DIRECTORY) != 0 || (!writes && (flags & O_CREAT) == 0) || !split(dirfd, path, folder, &name))
        return (int)syscall(SYS_openat, dirfd, path, flags, mode);

    bool existed = fstatat(dirfd, path, &st, 0) == 0;
    int fd = (int)syscall(SYS_openat, dirfd, path, writes ? flags & ~O_TRUNC : flags, mode);

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return fd;
    (void)slot_add(fd, path, &st);
    if (!existed)
        name_record(folder, RECORD_NAME, name, 0);
    if (writes && (flags & O_TRUNC) != 0 && st.st_size > 0 && ftruncate(fd, 0) != 0)
        die("cannot truncate on opening");
    return fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                        \
    int name(const char *path, int flags, ...)            \
    {                                                     \
        va_list args;                                     \
        va_start(args, flags);                            \
        mode_t mode = mode_of(flags, args);               \
        va_end(args);                                     \
        return open_watched(AT_FDCWD, path, flags, mode); \
    }
#define OPENAT(name)                                      \
    int name(int dirfd, const char *path, int flags, ...) \
    {                                                     \
        va_list args;                                     \
        va_start(args, flags);                            \
        mode_t mode = mode_of(flags, args);               \
        va_end(args);                                     \
        return open_watched(dirfd, path, flags, mode);    \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode)
{
    return open_watched(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode)
{
    return creat(path, mode);
}

/* What glibc calls for open() where it checks the flags. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_watched(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_watched(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dirfd, const char *path, int flags)
{
    return open_watched(dirfd, path, flags, 0);
}

int __openat64_2(int dirfd, const char *path, int flags)
{
    return open_watched(dirfd, path, flags, 0);
}

/* stdio writes inside libc, unseen: the size at each fsync is what is known. */
static void mark_stream(int fd)
{
    struct stat st;
    struct slot *s = slot_of(fd, &st);

    if (s == NULL || !S_ISREG(st.st_mode))
        return;
    lock(&s->lock);
    s->streamed = 1;
    record(s, (struct record){.kind = RECORD_SIZE, .size = (uint64_t)st.st_size}, "", -1, 0);
    unlock(&s->lock);
}

FILE *fdopen(int fd, const char *mode)
{
    FILE *(*real)(int, const char *) = (FILE * (*)(int, const char *)) dlsym(RTLD_NEXT, "fdopen");

    if (mode[0] != 'r' || strchr(mode, '+') != NULL)
        mark_stream(fd);
    return real(fd, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*real)(const char *, const char *) = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
    int flags = mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT | O_APPEND : 0;
    char folder[PATH_MAX];
    const char *name;

    if ((mode[0] == 'r' && strchr(mode, '+') == NULL) || !split(AT_FDCWD, path, folder, &name))
        return real(path, mode);
    flags |= strchr(mode, '+') != NULL ? O_RDWR : O_WRONLY;
    flags |= strchr(mode, 'e') != NULL ? O_CLOEXEC : 0;
    flags |= strchr(mode, 'x') != NULL ? O_EXCL : 0;

    int fd = open_watched(AT_FDCWD, path, flags, 0666);

    return fd < 0 ? NULL : fdopen(fd, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

/* ---- writing ---- */

/* Before len bytes are written at `at`. */
static void record_write(struct slot *s, int fd, uint64_t at, uint64_t len, uint64_t size)
{
    uint64_t old = at >= size ? 0 : at + len <= size ? len : size - at;
    struct record r = {.kind = RECORD_WRITE, .payload = (uint32_t)old, .at = at, .len = len, .size = size};
    char path[64];
    int reader = fd;

    if (old > 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        reader = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    }
    record(s, r, NULL, reader, at);
    if (reader != fd)
        (void)syscall(SYS_close, reader);
}

static void covered(struct slot *s, uint64_t end)
{
    if (end > s->durable)
        s->durable = end;
    if (s->durable == s->end)
        s->base = s->end; /* the log begins anew */
}

enum { HERE = -1 };

static ssize_t write_watched(int fd, const struct iovec *v, int n, off_t at)
{
    struct stat st;
    struct slot *s = slot_of(fd, &st);
    size_t len = 0;

    if (s == NULL)
        return at == HERE ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, at, 0);
    for (int i = 0; i < n; i++)
        len += v[i].iov_len;
    lock(&s->lock);

    int flags = fcntl(fd, F_GETFL);
    off_t from = at != HERE ? at : lseek(fd, 0, SEEK_CUR);

    (void)fstat(fd, &st);
    if ((flags & O_APPEND) != 0)
        from = st.st_size;

    bool clean = s->durable == s->end;

    record_write(s, fd, (uint64_t)from, len, (uint64_t)st.st_size);

    ssize_t put = at == HERE ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, at, 0);
    int error = errno;

    if (put >= 0 && (flags & O_DSYNC) != 0 && clean)
        covered(s, s->end);
    unlock(&s->lock);
    errno = error;
    return put;
}

ssize_t write(int fd, const void *p, size_t n)
{
    struct stat st;

    if (slot_of(fd, &st) == NULL)
        return syscall(SYS_write, fd, p, n);
    return write_watched(fd, &(struct iovec){(void *)(uintptr_t)p, n}, 1, HERE);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return write_watched(fd, &(struct iovec){(void *)(uintptr_t)p, n}, 1, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return pwrite(fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    return write_watched(fd, v, n, HERE);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
    return write_watched(fd, v, n, at);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
    return write_watched(fd, v, n, at);
}

int ftruncate(int fd, off_t to)
{
    struct stat st;
    struct slot *s = slot_of(fd, &st);
    char path[64];

    if (s == NULL)
        return (int)syscall(SYS_ftruncate, fd, to);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    lock(&s->lock);

    int reader = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

    (void)fstat(fd, &st);
    record_cut(s, reader, (uint64_t)to, (uint64_t)st.st_size);
    (void)syscall(SYS_close, reader);

    int rc = (int)syscall(SYS_ftruncate, fd, to), error = errno;

    unlock(&s->lock);
    errno = error;
    return rc;
}

int ftruncate64(int fd, off64_t to)
{
    return ftruncate(fd, to);
}

int truncate(const char *path, off_t to)
{
    int fd = open_watched(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);

    if (fd < 0)
        return -1;

    int rc = ftruncate(fd, to), error = errno;

    (void)syscall(SYS_close, fd);
    errno = error;
    return rc;
}

int truncate64(const char *path, off64_t to)
{
    return truncate(path, to);
}

/* ---- flushing ---- */

static int sync_watched(int fd, long call)
{
    struct stat st;
    struct slot *s = slot_of(fd, &st);

    if (s == NULL)
        return (int)syscall(call, fd);
    if (s->kind == SLOT_FILE && ignored != NULL && *ignored != '\0' && strstr(s->path, ignored) != NULL)
        return 0;
    lock(&s->lock);

    uint64_t end = s->end;

    unlock(&s->lock);
    if (syscall(call, fd) != 0)
        return -1;
    lock(&s->lock);
    covered(s, end);
    if (s->streamed)
        record(s, (struct record){.kind = RECORD_SIZE, .size = (uint64_t)st.st_size}, "", -1, 0);
    unlock(&s->lock);
    return 0;
}

int fsync(int fd)
{
    return sync_watched(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_watched(fd, SYS_fdatasync);
}

/* ---- naming ---- */

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    char from_folder[PATH_MAX], to_folder[PATH_MAX];
    const char *from_name, *to_name;
    bool watch_from = split(from_fd, from, from_folder, &from_name);
    bool watch_to = split(to_fd, to, to_folder, &to_name);

    if (watch_to && (flags & RENAME_NOREPLACE) == 0)
        before_unname(to_folder, to_name);
    if (watch_from)
        before_unname(from_folder, from_name);

    int rc = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags), error = errno;

    if (rc == 0 && watch_to)
        name_record(to_folder, RECORD_NAME, to_name, 0);
    errno = error;
    return rc;
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return renameat2(from_fd, from, to_fd, to, 0);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    char folder[PATH_MAX];
    const char *name;
    int rc = (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags), error = errno;

    if (rc == 0 && split(to_fd, to, folder, &name))
        name_record(folder, RECORD_NAME, name, 0);
    errno = error;
    return rc;
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
    char folder[PATH_MAX];
    const char *name;

    if ((flags & AT_REMOVEDIR) == 0 && split(dirfd, path, folder, &name))
        before_unname(folder, name);
    return (int)syscall(SYS_unlinkat, dirfd, path, flags);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    char folder[PATH_MAX];
    const char *name;
    int rc = (int)syscall(SYS_mkdirat, dirfd, path, mode), error = errno;

    if (rc == 0 && split(dirfd, path, folder, &name))
        name_record(folder, RECORD_SUBDIR, name, 0);
    errno = error;
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}
