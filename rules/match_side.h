/* match_side.h - one side as it stands in memory. Inside of rules/match*.c only. */
#ifndef RULES_MATCH_SIDE_H
#define RULES_MATCH_SIDE_H

#include "rules/match_rule.h"
#include "rules/names.h"

/* Flags that follow from the value itself; they go on behind those of enum match_flag. */
enum {
    VALUE_ROLE = 0x100,      /* e-mail: a desk */
    VALUE_FREE = 0x200,      /* e-mail: free mail */
    VALUE_SHORT = 0x400,     /* id: may be met by chance */
    VALUE_HOST = 0x800,      /* site: a host, not an id */
    VALUE_LONG = 0x2000,     /* longer than its words can hold: compared for equality only */
    VALUE_NATIONAL = 0x1000, /* phone: digits without a country */
};

struct value {
    struct str text; /* canonical; equal texts are one value */
    unsigned flags;
    struct word word;        /* for near comparison: local part, digits, first label of a host, id, or the whole */
    struct word rest;        /* domain of an address, host behind its first label */
    const struct name *name; /* of a person or organisation, of fields as name or words */
};

struct match_side {
    struct arena *arena;
    const struct match_rule *rule;
    size_t n[MATCH_KINDS];
    struct value *value[MATCH_KINDS]; /* room for the next power of two */
};

/* A host's or a mail domain's distinguishing label: "acme" of acme.example.co.uk is not that of a domain, but of
 * a host; of acme.co.uk it is that of both. */
struct str match_domain_brand(struct str domain);
struct str match_host_brand(struct str host);

#endif
