/* data.h - the data folder as a whole.
 *
 * D1  data that is there keeps the keys it was sealed with: fresh ones would make it look
 *     like an empty house, and everything after that be lost with the right keys. */
#ifndef GATEWAY_DATA_H
#define GATEWAY_DATA_H

#include "rules/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Makes the folder, with those above it, where it is not there. ERR_IO, ERR_DENIED with why: a sentence. */
enum err data_make(const char *folder, char *why, size_t why_bytes);
/* Does it hold anything sealed: a journal, or an embedded Redis that has run? */
bool data_begun(const char *folder);

#endif
