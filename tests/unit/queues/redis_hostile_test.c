/* Servers that are no Redis: whatever they say, it costs the deadline and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/clock.h"
#include "queues/redis.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct arena *a;
static char folder[64];

static int begin(void **state)
{
    (void)state;
    a = arena_open(65536);
    strcpy(folder, "/tmp/postern-hostile-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    remove_folder(folder);
    arena_close(a);
    return 0;
}

static int listening(struct redis_target *t, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(t->path, sizeof t->path, "%s/%s", folder, name);
    memcpy(at.sun_path, t->path, sizeof t->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* The time an exchange took that is to fail. */
static int64_t lost_ms(struct redis *r, const char *command)
{
    int64_t began_ms = clock_steady_ms();

    assert_string_equal(scratch_say(r, a, command), "(lost)");
    return clock_steady_ms() - began_ms;
}

struct hostile {
    int fd;
    const char *first, *then; /* then again and again, every 20 ms */
};

static void *hostile_run(void *arg)
{
    struct hostile *h = arg;
    int c = accept(h->fd, NULL, NULL);

    (void)send(c, h->first, strlen(h->first), MSG_NOSIGNAL);
    while (send(c, h->then, strlen(h->then), MSG_NOSIGNAL) >= 0 && *h->then != '\0')
        sleep_ms(20);
    sleep_ms(100);
    (void)close(c);
    return NULL;
}

static void a_hostile_server_gets_no_more_than_its_deadline(void **state)
{
    static const struct {
        const char *label, *first, *then, *why;
        int64_t least_ms, most_ms;
    } table[] = {
        {"one byte at a time", "$1000\r\n", "x", "within 1000 ms", 999, 3000},
        {"a list of two thousand million", "*2000000000\r\n", "", "cannot be read", 0, 900},
        {"lists in lists in lists", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "",
         "cannot be read", 0, 900},
        {"another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", "", "cannot be read", 0, 900},
        {"closed at once", "", "", "connection to Redis broke", 0, 900},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct redis_target t = {0};
        struct hostile h = {.first = table[i].first, .then = table[i].then};
        pthread_t thread;

        print_message("  %s\n", table[i].label);
        h.fd = listening(&t, table[i].label);
        assert_int_equal(pthread_create(&thread, NULL, hostile_run, &h), 0);

        struct redis *r = redis_open(&t, 1000);

        assert_in_range(lost_ms(r, "PING"), table[i].least_ms, table[i].most_ms);
        assert_non_null(strstr(redis_why(r), table[i].why));
        redis_close(r);
        (void)pthread_join(thread, NULL);
        (void)close(h.fd);
    }
}

/* Redis itself buffers without end; this one takes more only when its last word was taken. */
enum { MIRROR_BYTES = 16 * 1024 * 1024 };

static void *mirror_run(void *arg)
{
    static char piece[65536];
    int c = accept(*(int *)arg, NULL, NULL);
    struct pollfd p = {.fd = c, .events = POLLIN};
    ssize_t n;

    while (poll(&p, 1, 200) > 0 && recv(c, piece, sizeof piece, 0) > 0)
        ; /* all scripts are loaded first */
    for (int i = 0; i < SCRIPTS; i++)
        (void)dprintf(c, "$40\r\n%040d\r\n", i);
    (void)recv(c, piece, sizeof "*2\r\n$4\r\nECHO\r\n$16777216\r\n" - 1, MSG_WAITALL);
    (void)dprintf(c, "$%d\r\n", MIRROR_BYTES);
    for (size_t left = MIRROR_BYTES; left > 0 && (n = recv(c, piece, sizeof piece, 0)) > 0; left -= (size_t)n) {
        if ((size_t)n > left)
            n = (ssize_t)left;
        (void)send(c, piece, (size_t)n, MSG_NOSIGNAL);
    }
    (void)send(c, "\r\n", 2, MSG_NOSIGNAL);
    while (recv(c, piece, sizeof piece, 0) > 0)
        ;
    (void)close(c);
    return NULL;
}

static void nobody_waits_for_the_other_to_read(void **state)
{
    struct redis_target t = {0};
    int fd = listening(&t, "mirror");
    char *piece = memset(arena_take(a, MIRROR_BYTES), 'm', MIRROR_BYTES);
    struct redis_value *v = NULL;
    pthread_t thread;
    size_t n;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, mirror_run, &fd), 0);

    struct redis *r = redis_open(&t, 5000);

    redis_add(r, 2, (struct str[]){STR("ECHO"), {piece, MIRROR_BYTES}});
    assert_int_equal(redis_flush(r, a, &v, &n), ERR_OK);
    assert_int_equal(v->text.len, MIRROR_BYTES);
    assert_memory_equal(v->text.at, piece, MIRROR_BYTES);
    redis_close(r);
    (void)pthread_join(thread, NULL);
    (void)close(fd);
    arena_reset(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hostile_server_gets_no_more_than_its_deadline),
        cmocka_unit_test(nobody_waits_for_the_other_to_read),
    };

    return cmocka_run_group_tests_name("queues/redis_hostile", tests, begin, end);
}
