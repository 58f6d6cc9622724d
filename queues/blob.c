#include "queues/blob.h"

#include "queues/folder.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = SEAL_CHUNK + SEAL_CHUNK_EXTRA, LEFTOVER_S = 24 * 3600, FAN = 128 };

struct blobs {
    char *folder;
    const struct keyring *keys;
    _Atomic unsigned next; /* part of temporary names */
    /* Subfolders whose names this process has flushed, by the characters that name them:
     * seeing one is no proof that whoever made it has flushed it. */
    pthread_mutex_t lock;
    bool flushed[FAN][FAN];
};

struct place {
    char outer[PATH_MAX], inner[PATH_MAX], file[PATH_MAX];
    unsigned last, before;
};

/* <folder>/<last character>/<the one before>/<ULID>: those are random, the first ones are time. */
static void place_of(const struct blobs *b, struct ulid name, struct place *out)
{
    char text[ULID_CHARS + 1];

    ulid_print(name, text);
    out->last = (unsigned char)text[ULID_CHARS - 1];
    out->before = (unsigned char)text[ULID_CHARS - 2];
    (void)snprintf(out->outer, PATH_MAX, "%s/%c", b->folder, (char)out->last);
    (void)snprintf(out->inner, PATH_MAX, "%s/%c/%c", b->folder, (char)out->last, (char)out->before);
    (void)snprintf(out->file, PATH_MAX, "%s/%c/%c/%s", b->folder, (char)out->last, (char)out->before, text);
}

static enum err errno_err(void)
{
    switch (errno) {
    case ENOENT:
        return ERR_ABSENT;
    case EEXIST:
        return ERR_CONFLICT;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    default:
        return ERR_IO;
    }
}

/* Both subfolders are there, and their names on disk. */
static bool make_place(struct blobs *b, const struct place *p)
{
    (void)pthread_mutex_lock(&b->lock);

    bool flushed = b->flushed[p->last][p->before];

    (void)pthread_mutex_unlock(&b->lock);
    if (flushed)
        return true;
    if (!folder_make(p->outer) || !folder_make(p->inner))
        return false;
    (void)pthread_mutex_lock(&b->lock);
    b->flushed[p->last][p->before] = true;
    (void)pthread_mutex_unlock(&b->lock);
    return true;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static struct str bound_to(struct ulid name, char out[ULID_CHARS + 6])
{
    char text[ULID_CHARS + 1];

    ulid_print(name, text);
    (void)snprintf(out, ULID_CHARS + 6, "blob|%s", text);
    return str_of(out);
}

/* ---- writing ---- */

struct blob_writer {
    struct blobs *blobs;
    int fd;
    size_t bytes;
    struct seal_stream stream;
    char bound[ULID_CHARS + 6];
    struct place place;
    char path[PATH_MAX]; /* of the file, before it has its name */
    size_t waits;        /* bytes of the piece that is not full, or not known to be the last */
    char waiting[SEAL_CHUNK];
    uint8_t piece[PIECE];
};

static enum err refused(struct blob_writer *w, enum err e)
{
    log_error("blob_write_failed", "err=%s bytes=%zu", err_name(e), w->bytes);
    return e;
}

static enum err open_new(struct blob_writer *w, struct ulid name)
{
    char text[ULID_CHARS + 1];
    uint8_t head[SEAL_STREAM_HEAD];

    if (!make_place(w->blobs, &w->place))
        return errno_err();
    ulid_print(name, text);
    (void)snprintf(w->path, PATH_MAX, "%s/new/%s.%d.%u", w->blobs->folder, text, (int)getpid(),
                   atomic_fetch_add(&w->blobs->next, 1));
    w->fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (w->fd < 0)
        return errno_err();
    seal_stream_start(&w->stream, w->blobs->keys, bound_to(name, w->bound), head);
    return write_all(w->fd, head, sizeof head) ? ERR_OK : errno_err();
}

enum err blob_begin(struct blob_writer **out, struct blobs *b, struct ulid name)
{
    struct blob_writer *w = malloc(sizeof *w);

    if (w == NULL)
        abort();
    w->blobs = b;
    w->fd = -1;
    w->bytes = w->waits = 0;
    place_of(b, name, &w->place);

    enum err e = open_new(w, name);

    if (e != ERR_OK) {
        (void)refused(w, e);
        blob_drop(w);
        return e;
    }
    *out = w;
    return ERR_OK;
}

static enum err push(struct blob_writer *w, bool last)
{
    seal_stream_push(&w->stream, (struct str){w->waiting, w->waits}, last, w->piece);

    bool good = write_all(w->fd, w->piece, w->waits + SEAL_CHUNK_EXTRA);

    w->waits = 0;
    return good ? ERR_OK : errno_err();
}

enum err blob_append(struct blob_writer *w, struct str more)
{
    if (more.len > BLOB_BYTES_MAX - w->bytes)
        return ERR_LARGE;
    w->bytes += more.len;
    while (more.len > 0) {
        enum err e = w->waits == SEAL_CHUNK ? push(w, false) : ERR_OK;
        size_t n = more.len < SEAL_CHUNK - w->waits ? more.len : SEAL_CHUNK - w->waits;

        if (e != ERR_OK)
            return refused(w, e);
        memcpy(w->waiting + w->waits, more.at, n);
        w->waits += n;
        more = (struct str){more.at + n, more.len - n};
    }
    return ERR_OK;
}

/* The last piece, the flush, and the name. */
static enum err settle(struct blob_writer *w)
{
    enum err e = push(w, true);

    if (e == ERR_OK && fsync(w->fd) != 0)
        e = errno_err();
    if (close(w->fd) != 0 && e == ERR_OK)
        e = errno_err();
    w->fd = -1;
    /* A link, unlike a rename, never takes the place of what is there; also over NFS. */
    if (e == ERR_OK && link(w->path, w->place.file) != 0)
        e = errno_err();
    (void)unlink(w->path);
    w->path[0] = '\0';
    if (e == ERR_OK && !folder_flush(w->place.inner))
        e = ERR_IO;
    return e;
}

enum err blob_commit(struct blob_writer *w)
{
    enum err e = settle(w);

    if (e != ERR_OK && e != ERR_CONFLICT)
        (void)refused(w, e);
    blob_drop(w);
    return e;
}

void blob_drop(struct blob_writer *w)
{
    if (w == NULL)
        return;
    if (w->fd >= 0) {
        (void)close(w->fd);
        (void)unlink(w->path);
    }
    free(w);
}

enum err blob_write(struct blobs *b, struct ulid name, struct str content)
{
    struct blob_writer *w;
    enum err e = content.len > BLOB_BYTES_MAX ? ERR_LARGE : blob_begin(&w, b, name);

    if (e != ERR_OK)
        return e;
    e = blob_append(w, content);
    if (e == ERR_OK)
        return blob_commit(w);
    blob_drop(w);
    return e;
}

void blob_remove(struct blobs *b, struct ulid name)
{
    struct place p;

    place_of(b, name, &p);
    (void)unlink(p.file);
}

/* ---- reading ---- */

static bool read_all(int fd, uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, p, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

/* Opens left bytes of pieces into out; all but the last are whole ones. */
static enum err read_pieces(struct seal_stream *s, int fd, size_t left, uint8_t *out)
{
    uint8_t *piece = malloc(PIECE);
    enum err e = ERR_OK;
    bool last = false;

    if (piece == NULL)
        abort();
    while (e == ERR_OK && !last) {
        size_t n = left < PIECE ? left : PIECE;

        last = n == left;
        e = read_all(fd, piece, n) ? unseal_stream_pull(s, (struct str){(char *)piece, n}, last, out) : ERR_IO;
        if (n >= SEAL_CHUNK_EXTRA)
            out += n - SEAL_CHUNK_EXTRA;
        left -= n;
    }
    free(piece);
    return e;
}

static enum err read_sealed(const struct blobs *b, struct arena *a, struct ulid name, int fd, struct str *content)
{
    const off_t pieces_max = BLOB_BYTES_MAX / SEAL_CHUNK + 1;
    char bound[ULID_CHARS + 6];
    uint8_t head[SEAL_STREAM_HEAD];
    struct seal_stream s;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return ERR_IO;
    if (st.st_size < SEAL_STREAM_HEAD + SEAL_CHUNK_EXTRA || st.st_size > SEAL_STREAM_HEAD + pieces_max * PIECE)
        return ERR_CORRUPT;
    if (!read_all(fd, head, sizeof head))
        return ERR_IO;
    /* A file whose key is gone is there and cannot be read: not the same as absent. */
    if (unseal_stream_start(&s, b->keys, bound_to(name, bound), head) != ERR_OK)
        return ERR_CORRUPT;

    size_t sealed = (size_t)st.st_size - SEAL_STREAM_HEAD, pieces = (sealed + PIECE - 1) / PIECE;

    if (sealed < pieces * SEAL_CHUNK_EXTRA)
        return ERR_CORRUPT;

    size_t len = sealed - pieces * SEAL_CHUNK_EXTRA;
    uint8_t *out = arena_take(a, len + 1);
    enum err e = read_pieces(&s, fd, sealed, out);

    if (e == ERR_OK)
        *content = (struct str){(const char *)out, len};
    return e;
}

/* <folder>/aside/<ULID>; PATH_MAX bytes. */
static void aside_of(const struct blobs *b, struct ulid name, char *out)
{
    char text[ULID_CHARS + 1];

    ulid_print(name, text);
    (void)snprintf(out, PATH_MAX, "%s/aside/%s", b->folder, text);
}

static int open_place(const struct blobs *b, struct ulid name)
{
    struct place p;

    place_of(b, name, &p);
    return open(p.file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* B3 */
static int open_to_read(struct blobs *b, struct ulid name)
{
    int fd = open_place(b, name);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (!blob_put_back(b, name)) {
        errno = ENOENT;
        return -1;
    }
    log_warn("blob_wanted_again", "what=it was set aside");
    return open_place(b, name);
}

enum err blob_read(struct blobs *b, struct arena *a, struct ulid name, struct str *content)
{
    int fd = open_to_read(b, name);

    if (fd < 0)
        return errno == ENOENT ? ERR_ABSENT : ERR_IO;

    enum err e = read_sealed(b, a, name, fd, content);

    (void)close(fd);
    if (e != ERR_OK)
        log_error("blob_read_failed", "err=%s", err_name(e));
    return e;
}

/* ---- tidying up ---- */

static int64_t changed_ms(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static bool each_of(const char *folder, blob_visit *visit, void *arg)
{
    DIR *d = opendir(folder);
    bool more = true;
    struct ulid name;
    struct stat st;

    if (d == NULL)
        return true;
    for (struct dirent *e; more && (e = readdir(d)) != NULL;)
        if (ulid_parse(str_of(e->d_name), &name) && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
            more = visit(arg, name, changed_ms(&st));
    (void)closedir(d);
    return more;
}

void blobs_each(struct blobs *b, blob_visit *visit, void *arg)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* of a ULID */
    char folder[PATH_MAX];

    for (size_t i = 0; i < sizeof digits - 1; i++)
        for (size_t k = 0; k < sizeof digits - 1; k++) {
            (void)snprintf(folder, sizeof folder, "%s/%c/%c", b->folder, digits[i], digits[k]);
            if (!each_of(folder, visit, arg))
                return;
        }
}

/* Its time is from now on when it was set aside. */
bool blob_set_aside(struct blobs *b, struct ulid name)
{
    char aside[PATH_MAX], folder[PATH_MAX];
    struct place p;

    place_of(b, name, &p);
    aside_of(b, name, aside);
    (void)snprintf(folder, sizeof folder, "%s/aside", b->folder);
    if (folder_make(folder) && utimensat(AT_FDCWD, p.file, NULL, 0) == 0 && rename(p.file, aside) == 0)
        return true;
    log_error("blob_not_set_aside", "why=%s", strerror(errno));
    return false;
}

void blobs_each_aside(struct blobs *b, blob_visit *visit, void *arg)
{
    char folder[PATH_MAX];

    (void)snprintf(folder, sizeof folder, "%s/aside", b->folder);
    (void)each_of(folder, visit, arg);
}

bool blob_put_back(struct blobs *b, struct ulid name)
{
    char aside[PATH_MAX];
    struct place p;

    place_of(b, name, &p);
    aside_of(b, name, aside);
    return rename(aside, p.file) == 0; /* its folder is there since then */
}

bool blob_clear(struct blobs *b, struct ulid name)
{
    char aside[PATH_MAX];

    aside_of(b, name, aside);
    return unlink(aside) == 0;
}

/* ---- open, close ---- */

/* What writers left that were killed. Another gateway's are young and stay. */
static void sweep_new(const char *folder)
{
    DIR *d = opendir(folder);
    struct stat st;

    if (d == NULL)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.' && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtime + LEFTOVER_S < time(NULL))
            (void)unlinkat(dirfd(d), e->d_name, 0);
    (void)closedir(d);
}

enum err blobs_open(struct blobs **out, const char *folder, const struct keyring *keys, char *why, size_t why_bytes)
{
    char new_folder[PATH_MAX];

    (void)snprintf(new_folder, sizeof new_folder, "%s/new", folder);
    if (!folder_make(folder) || !folder_make(new_folder) || access(new_folder, R_OK | W_OK | X_OK) != 0) {
        int error = errno;
        enum err e = errno_err();

        (void)snprintf(why, why_bytes, "the folder %s cannot be used: %s", folder, strerror(error));
        return e == ERR_DENIED || e == ERR_FULL ? e : ERR_IO;
    }
    sweep_new(new_folder);

    struct blobs *b = calloc(1, sizeof *b);

    if (b == NULL || (b->folder = strdup(folder)) == NULL)
        abort();
    b->keys = keys;
    (void)pthread_mutex_init(&b->lock, NULL);
    *out = b;
    return ERR_OK;
}

void blobs_close(struct blobs *b)
{
    if (b == NULL)
        return;
    (void)pthread_mutex_destroy(&b->lock);
    free(b->folder);
    free(b);
}
