/* roster.h - who is on duty, and hand-overs from watch to watch, on the staff API (queues/duty.h). WORK routes.
 *
 * R1  a manager replaces the roster, a lead says who is away, whoever an incoming watch belongs to accepts it;
 * R2  what is handed over is read from the queues while it is looked at, and kept as it stood when it was accepted;
 * R3  who accepts takes what people of the watch that left still hold, unless they are on duty elsewhere. */
#ifndef GATEWAY_ROSTER_ROSTER_H
#define GATEWAY_ROSTER_ROSTER_H

#include "queues/duty.h"

struct app;
struct arena;
struct call;
struct doc;
struct redis;

enum { ROSTER_TURN_MS = 2000, ROSTER_LOOK_MS = 14 * 86400000 };

void staff_roster(struct call *c);
void staff_roster_write(struct call *c);
void staff_away(struct call *c);
void staff_back(struct call *c);
void staff_handovers(struct call *c);
void staff_handover(struct call *c);
void staff_handover_note(struct call *c);
void staff_handover_accept(struct call *c);

/* Makes hand-overs that are due, tells of those that wait too long. */
void roster_turn(struct app *app, struct redis *r, struct arena *a);

/* ---- between its files ---- */

enum err roster_duty(struct app *app, struct redis *r, struct arena *a, struct duty *out);
/* Names of who was in the watch that h ends and is in no watch at now_ms. */
size_t roster_gone(const struct duty *d, const struct handover *h, int64_t now_ms, struct arena *a, struct str **out);

/* A ticket that is handed over. */
struct roster_held {
    struct ulid ticket;
    struct str owner, owner_name; /* at NULL: not held by who leaves */
};
/* R2. {"queues":[…],"tickets":[…],"more"}; yours. held: those of who leaves (gone), at most *held_count. */
enum err roster_contents(struct app *app, struct redis *r, struct arena *a, const struct str *gone, size_t gone_count,
                         int64_t now_ms, struct doc **out, struct roster_held **held, size_t *held_count);

#endif
