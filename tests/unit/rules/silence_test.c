/* silence: since when a customer has heard nothing, from all of its work. */
#include "rules/silence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "o1@5": work 1 was opened at 5; h heard, t told, s settled, r reopened. */
static const struct {
    const char *label, *story;
    int since; /* -1: it does not wait */
    size_t open;
} stories[] = {
    {"nothing happened", "", -1, 0},
    {"asked", "o1@5", 5, 1},
    {"asked again: still since the first", "o1@5 h1@9", 5, 1},
    {"answered, and still open", "o1@5 t@9", 9, 1},
    {"answered and solved", "o1@5 t@9 s1@10", -1, 0},
    {"solved by the answer", "o1@5 s1@9 t@9", -1, 0},
    {"closed without a word", "o1@5 s1@9", 5, 0},
    {"nine closed duplicates",
     "o1@1 o2@2 o3@3 o4@4 o5@5 o6@6 o7@7 o8@8 o9@9 s1@10 s2@10 s3@10 s4@10 s5@10 s6@10 s7@10 s8@10 s9@10", 1, 0},
    {"a word on any of them is a word", "o1@1 o2@2 t@5 s1@6 s2@6", -1, 0},
    {"and begins anew for what is open", "o1@1 o2@2 t@5 s1@6", 5, 1},
    {"solved, told, asked again much later", "o1@1 t@2 s1@3 r1@50", 50, 1},
    {"wrote on closed work, and nobody answered", "o1@1 t@2 s1@3 h1@50", 50, 0},
    {"new work after an end", "o1@1 t@2 s1@3 o2@60", 60, 1},
    {"told before anything was asked", "t@1 o1@9", 9, 1},
    {"told at the moment of asking", "t@9 o1@9", 9, 1},
    {"settled twice", "o1@1 s1@2 s1@3 o2@4 t@5", 5, 1},
    {"out of order", "t@9 s1@10 o1@5", -1, 0},
};

static size_t read_story(const char *story, struct silence_event *out)
{
    static const char letters[] = "ohtsr";
    size_t n = 0;

    for (const char *p = story; *p != '\0'; p += strcspn(p, " "), p += *p == ' ') {
        const char *letter = strchr(letters, *p), *at = strchr(p, '@');

        assert_non_null(letter);
        out[n++] = (struct silence_event){(enum silence_event_kind)(letter - letters),
                                          at == p + 1 ? 0 : (size_t)atoi(p + 1), atoi(at + 1)};
    }
    return n;
}

static void a_customer_waits_for_a_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        struct silence_event events[32];
        bool open[10];
        struct silence s;

        silence_judge(events, read_story(stories[i].story, events), open, 10, &s);
        if (s.waits != (stories[i].since >= 0) || (s.waits && s.since_ms != stories[i].since) ||
            s.open != stories[i].open)
            fail_msg("%s: waits %d since %d, %zu open", stories[i].label, s.waits, (int)s.since_ms, s.open);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_customer_waits_for_a_word)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
