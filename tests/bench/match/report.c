#include "tests/bench/match/report.h"

#include "gateway/zoneinfo.h"
#include "rules/route.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void report_check(struct report *r, bool good, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs(good ? "ok      " : "not ok  ", stdout);
    (void)vprintf(format, args);
    (void)putchar('\n');
    va_end(args);
    if (good)
        r->passed++;
    else
        r->failed++;
}

void report_skip(struct report *r, const char *why)
{
    (void)printf("skipped %s\n", why);
    r->skipped++;
}

struct rules *report_rules(const char *file)
{
    struct rules *rules = NULL;
    struct buf text = {0}, faults = {0};
    char part[4096];
    size_t n;
    FILE *f = fopen(file, "r");

    if (f == NULL) {
        perror(file);
        exit(66);
    }
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(&text, part, n);
    (void)fclose(f);
    if (rules_load(&rules, file, buf_view(&text), zoneinfo_bytes, NULL, &faults) != ERR_OK) {
        (void)fputs(buf_view(&faults).at, stderr);
        exit(78);
    }
    buf_free(&text);
    buf_free(&faults);
    return rules;
}

double report_cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

void curve_add(struct curve *c, int points, bool right)
{
    int at = points < 0 ? 0 : points >= CURVE_MAX ? CURVE_MAX - 1 : points;

    if (right)
        c->right[at]++;
    else
        c->wrong[at]++;
}

static size_t above(const size_t *list, int points)
{
    size_t n = 0;

    for (int i = points; i < CURVE_MAX; i++)
        n += list[i];
    return n;
}

size_t curve_right(const struct curve *c, int points)
{
    return above(c->right, points);
}

size_t curve_wrong(const struct curve *c, int points)
{
    return above(c->wrong, points);
}

void curve_print(const struct curve *c, const char *what, int mark_link, int mark_review)
{
    (void)printf("\n%s\n  points from   right   wrong  precision  recall\n", what);
    for (int t = 20; t <= 120; t += 5) {
        size_t right = curve_right(c, t), wrong = curve_wrong(c, t);

        (void)printf("  %6d     %8zu %7zu    %.5f  %.4f%s%s\n", t, right, wrong,
                     right + wrong > 0 ? (double)right / (double)(right + wrong) : 1.0,
                     c->all > 0 ? (double)right / (double)c->all : 0.0, t == mark_link ? "  link" : "",
                     t == mark_review ? "  review" : "");
    }
}
