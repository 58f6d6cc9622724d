/* clamd.h - one question to clamd: is there anything in these bytes? By its unix socket, with INSTREAM (clamd(8)).
 *
 * D1  fail closed: CLEAN is the answer "stream: OK" and no other. No socket, no answer in time, an error, an exceeded
 *     limit, a word that is not known: FAILED, and why;
 * D2  all of it takes CLAMD_MS at most, and ends within CLAMD_STEP_MS of *stop;
 * D3  clamd must run with AlertExceedsMax yes: without it, it answers OK for what it did not look into. */
#ifndef GATEWAY_FILES_CLAMD_H
#define GATEWAY_FILES_CLAMD_H

#include "rules/base/text.h"

#include <stdatomic.h>
#include <stdbool.h>

enum {
    CLAMD_MS = 30 * 1000, /* its own MaxScanTime should be less: 20 s */
    CLAMD_STEP_MS = 200,
    CLAMD_CHUNK = 64 * 1024, /* at most StreamMaxLength, and what a socket takes at once */
    CLAMD_ANSWER_MAX = 1024,
    CLAMD_WHY_MAX = 80,
};

enum clamd_verdict { CLAMD_CLEAN, CLAMD_FOUND, CLAMD_FAILED };

struct clamd_answer {
    enum clamd_verdict verdict;
    /* FOUND: the signature's name. FAILED: "scanner-away", "scanner-timeout", "scanner-limit", "scanner-error",
     * "scanner-unclear", "stopped". */
    char why[CLAMD_WHY_MAX + 1];
};

/* path: of its socket. ms: instead of CLAMD_MS, 0 for that one. */
void clamd_scan(const char *path, struct str bytes, int ms, const atomic_bool *stop, struct clamd_answer *out);
/* D1 for one answer, without or with the NUL or line end behind it. Pure. */
void clamd_judge(struct str answer, struct clamd_answer *out);

#endif
