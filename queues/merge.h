/* merge.h - accounts that stand for one another, by edges that can be taken away again.
 *
 *   acc_A --edge--> acc_B      A stands for B: whoever looks at B sees both; nothing was copied
 *
 * {pN}:a:<acc> fields: alias (the account it stands for), edge (by which); held:<edg> (that account is about to stand
 * for this one). {pN}:al:<acc> holds the edges into an account: edg_… -> sealed JSON.
 *
 * G1  an edge goes from one root to another root, so edges make trees: an account stands for one other at most, and a
 *     chain is at most MERGE_DEPTH_MAX long;
 * G2  no cycle, whoever links whom at the same time: who is about to be stood for is held first, and who is held, or
 *     has an alias, gets no alias. Of two that meet, at least one is refused and leaves nothing behind;
 * G3  a report goes on to its home, the account its own evidence leads to. Where its person's work lies in another
 *     account of the same customer it is put there, and marked with its home (attach.h);
 * G4  taking an edge away sends every word home that the edge had brought into another account's ticket: to that
 *     person's ticket there, or a new one (move.h). None is lost, none is doubled in the end;
 * G5  each step is one change. A kill between any two leaves an entry in {pN}:mv that merge_finish() completes: a link
 *     whose second half is missing is made or taken back, words that still lie elsewhere go home;
 * G6  a report that was under way while the edge was taken away may still join across it: the entry stays for
 *     MERGE_GRACE_MS, and each turn looks again;
 * G7  who was not answered may ask again at once. What is tied is settled by whoever asks for it; what else was begun
 *     between the two is given up with the edge, so that nothing ties them again after it was taken away. */
#ifndef QUEUES_MERGE_H
#define QUEUES_MERGE_H

#include "queues/move.h"

enum {
    MERGE_DEPTH_MAX = 8,
    MERGE_FAMILY_MAX = 512, /* accounts that are one customer */
    MERGE_WHY_MAX = 500,    /* code points */
    MERGE_GRACE_MS = 10 * 60 * 1000,
};

struct edge {
    struct ulid id, from, into;
    struct str why, by, by_name; /* by: stf_… */
    int64_t at_ms;
    bool duplicate; /* a suspected duplicate, decided: who may decide may take it back */
};

/* One customer: the root first, then all that stand for it, nearer ones before farther ones. */
struct family {
    struct ulid *accounts;
    size_t n;
    struct edge *edges;
    size_t edge_count;
    int depth; /* of the longest chain */
};

/* What an account stands for; merge_alias_parse() reads the answer: false where it is a root. */
void merge_queue_alias(struct redis *r, struct arena *a, struct ulid account);
bool merge_alias_parse(const struct redis_value *v, struct ulid *into);
/* ERR_CORRUPT where a chain does not end. An account that nobody knows is its own root. */
enum err merge_root(struct redis *r, struct arena *a, struct ulid account, struct ulid *root);
/* The same for n accounts, a step of all chains in one exchange. */
enum err merge_roots(struct redis *r, struct arena *a, const struct ulid *accounts, size_t n, struct ulid *roots);
/* account: any of them. */
enum err merge_family(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                      struct family *out);
bool family_has(const struct family *f, struct ulid account);
/* What remains of it where one of them is looked at alone: that one first, all that stand for it, and their edges. */
void family_below(const struct family *f, struct arena *a, struct ulid account, struct family *out);

/* Links the customer of e->from to that of e->into (G1: their roots). In: from, into, why, by, by_name, duplicate; out:
 * the rest, and from and into as they were linked.
 *   ERR_ABSENT    no such account
 *   ERR_CONFLICT  they are one already
 *   ERR_LIMIT     the chain would be too long
 *   ERR_BUSY      others link the same accounts: try again */
enum err merge_link(struct mover *m, struct edge *e);
/* Takes an edge of account's customer away. *out (may be NULL): what it was. ERR_ABSENT where there is none. */
enum err merge_unlink(struct mover *m, struct ulid account, struct ulid edge, struct str by, struct edge *out);
/* G5, G6: what is under way in a partition and was begun before older_than_ms. */
enum err merge_finish(struct mover *m, unsigned partition, int64_t older_than_ms);

#endif
