/* server_core.h - what the files of the LMTP server share: server.c (its life), session.c (a socket and its dialogue),
 * body.c (a mail on its way to disk and journal). Private to them. All of it belongs to the loop's thread, but for a
 * session that waits: its mail is the disk's until on_disk(). */
#ifndef GATEWAY_LMTP_SERVER_CORE_H
#define GATEWAY_LMTP_SERVER_CORE_H

#include "gateway/lmtp/dialogue.h"
#include "gateway/lmtp/server.h"
#include "gateway/loop.h"

#include <pthread.h>
#include <stdatomic.h>

struct blob_writer;
struct workers;

enum { LMTP_READ_BYTES = 64 * 1024, LMTP_BYE_MS = 5000 /* for the last words to be read */ };

struct session {
    struct session *next, **at; /* of the server's list */
    struct lmtp_server *server;
    struct loop_watch *watch;
    int fd;
    struct lmtp dialogue;
    struct loop_timer idle, late;
    char in[LMTP_READ_BYTES]; /* read; heard up to in_at */
    size_t in_bytes, in_at;
    struct buf out;
    size_t sent;
    bool bye;   /* ends when out is sent */
    bool gone;  /* the peer is: ends as soon as it waits for nothing */
    bool waits; /* for the disk, or the journal */

    /* the mail */
    struct buf body; /* what is not with the disk yet */
    struct blob_writer *blob;
    struct ulid blob_name, item;
    bool has_blob; /* written, and no row names it yet */
    bool last;     /* the piece that is written now */
    enum err error;
    size_t flight; /* bytes of N3 */
};

struct lmtp_server {
    struct lmtp_options o;
    struct lmtp_house house;
    struct loop *loop;
    pthread_t thread;
    bool started, stopping;
    int door_fd, port;
    struct loop_watch *door;
    struct loop_timer deadline, pause;
    struct workers *disk;
    struct session *sessions;
    size_t session_count, flight;
    atomic_uint_fast64_t opened, open_now, kept, refused, deferred, flight_now;
};

/* Takes the descriptor. */
void session_open(struct lmtp_server *s, int fd);
/* Hears what was read, and goes on. */
void session_go_on(struct session *p);
/* 421; ends when that is sent. */
void session_hang_up(struct session *p, const char *why);

/* ---- body.c ---- */

/* LMTP_BEGIN. */
void body_begin(struct session *p);
/* After each piece that was heard: counts it, and gives it to the disk where there is enough. */
void body_piece(struct session *p);
/* LMTP_END. */
void body_end(struct session *p);
/* The mail under way is not wanted any more. */
void body_drop(struct session *p);

/* server.c: a session is over. */
void server_settle(struct lmtp_server *s);

#endif
