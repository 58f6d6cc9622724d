/* folder.h - folders that are still there after a power cut.
 *
 * A name is on disk only when the folder that holds it was flushed; this goes for
 * files and for folders alike. Both functions set errno where they answer false. */
#ifndef QUEUES_FOLDER_H
#define QUEUES_FOLDER_H

#include <stdbool.h>

/* Flushes the names in it. */
bool folder_flush(const char *path);
/* Makes it with mode 0700 where it is absent, and flushes its name either way: whoever
 * made it may have died before that. Its parent must exist. */
bool folder_make(const char *path);

#endif
