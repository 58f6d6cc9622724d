/* channels.h - POST /channels/social, phone, desk, restoration: what bots, telephone systems, other desks and
 * restoration systems report.
 *
 * C1  nothing is read of a body before a sender of that kind is known to have signed it; whatever is wrong with that is
 *     one 401, the same for a wrong signature, an old one, none, and a sender that never was;
 * C2  202 leaves after the journal has the report; the same webhook-id of the same sender again gets the same answer;
 * C3  what a report says proves nothing: it is level 0, and nobody is written to because of it. */
#ifndef GATEWAY_CHANNELS_CHANNELS_H
#define GATEWAY_CHANNELS_CHANNELS_H

#include "gateway/channels/report.h"

struct call;

enum { CHANNELS_BODY_MAX = 64 * 1024 };

/* LOOP routes. */
void channels_social(struct call *c);
void channels_phone(struct call *c);
void channels_desk(struct call *c);
void channels_restoration(struct call *c); /* what becomes of it: restoration.h */

/* 422 with all faults. */
void channels_faults(struct call *c, const struct report_fault *faults, size_t n);
/* What the rest of the house needs in r->item: language, what its channel calls it, the original. */
void channels_complete(struct call *c, struct report *r);

#endif
