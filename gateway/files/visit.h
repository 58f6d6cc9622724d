/* visit.h - one request about files: who asks is found out on a worker, what they want is done there, and what has to
 * be written down goes the way of words (accept.h).
 *
 *     loop: token, flood -> worker: look, work() -> answered
 *                                               -> loop: accept_item() -> answered -> worker: what is left over goes */
#ifndef GATEWAY_FILES_VISIT_H
#define GATEWAY_FILES_VISIT_H

#include "gateway/verify/look.h"
#include "queues/upload.h"
#include "rules/item.h"

struct call;
struct redis;
struct visit;

/* On a worker. Answers the call, or fills in v->item and v->upload and sets v->accept. */
typedef void visit_work(struct visit *v, struct redis *r);

struct visit {
    struct call *call;
    uint64_t reference;
    enum token_kind kind;
    struct ulid holder; /* whose token it is */
    const char *lang;
    const char *back; /* the page of the request, where a browser asks for one; NULL: a program does */
    struct look look;
    visit_work *work;
    struct upload upload; /* what the call is about, once the work found it */
    struct str typed;     /* name of the file as it was given */
    struct item item;
    bool accept, simple; /* simple: it came whole, in one post */
};

/* On the loop. page: a browser is sent back to the page of the request where it is refused. */
void visit_begin(struct call *c, visit_work *work, bool page);
/* Refuses by a code of refuse.h. */
void visit_refuse(struct visit *v, const char *code);
/* The same where something of ours failed: told as "later". */
void visit_failed(struct visit *v, enum err e, const char *what);
/* R1. False where it was refused. */
bool visit_may_send(struct visit *v);
/* The upload that the path names, where it is this person's own. False where it was answered. */
bool visit_find(struct visit *v, struct redis *r);
/* {"file","name","size","type","state","parts"} with that status. */
void visit_answer(struct visit *v, int status, const char *state, bool parts);

#endif
