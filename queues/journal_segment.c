#include "queues/journal_segment.h"

#include "queues/folder.h"
#include "queues/journal_db.h"
#include "rules/base/arena.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] = "CREATE TABLE rows(seq INTEGER PRIMARY KEY, ulid BLOB NOT NULL, op TEXT NOT NULL,"
                             " work TEXT NOT NULL, received INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;"
                             "CREATE INDEX rows_ulid ON rows(ulid);"
                             "CREATE TABLE marks(first INTEGER NOT NULL, last INTEGER NOT NULL,"
                             " state INTEGER NOT NULL, failures INTEGER NOT NULL) STRICT;";

struct segment_writer {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *row, *mark;
    int wal_pages;
};

static int on_wal(void *arg, sqlite3 *db, const char *schema_name, int pages)
{
    struct segment_writer *w = arg;

    (void)db;
    (void)schema_name;
    w->wal_pages = pages;
    return SQLITE_OK;
}

static int put_marks(struct segment_writer *w, const struct runs *marks)
{
    int rc = SQLITE_DONE;

    for (size_t i = 0; rc == SQLITE_DONE && i < marks->n; i++) {
        const struct run *run = &marks->at[i];

        (void)sqlite3_bind_int64(w->mark, 1, (int64_t)run->first);
        (void)sqlite3_bind_int64(w->mark, 2, (int64_t)run->last);
        (void)sqlite3_bind_int(w->mark, 3, (int)run->state);
        (void)sqlite3_bind_int(w->mark, 4, (int)run->failures);
        rc = sqlite3_step(w->mark);
        (void)sqlite3_reset(w->mark);
    }
    return rc;
}

static int put_row(struct segment_writer *w, const struct journal_row *row)
{
    (void)sqlite3_bind_int64(w->row, 1, (int64_t)row->seq);
    (void)sqlite3_bind_blob(w->row, 2, row->ulid.bytes, sizeof row->ulid.bytes, SQLITE_STATIC);
    (void)sqlite3_bind_text(w->row, 3, row->op, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(w->row, 4, row->work, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(w->row, 5, row->received_ms);
    (void)sqlite3_bind_blob64(w->row, 6, row->payload.at, row->payload.len, SQLITE_STATIC);

    int rc = sqlite3_step(w->row);

    (void)sqlite3_reset(w->row);
    return rc;
}

static int run_once(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);

    (void)sqlite3_reset(s);
    return rc;
}

enum err segment_commit(struct segment_writer *w, const struct journal_row *const rows[], size_t n,
                        const struct runs *marks, char why[SEGMENT_WHY_BYTES])
{
    int rc = run_once(w->begin);

    for (size_t i = 0; rc == SQLITE_DONE && i < n; i++)
        rc = put_row(w, rows[i]);
    if (rc == SQLITE_DONE)
        rc = put_marks(w, marks);
    if (rc == SQLITE_DONE)
        rc = run_once(w->commit);
    return rc == SQLITE_DONE ? ERR_OK : db_err(w->db, "write", why);
}

static enum err prepare(struct segment_writer *w, char *why)
{
    enum err e = db_prepare(w->db, &w->begin, "BEGIN IMMEDIATE", why);

    if (e == ERR_OK)
        e = db_prepare(w->db, &w->commit, "COMMIT", why);
    if (e == ERR_OK)
        e = db_prepare(w->db, &w->row, "INSERT INTO rows VALUES(?,?,?,?,?,?)", why);
    if (e == ERR_OK)
        e = db_prepare(w->db, &w->mark, "INSERT INTO marks VALUES(?,?,?,?)", why);
    return e;
}

static enum err make_tables(struct segment_writer *w, const struct runs *snapshot, char *why)
{
    enum err e = db_run(w->db, "BEGIN IMMEDIATE", why);

    if (e == ERR_OK)
        e = db_run(w->db, schema, why);
    if (e == ERR_OK)
        e = prepare(w, why);
    if (e == ERR_OK && snapshot->n > 0 && put_marks(w, snapshot) != SQLITE_DONE)
        e = db_err(w->db, "write", why);
    if (e == ERR_OK)
        e = db_run(w->db, "COMMIT", why);
    return e;
}

enum err segment_create(struct segment_writer **out, const char *folder, uint64_t first, const struct runs *snapshot,
                        char why[SEGMENT_WHY_BYTES])
{
    struct segment_writer *w = calloc(1, sizeof *w);

    if (w == NULL)
        abort();
    segment_unlink(folder, first); /* what an earlier attempt left; a stale WAL would be taken for ours */

    enum err e = db_open(&w->db, folder, first, DB_CREATE, why);

    if (e == ERR_OK) {
        (void)sqlite3_wal_hook(w->db, on_wal, w); /* takes the place of the automatic checkpoint */
        e = make_tables(w, snapshot, why);
    }
    if (e == ERR_OK && !folder_flush(folder)) {
        (void)snprintf(why, SEGMENT_WHY_BYTES, "cannot flush the folder: %s", strerror(errno));
        e = ERR_IO;
    }
    if (e != ERR_OK) {
        segment_writer_close(w);
        segment_unlink(folder, first);
        return e;
    }
    *out = w;
    return ERR_OK;
}

int64_t segment_writer_bytes(const struct segment_writer *w)
{
    return (int64_t)w->wal_pages * (4096 + 24) + 32;
}

void segment_writer_close(struct segment_writer *w)
{
    if (w == NULL)
        return;
    (void)sqlite3_finalize(w->begin);
    (void)sqlite3_finalize(w->commit);
    (void)sqlite3_finalize(w->row);
    (void)sqlite3_finalize(w->mark);
    (void)sqlite3_close(w->db);
    free(w);
}

struct segment_reader {
    sqlite3 *db;
    sqlite3_stmt *row, *find;
};

#define COLUMNS "SELECT seq, ulid, op, work, received, sealed FROM rows WHERE "

static enum err has_tables(sqlite3 *db, bool *out, char *why)
{
    sqlite3_stmt *s = NULL;
    enum err e = db_prepare(db, &s, "SELECT count(*) FROM sqlite_schema WHERE name IN ('rows', 'marks')", why);

    if (e != ERR_OK)
        return e;

    int rc = sqlite3_step(s);

    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int(s, 0) == 2;
    else
        e = db_err(db, "read", why);
    (void)sqlite3_finalize(s);
    return e;
}

enum err segment_open(struct segment_reader **out, const char *folder, uint64_t first, char why[SEGMENT_WHY_BYTES])
{
    struct segment_reader *r = calloc(1, sizeof *r);
    bool whole = false;

    if (r == NULL)
        abort();

    enum err e = db_open(&r->db, folder, first, DB_READ, why);

    if (e == ERR_OK)
        e = has_tables(r->db, &whole, why);
    if (e == ERR_OK && !whole)
        e = ERR_ABSENT;
    if (e == ERR_OK)
        e = db_prepare(r->db, &r->row, COLUMNS "seq = ?", why);
    if (e == ERR_OK)
        e = db_prepare(r->db, &r->find, COLUMNS "ulid = ?", why);
    if (e != ERR_OK) {
        segment_reader_close(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void segment_reader_close(struct segment_reader *r)
{
    if (r == NULL)
        return;
    (void)sqlite3_finalize(r->row);
    (void)sqlite3_finalize(r->find);
    (void)sqlite3_close(r->db);
    free(r);
}

enum err segment_range(struct segment_reader *r, uint64_t *last, int64_t *newest_ms)
{
    /* received_ms is not quite in the order of seq: the last batch's latest is near enough. */
    static const char sql[] = "SELECT max(seq), max(received) FROM"
                              " (SELECT seq, received FROM rows ORDER BY seq DESC LIMIT 512)";
    char why[SEGMENT_WHY_BYTES];
    sqlite3_stmt *s = NULL;
    enum err e = db_prepare(r->db, &s, sql, why);

    if (e == ERR_OK && sqlite3_step(s) != SQLITE_ROW)
        e = db_err(r->db, "read", why);
    if (e == ERR_OK && sqlite3_column_type(s, 0) != SQLITE_NULL) {
        *last = (uint64_t)sqlite3_column_int64(s, 0);
        *newest_ms = sqlite3_column_int64(s, 1);
    }
    (void)sqlite3_finalize(s);
    return e;
}

enum err segment_marks(struct segment_reader *r, void (*each)(void *arg, const struct run *run), void *arg)
{
    char why[SEGMENT_WHY_BYTES];
    sqlite3_stmt *s = NULL;
    enum err e = db_prepare(r->db, &s, "SELECT first, last, state, failures FROM marks ORDER BY rowid", why);
    int rc = SQLITE_DONE;

    while (e == ERR_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct run run = {.first = (uint64_t)sqlite3_column_int64(s, 0),
                          .last = (uint64_t)sqlite3_column_int64(s, 1),
                          .state = (enum row_state)(sqlite3_column_int(s, 2) & 3),
                          .failures = (unsigned)sqlite3_column_int(s, 3)};

        each(arg, &run);
    }
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = db_err(r->db, "read", why);
    (void)sqlite3_finalize(s);
    return e;
}

static struct str column(sqlite3_stmt *s, int i, struct arena *a)
{
    const void *at = sqlite3_column_blob(s, i);
    size_t len = (size_t)sqlite3_column_bytes(s, i);

    return (struct str){arena_copy(a, at == NULL ? "" : at, len), len};
}

/* One row of s, which is then reset. */
static enum err take_row(struct segment_reader *r, sqlite3_stmt *s, struct arena *a, struct journal_row *out)
{
    char why[SEGMENT_WHY_BYTES];
    int rc = sqlite3_step(s);
    enum err e = rc == SQLITE_ROW ? ERR_OK : rc == SQLITE_DONE ? ERR_ABSENT : db_err(r->db, "read", why);

    if (e == ERR_OK && sqlite3_column_bytes(s, 1) != sizeof out->ulid.bytes)
        e = ERR_CORRUPT;
    if (e == ERR_OK) {
        *out = (struct journal_row){.seq = (uint64_t)sqlite3_column_int64(s, 0),
                                    .op = column(s, 2, a).at,
                                    .work = column(s, 3, a).at,
                                    .received_ms = sqlite3_column_int64(s, 4),
                                    .payload = column(s, 5, a)};
        memcpy(out->ulid.bytes, sqlite3_column_blob(s, 1), sizeof out->ulid.bytes);
    }
    (void)sqlite3_reset(s);
    return e;
}

enum err segment_row(struct segment_reader *r, struct arena *a, uint64_t seq, struct journal_row *out)
{
    (void)sqlite3_bind_int64(r->row, 1, (int64_t)seq);
    return take_row(r, r->row, a, out);
}

enum err segment_find(struct segment_reader *r, struct arena *a, struct ulid ulid, struct journal_row *out)
{
    (void)sqlite3_bind_blob(r->find, 1, ulid.bytes, sizeof ulid.bytes, SQLITE_TRANSIENT);
    return take_row(r, r->find, a, out);
}

enum err segment_since(struct segment_reader *r, int64_t since_ms, void (*each)(void *arg, uint64_t seq), void *arg)
{
    char why[SEGMENT_WHY_BYTES];
    sqlite3_stmt *s = NULL;
    enum err e = db_prepare(r->db, &s, "SELECT seq FROM rows WHERE received >= ? ORDER BY seq", why);
    int rc = SQLITE_DONE;

    if (e == ERR_OK)
        (void)sqlite3_bind_int64(s, 1, since_ms);
    while (e == ERR_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
        each(arg, (uint64_t)sqlite3_column_int64(s, 0));
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = db_err(r->db, "read", why);
    (void)sqlite3_finalize(s);
    return e;
}
