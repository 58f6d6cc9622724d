/* id.h - ids that carry their kind, and the public reference.
 *
 * I1  an id is "<kind>_<ULID>": 26 upper-case Crockford base32 characters
 *     (github.com/ulid/spec), so "tkt_01J9Z3NDEKTSV4RRFFQ69G5FAV";
 * I2  id_parse() refuses every kind but the one that was asked for: an
 *     identifier of a site can never be taken for one of an app;
 * I3  a public reference is 8 Crockford characters (40 bits) and a check
 *     character (Luhn mod 32), printed R7K4-2M9Q-C. It is no secret. */
#ifndef RULES_BASE_ID_H
#define RULES_BASE_ID_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct ulid {
    uint8_t bytes[16]; /* 48 bits of ms since 1970, 80 random bits, big endian */
};

enum { ULID_CHARS = 26, ID_CHARS_MAX = 4 + ULID_CHARS };

#define ID_KIND_LIST(X)   \
    X(ACCOUNT, "acc")     \
    X(TICKET, "tkt")      \
    X(ITEM, "itm")        \
    X(MESSAGE, "msg")     \
    X(PARTICIPANT, "par") \
    X(CONTACT, "con")     \
    X(FLOW, "flw")        \
    X(EVENT, "evt")       \
    X(MAIL, "eml")        \
    X(STAFF, "stf")       \
    X(FILE, "fil")        \
    X(EDGE, "edg")        \
    X(DUPLICATE, "dup")   \
    X(APPROVAL, "apv")    \
    X(INCIDENT, "inc")    \
    X(UPDATE, "upd")      \
    X(WEBHOOK, "whk")     \
    X(HOOK, "hok")        \
    X(SUSPICION, "sus")   \
    X(JOB, "job")         \
    X(ABSENCE, "awy")     \
    X(HANDOVER, "hov")    \
    X(BATCH, "bat")       \
    X(SELECTION, "sel")   \
    X(SITE, "site")

enum id_kind {
#define X(name, prefix) ID_##name,
    ID_KIND_LIST(X)
#undef X
};

/* "kind_ULID" and a NUL. */
struct id_text {
    char at[ID_CHARS_MAX + 2];
};

/* time_ms: 0..2^48-1. random: 10 bytes. */
struct ulid ulid_make(int64_t time_ms, const uint8_t random[10]);
int64_t ulid_time_ms(struct ulid u);
bool ulid_equal(struct ulid a, struct ulid b);
/* Writes 26 characters and a NUL. */
void ulid_print(struct ulid u, char out[ULID_CHARS + 1]);
/* Upper case only, first character 0..7. */
bool ulid_parse(struct str s, struct ulid *out);

/* I4  an id made for a record of an account says in which partition it lies (6 bits in
 * the place of the first random ones), so that the record is found by its id alone.
 * partition: 0..63. The same u and partition give the same id. */
struct ulid ulid_in(struct ulid u, unsigned partition);
unsigned ulid_partition(struct ulid u);

struct id_text id_print(enum id_kind kind, struct ulid u);
/* False where s is not an id of this kind. */
bool id_parse(enum id_kind kind, struct str s, struct ulid *out);

enum { REFERENCE_CHARS = 11 }; /* R7K4-2M9Q-C */

struct reference {
    char at[REFERENCE_CHARS + 1];
};

/* number: 0..2^40-1. */
struct reference reference_print(uint64_t number);
/* Lower case, O for 0, I and L for 1, any dashes and spaces are accepted; false
 * for any other character, length, or a wrong check character. */
bool reference_parse(struct str s, uint64_t *number);

#endif
