/* joining: which mail continues what, and who speaks in it. */
#include "rules/joining.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *label;
    struct joining_signs signs;
    bool answers, by_address;
    enum joining_hint hint;
} readings[] = {
    {"a new mail", {.senders = 1}, false, false, JOINING_NOTHING},
    {"to a reply address", {.address = true, .senders = 1}, true, true, JOINING_NOTHING},
    {"by Message-ID only", {.id = true, .senders = 1}, true, false, JOINING_NOTHING},
    {"by both", {.address = true, .id = true, .senders = 1}, true, true, JOINING_NOTHING},
    {"a good mark beside a forged one", {.address = true, .forged = true, .senders = 1}, true, true, JOINING_NOTHING},
    {"a good mark, several senders", {.address = true, .senders = 2}, false, true, JOINING_SENDERS},
    {"a good mark, no sender", {.id = true, .senders = 0}, false, false, JOINING_SENDERS},
    {"a forged mark", {.forged = true, .senders = 1}, false, false, JOINING_FORGED},
    {"a forged mark and a reference", {.forged = true, .subject = true, .senders = 1}, false, false, JOINING_FORGED},
    {"a reference in the subject", {.subject = true, .senders = 1}, false, false, JOINING_SUBJECT},
    {"a reference and a good mark", {.subject = true, .id = true, .senders = 1}, true, false, JOINING_NOTHING},
};

static void a_mail_answers_by_a_good_mark_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        struct joining_claim c = joining_read(&readings[i].signs);

        if (c.answers != readings[i].answers || c.by_address != readings[i].by_address || c.hint != readings[i].hint)
            fail_msg("%s: %d %d %s", readings[i].label, c.answers, c.by_address, joining_hint_word(c.hint));
    }
}

#define OTHER        \
    {                \
        false, false \
    }
#define ADDRESSEE   \
    {               \
        true, false \
    }
#define COLLEAGUE   \
    {               \
        false, true \
    }
#define HIMSELF    \
    {              \
        true, true \
    }

static const struct {
    const char *label;
    struct joining_person people[3];
    size_t n;
    int who;
} judgements[] = {
    {"nobody takes part", {OTHER}, 0, JOINING_NOBODY},
    {"whom we wrote to", {OTHER, HIMSELF, OTHER}, 3, 1},
    {"a colleague on the same work", {ADDRESSEE, OTHER, COLLEAGUE}, 3, 2},
    {"a stranger", {ADDRESSEE, OTHER, OTHER}, 3, JOINING_NOBODY},
    {"one mailbox twice: as whom we wrote to", {COLLEAGUE, OTHER, HIMSELF}, 3, 2},
    {"one mailbox twice, neither was written to", {COLLEAGUE, ADDRESSEE, COLLEAGUE}, 3, 0},
};

static void only_who_takes_part_speaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof judgements / sizeof judgements[0]; i++) {
        int who = joining_judge(judgements[i].people, judgements[i].n);

        if (who != judgements[i].who)
            fail_msg("%s: %d", judgements[i].label, who);
    }
}

static void hints_are_kept_as_words(void **state)
{
    (void)state;
    for (int h = 0; h < JOINING_HINTS; h++)
        assert_int_equal(joining_hint_parse(str_of(joining_hint_word((enum joining_hint)h))), h);
    assert_int_equal(joining_hint_parse(STR("anything")), JOINING_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_answers_by_a_good_mark_only),
        cmocka_unit_test(only_who_takes_part_speaks),
        cmocka_unit_test(hints_are_kept_as_words),
    };

    return cmocka_run_group_tests_name("joining", tests, NULL, NULL);
}
