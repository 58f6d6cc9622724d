/* check.h - is a file that could be read also right?
 *
 * Looks up names, finds lines that are never reached, and runs the examples. */
#ifndef RULES_CHECK_H
#define RULES_CHECK_H

#include "rules/faults.h"
#include "rules/tree.h"

/* Each fault is told of the file in which it stands. */
void check_names(struct rules *r);
void check_match_names(const struct rules *r, struct faults *f);
/* A class that a route or an example asks for is one of the rules'. */
void check_classes(const struct rules *r);
/* A route that one before it in its own file, or several together, take every ticket from; that the rules end with one
 * that takes what is left, and that a pack leaves something to them. What a pack takes from the rules below it is no
 * fault: they have it back when the incident is over. */
void check_reach(const struct rules *r);
/* A pack says what it is, once. */
void check_packs(const struct rules *r);
/* Only for files without other faults. */
void check_examples(const struct rules *r);
void check_clock_examples(const struct rules *r);
void check_match_examples(const struct rules *r, struct faults *f);

#endif
