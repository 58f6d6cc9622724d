/* touch.h - who was heard of in an incident, and who was not: four sets of tickets that are kept while work is filed.
 *
 *   silent      tickets of listed sites at which nobody of the customer was heard
 *   in-touch    tickets of listed sites at which somebody was
 *   unlisted    reports of customers on record who are on no list of a declared incident
 *   unresolved  reports of whom it is not known yet, whatever they claim
 *
 * Q1  a ticket is in one set of an incident at most, and changes it in the change that files what makes the difference;
 * Q2  unlisted and unresolved are kept for the newest incident that is declared, of reports that say that something does
 *     not work;
 * Q3  counts and pages cost the same however many there are: each is a look at 64 sorted sets.
 *
 *   {pN}:is:<slug>:<set>  zset  tkt_… by the moment at which it came there, ms */
#ifndef QUEUES_INCIDENT_TOUCH_H
#define QUEUES_INCIDENT_TOUCH_H

#include "queues/change.h"
#include "queues/queue.h"
#include "rules/base/id.h"

enum touch_set { TOUCH_SILENT, TOUCH_IN_TOUCH, TOUCH_UNLISTED, TOUCH_UNRESOLVED, TOUCH_SETS };

/* "in-touch". */
const char *touch_set_name(enum touch_set s);
bool touch_set_parse(struct str word, enum touch_set *out);

/* Q1: it is in that set from now on, and in no other. TOUCH_SETS: in none. */
void change_touch(struct change *c, struct str slug, struct ulid ticket, enum touch_set set, int64_t at_ms);

enum err touch_counts(struct redis *r, struct arena *a, struct str slug, int64_t out[TOUCH_SETS]);
/* As queue_page(), the earliest first. */
enum err touch_page(struct redis *r, struct arena *a, struct str slug, enum touch_set set,
                    const struct queue_place *after, size_t max, struct queue_place *out, size_t *n);

#endif
