/* tell.h - answers to the console: JSON, and problems in JSON. Nothing of it is kept by a browser. */
#ifndef GATEWAY_STAFF_TELL_H
#define GATEWAY_STAFF_TELL_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct doc;

enum { TELL_LIMIT_MAX = 200, TELL_LIMIT_DEFAULT = 50 };

/* d is taken. */
void tell_doc(struct call *c, int status, struct doc *d);
/* {"items":items,"next":next}; items are taken, next NULL is null. */
void tell_list(struct call *c, struct doc *items, const char *next);
void tell_error(struct call *c, enum err e);
/* A problem with a code of its own; with `member`: value beside it. */
void tell_problem(struct call *c, int status, const char *code, const char *title);
void tell_problem_with(struct call *c, int status, const char *code, const char *title, const char *member,
                       struct str value);
/* 422 for one field. */
void tell_fault(struct call *c, const char *field, const char *code, const char *detail);

/* The JSON object of the body; NULL where it is none: then it was answered 400 or 422. */
struct doc *tell_body(struct call *c);
/* A field of it that holds words; false where it was answered. */
bool tell_words(struct call *c, const struct doc *body, const char *field, struct str *out);
/* ?limit=; false where it was answered. */
bool tell_limit(struct call *c, int64_t *out);

/* RFC 3339, null for 0 and less. */
struct doc *tell_stamp(int64_t ms);
struct doc *tell_day(int64_t days);
void tell_id(struct doc *d, const char *name, enum id_kind kind, struct ulid u);

#endif
