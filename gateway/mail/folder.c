#include "gateway/mail/folder.h"

#include "queues/folder.h"
#include "rules/base/stamp.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err fault(const char *what, char *why, size_t why_bytes)
{
    int e = errno;

    (void)snprintf(why, why_bytes, "%s: %s", what, strerror(e));
    return e == ENOSPC || e == EDQUOT ? ERR_FULL : ERR_IO;
}

static bool write_all(int fd, struct str s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.at, s.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s.at += n;
        s.len -= (size_t)n;
    }
    return true;
}

/* "20261124T091203123Z-eml_….eml" */
static void file_name(char out[96], const char *id, int64_t made_ms)
{
    struct stamp t = stamp_print_ms(made_ms);
    size_t n = 0;

    for (const char *p = t.at; *p != '\0'; p++)
        if (strchr("-:.", *p) == NULL)
            out[n++] = *p;
    (void)snprintf(out + n, 96 - n, "-%s.eml", id);
}

static enum err put_at(int dir, const char *name, struct str message, char *why, size_t why_bytes)
{
    char fresh[112];

    (void)snprintf(fresh, sizeof fresh, ".%s.new", name);

    int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return fault("mail folder: open", why, why_bytes);

    bool written = write_all(fd, message) && fsync(fd) == 0;
    enum err e = written ? ERR_OK : fault("mail folder: write", why, why_bytes);

    close(fd);
    if (e == ERR_OK && renameat(dir, fresh, dir, name) != 0)
        e = fault("mail folder: rename", why, why_bytes);
    if (e != ERR_OK)
        (void)unlinkat(dir, fresh, 0);
    else if (fsync(dir) != 0)
        e = fault("mail folder: fsync", why, why_bytes);
    return e;
}

enum err folder_put(const char *folder, const char *id, int64_t made_ms, struct str message, char *why,
                    size_t why_bytes)
{
    char name[96];

    assert(strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(id));

    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0 && errno == ENOENT) {
        if (!folder_make(folder))
            return fault("mail folder: mkdir", why, why_bytes);
        dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (dir < 0)
        return fault("mail folder: open", why, why_bytes);
    file_name(name, id, made_ms);

    enum err e = put_at(dir, name, message, why, why_bytes);

    close(dir);
    return e;
}
