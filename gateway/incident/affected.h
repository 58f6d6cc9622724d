/* affected.h - the affected list of an incident on the staff API. WORK routes.
 *
 * F1  what an import wants to write is judged by queues/incident/affected.h alone: the same for the console and the
 *     command line. What is refused says every line, and nothing was written. */
#ifndef GATEWAY_INCIDENT_AFFECTED_H
#define GATEWAY_INCIDENT_AFFECTED_H

struct call;

void affected_import_post(struct call *c);
void affected_back_post(struct call *c);
void affected_list_get(struct call *c);
void affected_versions_get(struct call *c);
void affected_diff_get(struct call *c);
void affected_sets_get(struct call *c);
void affected_set_get(struct call *c);

#endif
