/* incidents.h - incidents on the staff API: whoever is on the staff reads them, a manager declares and closes. WORK
 * routes. */
#ifndef GATEWAY_INCIDENT_INCIDENTS_H
#define GATEWAY_INCIDENT_INCIDENTS_H

struct call;

void staff_incidents(struct call *c);
void staff_incident(struct call *c);
void staff_declare(struct call *c);
void staff_close(struct call *c);
void staff_freeze(struct call *c);

#endif
