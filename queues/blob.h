/* blob.h - sealed files for what is too large for a journal row.
 *
 * B1  blob_write() and blob_commit() return ERR_OK only after the file is written, fsynced,
 *     linked into place and its folder fsynced; a name is never written twice;
 * B2  content is sealed with crypto_secretstream_xchacha20poly1305 in chunks of
 *     64 KiB, TAG_FINAL demanded on reading: a cut file is ERR_CORRUPT, not short;
 * B3  what nobody names any more is set aside first: whoever reads it after all finds it
 *     and puts it back; only what lay aside for BLOB_ASIDE_MS is removed. */
#ifndef QUEUES_BLOB_H
#define QUEUES_BLOB_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct keyring;
struct blobs;

enum { BLOB_BYTES_MAX = 32 * 1024 * 1024 };

#define BLOB_ASIDE_MS (INT64_C(30) * 24 * 3600 * 1000)

enum err blobs_open(struct blobs **out, const char *folder, const struct keyring *keys, char *why, size_t why_bytes);
void blobs_close(struct blobs *b);
/* Thread-safe, also among processes that share the folder. Two-level folders by the ulid's last characters. ERR_CONFLICT where it exists,
 * ERR_LARGE over BLOB_BYTES_MAX, ERR_FULL, ERR_DENIED, ERR_IO. */
enum err blob_write(struct blobs *b, struct ulid name, struct str content);
/* The same for bytes that come one after the other and are not held whole. A writer is for one thread at a time. */
struct blob_writer;
/* Yours on ERR_OK, until blob_commit() or blob_drop(). */
enum err blob_begin(struct blob_writer **out, struct blobs *b, struct ulid name);
/* Answers as blob_write(); after anything but ERR_OK only blob_drop() is left. */
enum err blob_append(struct blob_writer *w, struct str more);
/* B1. Ends the writer, whatever it answers. */
enum err blob_commit(struct blob_writer *w);
/* Nothing of it was ever there. NULL is allowed. */
void blob_drop(struct blob_writer *w);
/* For good, and at once: a blob whose row was not taken, or whose use is over. Nobody names it, nobody ever will. */
void blob_remove(struct blobs *b, struct ulid name);
/* ERR_ABSENT; ERR_CORRUPT: changed, cut, another's, or its key is gone; ERR_IO. */
enum err blob_read(struct blobs *b, struct arena *a, struct ulid name, struct str *content);

/* ---- tidying up ---- */

/* changed_ms: when it was written. False ends the walk. May set aside and remove. */
typedef bool blob_visit(void *arg, struct ulid name, int64_t changed_ms);
/* Every blob, in no order, without those set aside. What comes or goes meanwhile may be missed. */
void blobs_each(struct blobs *b, blob_visit *visit, void *arg);
/* B3. False where it could not be. */
bool blob_set_aside(struct blobs *b, struct ulid name);
/* Those that were; changed_ms: when. */
void blobs_each_aside(struct blobs *b, blob_visit *visit, void *arg);
/* Of one that was set aside: back to where it was, or gone for good. */
bool blob_put_back(struct blobs *b, struct ulid name);
bool blob_clear(struct blobs *b, struct ulid name);

#endif
