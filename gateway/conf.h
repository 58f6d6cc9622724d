/* conf.h - postern.conf, read once into a plain struct.
 *
 * C1  one setting a line, `name value…`; `#` at a word's start begins a comment; an
 *     unknown or repeated name, a missing or unusable value is a fault with
 *     file:line, and all faults are told, not only the first;
 * C2  `-o name=value` overrides what the file says (for listen: that listener); the
 *     last one of a name wins; faults of the n-th stand at "-o:n";
 * C3  relative paths start at the folder of the file, those of `-o` too; without a
 *     file at the current folder;
 * C4  what is left out has the value of contract and README: the struct is complete. */
#ifndef GATEWAY_CONF_H
#define GATEWAY_CONF_H

#include "queues/log.h"
#include "queues/redis.h"
#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONF_FAULTS_MAX = 100, CONF_BYTES_MAX = 256 * 1024 };

enum conf_listen { CONF_PUBLIC, CONF_STAFF, CONF_ADMIN, CONF_LMTP, CONF_LISTENERS };

struct conf_address {
    char host[64]; /* numeric */
    int port;      /* 0 picks a free one */
};

struct conf_relay {
    char url[280]; /* "smtp://host:port" or "smtps://…"; "" none */
};

struct conf {
    char data[4096], keys[4096];
    struct conf_address listen[CONF_LISTENERS];
    char tls_cert[4096], tls_key[4096]; /* "" self-signed in data/ */
    bool redis_embedded;
    struct redis_target redis;  /* with user and password of redis-auth */
    struct conf_relay relay[2]; /* none: mail goes to data/mail */
    char mail_user[256], mail_password[256];
    char mail_from_name[128], mail_from_address[256];
    char authserv_id[256];
    int authserv_below;                          /* rules/authres.h, X2 */
    char brand[128], help_phone[64], clamd[108]; /* clamd: path of its socket, "" none */
    int64_t retention_ms, journal_keep_ms;
    char origin[300], origin_staff[300]; /* "https://host[:port]" without a slash; port 0 is left for serve to fill */
    char rules[4096];                    /* "" the shipped rules */
    int64_t reserve_bytes;               /* -1 auto */
    char proxy[1024];                    /* "" none */
    int threads;                         /* 0 auto */
    bool limits;
    enum log_level log;
    char file[4096]; /* where it was read, "" defaults */
};

struct conf_override {
    const char *name, *value;
};

/* Faults: one "file:line: reason" a line, at most CONF_FAULTS_MAX. ERR_CONF with at least one; ERR_ABSENT where file
 * does not exist ("file: reason"). file "" reads none. *out is written whatever is answered. */
enum err conf_read(struct conf *out, const char *file, const struct conf_override *o, size_t n, struct buf *faults);
/* The same from text that is called `name`, relative paths from `folder`: for tests and fuzzing. */
enum err conf_parse(struct conf *out, const char *name, const char *folder, struct str text,
                    const struct conf_override *o, size_t n, struct buf *faults);
/* Without -c: ./postern.conf, then /etc/postern/postern.conf, else "" (all defaults, relative to the current folder). */
const char *conf_default_file(void);
/* "public", "staff", "admin", "lmtp". */
const char *conf_listen_name(enum conf_listen which);

#endif
