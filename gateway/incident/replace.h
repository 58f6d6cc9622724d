/* replace.h - what stands in the queues is placed again when an incident is declared or closed.
 *
 * E1  a job of the kind "replace" begins with the declaration, in its change; it finds what the rules in force place
 *     elsewhere, and has a job "reroute" put it there, which shows what it did and can be undone. */
#ifndef GATEWAY_INCIDENT_REPLACE_H
#define GATEWAY_INCIDENT_REPLACE_H

#include "queues/job.h"

#define REPLACE_JOB "replace"

/* In a change of {p0}; by: as incidents name people (incident.h). */
void change_replace(struct change *c, const struct keyring *k, struct str by, int64_t at_ms);
enum err replace_step(struct job_turn *t);

#endif
