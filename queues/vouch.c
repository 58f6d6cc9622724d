#include "queues/vouch.h"

#include "queues/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

void vouch_open(struct vouch *v, const char *file, int64_t grace_ms)
{
    FILE *f = fopen(file, "re");

    *v = (struct vouch){.file = file, .grace_ms = grace_ms, .n = 1};
    if (f == NULL)
        return;
    if (fscanf(f, "%255s %" SCNd64, v->identity, &v->marks[0]) != 2) {
        v->identity[0] = '\0';
        v->marks[0] = 0;
    }
    (void)fclose(f);
}

static void write_down(const struct vouch *v)
{
    char fresh[PATH_MAX];
    FILE *f;

    (void)snprintf(fresh, sizeof fresh, "%s.new", v->file);
    f = fopen(fresh, "we");

    bool good = f != NULL && fprintf(f, "%s %" PRId64 "\n", v->identity, v->marks[0]) > 0;

    if ((f != NULL && fclose(f) != 0) || !good || rename(fresh, v->file) != 0)
        log_warn("redis_identity_not_kept", "file=%s why=%s", v->file, strerror(errno));
}

/* V2: what the marks say of the one before says nothing of this one, whatever it was filed into it from now on. */
bool vouch_changed(struct vouch *v, struct str identity)
{
    if (str_is(identity, v->identity))
        return false;
    (void)snprintf(v->identity, sizeof v->identity, "%.*s", (int)identity.len, identity.at);
    v->n = 1;
    v->owed = true;
    return true;
}

int64_t vouch_since_ms(const struct vouch *v)
{
    return v->marks[0];
}

void vouch_clean(struct vouch *v, int64_t now_ms)
{
    int64_t mark = now_ms - VOUCH_SLACK_MS, before = v->marks[0];

    if (v->n < VOUCH_MARKS && mark >= v->marks[v->n - 1] + v->grace_ms / 15)
        v->marks[v->n++] = mark;
    while (v->n > 1 && v->marks[1] + v->grace_ms + VOUCH_SLACK_MS <= now_ms)
        memmove(v->marks, v->marks + 1, --v->n * sizeof v->marks[0]);
    if (!v->owed && v->marks[0] == before)
        return;
    v->owed = false;
    write_down(v);
}
