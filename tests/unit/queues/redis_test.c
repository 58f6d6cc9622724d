/* Every case runs against a real redis-server; servers that mean no good are in redis_hostile_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/clock.h"
#include "queues/redis.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scratch_redis server;
static struct arena *a;

static int begin(void **state)
{
    (void)state;
    a = arena_open(65536);
    scratch_open(&server);
    scratch_start(&server, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    scratch_close(&server);
    arena_close(a);
    return 0;
}

static void targets_are_near_by(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        const char *place; /* path or host, or a word of the reason */
        int port;
    } table[] = {
        {"unix:/run/redis.sock", true, "/run/redis.sock", 0},
        {"unix:", false, "path", 0},
        {"tcp:127.0.0.1:6379", true, "127.0.0.1", 6379},
        {"tcp:localhost:1", true, "localhost", 1},
        {"tcp:[::1]:6379", true, "::1", 6379},
        {"tcp:fd00::2:6379", true, "fd00::2", 6379},
        {"tcp:10.1.2.3:65535", true, "10.1.2.3", 65535},
        {"tcp:172.31.0.1:6379", true, "172.31.0.1", 6379},
        {"tcp:172.32.0.1:6379", false, "private", 0},
        {"tcp:8.8.8.8:6379", false, "private", 0},
        {"tcp:redis.example:6379", false, "numeric", 0},
        {"tcp:127.0.0.1:0", false, "port", 0},
        {"tcp:127.0.0.1:65536", false, "port", 0},
        {"tcp:127.0.0.1", false, "port", 0},
        {"tcp::6379", false, "host", 0},
        {"sentinel:main@10.0.0.1:1", false, "not served", 0},
        {"cluster:10.0.0.1:1", false, "not served", 0},
        {"redis://10.0.0.1", false, "neither", 0},
        {"", false, "neither", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct redis_target t = {0};
        char why[200] = "";

        print_message("  %s\n", table[i].text);
        assert_int_equal(redis_target_parse(str_of(table[i].text), &t, why, sizeof why), table[i].ok);
        if (table[i].ok)
            assert_string_equal(t.path[0] != '\0' ? t.path : t.host, table[i].place);
        else
            assert_non_null(strstr(why, table[i].place));
        assert_int_equal(t.port, table[i].port);
    }
}

static void long_socket_paths_are_refused(void **state)
{
    char text[5 + 109] = "unix:", why[200];
    struct redis_target t;

    (void)state;
    memset(text + 5, 'x', 108);
    assert_false(redis_target_parse((struct str){text, 5 + 108}, &t, why, sizeof why));
    assert_true(redis_target_parse((struct str){text, 5 + 107}, &t, why, sizeof why));
}

static void every_kind_of_answer_arrives(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);
    struct redis_value *v = NULL;
    size_t n = 0;

    (void)state;
    redis_add(r, 1, (struct str[]){STR("PING")});
    redis_add(r, 3, (struct str[]){STR("SET"), STR("k"), {"a\0b\r\n", 5}});
    redis_add(r, 2, (struct str[]){STR("GET"), STR("k")});
    redis_add(r, 2, (struct str[]){STR("GET"), STR("absent")});
    redis_add(r, 2, (struct str[]){STR("EXISTS"), STR("k")});
    redis_add(r, 2, (struct str[]){STR("INCR"), STR("k")});
    redis_add(r, 3, (struct str[]){STR("EVAL"), STR("return {1,{'x',{}},false,'y'}"), STR("0")});
    redis_add_script(r, SCRIPT_PING, 1, 2, (struct str[]){STR("key"), STR("arg")});
    assert_int_equal(redis_flush(r, a, &v, &n), ERR_OK);
    assert_int_equal(n, 8);
    assert_int_equal(v[0].kind, REDIS_STATUS);
    assert_string_equal(v[1].text.at, "OK");
    assert_int_equal(v[2].text.len, 5);
    assert_memory_equal(v[2].text.at, "a\0b\r\n", 6);
    assert_int_equal(v[3].kind, REDIS_NIL);
    assert_int_equal(v[4].integer, 1);
    assert_int_equal(v[5].kind, REDIS_ERROR);
    assert_int_equal(v[6].count, 4);
    assert_int_equal(v[6].items[0].integer, 1);
    assert_string_equal(v[6].items[1].items[0].text.at, "x");
    assert_int_equal(v[6].items[1].items[1].kind, REDIS_LIST);
    assert_int_equal(v[6].items[1].items[1].count, 0);
    assert_int_equal(v[6].items[2].kind, REDIS_NIL);
    assert_string_equal(v[6].items[3].text.at, "y");
    assert_string_equal(v[7].text.at, "PONG");
    assert_int_equal(redis_flush(r, a, &v, &n), ERR_OK);
    assert_int_equal(n, 0);
    redis_close(r);
}

static void fields_of_a_list_are_found_by_name(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);
    struct redis_value v;

    (void)state;
    (void)scratch_say(r, a, "HSET h a 1 b 2");
    assert_int_equal(redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), STR("h")}), ERR_OK);
    assert_string_equal(redis_field(&v, "b").at, "2");
    assert_null(redis_field(&v, "1").at);
    redis_close(r);
}

/* The time an exchange took that is to fail. */
static int64_t lost_ms(struct redis *r, const char *command)
{
    int64_t began_ms = clock_steady_ms();

    assert_string_equal(scratch_say(r, a, command), "(lost)");
    return clock_steady_ms() - began_ms;
}

static void a_slow_command_ends_at_the_deadline(void **state)
{
    static const char *const table[] = {"DEBUG SLEEP 0.6", "BLPOP nothing 1"};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct redis *r = redis_open(&server.target, 150);

        print_message("  %s\n", table[i]);
        assert_string_equal(scratch_say(r, a, "PING"), "PONG");
        assert_in_range(lost_ms(r, table[i]), 149, 550);
        assert_non_null(strstr(redis_why(r), "within 150 ms"));
        sleep_ms(800);
        assert_string_equal(scratch_say(r, a, "PING"), "PONG");
        redis_close(r);
    }
}

/* In another thread: the moment of redis_hurry(), while the exchange is under way. */
static void *hurry_soon(void *none)
{
    sleep_ms(200);
    redis_hurry(clock_steady_ms());
    return none;
}

static void who_stops_does_not_wait_for_a_server_that_stands_still(void **state)
{
    struct redis *r = redis_open(&server.target, 3000), *other = redis_open(&server.target, 3000);
    pthread_t thread;

    (void)state;
    assert_string_equal(scratch_say(r, a, "PING"), "PONG");
    assert_string_equal(scratch_say(other, a, "CLIENT PAUSE 1500 ALL"), "OK");
    assert_int_equal(pthread_create(&thread, NULL, hurry_soon, NULL), 0);
    assert_in_range(lost_ms(r, "SET q 1"), 199, 800); /* under way */
    (void)pthread_join(thread, NULL);
    sleep_ms(60);                                                    /* its back-off */
    assert_in_range(lost_ms(r, "SET q 1"), REDIS_HURRY_MS - 1, 600); /* begun since */
    sleep_ms(1500);
    assert_string_equal(scratch_say(r, a, "SET q 2"), "OK"); /* one that answers is heard */
    redis_hurry(INT64_MAX);
    redis_close(other);
    redis_close(r);
}

static void a_paused_server_is_felt_by_each_connection_alone(void **state)
{
    struct redis *r = redis_open(&server.target, 100), *other = redis_open(&server.target, 2000);

    (void)state;
    assert_string_equal(scratch_say(other, a, "CLIENT PAUSE 400 WRITE"), "OK");
    assert_in_range(lost_ms(r, "SET p 1"), 99, 380);
    assert_string_equal(scratch_say(r, a, "PING"), "PONG");
    sleep_ms(450);
    assert_string_equal(scratch_say(r, a, "SET p 2"), "OK");
    redis_close(r);
    redis_close(other);
}

static void a_dead_server_fails_fast_and_is_found_again(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);

    (void)state;
    assert_string_equal(scratch_say(r, a, "SET kept 1"), "OK");
    scratch_kill(&server);
    for (int i = 0; i < 20; i++)
        assert_in_range(lost_ms(r, "GET kept"), 0, 500);
    assert_non_null(strstr(redis_why(r), "cannot connect"));
    scratch_start(&server, NULL);

    int64_t began_ms = clock_steady_ms();

    while (strcmp(scratch_say(r, a, "GET kept"), "1") != 0)
        sleep_ms(5);
    assert_in_range(clock_steady_ms() - began_ms, 0, 1100);
    redis_close(r);
}

static void a_restart_while_idle_goes_unnoticed(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);

    (void)state;
    assert_string_equal(scratch_say(r, a, "SET kept 2"), "OK");
    scratch_kill(&server);
    scratch_start(&server, NULL);
    assert_string_equal(scratch_say(r, a, "GET kept"), "2");
    redis_close(r);
}

/* R6 */
static void a_restart_while_idle_is_told_to_who_holds_on(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);

    (void)state;
    assert_string_equal(scratch_say(r, a, "SET kept 3"), "OK");
    redis_hold(r);
    assert_string_equal(scratch_say(r, a, "GET kept"), "3");
    scratch_kill(&server);
    scratch_start(&server, NULL);
    for (int i = 0; i < 3; i++)
        assert_string_equal(scratch_say(r, a, "GET kept"), "(lost)");
    assert_non_null(strstr(redis_why(r), "broke"));
    redis_let_go(r);
    assert_string_equal(scratch_say(r, a, "GET kept"), "3");
    redis_close(r);
}

static void forgotten_scripts_are_loaded_again(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);
    struct redis_value *v = NULL, one;
    size_t n = 0;

    (void)state;
    assert_string_equal(scratch_say(r, a, "DEL count"), "0");
    redis_add(r, 2, (struct str[]){STR("INCR"), STR("count")});
    redis_add_script(r, SCRIPT_PING, 0, 0, NULL);
    redis_add(r, 2, (struct str[]){STR("SCRIPT"), STR("FLUSH")});
    redis_add(r, 2, (struct str[]){STR("INCR"), STR("count")});
    redis_add_script(r, SCRIPT_PING, 0, 0, NULL);
    redis_add_script(r, SCRIPT_PING, 1, 2, (struct str[]){STR("k"), STR("v")});
    redis_add(r, 2, (struct str[]){STR("INCR"), STR("count")});
    assert_int_equal(redis_flush(r, a, &v, &n), ERR_OK);
    assert_int_equal(n, 7);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(v[i].kind, REDIS_ERROR);
    assert_string_equal(v[4].text.at, "PONG");
    assert_string_equal(v[5].text.at, "PONG");
    assert_int_equal(v[6].integer, 3); /* what was not refused was not sent again */
    (void)scratch_say(r, a, "SCRIPT FLUSH");
    assert_int_equal(redis_run(r, a, &one, SCRIPT_PING, 0, 0, NULL), ERR_OK);
    assert_string_equal(one.text.at, "PONG");
    redis_close(r);
}

static void fifty_thousand_commands_go_in_one_flush(void **state)
{
    enum { MANY = 50000 };
    struct redis *r = redis_open(&server.target, 30000);
    struct redis_value *v = NULL;
    size_t n = 0;

    (void)state;
    for (int i = 0; i < MANY; i++)
        redis_add(r, 2, (struct str[]){STR("ECHO"), str_of(arena_printf(a, "%d", i))});
    assert_int_equal(redis_flush(r, a, &v, &n), ERR_OK);
    assert_int_equal(n, MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(atoi(v[i].text.at), i);
    redis_close(r);
    arena_reset(a);
}

static void megabytes_go_both_ways_at_once(void **state)
{
    enum { PIECES = 64, PIECE = 1024 * 1024 };
    struct redis *r = redis_open(&server.target, 30000);
    struct redis_value *v = NULL;
    char *piece = arena_take(a, PIECE);
    size_t n = 0;

    (void)state;
    for (int i = 0; i < PIECES; i++) {
        memset(piece, 'a' + i % 26, PIECE);
        redis_add(r, 2, (struct str[]){STR("ECHO"), {piece, PIECE}});
    }
    assert_int_equal(redis_flush(r, a, &v, &n), ERR_OK);
    for (int i = 0; i < PIECES; i++) {
        memset(piece, 'a' + i % 26, PIECE);
        assert_int_equal(v[i].text.len, PIECE);
        assert_memory_equal(v[i].text.at, piece, PIECE);
    }
    redis_close(r);
    arena_reset(a);
}

/* --- errors of the server's state, R4 -------------------------------------------------- */

static void *run_for_ever(void *arg)
{
    struct redis *r = redis_open(&server.target, 5000);
    struct arena *own = arena_open(256);

    (void)arg;
    (void)scratch_say(r, own, "EVAL while(true)do\tend 0");
    redis_close(r);
    arena_close(own);
    return NULL;
}

static void the_servers_state_is_no_fault_of_the_command(void **state)
{
    static const struct {
        const char *label, *set, *command, *unset;
        enum err expected;
        const char *why;
    } table[] = {
        {"no memory", "CONFIG SET maxmemory 1", "SET e 1", "CONFIG SET maxmemory 0", ERR_STORE, "OOM"},
        {"no memory, in a script", "CONFIG SET maxmemory 1", "EVAL redis.call('SET',KEYS[1],1) 1 e",
         "CONFIG SET maxmemory 0", ERR_STORE, "OOM"},
        {"too few replicas", "CONFIG SET min-replicas-to-write 1", "SET e 1", "CONFIG SET min-replicas-to-write 0",
         ERR_STORE, "NOREPLICAS"},
        {"a replica", "REPLICAOF 127.0.0.1 1", "SET e 1", "REPLICAOF NO ONE", ERR_STORE, "READONLY"},
        {"a replica, in a script", "REPLICAOF 127.0.0.1 1", "EVAL redis.call('SET',KEYS[1],1) 1 e", "REPLICAOF NO ONE",
         ERR_STORE, "READONLY"},
        {"a right taken away", "ACL SETUSER default -get", "GET e", "ACL SETUSER default +get", ERR_STORE, "NOPERM"},
        {"wrong type", "SET text x", "LPUSH text 1", "DEL text", ERR_CORRUPT, "WRONGTYPE"},
        {"unknown command", "PING", "NOSUCH secret", "PING", ERR_CORRUPT, "unknown command"},
        {"a script's own error", "PING", "EVAL return\tredis.error_reply('MY-fault') 0", "PING", ERR_CORRUPT,
         "MY-fault"},
    };
    struct redis *r = redis_open(&server.target, 3000), *other = redis_open(&server.target, 3000);

    (void)state;
    assert_string_equal(scratch_say(r, a, "PING"), "PONG");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct str rest = str_of(table[i].command), argv[8];
        size_t n = 0;

        print_message("  %s\n", table[i].label);
        (void)scratch_say(other, a, table[i].set);
        while (rest.len > 0)
            argv[n++] = str_cut(&rest, ' ');
        assert_int_equal(redis_do(r, a, NULL, n, argv), table[i].expected);
        if (table[i].expected != ERR_OK)
            assert_non_null(strstr(redis_why(r), table[i].why));
        assert_null(strstr(redis_why(r), "secret"));
        (void)scratch_say(other, a, table[i].unset);
    }
    redis_close(r);
    redis_close(other);
}

static void a_server_busy_with_a_script_is_a_state_too(void **state)
{
    struct redis *r = redis_open(&server.target, 3000);
    pthread_t thread;

    (void)state;
    (void)scratch_say(r, a, "CONFIG SET busy-reply-threshold 20");
    assert_int_equal(pthread_create(&thread, NULL, run_for_ever, NULL), 0);
    sleep_ms(200);
    assert_int_equal(redis_do(r, a, NULL, 2, (struct str[]){STR("GET"), STR("e")}), ERR_STORE);
    assert_non_null(strstr(redis_why(r), "BUSY"));
    assert_string_equal(scratch_say(r, a, "SCRIPT KILL"), "OK");
    (void)pthread_join(thread, NULL);
    redis_close(r);
}

static void a_loading_server_is_not_there_yet(void **state)
{
    const char *const slowly[] = {"--key-load-delay", "300", "--loading-process-events-interval-bytes", "1024", NULL};
    struct redis *r = redis_open(&server.target, 20000);
    int64_t began_ms;

    (void)state;
    (void)scratch_say(r, a, "DEBUG POPULATE 4000");
    assert_string_equal(scratch_say(r, a, "CONFIG SET aof-use-rdb-preamble no"), "OK");
    assert_string_equal(scratch_say(r, a, "EVAL for\ti=1,4000\tdo\tredis.call('SET',i,1)end 0"), "(nil)");
    scratch_kill(&server);
    scratch_launch(&server, slowly);
    began_ms = clock_steady_ms();
    do {
        assert_in_range(clock_steady_ms() - began_ms, 0, 5000);
        sleep_ms(5);
        assert_int_equal(redis_do(r, a, NULL, 1, (struct str[]){STR("PING")}), ERR_STORE);
    } while (strstr(redis_why(r), "LOADING") == NULL);
    while (redis_do(r, a, NULL, 2, (struct str[]){STR("GET"), STR("4000")}) != ERR_OK) {
        assert_in_range(clock_steady_ms() - began_ms, 0, 15000);
        sleep_ms(20);
    }
    redis_close(r);
    scratch_kill(&server);
    scratch_start(&server, NULL);
}

static void user_and_password_are_given(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);
    static const struct {
        const char *label, *user, *password, *expected;
    } table[] = {
        {"right", "gate", "right", "OK"},
        {"wrong", "gate", "wrong", "(lost)"},
        {"nobody", "nobody", "right", "(lost)"},
    };

    (void)state;
    assert_string_equal(scratch_say(r, a, "ACL SETUSER gate on >right ~* +@all"), "OK");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct redis_target t = server.target;

        print_message("  %s\n", table[i].label);
        (void)snprintf(t.user, sizeof t.user, "%s", table[i].user);
        (void)snprintf(t.password, sizeof t.password, "%s", table[i].password);

        struct redis *as = redis_open(&t, 2000);

        assert_string_equal(scratch_say(as, a, "SET as 1"), table[i].expected);
        assert_null(strstr(redis_why(as), table[i].password));
        if (*table[i].expected == '(')
            assert_non_null(strstr(redis_why(as), "user and password"));
        redis_close(as);
    }
    redis_close(r);
}

static void another_run_is_another_identity(void **state)
{
    struct redis *r = redis_open(&server.target, 2000);
    struct str first, again, later;

    (void)state;
    assert_int_equal(redis_identity(r, a, &first), ERR_OK);
    assert_int_equal(first.len, 81);
    assert_int_equal(redis_identity(r, a, &again), ERR_OK);
    assert_true(str_equal(first, again));
    scratch_kill(&server);
    scratch_start(&server, NULL);
    assert_int_equal(redis_identity(r, a, &later), ERR_OK);
    assert_false(str_equal(first, later));
    redis_close(r);
}

static void a_wrong_setting_is_said_in_one_sentence(void **state)
{
    static const struct {
        const char *set, *unset, *why;
    } table[] = {
        {"PING", "PING", NULL},
        {"CONFIG SET appendfsync everysec", "CONFIG SET appendfsync always",
         "Redis has appendfsync everysec: set it to always"},
        {"CONFIG SET appendonly no", "CONFIG SET appendonly yes", "Redis has appendonly no: set it to yes"},
        {"CONFIG SET maxmemory-policy allkeys-lru", "CONFIG SET maxmemory-policy noeviction",
         "Redis has maxmemory-policy allkeys-lru: set it to noeviction"},
        {"CONFIG SET no-appendfsync-on-rewrite yes", "CONFIG SET no-appendfsync-on-rewrite no",
         "Redis has no-appendfsync-on-rewrite yes: set it to no"},
        {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "this Redis is a replica: give the address of its primary"},
        {"ACL SETUSER gate resetkeys ~{p0}:*", "ACL SETUSER gate ~*", "let our Redis user run GET on r:{x} (ACL)"},
        {"ACL SETUSER gate -config", "ACL SETUSER gate +config", "let our Redis user read settings (ACL: +config|get)"},
        {"ACL SETUSER gate -zadd", "ACL SETUSER gate +zadd", "let our Redis user run ZADD on {p0}:x (ACL)"},
        {"ACL SETUSER default -hset", "ACL SETUSER default +hset",
         "let the user default run HSET on b:{x} (ACL), even where it is off: Redis loads its file with these rights"},
        {"ACL SETUSER gate -info", "ACL SETUSER gate +info", "let our Redis user run INFO (ACL: +info)"},
    };
    struct redis *r = redis_open(&server.target, 2000);
    struct redis_target t = server.target;

    (void)state;
    (void)strcpy(t.user, "gate");
    (void)strcpy(t.password, "right");
    assert_string_equal(scratch_say(r, a, "ACL SETUSER gate on >right ~* &* +@all"), "OK");

    struct redis *gate = redis_open(&t, 2000);

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char why[200] = "";

        print_message("  %s\n", table[i].set);
        (void)scratch_say(r, a, table[i].set);
        assert_int_equal(redis_fitness(gate, a, why, sizeof why), table[i].why == NULL ? ERR_OK : ERR_CONF);
        if (table[i].why != NULL)
            assert_string_equal(why, table[i].why);
        (void)scratch_say(r, a, table[i].unset);
    }
    redis_close(gate);
    redis_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_near_by),
        cmocka_unit_test(long_socket_paths_are_refused),
        cmocka_unit_test(every_kind_of_answer_arrives),
        cmocka_unit_test(fields_of_a_list_are_found_by_name),
        cmocka_unit_test(a_slow_command_ends_at_the_deadline),
        cmocka_unit_test(who_stops_does_not_wait_for_a_server_that_stands_still),
        cmocka_unit_test(a_paused_server_is_felt_by_each_connection_alone),
        cmocka_unit_test(a_dead_server_fails_fast_and_is_found_again),
        cmocka_unit_test(a_restart_while_idle_goes_unnoticed),
        cmocka_unit_test(a_restart_while_idle_is_told_to_who_holds_on),
        cmocka_unit_test(forgotten_scripts_are_loaded_again),
        cmocka_unit_test(fifty_thousand_commands_go_in_one_flush),
        cmocka_unit_test(megabytes_go_both_ways_at_once),
        cmocka_unit_test(the_servers_state_is_no_fault_of_the_command),
        cmocka_unit_test(a_server_busy_with_a_script_is_a_state_too),
        cmocka_unit_test(a_loading_server_is_not_there_yet),
        cmocka_unit_test(user_and_password_are_given),
        cmocka_unit_test(another_run_is_another_identity),
        cmocka_unit_test(a_wrong_setting_is_said_in_one_sentence),
    };

    return cmocka_run_group_tests_name("queues/redis", tests, begin, end);
}
