/* hook.h - events that other programs are told of, kept with what caused them.
 *
 * H1  an event is queued by the same change that makes it one, in the slot of that change;
 * H2  it is handed out to every receiver that wants its kind: each has a queue of its own, so that one that is dead
 *     holds up nobody but itself;
 * H3  each receiver is told at least once: until it answered 2xx, or HOOK_GIVE_UP_MS have passed, or it is gone. An
 *     event keeps its id, whoever is told it and how often; their order is not promised;
 * H4  an event holds ids, numbers and words of ours, never what names a customer or a person. It is kept sealed.
 *
 * {pN}:hk           zset   events that were not handed out yet, by their time
 * {pN}:he:<evt>     hash   kind, sealed: the body as it is sent
 * hq:{<hok>}        zset   events that wait for that receiver, by the time of the next try
 * hs:{<hok>}        hash   told, failed, given_up, dropped (counts), row (failures in a row), ok_ms, fail_ms, why, and
 *                          t:<evt>, tries of what waits */
#ifndef QUEUES_HOOK_H
#define QUEUES_HOOK_H

#include "queues/change.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"

struct hook_receiver;
struct hook_receivers;

enum {
    HOOK_DATA_MAX = 12 * 1024, /* bytes of what an event says; the whole body stays under 16 KiB */
    HOOK_WAITING_MAX =
        20000,              /* events that are kept for one receiver; what comes then is dropped for it, and counted */
    HOOK_HAND_OUT_MAX = 64, /* at once */
};
#define HOOK_GIVE_UP_MS INT64_C(259200000) /* 3 days */

/* X(name, word): the word is the `type` of the body. At most 32. */
#define HOOK_KIND_LIST(X)                           \
    X(INCIDENT_DECLARED, "incident.declared")       \
    X(INCIDENT_CLOSED, "incident.closed")           \
    X(INCIDENT_SUSPECTED, "incident.suspected")     \
    X(INCIDENT_SEVERITY, "incident.severity")       \
    X(RESTORATION_ACCEPTED, "restoration.accepted") \
    X(RESTORATION_REFUSED, "restoration.refused")   \
    X(HANDOVER_UNACCEPTED, "handover.unaccepted")   \
    X(CLOCK_ESCALATED, "clock.escalated")           \
    X(TEST, "hook.test")

enum hook_kind {
#define X(name, word) HOOK_##name,
    HOOK_KIND_LIST(X)
#undef X
        HOOK_KINDS
};
#define HOOK_KINDS_ALL ((1U << HOOK_KINDS) - 1)

const char *hook_kind_name(enum hook_kind kind);
bool hook_kind_parse(struct str s, enum hook_kind *out);

/* H1. data: a JSON object of at most HOOK_DATA_MAX bytes (H4). After something else was put into the change: where that
 * lies, the event lies. The body will be {"type":kind,"timestamp":now,"data":data}. */
void change_hook(struct change *c, const struct keyring *k, enum hook_kind kind, struct str data);

/* ---- for who delivers ---- */

struct hook_event {
    struct ulid id; /* says its partition */
    enum hook_kind kind;
};

/* Events that were not handed out yet, at most HOOK_HAND_OUT_MAX, and into whose queues they go: done when this returns.
 * *n: how many they were. A kill in between tells somebody twice, and nobody never. */
enum err hooks_hand_out(struct redis *r, struct arena *a, const struct hook_receivers *all, int64_t now_ms, size_t *n);

/* One event that waits for one receiver. */
struct hook_due {
    struct ulid event;
    int64_t at_ms;
    int tries;
};
/* The first max by time, due or not. waiting: of all of them. */
enum err hooks_due(struct redis *r, struct arena *a, struct ulid receiver, size_t max, struct hook_due *out, size_t *n,
                   int64_t *waiting);
/* The body as it is to be sent, in a. ERR_ABSENT, ERR_CORRUPT: it will never be had. */
enum err hook_body(struct redis *r, const struct keyring *k, struct arena *a, struct ulid event, struct str *body);
enum err hook_told(struct redis *r, struct arena *a, struct ulid receiver, struct ulid event, int64_t at_ms);
/* again_ms 0: never again. why: no personal data, at most 96 bytes. */
enum err hook_failed(struct redis *r, struct arena *a, struct ulid receiver, struct ulid event, int64_t at_ms,
                     int64_t again_ms, const char *why);
/* How long until the next try, after that many (>= 1); dice: 0..999, so that not all come back at once. Pure. */
int64_t hook_again_ms(int tries, unsigned dice);

/* ---- for who looks ---- */

struct hook_state {
    int64_t waiting, told, failed, given_up, dropped, in_a_row, ok_ms, fail_ms;
    struct str why; /* of the last failure */
};
/* out[i] is of all->at[i]. */
enum err hook_states(struct redis *r, struct arena *a, const struct hook_receivers *all, struct hook_state *out);
/* An event for one receiver alone, that it is there. */
enum err hook_test(struct redis *r, const struct keyring *k, struct arena *a, const struct hook_receiver *to,
                   int64_t now_ms, struct ulid *event);
/* *tries: -1 where it does not wait any more. */
enum err hook_tries(struct redis *r, struct arena *a, struct ulid receiver, struct ulid event, int *tries);

#endif
