/* contact_parts.h - what contact*.c share: sealed records, the snapshot in memory, evidence.
 * Included by them alone. */
#ifndef QUEUES_CONTACT_PARTS_H
#define QUEUES_CONTACT_PARTS_H

#include "queues/contact.h"
#include "queues/redis.h"
#include "queues/seal.h"

enum { DAY_MS = 86400000 };

/* ---- records: contact_record.c ---- */

/* "acc_<ULID>", NUL-terminated in a. */
const char *account_text(struct arena *a, struct ulid account);
/* Ids of C2. what: the address, number or site that makes the record. */
struct ulid record_id(const struct keyring *k, struct arena *a, struct str source, struct ulid account,
                      struct str what);
/* Lower case of an address in ASCII, which is its canonical form; else empty with at == NULL. */
struct str canonical_of(struct arena *a, struct str email);

/* Sealed for its field in {pN}:c:acc, {pN}:s:acc. */
struct str contact_seal(const struct keyring *k, struct arena *a, const struct contact *c);
struct str site_seal(const struct keyring *k, struct arena *a, const struct contact_site *s);
/* All that an HGETALL answered; ERR_CORRUPT where a record is unreadable, while one without a key is left out. */
enum err contacts_open(const struct keyring *k, struct arena *a, const struct redis_value *v, struct contact **out,
                       size_t *n);
enum err sites_open(const struct keyring *k, struct arena *a, const struct redis_value *v, struct contact_site **out,
                    size_t *n);

/* ---- the file: contact_snapshot.c ---- */

enum told { TOLD_NAME, TOLD_TIER, TOLD_REGION, TOLD_LANGUAGE, TOLD_TIMEZONE, TOLD_FIELDS };

/* One account of the snapshot; or one that was in the last snapshot of the source (vendor is empty then). */
struct snapshot_account {
    struct ulid id;
    struct str vendor;
    struct str told[TOLD_FIELDS];
    struct contact *contacts; /* by id, each once */
    bool *shared;             /* of each: is its address with another account of the file, too? */
    size_t contact_count;
    struct contact_site *sites; /* by id, each once */
    size_t site_count;
    struct str held; /* of imp:{source}, or empty */
};

struct snapshot {
    struct snapshot_account *accounts; /* by id, each once */
    size_t account_count, contact_count;
};

/* Reads the file into out, bad lines into the report (whose memory is report_arena). NULL, or why it is
 * no contacts file. */
const char *snapshot_read(struct snapshot *out, struct arena *a, const struct keyring *k,
                          const struct contact_import_options *o, struct str csv, struct contact_import_report *report,
                          struct arena *report_arena);

/* ---- evidence: contact_evidence.c ---- */

/* Everything one source has on one account after the import. */
struct evidence_source {
    struct str source;
    int64_t today_days;
    const struct contact *contacts;
    size_t contact_count;
    const struct contact_site *sites;
    size_t site_count;
    struct str name, tier, region, language; /* name: of the account, as this source has it */
};

struct evidence_entry {
    struct blind index;
    bool block;       /* of n:{…}, else of b:{…} (evidence.h) */
    struct str value; /* "" where it is to be removed (C3) */
    int64_t proven_days;
};

/* Each index once. */
size_t evidence_of(const struct keyring *k, struct arena *a, const struct evidence_source *s,
                   struct evidence_entry **out);

/* ---- one import: contact_import.c reads and judges, contact_settle.c makes the new records out of the
 * old ones and the file, contact_write.c writes them ---- */

struct import {
    struct redis *r;
    const struct keyring *k;
    const struct contact_import_options *o;
    struct contact_import_report *report;
    struct arena *all;  /* until the import ends */
    struct arena *turn; /* one batch */
    struct arena *told; /* the caller's: what the report points to */
    int64_t today_days;
    struct snapshot snapshot;
    size_t held_contacts; /* present in the last snapshot of the source */
    bool write;
    struct redis_value *answers;
    size_t answer_count, answer_at;
};

/* What is on record for one account, and what will be. */
struct settled {
    struct snapshot_account *acc;
    const char *account;
    struct contact *old, *others; /* own and of other sources, by id */
    size_t old_count, other_count;
    struct contact_site *old_sites, *other_sites;
    size_t old_site_count, other_site_count;
    struct str facts[TOLD_FIELDS]; /* on record; the name sealed */
    struct str vendor;             /* sealed, or empty */
    struct contact *contacts;      /* own, after the import */
    size_t contact_count;
    struct contact_site *sites;
    size_t site_count;
    struct evidence_entry *entries;
    size_t entry_count;
    struct str state; /* for imp:{source} */
};

/* The fields of {pN}:a:acc, by enum told. */
extern const char *const told_names[TOLD_FIELDS];

struct str imp_key(struct arena *a, struct str source);
/* The set of all sources that were ever imported. */
#define CONTACT_SOURCES_KEY "imp:all"

/* Fills contacts and sites of s; counts into the report unless the import is writing. */
void settle(struct import *in, struct settled *s);
size_t contacts_present(const struct contact *c, size_t n);
size_t sites_present(const struct contact_site *s, size_t n);

/* Writes what is not on record as it is. */
enum err write_batch(struct import *in, struct settled *all, size_t n);

/* What an account is found by in a search (word.h): names, sites and invoices of this source. */
void write_words(struct import *in, const struct settled *s);

#endif
