#include "gateway/notify.h"

#include "queues/clock.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_BYTES_MAX = 512 };

/* A path, or behind '@' a name in the abstract space. False where it is neither, or too long. */
static bool socket_address(const char *name, struct sockaddr_un *a, socklen_t *len)
{
    size_t n = name == NULL ? 0 : strlen(name);

    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (n < 2 || n >= sizeof a->sun_path || (name[0] != '/' && name[0] != '@'))
        return false;
    memcpy(a->sun_path, name, n);
    if (name[0] == '@')
        a->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

static bool tell(const char *message)
{
    struct sockaddr_un a;
    socklen_t len;

    if (!socket_address(getenv("NOTIFY_SOCKET"), &a, &len))
        return false;

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;

    size_t n = strlen(message);
    bool told = sendto(fd, message, n, MSG_NOSIGNAL, (const struct sockaddr *)&a, len) == (ssize_t)n;

    (void)close(fd);
    return told;
}

static bool tell_with_status(const char *message, const char *status)
{
    char text[MESSAGE_BYTES_MAX];

    (void)snprintf(text, sizeof text, "%s%s%.400s", message, *status != '\0' ? "\nSTATUS=" : "", status);
    return tell(text);
}

bool notify_ready(const char *status)
{
    return tell_with_status("READY=1", status);
}

bool notify_reloading(void)
{
    char text[MESSAGE_BYTES_MAX];

    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_steady_ms() * 1000);
    return tell(text);
}

bool notify_stopping(const char *status)
{
    return tell_with_status("STOPPING=1", status);
}
