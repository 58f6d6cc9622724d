/* authres.h - did our own mail server find a mail to be from the domain that its From says? (RFC 8601)
 *
 * X1  only a field whose authserv-id is ours counts; where none is set, none does;
 * X2  only one that stands above the first Received: our server wrote it on top of its own line. Whatever stands below
 *     came in with the mail, whoever it says to be from. Some filters (OpenDMARC, rspamd) have it written below the
 *     server's own line; how many lines are the server's has then to be told, and that it removes what came in under its
 *     name (README);
 * X3  the first such field decides, and in it the first dmarc result: a second, friendlier one is not looked at;
 * X4  it counts where that result is "pass" for exactly the domain of the one mailbox in From;
 * X5  what is not well-formed counts for nothing.
 *
 * It is worth level 1, a mailbox reached, and never more. Pure. */
#ifndef RULES_AUTHRES_H
#define RULES_AUTHRES_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum { AUTHRES_TOKENS_MAX = 400, AUTHRES_BELOW_MAX = 9 };

/* One Authentication-Results field. */
struct authres_field {
    struct str value;      /* unfolded */
    size_t received_above; /* Received fields above it */
};

/* fields: in the order of the mail. authserv_id: ours, empty: nobody's. below: how many Received fields may stand above.
 * from_domain: of the one mailbox in From, A-labels; empty where there are several or none. */
bool authres_proves(const struct authres_field *fields, size_t n, struct str authserv_id, size_t below,
                    struct str from_domain);

#endif
