/* told.h - what customers are told of incidents: the public side, and what staff do about it.
 *
 * Public routes are LOOP routes that answer from memory (board.h). Staff: an agent drafts and writes, a lead or a manager
 * approves and withdraws; nobody approves their own words (queues/incident/update.h, B1). WORK routes. */
#ifndef GATEWAY_INCIDENT_TOLD_H
#define GATEWAY_INCIDENT_TOLD_H

struct call;

/* GET /incidents, /{lang}/incidents */
void told_list(struct call *c);
/* GET /incidents/{slug}, /{lang}/incidents/{slug} */
void told_incident(struct call *c);
void told_incident_in(struct call *c);

/* GET, POST /api/incidents/{slug}/updates */
void told_updates(struct call *c);
void told_begin(struct call *c);
/* POST /api/incidents/{slug}/updates/{upd}, …/approve, …/withdraw; GET …/preview */
void told_write(struct call *c);
void told_approve(struct call *c);
void told_withdraw(struct call *c);
void told_preview(struct call *c);
/* GET /api/updates */
void told_due(struct call *c);

#endif
