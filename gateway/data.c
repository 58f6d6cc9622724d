#include "gateway/data.h"

#include "queues/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum err data_make(const char *folder, char *why, size_t why_bytes)
{
    if (!folder_make(folder)) {
        (void)snprintf(why, why_bytes, "the data folder %s cannot be made (%s): make it, or name another with `data`",
                       folder, strerror(errno));
        return ERR_IO;
    }
    if (access(folder, W_OK | X_OK) == 0)
        return ERR_OK;
    (void)snprintf(why, why_bytes, "the data folder %s cannot be written (%s): give it to the user postern runs as",
                   folder, strerror(errno));
    return ERR_DENIED;
}

bool data_begun(const char *folder)
{
    static const char *const parts[] = {"journal", "redis"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, parts[i]) < (int)sizeof path && access(path, F_OK) == 0)
            return true;
    return false;
}
