/* log: one line, whole, that no input can forge. */
#include "queues/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int real_stderr, catcher;

static int catch_stderr(void **state)
{
    (void)state;
    real_stderr = dup(STDERR_FILENO);
    catcher = memfd_create("log", MFD_CLOEXEC);
    log_set_level(LOG_INFO);
    return real_stderr < 0 || catcher < 0 || dup2(catcher, STDERR_FILENO) < 0 ? -1 : 0;
}

static int let_go_of_stderr(void **state)
{
    (void)state;
    (void)close(catcher);
    return dup2(real_stderr, STDERR_FILENO) < 0 || close(real_stderr) != 0 ? -1 : 0;
}

/* What was written since the last time. */
static const char *caught(void)
{
    static char text[4096];
    ssize_t n = pread(catcher, text, sizeof text - 1, 0);

    assert_true(n >= 0);
    text[n] = '\0';
    assert_int_equal(ftruncate(catcher, 0), 0);
    assert_int_equal(lseek(catcher, 0, SEEK_SET), 0);
    return text;
}

static void values_are_quoted_so_that_no_line_can_be_forged(void **state)
{
    static const struct {
        const char *label, *value, *line;
    } cases[] = {
        {"plain", "tkt_01ARZ3", "info met v=tkt_01ARZ3 n=1\n"},
        {"empty", "", "info met v=\"\" n=1\n"},
        {"NULL", NULL, "info met v=\"\" n=1\n"},
        {"space", "two words", "info met v=\"two words\" n=1\n"},
        {"line feed", "a\nerror forged", "info met v=\"a\\x0aerror forged\" n=1\n"},
        {"carriage return", "a\rb", "info met v=\"a\\x0db\" n=1\n"},
        {"escape sequence", "\x1B[2J", "info met v=\"\\x1b[2J\" n=1\n"},
        {"delete", "\x7F", "info met v=\"\\x7f\" n=1\n"},
        {"quotation mark", "a\"b", "info met v=\"a\\\"b\" n=1\n"},
        {"backslash", "a\\b", "info met v=\"a\\\\b\" n=1\n"},
        {"equals sign", "a=b", "info met v=\"a=b\" n=1\n"},
        {"UTF-8", "中", "info met v=\"中\" n=1\n"},
        {"per cent", "%s%n", "info met v=%s%n n=1\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        log_info("met", "v=%s n=%d", cases[i].value, 1);

        const char *got = caught();

        if (strcmp(got, cases[i].line) != 0)
            fail_msg("%s: %s", cases[i].label, got);
    }
}

static void numbers_of_every_length_are_printed(void **state)
{
    (void)state;
    log_warn("n", "a=%d b=%u c=%lld d=%zu e=%x f=%c g=%ld h=%llu", -1, 4000000000u, -5000000000LL, (size_t)7, 255u, 'z',
             -6000000000L, 18446744073709551615ULL);
    assert_string_equal(caught(), "warn n a=-1 b=4000000000 c=-5000000000 d=7 e=ff f=z g=-6000000000 "
                                  "h=18446744073709551615\n");
    log_error("alone");
    assert_string_equal(caught(), "error alone\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    enum log_level level;

    (void)state;
    log_trace("quiet");
    assert_string_equal(caught(), "");
    assert_true(log_level_parse("error", &level));
    log_set_level(level);
    log_warn("quiet");
    log_fatal("loud");
    assert_string_equal(caught(), "fatal loud\n");
    assert_true(log_level_parse("trace", &level));
    log_set_level(level);
    log_trace("loud");
    assert_string_equal(caught(), "trace loud\n");
    assert_false(log_level_parse("Info", &level));
    assert_false(log_level_parse("", &level));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_quoted_so_that_no_line_can_be_forged, catch_stderr,
                                        let_go_of_stderr),
        cmocka_unit_test_setup_teardown(numbers_of_every_length_are_printed, catch_stderr, let_go_of_stderr),
        cmocka_unit_test_setup_teardown(lines_above_the_level_are_dropped, catch_stderr, let_go_of_stderr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
