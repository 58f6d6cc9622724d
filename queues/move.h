/* move.h - words that go from one ticket to another, whole, wherever the two lie.
 *
 * {pN}:mv, in the partition of the ticket they leave: move:<evt_…> -> JSON {"from","to","account","messages","person",
 * "take","by","at"}; that ticket's field `moving` names the event, the other's got:<evt_…> lists what has come.
 *
 *   plan -> copy, copy … -> lead to it -> remove, remove … -> lead away -> done
 *
 * O1  each step is one change of one partition. Whoever is killed between two is carried on by move_run(), however
 *     often and by however many at once;
 * O2  a message is copied once: what has come is written down where it came to, and what is under way is read behind it;
 * O3  it is removed only after it has come and its person's reference leads to it, so it is there twice for a moment
 *     at most, and missing never;
 * O4  a message keeps its id, origin, time and writer. Its participant goes along with their reference: all of them
 *     where nothing of theirs stays behind, else they take part in both. Of their level a reached mailbox goes along,
 *     and that it is on record where it stays with the same customer; what else they have shown is judged there anew
 *     (proof.h);
 * O5  its home changes only where it is given to another customer (take), because then somebody has said whose it is;
 * O6  a ticket that nothing of a customer is left in is closed, and is what it was when words come back; one that open
 *     work comes to is opened;
 * O7  words of theirs that come in meanwhile stay where they were filed, or find the ticket that they take part in. */
#ifndef QUEUES_MOVE_H
#define QUEUES_MOVE_H

#include "queues/attach.h"
#include "queues/ticket.h"

struct rules;

enum { MOVE_MESSAGES_MAX = 200 };

/* What moving and merging work with. */
struct mover {
    struct redis *redis;
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *arena;
    int64_t now_ms;
};

struct move {
    struct ulid id; /* made by move_plan() where it is zero */
    struct ulid from, to;
    struct ulid account; /* in which `to` lies; it is made there where it is not there yet */
    struct ulid messages[MOVE_MESSAGES_MAX];
    size_t message_count;
    struct ulid person; /* instead: all that is of this participant, or was said to them */
    bool take;          /* O5 */
    struct str by;      /* stf_… or "system" */
    int64_t at_ms;
};

/* Writes down what is to be done; one move leaves a ticket at a time, so an earlier one is carried on first. Once it is
 * written down it will be done. ERR_ABSENT where `from` is not there, ERR_BUSY. */
enum err move_plan(struct mover *m, struct move *what);
/* Carries it on to its end, wherever it is. ERR_OK where there is nothing (any more). */
enum err move_run(struct mover *m, unsigned partition, struct ulid id);
/* Plans and runs. */
enum err move_words(struct mover *m, struct move *what);
/* All that is under way in a partition and was begun before older_than_ms. */
enum err move_finish(struct mover *m, unsigned partition, int64_t older_than_ms);

/* The ticket of their own to which a participant of t goes home: open work of the same person there, else a ticket
 * that is their own and perhaps not there yet. */
enum err move_home_ticket(struct mover *m, const struct ticket *t, struct ulid participant, struct ulid home,
                          struct ulid *out);

#endif
