/* seal_keys.c - key files, and the keys made from them. */
#include "queues/folder.h"
#include "queues/seal.h"
#include "queues/seal_keyring.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES = 2 * KEY_BYTES + 1 }; /* hex digits and a newline */

struct opening {
    const char *folder;
    char *why; /* KEYRING_WHY_BYTES */
    int dir;
    size_t n;
    uint32_t ids[KEYRING_KEYS_MAX];
};

__attribute__((format(printf, 3, 4))) static enum err say(struct opening *o, enum err e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(o->why, KEYRING_WHY_BYTES, format, args);
    va_end(args);
    return e;
}

static enum err say_errno(struct opening *o, const char *verb, const char *name)
{
    int error = errno;

    return say(o, error == EACCES || error == EPERM ? ERR_DENIED : ERR_IO, "cannot %s %s/%s: %s", verb, o->folder, name,
               strerror(error));
}

static void file_name(char out[32], uint32_t id)
{
    (void)snprintf(out, 32, "root-%u.key", (unsigned)id);
}

/* The id in "root-<id>.key", 0 where it is another name. */
static uint32_t file_id(const char *name)
{
    struct str s = str_of(name);
    int64_t id;

    if (!str_starts(s, "root-") || s.len < 10 || strcmp(name + s.len - 4, ".key") != 0 ||
        !str_number((struct str){name + 5, s.len - 9}, &id) || id < 1 || id > UINT32_MAX)
        return 0;
    return (uint32_t)id;
}

/* A folder or file of keys belongs to its owner alone (K1). */
static enum err check_mode(struct opening *o, int fd, const char *name)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return say_errno(o, "look at", name);
    if ((st.st_mode & 077) != 0)
        return say(o, ERR_DENIED, "%s/%s can be reached by others: chmod go= %s/%s", o->folder, name, o->folder, name);
    return ERR_OK;
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static enum err list_keys(struct opening *o)
{
    int fd = dup(o->dir);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    enum err e = ERR_OK;

    if (d == NULL) {
        e = say_errno(o, "read", "");
        if (fd >= 0)
            (void)close(fd);
        return e;
    }
    for (struct dirent *entry; e == ERR_OK && (entry = readdir(d)) != NULL;) {
        uint32_t id = file_id(entry->d_name);

        if (id == 0)
            continue;
        if (o->n == KEYRING_KEYS_MAX)
            e = say(o, ERR_CORRUPT, "more than %d keys in %s: move the oldest but root-1.key away", KEYRING_KEYS_MAX,
                    o->folder);
        else
            o->ids[o->n++] = id;
    }
    (void)closedir(d);
    qsort(o->ids, o->n, sizeof o->ids[0], by_id);
    return e;
}

/* Reads one file into root. */
static enum err read_root(struct opening *o, uint32_t id, uint8_t root[KEY_BYTES])
{
    char name[32], text[FILE_BYTES + 1];
    size_t len = 0;

    file_name(name, id);

    int fd = openat(o->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return say_errno(o, "open", name);

    enum err e = check_mode(o, fd, name);
    ssize_t got = e == ERR_OK ? read(fd, text, sizeof text) : 0;

    if (e == ERR_OK && got < 0)
        e = say_errno(o, "read", name);
    if (e == ERR_OK &&
        (got != FILE_BYTES || text[FILE_BYTES - 1] != '\n' ||
         sodium_hex2bin(root, KEY_BYTES, text, FILE_BYTES - 1, NULL, &len, NULL) != 0 || len != KEY_BYTES))
        e = say(o, ERR_CORRUPT, "%s/%s is not a key (64 hex digits and a newline): bring it back from your copy",
                o->folder, name);
    sodium_memzero(text, sizeof text);
    (void)close(fd);
    return e;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);

        if (put < 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static enum err write_root(struct opening *o, int fd, const char *name)
{
    uint8_t root[KEY_BYTES];
    char text[FILE_BYTES + 1];

    randombytes_buf(root, sizeof root);
    (void)sodium_bin2hex(text, sizeof text, root, sizeof root);
    text[FILE_BYTES - 1] = '\n';

    bool good = write_all(fd, text, FILE_BYTES) && fchmod(fd, 0600) == 0 && fsync(fd) == 0;

    sodium_memzero(root, sizeof root);
    sodium_memzero(text, sizeof text);
    return good ? ERR_OK : say_errno(o, "write", name);
}

/* Writes the first key under a name of its own and gives it the real one where that is
 * still free: a half-written key is never met, and of two first starts one wins. */
static enum err make_root(struct opening *o)
{
    char name[32];

    (void)snprintf(name, sizeof name, "new-%d.key", (int)getpid());

    int fd = openat(o->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return say_errno(o, "make", name);

    enum err e = write_root(o, fd, name);

    (void)close(fd);
    if (e == ERR_OK && renameat2(o->dir, name, o->dir, "root-1.key", RENAME_NOREPLACE) != 0 && errno != EEXIST)
        e = say_errno(o, "make", "root-1.key");
    (void)unlinkat(o->dir, name, 0);
    if (e == ERR_OK && fsync(o->dir) != 0)
        e = say_errno(o, "flush", "");
    if (e == ERR_OK)
        o->ids[o->n++] = 1;
    return e;
}

static enum err open_folder(struct opening *o, bool make)
{
    if (make && !folder_make(o->folder))
        return say_errno(o, "make the folder", "");
    o->dir = open(o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (o->dir < 0 && errno == ENOENT)
        return say(o, ERR_ABSENT, "there is no key folder %s", o->folder);
    if (o->dir < 0)
        return say_errno(o, "open the folder", "");
    return check_mode(o, o->dir, ".");
}

static enum err find_keys(struct opening *o, bool make)
{
    enum err e = list_keys(o);

    if (e != ERR_OK)
        return e;
    if (o->n == 0)
        return make ? make_root(o) : say(o, ERR_ABSENT, "there is no key in %s", o->folder);
    if (o->ids[0] != 1)
        return say(o, ERR_ABSENT, "%s/root-1.key is missing: all indices are made with it, bring it back", o->folder);
    return ERR_OK;
}

static void derive(uint8_t out[KEY_BYTES], const char context[crypto_kdf_CONTEXTBYTES], const uint8_t *root)
{
    (void)crypto_kdf_derive_from_key(out, KEY_BYTES, 1, context, root);
}

static void derive_fixed(struct keyring *k, const uint8_t *root)
{
    static const char *const contexts[] = {
#define X(name, context) [INDEX_##name] = context,
        INDEX_LIST(X)
#undef X
    };

    for (size_t i = 0; i < INDEX_KINDS; i++) {
        assert(strlen(contexts[i]) == crypto_kdf_CONTEXTBYTES);
        derive(k->index[i], contexts[i], root);
    }
    derive(k->number, "number__", root);
}

static enum err load_keys(struct opening *o, struct keyring *k)
{
    uint8_t *root = sodium_malloc(KEY_BYTES);
    enum err e = ERR_OK;

    if (root == NULL)
        return say(o, ERR_IO, "no memory that can be locked: raise the limit (ulimit -l)");
    for (size_t i = 0; e == ERR_OK && i < o->n; i++) {
        e = read_root(o, o->ids[i], root);
        if (e != ERR_OK)
            break;
        k->roots[i].id = o->ids[i];
        derive(k->roots[i].row, "sealrow_", root);
        derive(k->roots[i].stream, "sealstrm", root);
        if (o->ids[i] == 1)
            derive_fixed(k, root);
    }
    k->n = o->n;
    sodium_free(root);
    return e;
}

enum err keyring_open(struct keyring **out, const char *folder, bool make, char why[KEYRING_WHY_BYTES])
{
    struct opening o = {.folder = folder, .why = why, .dir = -1};
    struct keyring *k = NULL;

    seal_ready();

    enum err e = open_folder(&o, make);

    if (e == ERR_OK)
        e = find_keys(&o, make);
    if (e == ERR_OK) {
        k = sodium_malloc(sizeof *k);
        e = k == NULL ? say(&o, ERR_IO, "no memory that can be locked: raise the limit (ulimit -l)") : load_keys(&o, k);
    }
    if (o.dir >= 0)
        (void)close(o.dir);
    if (e != ERR_OK) {
        keyring_close(k);
        return e;
    }
    (void)sodium_mprotect_readonly(k);
    *out = k;
    return ERR_OK;
}

void keyring_close(struct keyring *k)
{
    sodium_free(k);
}
