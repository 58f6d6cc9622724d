#include "tests/unit/queues/fault_vfs.h"

#include <sqlite3.h>
#include <string.h>
#include <time.h>

struct faults faults;

struct fault_file {
    sqlite3_file base;
    int wal;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct fault_file *)(void *)f)->real;
}

#define CALL(f, method, ...) real_of(f)->pMethods->method(real_of(f), ##__VA_ARGS__)

static int f_close(sqlite3_file *f)
{
    return CALL(f, xClose);
}

static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return CALL(f, xRead, p, n, at);
}

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return atomic_load(&faults.write_full) ? SQLITE_FULL : CALL(f, xWrite, p, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    return CALL(f, xTruncate, n);
}

static int f_sync(sqlite3_file *f, int flags)
{
    if (!((struct fault_file *)(void *)f)->wal)
        return CALL(f, xSync, flags);
    atomic_fetch_add(&faults.syncs, 1);

    int ms = atomic_exchange(&faults.stall_ms, 0);
    struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

    if (ms > 0)
        (void)nanosleep(&pause, NULL);
    if (atomic_load(&faults.sync_errors) > 0 && atomic_fetch_sub(&faults.sync_errors, 1) > 0)
        return atomic_load(&faults.sync_error);
    return CALL(f, xSync, flags);
}

static int f_size(sqlite3_file *f, sqlite3_int64 *n)
{
    return CALL(f, xFileSize, n);
}

static int f_lock(sqlite3_file *f, int level)
{
    return CALL(f, xLock, level);
}

static int f_unlock(sqlite3_file *f, int level)
{
    return CALL(f, xUnlock, level);
}

static int f_reserved(sqlite3_file *f, int *out)
{
    return CALL(f, xCheckReservedLock, out);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
    return CALL(f, xFileControl, op, arg);
}

static int f_sector(sqlite3_file *f)
{
    return CALL(f, xSectorSize);
}

static int f_traits(sqlite3_file *f)
{
    return CALL(f, xDeviceCharacteristics);
}

static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return CALL(f, xShmMap, page, size, extend, out);
}

static int f_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return CALL(f, xShmLock, at, n, flags);
}

static void f_shm_barrier(sqlite3_file *f)
{
    CALL(f, xShmBarrier);
}

static int f_shm_unmap(sqlite3_file *f, int drop)
{
    return CALL(f, xShmUnmap, drop);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_traits,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct fault_file *mine = (struct fault_file *)(void *)f;

    (void)vfs;
    memset(mine, 0, sizeof *mine);
    mine->real = (sqlite3_file *)(void *)(mine + 1);
    mine->wal = (flags & SQLITE_OPEN_WAL) != 0;

    int rc = real_vfs->xOpen(real_vfs, name, mine->real, flags, out_flags);

    mine->base.pMethods = mine->real->pMethods != NULL ? &methods : NULL;
    return rc;
}

void fault_vfs_install(void)
{
    static sqlite3_vfs mine;

    if (real_vfs != NULL)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    mine = *real_vfs;
    mine.pNext = NULL;
    mine.zName = "fault";
    mine.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    mine.xOpen = v_open;
    (void)sqlite3_vfs_register(&mine, 1);
}
