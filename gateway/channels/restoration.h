/* restoration.h - POST /channels/restoration: what restoration systems tell of sites (rules/restoration_report.h).
 *
 * X1  202 leaves after the journal has the event; what becomes of it is decided when it is filed (incident/line.h);
 * X2  events of one site are filed in the order they came, and hold up no other site's. */
#ifndef GATEWAY_CHANNELS_RESTORATION_H
#define GATEWAY_CHANNELS_RESTORATION_H

#include "rules/base/id.h"
#include "rules/item.h"

struct call;

/* From a body that a known sender signed to an item without key; false where it was answered. */
bool restoration_take(struct call *c, struct ulid sender, int64_t now_ms, struct item *out);

#endif
