/* filer.h - the thread that carries items from the journal into Redis.
 *
 * L1  live requests come first; behind them the filer works through what the journal
 *     still holds unfiled: after a start, after Redis was away, after too much came at
 *     once. Until it has, messages take their turn there, too;
 * L2  items share exchanges: up to FILER_BATCH on their way together, at most one of
 *     each work, so the order within a work is kept;
 * L3  while Redis cannot, everything waits and nothing is lost or counted as failed;
 *     an item that fails FILER_FAILURES times for a reason of its own is parked, and
 *     tried anew at the next start: a newer program may know better;
 * L4  when Redis' identity changes, all that the one before was given in its last grace
 *     time is filed again (vouch.h): that is free of effect where nothing was lost. It is
 *     asked for on each new connection, and a lost one is noticed within a second;
 * L5  a Redis that is not fit (redis_fitness) is not written to;
 * L6  a mail is read before it is filed, and not by this thread: its row is named to `read`, and comes back as a job
 *     that was made of it. Such a job takes its place among the rows of its work by its seq;
 * L7  the first exchange of a batch asks for the version of the incidents, too: where the rules are of another, they are
 *     made anew and the batch begins again. So what is begun after a declaration was answered is routed by it. */
#ifndef QUEUES_FILER_H
#define QUEUES_FILER_H

#include "queues/filing.h"
#include "queues/journal.h"

struct active;
struct filer;
struct ruleset;

enum {
    FILER_BATCH = 64,
    FILER_WAITING_MAX = 4096, /* live items in memory; more are read back from the journal */
    FILER_FAILURES = 5,
    FILER_REDIS_MS = 5000,
    FILER_WHY_BYTES = 80,
};

/* A live item: journaled, and handed over in one piece of memory. */
struct filer_job {
    struct filer_job *next;
    uint64_t seq;
    int64_t received_ms;
    struct ulid ulid;
    enum item_op op;
    int failures;
    int64_t not_before_ms; /* steady clock */
    /* L6: made of a row that was read elsewhere; told when it is out of memory, filed or not. NULL: any other. */
    void (*gone)(void *arg, uint64_t seq);
    void *gone_arg;
    uint64_t reference;
    struct str payload; /* behind the struct */
};

/* Copies payload. Ended by the filer, or by filer_job_free(). */
struct filer_job *filer_job_make(const struct item *i, struct str payload);
void filer_job_free(struct filer_job *job);

struct filer_options {
    struct journal *journal;
    const struct keyring *keys;
    struct ruleset *rules;
    struct active *active; /* keeps rules to what is declared; NULL: they are what they are */
    const struct redis_target *redis;
    const char *region;        /* see filing.h */
    const char *identity_file; /* of vouch.h */
    int64_t grace_ms;
    /* On the filer's thread. filed: outcome of each item. refuse: FILING_KEY_REUSED; true where the asker was told so
     * and the item is withdrawn. tick: with the connection, about once a second while Redis is there. */
    void (*filed)(void *arg, const struct filing *f);
    bool (*refuse)(void *arg, const struct filing *f);
    void (*tick)(void *arg, struct redis *r);
    /* L6. On the filer's thread: a row of op "mail" that is unfiled; the same one may be named again. oldest_ms: when
     * the oldest came that was named, or is in the journal, and has not come back filed; INT64_MAX none. Both NULL
     * where mails wait for somebody else. */
    void (*read)(void *arg, uint64_t seq, int64_t received_ms);
    int64_t (*oldest_ms)(void *arg);
    void *arg;
};

struct filer *filer_open(const struct filer_options *o);
/* Finishes the batch under way. What is not filed stays in the journal. */
void filer_close(struct filer *f);
/* Any thread; takes the job. In order of seq from one thread. */
void filer_submit(struct filer *f, struct filer_job *job);

/* Parks a row for a reason of its own: logged, counted, remembered for filer_parked_why(). Any thread. */
void filer_park(struct filer *f, uint64_t seq, struct ulid ulid, const char *why);
/* Why a parked row was parked since the start; "" where it was before. */
void filer_parked_why(struct filer *f, uint64_t seq, char out[FILER_WHY_BYTES]);
/* A parked row is tried again. False where it is not parked. Any thread. */
bool filer_unpark(struct filer *f, uint64_t seq);

struct filer_state {
    bool ready;    /* Redis is there and fit */
    char why[200]; /* where it is not */
    uint64_t filed, again, parked, rounds;
    size_t waiting; /* live ones in memory */
};
void filer_state(struct filer *f, struct filer_state *out);

#endif
