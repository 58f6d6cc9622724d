/* report.h - what a channel tells of a post, a call or a ticket of another desk: an item, or faults beside the fields.
 *
 * E1  demanded is what tells one report from another, who is behind it, and some words; everything else may be absent;
 * E2  a claim is never a reason to refuse: its first ITEM_CLAIM_MAX characters count, what cannot be used is left out,
 *     and all of it stays in the raw original. A value of the wrong JSON type is a fault of the sender and told;
 * E3  what is claimed of a reference, or of somebody spoken for, stays a claim: nothing joins by it here. */
#ifndef GATEWAY_CHANNELS_REPORT_H
#define GATEWAY_CHANNELS_REPORT_H

#include "queues/webhook.h"
#include "rules/item.h"

struct arena;
struct doc;

enum {
    REPORT_FAULTS_MAX = 32,
    REPORT_ID_MAX = 512,     /* characters of a post_id, call_id, ticket_id */
    REPORT_SOURCE_MAX = 64,  /* of a platform's or a desk's name */
    REPORT_HANDLE_MAX = 200, /* of an author's handle, a number, a subject */
    REPORT_URL_MAX = 2048,
};

struct report_fault {
    const char *field, *code, *detail; /* "author.handle", "missing", a sentence */
};

struct report {
    struct item item;    /* without keys, reference and original */
    struct str id;       /* what its channel calls it; empty: a call that staff log needs none */
    struct str language; /* as it was given; empty: none */
};

/* d: the body; kind: any but WEBHOOK_RESTORATION (rules/restoration_report.h). Returns how many faults; out is whole where
 * there are none. Strings are in a. */
size_t report_read(enum webhook_kind kind, const struct doc *d, struct arena *a, struct report *out,
                   struct report_fault faults[REPORT_FAULTS_MAX]);
/* A call that staff log: as for WEBHOOK_PHONE, but without need of a call_id, and with a promise to call back.
 * call_back_at must lie behind now_ms. */
size_t report_read_logged(const struct doc *d, int64_t now_ms, struct arena *a, struct report *out,
                          struct report_fault faults[REPORT_FAULTS_MAX]);
/* What item.external is made of: the same text for the same post, call or ticket, whoever reports it. */
struct str report_external(const struct report *r, struct arena *a);

#endif
