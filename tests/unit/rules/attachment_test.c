/* attachment: what one prints the other reads, and nothing else is read. */
#include "rules/attachment.h"

#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ulid ulid_of(uint8_t last)
{
    struct ulid u = {{1}};

    u.bytes[15] = last;
    return u;
}

static void what_is_printed_is_read(void **state)
{
    struct attachment all[ATTACHMENTS_MAX], got[ATTACHMENTS_MAX];
    struct arena *a = arena_open(4096);
    size_t n;

    (void)state;
    for (uint8_t i = 0; i < ATTACHMENTS_MAX; i++)
        all[i] = (struct attachment){.id = ulid_of(i),
                                     .name = STR("\xe7\x99\xba \"a\".png"),
                                     .type = STR("image/png"),
                                     .bytes = i * 1000,
                                     .state = (enum file_state)(i % FILE_STATES),
                                     .why = i % 2 ? STR("file-kind") : STR(""),
                                     .proven = i % 3 == 0};
    for (size_t many = 0; many <= ATTACHMENTS_MAX; many++) {
        struct str line = attachments_print(all, many, a);

        assert_null(memchr(line.at, '\n', line.len));
        assert_int_equal(attachments_parse(line, a, got, &n), ERR_OK);
        assert_int_equal(n, many);
        for (size_t i = 0; i < n; i++) {
            assert_true(ulid_equal(got[i].id, all[i].id) && str_equal(got[i].name, all[i].name));
            assert_true(str_equal(got[i].type, all[i].type) && str_equal(got[i].why, all[i].why));
            assert_true(got[i].bytes == all[i].bytes && got[i].state == all[i].state && got[i].proven == all[i].proven);
        }
    }
    assert_string_equal(attachments_ids(all, 2, a).at, "fil_01000000000000000000000000 fil_01000000000000000000000001");
    arena_close(a);
}

static void other_lines_are_refused(void **state)
{
#define ONE(state, bytes)                                                                           \
    "{\"file\":\"fil_00400000000000000000000000\",\"name\":\"a\",\"type\":\"t/t\",\"bytes\":" bytes \
    ",\"state\":\"" state "\"}"
    static const struct {
        const char *label, *line;
    } cases[] = {
        {"no JSON", "x"},
        {"no list", ONE("clean", "1")},
        {"a list of something else", "[1]"},
        {"an id of another kind", "[{\"file\":\"itm_00400000000000000000000000\",\"name\":\"a\",\"type\":\"t\","
                                  "\"bytes\":1,\"state\":\"clean\"}]"},
        {"a state that does not exist", "[" ONE("fine", "1") "]"},
        {"no size", "[" ONE("clean", "null") "]"},
        {"less than nothing", "[" ONE("clean", "-1") "]"},
        {"no name", "[{\"file\":\"fil_00400000000000000000000000\",\"type\":\"t\",\"bytes\":1,\"state\":\"clean\"}]"},
    };
    struct attachment got[ATTACHMENTS_MAX];
    struct arena *a = arena_open(4096);
    struct buf many = {0};
    size_t n = 7;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (attachments_parse(str_of(cases[i].line), a, got, &n) != ERR_CORRUPT || n != 0)
            fail_msg("%s", cases[i].label);
    for (int i = 0; i <= ATTACHMENTS_MAX; i++)
        buf_printf(&many, "%s" ONE("clean", "1"), i == 0 ? "[" : ",");
    buf_char(&many, ']');
    assert_int_equal(attachments_parse(buf_view(&many), a, got, &n), ERR_CORRUPT);
    buf_free(&many);
    arena_close(a);
}

static void only_what_was_scanned_or_need_not_be_is_released(void **state)
{
    (void)state;
    for (int i = 0; i < FILE_STATES; i++) {
        enum file_state s = (enum file_state)i, again;

        assert_true(file_state_parse(str_of(file_state_name(s)), &again) && again == s);
        assert_int_equal(file_state_released(s), s == FILE_STATE_CLEAN || s == FILE_STATE_UNSCANNED);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read),
        cmocka_unit_test(other_lines_are_refused),
        cmocka_unit_test(only_what_was_scanned_or_need_not_be_is_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
