/* filing_steps.h - the steps of filing.h, each a pair: ask() queues its commands, hear() reads
 * their answers and says which step is next. Private to filing*.c.
 *
 *   RESOLVE  whose is it, and was it here before?        filing_resolve.c
 *   the rest                                             filing.c */
#ifndef QUEUES_FILING_STEPS_H
#define QUEUES_FILING_STEPS_H

#include "queues/filing.h"

enum step { RESOLVE, OPEN, ALIAS, FIND, READ, INHERIT, JOIN };

void ask_resolve(struct filing *f, struct redis *r);
enum err hear_resolve(struct filing *f, struct redis *r, const struct redis_value *v);

/* Is there an Idempotency-Key to be asked for? */
bool asks_key(const struct filing *f);
/* What was filed under it first: key_value() of that item, whose turn it may be now. */
void ask_key(struct filing *f, struct redis *r);
enum err hear_key(struct filing *f, struct str held);

/* Every answer of this round is one, and no error. */
enum err all_good(struct filing *f, struct redis *r, const struct redis_value *v);
/* In a. */
struct str ulid_text(struct arena *a, struct ulid u);

#endif
