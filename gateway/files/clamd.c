#include "gateway/files/clamd.h"

#include "queues/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void fail(struct clamd_answer *out, const char *why)
{
    out->verdict = CLAMD_FAILED;
    (void)snprintf(out->why, sizeof out->why, "%s", why);
}

/* ---- the answer ---- */

static bool ends_with(struct str s, const char *end)
{
    size_t n = strlen(end);

    return s.len >= n && memcmp(s.at + s.len - n, end, n) == 0;
}

static bool holds(struct str s, const char *word)
{
    return memmem(s.at, s.len, word, strlen(word)) != NULL;
}

/* Names of signatures are shown to staff: nothing else gets through. */
static void copy_name(struct str name, char out[CLAMD_WHY_MAX + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < name.len && n < CLAMD_WHY_MAX; i++) {
        char c = name.at[i];
        bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
                    c == '-' || c == '_';

        out[n++] = good ? c : '_';
    }
    out[n] = '\0';
}

void clamd_judge(struct str answer, struct clamd_answer *out)
{
    struct str s = answer;

    *out = (struct clamd_answer){.verdict = CLAMD_FAILED};
    while (s.len > 0 && (s.at[s.len - 1] == '\0' || s.at[s.len - 1] == '\n'))
        s.len--;
    if (str_is(s, "stream: OK")) {
        out->verdict = CLAMD_CLEAN;
    } else if (s.len == 0) {
        fail(out, "scanner-unclear");
    } else if (holds(s, "size limit exceeded") || str_starts(s, "stream: Heuristics.Limits.Exceeded")) {
        fail(out, "scanner-limit");
    } else if (str_starts(s, "stream: ") && ends_with(s, " FOUND") && s.len > strlen("stream:  FOUND")) {
        out->verdict = CLAMD_FOUND;
        copy_name((struct str){s.at + strlen("stream: "), s.len - strlen("stream:  FOUND")}, out->why);
    } else {
        fail(out, ends_with(s, "ERROR") ? "scanner-error" : "scanner-unclear");
    }
}

/* ---- the talk ---- */

struct talk {
    int fd;
    int64_t until_ms; /* steady */
    const atomic_bool *stop;
    struct clamd_answer *out;
    char answer[CLAMD_ANSWER_MAX];
    size_t got;
    bool ended; /* clamd said all it will say */
};

/* Waits for one of events; false where time is up or somebody wants to stop. */
static bool wait_for(struct talk *t, short events)
{
    struct pollfd p = {.fd = t->fd, .events = events};

    for (;;) {
        int64_t left = t->until_ms - clock_steady_ms();

        if (atomic_load(t->stop)) {
            fail(t->out, "stopped");
            return false;
        }
        if (left <= 0) {
            fail(t->out, "scanner-timeout");
            return false;
        }
        if (poll(&p, 1, left < CLAMD_STEP_MS ? (int)left : CLAMD_STEP_MS) > 0)
            return true;
    }
}

/* Takes what clamd has said so far. */
static void hear(struct talk *t)
{
    while (t->got < sizeof t->answer) {
        ssize_t n = recv(t->fd, t->answer + t->got, sizeof t->answer - t->got, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            t->ended = n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
            return;
        }
        t->got += (size_t)n;
        if (memchr(t->answer, '\0', t->got) != NULL) {
            t->ended = true;
            return;
        }
    }
    t->ended = true;
}

/* False where clamd ended first, or time is up: t->ended tells. It may refuse a stream before it has all of it. */
static bool say(struct talk *t, const void *at, size_t n)
{
    const char *p = at;

    while (n > 0) {
        if (!wait_for(t, POLLOUT | POLLIN))
            return false;
        hear(t);
        if (t->ended)
            return false;

        ssize_t put = send(t->fd, p, n, MSG_NOSIGNAL);

        if (put < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            hear(t); /* why it hung up */
            t->ended = true;
            return false;
        }
        if (put > 0) {
            p += put;
            n -= (size_t)put;
        }
    }
    return true;
}

static bool say_stream(struct talk *t, struct str bytes)
{
    static const uint8_t end[4] = {0};

    if (!say(t, "zINSTREAM", sizeof "zINSTREAM"))
        return false;
    while (bytes.len > 0) {
        size_t n = bytes.len < CLAMD_CHUNK ? bytes.len : CLAMD_CHUNK;
        uint8_t length[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

        if (!say(t, length, sizeof length) || !say(t, bytes.at, n))
            return false;
        bytes = (struct str){bytes.at + n, bytes.len - n};
    }
    return say(t, end, sizeof end);
}

static bool reach(struct talk *t, const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof a.sun_path)
        return false;
    memcpy(a.sun_path, path, strlen(path));
    t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    while (t->fd >= 0 && connect(t->fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        if (errno != EAGAIN && errno != EINTR) /* EAGAIN: its backlog is full */
            return false;
        if (atomic_load(t->stop) || clock_steady_ms() >= t->until_ms)
            return false;
        (void)usleep(CLAMD_STEP_MS * 1000);
    }
    return t->fd >= 0;
}

void clamd_scan(const char *path, struct str bytes, int ms, const atomic_bool *stop, struct clamd_answer *out)
{
    struct talk t = {.fd = -1, .until_ms = clock_steady_ms() + (ms > 0 ? ms : CLAMD_MS), .stop = stop, .out = out};

    *out = (struct clamd_answer){.verdict = CLAMD_FAILED};
    if (!reach(&t, path)) {
        fail(out, "scanner-away");
    } else {
        bool sent = say_stream(&t, bytes);

        while (sent && !t.ended && wait_for(&t, POLLIN))
            hear(&t);
        if (t.ended)
            clamd_judge((struct str){t.answer, t.got}, out);
    }
    if (t.fd >= 0)
        (void)close(t.fd);
}
