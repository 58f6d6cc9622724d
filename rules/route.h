/* route.h - a rules file that was loaded, and what it decides.
 *
 * R1  a file is loaded whole or not at all: every name exists, every line can be
 *     reached, every example beside the rules comes out as it says;
 * R2  the first route whose conditions all hold decides; `otherwise` is the last
 *     one and always holds, so each ticket is in exactly one queue;
 * R3  a loaded file never changes: any number of threads may ask it at once. What
 *     it answers borrows its names and texts, so keep it until those are gone;
 * R4  the packs of declared incidents lie over the rules, the newest on top: their
 *     routes are asked first, and what none of them takes goes by the rules below.
 *     Queues of a pack are called SLUG.queue, so two incidents may come from one pack;
 * R5  whether a pack can be laid over depends on it and on the rules below alone, never
 *     on what else is declared: its examples are run on those two, the rules' own on
 *     the rules alone. So an incident can always be declared beside others, and closed. */
#ifndef RULES_ROUTE_H
#define RULES_ROUTE_H

#include "rules/facts.h"
#include "rules/sla.h"
#include "rules/zone.h"

struct arena;
struct email;
struct rules;

enum {
    RULES_BYTES_MAX = 1024 * 1024,
    RULES_QUEUES_MAX = 256,
    RULES_CALENDARS_MAX = 64,
    RULES_ROUTES_MAX = 1024,
    RULES_MATCHES_MAX = 8,
    RULES_EXAMPLES_MAX = 1024, /* of routes, and as many of clocks and of matches */
    RULES_CONDITIONS_MAX = 16, /* a route */
    RULES_CLASSES_MAX = 16,
    RULES_CLASS_ENTRIES_MAX = 256, /* domains of a class, and as many addresses */
    RULES_NAME_MAX = 32,
    RULES_SLUG_MAX = 40, /* of an incident */
    RULES_QUEUE_NAME_MAX = RULES_SLUG_MAX + 1 + RULES_NAME_MAX,
    RULES_OVERLAYS_MAX = 8, /* incidents declared at once */
    RULES_TITLE_MAX = 200,  /* bytes */
    RULES_PRIORITY_MAX = 100,
};

struct rules_queue {
    const char *name;     /* [a-z][a-z0-9-]{0,31}; of a pack SLUG.name */
    const char *title;    /* for people; the name in its file where that gives none */
    const char *incident; /* slug of the incident whose pack it is of; "": of the rules themselves */
    struct sla_policy policy;
    int64_t silence_ms; /* working time a customer with work here may hear nothing (silence.h); 0: no promise */
    int line;
};

/* Adds the bytes of a file that stands beside the rules file; name is a safe relative path. At most bytes_max:
 * ERR_LARGE; ERR_ABSENT, ERR_IO. */
typedef enum err rules_beside(void *arg, const char *name, size_t bytes_max, struct buf *bytes);

/* What a rules file may name, and where it comes from; asked while it is loaded only. */
struct rules_sources {
    zone_bytes *zones;
    void *zones_arg;
    rules_beside *beside; /* NULL: there are no other files */
    void *beside_arg;
};

/* Loads text that is called `name` in messages.
 *   faults  gets "name:line: reason" a line, in the order of the lines
 * ERR_CONF where there is any fault. Yours: rules_close(). */
enum err rules_load_from(struct rules **out, const char *name, struct str text, const struct rules_sources *from,
                         struct buf *faults);
/* The same for rules that name no other file. */
enum err rules_load(struct rules **out, const char *name, struct str text, zone_bytes *zones, void *arg,
                    struct buf *faults);
/* NULL is allowed. */
void rules_close(struct rules *r);

/* The pack of a declared incident. */
struct rules_overlay {
    const char *slug; /* [a-z0-9][a-z0-9-]{0,39}, each another one */
    const char *file; /* in messages: "packs/site-loss.rules" */
    struct str text;
};

/* rules_load_from() with packs laid over it, n <= RULES_OVERLAYS_MAX of them, the newest first. Names and texts are
 * copied. Faults of name come first, then those of each pack. What a pack names beside itself lies beside the rules. */
enum err rules_load_over(struct rules **out, const char *name, struct str text, const struct rules_overlay *overlays,
                         size_t n, const struct rules_sources *from, struct buf *faults);

/* What the pack of that incident, if it were declared alone, takes whole from the rules below: for each line of them
 * that is not reached meanwhile "default.rules:131: is not reached meanwhile: …". No fault (R4), but worth a look before
 * it is declared. */
void rules_shadow(const struct rules *r, struct str slug, struct buf *out);

size_t rules_overlay_count(const struct rules *r);
/* In the order in which they were given: the newest first. */
const char *rules_overlay_slug(const struct rules *r, size_t i);
/* The bit of that incident in facts.affected and facts.incident; 0: it is not declared here. */
uint32_t rules_overlay_bit(const struct rules *r, struct str slug);

/* FNV-1a of the text, of the packs over it and of the files they name, 64 bits in hex: two that decide differently
 * differ in it. */
const char *rules_version(const struct rules *r);
/* As it was given to rules_load(): of the rules themselves. */
const char *rules_file(const struct rules *r);

/* Those of packs first, then in the order of the file. */
size_t rules_queue_count(const struct rules *r);
const struct rules_queue *rules_queue_at(const struct rules *r, size_t i);
/* NULL where there is none of that name. */
const struct rules_queue *rules_queue(const struct rules *r, struct str name);

/* The class of senders that a mailbox is in: by its address, else by its domain. NULL: it is in none. Whoever is in one
 * is no customer: a partner, our own people. */
const char *rules_class(const struct rules *r, const struct email *e);

/* A route that was looked at. */
struct decision_step {
    const char *file;
    int line;
    const char *route;  /* its sentence */
    const char *unless; /* the condition that did not hold; NULL: it decided */
    enum fact fact;     /* what that condition looked at */
    uint32_t incidents; /* and of which incidents: facts_seen() */
};

struct decision {
    const struct rules_queue *queue;
    int priority;     /* 0..100, more is sooner */
    const char *file; /* of the route that decided */
    int line;
    size_t steps; /* every route down to that one */
    const struct decision_step *step;
};

/* Some route asks for a heat that `after` has and `before` has not. */
bool rules_heat_rises(const struct rules *r, const struct facts *before, const struct facts *after);

/* Never fails (R2). The steps live in a. */
void rules_route(const struct rules *r, const struct facts *f, struct arena *a, struct decision *out);

#endif
