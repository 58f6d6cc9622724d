/* zoneinfo.h - the system's time zone data, for rules that name a zone. */
#ifndef GATEWAY_ZONEINFO_H
#define GATEWAY_ZONEINFO_H

#include "rules/zone.h"

/* A zone_bytes over a folder of TZif files; arg is its path, NULL: /usr/share/zoneinfo.
 * ERR_ABSENT where there is no such plain file, ERR_IO where it cannot be read or is
 * larger than ZONE_BYTES_MAX. */
enum err zoneinfo_bytes(void *arg, const char *name, struct buf *bytes);

#endif
