/* thread.h - a mail's place: whom it answers, whether it came back, whether a robot wrote it, who vouches for it.
 *
 * Part of mail_to_item() (mail.h): from what stands in envelope and header to what an item says of it. The decisions are
 * made in rules/: joining.h, robot.h, bounce.h, authres.h; here they are told what is the case.
 *
 * H1  a reply address leads before a Message-ID, the envelope before To and Cc, the nearest parent (the last of
 *     References) before farther ones;
 * H2  a report about a mail of ours is a bounce, and says which; a report that names none, from nobody, is one that says
 *     nothing. It opens no work, so that mail forged in our name cannot fill our queues with what comes back. */
#ifndef GATEWAY_INTAKE_THREAD_H
#define GATEWAY_INTAKE_THREAD_H

#include "rules/base/text.h"

struct arena;
struct item;
struct mail_house;
struct mime_mail;

/* Fills op (ITEM_REQUEST, or ITEM_BOUNCE with text), answers, thread, hint, message_id, automatic and proven of out.
 * sender: of the envelope, empty the null one. recipients: an LF behind each. m: NULL where it could not be read. Texts
 * are in a or borrowed from m. */
void thread_read(const struct mail_house *h, struct str sender, struct str recipients, const struct mime_mail *m,
                 struct arena *a, struct item *out);

#endif
