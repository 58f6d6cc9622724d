/* powercut.h - what the preloaded library writes down and powercut_apply undoes.
 *
 * Folder POWERCUT_STATE, on the file system of the watched folders:
 *   table      a slot for each file or folder that was changed
 *   log-<n>    its undo records, oldest first
 *   file-<n>   a hard link to the file, so that it outlives its names
 *
 * C1  a record is complete and counted in `end` before the change it undoes is made;
 * C2  `durable` is a position that was the end when an fsync began that then succeeded;
 * C3  what a power cut leaves is the file with the records behind `durable` undone,
 *     latest first. */
#ifndef TESTS_TOOLS_POWERCUT_H
#define TESTS_TOOLS_POWERCUT_H

#include <pthread.h>
#include <stdint.h>

enum { SLOTS = 16384, SLOT_PATH = 256 };

enum slot_kind { SLOT_FREE, SLOT_FILE, SLOT_FOLDER };

/* Positions in a log count from its first record ever; the file begins at `base`. */
struct slot {
    pthread_mutex_t lock; /* robust, shared among processes */
    _Atomic uint32_t kind;
    uint32_t streamed; /* written through stdio, which cannot be watched: see RECORD_SIZE */
    uint64_t dev, ino;
    uint64_t base, end, durable;
    char path[SLOT_PATH];
};

struct table {
    _Atomic uint32_t ready;
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
};

enum record_kind {
    RECORD_WRITE,  /* at, len: what was written; payload: what stood there; size: before */
    RECORD_CUT,    /* at: new size; payload: what stood behind it; size: before */
    RECORD_SIZE,   /* a stream may have written: size before */
    RECORD_NAME,   /* payload: a name that was made in this folder */
    RECORD_SUBDIR, /* payload: a folder that was made in this folder */
    RECORD_UNNAME, /* payload: a name that was taken away; at: the slot of its file */
};

struct record {
    uint32_t kind, payload;
    uint64_t at, len, size;
};

#endif
