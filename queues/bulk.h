/* bulk.h - one act on every ticket of a selection, as a job, and taking it back.
 *
 * Kinds of jobs (job.h):
 *   bulk     {"selection","action":{"do",…},"by_name"}   actions: see bulk_action_parse()
 *   reroute  {"selection"}                               each ticket stands where the rules in force say
 *   undo     {"selection","of":JOB}                      puts back what that job changed
 *
 *   {pN}:ju:<job>  hash  <tkt> -> JSON {"before":{…},"after":{…}}: what the job changed of it
 *
 * K1  a ticket, its history, its audit entry, its live update and what the job did to it are one change: done again after
 *     a kill it is found done;
 * K2  undo puts back a ticket only where everything that the job changed of it is still as the job left it; what
 *     somebody changed since is theirs, and is skipped with that reason;
 * K3  a note stays: it was read. */
#ifndef QUEUES_BULK_H
#define QUEUES_BULK_H

#include "queues/job.h"
#include "rules/ticket_state.h"

enum bulk_do {
    BULK_CLAIM,    /* free ones, for whoever asks */
    BULK_ASSIGN,   /* to "owner" and "owner_name", whoever has them */
    BULK_RELEASE,  /* of whoever has them */
    BULK_STATE,    /* "state" */
    BULK_QUEUE,    /* "queue" */
    BULK_PRIORITY, /* "priority", "why" */
    BULK_NOTE,     /* the selection's note, see selection_set_note() */
    BULK_SPAM,     /* "spam" */
    BULK_REROUTE,
    BULK_DOES
};

const char *bulk_do_name(enum bulk_do d);

struct bulk_action {
    enum bulk_do what;
    struct str owner, owner_name; /* of ASSIGN and CLAIM */
    enum ticket_state state;
    struct str queue;
    int priority;
    struct str why, text;
    bool spam;
};

/* From a job's arguments, which are ours. ERR_CORRUPT. */
enum err bulk_action_read(struct bulk_action *out, const struct doc *action, struct arena *a);
struct edit;
/* Puts what the action does to the ticket into the change; *why: in plain words why it does nothing, or NULL. */
void bulk_act(struct edit *e, struct change *c, const struct bulk_action *b, const char **why);

enum err bulk_step(struct job_turn *t);
enum err reroute_step(struct job_turn *t);
enum err undo_step(struct job_turn *t);

#endif
