/* incident.h - an incident: what was declared, of which pack, and what has happened to it since.
 *
 * G1  what belongs to incidents as such lies in the slot {p0}: record, timeline, audit and live event change together in
 *     one change (change.h), and so does the version of the set of all incidents;
 * G2  the version of the set, field v of {p0}:inc, grows whenever the way requests are routed may have changed: who
 *     decides by an older one asks anew (active.h);
 * G3  a slug is given once. A closed incident keeps its own, its record and its timeline;
 * G4  at most INCIDENTS_DECLARED_MAX are declared at one time;
 * G5  a happening that is written again, with the same moment, words and author, is the same happening.
 *
 *   {p0}:inc        hash  v the version of the set; <slug> -> "inc_… declared" or "inc_… closed"
 *   {p0}:in:<slug>  hash  v, id, title (sealed), state, pack, rules (the text of the pack as it was declared), severity,
 *                         by, declared_ms, heard_ms (the first report that belongs to it; 0 not known), closed_ms (0),
 *                         list (version of the affected list; 0 none). Other parts keep fields of their own in it
 *   {p0}:ih:<slug>  hash  its timeline: evt_… -> JSON {at,kind,by,detail}, sealed */
#ifndef QUEUES_INCIDENT_INCIDENT_H
#define QUEUES_INCIDENT_INCIDENT_H

#include "queues/change.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    INCIDENT_SLUG_MAX = 40,
    INCIDENT_TITLE_MAX = 200,       /* code points */
    INCIDENT_WORD_MAX = 32,         /* bytes of a pack's name, and of a severity */
    INCIDENTS_DECLARED_MAX = 8,     /* each is a layer of rules that every decision goes through */
    INCIDENT_DETAIL_MAX = 8 * 1024, /* bytes of what a happening says */
};

#define INCIDENT_DECLARED "declared"
#define INCIDENT_CLOSED   "closed"

struct incident {
    struct ulid id;
    struct str slug, version;
    struct str title; /* unsealed */
    struct str state; /* INCIDENT_DECLARED or INCIDENT_CLOSED */
    struct str pack, rules, severity;
    struct str by; /* see change_incident_happened() */
    int64_t declared_ms, heard_ms, closed_ms, list;
    const struct redis_value *fields; /* all of the hash: redis_field() */
};

/* [a-z0-9][a-z0-9-]{0,39}, and not "v". */
bool incident_slug_valid(struct str s);
/* [a-z0-9][a-z0-9-]{0,31}: a pack's name, and a severity. */
bool incident_word_valid(struct str s);
bool incident_is_declared(const struct incident *i);

/* {p0}:in:<slug>, in a. slug is valid. */
struct str incident_key(struct arena *a, struct str slug);
/* {p0}:inc, in a. */
struct str incident_set_key(struct arena *a);

/* ---- reading; all is in a ---- */

/* ERR_ABSENT where none is called so. */
enum err incident_read(struct redis *r, const struct keyring *k, struct arena *a, struct str slug,
                       struct incident *out);
/* All there ever were, the newest first. */
enum err incident_list(struct redis *r, const struct keyring *k, struct arena *a, struct incident **out, size_t *n);
/* The declared ones, the newest first, and the version of the set that they are of; "0" before the first. */
enum err incidents_declared(struct redis *r, const struct keyring *k, struct arena *a, struct incident **out, size_t *n,
                            struct str *version);

struct incident_happening {
    struct ulid id;
    int64_t at_ms;
    struct str kind, by, detail;
};
/* The timeline by time, the oldest first. Empty where none is called so. */
enum err incident_history(struct redis *r, const struct keyring *k, struct arena *a, struct str slug,
                          struct incident_happening **out, size_t *n);

/* ---- parts of changes ---- */

/* Timeline, audit (action "incident-<kind>", object the slug, detail the id of the happening) and live event
 * {"type":"incident","incident":SLUG,"kind":KIND}. by: "stf_… NAME", "postern" (the command line) or "system"; its first
 * word is who the audit names. kind: a plain word. detail: at most INCIDENT_DETAIL_MAX bytes for people to read, or
 * JSON; empty none. */
void change_incident_happened(struct change *c, const struct keyring *k, struct str slug, int64_t at_ms, struct str by,
                              const char *kind, struct str detail);
/* Raises the version of the set (G2). */
void change_incidents_moved(struct change *c);
/* Raises the version of one incident, in a change that does not run against it. */
void change_incident_touched(struct change *c, struct str slug);

/* ---- declaring and closing ---- */

struct incident_declaration {
    struct str slug, title, pack;
    struct str rules; /* that load over the rules in force; the caller has tried */
    struct str severity, by;
    int64_t at_ms, heard_ms;   /* heard_ms: 0 not known */
    const struct change *with; /* commands in {p0} that happen with it; NULL none */
};

/* Are slug, title, pack and severity what they may be? */
bool incident_declaration_fits(const struct incident_declaration *d);
/* Declares it for all gateways, and tells who hooked on to that: when this answers, whoever begins to file asks the new rules. The same again (slug, pack
 * and title) is what was declared before, and *before says so (may be NULL).
 *   ERR_INPUT     slug, title, pack or severity is not fit;
 *   ERR_CONFLICT  the slug was given already;
 *   ERR_LIMIT     G4;
 *   ERR_STORE. */
enum err incident_declare(struct redis *r, const struct keyring *k, struct arena *a,
                          const struct incident_declaration *d, struct incident *out, bool *before);
/* Ends it: its rules are in force no more. with: as above. *before (may be NULL): it was closed already.
 * ERR_ABSENT, ERR_STORE. */
enum err incident_close(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct str by,
                        int64_t at_ms, const struct change *with, struct incident *out, bool *before);

#endif
