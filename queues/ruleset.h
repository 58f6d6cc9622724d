/* ruleset.h - the rules in force: replaced while others still decide by the old ones. */
#ifndef QUEUES_RULESET_H
#define QUEUES_RULESET_H

struct rules;
struct ruleset;

/* Takes rules. */
struct ruleset *ruleset_open(struct rules *rules);
void ruleset_close(struct ruleset *s);
/* Borrowed until ruleset_release(). Any thread. */
const struct rules *ruleset_take(struct ruleset *s);
void ruleset_release(struct ruleset *s, const struct rules *rules);
/* Takes rules; the old ones are closed when nobody uses them any more. */
void ruleset_swap(struct ruleset *s, struct rules *rules);

#endif
