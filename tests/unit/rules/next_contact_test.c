/* next contact: who is written to where a mail came back. */
#include "rules/base/arena.h"
#include "rules/next_contact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SITE = CONTACT_FOR_SITE, BILLING = CONTACT_FOR_BILLING, ALL = CONTACT_FOR_ALL };

static const struct {
    const char *label;
    struct candidate c[4];
    size_t n;
    const char *not_mailbox;
    unsigned wanted;
    int index;
    const char *reason;
} rows[] = {
#define R(n, box, from, what, may, conf)                                                                  \
    .id = {{n}}, .mailbox = STR(box), .source = STR(from), .role = CONTACT_##what, .authorised_for = may, \
    .confidence = conf
    {"nobody is on record", {{R(1, "", "crm", ADMIN, ALL, 1)}}, 0, "", SITE, -1, NULL},
    {"has a phone only", {{R(1, "", "crm", ADMIN, ALL, 1)}}, 1, "", SITE, -1, NULL},
    {"only whom we wrote to", {{R(1, "a@x.example", "crm", ADMIN, ALL, 1)}}, 1, "a@x.example", SITE, -1, NULL},
    {"bounced too", {{R(1, "a@x.example", "crm", ADMIN, ALL, 1), .bounced = true}}, 1, "", SITE, -1, NULL},
    {"gone", {{R(1, "a@x.example", "crm", ADMIN, ALL, 1), .gone = true}}, 1, "", SITE, -1, NULL},
    {"the more certain of two",
     {{R(1, "a@x.example", "crm", ADMIN, ALL, 0.6)}, {R(2, "b@x.example", "billing", ADMIN, ALL, 0.9)}},
     2,
     "",
     SITE,
     1,
     "admin, authorised for site, confidence 0.90, by billing"},
    {"who may speak for the site before who pays for it",
     {{R(1, "a@x.example", "billing", BILLING, BILLING, 0.9)}, {R(2, "b@x.example", "crm", ADMIN, ALL, 0.6)}},
     2,
     "",
     SITE,
     1,
     "admin, authorised for site, confidence 0.60, by crm"},
    {"about a bill, who pays",
     {{R(1, "a@x.example", "billing", BILLING, BILLING, 0.9)}, {R(2, "b@x.example", "crm", ADMIN, SITE, 0.6)}},
     2,
     "",
     BILLING,
     0,
     "billing, authorised for billing, confidence 0.90, by billing"},
    {"nobody authorised: still somebody, and it says so",
     {{R(1, "a@x.example", "crm", OTHER, 0, 0.7)}},
     1,
     "",
     SITE,
     0,
     "other, not authorised for site, confidence 0.70, by crm"},
    {"two sources that agree add up",
     {{R(1, "a@x.example", "crm", ADMIN, ALL, 0.7)},
      {R(2, "b@x.example", "crm", ADMIN, ALL, 0.6)},
      {R(3, "b@x.example", "backup", ADMIN, ALL, 0.6)}},
     3,
     "",
     SITE,
     1,
     "admin, authorised for site, confidence 0.84, by crm and backup"},
    {"a mailbox that bounced is dead for every source",
     {{R(1, "a@x.example", "billing", ADMIN, ALL, 0.9)},
      {R(2, "a@x.example", "crm", ADMIN, ALL, 0.6), .bounced = true},
      {R(3, "b@x.example", "crm", OTHER, 0, 0.2)}},
     3,
     "",
     SITE,
     2,
     "other, not authorised for site, confidence 0.20, by crm"},
    {"gone from one source, there in another",
     {{R(1, "a@x.example", "billing", ADMIN, ALL, 0.45), .gone = true},
      {R(2, "a@x.example", "crm", TECHNICAL, SITE, 0.6)}},
     2,
     "",
     SITE,
     1,
     "technical, authorised for site, confidence 0.60, by crm"},
    {"equal: the lower id, wherever it stands",
     {{R(9, "a@x.example", "crm", ADMIN, ALL, 0.6)}, {R(3, "b@x.example", "crm", ADMIN, ALL, 0.6)}},
     2,
     "",
     0,
     1,
     "admin, confidence 0.60, by crm"},
#undef R
};

static void the_best_one_is_offered_with_a_reason(void **state)
{
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct next_contact next;
        bool any = next_contact(rows[i].c, rows[i].n, str_of(rows[i].not_mailbox), rows[i].wanted, a, &next);

        if (any != (rows[i].index >= 0))
            fail_msg("%s: %s", rows[i].label, any ? next.reason.at : "nobody");
        if (any && ((int)next.index != rows[i].index || !str_is(next.reason, rows[i].reason)))
            fail_msg("%s: %zu, %s", rows[i].label, next.index, next.reason.at);
    }
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_best_one_is_offered_with_a_reason)};

    return cmocka_run_group_tests_name("next_contact", tests, NULL, NULL);
}
