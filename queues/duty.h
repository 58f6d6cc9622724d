/* duty.h - the roster in force, who is away, and hand-overs from one watch to the next.
 *
 *   {p0}:ro        hash  v, csv (sealed), by, at; csv@<v>, by@<v>, at@<v> of each version that was in force
 *   {p0}:ra        hash  awy_… -> who is away and who stands in, sealed
 *   {p0}:ho        hash  hov_… -> a hand-over, sealed
 *   {p0}:hs        zset  hov_… by the moment at which its watch ends
 *
 * O1  a roster is replaced whole, against the version that was read; the ones before it stay;
 * O2  each watch that ends has one hand-over, made HANDOVER_BEFORE_MS before: its id follows from the watch, so whoever
 *     makes it makes the same;
 * O3  until somebody accepts it, whoever led the watch that ended answers for everything: nothing is nobody's;
 * O4  the incoming lead accepts, or the deputy, whoever stands in for either, or a manager. One that nobody has accepted
 *     HANDOVER_DEPUTY_MS after its watch ended becomes the deputy's, too; after HANDOVER_MANAGERS_MS the managers'. Both
 *     are told once: happening, audit, live event, hook handover.unaccepted. */
#ifndef QUEUES_DUTY_H
#define QUEUES_DUTY_H

#include "queues/change.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/roster.h"

#include <stdbool.h>
#include <stdint.h>

enum { DUTY_WHY_MAX = 500 /* code points */, DUTY_AWAY_MAX = 500, HANDOVER_NOTE_MAX = 4000, HANDOVERS_KEPT = 400 };

#define HANDOVER_BEFORE_MS   (INT64_C(30) * 60 * 1000)
#define HANDOVER_DEPUTY_MS   (INT64_C(15) * 60 * 1000)
#define HANDOVER_MANAGERS_MS (INT64_C(30) * 60 * 1000)
#define HANDOVER_MISSED_MS   (INT64_C(12) * 3600 * 1000) /* one that was not made in time is made as late as that */

struct duty_away {
    struct ulid id;
    struct roster_absence is;
    struct str why, by;
    int64_t at_ms;
};

struct duty {
    int64_t version; /* 0: there is no roster */
    int64_t at_ms;
    struct str by, csv;
    struct roster *roster; /* NULL: there is none */
    struct duty_away *away;
    struct roster_absence *absences; /* of away[i] */
    size_t away_count;
};

/* Everything in a. zones: as for roster_parse(). ERR_OK with version 0 where there is none. */
enum err duty_read(struct redis *r, const struct keyring *k, struct arena *a, zone_bytes *zones, void *zones_arg,
                   struct duty *out);
/* csv was parsed. expected: the version that was read; a negative one: whatever there is. ERR_CONFLICT. */
enum err duty_write(struct redis *r, const struct keyring *k, struct arena *a, struct str csv, int64_t expected,
                    struct str by, int64_t now_ms, int64_t *version);
/* ERR_LIMIT: DUTY_AWAY_MAX are written down; who has ended is dropped first. w->id is made. */
enum err duty_away_add(struct redis *r, const struct keyring *k, struct arena *a, struct duty_away *w);
/* They are there again. ERR_ABSENT. */
enum err duty_away_end(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                       int64_t now_ms);

struct handover {
    struct ulid id;
    struct str from, to;              /* "region/shift"; to is empty where no watch is in sight */
    struct str leaves, takes, deputy; /* names; leaves and takes may be empty: nobody leads */
    int64_t due_ms, begins_ms;        /* the watch ends; the next one begins */
    int64_t made_ms;
    int steps;                        /* 0; 1: the deputy was told; 2: the managers */
    struct str note, note_by;         /* of who leaves */
    int64_t accepted_ms;              /* 0: not yet */
    struct str accepted_by, contents; /* JSON: what was handed over, as it stood when it was accepted */
};

/* O2. */
struct ulid handover_id(const struct roster_watch *w);
/* Makes those that are due and tells of those that nobody accepted. *n: how many changed. */
enum err handovers_turn(struct redis *r, const struct keyring *k, struct arena *a, const struct duty *d, int64_t now_ms,
                        size_t *n);
/* The newest first. */
enum err handovers_read(struct redis *r, const struct keyring *k, struct arena *a, struct handover **out, size_t *n);
/* ERR_ABSENT. */
enum err handover_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct handover *out);
/* ERR_CONFLICT: it was accepted. */
enum err handover_write_note(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str note,
                             struct str by, int64_t now_ms);
/* O4 without the role. */
bool handover_is_for(const struct handover *h, struct str name);
/* contents: JSON. ERR_CONFLICT: somebody else has; ERR_OK where `by` has. */
enum err handover_accept(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct str by,
                         struct str contents, int64_t now_ms);

/* O3: who answers now, and since which hand-over or watch. */
struct duty_answers {
    struct str name, watch; /* watch: "region/shift" */
    bool over;              /* the watch has ended, and nobody accepted it yet */
};
size_t duty_answers(const struct duty *d, const struct handover *all, size_t n, int64_t now_ms, struct arena *a,
                    struct duty_answers **out);

#endif
