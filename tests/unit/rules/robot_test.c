/* robot: which mails no person wrote. */
#include "rules/robot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ANA "ana@example.org"

static const struct {
    const char *label;
    struct robot_signs signs;
    enum robot robot;
} rows[] = {
#define MAIL(...)                                              \
    {                                                          \
        .return_path = STR(ANA), .from = STR(ANA), __VA_ARGS__ \
    }
    {"a person", MAIL(.received = 4), ROBOT_NONE},
    {"says that a person wrote it", MAIL(.auto_submitted = STR("no")), ROBOT_NONE},
    {"the same with a parameter", MAIL(.auto_submitted = STR("No; x=y")), ROBOT_NONE},
    {"a vacation robot", MAIL(.auto_submitted = STR("auto-replied")), ROBOT_AUTO_SUBMITTED},
    {"in capitals, with a parameter", MAIL(.auto_submitted = STR("Auto-Generated; type=x")), ROBOT_AUTO_SUBMITTED},
    {"a word of tomorrow", MAIL(.auto_submitted = STR("auto-notified")), ROBOT_AUTO_SUBMITTED},
    {"from nobody", {.from = STR(ANA)}, ROBOT_NULL_PATH},
    {"bulk", MAIL(.precedence = STR("bulk")), ROBOT_PRECEDENCE},
    {"junk", MAIL(.precedence = STR("Junk ")), ROBOT_PRECEDENCE},
    {"list", MAIL(.precedence = STR("list")), ROBOT_PRECEDENCE},
    {"an old vacation robot", MAIL(.precedence = STR("auto_reply")), ROBOT_PRECEDENCE},
    {"in a hurry", MAIL(.precedence = STR("first-class")), ROBOT_NONE},
    {"wants no answers", MAIL(.suppress = STR("All")), ROBOT_SUPPRESS},
    {"wants none, in a list", MAIL(.suppress = STR("DR, OOF, AutoReply")), ROBOT_SUPPRESS},
    {"wants no reports only", MAIL(.suppress = STR("DR,NDR,RN,NRN")), ROBOT_NONE},
    {"a mailing list", MAIL(.list = true), ROBOT_MAILING_LIST},
    {"a report", MAIL(.report = true), ROBOT_REPORT},
    {"one of ours came round", MAIL(.own = true), ROBOT_OWN},
    {"the daemon in From", {.return_path = STR(ANA), .from = STR("MAILER-DAEMON@mx.example")}, ROBOT_DAEMON},
    {"the daemon in the envelope", {.return_path = STR("mailer-daemon@mx.example"), .from = STR(ANA)}, ROBOT_DAEMON},
    {"a list's owner", {.return_path = STR("owner-news@example.org"), .from = STR(ANA)}, ROBOT_DAEMON},
    {"a list's robot", {.return_path = STR("news-request@example.org"), .from = STR(ANA)}, ROBOT_DAEMON},
    {"somebody called owner", {.return_path = STR("owner@example.org"), .from = STR("owner@example.org")}, ROBOT_NONE},
    {"a long way", MAIL(.received = 25), ROBOT_NONE},
    {"in circles", MAIL(.received = 26), ROBOT_CIRCLE},
#undef MAIL
};

static void robots_are_told_from_people(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (robot_judge(&rows[i].signs) != rows[i].robot)
            fail_msg("%s: %s", rows[i].label, robot_word(robot_judge(&rows[i].signs)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(robots_are_told_from_people)};

    return cmocka_run_group_tests_name("robot", tests, NULL, NULL);
}
