/* loop: mail from other threads in order, timers by their time, all on the loop's own thread. */
#include "gateway/loop.h"
#include "rules/base/text.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static char said[64];
static size_t said_len;

static void say(void *arg)
{
    assert_true(said_len < sizeof said - 1);
    said[said_len++] = *(const char *)arg;
    said[said_len] = '\0';
}

static void stop(void *arg)
{
    say(arg);
    loop_stop(loop);
}

static void *post_from_elsewhere(void *arg)
{
    (void)arg;
    loop_post(loop, say, "a");
    loop_post(loop, say, "b");
    loop_post(loop, say, "c");
    loop_post(loop, stop, "d");
    return NULL;
}

static void mail_comes_in_order(void **state)
{
    pthread_t t;

    (void)state;
    assert_int_equal(pthread_create(&t, NULL, post_from_elsewhere, NULL), 0);
    loop_run(loop);
    pthread_join(t, NULL);
    assert_string_equal(said, "abcd");
}

static void post_again(void *arg)
{
    say(arg);
    loop_post(loop, stop, "2");
    say("!"); /* P1: never inside the call */
}

static void mail_is_never_read_inside_the_posting(void **state)
{
    (void)state;
    loop_post(loop, post_again, "1");
    loop_run(loop);
    assert_string_equal(said, "1!2");
}

static void timers_ring_by_their_time(void **state)
{
    struct loop_timer t[6] = {0};

    (void)state;
    loop_timer_start(loop, &t[0], 60, stop, "6");
    loop_timer_start(loop, &t[1], 20, say, "2");
    loop_timer_start(loop, &t[2], 40, say, "4");
    loop_timer_start(loop, &t[3], 5, say, "x");
    loop_timer_start(loop, &t[4], 1, say, "x");
    loop_timer_start(loop, &t[5], 0, say, "0");
    loop_timer_cancel(loop, &t[3]);
    loop_timer_start(loop, &t[4], 30, say, "3"); /* set anew */
    loop_timer_cancel(loop, &t[3]);              /* again: allowed */
    loop_run(loop);
    assert_string_equal(said, "02346");
}

static struct loop_timer many[500];
static unsigned rung;
static int64_t last_ms;

static void ring(void *arg)
{
    struct loop_timer *t = arg;

    assert_true(t->due_ms >= last_ms);
    last_ms = t->due_ms;
    rung++;
}

static void many_timers_keep_their_order(void **state)
{
    struct loop_timer end = {0};
    unsigned seed = 1;

    (void)state;
    rung = 0;
    for (size_t i = 0; i < 500; i++) {
        seed = seed * 1103515245u + 12345u;
        loop_timer_start(loop, &many[i], (int)(seed >> 16) % 50, ring, &many[i]);
    }
    for (size_t i = 0; i < 500; i += 3)
        loop_timer_cancel(loop, &many[i]);
    loop_timer_start(loop, &end, 60, stop, ".");
    loop_run(loop);
    assert_int_equal(rung, 333);
}

/* ---- descriptors ---- */

static struct loop_watch *near_end, *far_end;
static int ends[2];
static unsigned told;

static void read_one(void *arg)
{
    char c;

    (void)arg;
    if (read(ends[0], &c, 1) == 1) {
        said[said_len++] = c;
        said[said_len] = '\0';
        return;
    }
    loop_watch_close(near_end); /* the other side is gone */
    loop_stop(loop);
}

static void write_one(void *arg)
{
    assert_int_equal(write(ends[1], "xyz" + told, 1), 1);
    if (++told < 3)
        loop_watch_write(far_end);
    else
        loop_watch_close(far_end);
    (void)arg;
}

static void a_descriptor_is_read_and_written_when_it_is_asked_for(void **state)
{
    struct loop_timer later = {0};

    (void)state;
    told = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    near_end = loop_watch_open(loop, ends[0], read_one, NULL, NULL);
    far_end = loop_watch_open(loop, ends[1], NULL, write_one, NULL);
    loop_watch_write(far_end);
    loop_watch_write(far_end); /* asked twice is asked once */
    loop_timer_start(loop, &later, 20, stop, ".");
    loop_run(loop);
    assert_string_equal(said, "."); /* nobody asked to read */
    loop_watch_read(near_end, true);
    loop_watch_read(near_end, true);
    loop_run(loop);
    assert_string_equal(said, ".xyz");
    loop_watch_close(NULL);
}

static int open_loop(void **state)
{
    (void)state;
    said_len = 0;
    last_ms = 0;
    return (loop = loop_open()) == NULL;
}

static int close_loop(void **state)
{
    (void)state;
    loop_post(loop, say, "never read: the loop is closed first");
    loop_close(loop);
    return 0;
}

int main(void)
{
#define IN_A_LOOP(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        IN_A_LOOP(mail_comes_in_order),
        IN_A_LOOP(mail_is_never_read_inside_the_posting),
        IN_A_LOOP(timers_ring_by_their_time),
        IN_A_LOOP(many_timers_keep_their_order),
        IN_A_LOOP(a_descriptor_is_read_and_written_when_it_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
