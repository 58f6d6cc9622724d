/* rulesfile.h - the rules in force: the configured file, or the shipped one. */
#ifndef GATEWAY_RULESFILE_H
#define GATEWAY_RULESFILE_H

#include "rules/base/err.h"

struct buf;
struct rules;

/* file: "" the shipped rules in `share`. ERR_ABSENT, ERR_IO, ERR_CONF with a line "file:line: reason" for each fault. */
enum err rulesfile_load(struct rules **out, const char *file, const char *share, struct buf *faults);

#endif
