/* update.h - the updates of an incident: drafts, what was approved and told, what was withdrawn.
 *
 * B1  what is told was read and approved by a second person: nobody approves an update that has a word of theirs in it,
 *     and only the revision that they have read;
 * B2  an approved update never changes. A correction is a new update; one that must not stand any longer is withdrawn,
 *     with a reason, and that it was stays visible;
 * B3  it is judged when it is approved (rules/update.h), against the update that stands then: what was complete when it
 *     was written may have come too late;
 * B4  the last approved update that was not withdrawn stands. Nothing stands before the first one;
 * B5  each step is one change with its place in the timeline, its audit entry and its live event, made against the
 *     version that was read; a step that is sent again finds that it was done;
 * B6  whatever customers may see of it raises field v of {p0}:iu: who shows updates asks for that alone.
 *
 *   {p0}:iu         hash  v
 *   {p0}:iu:<slug>  hash  v; upd_… -> JSON of one update, sealed; told_ms, when one was last approved; late_ms, the last
 *                         promise that was seen to pass */
#ifndef QUEUES_INCIDENT_UPDATE_H
#define QUEUES_INCIDENT_UPDATE_H

#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/update.h"

#include <stdint.h>

enum {
    UPDATES_MAX = 400,      /* of one incident: every three hours for seven weeks */
    UPDATE_WRITERS_MAX = 8, /* people with words in one update */
    UPDATE_WHY_MAX = 500,   /* code points of why one was withdrawn: customers read it */
};

enum update_state { UPDATE_DRAFT, UPDATE_APPROVED, UPDATE_WITHDRAWN, UPDATE_STATES };
/* "draft", "approved", "withdrawn". */
const char *update_state_name(enum update_state s);

struct update_record {
    struct ulid id;
    int64_t number;   /* 1, 2, … as it was begun */
    int64_t revision; /* 1, 2, … as it was written */
    enum update_state state;
    struct update update;
    struct str writer[UPDATE_WRITERS_MAX]; /* "stf_… NAME", the first began it */
    size_t writers;
    int64_t begun_ms, written_ms;
    int64_t approved_ms; /* 0: nobody was ever shown it */
    struct str approved_by;
    int64_t withdrawn_ms;
    struct str withdrawn_by, why;
};

struct updates {
    struct str version;
    struct update_record *list; /* the newest first */
    size_t n;
    int64_t told_ms, late_ms;
};

/* What every call here works with. */
struct update_desk {
    struct redis *redis;
    const struct keyring *keys;
    struct arena *arena; /* of everything that is read */
    const struct update_languages *languages;
    struct str slug; /* of an incident that there is */
    struct str by;   /* "stf_… NAME" */
    int64_t now_ms;
};

enum err updates_read(const struct update_desk *d, struct updates *out);
/* B4; NULL none. */
const struct update_record *updates_standing(const struct updates *u);
/* NULL where there is none of that id. */
const struct update_record *updates_find(const struct updates *u, struct ulid id);

/* Begins one. The same words of the same person again are the draft that is there.
 *   ERR_LIMIT UPDATES_MAX; ERR_BUSY others were faster, again and again; ERR_STORE. */
enum err update_begin(const struct update_desk *d, const struct update *u, struct update_record *out);
/* Writes it anew.
 *   ERR_ABSENT; ERR_CONFLICT revision is not the one that is there; ERR_GONE it is no draft any more;
 *   ERR_LIMIT UPDATE_WRITERS_MAX. */
enum err update_write(const struct update_desk *d, struct ulid id, int64_t revision, const struct update *u,
                      struct update_record *out);
/* B1, B3.
 *   ERR_DENIED it has a word of d->by in it; ERR_INPUT with faults; else as update_write(). */
enum err update_approve(const struct update_desk *d, struct ulid id, int64_t revision, struct update_record *out,
                        struct update_fault faults[UPDATE_FAULTS_MAX], size_t *fault_count);
/* B2; a draft is put aside by it. ERR_ABSENT; ERR_GONE it was withdrawn before, for another reason. */
enum err update_withdraw(const struct update_desk *d, struct ulid id, struct str why, struct update_record *out);
/* A promise has passed: once for each promise, whoever sees it. *first: it was this call. */
enum err update_late(const struct update_desk *d, int64_t promised_ms, bool *first);

/* When everybody of that incident was last told something: queued, then read from the answer; 0 never. */
void update_told_queue(struct redis *r, struct arena *a, struct str slug);
int64_t update_told_parse(const struct redis_value *v);
/* B6: the version of all that customers may see; "" before the first. */
void update_version_queue(struct redis *r, struct arena *a);

#endif
