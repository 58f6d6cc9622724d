/* staff.h - members of staff, and the sessions they work in.
 *
 * M1  a name belongs to one member for ever, whatever its case; a member is never removed, only
 *     disabled, because history and audit name him;
 * M2  a password is kept as Argon2id, sealed, and is at least STAFF_PASSWORD_CHARS_MIN characters;
 * M3  whoever asks for a name that is not there, is disabled, or has another password waits as long
 *     and hears the same;
 * M4  wrong passwords are counted for each name, known or not, before they are compared: 5 at once,
 *     then one a minute. Never for an address: 450 people sit behind one;
 * M5  a session is 32 random bytes that only the browser has; here lies their blind index. It ends
 *     30 min after it was last used (counted in steps of STAFF_SEEN_MS), 12 h after signing in, when its
 *     member signs out or is disabled, and when he gets another password.
 *
 * stf:{index of the name}     v, id, name, role, hash (sealed, bound to id), disabled, created, since
 * stf:all                     set of those indices;  stf:names  hash: id -> name
 * ses:{index of the cookie}   member (index), made, seen; ends by itself */
#ifndef QUEUES_STAFF_H
#define QUEUES_STAFF_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdint.h>

struct arena;
struct keyring;
struct redis;

enum {
    STAFF_NAME_CHARS_MAX = 64,
    STAFF_PASSWORD_CHARS_MIN = 15,
    STAFF_PASSWORD_BYTES_MAX = 1024,
    STAFF_TOKEN_BYTES = 32,
    STAFF_TRIES = 5,
    STAFF_TRY_GAP_MS = 60 * 1000,
    STAFF_IDLE_MS = 30 * 60 * 1000,
    STAFF_SEEN_MS = 60 * 1000,
    STAFF_SESSION_MS = 12 * 60 * 60 * 1000,
};

/* X(name, word) */
#define STAFF_ROLE_LIST(X) \
    X(AGENT, "agent")      \
    X(LEAD, "lead")        \
    X(MANAGER, "manager")  \
    X(AUDITOR, "auditor")

enum staff_role {
#define X(name, word) STAFF_##name,
    STAFF_ROLE_LIST(X)
#undef X
        STAFF_ROLES
};

const char *staff_role_name(enum staff_role role);
bool staff_role_parse(struct str s, enum staff_role *out);

struct staff {
    struct ulid id;
    struct str name; /* as it was given */
    enum staff_role role;
    bool disabled;
    int64_t created_ms;
    int64_t since_ms; /* sessions made before this moment are over */
    struct str version;
    char hash[128];
};

/* Why it cannot be one, a sentence; NULL: it can. */
const char *staff_name_fault(struct str name);
const char *staff_password_fault(struct str name, struct str password);

/* ERR_ABSENT. */
enum err staff_read(struct redis *r, const struct keyring *k, struct arena *a, struct str name, struct staff *out);
/* All, by name. */
enum err staff_list(struct redis *r, const struct keyring *k, struct arena *a, struct staff **out, size_t *n);
/* The names of ids ("stf_…"; others get at NULL), one for each. */
enum err staff_names(struct redis *r, struct arena *a, const struct str *ids, size_t n, struct str *names);
/* by: who does it, for the audit. hash: of password_hash(). ERR_CONFLICT: the name is taken. */
enum err staff_add(struct redis *r, const struct keyring *k, struct arena *a, struct str name, enum staff_role role,
                   const char hash[128], int64_t now_ms, const char *by, struct staff *out);
/* These end the member's sessions. ERR_ABSENT. */
enum err staff_set_password(struct redis *r, const struct keyring *k, struct arena *a, struct str name,
                            const char hash[128], int64_t now_ms, const char *by);
enum err staff_disable(struct redis *r, const struct keyring *k, struct arena *a, struct str name, int64_t now_ms,
                       const char *by);

struct staff_session {
    struct ulid staff;
    struct str name;
    enum staff_role role;
    int64_t made_ms;
};

/* ~230 ms: in a slot for slow hashing. limits: count tries (M4). *token is what the browser gets, in a.
 *   ERR_UNKNOWN_CALLER  not so; ERR_LIMIT: tried too often, again in *wait_ms; ERR_STORE, ERR_BUSY */
enum err staff_session_make(struct redis *r, const struct keyring *k, struct arena *a, struct str name,
                            struct str password, bool limits, int64_t now_ms, struct str *token, int64_t *wait_ms);
/* ERR_UNKNOWN_CALLER where the token opens nothing (any more). */
enum err staff_session_read(struct redis *r, const struct keyring *k, struct arena *a, struct str token, int64_t now_ms,
                            struct staff_session *out);
enum err staff_session_end(struct redis *r, const struct keyring *k, struct arena *a, struct str token, int64_t now_ms);

#endif
