/* site_list.h - a list of sites that something happened to, read from a file, whatever is in it.
 *
 * S1  one id a line, or CSV (csv.h) whose header names the column "site_id", "site" or "id". Beside it "own" (yes: the
 *     vendor's own site) and "products" are read, other columns are not;
 * S2  an id says its kind: one that begins like an id of another kind (acc_…, app_…, tkt_…) is a fault whatever else is
 *     known of it, and so is a header that names ids of another kind and none of sites;
 * S3  faults are told with their lines, all of them up to SITE_LIST_FAULTS_MAX, and what they are is fixed text. A list
 *     with a fault is of no use as a whole: it was made by mistake, or of something else;
 * S4  an id that comes twice is one site; what its lines say of it must be the same.
 *
 * Pure. */
#ifndef RULES_SITE_LIST_H
#define RULES_SITE_LIST_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

enum {
    SITE_LIST_BYTES_MAX = 8 * 1024 * 1024,
    SITE_LIST_SITES_MAX = 100 * 1000,
    SITE_LIST_FAULTS_MAX = 1000,
    SITE_LIST_PRODUCTS_CHARS_MAX = 200, /* as in a contacts file */
};

struct site_list_row {
    size_t line;
    struct str typed, canonical; /* as written; address.h */
    bool own;
    struct str products; /* may be empty */
};

struct site_list_fault {
    size_t line;
    const char *reason;
};

struct site_list {
    struct site_list_row *rows; /* in the order of the file, each site once */
    size_t n;
    size_t repeated; /* lines that named a site again */
    bool has_own;    /* there is a column "own" */
    struct site_list_fault *faults;
    size_t fault_count; /* kept */
    size_t bad;         /* all of them */
};

/* False where the list is not to be used: there are faults, or no site at all (a fault of line 1). Lives in text and a. */
bool site_list_parse(struct str text, struct arena *a, struct site_list *out);
/* One fault more, of something that only the caller can know. a: that of the list. */
void site_list_add_fault(struct site_list *l, struct arena *a, size_t line, const char *reason);

#endif
