/* affected.h - the sites that an incident hit: a list, judged whole, staged, and put in force at once.
 *
 * L1  a list is one of sites: each id is on record as a site's (contact.h), or the caller says that unknown ones are
 *     meant. One that says it is of another kind (site_list.h), or is on record as a customer's id or an invoice, makes
 *     the whole list useless, whatever the caller says. Nothing is written before all of it was judged;
 * L2  the list has two parts, customers' sites and the vendor's own, which are set apart wherever sites are counted. A
 *     file speaks for the customers' part, or for the own one where the caller says so, or for both by a column "own";
 *     a part that it does not speak for stays, but for sites that it names;
 * L3  what is judged is staged under a name made of its content, and put in force by one change that names it, with the
 *     timeline, the version of all incidents (incident.h, G2) and the job that makes the tickets. What never comes into
 *     force goes by itself. So an import that was killed is run again, and the same list twice is one version;
 * L4  what makes more than AFFECTED_FREE_SITES sites different, or touches more than one in AFFECTED_FREE_SHARE of all
 *     accounts on record (but more than AFFECTED_FREE_ACCOUNTS), wants the number of sites on the list typed by hand;
 * L5  versions are kept. To go back to one is to put its content in force as a further version.
 *
 *   {p0}:lv:<slug>           hash  "<version>" -> JSON {data,at,by,sites,own,accounts,unknown,added,gone,changed,back}
 *   {p0}:ld:<slug>:<data>    hash  <site index> -> JSON, sealed; p0, p1 … -> indices in order, AFFECTED_PIECE each;
 *                                  n -> how many, when all of them are there
 *   {p0}:lr:<slug>:<data>    hash  "<n>" -> 16-byte keys of sites, domains and accounts, for affected_set.h */
#ifndef QUEUES_INCIDENT_AFFECTED_H
#define QUEUES_INCIDENT_AFFECTED_H

#include "queues/change.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/site_list.h"

enum {
    AFFECTED_FREE_SITES = 100,
    AFFECTED_FREE_SHARE = 20,
    AFFECTED_FREE_ACCOUNTS = 10,
    AFFECTED_STAGED_S = 24 * 3600,
    AFFECTED_PIECE = 25,    /* sites that are gone through at once */
    AFFECTED_NAMES_MAX = 4, /* of one site: its id, its host … */
};

/* Kind of the job that makes tickets out of a list: see site_ticket.h. */
#define AFFECTED_JOB "site-tickets"

struct affected_site {
    struct blind name[AFFECTED_NAMES_MAX]; /* indices of what it is known by; the first is the one that the list gave */
    size_t names;
    struct str typed; /* as the list has it */
    struct ulid account;
    bool own, known; /* known: on record */
    struct str products;
    size_t line; /* of the file that is imported; else 0 */
};

struct affected_list {
    int64_t version;            /* 0: none */
    struct str data;            /* name of its content; empty: none */
    struct affected_site *site; /* by name[0] */
    size_t n;
};

/* One step between versions. */
struct affected_counts {
    size_t sites, own, accounts, unknown; /* on the list; sites: the own ones, too */
    size_t added, gone, changed;          /* against the version before; changed: another customer, or own */
    size_t listed;                        /* there before, and the same */
    size_t touched;                       /* accounts of which a site is added, gone or changed */
    size_t with_products, repeated;       /* lines that named a site again */
};

struct affected_import {
    struct str slug, by; /* by: as of incident.h */
    int64_t now_ms;
    bool own;            /* the file is of the vendor's own sites */
    bool accept_unknown; /* ids that nothing is known of are meant */
    bool dry_run;
    int64_t confirm; /* L4; -1: not given */
};

struct affected_report {
    struct affected_counts counts;
    int64_t version;                /* in force when it answers; of a dry run: that before */
    bool same;                      /* nothing to do: it is in force already */
    size_t accounts_on_record;      /* at least */
    bool confirm_wanted;            /* L4 */
    struct site_list_fault *faults; /* by line */
    size_t fault_count, bad;
    struct ulid job; /* that makes the tickets; zero: none was begun */
};

/* out is filled whatever the answer is, in a.
 *   ERR_ABSENT    no such incident;  ERR_CONFLICT  it is closed
 *   ERR_INPUT     refused by L1: see the faults
 *   ERR_DENIED    L4: confirm is not the number of sites (a dry run only says so)
 *   ERR_BUSY      others keep changing it; ERR_STORE, ERR_CORRUPT: run it again */
enum err affected_import(struct redis *r, const struct keyring *k, struct arena *a, const struct affected_import *o,
                         struct str text, struct affected_report *out);
/* L5. ERR_ABSENT: no such incident or version; the others as above. */
enum err affected_back(struct redis *r, const struct keyring *k, struct arena *a, const struct affected_import *o,
                       int64_t version, struct affected_report *out);

/* The list in force; of no list: n 0. with one of L5: of that version. ERR_ABSENT. */
enum err affected_read(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, int64_t version,
                       struct affected_list *out);

/* A piece of a list whose content is named so; n 0: there are no more. out: room for AFFECTED_PIECE. */
enum err affected_piece(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct str data,
                        size_t piece, struct affected_site *out, size_t *n);

struct affected_version {
    int64_t version, at_ms, back; /* back: the version it goes back to, 0 none */
    struct str by, data;
    struct affected_counts counts;
};
/* The newest first. */
enum err affected_versions(struct redis *r, struct arena *a, struct str slug, struct affected_version **out, size_t *n);

enum affected_step { AFFECTED_SAME, AFFECTED_ADDED, AFFECTED_GONE, AFFECTED_CHANGED };
/* What became of a site between two lists. */
struct affected_difference {
    enum affected_step step;
    const struct affected_site *site; /* of `to`, of `from` where it is gone */
};
/* AFFECTED_SAME left out; in the order of the lists. Returns how many. Pure. */
size_t affected_diff(const struct affected_list *from, const struct affected_list *to, struct arena *a,
                     struct affected_difference **out);
/* The site of that index; NULL. */
const struct affected_site *affected_find(const struct affected_list *l, const char *index);

#endif
