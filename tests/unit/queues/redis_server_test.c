#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/child.h"
#include "queues/clock.h"
#include "queues/log.h"
#include "queues/redis_server.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVE_MS = 10000 };

/* Of each test: a data folder, and the server that serves it, closed even when the test fails. */
static struct arena *a;
static char data[64];
static struct redis_server *live;

static int begin(void **state)
{
    (void)state;
    a = arena_open(65536);
    strcpy(data, "/tmp/postern-data-XXXXXX");
    return mkdtemp(data) == NULL ? -1 : 0;
}

static void closed(void)
{
    redis_server_close(live);
    live = NULL;
}

static int end(void **state)
{
    (void)state;
    closed();
    remove_folder(data);
    arena_close(a);
    return 0;
}

static struct redis_server *opened(const char *folder)
{
    char why[REDIS_SERVER_WHY_BYTES] = "";
    int64_t began_ms = clock_steady_ms();

    if (redis_server_open(&live, folder, why) != ERR_OK)
        fail_msg("%s", why);
    assert_in_range(clock_steady_ms() - began_ms, 0, 300);
    return live;
}

/* Waits until it serves in another process than `before`. */
static struct redis_server_state serving(struct redis_server *s, pid_t before)
{
    struct redis_server_state st;
    int64_t began_ms = clock_steady_ms();

    for (;;) {
        redis_server_state(s, &st);
        if (st.serving && st.pid != before)
            return st;
        if (clock_steady_ms() - began_ms > SERVE_MS)
            fail_msg("does not serve: %s", st.why);
        sleep_ms(2);
    }
}

static struct redis *connection(struct redis_server *s)
{
    return redis_open(redis_server_target(s), 5000);
}

static const char *path_in(const char *name)
{
    return arena_printf(a, "%s/redis/%s", data, name);
}

static void it_serves_with_the_settings_we_trust(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{"", 0700}, {"user", 0600}, {"redis.conf", 0600}, {"redis.sock", 0700}};
    struct redis_server *s = opened(data);
    char why[200] = "";

    (void)state;
    (void)serving(s, 0);

    struct redis *r = connection(s);

    assert_int_equal(redis_fitness(r, a, why, sizeof why), ERR_OK);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct stat st;

        print_message("  %s\n", files[i].name);
        assert_int_equal(stat(path_in(files[i].name), &st), 0);
        assert_int_equal(st.st_mode & 0777, files[i].mode);
    }
    redis_close(r);
    closed();
}

static void our_user_may_work_and_nothing_else(void **state)
{
    static const struct {
        const char *command, *begins;
    } table[] = {
        {"SET k v", "OK"},
        {"GET k", "v"},
        {"CONFIG GET appendfsync", "(nil)"}, /* a list */
        {"CONFIG SET appendfsync no", "NOPERM"},
        {"EVAL return(1) 0", "NOPERM"},
        {"FUNCTION LIST", "NOPERM"},
        {"KEYS *", "NOPERM"},
        {"FLUSHALL", "NOPERM"},
        {"DEBUG SLEEP 0", "ERR DEBUG command not allowed"},
        {"SHUTDOWN NOSAVE", "NOPERM"},
        {"REPLICAOF 127.0.0.1 1", "NOPERM"},
        {"ACL LIST", "NOPERM"},
        {"MODULE LOAD x", "ERR MODULE command not allowed"},
        {"MONITOR", "NOPERM"},
    };
    struct redis_server *s = opened(data);

    (void)state;
    (void)serving(s, 0);

    struct redis_target stranger = *redis_server_target(s);
    struct redis *r = connection(s);

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        print_message("  %s\n", table[i].command);
        assert_true(str_starts(str_of(scratch_say(r, a, table[i].command)), table[i].begins));
    }
    redis_close(r);
    stranger.password[0] = '\0';
    r = redis_open(&stranger, 1000);
    assert_string_equal(scratch_say(r, a, "GET k"), "(lost)");
    redis_close(r);
    closed();
}

static void it_is_back_within_a_second(void **state)
{
    struct redis_server *s = opened(data);
    struct redis_server_state st = serving(s, 0);
    struct redis *r = connection(s);

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_string_equal(scratch_say(r, a, arena_printf(a, "SET kept %d", i)), "OK");

        int64_t began_ms = clock_steady_ms();

        (void)kill(st.pid, SIGKILL);
        st = serving(s, st.pid);
        assert_in_range(clock_steady_ms() - began_ms, 0, 1000);
        assert_int_equal(st.restarts, i + 1);
        while (strcmp(scratch_say(r, a, "GET kept"), "(lost)") == 0)
            sleep_ms(5);
        assert_string_equal(scratch_say(r, a, "GET kept"), arena_printf(a, "%d", i));
    }
    redis_close(r);
    closed();
    assert_int_equal(kill(st.pid, 0), -1);
}

static void one_folder_has_one_server(void **state)
{
    struct redis_server *s = opened(data), *second = NULL;
    struct redis_target t;
    char why[REDIS_SERVER_WHY_BYTES] = "";

    (void)state;
    (void)serving(s, 0);
    assert_int_equal(redis_server_open(&second, data, why), ERR_CONFLICT);
    assert_non_null(strstr(why, "another process runs the Redis"));
    assert_int_equal(redis_server_find(data, &t, why), ERR_OK);

    struct redis *r = redis_open(&t, 2000);

    assert_string_equal(scratch_say(r, a, "PING"), "PONG");
    redis_close(r);
    closed();
    assert_int_equal(redis_server_find("/tmp/postern-no-such", &t, why), ERR_ABSENT);
}

static void a_folder_that_cannot_be_written_is_said_at_once(void **state)
{
    struct redis_server *s = NULL;
    char why[REDIS_SERVER_WHY_BYTES] = "";

    (void)state;
    assert_int_equal(redis_server_open(&s, "/proc/nothing", why), ERR_IO);
    assert_non_null(strstr(why, "/proc/nothing/redis"));
}

static void a_long_path_is_no_obstacle(void **state)
{
    char folder[300];
    int n = snprintf(folder, sizeof folder, "%s/", data);

    (void)state;
    memset(folder + n, 'd', 150);
    folder[n + 150] = '\0';

    struct redis_server *s = opened(folder);
    struct redis *r;

    (void)serving(s, 0);
    r = connection(s);
    assert_string_equal(scratch_say(r, a, "SET k v"), "OK");
    redis_close(r);
    closed();
}

/* --- what the child inherits --------------------------------------------------------------- */

/* Is a library of this name in its memory? Redis writes its title over its environment. */
static bool has_loaded(pid_t pid, const char *library)
{
    static char text[256 * 1024];
    FILE *f = fopen(arena_printf(a, "/proc/%d/maps", (int)pid), "r");
    size_t n = f == NULL ? 0 : fread(text, 1, sizeof text, f);

    if (f != NULL)
        (void)fclose(f);
    return memmem(text, n, library, strlen(library)) != NULL;
}

static bool holds_descriptor(pid_t pid, ino_t socket_inode)
{
    const char *folder = arena_printf(a, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(folder);
    bool found = false;

    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;

        found |= stat(arena_printf(a, "%s/%s", folder, e->d_name), &st) == 0 && st.st_ino == socket_inode;
    }
    (void)closedir(dir);
    return found;
}

static void it_inherits_the_environment_and_no_socket(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* without CLOEXEC, as a library might make one */
    struct stat st;
    sigset_t block;

    (void)state;
    (void)sigemptyset(&block);
    (void)sigaddset(&block, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &block, NULL);
    assert_int_equal(fstat(fd, &st), 0);
    (void)setenv("LD_PRELOAD", "libanl.so.1", 1);

    struct redis_server *s = opened(data);
    pid_t pid = serving(s, 0).pid;
    int64_t began_ms;

    (void)unsetenv("LD_PRELOAD");
    assert_true(has_loaded(pid, "libanl.so.1"));
    assert_false(holds_descriptor(pid, st.st_ino));
    began_ms = clock_steady_ms();
    closed(); /* SIGTERM reaches it, though it was blocked here */
    assert_in_range(clock_steady_ms() - began_ms, 0, 1500);
    (void)pthread_sigmask(SIG_UNBLOCK, &block, NULL);
    (void)close(fd);
}

static void a_stuck_one_is_stopped_within_three_seconds(void **state)
{
    struct redis_server *s = opened(data);
    pid_t pid = serving(s, 0).pid;
    int64_t began_ms = clock_steady_ms();

    (void)state;
    (void)kill(pid, SIGSTOP);
    closed();
    assert_in_range(clock_steady_ms() - began_ms, 0, 3000);
    assert_int_equal(kill(pid, 0), -1);
}

static void it_ends_with_the_process(void **state)
{
    int told[2];
    pid_t pid = 0, gateway;

    (void)state;
    assert_int_equal(pipe(told), 0);
    gateway = fork();
    if (gateway == 0) {
        struct redis_server *s = NULL;
        char why[REDIS_SERVER_WHY_BYTES];

        if (redis_server_open(&s, data, why) == ERR_OK) {
            pid = serving(s, 0).pid;
            (void)!write(told[1], &pid, sizeof pid);
        }
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(told[0], &pid, sizeof pid), sizeof pid);
    (void)kill(gateway, SIGKILL);
    (void)waitpid(gateway, NULL, 0);
    for (int i = 0; i < 300 && kill(pid, 0) == 0; i++)
        sleep_ms(10);
    assert_int_not_equal(kill(pid, 0), 0);
    (void)close(told[0]);
    (void)close(told[1]);
}

/* --- orphans ------------------------------------------------------------------------------- */

static pid_t run_in(const char *folder, const char *program, const char *argument)
{
    struct child c = {0};
    char path[PATH_MAX];
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(child_find(program, path));

    const char *argv[] = {path, argument, NULL};

    assert_true(child_start(&c, path, argv, fd, -1, -1));
    (void)close(fd);
    (void)close(c.pidfd);
    return c.pid;
}

static void an_orphan_is_stopped_and_a_stranger_is_not(void **state)
{
    struct redis_server *s = opened(data);
    struct scratch_redis stranger;
    struct redis *r;
    pid_t orphan, sleeper;

    (void)state;
    (void)serving(s, 0);
    closed();
    orphan = run_in(path_in(""), "redis-server", "redis.conf");
    sleeper = run_in(path_in(""), "sleep", "60");
    scratch_open(&stranger);
    scratch_start(&stranger, NULL);
    for (int i = 0; i < 500 && access(path_in("redis.sock"), F_OK) != 0; i++)
        sleep_ms(10);
    (void)kill(orphan, SIGSTOP); /* the hardest kind: it holds the socket and hears nothing */

    s = opened(data);
    (void)serving(s, orphan);
    assert_int_equal(waitpid(orphan, NULL, WNOHANG), orphan);
    assert_int_equal(kill(sleeper, 0), 0);
    assert_int_equal(waitpid(stranger.pid, NULL, WNOHANG), 0);
    r = connection(s);
    assert_string_equal(scratch_say(r, a, "PING"), "PONG");
    redis_close(r);
    closed();
    scratch_close(&stranger);
    (void)kill(sleeper, SIGKILL);
    (void)waitpid(sleeper, NULL, 0);
}

/* --- a torn end ------------------------------------------------------------------------------ */

static const char *aof_path(void)
{
    return path_in("appendonlydir/appendonly.aof.1.incr.aof");
}

static struct str read_all(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);

    char *text = arena_take(a, (size_t)st.st_size + 1);

    assert_int_equal(fread(text, 1, (size_t)st.st_size, f), st.st_size);
    (void)fclose(f);
    return (struct str){text, (size_t)st.st_size};
}

static size_t behind(struct str s, const char *word)
{
    const char *at = memmem(s.at, s.len, word, strlen(word));

    assert_non_null(at);
    return (size_t)(at - s.at) + strlen(word);
}

static void write_many(struct redis *r, const char *prefix)
{
    struct redis_value *v = NULL;
    size_t n = 0;

    for (int i = 0; i < 200; i++)
        redis_add(r, 3, (struct str[]){STR("SET"), str_of(arena_printf(a, "%s%d", prefix, i)), STR("1")});
    assert_int_equal(redis_flush(r, a, &v, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(v[i].text.at, "OK");
}

static void all_there(struct redis *r, const char *prefix)
{
    for (int i = 0; i < 200; i++)
        assert_string_equal(scratch_say(r, a, arena_printf(a, "EXISTS %s%d", prefix, i)), "1");
}

/* A whole file of acknowledged writes and, behind them, one script's MULTI .. EXEC. */
static void write_history(void)
{
    struct redis_server *s = opened(data);
    struct redis *r;
    const char *sha;

    (void)serving(s, 0);
    r = connection(s);
    write_many(r, "early");
    sha = scratch_say(r, a, "SCRIPT LOAD redis.call('SET',KEYS[1],'half')redis.call('SET',KEYS[2],'half')return(1)");
    assert_string_equal(scratch_say(r, a, arena_printf(a, "EVALSHA %s 2 first second", sha)), "1");
    redis_close(r);
    closed();
}

static void cut_and_soil(size_t at, const char *soil, size_t soil_bytes)
{
    int fd = open(aof_path(), O_WRONLY | O_CLOEXEC);

    assert_int_equal(ftruncate(fd, (off_t)at), 0);
    assert_int_equal(pwrite(fd, soil, soil_bytes, (off_t)at), soil_bytes);
    (void)close(fd);
}

static const char *the_piece(void)
{
    DIR *dir = opendir(path_in("damaged"));
    const char *found = NULL;

    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            found = arena_printf(a, "%s/%s", path_in("damaged"), e->d_name);
    (void)closedir(dir);
    assert_non_null(found);
    return found;
}

/* What is acknowledged behind the torn end must outlive the next starts, and the half never runs. */
static void live_on(bool torn)
{
    struct redis_server *s = opened(data);
    struct redis_server_state st = serving(s, 0);
    struct redis *r = connection(s);

    assert_int_equal(st.repairs, torn ? 1 : 0);
    write_many(r, "late");
    for (int i = 0; i < 2; i++) {
        (void)kill(st.pid, SIGKILL);
        st = serving(s, st.pid);
        while (strcmp(scratch_say(r, a, "PING"), "PONG") != 0)
            sleep_ms(5);
        all_there(r, "early");
        all_there(r, "late");
        assert_string_equal(scratch_say(r, a, "EXISTS first second"), torn ? "0" : "2");
    }
    assert_int_equal(st.repairs, torn ? 1 : 0);
    redis_close(r);
    closed();
}

static void a_torn_end_loses_nothing_that_was_acknowledged(void **state)
{
    static const struct {
        const char *label, *behind;
        size_t more;
        const char *soil;
        size_t soil_bytes;
        bool torn;
    } table[] = {
        {"whole", "EXEC\r\n", 0, "", 0, false},
        {"in the word MULTI", "$5\r\nMUL", 0, "", 0, true},
        {"behind MULTI", "MULTI\r\n", 0, "", 0, true},
        {"in the first command", "first\r\n", 2, "", 0, true},
        {"between two commands", "first\r\n$4\r\nhalf\r\n", 0, "", 0, true},
        {"before EXEC", "second\r\n$4\r\nhalf\r\n", 0, "", 0, true},
        {"in EXEC", "$4\r\nEX", 0, "", 0, true},
        {"zeros behind", "first\r\n$4\r\nhalf\r\n", 0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, true},
        {"noise behind", "MULTI\r\n", 0, "\xff*3\r\n$1\r\nq", 10, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        print_message("  %s\n", table[i].label);
        remove_folder(data);
        assert_int_equal(mkdir(data, 0700), 0);
        write_history();
        cut_and_soil(behind(read_all(aof_path()), table[i].behind) + table[i].more, table[i].soil, table[i].soil_bytes);

        struct str found = read_all(aof_path());

        live_on(table[i].torn);
        if (!table[i].torn)
            continue;

        struct str piece = read_all(the_piece());

        assert_memory_equal(piece.at, found.at + found.len - piece.len, piece.len);
        assert_memory_equal(read_all(aof_path()).at, found.at, found.len - piece.len);
    }
}

static void a_file_broken_before_its_end_is_left_for_a_person(void **state)
{
    struct redis_server *s;
    struct redis_server_state st;
    struct str before;
    int fd;

    (void)state;
    write_history();
    before = read_all(aof_path());
    fd = open(path_in("appendonlydir/appendonly.aof.1.base.rdb"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, 20), 0);
    (void)close(fd);
    s = opened(data);
    for (int i = 0; i < 500; i++) {
        redis_server_state(s, &st);
        if (strstr(st.why, "restore a backup") != NULL)
            break;
        sleep_ms(10);
    }
    assert_non_null(strstr(st.why, "restore a backup"));
    assert_false(st.serving);
    closed();
    assert_true(str_equal(before, read_all(aof_path())));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_ends_with_the_process, begin, end),
        cmocka_unit_test_setup_teardown(it_serves_with_the_settings_we_trust, begin, end),
        cmocka_unit_test_setup_teardown(our_user_may_work_and_nothing_else, begin, end),
        cmocka_unit_test_setup_teardown(it_is_back_within_a_second, begin, end),
        cmocka_unit_test_setup_teardown(one_folder_has_one_server, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_written_is_said_at_once, begin, end),
        cmocka_unit_test_setup_teardown(a_long_path_is_no_obstacle, begin, end),
        cmocka_unit_test_setup_teardown(it_inherits_the_environment_and_no_socket, begin, end),
        cmocka_unit_test_setup_teardown(a_stuck_one_is_stopped_within_three_seconds, begin, end),
        cmocka_unit_test_setup_teardown(an_orphan_is_stopped_and_a_stranger_is_not, begin, end),
        cmocka_unit_test_setup_teardown(a_torn_end_loses_nothing_that_was_acknowledged, begin, end),
        cmocka_unit_test_setup_teardown(a_file_broken_before_its_end_is_left_for_a_person, begin, end),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("queues/redis_server", tests, NULL, NULL);
}
