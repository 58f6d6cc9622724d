/* journal_db.h - SQLite connections as a segment needs them. For queues/journal*.c only. */
#ifndef QUEUES_JOURNAL_DB_H
#define QUEUES_JOURNAL_DB_H

#include "rules/base/err.h"

#include <sqlite3.h>
#include <stdint.h>

enum db_use { DB_CREATE, DB_READ, DB_FOLD };

/* One connection for one thread at a time. Only DB_FOLD may ever checkpoint. why: 160 bytes. */
enum err db_open(sqlite3 **out, const char *folder, uint64_t first, enum db_use use, char *why);
enum err db_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, char *why);
enum err db_run(sqlite3 *db, const char *sql, char *why);
/* What the last call on db failed with: ERR_FULL, ERR_CORRUPT, ERR_BUSY or ERR_IO. */
enum err db_err(sqlite3 *db, const char *verb, char *why);

#endif
