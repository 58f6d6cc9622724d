/* CSV as spreadsheets and exports really write it. */
#include "rules/csv.h"

#include "rules/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(65536);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(arena);
    return 0;
}

/* "1:a|b 3:!fault": line, fields, or the fault of each row. */
static const char *told(struct str text)
{
    struct csv c;
    struct csv_row row;
    struct buf b = {0};

    csv_open(&c, text);
    while (csv_next(&c, arena, &row)) {
        buf_printf(&b, "%s%zu:", b.len == 0 ? "" : " ", row.line);
        if (row.fault != NULL)
            buf_printf(&b, "!%s", row.fault);
        for (size_t i = 0; i < row.count; i++) {
            buf_text(&b, i == 0 ? "" : "|");
            buf_str(&b, row.field[i]);
        }
    }

    const char *s = str_copy(arena, buf_view(&b));

    buf_free(&b);
    return s;
}

static void rows_are_read(void **state)
{
    static const struct {
        const char *label;
        struct str text;
        const char *told;
    } rows[] = {
        {"plain", STR("a,b\nc,d\n"), "1:a|b 2:c|d"},
        {"no line end at the end", STR("a,b\nc,d"), "1:a|b 2:c|d"},
        {"CRLF", STR("a,b\r\nc,d\r\n"), "1:a|b 2:c|d"},
        {"byte order mark",
         STR("\xEF\xBB\xBF"
             "a,b\n"),
         "1:a|b"},
        {"semicolons", STR("a;b,c;d\n1;2,2;3\n"), "1:a|b,c|d 2:1|2,2|3"},
        {"semicolons within quotes do not count", STR("\"a;;;\",b\n1,2\n"), "1:a;;;|b 2:1|2"},
        {"empty fields", STR("a,,\n,,c\n"), "1:a|| 2:||c"},
        {"white space around", STR(" a ,\tb\n"), "1:a|b"},
        {"quoted separator", STR("\"a,b\",c\n"), "1:a,b|c"},
        {"quoted line ends", STR("a,b\n\"c\r\nd\ne\",f\ng,h\n"), "1:a|b 2:c\r\nd\ne|f 5:g|h"},
        {"doubled quotes", STR("\"say \"\"hi\"\"\",b\n"), "1:say \"hi\"|b"},
        {"only doubled quotes", STR("\"\"\"\",\"\"\n"), "1:\"|"},
        {"quote in a plain field", STR("5\" disk,b\n"), "1:5\" disk|b"},
        {"empty lines", STR("a,b\n\n\r\n,\nc,d\n\n"), "1:a|b 5:c|d"},
        {"nothing", STR(""), ""},
        {"only a line end", STR("\n"), ""},
        {"one field", STR("a"), "1:a"},
        {"separator at the end", STR("a,"), "1:a|"},
        {"lone CR is text", STR("a\rb,c\n"), "1:a\rb|c"},
        {"text behind a quote costs one line", STR("\"a\"b,c\nd,e\n"), "1:!text behind a closing quote 2:d|e"},
        {"a lost quote costs one line", STR("\"a,b\n\"c\",d\ne,f\n"), "1:!text behind a closing quote 2:c|d 3:e|f"},
        {"a quote that never closes costs one line", STR("\"a,b\nc,d\n"), "1:!a quote was never closed 2:c|d"},
        {"quote at the very end", STR("a,\""), "1:!a quote was never closed"},
        {"not UTF-8 costs one line", STR("a\xFF,b\nc,d\n"), "1:!not UTF-8 2:c|d"},
        {"NUL costs one line", STR("a\0,b\nc,d\n"), "1:!a NUL byte 2:c|d"},
        {"UTF-16",
         STR("\xFF\xFE"
             "a\0,\0"),
         "1:!not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(told(rows[i].text), rows[i].told) != 0)
            fail_msg("%s: %s", rows[i].label, told(rows[i].text));
}

static struct str repeated(char c, size_t n, const char *tail)
{
    char *p = arena_take(arena, n + strlen(tail) + 1);

    memset(p, c, n);
    strcpy(p + n, tail);
    return str_of(p);
}

static void bounds_hold(void **state)
{
    struct csv c;
    struct csv_row row;

    (void)state;
    csv_open(&c, repeated('a', CSV_FIELD_BYTES_MAX, ",b\n"));
    assert_true(csv_next(&c, arena, &row) && row.count == 2 && row.field[0].len == CSV_FIELD_BYTES_MAX);
    assert_string_equal(told(repeated('a', CSV_FIELD_BYTES_MAX + 1, ",b\nc\n")), "1:!a field is too long 2:c");
    csv_open(&c, repeated(',', CSV_COLUMNS_MAX - 1, "x\n"));
    assert_true(csv_next(&c, arena, &row) && row.count == CSV_COLUMNS_MAX);
    assert_string_equal(told(repeated(',', CSV_COLUMNS_MAX, "x\nc\n")), "1:!too many columns 2:c");

    struct str quoted = repeated('a', CSV_FIELD_BYTES_MAX + 2, "\",b\nc\n");

    *(char *)quoted.at = '"';
    assert_string_equal(told(quoted), "1:!a field is too long, or a quote was never closed 2:c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(bounds_hold),
    };

    return cmocka_run_group_tests_name("csv", tests, open_arena, close_arena);
}
