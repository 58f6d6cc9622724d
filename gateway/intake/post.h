/* post.h - what every post of words has in common: read it, hold back a flood, find its
 * Idempotency-Key, and say why it was not taken. */
#ifndef GATEWAY_INTAKE_POST_H
#define GATEWAY_INTAKE_POST_H

#include "gateway/intake/accept.h"
#include "gateway/intake/fields.h"

enum {
    POST_BODY_MAX = 256 * 1024,
    POST_INLINE_MAX = 64 * 1024,
    POST_KEY_MIN = 16,
    POST_KEY_MAX = 128,
    POST_TYPE_MAX = 255, /* bytes of a content type that are kept with the original */
    POST_BUSY_RETRY_S = 5
};

/* One post; in the call's arena, as its state. */
struct post {
    struct fields fields;
    const char *lang;
    struct item item; /* channel, language and raw original are filled in */
    bool page;        /* a browser asks */
};

/* NULL where the body cannot be read: then it was answered. */
struct post *post_read(struct call *c, enum item_op op);
/* The content type as it is kept: whole where it is text of at most POST_TYPE_MAX bytes, else without parameters. */
struct str post_raw_type(struct call *c);
/* Seconds until this peer may post again; 0: now. */
int post_wait_s(struct call *c);
/* Fills in key and body of the item. scope: keys of different purposes never meet. False where the key was unusable:
 * then it was answered. */
bool post_key(struct call *c, struct post *p, const char *scope);
/* Makes sure that the original is kept with the item, then calls then(c), on the call's loop: a large one goes to a blob
 * first, on disk before the row that names it. Where that fails, c was answered. */
void post_keep_original(struct call *c, void (*then)(struct call *c));
/* The outcome says that nothing was kept, or that this key is taken. */
bool post_accepted(const struct accept_result *r);
void post_failed(struct call *c, const struct post *p, const struct accept_result *r);

/* The form with what was typed in it; data for page "form". */
struct doc *post_form(const struct fields *f);
/* The same, with a box that says why nothing was sent: words problem.<key>.title and .text. */
void post_not_sent(struct call *c, const struct post *p, int status, const char *key, int retry_s);

#endif
