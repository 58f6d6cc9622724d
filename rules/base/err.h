/* err.h - the one list of ways an operation can fail.
 *
 * A function that can fail returns enum err and nothing else; results leave by
 * out-pointers that are written only on ERR_OK. What cannot go wrong is an
 * assert, left on. */
#ifndef RULES_BASE_ERR_H
#define RULES_BASE_ERR_H

#define ERR_LIST(X)                                             \
    X(OK, "ok", 200)                                            \
    X(SYNTAX, "the request cannot be read", 400)                \
    X(UNKNOWN_CALLER, "sign in first", 401)                     \
    X(DENIED, "not allowed", 403)                               \
    X(ABSENT, "not found", 404)                                 \
    X(CONFLICT, "changed by someone else in the meantime", 409) \
    X(GONE, "no longer valid", 410)                             \
    X(LARGE, "too large", 413)                                  \
    X(INPUT, "a value is missing or not usable", 422)           \
    X(LIMIT, "too many at once", 429)                           \
    X(STORE, "storage is not available", 503)                   \
    X(BUSY, "too busy", 503)                                    \
    X(FULL, "no room left on the disk", 503)                    \
    X(IO, "reading or writing failed", 500)                     \
    X(CORRUPT, "a stored record cannot be read", 500)           \
    X(CONF, "the configuration is wrong", 500)

enum err {
#define X(name, text, http) ERR_##name,
    ERR_LIST(X)
#undef X
        ERR_KINDS
};

/* Static English text without detail, safe to show anybody. Never NULL. */
const char *err_text(enum err e);
/* The status of an HTTP answer that carries e, 200..599. */
int err_http(enum err e);
/* The name in the list, for logs: "STORE". */
const char *err_name(enum err e);

#endif
