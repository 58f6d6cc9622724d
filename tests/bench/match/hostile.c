/* What a decision costs at worst: many long values on both sides, all of them nearly the same. */
#include "rules/base/arena.h"
#include "rules/route.h"
#include "tests/bench/match/report.h"

#include <stdio.h>
#include <string.h>

enum { TURNS = 2000, TEXT_MAX = 70000 };

/* n letters that differ from those of another i only here and there. */
static void letters(char *out, size_t n, int i, bool words)
{
    for (size_t k = 0; k < n; k++)
        out[k] = words && k % 25 == 24
                     ? ' '
                     : (char)('a' + (k * 7 + (k == 3 + (size_t)i % 40 || k == n - 4) * (size_t)i) % 26);
    out[n] = '\0';
}

static void fill(struct match_side *s, int from)
{
    char text[200], value[512];

    for (int i = from; i < from + MATCH_VALUES_MAX; i++) {
        letters(text, 60, i, false);
        (void)snprintf(value, sizeof value, "%s@%s.example", text, text);
        (void)match_add(s, MATCH_EMAIL, str_of(value), 0);
        (void)snprintf(value, sizeof value, "%s.%s.example", text, text);
        (void)match_add(s, MATCH_SITE, str_of(value), 0);
        (void)match_add(s, MATCH_INVOICE, str_of(text), 0);
        (void)snprintf(value, sizeof value, "x:%s", text);
        (void)match_add(s, MATCH_HANDLE, str_of(value), 0);
        (void)snprintf(value, sizeof value, "+8862%d%07d", 2 + i % 7, i * 1000003 % 10000000);
        (void)match_add(s, MATCH_PHONE, str_of(value), 0);
        letters(text, 199, i, true);
        (void)match_add(s, MATCH_ORGANISATION, str_of(text), 0);
        (void)match_add(s, MATCH_PERSON, str_of(text), 0);
    }
}

static void judge(struct report *r, const struct match_rule *m)
{
    struct arena *a = arena_open(1024 * 1024);
    struct match_side *claimant = match_side(a, m), *candidate = match_side(a, m);
    struct match_result result;

    fill(claimant, 0);
    fill(candidate, 100);

    double best = 1e9;

    for (int round = 0; round < 5; round++) {
        double before = report_cpu_us();

        for (int i = 0; i < TURNS; i++)
            match_judge(m, claimant, candidate, &result);

        double us = (report_cpu_us() - before) / TURNS;

        best = us < best ? us : best;
    }
    report_check(r, best <= DECISION_US_MAX,
                 "hostile: %.2f us a decision with %d values of each kind on both sides (%d)", best, MATCH_VALUES_MAX,
                 DECISION_US_MAX);
    arena_close(a);
}

/* Reading is not part of a decision; a claim is read once. What it costs is bounded all the same. */
static void read(struct report *r, const struct match_rule *m)
{
    static const char *const units[] = {"a", "a ", "&", "\uFDFA", "\u0390", "\u0344", "株 ", "\u1E9B\u0323", "王"};
    struct arena *a = arena_open(1024 * 1024);
    double worst = 0;

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        static char text[TEXT_MAX];
        size_t n = 0, len = strlen(units[u]);

        for (; n + len < TEXT_MAX; n += len)
            memcpy(text + n, units[u], len);

        double best = 1e9;

        for (int round = 0; round < 20; round++) {
            arena_reset(a);

            struct match_side *s = match_side(a, m);
            double before = report_cpu_us();

            (void)match_add(s, MATCH_PERSON, (struct str){text, n}, 0);
            (void)match_add(s, MATCH_ORGANISATION, (struct str){text, n}, 0);

            double us = report_cpu_us() - before;

            best = us < best ? us : best;
        }
        worst = best > worst ? best : worst;
    }
    report_check(r, worst <= 1000, "hostile: %.0f us to read two names of %d bytes (1000)", worst, TEXT_MAX);
    arena_close(a);
}

void bench_hostile(struct report *r, const char *rules_file)
{
    struct rules *rules = report_rules(rules_file);

    judge(r, rules_match(rules, MATCH_CUSTOMER));
    read(r, rules_match(rules, MATCH_CUSTOMER));
    rules_close(rules);
}
