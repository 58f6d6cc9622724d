/* next_contact.h - mail to somebody came back: who of the same customer is the best one to write to instead?
 *
 * B1  nobody whose mailbox bounced, who is gone from the records, or who has none;
 * B2  one mailbox is one candidate, however many sources know it: what they say adds up (confidence.h, L2);
 * B3  worth = confidence, times what the role says about who may speak for the customer, halved where the records do not
 *     authorise for what is asked; equal worth: the lower id. So the choice depends on nothing but its input;
 * B4  it is an offer with a reason. Nothing is sent to anybody but by a person who chose so.
 *
 * Pure. */
#ifndef RULES_NEXT_CONTACT_H
#define RULES_NEXT_CONTACT_H

#include "rules/base/id.h"
#include "rules/base/text.h"
#include "rules/contact_row.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* One record of one source. */
struct candidate {
    struct ulid id;
    struct str mailbox; /* canonical; empty: no usable address */
    struct str source;
    enum contact_role role;
    unsigned authorised_for; /* CONTACT_FOR_… */
    double confidence;       /* today, 0..1 */
    bool gone, bounced;
};

struct next_contact {
    size_t index;      /* of the record of that mailbox with the highest confidence */
    double confidence; /* of all its records together */
    struct str reason; /* "admin, authorised for site, confidence 0.97, by billing and crm"; in a */
};

/* not_mailbox: canonical, of whoever was written to before; may be empty. wanted: one of CONTACT_FOR_…, 0 any. False
 * where there is nobody. */
bool next_contact(const struct candidate *c, size_t n, struct str not_mailbox, unsigned wanted, struct arena *a,
                  struct next_contact *out);

#endif
