/* robot.h - was this mail written by a person? (RFC 3834 §2, RFC 3464, and what is done in the field)
 *
 * R1  what a robot wrote is never answered by one of ours, reopens nothing, and pauses or resumes no clock;
 * R2  in doubt it was a robot: a person misses an acknowledgement, and two robots would write for ever;
 * R3  a person who is answered late is worse off than one who gets no receipt, so nothing is lost or hidden by it.
 *
 * Pure. */
#ifndef RULES_ROBOT_H
#define RULES_ROBOT_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum { ROBOT_RECEIVED_MAX = 25 }; /* servers it passed: more is a circle */

/* Header values are the first word or the list as it stands, in any case. */
struct robot_signs {
    struct str return_path;    /* envelope sender; empty: the null one */
    struct str from;           /* address in From */
    struct str auto_submitted; /* RFC 3834 §5; empty where none */
    struct str precedence;
    struct str suppress; /* X-Auto-Response-Suppress: a list */
    bool list;           /* any List-* field (RFC 2369, RFC 2919) */
    bool report;         /* a delivery, disposition or feedback report */
    bool own;            /* its Message-ID is one of ours: it came round */
    size_t received;     /* Received fields */
};

/* X(name, word): the word is for logs. */
#define ROBOT_LIST(X)                     \
    X(NONE, "none")                       \
    X(OWN, "own-mail")                    \
    X(NULL_PATH, "null-return-path")      \
    X(AUTO_SUBMITTED, "auto-submitted")   \
    X(PRECEDENCE, "precedence")           \
    X(SUPPRESS, "auto-response-suppress") \
    X(MAILING_LIST, "list")               \
    X(REPORT, "report")                   \
    X(DAEMON, "daemon")                   \
    X(CIRCLE, "too-many-hops")

enum robot {
#define X(name, word) ROBOT_##name,
    ROBOT_LIST(X)
#undef X
        ROBOTS
};

/* The first sign that it was one; ROBOT_NONE: a person. */
enum robot robot_judge(const struct robot_signs *s);
const char *robot_word(enum robot r);

#endif
