/* webhook_file.c - the copy of all senders that a gateway keeps on its disk (W4). */
#include "queues/webhook.h"
#include "rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "webhooks"
#define HEAD      "postern-webhooks 1 "
#define BOUND     STR("webhooks")

enum { TEXT_MAX = 64 + WEBHOOKS_MAX * (WEBHOOK_NAME_MAX + 2 + WEBHOOK_RECORD_MAX), FILE_MAX = TEXT_MAX + 256 };

static size_t print_all(const struct webhooks *w, char *text)
{
    int n = snprintf(text, TEXT_MAX, HEAD "%" PRId64 "\n", w->version);

    for (size_t i = 0; i < w->n; i++) {
        n += snprintf(text + n, TEXT_MAX - (size_t)n, "%s ", w->at[i].name);
        n += (int)webhook_print(&w->at[i], text + n);
        text[n++] = '\n';
    }
    return (size_t)n;
}

static bool parse_all(struct str text, struct webhooks *out)
{
    struct str head = str_cut(&text, '\n');

    if (!str_starts(head, HEAD))
        return false;
    head = (struct str){head.at + strlen(HEAD), head.len - strlen(HEAD)};
    out->n = 0;
    if (!str_number(head, &out->version))
        return false;
    while (text.len > 0) {
        struct str record = str_cut(&text, '\n'), name = str_cut(&record, ' ');

        if (out->n == WEBHOOKS_MAX || !webhook_parse(name, record, &out->at[out->n]))
            return false;
        out->n++;
    }
    return true;
}

/* Written beside, under a name of this process alone (a command and the gateway may both be at it), synced, moved over
 * the old one. */
static bool write_file(int folder_fd, struct str text)
{
    char fresh[64];
    int fd;
    bool ok;

    (void)snprintf(fresh, sizeof fresh, FILE_NAME ".%ld.new", (long)getpid());
    fd = openat(folder_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    return ok && renameat(folder_fd, fresh, folder_fd, FILE_NAME) == 0 && fsync(folder_fd) == 0;
}

static int open_folder(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum err webhooks_save(const struct webhooks *w, const struct keyring *k, const char *folder)
{
    int fd = open_folder(folder);
    bool ok = false;

    if (fd < 0)
        return ERR_IO;

    struct arena *a = arena_open(4096);
    char *text = secret_memory(TEXT_MAX);

    ok = write_file(fd, seal(k, a, (struct str){text, print_all(w, text)}, BOUND));
    secret_memory_free(text);
    arena_close(a);
    (void)close(fd);
    return ok ? ERR_OK : ERR_IO;
}

static enum err read_file(int folder_fd, char *out, size_t *len)
{
    int fd = openat(folder_fd, FILE_NAME, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT ? ERR_ABSENT : ERR_IO;
    n = read(fd, out, FILE_MAX);
    (void)close(fd);
    if (n < 0)
        return ERR_IO;
    *len = (size_t)n;
    return ERR_OK;
}

enum err webhooks_load(struct webhooks *out, const struct keyring *k, const char *folder)
{
    struct arena *a = arena_open(4096);
    char *bytes = arena_take(a, FILE_MAX);
    int fd = open_folder(folder);
    struct str plain;
    size_t len = 0;
    enum err e = fd < 0 ? ERR_IO : read_file(fd, bytes, &len);

    if (fd >= 0)
        (void)close(fd);
    if (e == ERR_OK)
        e = unseal(k, a, (struct str){bytes, len}, BOUND, &plain) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    if (e == ERR_OK) {
        e = parse_all(plain, out) ? ERR_OK : ERR_CORRUPT;
        secret_wipe((char *)plain.at, plain.len); /* it lies in our arena */
    }
    if (e != ERR_OK)
        *out = (struct webhooks){0};
    arena_close(a);
    return e;
}
