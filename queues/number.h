/* number.h - numbers for public references: there before Redis is, and never twice.
 *
 * U1  Redis gives out blocks of NUMBER_BLOCK numbers (INCRBY ref:next); a gateway keeps two on disk,
 *     the one in use and the next, so that it goes on for a long time without Redis;
 * U2  what is on disk is a promise: the file says up to where numbers may have been given, and is synced
 *     (written beside, fsync, rename, fsync of the folder) before the first of them is. A crash skips
 *     at most NUMBER_STEP numbers and repeats none;
 * U3  a counter that went back (Redis lost or exchanged) is raised above every block this gateway had;
 * U4  without any block (the first start ever has no Redis, or both blocks are used up before it is
 *     back) a number is chance in the upper half of the space, which no block reaches: with 1,000 such
 *     numbers two are equal once in a million; filing refuses the second of two equal ones.
 *
 * The space is 0..2^40-1, as in number_hide() (seal.h), through which every number goes: references
 * cannot be guessed from one another. */
#ifndef QUEUES_NUMBER_H
#define QUEUES_NUMBER_H

#include "rules/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct keyring;
struct numbers;
struct redis;

enum { NUMBER_BLOCK = 100000, NUMBER_STEP = 1000, NUMBER_WHY_BYTES = 400 };

/* Reads data/numbers; where there is none, begins without a block. k is borrowed.
 *   ERR_CORRUPT  the file is not what was written; ERR_IO  it cannot be read or the folder not be written;
 *   both with why, a sentence for the operator. */
enum err number_open(struct numbers **out, const struct keyring *k, const char *data, char why[NUMBER_WHY_BYTES]);
/* NULL is allowed. */
void number_close(struct numbers *n);

/* A number for reference_print() that was never taken before. Never waits for Redis, writes to the disk once
 * in NUMBER_STEP calls, and never fails: where the disk does, U4. Thread-safe. */
uint64_t number_take(struct numbers *n);
/* Less than half of two blocks is left. Thread-safe. */
bool number_low(struct numbers *n);
/* Fetches as many blocks as there is room for; call it where number_low(). Thread-safe; takers do not wait for it
 * longer than for one write. ERR_STORE as of redis.h, ERR_IO; the old blocks stay good. */
enum err number_refill(struct numbers *n, struct redis *r, struct arena *a);

#endif
