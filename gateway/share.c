#include "gateway/share.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool try(char *out, size_t bytes, const char *folder, const char *rest)
{
    char pages[4200];
    int n = snprintf(out, bytes, "%s%s", folder, rest);

    (void)snprintf(pages, sizeof pages, "%s%s/pages", folder, rest);
    return n > 0 && (size_t)n < bytes && access(pages, R_OK | X_OK) == 0;
}

enum err share_find(char *out, size_t bytes, char *why, size_t why_bytes)
{
    /* Beside the program in the source tree, where it is installed, and from the programs of tests. */
    static const char *const places[] = {"/share", "/../share/postern", "/../share", "/../../share"};
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

    program[n > 0 ? n : 0] = '\0';

    char *slash = strrchr(program, '/');

    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (try(out, bytes, program, places[i]))
            return ERR_OK;
    (void)snprintf(why, why_bytes, "neither %s/share nor %s/../share/postern is there: `make install` puts it there",
                   program, program);
    return ERR_ABSENT;
}

enum err share_read(const char *folder, const char *name, size_t bytes_max, struct buf *out)
{
    char path[8300], chunk[16384];
    size_t n;
    enum err e = ERR_OK;

    (void)snprintf(path, sizeof path, "%s%s%s", folder == NULL ? "" : folder, folder == NULL ? "" : "/", name);

    FILE *f = fopen(path, "re");

    if (f == NULL)
        return errno == ENOENT ? ERR_ABSENT : ERR_IO;
    while (e == ERR_OK && (n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        buf_add(out, chunk, n);
        if (out->len > bytes_max)
            e = ERR_LARGE;
    }
    if (e == ERR_OK && ferror(f))
        e = ERR_IO;
    (void)fclose(f);
    return e;
}
