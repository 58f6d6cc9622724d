/* candidate.h - rules that are tried before they are applied: other rules of the house under the packs that are in force,
 * or another pack over all of them. They are in force nowhere. */
#ifndef GATEWAY_CANDIDATE_H
#define GATEWAY_CANDIDATE_H

#include "queues/incident/active.h"

struct rulesfile;

struct candidate {
    const struct rules *rules;
    struct rules *own; /* with a pack */
    struct rulesfile *file;
    struct ruleset *set;
    struct active *active;
};

/* house: taken. pack: over all that is in force, as the newest; NULL: none. r: to read what is declared.
 * ERR_CONF with a line for each fault, ERR_STORE, ERR_CORRUPT; nothing is to be closed then. */
enum err candidate_open(struct candidate *out, struct redis *r, const struct keyring *k, struct arena *a,
                        struct rulesfile *house, const struct active_pack *pack, struct buf *faults);
void candidate_close(struct candidate *c);

#endif
