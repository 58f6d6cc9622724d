/* upload.h - a file on its way in, part by part.
 *
 * up:{<fil>} fields: state ("coming", "done", "refused"), why, got (bytes), rec (sealed JSON: name, type, bytes,
 * reference, participant, account, partition), p:<n> ("<bytes> <digest>"). It ends FILE_UPLOAD_MS after it was announced.
 * {pN}:x:<acc>: what the files of a customer take up, see room.lua. day:{<day>}: MiB announced on that day.
 *
 * U1  a part is a sealed blob of the folder of parts, on disk before it counts; its name follows from file, number and
 *     content, so the same one again is there already, and another content never takes its place;
 * U2  the first content of a part stays: what is put together is what was said to be there;
 * U3  parts that nobody came back for are swept by age alone (blob.h): no record is needed to find them;
 * U4  limits are taken before the first byte, and given back by an upload that is refused, cancelled or forgotten. */
#ifndef QUEUES_UPLOAD_H
#define QUEUES_UPLOAD_H

#include "queues/blob.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/attachment.h"

enum upload_state { UPLOAD_COMING, UPLOAD_DONE, UPLOAD_REFUSED };

/* Which limit stands in the way. */
enum upload_limit { UPLOAD_FITS, UPLOAD_COUNT, UPLOAD_REQUEST, UPLOAD_CUSTOMER, UPLOAD_DAY };

struct upload_part {
    int number;
    size_t bytes;
    struct blind digest;
};

struct upload {
    struct ulid id, participant, account;
    unsigned partition; /* where the customer's limits are counted */
    uint64_t reference;
    struct str name, type; /* clean; type: the sender's word */
    int64_t bytes;
    enum upload_state state;
    struct str why;
    struct upload_part *parts; /* by number */
    size_t part_count;
    int64_t got;
};

/* U4. ERR_LIMIT: which says why. */
enum err upload_take_room(struct redis *r, struct arena *a, const struct upload *u, int64_t now_ms,
                          enum upload_limit *which);
/* The room is taken for good. */
enum err upload_keep_room(struct redis *r, struct arena *a, const struct upload *u);
enum err upload_give_back(struct redis *r, struct arena *a, const struct upload *u);

/* After upload_take_room(). */
enum err upload_begin(struct redis *r, const struct keyring *k, struct arena *a, const struct upload *u);
/* ERR_ABSENT where it was never announced, or has ended. */
enum err upload_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, struct upload *out);

/* Writes the part, then counts it. ERR_OK also for the same one again; ERR_CONFLICT: another content is there (U2);
 * ERR_LARGE: more than was announced; ERR_GONE: no parts are taken (any more); ERR_STORE, and what blob_write() says. */
enum err upload_put(struct redis *r, const struct keyring *k, struct arena *a, struct blobs *parts,
                    const struct upload *u, int number, struct str content);
/* Are all bytes there? */
bool upload_complete(const struct upload *u);
/* Do the parts make a whole: numbers without a gap from 0 or 1, all but the last of one allowed size? */
bool upload_sound(const struct upload *u);
/* All bytes, in order, in a. */
enum err upload_join(const struct keyring *k, struct arena *a, struct blobs *parts, const struct upload *u,
                     struct str *whole);

/* Its file is in the journal: no parts are taken any more; the room stays taken. */
enum err upload_done(struct redis *r, struct arena *a, const struct upload *u);
/* why: a code. Gives the room back. */
enum err upload_refuse(struct redis *r, struct arena *a, const struct upload *u, struct str why);
/* As if it had never been. */
enum err upload_forget(struct redis *r, struct arena *a, const struct upload *u);
/* The blobs of its parts, which nobody needs any more. */
void upload_drop_parts(const struct keyring *k, struct blobs *parts, const struct upload *u);

#endif
