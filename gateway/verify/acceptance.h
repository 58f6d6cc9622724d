/* acceptance.h - the customer's yes or no to a restored site, on their status page.
 *
 * A1  only who may accept a restore is shown anything, and only sites of the customer that they are at home with
 *     (rules/proof.h: level 2, not stale, authorised for the site);
 * A2  who answered is written down with the answer. A no goes back to restoring, and its words to staff as a message of
 *     theirs: first the answer, then the words, and sent again both are what they were. */
#ifndef GATEWAY_VERIFY_ACCEPTANCE_H
#define GATEWAY_VERIFY_ACCEPTANCE_H

#include "gateway/verify/look.h"
#include "queues/incident/line.h"

struct call;
struct doc;

/* POST /requests/{ref}/acceptance; LOOP. */
void acceptance_answer(struct call *c);

/* A1: their sites that wait for an answer or have had one. None where they may not. */
enum err acceptance_sites(struct app *app, struct redis *r, struct arena *a, const struct look *l,
                          struct line_site **out, size_t *n);
/* For the JSON of a request, and for its page. */
struct doc *acceptance_json(const struct line_site *sites, size_t n);
void acceptance_page(struct call *c, const char *lang, const struct line_site *sites, size_t n, struct doc *page);

#endif
