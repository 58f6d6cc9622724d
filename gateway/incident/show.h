/* show.h - what customers are told of incidents, in JSON and as data of pages (www/README.md).
 *
 * H1  JSON holds every language that was written; a page holds its own, and where that was not written the English text,
 *     marked as such;
 * H2  of an update that was withdrawn the number, the moments and the reason are shown, not its words. */
#ifndef GATEWAY_INCIDENT_SHOW_H
#define GATEWAY_INCIDENT_SHOW_H

#include "gateway/incident/board.h"

enum { SHOW_BRIEF_MAX = 3 }; /* a form has a size to keep */

struct assets;
struct doc;
struct pages;

/* {"slug","title","state","update_at","next_update_by"}; yours. */
struct doc *show_reference(const struct board_incident *i);
/* Adds the `told` of a page: what stands now of the last SHOW_BRIEF_MAX incidents that are declared and shown, but not
 * of `but` (may be NULL), in short; and whether there are more. */
void show_brief(const struct pages *p, const struct update_languages *l, const char *lang, const struct board_view *v,
                const struct board_incident *but, struct doc *d);
/* An incident in full; yours. */
struct doc *show_full(const struct pages *p, const struct update_languages *l, const char *lang,
                      const struct board_view *v, const struct board_incident *i);
/* Forms, pages and JSON of all that is shown. */
void show_all(const struct pages *p, const struct update_languages *l, const struct board_view *v,
              struct assets *assets);

#endif
