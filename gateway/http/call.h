/* call.h - one HTTP exchange as the rest of the program sees it: what was asked,
 * and the answer under construction. No h2o in sight, so a handler can be tested
 * by filling one in.
 *
 * H1  everything of a call lives in its arena; the request may die under it (the
 *     client hung up), then the answer is thrown away by the edge;
 * H2  a handler of a LOOP route either answers before it returns or calls
 *     call_hold() and later, from any thread and exactly once, call_finish();
 *     a handler of a WORK route runs on a worker thread and answers before it
 *     returns;
 * H3  strings of a call are UTF-8 or not as they came: handlers check;
 *     path is percent-decoded by segment, "%00", "%2F" and dot segments were refused. */
#ifndef GATEWAY_HTTP_CALL_H
#define GATEWAY_HTTP_CALL_H

#include "rules/base/arena.h"
#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>

struct app; /* gateway/app.h: what handlers work with */
struct call;
struct doc;
struct loop; /* queues/loop.h */

enum { CALL_PARAMS_MAX = 4, CALL_HEADERS_MAX = 100 };

struct call_header {
    struct str name; /* lower case as asked, as given in an answer */
    struct str value;
};

/* Something that must outlive the answer; see call_keep(). */
struct call_kept {
    struct call_kept *next;
    void (*release)(void *arg);
    void *arg;
};

struct call {
    struct arena *arena;
    struct app *app;
    struct str method;                  /* "GET"; HEAD is answered as GET by the edge */
    struct str path, query;             /* "/requests/R7K4-2M9Q-C", "limit=20" (raw) */
    struct str params[CALL_PARAMS_MAX]; /* what stood for {…} in the route, decoded */
    struct str body;
    struct str peer;             /* numeric address of the client (after PROXY / X-Forwarded-For) */
    struct str listener;         /* "public", "staff", "admin" */
    struct call_header *headers; /* of the request */
    size_t header_count;
    char request_id[27]; /* ULID, for logs and problems */
    int64_t begun_ms;    /* clock_now_ms() at arrival */

    int status; /* 0 until answered */
    struct call_header answer_headers[24];
    size_t answer_header_count;
    struct str answer;
    void *edge; /* private to gateway/http; NULL in a test that filled the call in */
    struct call_kept *kept;
    void *state; /* the handler's own, in the arena */
};

/* The only or last header of that lower-case name; empty with at NULL where absent. */
struct str call_header(const struct call *c, const char *name);
/* How many headers of that name came. */
size_t call_header_times(const struct call *c, const char *name);
/* Value of a cookie (RFC 6265), empty with at NULL. */
struct str call_cookie(const struct call *c, const char *name);
/* First value of a query parameter, form-decoded, in the arena; at NULL where absent. */
struct str call_query(struct call *c, const char *name);
/* The media type of the body without parameters, lower case. */
struct str call_content_type(struct call *c);
/* RFC 9110 12.5.1: does the client prefer text/html over application/json? */
bool call_wants_html(const struct call *c);

/* value is copied; CR and LF in it are an assert. */
void call_set_header(struct call *c, const char *name, struct str value);
/* "name=value; Path=/; Secure; HttpOnly; SameSite=<same_site>; Max-Age=..."; max_age_s < 0: session cookie. */
void call_set_cookie(struct call *c, const char *name, struct str value, const char *same_site, int64_t max_age_s);
/* body is copied. */
void call_answer(struct call *c, int status, const char *content_type, struct str body);
void call_answer_doc(struct call *c, int status, const struct doc *d);
void call_answer_empty(struct call *c, int status);
/* body is borrowed: it stays as it is until the call is over (constants, the arena, call_keep()). The content type
 * is set by call_set_header(). */
void call_answer_kept(struct call *c, int status, struct str body);
/* Runs release(arg) on the call's loop when the answer is sent or thrown away. */
void call_keep(struct call *c, void (*release)(void *arg), void *arg);
/* 303 See Other. */
void call_redirect(struct call *c, struct str location);

/* RFC 9457 application/problem+json: {"type","title","status","code","request_id"} with type
 * "/problems/<code>"; errors (may be NULL, taken) goes in as "errors". A page for browsers is the handler's
 * business (gateway/pages.h). Adds Retry-After where retry_after_s > 0. */
void call_problem(struct call *c, int status, const char *code, const char *title, struct doc *errors,
                  int retry_after_s);

/* H2. After call_hold() the handler returns without an answer. */
void call_hold(struct call *c);
void call_finish(struct call *c);
/* The loop that the call lives on, for loop_post(); what is posted runs before a later call_finish() takes effect. */
struct loop *call_loop(const struct call *c);
/* Runs fn(arg) on the call's own loop after ms, unless the call has finished by then (then it never runs).
 * On the loop's thread, after call_hold(). One timer a call. */
void call_after(struct call *c, int ms, void (*fn)(void *arg), void *arg);

/* ---- bodies ---- */

/* application/x-www-form-urlencoded or multipart/form-data (RFC 7578) fields, by name. */
struct form_field {
    struct str name; /* decoded */
    struct str value;
    struct str file_name; /* at NULL unless a file part */
    struct str content_type;
};
enum { FORM_FIELDS_MAX = 64 };
/* ERR_SYNTAX for broken bodies or another content type, ERR_LARGE for more than FORM_FIELDS_MAX fields.
 * Takes either media type from the call's content-type header. */
enum err form_parse(struct call *c, struct form_field **fields, size_t *n);

#endif
