/* site_tickets.h - the job that makes a ticket for each site of an affected list: queues/incident/site_ticket.h. */
#ifndef GATEWAY_INCIDENT_SITE_TICKETS_H
#define GATEWAY_INCIDENT_SITE_TICKETS_H

#include "queues/job.h"

/* Kind AFFECTED_JOB, args {"incident":SLUG,"version":N}. A piece of the list a step. It ends early where the incident was
 * closed, or a later list is in force: that one has a job of its own. */
enum err site_tickets_step(struct job_turn *t);

#endif
