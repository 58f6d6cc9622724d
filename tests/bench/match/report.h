/* report.h - what is measured, said and counted by all parts of the bench. */
#ifndef TESTS_BENCH_MATCH_REPORT_H
#define TESTS_BENCH_MATCH_REPORT_H

#include "rules/match_rule.h"

struct rules;

enum { DECISION_US_MAX = 50 };

struct report {
    int passed, failed, skipped;
};

/* Prints "ok" or "not ok" with the text, and counts it. */
void report_check(struct report *r, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));
void report_skip(struct report *r, const char *why);

struct rules *report_rules(const char *file);

/* CPU time of this thread, in microseconds. */
double report_cpu_us(void);

/* Wrong and right decisions by threshold. */
enum { CURVE_MAX = 201 };
struct curve {
    size_t right[CURVE_MAX], wrong[CURVE_MAX]; /* by points at which they happened */
    size_t all;                                /* right ones that there are */
};

void curve_add(struct curve *c, int points, bool right);
/* At `points` and above. */
size_t curve_right(const struct curve *c, int points);
size_t curve_wrong(const struct curve *c, int points);
void curve_print(const struct curve *c, const char *what, int mark_link, int mark_review);

/* The parts. */
void bench_customers(struct report *r, const char *rules_file, uint64_t seed, size_t customers, size_t claims);
void bench_hostile(struct report *r, const char *rules_file);
void bench_febrl(struct report *r, const char *rules_file, const char *corpora);

#endif
