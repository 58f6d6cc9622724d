/* tree.h - a rules file as it stands in memory. Inside of rules/ only: others use route.h. */
#ifndef RULES_TREE_H
#define RULES_TREE_H

#include "rules/condition.h"
#include "rules/match_rule.h"
#include "rules/route.h"

/* A name that is looked up once the whole file is read. */
struct reference_to {
    struct str name;
    int line;
};

struct tree_queue {
    struct rules_queue q; /* q.policy.calendar is NULL until it is looked up */
    struct reference_to calendar;
};

struct tree_calendar {
    struct calendar c;
    int line;
};

struct tree_route {
    int line;
    size_t n; /* 0: otherwise */
    const struct condition *when;
    struct reference_to to;
    const struct rules_queue *queue;
    int priority;
    const char *text;
};

struct tree_example {
    int line;
    struct facts facts;
    struct reference_to queue;
    int priority; /* -1: any */
};

/* A ticket that was opened then and not answered: when is that clock due? */
struct tree_clock_example {
    int line;
    struct reference_to queue;
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
    const char *file;
    uint64_t hash; /* of all that was read */
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

#endif
