/* fault_vfs.h - a SQLite VFS that fails when told; the real one does the work.
 *
 * Registered as the default, so that the program under test needs no switch. */
#ifndef TESTS_UNIT_QUEUES_FAULT_VFS_H
#define TESTS_UNIT_QUEUES_FAULT_VFS_H

#include <stdatomic.h>

struct faults {
    _Atomic int sync_error;  /* result of this many next syncs of a WAL ... */
    _Atomic int sync_errors; /* ... counted down */
    _Atomic int write_full;  /* while set every write answers SQLITE_FULL */
    _Atomic int stall_ms;    /* the next sync of a WAL takes this long */
    _Atomic int syncs;       /* of WALs, counted */
};

extern struct faults faults;

void fault_vfs_install(void);

#endif
