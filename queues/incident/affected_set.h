/* affected_set.h - the affected lists of declared incidents in memory, for whoever files: is what is claimed on one?
 *
 * M1  a claim is enough (facts.h): the site that is named, by id or host; the company domain of the mailbox; the account
 *     that all of it leads to, or one that it stands for. A free-mail domain says nothing;
 * M2  asking costs no exchange. A set is of one version of all incidents (incident.h, G2), and is read anew where the
 *     one in force is another; where nothing is declared it is empty and costs nothing;
 * M3  a set that was taken stays as it is until it is released. Any thread. */
#ifndef QUEUES_INCIDENT_AFFECTED_SET_H
#define QUEUES_INCIDENT_AFFECTED_SET_H

#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

struct affected_set;
struct affected_sets;
struct arena;
struct redis;

struct affected_claim {
    struct str site_key; /* key of its evidence, "b:{…}"; empty: none named */
    struct str domain;   /* of a company; empty: none, or free mail */
    const struct ulid *accounts;
    size_t account_count;
};

struct affected_sets *affected_sets_open(void);
void affected_sets_close(struct affected_sets *s);
/* Is the set in force of another version? */
bool affected_sets_stale(struct affected_sets *s, struct str version);
/* Reads the lists of what is declared and puts them in force. ERR_STORE, ERR_CORRUPT: all stays. */
enum err affected_sets_renew(struct affected_sets *s, struct redis *r, const struct keyring *k, struct arena *a);

/* The one in force; affected_set_release() it. */
struct affected_set *affected_set_take(struct affected_sets *s);
void affected_set_release(struct affected_set *set);
/* Slugs of the incidents on whose lists a claim is, space separated, the newest first; in a, empty: none. set: NULL is an
 * empty one. */
struct str affected_set_find(const struct affected_set *set, const struct keyring *k, const struct affected_claim *c,
                             struct arena *a);
/* The newest incident that is declared; empty: none. */
struct str affected_set_newest(const struct affected_set *set);
/* How many keys it holds. */
size_t affected_set_size(const struct affected_set *set);

#endif
