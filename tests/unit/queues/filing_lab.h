/* filing_lab.h - customers on record and reports of all channels, filed against a redis-server of one's own. */
#ifndef TESTS_UNIT_QUEUES_FILING_LAB_H
#define TESTS_UNIT_QUEUES_FILING_LAB_H

#include "queues/filing.h"
#include "tests/flow/frail_wire.h"
#include "tests/unit/queues/scratch_redis.h"

#define LAB_NOW INT64_C(1795500000000)

struct filing_lab {
    struct scratch_redis server;
    struct keyring *keys;
    struct rules *rules;
    struct redis *redis;
    struct arena *arena;
    uint64_t next_reference;
    /* with filing_lab_wire(): a second way to the server that can be broken */
    struct frail_wire *wire;
    struct redis *frail;
};

void filing_lab_open(struct filing_lab *l);
void filing_lab_wire(struct filing_lab *l);
void filing_lab_close(struct filing_lab *l);
/* Nothing in Redis, nothing in the arena. */
void filing_lab_empty(struct filing_lab *l);

/* A fresh customer on record. */
struct ulid lab_customer(struct filing_lab *l);
/* Evidence leads to a contact of it: kind INDEX_EMAIL or INDEX_PHONE. shared: to several of its contacts. */
void lab_evidence(struct filing_lab *l, enum index_kind kind, const char *canonical, struct ulid account,
                  struct ulid contact, bool shared);

/* Reports, each with a reference of its own; what is not said is empty. */
struct item lab_report(struct filing_lab *l, const char *channel, const char *text);
struct item lab_words(struct filing_lab *l, uint64_t reference, const char *channel, const char *text);
struct str lab_external(struct filing_lab *l, const char *name);

/* Files it to its end with r; ERR_STORE where the way broke. */
enum err lab_try(struct filing_lab *l, struct arena *a, struct redis *r, const struct item *i, struct filing **out);
/* The same by the good way, which must do. */
struct filing *lab_file(struct filing_lab *l, const struct item *i);

struct ticket lab_ticket(struct filing_lab *l, struct ulid id);
struct pointer lab_pointer(struct filing_lab *l, uint64_t reference);
int64_t lab_count(struct filing_lab *l, const char *pattern);
void lab_set(struct filing_lab *l, struct ulid ticket, const char *field, const char *value);

#endif
