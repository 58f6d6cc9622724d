/* word: what is said of tickets and accounts leads to them, by keyed indexes only. */
#include "queues/keys.h"
#include "queues/word.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lab s;

static int begin(void **state)
{
    (void)state;
    lab_open(&s);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_close(&s);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    lab_empty(&s);
    return 0;
}

static struct words words_of(const char *text)
{
    struct words w = {0};

    words_add(&w, s.arena, str_of(text));
    return w;
}

static struct ulid numbered(unsigned n)
{
    struct ulid u = {{0}};

    u.bytes[14] = (uint8_t)(n >> 8);
    u.bytes[15] = (uint8_t)n;
    return u;
}

static void put(enum id_kind kind, unsigned n, unsigned partition, int64_t at_ms, const char *text)
{
    struct change *c = change_begin(s.arena);
    struct words w = words_of(text);

    change_words(c, s.keys, partition, str_of(arena_strdup(s.arena, id_print(kind, numbered(n)).at)), at_ms, &w);
    assert_int_equal(change_run(s.redis, s.arena, c, STR(""), STR(""), STR(""), NULL), ERR_OK);
}

/* "t2 a1": tickets and accounts, as they were found. */
static const char *found(const char *text)
{
    struct words w = words_of(text);
    struct buf b = {0};
    struct word_hit *hits;
    size_t n;

    assert_int_equal(words_find(s.redis, s.keys, s.arena, &w, &hits, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%c%d", i > 0 ? " " : "", hits[i].kind == ID_ACCOUNT ? 'a' : 't',
                   hits[i].id.bytes[14] * 256 + hits[i].id.bytes[15]);

    const char *all = arena_strdup(s.arena, b.at == NULL ? "" : buf_view(&b).at);

    buf_free(&b);
    return all;
}

static const struct {
    const char *label, *question, *found;
} questions[] = {
    {"one word", "meiji", "t2 a1"},
    {"another alphabet's case", "MÜNCHEN", "t3"},
    {"all words must be there", "meiji hospital", "a1"},
    {"in any order", "hospital MEIJI", "a1"},
    {"over partitions, the newest first", "down", "t3 t2"},
    {"not the half of one", "hosp", ""},
    {"nothing that was not said", "meiji clinic", ""},
    {"no words at all", " -- ", ""},
};

static void words_lead_to_what_they_name(void **state)
{
    (void)state;
    put(ID_ACCOUNT, 1, 5, 100, "Meiji Hospital");
    put(ID_TICKET, 2, 5, 200, "Meiji is down");
    put(ID_TICKET, 3, 63, 300, "München down");
    put(ID_TICKET, 2, 5, 200, "Meiji is down"); /* and again: X3 */
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (strcmp(found(questions[i].question), questions[i].found) != 0)
            print_message("%s: %s\n", questions[i].label, found(questions[i].question));
        assert_string_equal(found(questions[i].question), questions[i].found);
    }
}

/* X2; and a late repeat of what was forgotten changes nothing. */
static void a_common_word_keeps_the_newest(void **state)
{
    struct words w = words_of("ltd");
    struct word_hit *hits;
    size_t n;

    (void)state;
    for (unsigned i = 0; i < WORD_KEPT + 20; i++)
        put(ID_TICKET, i, 7, 1000 + i, "Ltd");
    put(ID_TICKET, 3, 7, 1003, "Ltd");
    assert_int_equal(words_find(s.redis, s.keys, s.arena, &w, &hits, &n), ERR_OK);
    assert_int_equal(n, WORD_KEPT);
    assert_int_equal(hits[0].at_ms, 1000 + WORD_KEPT + 19);
    assert_int_equal(hits[n - 1].at_ms, 1020);
}

/* X1 */
static void no_word_is_in_redis(void **state)
{
    (void)state;
    put(ID_ACCOUNT, 1, 5, 100, "canary");
    assert_string_equal(lab_say(&s, "DBSIZE"), "1");
    assert_null(strstr(lab_say(&s, "RANDOMKEY"), "canary"));
    assert_non_null(strstr(lab_say(&s, "RANDOMKEY"), "{p5}:wd:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(words_lead_to_what_they_name, empty),
        cmocka_unit_test_setup(a_common_word_keeps_the_newest, empty),
        cmocka_unit_test_setup(no_word_is_in_redis, empty),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
