/* blob.h - sealed files for what is too large for a journal row.
 *
 * B1  blob_write() and blob_commit() return ERR_OK only after the file is written, fsynced,
 *     linked into place and its folder fsynced; a name is never written twice;
 * B2  content is sealed with crypto_secretstream_xchacha20poly1305 in chunks of
 *     64 KiB, TAG_FINAL demanded on reading: a cut file is ERR_CORRUPT, not short. */
#ifndef QUEUES_BLOB_H
#define QUEUES_BLOB_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

struct arena;
struct keyring;
struct blobs;

enum { BLOB_BYTES_MAX = 32 * 1024 * 1024 };

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
/* For a blob whose row was not taken: nobody names it, nobody ever will. */
void blob_remove(struct blobs *b, struct ulid name);
/* ERR_ABSENT; ERR_CORRUPT: changed, cut, another's, or its key is gone; ERR_IO. */
enum err blob_read(struct blobs *b, struct arena *a, struct ulid name, struct str *content);

#endif
