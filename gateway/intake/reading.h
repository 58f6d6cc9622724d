/* reading.h - the thread between journal and filer: mails are read here, before they are filed.
 *
 * D1  the journal is the queue: what waits is a number for each mail. At most one mail is in memory as bytes, and
 *     READING_AHEAD as items that the filer has not filed yet;
 * D2  each mail is read once and given to the filer once, the older ones first, until it is filed; again only where
 *     the filer wants it again (a new Redis, a retry);
 * D3  no mail stops the next: reading is bounded by its limits; a mail that was being read when the process died
 *     READING_DEATHS times is not read any more but filed as unreadable; one whose bytes cannot be had is parked;
 * D4  nothing is lost here: a row stays unfiled in the journal until the filer has filed what was made of it. */
#ifndef GATEWAY_INTAKE_READING_H
#define GATEWAY_INTAKE_READING_H

#include "queues/filer.h"

struct blobs;
struct reading;

enum {
    READING_AHEAD = 32,
    READING_DEATHS = 3,
};

struct reading_options {
    struct journal *journal;
    struct blobs *blobs;
    const char *note_file; /* what is being read; it must outlive a kill, not a power cut */
    /* On the thread. Makes the item of a mail: see mail.h. deadly: its reader died of it (D3). */
    void (*read)(void *arg, const struct item *mail, struct str raw, bool deadly, struct arena *a, struct item *out);
    /* Takes the job. */
    void (*give)(void *arg, struct filer_job *job);
    void (*park)(void *arg, uint64_t seq, struct ulid ulid, const char *why);
    void *arg;
};

/* Thread-safe from now on; reads nothing before reading_start(). */
struct reading *reading_open(const struct reading_options *o);
void reading_start(struct reading *r);
/* Begins no further mail; returns at once. NULL is allowed, here and below. */
void reading_stop(struct reading *r);
/* And the one under way is finished. */
void reading_wait(struct reading *r);
/* After the filer, which may hold jobs of ours, is gone. */
void reading_close(struct reading *r);

/* The row is in the journal, of op "mail", and unfiled. A number that is known already is no news. */
void reading_add(struct reading *r, uint64_t seq, int64_t received_ms);
/* When the oldest came that is not filed; INT64_MAX: none. */
int64_t reading_oldest_ms(struct reading *r);

struct reading_state {
    size_t waiting, ahead;
    uint64_t read, deadly, parked;
    uint64_t busy_us; /* time spent reading */
};
void reading_state(struct reading *r, struct reading_state *out);

#endif
