/* zone.h - the wall clock of a place, from the system's time zone data (TZif).
 *
 * Reads the version 2+ block of RFC 9636 and its footer, a POSIX TZ string that
 * says how the future goes on. The bytes are handed in: nothing here opens a file.
 *
 * Z1  a zone is one offset from UTC at every moment, so UTC to local never fails;
 * Z2  local to UTC is defined everywhere: a wall time that comes twice means its
 *     first moment, one that is skipped means the moment of the jump;
 * Z3  moments are POSIX seconds, which know no leap seconds: data that counts
 *     them ("right/…") is refused;
 * Z4  any bytes are safe: every count is bounded before it is used. */
#ifndef RULES_ZONE_H
#define RULES_ZONE_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct zone;

enum {
    ZONE_NAME_MAX = 64,
    ZONE_BYTES_MAX = 64 * 1024, /* the largest of tzdata 2025 is 4 KiB */
    ZONE_JUMPS_MAX = 4096,
};

/* How a caller of rules_load() supplies data: adds the TZif bytes of the zone
 * `name` (already checked by zone_name_usable) to bytes. ERR_ABSENT where there is
 * no such zone. Asked for "zone.tab" too, to find the nearest name of a wrong one. */
typedef enum err zone_bytes(void *arg, const char *name, struct buf *bytes);

/* "Asia/Taipei", "Etc/GMT+8": letters, digits, _ + - and single slashes between
 * parts that do not begin with a dot or a dash; safe as a relative path. */
bool zone_name_usable(struct str name);

/* The zone lives in a. ERR_SYNTAX with a reason, static text, in *why. */
enum err zone_parse(struct zone **out, struct arena *a, struct str bytes, const char **why);

/* What the clock shows from now on, and until when it is so. */
struct zone_stretch {
    int32_t offset_s; /* local = UTC + offset */
    int64_t until_s;  /* first moment with another offset; INT64_MAX: never */
};

/* z NULL is UTC. Moments outside the years 0 to 9999 keep the nearest offset. */
struct zone_stretch zone_at(const struct zone *z, int64_t utc_s);
/* See Z2. local_s counts as if the wall clock were UTC. */
int64_t zone_to_utc(const struct zone *z, int64_t local_s);

#endif
