/* language.h - from the text of a rules file to its tree.
 *
 * The grammar and every word are in README.md. A statement is a word and a
 * function in one table: new kinds of statements are added there. All faults are
 * found in one reading; after one, reading goes on at the next property or
 * statement. */
#ifndef RULES_LANGUAGE_H
#define RULES_LANGUAGE_H

#include "rules/faults.h"
#include "rules/tree.h"

/* Fills the tree from text, which must live as long as it. Names are not looked
 * up yet: see check.h. */
void language_parse(struct rules *r, struct tree_file *file, struct str text, const struct rules_sources *from);

#endif
