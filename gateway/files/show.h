/* show.h - files in lists: of the requester, as JSON and on the page, and of staff. */
#ifndef GATEWAY_FILES_SHOW_H
#define GATEWAY_FILES_SHOW_H

#include "queues/file.h"

struct call;
struct doc;

/* [{"file","name","size","type","state"}]; state: "checking", "ready", "held" (could not be checked yet), "refused",
 * "kept" (in the original mail only). */
struct doc *show_json(const struct file_list *files);
/* Adds "files":[{"name","size_text","state_text","href"}] for the page, href only where it is ready, and the words for
 * states that the script shows. */
void show_page(struct call *c, const char *lang, uint64_t reference, const struct file_list *files, struct doc *page);
/* Those that one message names, for the page: [{"name","size_text"}]. */
struct doc *show_attached(struct call *c, const char *lang, const struct file_list *files, struct str ids);
/* Those that one message names: [{"file","name","size","type","state","why","proven"}], the scanner's own words. */
struct doc *show_staff(const struct file_list *files, struct str ids);

#endif
