/* mailbox.h - which addresses mail is taken for: the one that mails come from, with any `+extension`, and the marks of
 * our own that answers and bounces come back to. Everything else is somebody else's mail. Pure but for the key. */
#ifndef GATEWAY_LMTP_MAILBOX_H
#define GATEWAY_LMTP_MAILBOX_H

#include "rules/base/text.h"

#include <stdbool.h>

struct keyring;

/* Is this address `own`, or own with an extension? Letters count as equal in either case; a domain in U-labels equals
 * its A-labels. extension (may be NULL): what stands behind own and a '+', borrowed; empty where nothing does. */
bool mailbox_is(struct str address, struct str own, struct str *extension);
/* Is word one of the extension's, which are set apart by '+'? */
bool mailbox_has(struct str extension, const char *word);
/* mailbox_is(), or a mark of ours (postmark.h) whose MAC is good. */
bool mailbox_ours(const struct keyring *k, struct str address, struct str own);

#endif
