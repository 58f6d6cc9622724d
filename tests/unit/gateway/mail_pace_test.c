/* When a mail is tried again, and how fast one domain is written to. */
#include "gateway/mail/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const int64_t T0 = 1795511523000, S = 1000, MIN = 60000, H = 3600000;

static void test_retry(void **state)
{
    (void)state;

    const struct {
        const char *label;
        enum mail_kind kind;
        int tries;
        int64_t age_ms, lives_ms, wait_ms; /* lives_ms 0: no end of its own; wait_ms -1: given up */
    } rows[] = {
        {"a code, first failure", MAIL_CODE, 0, 0, 30 * MIN, 2 * S},
        {"second", MAIL_CODE, 1, 0, 30 * MIN, 5 * S},
        {"third", MAIL_CODE, 2, 0, 30 * MIN, 15 * S},
        {"fourth", MAIL_CODE, 3, 0, 30 * MIN, 30 * S},
        {"fifth and later", MAIL_CODE, 4, 0, 30 * MIN, 60 * S},
        {"twentieth", MAIL_CODE, 19, 0, 30 * MIN, 60 * S},
        {"a code that would come too late", MAIL_CODE, 4, 29 * MIN, 30 * MIN, -1},
        {"a code that comes just in time", MAIL_CODE, 4, 29 * MIN - 1, 30 * MIN, 60 * S},
        {"another mail", MAIL_OTHER, 0, 0, 0, 1 * MIN},
        {"its second", MAIL_OTHER, 1, 0, 0, 2 * MIN},
        {"its ninth", MAIL_OTHER, 8, 0, 0, 6 * H},
        {"its twentieth", MAIL_OTHER, 19, 0, 0, 6 * H},
        {"after two days and 18 hours", MAIL_OTHER, 9, 66 * H - 1, 0, 6 * H},
        {"a moment later there is no next time", MAIL_OTHER, 9, 66 * H, 0, -1},
        {"its own end counts first", MAIL_OTHER, 0, 0, 30 * S, -1},
        {"nonsense counts as none", MAIL_CODE, -1, 0, 30 * MIN, 2 * S},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mail m = {.kind = rows[i].kind, .tries = rows[i].tries, .made_ms = T0};

        m.expires_ms = rows[i].lives_ms == 0 ? 0 : T0 + rows[i].lives_ms;

        int64_t now = T0 + rows[i].age_ms, at = pace_retry_at_ms(&m, now);

        if (at != (rows[i].wait_ms < 0 ? -1 : now + rows[i].wait_ms))
            fail_msg("%s: %jd", rows[i].label, (intmax_t)(at - now));
    }
}

static int64_t ask(struct pace *p, enum mail_kind kind, const char *to, int64_t now_ms)
{
    struct mail m = {.kind = kind, .to.address = str_of(to)};

    return pace_wait_ms(p, &m, now_ms);
}

static void test_burst_then_gaps(void **state)
{
    (void)state;

    static struct pace p;

    for (int i = 0; i < PACE_OTHER_BURST; i++)
        assert_int_equal(ask(&p, MAIL_OTHER, "a@example.org", T0), 0);
    for (int i = 1; i <= 5; i++)
        assert_int_equal(ask(&p, MAIL_OTHER, "b@EXAMPLE.org", T0), i * PACE_OTHER_GAP_MS);
    /* Other domains and codes do not wait for them. */
    assert_int_equal(ask(&p, MAIL_OTHER, "a@example.net", T0), 0);
    assert_int_equal(ask(&p, MAIL_CODE, "a@example.org", T0), 0);
    /* The turns that were booked are kept: only then comes the next. */
    assert_int_equal(ask(&p, MAIL_OTHER, "a@example.org", T0 + 5 * PACE_OTHER_GAP_MS), PACE_OTHER_GAP_MS);
    /* After a rest the whole burst is there again. */
    for (int i = 0; i < PACE_OTHER_BURST; i++)
        assert_int_equal(ask(&p, MAIL_OTHER, "a@example.org", T0 + H), 0);
    assert_true(ask(&p, MAIL_OTHER, "a@example.org", T0 + H) > 0);
}

static void test_who_waited_does_not_wait_again(void **state)
{
    (void)state;

    static struct pace p;
    struct mail m = {.kind = MAIL_CODE, .to.address = STR("a@example.org")};

    for (int i = 0; i < PACE_CODE_BURST; i++)
        assert_int_equal(pace_wait_ms(&p, &m, T0), 0);
    assert_int_equal(pace_wait_ms(&p, &m, T0), PACE_CODE_GAP_MS);
    m.held = true;
    assert_int_equal(pace_wait_ms(&p, &m, T0 + PACE_CODE_GAP_MS), 0);
    m.held = false; /* and did not book a second turn */
    assert_int_equal(pace_wait_ms(&p, &m, T0 + PACE_CODE_GAP_MS), PACE_CODE_GAP_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_burst_then_gaps),
        cmocka_unit_test(test_who_waited_does_not_wait_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
