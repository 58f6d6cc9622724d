/* move_parts.h - what move.c and move_change.c share. Private to them. */
#ifndef QUEUES_MOVE_PARTS_H
#define QUEUES_MOVE_PARTS_H

#include "queues/move.h"
#include "queues/proof.h"

/* A ticket with all that a move looks at. */
struct move_side {
    struct ticket ticket; /* version "0" and no fields where it is not there yet */
    bool there;
    struct message *messages;
    size_t message_count;
    struct participant *people;
    size_t people_count;
    struct happening *history;
    size_t history_count;
    struct proofs shown;
};

struct move_run {
    struct mover *m;
    struct move what;
    struct move_side from, to;
    struct str got;        /* ids of what has come, of the other side */
    const char *got_field; /* got:<evt_…> */
};

enum { MOVE_CHUNK = 12, MOVE_CHUNK_PEOPLE = 3, MOVE_REMOVED_MAX = 128 }; /* in one change */

/* Is it one of those that go? */
bool move_selects(const struct move *what, const struct message *x);
/* Has it come already? */
bool move_has_come(const struct move_run *r, const struct message *x);
/* Are there words of that participant, or to them, that stay? Does any go? */
bool move_stays(const struct move_run *r, struct ulid participant);
bool move_goes(const struct move_run *r, struct ulid participant);
const struct participant *move_person(const struct move_side *s, struct ulid id);

/* Each against the version that was read: of the other side, or of the ticket they leave.
 * The next chunk comes. */
struct change *move_change_copy(struct move_run *r);
/* What has come leaves, at most MOVE_REMOVED_MAX; with the last of it those who have nothing left there. */
struct change *move_change_remove(struct move_run *r);
/* It is done. */
struct change *move_change_done(struct move_run *r);

#endif
