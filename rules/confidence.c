#include "rules/confidence.h"

#include <math.h>

#define FACTOR_GONE    0.5
#define FACTOR_BOUNCED 0.2
#define JOINED_MAX     0.98

double confidence_weight(struct str source)
{
    static const struct {
        const char *source;
        double weight;
    } rows[] = {{"billing", 0.9}, {"crm", 0.7}, {"backup", 0.6}, {"tickets", 0.4}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_is(source, rows[i].source))
            return rows[i].weight;
    return 0.4;
}

double confidence_now(double weight, int64_t age_days, bool gone, bool bounced)
{
    double age = age_days < 0 ? 0 : (double)age_days;

    return weight * exp2(-age / CONFIDENCE_HALF_LIFE_DAYS) * (gone ? FACTOR_GONE : 1) * (bounced ? FACTOR_BOUNCED : 1);
}

double confidence_join(double a, double b)
{
    double joined = 1 - (1 - a) * (1 - b);

    return joined > JOINED_MAX ? JOINED_MAX : joined;
}

bool confidence_stale(double confidence, int64_t age_days)
{
    return confidence < CONFIDENCE_STALE_BELOW || age_days > CONFIDENCE_STALE_DAYS;
}
