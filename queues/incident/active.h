/* active.h - the rules in force: the rules of the house, with the packs of all declared incidents over them.
 *
 * V1  who routes asks first whether the rules in force are of what is declared now: one HGET, sent with commands that
 *     are sent anyway (active_ask, active_hear). Where they are not, it makes them (active_renew) and begins again. So
 *     once a declaration was answered, no gateway begins to route without it;
 * V2  what is in force goes on being so until there is something better: other rules of the house are refused where a
 *     pack in force does not load over them, and a pack that does not load over the rules of the house is left out,
 *     alone, and said;
 * V3  the version of the set is asked for equality: a Redis that went back in time is followed, too. */
#ifndef QUEUES_INCIDENT_ACTIVE_H
#define QUEUES_INCIDENT_ACTIVE_H

#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct active;
struct redis;
struct redis_value;
struct rules;
struct ruleset;

/* A pack over the rules of the house. */
struct active_pack {
    struct str slug, pack, text; /* NUL-terminated */
};

/* Makes the rules of the house with n packs over them, the newest incident's first; n may be 0. ERR_CONF with a line for
 * each fault in `faults`. Any thread, one at a time. */
typedef enum err active_compose(void *arg, const struct active_pack *packs, size_t n, struct rules **out,
                                struct buf *faults);

struct active_state {
    int64_t version; /* of the set, that the rules are of; -1: nobody has asked yet */
    size_t packs;    /* in force */
    size_t left_out; /* declared, and do not load */
    char frozen[41]; /* slug of the newest incident that freezes the rules of the house; "" none (freeze.h) */
};

/* rules: what is swapped; it holds the rules of the house alone. */
struct active *active_open(struct ruleset *rules, active_compose *compose, void *arg);
void active_close(struct active *s);

/* Queues one command. */
void active_ask(struct redis *r, struct arena *a);
/* Its answer. *stale: what is in force is not of this version. ERR_STORE, ERR_CORRUPT. Any thread. */
enum err active_hear(struct active *s, struct redis *r, const struct redis_value *answer, bool *stale);
/* Reads what is declared and puts it in force. Nothing may be queued on r. ERR_OK too where a pack was left out.
 * ERR_STORE, ERR_CORRUPT: all stays. Any thread. */
enum err active_renew(struct active *s, struct redis *r, const struct keyring *k, struct arena *a);
/* V1 for whoever has nothing else to send: asks, hears, and renews where that is due. Nothing may be queued on r. */
enum err active_follow(struct active *s, struct redis *r, const struct keyring *k, struct arena *a);
/* The rules of the house are others, made with `arg` from now on: in force with the packs that are, or refused whole:
 * ERR_CONF, with faults, and all stays. What was left out is tried again by whoever routes next. */
enum err active_reload(struct active *s, void *arg, struct buf *faults);
/* The rules as they would be with that pack over all that are in force, as the newest; yours, and in force nowhere.
 * ERR_CONF with faults. */
enum err active_try(struct active *s, const struct active_pack *pack, struct rules **out, struct buf *faults);
void active_state(struct active *s, struct active_state *out);

#endif
