/* contact.h - the contact vault: who is on record, kept apart from the product that may be lost.
 *
 * C1  a record belongs to one source and is changed by that source's imports alone; what
 *     several sources say stands side by side, with source and as-of date;
 * C2  ids are derived by keyed index from what they stand for (the vendor's customer id; source,
 *     account and address of a contact), so importing twice makes nothing twice;
 * C3  what is missing from the next snapshot is marked gone. It keeps its record, is matched for a
 *     year with half its confidence, and is there again when it comes back;
 * C4  an import is judged whole before anything is written. It is refused where over 5 % of its lines
 *     are bad, where the source would shrink by over 20 %, or where any account would be left without
 *     contacts or without sites over all sources, however small a share that is;
 * C5  an import that was cut off is run again and ends in the state it would have reached.
 *
 * In Redis, with acc = "acc_<ULID>" (keys.h):
 *   {pN}:a:acc   vendor, name: sealed, bound to acc; tier, region, language, timezone; imported "1",
 *                created_ms, v, frozen (proof.h). What each source says is in tier@<source> and its like (digest:
 *                said@<source>); the plain field is that of the source with the highest weight (rank@<source>) that says anything.
 *   {pN}:c:acc   con_… -> JSON sealed, bound to con_…   {pN}:s:acc   site_… -> the same for sites
 *   b:{index}    "<ULID of acc>:<source>" -> {"con":"con_…","role","auth":["site"],"as_of":days,
 *                "proven":days|null,"conf":0..1000 at the day of the import,"gone","bounced","tier",
 *                "region","language"} for EMAIL, PHONE and INVOICE; for SITE (id or host) "site":"site_…"
 *                stands for con, and role and auth say nothing. "bounced" -> day of the last bounce.
 *                Where several contacts of one source share what is indexed (a switchboard), con is one
 *                of them, "shared" is true, and auth is what all of them may.
 *   imp:{source} "<ULID of acc>" -> "<digest> <contacts present> <sites present>"   imp:all  the sources */
#ifndef QUEUES_CONTACT_H
#define QUEUES_CONTACT_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"
#include "rules/contact_row.h"

#include <stdint.h>

struct arena;
struct keyring;
struct redis;
struct redis_value;

enum {
    CONTACT_SOURCE_CHARS_MAX = 32,
    CONTACT_FILE_BYTES_MAX = 256 * 1024 * 1024,
    CONTACT_INVOICES_MAX = 100, /* of one contact; further ones are not indexed */
    CONTACT_GONE_MATCHED_DAYS = 365,
    CONTACT_BAD_PERCENT_MAX = 5,
    CONTACT_SHRINK_PERCENT_MAX = 20,
};

struct contact_import_options {
    struct str source;       /* [a-z0-9-]{1,32}; not "-", which marks claims */
    int64_t now_ms;          /* wall clock */
    int64_t as_of_days;      /* what the snapshot shows; CONTACT_NO_DAY: each row's last_proven, else today */
    const char *region_hint; /* country of phone numbers without a code ("TW"), or NULL */
    bool dry_run;            /* judge, count, write nothing; a file that would be refused is refused */
    bool accept_shrink;      /* lifts every guard of C4 */
};

struct contact_bad {
    size_t line;
    const char *reason;
};

/* Counts are of contacts. */
struct contact_import_report {
    size_t rows;      /* good and bad lines, without the header */
    size_t added;     /* not on record by this source before */
    size_t changed;   /* any of its lines says something new (dates of the snapshot apart), or it is back */
    size_t gone;      /* on record by this source, missing now */
    size_t conflicts; /* of this snapshot, whose e-mail address is with another account, too (in this file or
                         by another source), or of which another source has another name, phone, role or
                         authorisation under the same address of the same account; empty says nothing */
    struct contact_bad *bad;
    size_t bad_count;
    const char *refusal; /* one sentence without personal data, or NULL */
};

/* Imports one snapshot. Memory of the report is in a; *out is filled whatever the answer is.
 *   ERR_INPUT   refused, nothing written, out->refusal says why (exit 65);
 *   ERR_STORE, ERR_CORRUPT   see redis_why(); run it again. */
enum err contact_import(struct redis *r, const struct keyring *k, struct arena *a,
                        const struct contact_import_options *o, struct str csv, struct contact_import_report *out);

bool contact_source_valid(struct str source);
/* C2: the account of the vendor's customer id. */
struct ulid contact_account(const struct keyring *k, struct str vendor_id);

struct contact {
    struct ulid id;
    struct str email; /* as mail is sent to it; empty where there is none */
    struct str phone; /* E.164 or empty */
    struct str name, products, source;
    enum contact_role role;
    unsigned authorised_for;
    int64_t as_of_days, proven_days; /* the latter may be CONTACT_NO_DAY */
    int64_t gone_days, bounced_days; /* CONTACT_NO_DAY: is not, did not */
    double confidence;               /* today */
    struct str *invoices;            /* normal forms */
    size_t invoice_count;
    uint64_t said[2]; /* digest of its lines */
};

struct contact_site {
    struct ulid id;
    struct str site_id, url; /* as written; either may be empty */
    struct str products, source;
    int64_t as_of_days, gone_days;
};

/* On record for an account, by all sources, gone ones too, in order of id; unmasked: the caller
 * masks. Records that this host has no key for are left out. */
enum err contact_list(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account, int64_t now_ms,
                      struct contact **out, size_t *n);
enum err contact_sites(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                       struct contact_site **out, size_t *n);

/* The two of them in a pipeline: queues CONTACT_READS commands for an account; reads their answers, without what bounced
 * and how sure each is. */
enum { CONTACT_READS = 2 };
void contact_queue_read(struct redis *r, struct arena *a, struct ulid account);
enum err contact_load(struct redis *r, const struct keyring *k, struct arena *a, const struct redis_value *v,
                      struct contact **contacts, size_t *contact_count, struct contact_site **sites,
                      size_t *site_count);

/* How many accounts are on record: those of the source that has most, so at least as many. */
enum err contact_accounts(struct redis *r, struct arena *a, size_t *n);

/* Queues: mail to this address came back for good. Holds for every source until one says that the
 * address was proven on a later day. Nothing happens where it is not on record. */
void contact_queue_bounced(struct redis *r, const struct keyring *k, struct arena *a, struct str canonical,
                           int64_t now_ms);

#endif
