/* world.h - invented customers, and people who write to their support: made from a seed, the same each time.
 *
 * Customers have several contacts each, sites, invoices, mail domains or none, phones of seven countries, names of
 * four scripts. The world is unkind on purpose:
 *   - brands are made of few syllables, so that many names are one letter apart;
 *   - one in 12 customers has a near twin: the name with one letter changed, or another legal form, with the mail
 *     domain and site that follow from it; one in 20 has a sister company with the same mail domain;
 *   - given and family names are few and uneven (families, namesakes); private mailboxes at a handful of providers;
 *   - site ids and invoices are numbers in order, so that a wrong digit is somebody else's;
 *   - office buildings share a switchboard, consultants are on record with several customers.
 *
 * A claim of a customer's own person names something of that customer (a recorded address, number, site, invoice, name,
 * or the mail domain), each typed value with its chance of one or two faults. One claim in four is of a stranger whose
 * right answer is nobody: another company, a near twin of a customer that is none, a namesake. Who has left one customer
 * for another is right with the other one. */
#ifndef TESTS_BENCH_MATCH_WORLD_H
#define TESTS_BENCH_MATCH_WORLD_H

#include "tests/unit/dice.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONTACTS_MAX = 6, SITES_MAX = 3, INVOICES_MAX = 2, NOBODY = -1 };

struct person {
    char name[96];            /* as on record, any script */
    char first[32], last[32]; /* in ASCII */
};

struct contact {
    struct person who;
    char email[128], phone[24]; /* E.164; either may be empty */
};

struct customer {
    char name[160], label[64]; /* label: the name as a host has it */
    char domain[80];           /* empty: its people use private mailboxes */
    int country;
    char switchboard[24];
    size_t contacts, sites, invoices;
    struct contact contact[CONTACTS_MAX];
    char site[SITES_MAX][128];
    char invoice[INVOICES_MAX][32];
};

enum claim_kind {
    CLAIM_CONTACT,   /* somebody on record */
    CLAIM_COLLEAGUE, /* of a customer, not on record */
    CLAIM_MOVER,     /* of a customer, and on record with another one, whom he has left */
    CLAIM_STRANGER,
    CLAIM_TWIN,       /* of a company that is nearly a customer */
    CLAIM_NAMESAKE,   /* same name, or nearly the same private mailbox, as a contact */
    CLAIM_NEW_NUMBER, /* a stranger, with a telephone number that was a contact's before: one claim in a thousand */
    CLAIM_KINDS
};

struct claim {
    enum claim_kind kind;
    const char *channel;
    int truth;  /* place of the customer, or NOBODY */
    int faults; /* values that were mistyped */
    char email[160], phone[48], name[128], organisation[192], site[192], invoice[48];
};

struct world {
    struct dice dice;
    size_t n;
    struct customer *customer;
    uint64_t *given; /* hashes of the mailboxes, domains, numbers and hosts that somebody has: each is given once */
};

struct world *world_make(uint64_t seed, size_t customers);
void world_free(struct world *w);
struct claim world_claim(struct world *w);
const char *claim_kind_name(enum claim_kind kind);

#endif
