/* doc.h - the one door to jansson: read JSON from outside, write ours.
 *
 * N1  what is parsed is bounded: at most DOC_DEPTH_MAX levels, no duplicate
 *     names, valid UTF-8, nothing behind the value; U+0000 is let through so
 *     that the field's own rule can answer for it;
 * N2  a struct doc is yours after doc_parse/doc_object/doc_array and ends in
 *     doc_close(); what doc_get/doc_at return is borrowed from its parent;
 *     doc_set and doc_push take what they are given. */
#ifndef RULES_BASE_DOC_H
#define RULES_BASE_DOC_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { DOC_DEPTH_MAX = 32 };

struct doc;
struct arena;

enum doc_kind { DOC_NONE, DOC_NULL, DOC_BOOL, DOC_INT, DOC_REAL, DOC_TEXT, DOC_ARRAY, DOC_OBJECT };

/* ERR_SYNTAX where it is not JSON as N1 wants it; why (may be NULL) gets
 * "line 3: reason" with at most why_bytes. */
enum err doc_parse(struct doc **out, struct str s, char *why, size_t why_bytes);
/* NULL is allowed. */
void doc_close(struct doc *d);

/* All readers take NULL and answer as for a value that is not there. */
enum doc_kind doc_kind(const struct doc *d);
const struct doc *doc_get(const struct doc *object, const char *name);
/* The text of a string, else the empty string with at == NULL. */
struct str doc_text(const struct doc *d);
/* doc_text(doc_get(object, name)). */
struct str doc_get_text(const struct doc *object, const char *name);
/* Whole numbers only; otherwise fallback. */
int64_t doc_get_int(const struct doc *object, const char *name, int64_t fallback);
bool doc_get_bool(const struct doc *object, const char *name, bool fallback);
bool doc_int(const struct doc *d, int64_t *out);
bool doc_true(const struct doc *d);
/* Elements of an array, members of an object. */
size_t doc_size(const struct doc *d);
const struct doc *doc_at(const struct doc *array, size_t i);
/* Calls visit for each member in order of insertion until it answers false. */
void doc_each(const struct doc *object, bool (*visit)(void *arg, const char *name, const struct doc *value), void *arg);

struct doc *doc_object(void);
struct doc *doc_array(void);
struct doc *doc_new_text(struct str s); /* must be UTF-8 */
struct doc *doc_new_int(int64_t n);
struct doc *doc_new_real(double x);
struct doc *doc_new_bool(bool b);
struct doc *doc_new_null(void);
struct doc *doc_copy(const struct doc *d); /* shares, yours */
void doc_set(struct doc *object, const char *name, struct doc *value);
void doc_set_text(struct doc *object, const char *name, struct str s);
void doc_set_int(struct doc *object, const char *name, int64_t n);
void doc_set_bool(struct doc *object, const char *name, bool b);
void doc_set_null(struct doc *object, const char *name);
/* null where s.at is NULL. */
void doc_set_text_or_null(struct doc *object, const char *name, struct str s);
void doc_push(struct doc *array, struct doc *value);

/* Compact, in order of insertion, NUL-terminated in a. */
struct str doc_print(const struct doc *d, struct arena *a);

/* A flat object straight into bytes, for what is written with every request: the same bytes as doc_print() of an
 * object with these members. Names are ours (no quotes, each once), texts UTF-8. Begins with a zeroed buf. */
void doc_flat_text(struct buf *b, const char *name, struct str s);
void doc_flat_int(struct buf *b, const char *name, int64_t n);
void doc_flat_bool(struct buf *b, const char *name, bool value);
void doc_flat_null(struct buf *b, const char *name);
/* All so far as one object, NUL-terminated in a. b may be added to and printed again. */
struct str doc_flat_print(const struct buf *b, struct arena *a);

#endif
