/* flood.h - the one limit of the form: a flood from one prefix.
 *
 * G1  200 at once from one IPv4 address or IPv6 /64, then 10 a second (GCRA); four
 *     hundred people behind one office address stay far below;
 * G2  bounded memory: FLOOD_SLOTS prefixes in a keyed table; where a slot is shared,
 *     whoever is slower gives way, so nobody is refused for another's sake. */
#ifndef GATEWAY_INTAKE_FLOOD_H
#define GATEWAY_INTAKE_FLOOD_H

#include "rules/base/text.h"

#include <stdint.h>

enum { FLOOD_BURST = 200, FLOOD_GAP_MS = 100, FLOOD_SLOTS = 1 << 16 };

struct flood;

struct flood *flood_open(void);
void flood_close(struct flood *f);
/* peer: numeric address. now_ms: steady clock. 0: let it pass; else ms until one may. Thread-safe. */
int64_t flood_wait_ms(struct flood *f, struct str peer, int64_t now_ms);

#endif
