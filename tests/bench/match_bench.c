/* match_bench - how right the shipped weights are, and what a decision costs. Exit 1 where a figure is missed.
 *
 *   match_bench [--customers 20000] [--claims 60000] [--seed 1] [--rules rules/default.rules] [--corpora DIR] [--short]
 *
 * customers  claims of people about an invented world's customers (tests/bench/match/world.h), found by match_blocks()
 *            with the caps of production and judged by match_choose()
 * hostile    the dearest texts that can be claimed
 * febrl      the record linkage sets of the corpora, by tests/bench/febrl.rules; skipped where they are absent
 * MATCH_VERBOSE=1 prints each wrong link and each customer that was not found. */
#include "tests/bench/match/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    size_t customers, claims;
    uint64_t seed;
    const char *rules, *corpora;
};

static bool set(struct settings *s, const char *name, const char *value)
{
    if (strcmp(name, "--customers") == 0)
        s->customers = strtoul(value, NULL, 10);
    else if (strcmp(name, "--claims") == 0)
        s->claims = strtoul(value, NULL, 10);
    else if (strcmp(name, "--seed") == 0)
        s->seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--rules") == 0)
        s->rules = value;
    else if (strcmp(name, "--corpora") == 0)
        s->corpora = value;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    const char *corpora = getenv("CORPORA");
    struct settings s = {20000, 60000, 1, "rules/default.rules", corpora == NULL ? "../shared/corpora" : corpora};
    struct report r = {0};

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--short") == 0) {
            s.customers = 4000;
            s.claims = 16000;
        } else if (i + 1 == argc || !set(&s, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "match_bench: unknown option %s\n", argv[i]);
            return 64;
        } else {
            i++;
        }
    if (s.customers == 0 || s.claims == 0)
        return 64;
    bench_customers(&r, s.rules, s.seed, s.customers, s.claims);
    bench_hostile(&r, s.rules);
    bench_febrl(&r, "tests/bench/febrl.rules", s.corpora);
    (void)printf("match: %d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped);
    return r.failed == 0 ? 0 : 1;
}
