/* check.h - is a file that could be read also right?
 *
 * Looks up names, finds lines that are never reached, and runs the examples. */
#ifndef RULES_CHECK_H
#define RULES_CHECK_H

#include "rules/faults.h"
#include "rules/tree.h"

void check_names(struct rules *r, struct faults *f);
void check_match_names(const struct rules *r, struct faults *f);
/* A class that a route or an example asks for is one of the file's. */
void check_classes(const struct rules *r, struct faults *f);
/* A route that one before it, or several together, take every ticket from; and that the last one takes what is left. */
void check_reach(const struct rules *r, struct faults *f);
/* Only for a file without other faults. */
void check_examples(const struct rules *r, struct faults *f);
void check_clock_examples(const struct rules *r, struct faults *f);
void check_match_examples(const struct rules *r, struct faults *f);

#endif
