/* clamd: what counts as clean, and what a scanner may do on its socket without getting a file released. */
#include "gateway/files/clamd.h"

#include "queues/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void only_one_answer_is_clean(void **state)
{
#define A(literal)                   \
    {                                \
        literal, sizeof(literal) - 1 \
    }
    static const struct {
        const char *label;
        struct str answer;
        enum clamd_verdict verdict;
        const char *why;
    } cases[] = {
        {"clean", A("stream: OK\0"), CLAMD_CLEAN, ""},
        {"clean, with a line end", A("stream: OK\n"), CLAMD_CLEAN, ""},
        {"found", A("stream: Eicar-Test-Signature FOUND\0"), CLAMD_FOUND, "Eicar-Test-Signature"},
        {"found, of a database of one's own", A("stream: a.UNOFFICIAL FOUND\0"), CLAMD_FOUND, "a.UNOFFICIAL"},
        {"found, with signs in its name", A("stream: a b<c>\xff FOUND"), CLAMD_FOUND, "a_b_c__"},
        {"nothing", A(""), CLAMD_FAILED, "scanner-unclear"},
        {"a NUL", A("\0"), CLAMD_FAILED, "scanner-unclear"},
        {"cut short", A("stream: O"), CLAMD_FAILED, "scanner-unclear"},
        {"another name in front", A("file: OK"), CLAMD_FAILED, "scanner-unclear"},
        {"something behind it", A("stream: OK!"), CLAMD_FAILED, "scanner-unclear"},
        {"two answers", A("stream: OK\nstream: OK"), CLAMD_FAILED, "scanner-unclear"},
        {"found, without a name", A("stream:  FOUND"), CLAMD_FAILED, "scanner-unclear"},
        {"found, without anything", A("stream: FOUND"), CLAMD_FAILED, "scanner-unclear"},
        {"an unknown command", A("UNKNOWN COMMAND\0"), CLAMD_FAILED, "scanner-unclear"},
        {"a stream that is too long", A("INSTREAM size limit exceeded. ERROR\0"), CLAMD_FAILED, "scanner-limit"},
        {"a limit inside the file", A("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"), CLAMD_FAILED,
         "scanner-limit"},
        {"an error", A("stream: Can't allocate memory ERROR\0"), CLAMD_FAILED, "scanner-error"},
        {"time is up", A("stream: Time limit reached ERROR\0"), CLAMD_FAILED, "scanner-error"},
        {"its queue is full", A("COMMAND READ TIMED OUT\0"), CLAMD_FAILED, "scanner-unclear"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct clamd_answer got;

        clamd_judge(cases[i].answer, &got);
        if (got.verdict != cases[i].verdict || strcmp(got.why, cases[i].why) != 0)
            fail_msg("%s: %d %s", cases[i].label, got.verdict, got.why);
    }
}

static void long_names_are_cut(void **state)
{
    char answer[512];
    struct clamd_answer got;

    (void)state;
    (void)snprintf(answer, sizeof answer, "stream: %0300d FOUND", 7);
    clamd_judge(str_of(answer), &got);
    assert_int_equal(got.verdict, CLAMD_FOUND);
    assert_int_equal(strlen(got.why), CLAMD_WHY_MAX);
}

/* ---- a socket that does not behave ---- */

enum behaviour { CLOSES_AT_ONCE, SAYS_NOTHING, REFUSES_EARLY, READS_ALL, READS_AND_CLOSES, SAYS_TOO_MUCH };

struct peer {
    char path[64];
    int fd;
    enum behaviour does;
    struct str says;
    char heard[512 * 1024];
    size_t heard_bytes;
    pthread_t thread;
};

/* Everything up to the chunk without bytes. */
static void hear_stream(struct peer *p, int fd)
{
    ssize_t n;

    while (p->heard_bytes < sizeof p->heard &&
           (n = read(fd, p->heard + p->heard_bytes, sizeof p->heard - p->heard_bytes)) > 0) {
        p->heard_bytes += (size_t)n;
        if (p->heard_bytes >= 14 && memcmp(p->heard + p->heard_bytes - 4, "\0\0\0\0", 4) == 0)
            return;
    }
}

static void *serve_one(void *arg)
{
    struct peer *p = arg;
    int fd = accept(p->fd, NULL, NULL);
    char some[4096];

    switch (p->does) {
    case CLOSES_AT_ONCE:
        break;
    case SAYS_NOTHING:
        while (read(fd, some, sizeof some) > 0)
            ;
        break;
    case REFUSES_EARLY:
        assert_true(read(fd, some, sizeof some) > 0);
        assert_true(write(fd, p->says.at, p->says.len) == (ssize_t)p->says.len);
        break;
    case READS_ALL:
        hear_stream(p, fd);
        assert_true(write(fd, p->says.at, p->says.len) == (ssize_t)p->says.len);
        break;
    case READS_AND_CLOSES:
        hear_stream(p, fd);
        break;
    case SAYS_TOO_MUCH:
        hear_stream(p, fd);
        memset(some, 'x', sizeof some);
        (void)send(fd, some, sizeof some, MSG_NOSIGNAL);
        break;
    }
    (void)close(fd);
    return NULL;
}

static void peer_open(struct peer *p, enum behaviour does, struct str says)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    memset(p, 0, sizeof *p);
    p->does = does;
    p->says = says;
    (void)snprintf(p->path, sizeof p->path, "/tmp/clamd-test-%d", (int)getpid());
    (void)unlink(p->path);
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", p->path);
    p->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(p->fd, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p->fd, 1), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, serve_one, p), 0);
}

static void peer_close(struct peer *p)
{
    (void)pthread_join(p->thread, NULL);
    (void)close(p->fd);
    (void)unlink(p->path);
}

static void whatever_the_scanner_does_is_told_apart(void **state)
{
    static const struct {
        const char *label;
        enum behaviour does;
        struct str says;
        enum clamd_verdict verdict;
        const char *why;
    } cases[] = {
        {"it reads all, and is content", READS_ALL, A("stream: OK\0"), CLAMD_CLEAN, ""},
        {"it reads all, and finds something", READS_ALL, A("stream: X FOUND\0"), CLAMD_FOUND, "X"},
        {"it hangs up at once", CLOSES_AT_ONCE, A(""), CLAMD_FAILED, "scanner-unclear"},
        {"it never answers", SAYS_NOTHING, A(""), CLAMD_FAILED, "scanner-timeout"},
        {"it refuses before the end", REFUSES_EARLY, A("INSTREAM size limit exceeded. ERROR\0"), CLAMD_FAILED,
         "scanner-limit"},
        {"it reads all, and hangs up", READS_AND_CLOSES, A(""), CLAMD_FAILED, "scanner-unclear"},
        {"it says half a word", READS_ALL, A("stream: OK but"), CLAMD_FAILED, "scanner-unclear"},
        {"it does not stop talking", SAYS_TOO_MUCH, A(""), CLAMD_FAILED, "scanner-unclear"},
    };
    static struct peer peer;
    static char bytes[200 * 1024];
    atomic_bool stop = false;

    (void)state;
    memset(bytes, 'b', sizeof bytes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct clamd_answer got;

        peer_open(&peer, cases[i].does, cases[i].says);
        clamd_scan(peer.path, (struct str){bytes, sizeof bytes}, 500, &stop, &got);
        if (got.verdict != cases[i].verdict || strcmp(got.why, cases[i].why) != 0)
            fail_msg("%s: %d %s", cases[i].label, got.verdict, got.why);
        peer_close(&peer);
    }
}

static void chunks_have_their_length_before_them(void **state)
{
    static struct peer peer;
    static char bytes[CLAMD_CHUNK + 5];
    atomic_bool stop = false;
    struct clamd_answer got;
    size_t at = 10;

    (void)state;
    memset(bytes, 'b', sizeof bytes);
    peer_open(&peer, READS_ALL, (struct str){"stream: OK", 11});
    clamd_scan(peer.path, (struct str){bytes, sizeof bytes}, 2000, &stop, &got);
    peer_close(&peer);
    assert_int_equal(got.verdict, CLAMD_CLEAN);
    assert_memory_equal(peer.heard, "zINSTREAM", 10);
    assert_memory_equal(peer.heard + at, "\0\x01\0\0", 4);
    at += 4 + CLAMD_CHUNK;
    assert_memory_equal(peer.heard + at,
                        "\0\0\0\x05"
                        "bbbbb"
                        "\0\0\0\0",
                        13);
    assert_int_equal(peer.heard_bytes, at + 13);
}

static void an_absent_scanner_and_a_stop_are_no_verdict(void **state)
{
    static struct peer peer;
    atomic_bool stop = false;
    struct clamd_answer got;
    int64_t begun = clock_steady_ms();

    (void)state;
    clamd_scan("/nowhere/clamd.ctl", STR("x"), 0, &stop, &got);
    assert_true(got.verdict == CLAMD_FAILED && strcmp(got.why, "scanner-away") == 0);
    stop = true;
    peer_open(&peer, SAYS_NOTHING, STR(""));
    clamd_scan(peer.path, STR("x"), 0, &stop, &got);
    peer_close(&peer);
    assert_true(got.verdict == CLAMD_FAILED && strcmp(got.why, "stopped") == 0);
    assert_true(clock_steady_ms() - begun < 5000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_answer_is_clean),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(whatever_the_scanner_does_is_told_apart),
        cmocka_unit_test(chunks_have_their_length_before_them),
        cmocka_unit_test(an_absent_scanner_and_a_stop_are_no_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
