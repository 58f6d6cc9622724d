/* redis.h - the one door to hiredis: a blocking, pipelined connection.
 *
 * Waiting for Redis happens on threads made for it (filer, workers, mail, sweep),
 * never on an event loop: a slow command holds up its own connection only.
 *
 * R1  a connection belongs to one thread;
 * R2  every exchange has a deadline; when it passes the connection is closed and the
 *     call answers ERR_STORE: the commands may or may not have happened, so every
 *     script must bear repetition;
 * R3  (re)connecting is lazy, with back-off 50 ms .. 1 s during which calls fail fast;
 *     each new connection is authenticated and has all scripts loaded first;
 * R4  error replies for reasons of the server's state or settings (LOADING, READONLY, OOM,
 *     MISCONF, NOREPLICAS, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, BUSY; NOAUTH, NOPERM, NOSCRIPT,
 *     MOVED, ASK) are ERR_STORE; any other error reply is a fault of the command:
 *     ERR_CORRUPT, text in redis_why();
 * R5  a script the server has forgotten (SCRIPT FLUSH) is loaded again within the exchange,
 *     and only the commands that were refused for it are sent again, in their order;
 * R6  a connection that was lost is replaced without a word, unless it is held: then every
 *     call answers ERR_STORE until it is let go;
 * R7  who stops has no time for a Redis that stands still: from the moment named by redis_hurry()
 *     on, no exchange of this process lasts longer than REDIS_HURRY_MS, nor one that began before. */
#ifndef QUEUES_REDIS_H
#define QUEUES_REDIS_H

#include "queues/scripts.h"
#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdint.h>

struct arena;
struct redis;

enum {
    REDIS_QUEUE_BYTES_MAX = 512 * 1024 * 1024,  /* queued before one flush; the server's own limit is 1 GB */
    REDIS_ANSWER_BYTES_MAX = 256 * 1024 * 1024, /* of one flush; more is ERR_STORE */
    REDIS_HURRY_MS = 200,                       /* enough for a healthy server with a slow disk */
    REDIS_VALUES_MAX = 2 * 1024 * 1024,         /* within the lists of one flush; they nest at most 7 deep */
};

struct redis_target {
    char path[108]; /* unix socket, or "" */
    char host[256];
    int port;
    char user[64], password[256]; /* "" none */
};

/* "unix:/path" or "tcp:host:port": a numeric address on loopback or in a private network (IPv6
 * with or without brackets), or localhost. False with why, a sentence for the operator. */
bool redis_target_parse(struct str s, struct redis_target *out, char *why, size_t why_bytes);

enum redis_kind { REDIS_NIL, REDIS_INT, REDIS_TEXT, REDIS_STATUS, REDIS_ERROR, REDIS_LIST };

struct redis_value {
    enum redis_kind kind;
    int64_t integer;
    struct str text; /* TEXT, STATUS, ERROR; NUL-terminated */
    size_t count;
    struct redis_value *items;
};

/* Never connects by itself. t is copied. timeout_ms > 0: for one flush, with the connecting before it. */
struct redis *redis_open(const struct redis_target *t, int timeout_ms);
void redis_close(struct redis *r);
/* R6, for whoever asked something of this server that the next one may answer otherwise. */
void redis_hold(struct redis *r);
void redis_let_go(struct redis *r);
void redis_set_timeout(struct redis *r, int timeout_ms);
/* R7, for all connections of the process; INT64_MAX: take your time. Thread-safe. */
void redis_hurry(int64_t from_ms /* steady */);

/* Queue commands, then send them all and read all their answers. argv is copied. */
void redis_add(struct redis *r, size_t n, const struct str argv[]);
/* EVALSHA: keys first, then the other arguments; n counts both. */
void redis_add_script(struct redis *r, enum script s, size_t keys, size_t n, const struct str argv[]);
/* replies[i] belongs to the i-th queued command, memory in a. ERR_OK: all answers are there, and
 * each may still be REDIS_ERROR. ERR_STORE: none counts. Empties the queue either way. */
enum err redis_flush(struct redis *r, struct arena *a, struct redis_value **replies, size_t *n);

/* One command or script, its error reply mapped by R4. out may be NULL. */
enum err redis_do(struct redis *r, struct arena *a, struct redis_value *out, size_t n, const struct str argv[]);
enum err redis_run(struct redis *r, struct arena *a, struct redis_value *out, enum script s, size_t keys, size_t n,
                   const struct str argv[]);
/* R4 for one value of a flush: ERR_OK for anything but REDIS_ERROR. */
enum err redis_value_err(struct redis *r, const struct redis_value *v);
/* Why the last call failed: "cannot connect: ...". Never NULL, never with data of the command. */
const char *redis_why(const struct redis *r);

/* run_id and master_replid, joined by '/': changes when acknowledged writes may be gone. */
enum err redis_identity(struct redis *r, struct arena *a, struct str *out);
/* May its acknowledgements be believed, and may our user do its work? A primary that stands alone, >= 7.0,
 * appendonly yes, appendfsync always, no-appendfsync-on-rewrite no, noeviction; every command we need is
 * allowed (asked by ACL DRYRUN where that is). ERR_CONF with `why`: one sentence that says what to change;
 * ERR_STORE with `why`: it cannot be asked now. */
enum err redis_fitness(struct redis *r, struct arena *a, char *why, size_t why_bytes);

/* Reads a list reply of name, value, name, value ... : the value, or empty with at NULL. */
struct str redis_field(const struct redis_value *v, const char *name);

#endif
