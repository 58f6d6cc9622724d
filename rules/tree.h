/* tree.h - a rules file as it stands in memory. Inside of rules/ only: others use route.h. */
#ifndef RULES_TREE_H
#define RULES_TREE_H

#include "rules/condition.h"
#include "rules/match_rule.h"
#include "rules/pack.h"
#include "rules/route.h"

/* Places from..to of an array of the tree. */
struct tree_range {
    size_t from, to;
};

/* A file that was read: the rules themselves, or the pack of an incident that lies over them. Its own faults are told
 * of it; where its queues, calendars and routes stand among those of all files. */
struct tree_file {
    const char *name;   /* in messages */
    const char *slug;   /* of the incident; "": the rules themselves */
    uint32_t incidents; /* which ones `affected` and `incident` ask for in it */
    struct faults *faults;
    const struct pack *pack; /* NULL: the rules themselves */
    struct tree_range queues, calendars, routes, examples, clock_examples;
};

/* A name that is looked up once the whole file is read. */
struct reference_to {
    struct str name;
    int line;
};

struct tree_queue {
    struct rules_queue q; /* q.policy.calendar is NULL until it is looked up */
    const char *word;     /* its name in its own file */
    const struct tree_file *file;
    struct reference_to calendar;
};

struct tree_calendar {
    struct calendar c;
    const struct tree_file *file;
    int line;
};

struct tree_route {
    const struct tree_file *file;
    int line;
    size_t n; /* 0: otherwise */
    const struct condition *when;
    struct reference_to to;
    const struct rules_queue *queue;
    int priority;
    const char *text;
};

struct tree_example {
    const struct tree_file *file;
    int line;
    struct facts facts;
    struct reference_to to;
    const struct rules_queue *queue;
    int priority; /* -1: any */
};

/* A ticket that was opened then and not answered: when is that clock due? */
struct tree_clock_example {
    const struct tree_file *file;
    int line;
    struct reference_to of;
    const struct rules_queue *queue;
    enum sla_clock clock;
    int64_t opened_ms, due_ms;
};

/* Mailboxes and domains of one class of senders, in the form in which they are compared. */
struct tree_class {
    const char *name;
    int line;
    size_t domains, addresses;
    struct str domain[RULES_CLASS_ENTRIES_MAX], address[RULES_CLASS_ENTRIES_MAX];
};

struct rules {
    struct arena *arena;
    size_t overlays;
    struct tree_file file[RULES_OVERLAYS_MAX + 1]; /* the overlays, in their order, and then the rules themselves */
    uint64_t hash;                                 /* of all that was read */
    char version[17];
    size_t classes, queues, calendars, routes, examples, clock_examples, matches, match_examples;
    struct tree_class *senders;
    struct tree_queue *queue;
    struct tree_calendar *calendar;
    struct tree_route *route;
    struct tree_example *example;
    struct tree_clock_example *clock_example;
    struct match_rule *match;
    struct match_example *match_example;
};

/* Bytes that decisions depend on: they make the version. */
void rules_mix(struct rules *r, struct str bytes);

/* The rules themselves. */
const struct tree_file *tree_base(const struct rules *r);
/* As a file names it: its own queue, else one of the rules it lies over. NULL: there is none. */
const struct rules_queue *tree_queue_of(const struct rules *r, const struct tree_file *file, struct str name);
/* rules_route() as it would be if no other incident were declared; of the rules themselves: if none were. */
void tree_route_of(const struct rules *r, const struct tree_file *file, const struct facts *f, struct arena *a,
                   struct decision *out);

#endif
