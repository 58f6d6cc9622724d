/* rulesfile.h - the rules in force: the configured file, or the shipped one. */
#ifndef GATEWAY_RULESFILE_H
#define GATEWAY_RULESFILE_H

#include "rules/base/err.h"
#include "rules/base/text.h"

struct rules;

/* file: "" the shipped rules in `share`. ERR_ABSENT, ERR_IO, ERR_CONF with a line "file:line: reason" for each fault. */
enum err rulesfile_load(struct rules **out, const char *file, const char *share, struct buf *faults);

/* A text that was handed over and is in no file: what it names stands beside the rules in force. ERR_CONF. */
enum err rulesfile_load_text(struct rules **out, struct str text, const char *file, const char *share,
                             struct buf *faults);

#endif
