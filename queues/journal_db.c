#include "queues/journal_db.h"

#include "queues/journal_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void path_of(char out[PATH_MAX], const char *folder, uint64_t first, const char *tail)
{
    (void)snprintf(out, PATH_MAX, "%s/seg-%012llu.db%s", folder, (unsigned long long)first, tail);
}

bool segment_name_parse(const char *name, uint64_t *first)
{
    size_t digits = strspn(name + (strncmp(name, "seg-", 4) == 0 ? 4 : 0), "0123456789");

    if (strncmp(name, "seg-", 4) != 0 || digits < 12 || digits > 18 || strcmp(name + 4 + digits, ".db") != 0)
        return false;
    *first = strtoull(name + 4, NULL, 10);
    return true;
}

enum err db_err(sqlite3 *db, const char *verb, char *why)
{
    int rc = sqlite3_errcode(db), system = sqlite3_system_errno(db);

    (void)snprintf(why, SEGMENT_WHY_BYTES, "cannot %s: %s%s%s", verb, sqlite3_errmsg(db), system != 0 ? ", " : "",
                   system != 0 ? strerror(system) : "");
    switch (rc & 0xFF) {
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
        return ERR_CORRUPT;
    default:
        return system == ENOSPC || system == EDQUOT ? ERR_FULL : ERR_IO;
    }
}

enum err db_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, char *why)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK
               ? ERR_OK
               : db_err(db, "prepare", why);
}

enum err db_run(sqlite3 *db, const char *sql, char *why)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : db_err(db, "write", why);
}

/* journal_mode answers with the mode it ended in, which need not be the one asked for. */
static enum err begin_wal(sqlite3 *db, char *why)
{
    sqlite3_stmt *s = NULL;
    enum err e = db_prepare(db, &s, "PRAGMA journal_mode=WAL", why);

    if (e == ERR_OK && sqlite3_step(s) != SQLITE_ROW)
        e = db_err(db, "begin a WAL", why);
    if (e == ERR_OK && strcmp((const char *)sqlite3_column_text(s, 0), "wal") != 0) {
        (void)snprintf(why, SEGMENT_WHY_BYTES, "this file system cannot carry a SQLite WAL: use a local disk");
        e = ERR_IO;
    }
    (void)sqlite3_finalize(s);
    return e;
}

enum err db_open(sqlite3 **out, const char *folder, uint64_t first, enum db_use use, char *why)
{
    char path[PATH_MAX];
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (use == DB_CREATE ? SQLITE_OPEN_CREATE : 0);

    path_of(path, folder, first, "");
    if (sqlite3_open_v2(path, out, flags, NULL) != SQLITE_OK)
        return db_err(*out, "open", why);
    (void)sqlite3_extended_result_codes(*out, 1);
    if (use != DB_FOLD)
        (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);

    enum err e = db_run(*out, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-1024", why);

    if (e == ERR_OK && use == DB_CREATE)
        e = begin_wal(*out, why);
    return e;
}

enum err segment_fold(const char *folder, uint64_t first, char why[SEGMENT_WHY_BYTES])
{
    sqlite3 *db = NULL;
    enum err e = db_open(&db, folder, first, DB_FOLD, why);

    if (e == ERR_OK) {
        int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

        e = rc == SQLITE_OK ? ERR_OK : db_err(db, "checkpoint", why);
    }
    (void)sqlite3_close(db);
    return e;
}

void segment_unlink(const char *folder, uint64_t first)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};

    /* The database first: a WAL without one is swept up, one without its WAL would be believed. */
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char path[PATH_MAX];

        path_of(path, folder, first, tails[i]);
        (void)unlink(path);
    }
}

void segment_set_aside(const char *folder, uint64_t first)
{
    static const char *const tails[] = {"", "-wal"};

    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char from[PATH_MAX], to[PATH_MAX];

        path_of(from, folder, first, tails[i]);
        path_of(to, folder, first, i == 0 ? ".bad" : ".bad-wal");
        (void)rename(from, to);
    }
}

int64_t segment_bytes(const char *folder, uint64_t first)
{
    static const char *const tails[] = {"", "-wal"};
    int64_t sum = 0;

    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char path[PATH_MAX];
        struct stat st;

        path_of(path, folder, first, tails[i]);
        if (stat(path, &st) == 0)
            sum += st.st_size;
    }
    return sum;
}
