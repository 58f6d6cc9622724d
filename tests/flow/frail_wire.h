/* frail_wire.h - a unix socket in front of a redis-server that breaks once, where it is told to.
 *
 * An exchange is what a client sends until it is answered. The n-th one after arming breaks the client's connection:
 * before the server has seen it, or after the server has done it and before the client hears. Nothing of the program
 * knows of it. */
#ifndef TESTS_FLOW_FRAIL_WIRE_H
#define TESTS_FLOW_FRAIL_WIRE_H

#include "queues/redis.h"

#include <stdbool.h>

struct frail_wire;

enum wire_break { WIRE_WHOLE, WIRE_BEFORE, WIRE_AFTER };

/* folder: where its socket lies. *target: how clients reach it. */
struct frail_wire *wire_open(const char *folder, const struct redis_target *server, struct redis_target *target);
void wire_close(struct frail_wire *w);
/* The n-th exchange from now on, counted from 1. WIRE_WHOLE: none. */
void wire_arm(struct frail_wire *w, enum wire_break how, int n);
/* Exchanges since it was armed. */
int wire_exchanges(struct frail_wire *w);
/* Did it break since it was armed? */
bool wire_broke(struct frail_wire *w);

#endif
