#include "gateway/zoneinfo.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static enum err read_whole(FILE *f, struct buf *bytes)
{
    char part[4096];
    size_t n, total = 0;

    while ((n = fread(part, 1, sizeof part, f)) > 0) {
        total += n;
        if (total > ZONE_BYTES_MAX)
            return ERR_IO;
        buf_add(bytes, part, n);
    }
    return ferror(f) ? ERR_IO : ERR_OK;
}

enum err zoneinfo_bytes(void *arg, const char *name, struct buf *bytes)
{
    const char *folder = arg == NULL ? "/usr/share/zoneinfo" : arg;
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (n < 0 || (size_t)n >= sizeof path || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_ABSENT;

    FILE *f = fopen(path, "re");

    if (f == NULL)
        return errno == ENOENT ? ERR_ABSENT : ERR_IO;

    enum err e = read_whole(f, bytes);

    (void)fclose(f);
    return e;
}
