#include "rules/suspicion.h"

#include <math.h>

enum { WEEKS_MAX = 8, COMMON_LEAST = 3 };

#define HOUR_MS  INT64_C(3600000)
#define MULTIPLE 3.0
#define SIGMAS   6.0

/* ---- S1 to S3 ---- */

static bool suspicious(double heard, double usual)
{
    return heard >= SUSPICION_LEAST && heard >= MULTIPLE * usual &&
           heard > usual + SIGMAS * sqrt(SUSPICION_SPREAD * usual);
}

void suspicion_judge(const struct suspicion_counts *c, struct suspicion_verdict *out)
{
    static const int windows[] = {1, 5, 15, 60};
    double usual = c->usual < SUSPICION_FLOOR ? SUSPICION_FLOOR : c->usual;
    int64_t sum = 0;
    int minute = 0;

    *out = (struct suspicion_verdict){0};
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        while (minute < windows[i])
            sum += c->fresh[minute++];
        out->minutes = windows[i];
        out->heard = (double)sum / SUSPICION_ONE;
        out->usual = usual * windows[i];
        out->suspected = suspicious(out->heard, out->usual);
        if (out->suspected)
            return;
    }
}

int suspicion_began(const struct suspicion_counts *c, int minutes)
{
    double usual = c->usual < SUSPICION_FLOOR ? SUSPICION_FLOOR : c->usual;

    for (int m = minutes; m < SUSPICION_MINUTES && m < minutes + SUSPICION_GAP; m++)
        if (c->fresh[m] > 0 && (double)c->fresh[m] / SUSPICION_ONE >= MULTIPLE * usual)
            minutes = m + 1;
    return minutes;
}

/* ---- S4 ---- */

int suspicion_hour_of(int64_t time_ms)
{
    return (int)(time_ms / HOUR_MS % SUSPICION_HOURS);
}

double suspicion_expect(const struct suspicion_hour hours[SUSPICION_HOURS], int hour)
{
    double sum = 0;
    int known = 0;

    if (hours[hour].weeks > 0)
        return hours[hour].per_minute;
    for (int i = 0; i < SUSPICION_HOURS; i++)
        if (hours[i].weeks > 0) {
            sum += hours[i].per_minute;
            known++;
        }
    return known == 0 ? SUSPICION_PRIOR : sum / known;
}

struct suspicion_hour suspicion_learn(struct suspicion_hour before, double per_minute)
{
    int weeks = before.weeks < WEEKS_MAX ? before.weeks + 1 : WEEKS_MAX;

    return (struct suspicion_hour){before.per_minute + (per_minute - before.per_minute) / weeks, weeks};
}

bool suspicion_in_common(size_t n, size_t total, double usual)
{
    double share = total == 0 ? 0 : (double)n / (double)total;

    return n >= COMMON_LEAST && share >= 0.3 && (usual < 0 || share >= 1.5 * usual);
}
