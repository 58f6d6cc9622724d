/* silence.h - what staff are told of a customer's silence. */
#ifndef GATEWAY_STAFF_SILENCE_H
#define GATEWAY_STAFF_SILENCE_H

#include "queues/silent.h"

struct doc;

/* Since when it has heard nothing, and by when it was promised to; null where it does not wait. Yours. */
struct doc *silence_doc(const struct silent *s, int64_t now_ms);

#endif
