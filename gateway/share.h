/* share.h - where the shipped pages, mails and rules are: beside the program.
 *
 * `<folder of the program>/share` in the source tree, else
 * `<folder of the program>/../share/postern` where it is installed. */
#ifndef GATEWAY_SHARE_H
#define GATEWAY_SHARE_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stddef.h>

/* ERR_ABSENT where neither is there, with a sentence in why. */
enum err share_find(char *out, size_t bytes, char *why, size_t why_bytes);

/* A whole file of at most bytes_max, in out (buf_free). ERR_ABSENT, ERR_LARGE, ERR_IO. */
enum err share_read(const char *folder, const char *name, size_t bytes_max, struct buf *out);

#endif
