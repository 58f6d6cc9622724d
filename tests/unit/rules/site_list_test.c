/* Lists of sites: what is read, and what makes a list one of something else. */
#include "rules/site_list.h"

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

/* "ACME1 GLOBEX.EXAMPLE* …", * own, each with its products in brackets; or "line: reason; …". */
static const char *read_list(struct str file)
{
    struct site_list l;
    struct buf b = {0};

    if (site_list_parse(file, arena, &l))
        for (size_t i = 0; i < l.n; i++) {
            buf_printf(&b, "%s%.*s%s", i > 0 ? " " : "", (int)l.rows[i].canonical.len, l.rows[i].canonical.at,
                       l.rows[i].own ? "*" : "");
            if (l.rows[i].products.len > 0)
                buf_printf(&b, "(%.*s)", (int)l.rows[i].products.len, l.rows[i].products.at);
        }
    for (size_t i = 0; i < l.fault_count; i++)
        buf_printf(&b, "%s%zu: %s", i > 0 ? "; " : "", l.faults[i].line, l.faults[i].reason);

    const char *text = str_copy(arena, buf_view(&b));

    buf_free(&b);
    return text;
}

#define KIND  "an id of another kind: not of a site"
#define COUNT "another number of columns than in the first line"

static void lists_are_read(void **state)
{
    static const struct {
        const char *label, *file, *wanted;
    } rows[] = {
        {"one id a line", "ACME-1\nacme 2\n", "ACME1 ACME2"},
        {"the last line without an end", "ACME-1\nACME-2", "ACME1 ACME2"},
        {"lines of another system", "ACME-1\r\nACME-2\r\n", "ACME1 ACME2"},
        {"a mark of its encoding", "\xEF\xBB\xBFsite_id\nACME-1\n", "ACME1"},
        {"a header", "site_id\nACME-1\n", "ACME1"},
        {"a header of any case", "Site\nACME-1\n", "ACME1"},
        {"other columns are not read", "account,site_id,note\nEX-1,ACME-1,x\n", "ACME1"},
        {"semicolons", "site_id;own\nACME-1;yes\nACME-2;no\n", "ACME1* ACME2"},
        {"own and products", "own,site_id,products\n1,ACME-1,wiki\n,ACME-2,\"chat, desk\"\n",
         "ACME1*(wiki) ACME2(chat, desk)"},
        {"hosts and addresses", "https://acme.cloud.example/wiki\nwww.globex.example\n",
         "acme.cloud.example globex.example"},
        {"empty lines", "\nACME-1\n\n\nACME-2\n\n", "ACME1 ACME2"},
        {"the same site twice is one", "ACME-1\nacme1\nACME-2\n", "ACME1 ACME2"},
        {"a host that begins like an id", "app.one.example:8443\n", "app.one.example"},
        {"a word with a kind in it", "ACCORD-12\n", "ACCORD12"},
        {"our own word for a site", "site_4711\n", "SITE4711"},

        {"ids of apps", "ACME-1\napp_77\napp_78\n", "2: " KIND "; 3: " KIND},
        {"our own ids of accounts", "acc_01J9Z3NDEKTSV4RRFFQ69G5FAV\n", "1: " KIND},
        {"in any case", "APP_77\n", "1: " KIND},
        {"with a colon", "app:77\n", "1: " KIND},
        {"a header of app ids", "app_id\n1001\n", "1: no column \"site_id\": ids of another kind do not name sites"},
        {"a header of customers", "account,own\nEX-1,no\n",
         "1: no column \"site_id\": ids of another kind do not name sites"},
        {"nothing", "", "1: no site in it"},
        {"a header alone", "site_id\n", "1: no site in it"},
        {"an id too short to be one", "ACME-1\nx\n", "2: not the id, host or address of a site"},
        {"a line with more", "ACME-1\nACME-2,yes\n", "2: " COUNT},
        {"a line with less", "site_id,own\nACME-1\n", "2: " COUNT},
        {"own is neither", "site_id,own\nACME-1,perhaps\n", "2: \"own\" is yes or no"},
        {"no id in it", "site_id,own\n,yes\n", "2: no id"},
        {"own and not own", "site_id,own\nACME-1,yes\nacme1,no\n",
         "3: the same site as in another line, once as the vendor's own and once not"},
        {"bytes that are no text", "ACME-1\n\xff\xfe\n", "2: not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *read = read_list(str_of(rows[i].file));

        if (strcmp(read, rows[i].wanted) != 0)
            fail_msg("%s: %s", rows[i].label, read);
    }
}

static void a_long_list_is_read_whole_and_its_faults_are_bounded(void **state)
{
    struct site_list l;
    struct buf b = {0};

    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_printf(&b, "SITE-%d\nsite%d\n", i + 100000, i + 100000);
    assert_true(site_list_parse(buf_view(&b), arena, &l));
    assert_int_equal(l.n, 5000);
    assert_int_equal(l.repeated, 5000);
    for (int i = 0; i < 2000; i++)
        buf_printf(&b, "app_%d\n", i);
    assert_false(site_list_parse(buf_view(&b), arena, &l));
    assert_int_equal(l.fault_count, SITE_LIST_FAULTS_MAX);
    assert_int_equal(l.bad, 2000);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(a_long_list_is_read_whole_and_its_faults_are_bounded),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
