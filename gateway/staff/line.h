/* line.h - the restoration line for staff (queues/incident/line.h). WORK routes. */
#ifndef GATEWAY_STAFF_LINE_H
#define GATEWAY_STAFF_LINE_H

#include "queues/incident/line.h"

struct call;
struct doc;

/* GET /api/incidents/{slug}/restoration */
void staff_line(struct call *c);
/* GET /api/incidents/{slug}/restoration/sites */
void staff_line_sites(struct call *c);
/* GET, POST /api/incidents/{slug}/restoration/sites/{site} */
void staff_line_site(struct call *c);
void staff_line_act(struct call *c);
/* POST /api/incidents/{slug}/restoration/batches */
void staff_line_batch(struct call *c);
/* POST /api/incidents/{slug}/restoration/audit */
void staff_line_audit(struct call *c);
/* GET /api/restoration/parked, POST /api/restoration/parked/{event} */
void staff_line_parked(struct call *c);
void staff_line_unpark(struct call *c);

/* The site in the path of the call; false where it was answered 404. */
bool line_site_of(struct call *c, struct ulid *out);
/* One row of a list, without evidence; yours. */
struct doc *line_row_doc(const struct line_site *s);
/* The row with its checklist and history. */
enum err line_site_doc(struct call *c, const struct line_site *s, struct doc **out);

#endif
