/* suspicion.h - do more customers say that they are down than usually do?
 *
 * What is counted is accounts, each once within the hour: who writes a hundred times is one, and forty who share an
 * office's address are forty. A bystander counts SUSPICION_BYSTANDER of SUSPICION_ONE.
 *
 * S1  fewer than SUSPICION_LEAST accounts are never suspicious;
 * S2  four windows that end now are looked at, so that what comes at once is seen at once and what rises slowly is seen,
 *     too: the shortest that is suspicious is the answer;
 * S3  a window is suspicious where three times as many were heard as are usual in it, and more than chance explains: six
 *     deviations above the usual, where the variance is SUSPICION_SPREAD times that of independent arrivals (customers
 *     write in bunches);
 * S4  what is usual is known by the hour of the week (UTC). A week counts an eighth once eight are known; an hour not
 *     known yet is taken for the mean of those that are, and a house that knows none for SUSPICION_PRIOR. Nothing is
 *     learnt of an hour in which something was suspected. */
#ifndef RULES_SUSPICION_H
#define RULES_SUSPICION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SUSPICION_MINUTES = 60,
    SUSPICION_LEAST = 10,
    SUSPICION_ONE = 10,
    SUSPICION_BYSTANDER = 2,
    SUSPICION_SPREAD = 4,
    SUSPICION_GAP = 5, /* minutes */
    SUSPICION_HOURS = 168,
};
#define SUSPICION_PRIOR 0.2  /* accounts a minute */
#define SUSPICION_FLOOR 0.02 /* no hour is quieter than that */

struct suspicion_counts {
    int64_t fresh[SUSPICION_MINUTES]; /* in SUSPICION_ONEs: accounts first heard in that minute; [0] is now */
    double usual;                     /* accounts a minute */
};

struct suspicion_verdict {
    bool suspected;
    int minutes;         /* S2: of the window */
    double heard, usual; /* accounts in it */
};

void suspicion_judge(const struct suspicion_counts *c, struct suspicion_verdict *out);
/* How many minutes ago it began, the minute that runs being the first, where a window of so many is suspicious: what was
 * heard before it belongs to it, too, while each minute with three times the usual is at most SUSPICION_GAP after another. */
int suspicion_began(const struct suspicion_counts *c, int minutes);

struct suspicion_hour {
    double per_minute;
    int weeks; /* that it was seen; 0: not known */
};

/* 0..167 */
int suspicion_hour_of(int64_t time_ms);
double suspicion_expect(const struct suspicion_hour hours[SUSPICION_HOURS], int hour);
struct suspicion_hour suspicion_learn(struct suspicion_hour before, double per_minute);

/* Is it worth saying that n of total have something in common, of which usually the share `usual` has (negative: not
 * known)? */
bool suspicion_in_common(size_t n, size_t total, double usual);

#endif
