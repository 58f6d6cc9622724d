#include "gateway/intake/notes.h"

#include "queues/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOTES = 16 };

struct note {
    uint64_t what; /* 0: free */
    uint64_t times;
};

struct notes {
    int fd;
    struct note at[NOTES];
};

struct notes *notes_open(const char *file)
{
    struct notes *n = calloc(1, sizeof *n);

    if (n == NULL)
        abort();
    n->fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (n->fd < 0)
        log_warn("notes_not_kept", "why=%s", strerror(errno));
    else if (pread(n->fd, n->at, sizeof n->at, 0) != (ssize_t)sizeof n->at)
        memset(n->at, 0, sizeof n->at); /* a new file, or one that was cut */
    return n;
}

void notes_close(struct notes *n)
{
    if (n == NULL)
        return;
    if (n->fd >= 0)
        (void)close(n->fd);
    free(n);
}

/* The note of what, or the one that can be spared. */
static struct note *find(struct notes *n, uint64_t what)
{
    struct note *spare = &n->at[0];

    for (int i = 0; i < NOTES; i++) {
        if (n->at[i].what == what)
            return &n->at[i];
        if (n->at[i].times < spare->times)
            spare = &n->at[i];
    }
    return spare;
}

/* The file is whole after the first of them. */
static void write_notes(const struct notes *n)
{
    if (n->fd >= 0)
        (void)!pwrite(n->fd, n->at, sizeof n->at, 0);
}

unsigned notes_begin(struct notes *n, uint64_t what)
{
    struct note *note = find(n, what);

    if (note->what != what)
        *note = (struct note){what, 0};
    note->times++;
    write_notes(n);
    return (unsigned)note->times;
}

void notes_end(struct notes *n, uint64_t what)
{
    struct note *note = find(n, what);

    if (note->what != what)
        return;
    *note = (struct note){0, 0};
    write_notes(n);
}
