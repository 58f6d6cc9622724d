/* filer_core.h - what the files of the filer share: filer.c (the thread), filer_take.c (the next batch), filer_file.c
 * (a batch on its way) and filer_redis.c (is Redis there, the same, and fit?). Private to them. */
#ifndef QUEUES_FILER_CORE_H
#define QUEUES_FILER_CORE_H

#include "queues/filer.h"
#include "queues/incident/affected_set.h"
#include "queues/vouch.h"

#include <pthread.h>
#include <stdbool.h>

enum { FILER_LEFT_MAX = 64, FILER_WHYS = 256 /* reasons that are remembered, the latest */ };

/* Why a row was parked. */
struct parked_why {
    uint64_t seq;
    char why[FILER_WHY_BYTES];
};

struct filer {
    struct filer_options o;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;

    /* under the lock */
    struct filer_job *first, **last;
    size_t waiting;
    uint64_t catch_up_to; /* the journal holds unfiled rows up to here */
    bool look_again;      /* from its beginning: a row is not parked any more */
    struct parked_why whys[FILER_WHYS];
    size_t why_count;
    struct filer_state state;

    /* the thread's own */
    struct redis *redis;
    struct arena *arena;
    uint64_t cursor; /* of catching up */
    struct filer_job *retry;
    size_t retries;
    bool checked;                  /* identity and fitness, since the last loss of the connection */
    struct vouch vouch;            /* for the Redis that was spoken to last */
    uint64_t left[FILER_LEFT_MAX]; /* works of which rows were left to the journal; see filer_take.c */
    size_t left_count;
    bool left_all; /* more of them than that */
    int64_t ticked_ms;
    int64_t away_since_ms;       /* steady; 0: Redis is there */
    struct affected_sets *lists; /* of declared incidents */
    char away_said[200];         /* the reason that was logged last */
};

/* Items on their way together. */
struct batch {
    struct affected_set *lists; /* that it is filed by */
    size_t n;
    struct filer_job *job[FILER_BATCH];
    struct filing *filing[FILER_BATCH];
    enum err error[FILER_BATCH];
};

/* What comes next: retries that are due, live items, then what the journal holds. */
void filer_take(struct filer *f, struct batch *b);
/* Is there more in the journal than was read? */
bool filer_behind(struct filer *f);
/* Takes the job; it is tried again wait_ms from now, and no later row of its work before it. */
void filer_keep_for_later(struct filer *f, struct filer_job *job, int wait_ms);

/* Files all of b and empties it. ERR_STORE: Redis could not, everything is kept for later. */
enum err filer_file(struct filer *f, struct batch *b);

/* False, and said, where Redis is away, or not fit. A changed one sets everything back to be filed again. */
bool filer_check_redis(struct filer *f);
/* Is Redis still there, and are the rules of what is declared? They are made so. */
enum err filer_look(struct filer *f);
/* Queues the question of L7; its answer. *stale: the batch has to begin again, by other rules. */
void filer_ask_rules(struct filer *f);
enum err filer_hear_rules(struct filer *f, const struct redis_value *answer, bool *stale);
/* Redis failed; why is in redis_why(). */
void filer_redis_failed(struct filer *f);
/* Redis is there: how far would have to be gone back, should the next one lack what it has? */
void filer_vouch(struct filer *f);

#endif
