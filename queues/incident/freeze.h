/* freeze.h - what nobody changes while an incident is declared: imports of contacts on record, and the rules of the house.
 *
 * In the event that we are built for the list of contacts was rebuilt by hand while feeds went on to shrink it. So a
 * declaration freezes both, and a manager lifts what has to move:
 *
 *   {p0}:in:<slug>  thawed  words of what was lifted: "imports rules" */
#ifndef QUEUES_INCIDENT_FREEZE_H
#define QUEUES_INCIDENT_FREEZE_H

#include "queues/incident/incident.h"

enum freeze { FREEZE_IMPORTS, FREEZE_RULES, FREEZES };

/* "imports", "rules". */
const char *freeze_name(enum freeze what);
bool freeze_parse(struct str s, enum freeze *out);
/* Of a declared incident. */
bool freeze_holds(const struct incident *i, enum freeze what);
/* The first of the incidents that freezes it; NULL: none. */
const struct incident *freeze_by(const struct incident *declared, size_t n, enum freeze what);
/* Freezes it, or lifts that. ERR_ABSENT; ERR_GONE where the incident is closed; ERR_STORE. */
enum err freeze_set(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, enum freeze what,
                    bool frozen, struct str by, int64_t at_ms);

#endif
