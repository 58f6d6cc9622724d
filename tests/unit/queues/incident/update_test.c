/* updates of an incident: begun by one, approved by another, as it was read; on a real redis-server. */
#include "queues/incident/incident.h"
#include "queues/incident/update.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "tests/unit/queues/scratch_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1790000000000)
#define MINUTE INT64_C(60000)
#define MEI    "stf_00000000000000000000000001 Mei Lin"
#define AYA    "stf_00000000000000000000000002 Aya"
#define EVE    "stf_00000000000000000000000003 Eve"

static const struct update_languages languages = {{"en", "de"}, 2};
static struct lab s;
static struct update_fault faults[UPDATE_FAULTS_MAX];
static size_t fault_count;

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
    struct incident i;
    struct incident_declaration d = {.slug = STR("loss"),
                                     .title = STR("Sites removed"),
                                     .pack = STR("site-loss"),
                                     .rules = STR("x"),
                                     .severity = STR("large"),
                                     .by = STR(MEI),
                                     .at_ms = NOW};

    (void)state;
    lab_empty(&s);
    return incident_declare(s.redis, s.keys, s.arena, &d, &i, NULL) == ERR_OK ? 0 : -1;
}

static struct update_desk desk(const char *by, int64_t minutes)
{
    return (struct update_desk){.redis = s.redis,
                                .keys = s.keys,
                                .arena = s.arena,
                                .languages = &languages,
                                .slug = STR("loss"),
                                .by = str_of(by),
                                .now_ms = NOW + minutes * MINUTE};
}

/* Whole; the next one is promised in so many minutes after NOW. */
static struct update words(const char *happened, int percent, int next)
{
    struct update u = {.next_update_ms = NOW + next * MINUTE};

    for (int f = 0; f < UPDATE_NOT; f++) {
        u.part[f].given = true;
        if (update_field_kind((enum update_field)f) == UPDATE_KIND_TEXT)
            u.part[f].text[0] = str_of(happened);
    }
    u.part[UPDATE_RESTORE].value = NOW + 6000 * MINUTE;
    u.part[UPDATE_RESTORED].value = percent;
    u.part[UPDATE_CONFIDENCE].value = UPDATE_LOW;
    return u;
}

static struct update_record begun(const char *by, int64_t minutes, const char *happened, int percent)
{
    struct update_desk d = desk(by, minutes);
    struct update u = words(happened, percent, 180);
    struct update_record r;

    assert_int_equal(update_begin(&d, &u, &r), ERR_OK);
    return r;
}

static enum err approve(const char *by, int64_t minutes, struct ulid id, int64_t revision)
{
    struct update_desk d = desk(by, minutes);
    struct update_record r;

    return update_approve(&d, id, revision, &r, faults, &fault_count);
}

static enum err withdraw(const char *by, int64_t minutes, struct ulid id, const char *why)
{
    struct update_desk d = desk(by, minutes);
    struct update_record r;

    return update_withdraw(&d, id, str_of(why), &r);
}

static enum err write_anew(const char *by, struct ulid id, int64_t revision, const char *happened)
{
    struct update_desk d = desk(by, 1);
    struct update u = words(happened, 10, 180);
    struct update_record r;

    return update_write(&d, id, revision, &u, &r);
}

static struct updates all(void)
{
    struct update_desk d = desk(MEI, 0);
    struct updates u;

    assert_int_equal(updates_read(&d, &u), ERR_OK);
    return u;
}

static int64_t standing(void)
{
    struct updates u = all();
    const struct update_record *r = updates_standing(&u);

    return r == NULL ? 0 : r->number;
}

static int64_t told_ms(void)
{
    struct redis_value *v;
    size_t n;

    update_told_queue(s.redis, s.arena, STR("loss"));
    assert_int_equal(redis_flush(s.redis, s.arena, &v, &n), ERR_OK);
    return update_told_parse(&v[0]);
}

static const char *public_version(void)
{
    return lab_say(&s, "HGET {p0}:iu v");
}

static void stands_once_a_second_person_approved_it(void **state)
{
    struct update_record r = begun(MEI, 0, "Gone.", 10);

    (void)state;
    assert_true(r.number == 1 && r.revision == 1 && r.state == UPDATE_DRAFT && r.writers == 1);
    assert_int_equal(standing(), 0);
    assert_int_equal(told_ms(), 0);
    assert_string_equal(public_version(), "(nil)");
    assert_int_equal(approve(MEI, 1, r.id, 1), ERR_DENIED);
    assert_int_equal(standing(), 0);
    assert_int_equal(approve(AYA, 2, r.id, 1), ERR_OK);
    assert_int_equal(standing(), 1);
    assert_int_equal(told_ms(), NOW + 2 * MINUTE);
    assert_string_equal(public_version(), "1");
    assert_int_equal(approve(AYA, 3, r.id, 1), ERR_OK); /* sent again */
    assert_int_equal(told_ms(), NOW + 2 * MINUTE);
    assert_int_equal(approve(EVE, 3, r.id, 1), ERR_GONE);
}

static void only_what_was_read_is_approved(void **state)
{
    struct update_record r = begun(MEI, 0, "Gone.", 10);

    (void)state;
    assert_int_equal(write_anew(EVE, r.id, 1, "Gone, all of it."), ERR_OK);
    assert_int_equal(write_anew(EVE, r.id, 1, "Gone, all of it."), ERR_OK); /* sent again */
    assert_int_equal(write_anew(MEI, r.id, 1, "Gone again."), ERR_CONFLICT);
    assert_int_equal(approve(AYA, 2, r.id, 1), ERR_CONFLICT);
    assert_int_equal(approve(EVE, 2, r.id, 2), ERR_DENIED); /* a word of hers is in it */
    assert_int_equal(approve(AYA, 2, r.id, 2), ERR_OK);
    assert_int_equal(write_anew(MEI, r.id, 2, "Better."), ERR_GONE);
    assert_int_equal(all().list[0].writers, 2);
}

static void is_judged_when_it_is_approved(void **state)
{
    struct update_record first = begun(MEI, 0, "Gone.", 50), second;

    (void)state;
    assert_int_equal(approve(AYA, 180, first.id, 1), ERR_INPUT);
    assert_int_equal(fault_count, 1);
    assert_string_equal(faults[0].field, "next_update_by");
    assert_string_equal(faults[0].code, "past");
    assert_int_equal(standing(), 0);
    assert_int_equal(approve(AYA, 1, first.id, 1), ERR_OK);
    second = begun(MEI, 2, "Less is back than we said.", 40);
    assert_int_equal(approve(AYA, 3, second.id, 1), ERR_INPUT);
    assert_string_equal(faults[0].code, "explain");
}

static void what_is_withdrawn_stands_no_more_and_stays_visible(void **state)
{
    struct update_record a = begun(MEI, 0, "Gone.", 10), b = begun(MEI, 1, "Gone, and more.", 11);
    struct updates u;

    (void)state;
    assert_int_equal(approve(AYA, 2, b.id, 1), ERR_OK);
    assert_int_equal(approve(AYA, 3, a.id, 1), ERR_INPUT); /* 10 % after 11 % */
    assert_int_equal(withdraw(MEI, 4, b.id, "The number was wrong."), ERR_OK);
    assert_int_equal(standing(), 0);
    assert_string_equal(public_version(), "2");
    assert_int_equal(withdraw(MEI, 5, b.id, "The number was wrong."), ERR_OK); /* sent again */
    assert_int_equal(withdraw(EVE, 5, b.id, "I think so, too."), ERR_GONE);
    assert_int_equal(approve(AYA, 5, a.id, 1), ERR_OK);
    assert_int_equal(standing(), 1);
    u = all();
    assert_int_equal(u.n, 2);
    assert_true(u.list[0].number == 2 && u.list[0].state == UPDATE_WITHDRAWN);
    assert_true(str_is(u.list[0].why, "The number was wrong.") && u.list[0].approved_ms == NOW + 2 * MINUTE);
    assert_int_equal(approve(AYA, 6, b.id, 1), ERR_GONE);
    assert_int_equal(withdraw(MEI, 6, ulid_fresh(), "x"), ERR_ABSENT);
}

static void a_draft_that_is_put_aside_tells_nobody(void **state)
{
    struct update_record a = begun(MEI, 0, "Gone.", 10);

    (void)state;
    assert_int_equal(withdraw(AYA, 1, a.id, "Too early."), ERR_OK);
    assert_string_equal(public_version(), "(nil)");
    assert_int_equal(told_ms(), 0);
}

static void the_same_words_sent_twice_are_one_draft(void **state)
{
    struct update_record a = begun(MEI, 0, "Gone.", 10), b = begun(MEI, 1, "Gone.", 10), c = begun(AYA, 1, "Gone.", 10);

    (void)state;
    assert_true(ulid_equal(a.id, b.id) && !ulid_equal(a.id, c.id));
    assert_int_equal(all().n, 2);
}

static void a_promise_is_late_once(void **state)
{
    struct update_desk d = desk("system", 200);
    struct incident_happening *h;
    bool first;
    size_t n, late = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(update_late(&d, NOW + 180 * MINUTE, &first), ERR_OK);
        assert_int_equal(first, i == 0);
    }
    assert_int_equal(update_late(&d, NOW + 190 * MINUTE, &first), ERR_OK);
    assert_true(first);
    assert_int_equal(incident_history(s.redis, s.keys, s.arena, STR("loss"), &h, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        late += str_is(h[i].kind, "update-late");
    assert_int_equal(late, 2);
}

static void every_step_is_in_the_timeline_and_no_text_in_clear(void **state)
{
    static const char *const kinds[] = {"declared", "update-drafted", "update-approved", "update-withdrawn"};
    struct update_record a = begun(MEI, 0, "Gone.", 10);
    struct incident_happening *h;
    size_t n;

    (void)state;
    assert_int_equal(approve(AYA, 1, a.id, 1), ERR_OK);
    assert_int_equal(withdraw(AYA, 2, a.id, "Wrong."), ERR_OK);
    assert_int_equal(incident_history(s.redis, s.keys, s.arena, STR("loss"), &h, &n), ERR_OK);
    assert_int_equal(n, 4);
    for (size_t i = 0, found = 0; i < 4; i++, found = 0) {
        for (size_t k = 0; k < n; k++)
            found += str_is(h[k].kind, kinds[i]);
        assert_int_equal(found, 1);
    }
    assert_null(strstr(lab_say(&s, "HVALS {p0}:iu:loss"), "Gone."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stands_once_a_second_person_approved_it, empty),
        cmocka_unit_test_setup(only_what_was_read_is_approved, empty),
        cmocka_unit_test_setup(is_judged_when_it_is_approved, empty),
        cmocka_unit_test_setup(what_is_withdrawn_stands_no_more_and_stays_visible, empty),
        cmocka_unit_test_setup(a_draft_that_is_put_aside_tells_nobody, empty),
        cmocka_unit_test_setup(the_same_words_sent_twice_are_one_draft, empty),
        cmocka_unit_test_setup(a_promise_is_late_once, empty),
        cmocka_unit_test_setup(every_step_is_in_the_timeline_and_no_text_in_clear, empty),
    };

    return cmocka_run_group_tests_name("updates", tests, begin, end);
}
