/* condition.h - one thing a route asks of a ticket. */
#ifndef RULES_CONDITION_H
#define RULES_CONDITION_H

#include "rules/facts.h"

struct condition {
    enum fact fact;
    int64_t low, high;  /* facts that are numbers: low <= value <= high */
    int64_t within_ms;  /* heat: low channels or more within that time */
    struct str word;    /* facts that are text */
    uint32_t incidents; /* FACT_OF_INCIDENTS: which ones it asks for */
    const char *text;   /* "followers >= 10000" */
};

bool condition_holds(const struct condition *c, const struct facts *f);
/* What a fact that is a number may still be where all n of list hold. */
void condition_range(enum fact which, const struct condition *list, size_t n, int64_t *low, int64_t *high);
/* True where every ticket that all n of `given` hold for is one that c holds for. */
bool condition_follows(const struct condition *c, const struct condition *given, size_t n);
/* The first of list that cannot hold together with those before it; n where there is none. */
size_t condition_clash(const struct condition *list, size_t n);

#endif
