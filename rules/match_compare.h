/* match_compare.h - two values of one kind, compared. Inside of rules/match*.c only. */
#ifndef RULES_MATCH_COMPARE_H
#define RULES_MATCH_COMPARE_H

#include "rules/match_side.h"

/* Degrees: how near MATCH_CLOSE is, 1..100. Each stands where it is given; README.md tells the scale. */
struct compared {
    enum match_outcome outcome;
    int degree; /* 100 where outcome is not MATCH_CLOSE */
};

/* a: of the claimant, b: of the candidate. form: of a field. */
struct compared match_compare(enum match_kind kind, enum match_form form, const struct value *a, const struct value *b,
                              struct near_work *work);

/* Names alone, for the two above and for fields. */
struct compared match_compare_person(const struct name *a, const struct name *b, struct near_work *work);
struct compared match_compare_organisation(const struct name *a, const struct name *b, struct near_work *work);
struct compared match_compare_words(const struct name *a, const struct name *b, struct near_work *work);

#endif
