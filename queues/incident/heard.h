/* heard.h - who said "we are down", by the minute: written with what is filed, read by suspicion.h.
 *
 * D1  a request that says down is written down once for each account and minute, in the exchange that files it (no
 *     round trip of its own) and by when it was received, however late it is filed. Doing it again changes nothing;
 * D2  an account is the one that the report's own evidence leads to: a stranger's is their own, a bystander's is what
 *     they post about and is marked. Robots, and reports that belong to a declared incident, say nothing new;
 * D3  what was said is sealed; a minute is forgotten after HEARD_KEEP_MS, so memory is bounded by two days of reports.
 *
 * dn:{<minute>}   hash   <account's ULID>, with "~" behind it of a bystander -> sealed JSON of struct heard */
#ifndef QUEUES_INCIDENT_HEARD_H
#define QUEUES_INCIDENT_HEARD_H

#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HEARD_READ_MAX = 5000, /* accounts of one minute that are told apart; more are counted as that many */
    HEARD_COMMANDS = 2,
    HEARD_WORDS_MAX = 16,
};
#define HEARD_KEEP_MS INT64_C(172800000)
#define MINUTE_MS     INT64_C(60000)

struct heard {
    struct ulid account, ticket;
    bool bystander;
    int64_t at_ms;
    struct str channel, tier, region, language;
    struct str domain; /* of the site that they name, without its first label */
    struct words words;
};

/* Queues HEARD_COMMANDS commands. site, text: as they were typed. */
void heard_queue(struct redis *r, const struct keyring *k, struct arena *a, const struct heard *h, struct str site,
                 struct str text);

/* An account, first heard in that minute of those that were looked at. */
struct heard_first {
    struct ulid account;
    int64_t minute;
    bool bystander;
};
/* Accounts heard in the minutes from..to, each once, by account. *beyond: how many more, that were not told apart, in
 * the last minute. */
enum err heard_first_read(struct redis *r, struct arena *a, int64_t from, int64_t to, struct heard_first **out,
                          size_t *n, size_t *beyond);
/* What was said in those minutes, at most max, from the newest minute back. What cannot be read is left out. */
enum err heard_read(struct redis *r, const struct keyring *k, struct arena *a, int64_t from, int64_t to, size_t max,
                    struct heard *out, size_t *n);
/* Some of one minute, by HSCAN: *cursor is "0" at the start, and again at the end. */
enum err heard_scan(struct redis *r, const struct keyring *k, struct arena *a, int64_t minute, struct str *cursor,
                    struct heard **out, size_t *n);

#endif
