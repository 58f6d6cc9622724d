/* powercut_apply.c - cuts the power after the fact: powercut_apply STATE.
 *
 * To be run when every watched process is dead. Undoes what no fsync had covered (powercut.h), prints one
 * line of what it did and empties STATE: what is left is on disk. With POWERCUT_TEAR=1 each file and folder
 * keeps a random number of its first unflushed changes, and a random part of the next write, as disks do;
 * POWERCUT_SEED repeats one. */
#include "tests/tools/powercut.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *state_folder;
static bool tear;
static size_t files, changes, torn, names;

static void die(const char *what, const char *path)
{
    (void)fprintf(stderr, "powercut_apply: cannot %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

static void path_in(char out[PATH_MAX], const char *kind, size_t n)
{
    (void)snprintf(out, PATH_MAX, "%s/%s-%zu", state_folder, kind, n);
}

/* A log's records behind what is durable. */
struct undo {
    char *bytes;
    size_t n;
    size_t *at;
};

static struct record header(const struct undo *u, size_t i)
{
    struct record r;

    memcpy(&r, u->bytes + u->at[i], sizeof r);
    return r;
}

static const char *payload(const struct undo *u, size_t i)
{
    return u->bytes + u->at[i] + sizeof(struct record);
}

static struct undo load(const struct slot *s, size_t number)
{
    struct undo u = {0};
    uint64_t from = s->durable > s->base ? s->durable : s->base;
    size_t len = (size_t)(s->end - from);
    char path[PATH_MAX];

    if (len == 0)
        return u;
    path_in(path, "log", number);

    int fd = open(path, O_RDONLY | O_CLOEXEC);

    u.bytes = malloc(len);
    u.at = calloc(len / sizeof(struct record) + 1, sizeof u.at[0]);
    if (fd < 0 || u.bytes == NULL || u.at == NULL || pread(fd, u.bytes, len, (off_t)(from - s->base)) != (ssize_t)len)
        die("read", path);
    (void)close(fd);
    for (size_t at = 0; at < len; u.n++) {
        struct record r;

        memcpy(&r, u.bytes + at, sizeof r);
        u.at[u.n] = at;
        at += sizeof r + r.payload;
    }
    return u;
}

static void unload(struct undo *u)
{
    free(u->bytes);
    free(u->at);
}

static void put(int fd, const char *p, size_t n, uint64_t at, const char *path)
{
    if (n > 0 && pwrite(fd, p, n, (off_t)at) != (ssize_t)n)
        die("restore", path);
}

/* Undoes all of a record, or but its first `kept` bytes. */
static void undo_one(const struct undo *u, size_t i, int fd, uint64_t kept, const char *path)
{
    struct record r = header(u, i);

    if (r.kind == RECORD_WRITE && kept > 0) {
        uint64_t end = r.at + kept > r.size ? r.at + kept : r.size;

        if (kept < r.payload)
            put(fd, payload(u, i) + kept, r.payload - kept, r.at + kept, path);
        if (ftruncate(fd, (off_t)end) != 0)
            die("cut", path);
        torn++;
        return;
    }
    put(fd, payload(u, i), r.payload, r.at, path);
    if (ftruncate(fd, (off_t)r.size) != 0)
        die("cut", path);
}

static void undo_file(const struct slot *s, size_t number)
{
    struct undo u = load(s, number);
    char path[PATH_MAX];

    path_in(path, "file", number);
    if (u.n > 0) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        size_t keep = tear ? (size_t)random() % (u.n + 1) : 0;

        if (fd < 0)
            die("open", s->path);
        for (size_t i = u.n; i-- > keep;) {
            uint64_t len = header(&u, i).len;

            undo_one(&u, i, fd, tear && i == keep && len > 0 ? (uint64_t)random() % len : 0, s->path);
        }
        changes += u.n - keep;
        files++;
        (void)close(fd);
    }
    unload(&u);
}

static int remove_any(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static void undo_folder(const struct slot *s, size_t number)
{
    struct undo u = load(s, number);
    size_t keep = tear ? (size_t)random() % (u.n + 1) : 0;

    for (size_t i = u.n; i-- > keep;) {
        struct record r = header(&u, i);
        char path[PATH_MAX], kept[PATH_MAX];

        (void)snprintf(path, sizeof path, "%s/%.*s", s->path, (int)r.payload, payload(&u, i));
        if (r.kind == RECORD_UNNAME) {
            path_in(kept, "file", r.at);
            if (link(kept, path) != 0 && errno != EEXIST && errno != ENOENT)
                die("name again", path);
        } else if (r.kind == RECORD_SUBDIR) {
            (void)nftw(path, remove_any, 16, FTW_DEPTH | FTW_PHYS);
        } else {
            (void)unlink(path);
        }
        names++;
    }
    unload(&u);
}

int main(int argc, char **argv)
{
    const char *seed = getenv("POWERCUT_SEED"), *tears = getenv("POWERCUT_TEAR");
    unsigned number =
        seed != NULL ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)time(NULL) ^ (unsigned)getpid() << 16;
    char path[PATH_MAX];

    if (argc != 2) {
        (void)fprintf(stderr, "usage: powercut_apply STATE\n");
        return 64;
    }
    state_folder = argv[1];
    tear = tears != NULL && strcmp(tears, "1") == 0;
    srandom(number);
    (void)snprintf(path, sizeof path, "%s/table", state_folder);

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct table *t = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *t, PROT_READ, MAP_SHARED, fd, 0);

    if (t == MAP_FAILED)
        die("open", path);
    for (size_t i = 0; i < SLOTS; i++)
        if (t->slots[i].kind == SLOT_FILE)
            undo_file(&t->slots[i], i);
    for (size_t i = 0; i < SLOTS; i++)
        if (t->slots[i].kind == SLOT_FOLDER)
            undo_folder(&t->slots[i], i);
    (void)nftw(state_folder, remove_any, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir(state_folder, 0700) != 0)
        die("empty", state_folder);
    (void)printf("powercut files=%zu changes=%zu torn=%zu names=%zu seed=%u\n", files, changes, torn, names, number);
    return 0;
}
