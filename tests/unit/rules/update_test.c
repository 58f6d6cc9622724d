/* update: what may be told to customers, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"
#include "rules/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define NOW      "2026-11-24T12:00:00Z"

static const struct update_languages languages = {{"en", "zh-TW", "de"}, 3};

/* A whole update; each line can be replaced by another one of the same field. */
static const char *const whole[] = {
    "'happened':{'text':{'en':'Sites were removed by mistake.'}}",
    "'scope':{'text':{'en':'883 sites','de':'883 Seiten'}}",
    "'restore':{'by':'2026-12-04T00:00:00Z'}",
    "'restored':{'percent':34}",
    "'loss':{'text':{'en':'At most five minutes.'}}",
    "'confidence':{'level':'medium'}",
    "'reach':{'text':{'en':'By the form.'}}",
    "'next_update_by':'2026-11-24T15:00:00Z'",
};

static int64_t at(const char *moment)
{
    int64_t ms = 0;

    assert_true(stamp_parse(str_of(moment), &ms));
    return ms;
}

/* Until the first colon it names what it replaces; several are separated by '|'. */
static const char *json(struct arena *a, const char *changes)
{
    struct buf b = {0};
    struct str rest = str_of(changes);
    const char *line[16];
    size_t n = 0;

    for (; n < COUNT(whole); n++)
        line[n] = whole[n];
    while (rest.len > 0) {
        const char *one = str_copy(a, str_cut(&rest, '|'));
        size_t name = strcspn(one, ":"), i = 0;

        while (i < n && strncmp(line[i], one, name + 1) != 0)
            i++;
        line[i] = one;
        n = i == n ? n + 1 : n;
    }
    for (size_t i = 0; i < n; i++)
        if (line[i][strcspn(line[i], ":") + 1] != '\0') /* "'loss':" leaves it out */
            buf_printf(&b, "%s%s", b.len == 0 ? "{" : ",", line[i]);
    buf_char(&b, '}');
    for (size_t i = 0; i < b.len; i++)
        b.at[i] = b.at[i] == '\'' ? '"' : b.at[i];

    const char *out = str_copy(a, buf_view(&b));

    buf_free(&b);
    return out;
}

static size_t read(struct arena *a, const char *text, struct update *u, struct update_fault *f)
{
    struct doc *d;

    assert_int_equal(doc_parse(&d, str_of(text), NULL, 0), ERR_OK);

    size_t n = update_read(u, d, &languages, a, f);

    doc_close(d);
    return n;
}

static const char *told(struct arena *a, const struct update_fault *f, size_t n)
{
    const char *all = "";

    for (size_t i = 0; i < n; i++)
        all = arena_printf(a, "%s%s%s %s", all, i > 0 ? ", " : "", f[i].field, f[i].code);
    return all;
}

static const char *repeated(struct arena *a, const char *what, size_t times)
{
    struct buf b = {0};

    for (size_t i = 0; i < times; i++)
        buf_text(&b, what);

    const char *s = str_copy(a, buf_view(&b));

    buf_free(&b);
    return s;
}

static const struct {
    const char *label, *changes, *faults;
} judged[] = {
    {"whole", "", ""},
    {"nothing of the seven", "'happened':|'scope':|'restore':|'restored':|'loss':|'confidence':|'reach':",
     "happened missing, scope missing, restore missing, restored missing, loss missing, confidence missing, reach "
     "missing"},
    {"null is left out", "'loss':null", "loss missing"},
    {"an empty object is empty", "'loss':{}", "loss missing"},
    {"an empty text is empty", "'loss':{'text':{'en':' \\n '}}", "loss missing"},
    {"an empty text beside another", "'loss':{'text':{'en':'','de':'Nichts'}}", "loss.en missing"},
    {"openly not known yet", "'loss':{'next_word_at':'2026-11-24T18:00:00Z'}", ""},
    {"not known yet, and why", "'loss':{'next_word_at':'2026-11-24T18:00:00Z','text':{'en':'We count.'}}", ""},
    {"why in one other language", "'loss':{'next_word_at':'2026-11-24T18:00:00Z','text':{'de':'Wir zählen.'}}",
     "loss.en missing"},
    {"both", "'restored':{'percent':1,'next_word_at':'2026-11-24T18:00:00Z'}", "restored both"},
    {"the next word now", "'loss':{'next_word_at':'2026-11-24T12:00:00Z'}", "loss.next_word_at past"},
    {"the next word in a second", "'loss':{'next_word_at':'2026-11-24T12:00:01Z'}", ""},
    {"the next word in seven days", "'loss':{'next_word_at':'2026-12-01T12:00:00Z'}", ""},
    {"the next word a second later", "'loss':{'next_word_at':'2026-12-01T12:00:01Z'}", "loss.next_word_at far"},
    {"what it is not", "'not':{'text':{'en':'No attack, no data of others.'}}", ""},
    {"what it is not, not known yet", "'not':{'next_word_at':'2026-11-24T18:00:00Z'}", "not both"},
    {"no next update", "'next_update_by':", "next_update_by missing"},
    {"no next update, said so", "'next_update_by':null", "next_update_by missing"},
    {"the next update was due", "'next_update_by':'2026-11-24T11:59:59Z'", "next_update_by past"},
    {"the next update in a month", "'next_update_by':'2026-12-24T12:00:00Z'", "next_update_by far"},
    {"the last word", "'restored':{'percent':100}|'restore':{'by':'2026-11-24T08:00:00Z'}|'next_update_by':", ""},
    {"the last word with something open",
     "'restored':{'percent':100}|'loss':{'next_word_at':'2026-11-24T18:00:00Z'}|'next_update_by':",
     "next_update_by missing"},
    {"0 %", "'restored':{'percent':0}", ""},
    {"101 %", "'restored':{'percent':101}", "restored.percent range"},
    {"-1 %", "'restored':{'percent':-1}", "restored.percent range"},
    {"half a per cent", "'restored':{'percent':0.5}", "restored.percent type"},
    {"per cent as text", "'restored':{'percent':'34'}", "restored.percent type"},
    {"an estimate that is past", "'restore':{'by':'2026-11-24T11:00:00Z'}", "restore.by past"},
    {"an estimate in 90 days", "'restore':{'by':'2027-02-22T12:00:00Z'}", ""},
    {"an estimate beyond", "'restore':{'by':'2027-02-22T12:00:01Z'}", "restore.by far"},
    {"an estimate in words alone", "'restore':{'text':{'en':'Soon'}}", "restore missing"},
    {"an estimate in words, too", "'restore':{'by':'2026-12-04T00:00:00Z','text':{'en':'In batches.'}}", ""},
    {"no moment", "'restore':{'by':'tomorrow'}", "restore.by type"},
    {"a day is no moment", "'restore':{'by':'2026-12-04'}", "restore.by type"},
    {"another zone", "'restore':{'by':'2026-12-04T08:00:00+08:00'}", ""},
    {"low", "'confidence':{'level':'low'}", ""},
    {"high", "'confidence':{'level':'high'}", ""},
    {"a confidence of our own", "'confidence':{'level':'sure'}", "confidence.level type"},
    {"a confidence in any case", "'confidence':{'level':'High'}", "confidence.level type"},
    {"a control character", "'reach':{'text':{'en':'By\\u0007phone'}}", "reach.en character"},
    {"U+0000", "'reach':{'text':{'en':'By\\u0000phone'}}", "reach.en character"},
    {"line feeds", "'reach':{'text':{'en':'By phone\\r\\nor mail'}}", ""},
    {"a language that we do not speak", "'reach':{'text':{'en':'By phone','fr':'x'}}", "reach.fr language"},
    {"a text that is none", "'reach':{'text':{'en':5}}", "reach.en type"},
    {"texts that are none", "'reach':{'text':'By phone'}", "reach.text type"},
    {"a field that is none", "'reach':'By phone'", "reach type"},
    {"another field's member", "'reach':{'percent':5,'text':{'en':'x'}}", "reach.percent unknown"},
    {"an unknown field", "'blame':{'text':{'en':'x'}}", "blame unknown"},
    {"a field's name with a quote", "'a\\\" b':{}", "a\"?b unknown"},
    {"a field's name without end", "'abcdefghijklmnopqrstuvwxyz':{}", "abcdefghijklmnopqrstuvw unknown"},
};

static void test_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(judged); i++) {
        struct arena *a = arena_open(4096);
        struct update_fault f[UPDATE_FAULTS_MAX];
        struct update u;
        size_t n = read(a, json(a, judged[i].changes), &u, f);

        if (n == 0)
            n = update_judge(&u, NULL, &languages, at(NOW), f);
        if (strcmp(told(a, f, n), judged[i].faults) != 0)
            fail_msg("%s: \"%s\"", judged[i].label, told(a, f, n));
        arena_close(a);
    }
}

static void test_lengths(void **state)
{
    static const struct {
        const char *field;
        size_t most;
    } table[] = {{"happened", UPDATE_LINE_MAX}, {"scope", UPDATE_TEXT_MAX}, {"not", UPDATE_TEXT_MAX}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        for (size_t more = 0; more < 2; more++) {
            struct arena *a = arena_open(4096);
            struct update_fault f[UPDATE_FAULTS_MAX];
            struct update u;

            assert_int_equal(read(a,
                                  json(a, arena_printf(a, "'%s':{'text':{'en':'x','zh-TW':'%s'}}", table[i].field,
                                                       repeated(a, "院", table[i].most + more))),
                                  &u, f),
                             0);
            assert_int_equal(update_judge(&u, NULL, &languages, at(NOW), f), more);
            arena_close(a);
        }
}

static const struct {
    const char *label, *before, *now, *faults;
} against[] = {
    {"the same again", "", "", ""},
    {"sooner", "", "'restore':{'by':'2026-12-03T00:00:00Z'}", ""},
    {"later, without a word", "", "'restore':{'by':'2026-12-05T00:00:00Z'}", "restore.en explain"},
    {"later, and why", "", "'restore':{'by':'2026-12-05T00:00:00Z','text':{'en':'A batch failed.'}}", ""},
    {"not known any more", "", "'restore':{'next_word_at':'2026-11-24T18:00:00Z'}", "restore.en explain"},
    {"known for the first time", "'restore':{'next_word_at':'2026-11-24T18:00:00Z'}", "", ""},
    {"more restored", "", "'restored':{'percent':35}", ""},
    {"less restored, without a word", "", "'restored':{'percent':33}", "restored.en explain"},
    {"less restored, and why", "", "'restored':{'percent':33,'text':{'en':'We count anew.'}}", ""},
};

static void test_against(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(against); i++) {
        struct arena *a = arena_open(4096);
        struct update_fault f[UPDATE_FAULTS_MAX];
        struct update before, now;
        size_t n = read(a, json(a, against[i].before), &before, f) + read(a, json(a, against[i].now), &now, f);

        assert_int_equal(n, 0);
        n = update_judge(&now, &before, &languages, at(NOW), f);
        if (strcmp(told(a, f, n), against[i].faults) != 0)
            fail_msg("%s: \"%s\"", against[i].label, told(a, f, n));
        arena_close(a);
    }
}

/* What was promised in the updates; told at NOW, of an incident that was declared an hour before. */
static const struct {
    const char *label, *changes;
    int every_min;
    const char *promised, *due;
} clocks[] = {
    {"the next update", "", 0, "2026-11-24T15:00:00Z", "2026-11-24T15:00:00Z"},
    {"an earlier word on one field", "'loss':{'next_word_at':'2026-11-24T13:30:00Z'}", 0, "2026-11-24T13:30:00Z",
     "2026-11-24T13:30:00Z"},
    {"a later word on one field", "'loss':{'next_word_at':'2026-11-25T13:30:00Z'}", 0, "2026-11-24T15:00:00Z",
     "2026-11-24T15:00:00Z"},
    {"a pack that wants it sooner", "", 60, "2026-11-24T15:00:00Z", "2026-11-24T13:00:00Z"},
    {"a pack that would wait longer", "", 600, "2026-11-24T15:00:00Z", "2026-11-24T15:00:00Z"},
    {"the last word", "'restored':{'percent':100}|'next_update_by':", 60, NULL, NULL},
    {"nothing told yet", NULL, 60, NULL, "2026-11-24T12:00:00Z"},
    {"nothing told yet, and no rule", NULL, 0, NULL, NULL},
};

static void test_clocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(clocks); i++) {
        struct arena *a = arena_open(4096);
        struct update_fault f[UPDATE_FAULTS_MAX];
        struct update u;
        bool any = clocks[i].changes != NULL;
        int64_t hour = INT64_C(3600) * 1000, due, want = clocks[i].due == NULL ? 0 : at(clocks[i].due);

        if (any)
            assert_int_equal(read(a, json(a, clocks[i].changes), &u, f), 0);
        due = update_due_ms(any ? &u : NULL, at(NOW), at(NOW) - hour, clocks[i].every_min * INT64_C(60000));
        if (due != want || (any && update_promised_ms(&u) != (clocks[i].promised == NULL ? 0 : at(clocks[i].promised))))
            fail_msg("%s: due %s", clocks[i].label, due == 0 ? "never" : stamp_print(due).at);
        arena_close(a);
    }
}

static void test_languages(void **state)
{
    struct arena *a = arena_open(4096);
    struct update_fault f[UPDATE_FAULTS_MAX];
    struct update u;
    bool own;

    (void)state;
    assert_int_equal(read(a, json(a, "'not':{'text':{'en':'No attack','zh-TW':'不是攻擊'}}"), &u, f), 0);
    assert_true(str_is(update_text(&u.part[UPDATE_NOT], 1, &own), "不是攻擊") && own);
    assert_true(str_is(update_text(&u.part[UPDATE_SCOPE], 2, &own), "883 Seiten") && own);
    assert_true(str_is(update_text(&u.part[UPDATE_NOT], 2, &own), "No attack") && !own);
    assert_int_equal(update_text(&u.part[UPDATE_RESTORE], 2, &own).len, 0);
    assert_true(own); /* nothing there is in a wrong language */
    assert_true(update_speaks(&u, 0) && !update_speaks(&u, 1) && !update_speaks(&u, 2));
    arena_close(a);
}

static void test_printed(void **state)
{
    struct arena *a = arena_open(4096);
    struct update_fault f[UPDATE_FAULTS_MAX];
    struct update u;
    const char *text = json(a, "'not':{'text':{'en':'No attack'}}|'loss':{'next_word_at':'2026-11-24T18:00:00Z','text':"
                               "{'en':'We count.'}}|'restored':{'percent':100,'text':{'en':'All','de':'Alle'}}");

    (void)state;
    assert_int_equal(read(a, text, &u, f), 0);

    struct doc *d = update_doc(&u, &languages);
    struct str once = doc_print(d, a);

    doc_close(d);
    assert_int_equal(read(a, once.at, &u, f), 0);
    d = update_doc(&u, &languages);
    assert_string_equal(doc_print(d, a).at, once.at);
    doc_close(d);
    assert_true(u.part[UPDATE_LOSS].next_word_ms == at("2026-11-24T18:00:00Z") && u.part[UPDATE_RESTORED].value == 100);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judged), cmocka_unit_test(test_lengths),   cmocka_unit_test(test_against),
        cmocka_unit_test(test_clocks), cmocka_unit_test(test_languages), cmocka_unit_test(test_printed),
    };

    return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
