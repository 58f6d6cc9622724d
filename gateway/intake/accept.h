/* accept.h - accept once: from an item to the answer its sender gets.
 *
 *   accept_item -> journal -> (late, or Redis away) -> written: 202
 *                          -> filer                 -> filed:   201
 *
 * A1  no answer but an error leaves before the journal has the item;
 * A2  the answer is "filed" where Redis had it within ACCEPT_WAIT_MS, else "written";
 * A3  what is written and not filed is known here by key, by reference and by item,
 *     rebuilt from the journal at start, so a repeat and a look find it without Redis;
 * A4  each caller is answered exactly once, whoever comes first: filer, timer, error. */
#ifndef GATEWAY_INTAKE_ACCEPT_H
#define GATEWAY_INTAKE_ACCEPT_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/item.h"

#include <stdbool.h>

struct accept;
struct app;
struct call;
struct filing;

enum { ACCEPT_WAIT_MS = 250, ACCEPT_UNFILED_MAX = 200000 };

enum accept_outcome {
    ACCEPT_FILED,
    ACCEPT_WRITTEN,
    ACCEPT_IN_FLIGHT,  /* the same key is on its way at this moment */
    ACCEPT_KEY_REUSED, /* the same key came with another body */
    ACCEPT_FAILED,     /* error says why; nothing was kept */
};

struct accept_result {
    enum accept_outcome outcome;
    enum err error;
    bool replayed;    /* the answer of an earlier item with this key */
    struct ulid item; /* whose token and message id are answered: the earlier one's where replayed */
    uint64_t reference;
    struct ulid ticket; /* FILED just now: where; else zero */
};

/* Answers c (call_answer… but not call_finish); on any thread. i: the item as it was given. */
typedef void accept_answer(struct call *c, const struct item *i, const struct accept_result *result);

struct accept *accept_open(struct app *app);
void accept_close(struct accept *a);
/* Reads what the journal holds unfiled (A3). Before the listeners open. */
enum err accept_rebuild(struct accept *a);

/* On the call's loop, or after call_hold() on any thread. Fills in i's ulid and received_ms, and for a request its
 * reference; i is in the call's arena. wait: a repeat whose first is in flight waits for its answer (a browser)
 * instead of ACCEPT_IN_FLIGHT. */
void accept_item(struct accept *a, struct call *c, struct item *i, bool wait, accept_answer *answer_it);

/* The same for a mail, whose sender is told nothing but that it is kept (A1): fills in i's ulid, received_ms and
 * reference, copies everything, and calls written(arg, …) once, on any thread. It is read next (reading.h). */
typedef void accept_written(void *arg, enum err e);
void accept_mail(struct accept *a, struct item *i, accept_written *written, void *arg);

/* Is a request with this reference written and not filed? */
bool accept_find(struct accept *a, uint64_t reference, struct ulid *item);
size_t accept_unfiled(struct accept *a);
/* Returns when nothing is on its way to the journal any more; nobody may call accept_item() by then. */
void accept_wait_quiet(struct accept *a);

/* The filer's word on an item (filer.h). */
void accept_filed(struct accept *a, const struct filing *f);
bool accept_refuse(struct accept *a, const struct filing *f);

#endif
