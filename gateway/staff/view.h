/* view.h - pieces of a ticket as the console shows them. */
#ifndef GATEWAY_STAFF_VIEW_H
#define GATEWAY_STAFF_VIEW_H

#include "queues/ticket.h"

struct app;
struct arena;
struct doc;

/* {"id","at","who","author","from" or "to","origin","text","raw"}, and "folds" of what came by mail or from a desk.
 * identity: masked, may be empty. */
struct doc *view_message(struct arena *a, const struct message *m, struct str identity);
/* ["site", "billing", "security"] */
struct doc *view_authorised(unsigned bits);
/* Adds "routing" and "clocks": the rules asked again, with all that they said. */
void view_decision(struct doc *out, struct app *app, struct arena *a, const struct ticket *t,
                   const struct happening *history, size_t n);

/* "call_back": {"at","to"} of the promise that stands, or null. */
void view_call_back(struct doc *out, struct app *app, struct arena *a, const struct ticket *t,
                    const struct happening *history, size_t n);

#endif
