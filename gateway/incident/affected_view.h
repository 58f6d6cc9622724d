/* affected_view.h - an affected list as JSON: the same on the command line and on the staff API. */
#ifndef GATEWAY_INCIDENT_AFFECTED_VIEW_H
#define GATEWAY_INCIDENT_AFFECTED_VIEW_H

#include "queues/incident/affected.h"

struct doc;

/* All yours. */
struct doc *affected_counts_doc(const struct affected_counts *c);
/* {"version","same","counts","accounts_on_record","confirm","bad","faults":[{"line","reason"}],"job"}; confirm: the number
 * that is wanted, null where none is. */
struct doc *affected_report_doc(const struct affected_report *r);
struct doc *affected_version_doc(const struct affected_version *v);

#endif
