/* folder.h - where no relay is set: each mail is a file that stays.
 *
 * F1  a mail that folder_put() answered ERR_OK for survives a power cut: written,
 *     fsynced, renamed, folder fsynced; readable by our own user only;
 * F2  its name is "<time it was made>-<id>.eml": names sort by time, and putting
 *     the same mail again replaces it. */
#ifndef GATEWAY_MAIL_FOLDER_H
#define GATEWAY_MAIL_FOLDER_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stddef.h>
#include <stdint.h>

/* Makes the folder (0700) where it is missing, and flushes its name; its parent must be there. ERR_FULL
 * without room, else ERR_IO, and why (why_bytes) then says what failed. */
enum err folder_put(const char *folder, const char *id, int64_t made_ms, struct str message, char *why,
                    size_t why_bytes);

#endif
