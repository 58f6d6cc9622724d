/* lmtp server: real sockets, a real folder of blobs; the journal is played, so that it can be slow and refuse. */
#include "gateway/lmtp/server.h"
#include "queues/blob.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "queues/seal.h"
#include "rules/base/arena.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, MIB = 1024 * 1024 };

struct scene {
    char folder[64];
    struct keyring *keys;
    struct blobs *blobs;
    struct arena *arena;
    struct lmtp_options options;
    struct lmtp_server *server;

    /* the journal */
    pthread_mutex_t lock;
    atomic_bool ready, hold;
    enum err answer;
    lmtp_written *written;
    void *session;
    atomic_int kept;
    struct item last; /* in arena */
};

static struct scene scene;

/* ---- the journal ---- */

static bool is_ready(void *arg)
{
    return ((struct scene *)arg)->ready;
}

static struct str own(struct scene *s, struct str text)
{
    return (struct str){arena_copy(s->arena, text.at == NULL ? "" : text.at, text.len), text.len};
}

static void keep(void *arg, struct item *mail, lmtp_written *written, void *session)
{
    struct scene *s = arg;

    mail->ulid = ulid_fresh();
    (void)pthread_mutex_lock(&s->lock);
    s->last = *mail;
    s->last.sender = own(s, mail->sender);
    s->last.recipients = own(s, mail->recipients);
    s->last.raw = own(s, mail->raw);
    s->last.raw_blob = own(s, mail->raw_blob);
    s->written = written;
    s->session = session;
    (void)pthread_mutex_unlock(&s->lock);
    atomic_fetch_add(&s->kept, 1);
    if (!s->hold)
        written(session, s->answer);
}

/* ---- a client ---- */

static int dial(const struct scene *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)lmtp_server_port(s->server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &a.sin_addr), 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    for (size_t n = strlen(text), at = 0; at < n;) {
        ssize_t put = send(fd, text + at, n - at, MSG_NOSIGNAL);

        assert_true(put > 0);
        at += (size_t)put;
    }
}

/* Reads lines until one that begins with code and a space; "" where the other side hung up. */
static const char *hear(int fd, const char *code, char line[256])
{
    size_t n = 0;
    int64_t until = clock_steady_ms() + PATIENCE_MS;
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (clock_steady_ms() < until && n < 255) {
        if (poll(&p, 1, 100) <= 0)
            continue;
        if (read(fd, line + n, 1) != 1) {
            line[0] = '\0';
            return line;
        }
        if (line[n++] != '\n')
            continue;
        line[n] = '\0';
        if (strncmp(line, code, strlen(code)) == 0 && line[3] == ' ')
            return line;
        n = 0;
    }
    fail_msg("no %s within %d ms", code, PATIENCE_MS);
    return NULL;
}

/* A line that is expected to begin so. */
static void expect(int fd, const char *code)
{
    char line[256];

    if (hear(fd, code, line)[0] == '\0')
        fail_msg("hung up instead of %s", code);
}

static int greeted(const struct scene *s)
{
    int fd = dial(s);

    expect(fd, "220");
    say(fd, "LHLO relay\r\n");
    expect(fd, "250");
    return fd;
}

#define OPEN "MAIL FROM:<aya@example.org>%s\r\nRCPT TO:<help@example.net>\r\nDATA\r\n"

static void begin(int fd, const char *parameter)
{
    char text[256];

    (void)snprintf(text, sizeof text, OPEN, parameter);
    say(fd, text);
}

static void say_bytes(int fd, size_t bytes)
{
    static char block[64 * 1024 + 1];

    for (size_t i = 0; i + 64 <= sizeof block; i += 64)
        memcpy(block + i, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n", 64);
    for (size_t at = 0; at < bytes; at += 64 * 1024) {
        block[bytes - at < 64 * 1024 ? bytes - at : 64 * 1024] = '\0';
        say(fd, block);
        block[bytes - at < 64 * 1024 ? bytes - at : 64 * 1024] = '0';
    }
}

static void wait_for(atomic_int *what, int n)
{
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; *what < n;) {
        assert_true(clock_steady_ms() < until);
        (void)usleep(2000);
    }
}

/* ---- */

static void serve(struct scene *s)
{
    char why[LMTP_WHY_BYTES];

    if (lmtp_server_open(&s->server, &s->options, why) != ERR_OK)
        fail_msg("%s", why);
    lmtp_server_start(s->server);
}

static int set_up(void **state)
{
    struct scene *s = &scene;
    char path[1024], why[KEYRING_WHY_BYTES];

    log_set_level(LOG_FATAL);
    memset(s, 0, sizeof *s);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/lmtp-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(path, sizeof path, "%s/keys", s->folder);
    assert_int_equal(keyring_open(&s->keys, path, true, why), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/blobs", s->folder);
    assert_int_equal(blobs_open(&s->blobs, path, s->keys, why, sizeof why), ERR_OK);
    s->arena = arena_open(64 * 1024);
    (void)pthread_mutex_init(&s->lock, NULL);
    s->ready = true;
    s->options = (struct lmtp_options){.address = "127.0.0.1",
                                       .host = "example.net",
                                       .own = "help@example.net",
                                       .keys = s->keys,
                                       .blobs = s->blobs,
                                       .mail_bytes_max = 4 * MIB,
                                       .flight_bytes_max = 8 * MIB,
                                       .sessions_max = 4,
                                       .idle_ms = 60000,
                                       .mail_ms = 60000,
                                       .ready = is_ready,
                                       .keep = keep,
                                       .arg = s};
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    char command[1024];

    lmtp_server_close(s->server);
    blobs_close(s->blobs);
    keyring_close(s->keys);
    arena_close(s->arena);
    (void)snprintf(command, sizeof command, "rm -rf %s", s->folder);
    assert_int_equal(system(command), 0);
    return 0;
}

/* Files under blobs/, but for folders. */
static int blob_files(const struct scene *s)
{
    char command[1024], n[16] = "";
    FILE *f;

    (void)snprintf(command, sizeof command, "find %s/blobs -type f | wc -l", s->folder);
    f = popen(command, "r");
    assert_non_null(fgets(n, sizeof n, f));
    (void)pclose(f);
    return atoi(n);
}

static void wait_for_blobs(const struct scene *s, int n)
{
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; blob_files(s) != n;) {
        assert_true(clock_steady_ms() < until);
        (void)usleep(10000);
    }
}

static struct lmtp_counts counts(const struct scene *s)
{
    struct lmtp_counts c;

    lmtp_server_counts(s->server, &c);
    return c;
}

static void a_small_mail_goes_into_its_row(void **state)
{
    struct scene *s = *state;
    int fd;

    serve(s);
    fd = greeted(s);
    begin(fd, "");
    expect(fd, "354");
    say(fd, "Subject: x\r\n\r\n..help\r\n.\r\n");
    expect(fd, "250");
    assert_true(str_is(s->last.raw, "Subject: x\r\n\r\n.help\r\n"));
    assert_true(str_is(s->last.sender, "aya@example.org"));
    assert_true(str_is(s->last.recipients, "help@example.net\n"));
    assert_int_equal(s->last.raw_blob.len, 0);
    say(fd, "QUIT\r\n");
    expect(fd, "221");
    (void)close(fd);
    assert_int_equal(counts(s).kept, 1);
}

/* N1 */
static void a_large_one_goes_to_a_blob_first(void **state)
{
    static const size_t sizes[] = {64 * 1024, 64 * 1024 + 64, 256 * 1024, 3 * MIB, 4 * MIB};
    struct scene *s = *state;
    int fd;

    serve(s);
    fd = greeted(s);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct ulid name;
        struct str back = STR("");

        begin(fd, "");
        expect(fd, "354");
        say_bytes(fd, sizes[i]);
        say(fd, ".\r\n");
        expect(fd, "250");
        if (sizes[i] <= LMTP_INLINE_MAX) {
            assert_int_equal(s->last.raw.len, sizes[i]);
            continue;
        }
        assert_int_equal(s->last.raw.len, 0);
        assert_true(ulid_parse(s->last.raw_blob, &name));
        assert_int_equal(blob_read(s->blobs, s->arena, name, &back), ERR_OK);
        assert_int_equal(back.len, sizes[i]);
        assert_memory_equal(back.at + back.len - 4, "cd\r\n", 4);
    }
    assert_int_equal(counts(s).flight_bytes, 0);
    (void)close(fd);
}

static void what_the_journal_refuses_is_put_off_and_leaves_nothing(void **state)
{
    struct scene *s = *state;
    int fd;

    s->answer = ERR_FULL;
    serve(s);
    fd = greeted(s);
    begin(fd, "");
    expect(fd, "354");
    say_bytes(fd, MIB);
    say(fd, ".\r\n");
    expect(fd, "451");
    assert_int_equal(s->kept, 1);
    assert_int_equal(blob_files(s), 0);
    s->answer = ERR_OK;
    begin(fd, "");
    expect(fd, "354");
    say(fd, "x\r\n.\r\n");
    expect(fd, "250");
    s->ready = false;
    begin(fd, "");
    expect(fd, "451"); /* before it was read */
    (void)close(fd);
}

/* At its first piece, in the middle, and at its end. */
static void what_the_disk_refuses_is_put_off_and_the_session_goes_on(void **state)
{
    static const rlim_t limits[] = {10, 300000, 1000000};
    struct scene *s = *state;
    struct rlimit old, tight;
    int fd;

    serve(s);
    fd = greeted(s);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        tight = (struct rlimit){limits[i], old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        begin(fd, "");
        expect(fd, "354");
        say_bytes(fd, MIB);
        say(fd, ".\r\n");
        expect(fd, "451");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        wait_for_blobs(s, 0);
    }
    assert_int_equal(s->kept, 0);
    assert_int_equal(counts(s).deferred, 3);
    begin(fd, "");
    expect(fd, "354");
    say_bytes(fd, MIB);
    say(fd, ".\r\n");
    expect(fd, "250");
    (void)close(fd);
}

static void a_mail_that_is_not_whole_is_not_kept(void **state)
{
    struct scene *s = *state;
    int fd;

    serve(s);
    fd = greeted(s);
    begin(fd, "");
    expect(fd, "354");
    say_bytes(fd, 2 * MIB);
    wait_for_blobs(s, 1);
    (void)close(fd);
    wait_for_blobs(s, 0);
    assert_int_equal(s->kept, 0);
    assert_int_equal(counts(s).flight_bytes, 0);
}

static void what_is_too_large_or_broken_is_refused_and_leaves_nothing(void **state)
{
    struct scene *s = *state;
    int fd;

    serve(s);
    fd = greeted(s);
    begin(fd, "");
    expect(fd, "354");
    say_bytes(fd, 4 * MIB);
    say(fd, "x\r\n.\r\n");
    expect(fd, "552");
    begin(fd, "");
    expect(fd, "354");
    say_bytes(fd, MIB);
    say(fd, "x\n.\r\n.\r\n");
    expect(fd, "550");
    wait_for_blobs(s, 0);
    assert_int_equal(s->kept, 0);
    assert_int_equal(counts(s).refused, 2);
    (void)close(fd);
}

/* N3 */
static void bytes_in_flight_are_bounded_and_come_free_again(void **state)
{
    struct scene *s = *state;
    int one, two, three;

    serve(s);
    one = greeted(s);
    two = greeted(s);
    three = greeted(s);
    begin(one, " SIZE=4000000");
    expect(one, "354");
    begin(two, " SIZE=4000000");
    expect(two, "354");
    begin(three, " SIZE=4000000");
    expect(three, "451");
    begin(three, ""); /* announces nothing, and grows too large while others wait */
    expect(three, "354");
    say_bytes(three, 2 * MIB);
    say(three, ".\r\n");
    expect(three, "451");
    say(one, ".\r\n");
    expect(one, "250");
    begin(three, " SIZE=4000000");
    expect(three, "354");
    say(three, ".\r\n");
    expect(three, "250");
    (void)close(two);
    (void)close(one);
    (void)close(three);
    wait_for_blobs(s, 0);
}

static void sessions_are_bounded(void **state)
{
    struct scene *s = *state;
    int fd[5];

    serve(s);
    for (int i = 0; i < 4; i++)
        fd[i] = greeted(s);
    fd[4] = dial(s);
    expect(fd[4], "421");
    (void)close(fd[4]);
    say(fd[0], "QUIT\r\n");
    expect(fd[0], "221");
    (void)close(fd[0]);
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; counts(s).open_sessions == 4;)
        assert_true(clock_steady_ms() < until);
    fd[0] = greeted(s);
    for (int i = 0; i < 4; i++)
        (void)close(fd[i]);
}

/* N4 */
static void who_says_nothing_hears_421(void **state)
{
    struct scene *s = *state;
    int idle, slow;

    s->options.idle_ms = 300;
    s->options.mail_ms = 700;
    serve(s);
    idle = greeted(s);
    expect(idle, "421");
    slow = greeted(s);
    begin(slow, "");
    expect(slow, "354");
    for (int i = 0; i < 20; i++) {
        struct pollfd p = {.fd = slow, .events = POLLIN};

        say(slow, "x\r\n");
        if (poll(&p, 1, 100) > 0)
            break;
    }
    expect(slow, "421");
    assert_int_equal(s->kept, 0);
    (void)close(idle);
    (void)close(slow);
}

static void a_slow_journal_is_no_idleness(void **state)
{
    struct scene *s = *state;
    int fd;

    s->options.idle_ms = 200;
    s->hold = true;
    serve(s);
    fd = greeted(s);
    begin(fd, "");
    expect(fd, "354");
    say(fd, "x\r\n.\r\n");
    wait_for(&s->kept, 1);
    (void)usleep(500000);
    s->written(s->session, ERR_OK);
    expect(fd, "250");
    (void)close(fd);
}

/* N5 */
static void stopping_answers_who_waits_and_sends_the_others_off(void **state)
{
    struct scene *s = *state;
    int waits, idle, middle;

    s->hold = true;
    serve(s);
    waits = greeted(s);
    idle = greeted(s);
    middle = greeted(s);
    begin(middle, "");
    expect(middle, "354");
    say(middle, "half a mail\r\n");
    begin(waits, "");
    expect(waits, "354");
    say(waits, "x\r\n.\r\n");
    wait_for(&s->kept, 1);
    lmtp_server_stop(s->server);
    expect(idle, "421");
    expect(middle, "421");
    s->written(s->session, ERR_OK);
    expect(waits, "250");
    expect(waits, "421");
    lmtp_server_close(s->server);
    s->server = NULL;
    assert_int_equal(s->kept, 1);
    (void)close(waits);
    (void)close(idle);
    (void)close(middle);
}

static void a_client_that_goes_while_we_write_costs_nothing(void **state)
{
    struct scene *s = *state;
    int fd;

    s->hold = true;
    serve(s);
    fd = greeted(s);
    begin(fd, "");
    expect(fd, "354");
    say(fd, "x\r\n.\r\nNOOP\r\n");
    wait_for(&s->kept, 1);
    (void)close(fd);
    (void)usleep(50000);
    s->written(s->session, ERR_OK);
    for (int64_t until = clock_steady_ms() + PATIENCE_MS; counts(s).open_sessions > 0;)
        assert_true(clock_steady_ms() < until);
    assert_int_equal(counts(s).kept, 1);
}

static void a_taken_port_is_named(void **state)
{
    struct scene *s = *state;
    struct lmtp_server *second = NULL;
    char why[LMTP_WHY_BYTES];

    serve(s);
    s->options.port = lmtp_server_port(s->server);
    assert_int_equal(lmtp_server_open(&second, &s->options, why), ERR_IO);
    assert_non_null(strstr(why, "listen lmtp"));
    s->options.address = "nowhere";
    assert_int_equal(lmtp_server_open(&second, &s->options, why), ERR_CONF);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_small_mail_goes_into_its_row),
        T(a_large_one_goes_to_a_blob_first),
        T(what_the_journal_refuses_is_put_off_and_leaves_nothing),
        T(what_the_disk_refuses_is_put_off_and_the_session_goes_on),
        T(a_mail_that_is_not_whole_is_not_kept),
        T(what_is_too_large_or_broken_is_refused_and_leaves_nothing),
        T(bytes_in_flight_are_bounded_and_come_free_again),
        T(sessions_are_bounded),
        T(who_says_nothing_hears_421),
        T(a_slow_journal_is_no_idleness),
        T(stopping_answers_who_waits_and_sends_the_others_off),
        T(a_client_that_goes_while_we_write_costs_nothing),
        T(a_taken_port_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
