/* reader.h - who a reply goes to: somebody on the ticket, or a contact on record whom staff chose instead.
 *
 * E1  a contact is written to by staff's choice alone, and becomes a participant at level 0 by it, in the same change as
 *     the reply: what they may be told follows from what they prove, as for anybody. They see what was said to them;
 * E2  a contact whose mailbox takes part already is that participant. */
#ifndef GATEWAY_STAFF_READER_H
#define GATEWAY_STAFF_READER_H

#include "gateway/staff/act.h"

struct reader {
    struct participant who;
    bool fresh; /* to be added */
};

/* The participant of that id. Otherwise answered as a fault of field "to" (ERR_INPUT), or ERR_STORE, ERR_CORRUPT. */
enum err reader_of_participant(struct act *act, struct ulid id, struct reader *out);
/* The contact of that id of the ticket's customer; the same errors. as, number: id and reference of the participant that
 * they become; r:{number} leads there when this returns. */
enum err reader_of_contact(struct act *act, struct ulid id, struct ulid as, uint64_t number, struct reader *out);
/* Where they are fresh. */
void change_reader(struct act *act, struct change *c, const struct reader *r);

#endif
