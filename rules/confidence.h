/* confidence.h - how far a contact record may be believed today.
 *
 * L1  c = w * 2^(-age / 540 days), w by what kind of system the record comes from; lowered
 *     where it is gone from the newest snapshot and where mail to it bounced;
 * L2  independent sources that say the same add up: 1 - (1-a)(1-b), at most 0.98;
 * L3  confidence marks a record stale, it never hides one: staleness asks for a second
 *     evidence before anything is disclosed. Passing a code does not raise it, because an
 *     ex-employee keeps his mailbox, too. */
#ifndef RULES_CONFIDENCE_H
#define RULES_CONFIDENCE_H

#include "rules/base/text.h"

#include <stdint.h>

enum { CONFIDENCE_HALF_LIFE_DAYS = 540, CONFIDENCE_STALE_DAYS = 540 };

#define CONFIDENCE_STALE_BELOW 0.75

/* billing 0.9, crm 0.7, backup 0.6, tickets 0.4, and 0.4 for any other source. Tickets of an
 * import are unproven: nothing in the file says that a code was passed. */
double confidence_weight(struct str source);

/* age_days below 0 counts as 0. */
double confidence_now(double weight, int64_t age_days, bool gone, bool bounced);
double confidence_join(double a, double b);
bool confidence_stale(double confidence, int64_t age_days);

#endif
