/* routing_bench - what a decision costs: by the shipped rules alone, with one pack over them, and with as many as may be
 * declared at once, over tickets of every kind and over one that no line before the last takes. Exit 1 where any of them
 * is over DECISION_US_MAX. Loading them is printed, too: it happens at a declaration, not at a ticket. */
#include "gateway/zoneinfo.h"
#include "rules/base/arena.h"
#include "rules/route.h"
#include "tests/unit/dice.h"
#include "tests/unit/whole_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DECISIONS = 200000, TICKETS = 512, DECISION_US_MAX = 20, LOADS = 20 };

static const char *const slugs[RULES_OVERLAYS_MAX] = {"one", "two", "three", "four", "five", "six", "seven", "eight"};

/* Of this thread: what others do beside it costs nothing. */
static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct rules *load(struct str text, const struct rules_overlay *overlays, size_t n, double *ms)
{
    const struct rules_sources from = {.zones = zoneinfo_bytes};
    struct buf faults = {0};
    struct rules *r = NULL;
    double before = seconds();

    for (int i = 0; i < LOADS; i++) {
        rules_close(r);
        if (rules_load_over(&r, "default.rules", text, overlays, n, &from, &faults) != ERR_OK) {
            (void)fputs(buf_view(&faults).at, stderr);
            exit(70);
        }
    }
    *ms = (seconds() - before) * 1000 / LOADS;
    return r;
}

/* Every channel, on lists and not, on record and not, with crowds behind them. */
static void tickets(struct facts *out, uint32_t incidents)
{
    static const char *const languages[] = {"en", "zh-TW", "ja", ""};
    struct dice d = {7};

    for (int i = 0; i < TICKETS; i++) {
        struct facts f = facts_default();

        f.channel = (enum facts_channel)dice_below(&d, FACT_CHANNELS);
        f.impact = (enum facts_impact)dice_below(&d, 3);
        f.known = dice_below(&d, 2) == 1;
        f.executive = dice_below(&d, 10) == 0;
        f.followers = f.channel == CHANNEL_SOCIAL ? (int64_t)dice_below(&d, 20000) : 0;
        f.affected = dice_below(&d, 3) == 0 ? (uint32_t)dice_below(&d, 256) & incidents : 0;
        f.incident = f.affected | (dice_below(&d, 6) == 0 ? (uint32_t)dice_below(&d, 256) & incidents : 0);
        f.language = str_of(languages[dice_below(&d, 4)]);
        out[i] = f;
    }
}

static double decide(const struct rules *r, const struct facts *f, size_t n, size_t *steps)
{
    struct arena *a = arena_open(256 * 1024);
    double before = seconds();

    *steps = 0;
    for (size_t i = 0; i < DECISIONS; i++) {
        struct decision d;

        arena_reset(a);
        rules_route(r, &f[i % n], a, &d);
        *steps += d.steps;
    }
    before = (seconds() - before) * 1e6 / DECISIONS;
    arena_close(a);
    return before;
}

static bool measure(struct str text, const struct rules_overlay *overlays, size_t n)
{
    static struct facts all[TICKETS];
    struct facts last = facts_default();
    size_t steps, steps_last;
    double ms;
    struct rules *r = load(text, overlays, n, &ms);

    tickets(all, (UINT32_C(1) << n) - 1);
    /* A question of somebody on record: of no incident, and nearly the last line of the rules. */
    last.known = true;
    last.impact = IMPACT_QUESTION;

    double mean = decide(r, all, TICKETS, &steps), longest = decide(r, &last, 1, &steps_last);

    (void)printf("%zu packs: %.2f us a decision (%.1f lines asked), %.2f us where all %zu are asked; %.2f ms to load\n",
                 n, mean, (double)steps / DECISIONS, longest, steps_last / DECISIONS, ms);
    rules_close(r);
    return mean <= DECISION_US_MAX && longest <= DECISION_US_MAX;
}

int main(void)
{
    struct buf base = whole_file("rules/default.rules");
    struct buf text[2] = {whole_file("rules/packs/site-loss.rules"), whole_file("rules/packs/outage.rules")};
    struct rules_overlay overlays[RULES_OVERLAYS_MAX];
    bool good;

    for (size_t i = 0; i < RULES_OVERLAYS_MAX; i++)
        overlays[i] = (struct rules_overlay){slugs[i], "pack", buf_view(&text[i % 2])};
    good = measure(buf_view(&base), overlays, 0);
    good = measure(buf_view(&base), overlays, 1) && good;
    good = measure(buf_view(&base), overlays, RULES_OVERLAYS_MAX) && good;
    (void)printf("%s: a decision takes at most %d us\n", good ? "ok" : "not ok", DECISION_US_MAX);
    buf_free(&base);
    buf_free(&text[0]);
    buf_free(&text[1]);
    return good ? 0 : 1;
}
