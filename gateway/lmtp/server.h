/* server.h - mail in: LMTP on a loop of its own, so that a storm of mail and the form never share a thread.
 *
 * N1  250 leaves after the journal has the row, and the row is written after the blob that it names is on disk;
 * N2  nothing waits for a disk on the loop: pieces of a mail go to threads of this server, one at a time for each
 *     session, and meanwhile that session is not heard;
 * N3  bounded: sessions_max sessions (421), flight_bytes_max bytes of mails that are begun and not answered, what a
 *     sender announced counting at once (451 before a byte of it is read; 451 after its end where it was not
 *     announced), about a piece and a half of memory for each session;
 * N4  a peer that says nothing for idle_ms, or does not end a mail within mail_ms, hears 421;
 * N5  stopping: who waits for the journal is answered, everybody else hears 421 at once; a mail that was not answered
 *     is kept by its sender and comes again. */
#ifndef GATEWAY_LMTP_SERVER_H
#define GATEWAY_LMTP_SERVER_H

#include "rules/base/err.h"
#include "rules/item.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blobs;
struct keyring;
struct lmtp_server;

enum {
    LMTP_MAIL_MAX = 25 * 1024 * 1024,   /* bytes of one mail */
    LMTP_FLIGHT_MAX = 64 * 1024 * 1024, /* N3 */
    LMTP_SESSIONS_MAX = 100,            /* a mail server opens 20 to one place */
    LMTP_IDLE_MS = 300 * 1000,          /* RFC 5321 4.5.3.2.7 */
    LMTP_MAIL_MS = 600 * 1000,          /* for a whole mail */
    LMTP_PIECE = 256 * 1024,            /* of a mail, in memory before it goes to the disk */
    LMTP_INLINE_MAX = 64 * 1024,        /* up to here a mail goes into its row, above into a blob */
    LMTP_WHY_BYTES = 200,
};

/* The journal has the item, or has not (e); on any thread. */
typedef void lmtp_written(void *session, enum err e);

struct lmtp_options {
    const char *address; /* numeric */
    int port;            /* 0 picks one */
    const char *host;    /* as we call ourselves */
    const char *own;     /* the address of mail-from */
    const struct keyring *keys;
    struct blobs *blobs;
    size_t mail_bytes_max, flight_bytes_max, sessions_max;
    int idle_ms, mail_ms;
    /* On the loop. Can a mail be kept at all? Asked before it is read. */
    bool (*ready)(void *arg);
    /* On the loop. Writes the mail to the journal; fills in its ulid. Everything is copied before it returns. */
    void (*keep)(void *arg, struct item *mail, lmtp_written *written, void *session);
    void *arg;
};

/* Binds: who connects waits. why: a sentence. */
enum err lmtp_server_open(struct lmtp_server **out, const struct lmtp_options *o, char why[LMTP_WHY_BYTES]);
void lmtp_server_start(struct lmtp_server *s);
int lmtp_server_port(const struct lmtp_server *s);
/* N5 begins; returns at once. Any thread; NULL is allowed. */
void lmtp_server_stop(struct lmtp_server *s);
/* And ends, within 3 s. NULL is allowed. */
void lmtp_server_close(struct lmtp_server *s);

struct lmtp_counts {
    uint64_t sessions, open_sessions, kept, refused, deferred;
    uint64_t flight_bytes;
};
void lmtp_server_counts(struct lmtp_server *s, struct lmtp_counts *out);

#endif
