#include "queues/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool folder_flush(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return false;

    bool good = fsync(fd) == 0;
    int error = errno;

    (void)close(fd);
    errno = error;
    return good;
}

/* ".." would be the parent of what a symbolic link leads to: the name lies in the text's folder. */
static bool flush_parent(const char *path)
{
    char parent[PATH_MAX];
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n >= sizeof parent) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)snprintf(parent, sizeof parent, "%.*s", n == 0 ? 1 : (int)n, n == 0 ? "." : path);
    return folder_flush(parent);
}

bool folder_make(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return false;
    if (stat(path, &st) != 0)
        return false;
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return false;
    }
    /* A parent that may be passed but not read has been made by somebody who answers for it. */
    return flush_parent(path) || errno == EACCES;
}
