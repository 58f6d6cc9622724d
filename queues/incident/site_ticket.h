/* site_ticket.h - one ticket for each site of an affected list, though nobody may have written.
 *
 * K1  a site has one ticket in an incident: {pN}:as:<slug> names it, in the partition of its customer, and whoever makes
 *     it makes it only while nobody has. Its id follows from incident and site. So it is one however often its making is
 *     killed and run again, and however often the list is imported;
 * K2  an open ticket of that customer which is about that site, and was heard since the incident began, becomes its
 *     ticket: its people, words and clocks stay as they are;
 * K3  nobody is written to because a ticket was made: it has no participant, and its first words are a note to staff;
 * K4  from then on a report of its customer about the site, or about none, joins it (attach.h), for as long as the
 *     incident lasts. A report that comes while it is made finds it, or is found by it: each is written only while
 *     nobody wrote the other.
 *
 *   {pN}:as:<slug>  hash  <site index> -> "tkt_…"
 *
 * Such a ticket has the fields incident (slug), affected (slugs), site (as the list has it, sealed), site_index, own ("1"),
 * made ("1": nobody had written). Happenings: "made" (by "system"), "listed" (an open ticket became a site's). */
#ifndef QUEUES_INCIDENT_SITE_TICKET_H
#define QUEUES_INCIDENT_SITE_TICKET_H

#include "queues/attach.h"
#include "queues/incident/affected.h"
#include "queues/incident/incident.h"

struct rules;

enum {
    SITE_TICKETS_AT_ONCE = AFFECTED_PIECE,
    SITE_TICKET_LOOKS = 20, /* at the newest tickets of a customer, for one about the site */
};

/* Before an incident was declared: reports since then may be of it, where nobody said when it began. */
#define SITE_TICKET_BEFORE_MS (INT64_C(24) * 3600 * 1000)

enum site_ticket_outcome { SITE_TICKET_MADE, SITE_TICKET_ADOPTED, SITE_TICKET_BEFORE };

struct site_ticket_maker {
    struct redis *redis;
    const struct keyring *keys;
    const struct rules *rules; /* with the incident's pack over them */
    struct arena *arena;
    int64_t now_ms;
    const struct incident *incident;
    uint64_t (*number)(void *arg); /* a fresh one for a public reference (number.h) */
    void *arg;
};

/* At most SITE_TICKETS_AT_ONCE sites, each of them with its ticket when it answers. ERR_CONFLICT: somebody was faster
 * with one of them: again. ERR_STORE, ERR_CORRUPT. */
enum err site_tickets_make(struct site_ticket_maker *m, const struct affected_site *sites, size_t n,
                           enum site_ticket_outcome *out);

/* Since when a report may be of the incident. */
int64_t site_ticket_since_ms(const struct incident *i);
/* Key of {pN}:as:<slug>. */
struct str site_tickets_key(struct arena *a, unsigned partition, struct str slug);
/* How many sites have one. One exchange. */
enum err site_tickets_count(struct redis *r, struct arena *a, struct str slug, size_t *n);

#endif
