/* declare.h - declares an incident from a pack: what `postern incident declare` and POST /api/incidents share. */
#ifndef GATEWAY_INCIDENT_DECLARE_H
#define GATEWAY_INCIDENT_DECLARE_H

#include "queues/incident/incident.h"

struct active;
struct conf;

struct declare_with {
    struct redis *redis;
    const struct keyring *keys;
    struct arena *arena;
    struct active *active;
    const char *rules, *share; /* the rules file of the configuration, and the shipped files */
};

/* Reads the pack that d names, makes sure that it loads over what is in force, and declares (its rules, and its severity where none is given, are put here).
 * dry_run: all but the last. ERR_ABSENT: there is no such pack; ERR_CONF: it does not load; both with faults. Others: as
 * incident_declare(). */
enum err declare_run(const struct declare_with *w, struct incident_declaration *d, bool dry_run, struct buf *faults,
                     struct incident *out, bool *before);

#endif
