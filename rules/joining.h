/* joining.h - does a mail continue what was said before, or does it stand for itself?
 *
 * In two steps: what its marks say (when it is read), and whether its sender may speak there (when it is filed).
 *
 * N1  a mail joins only where a mark of ours with a good MAC leads there AND its one sender takes part there;
 * N2  a reference in a subject, a mark that is forged, or a good one with a doubtful sender, never joins by itself: the
 *     mail goes the way of any other, and staff are told what it may belong to;
 * N3  its sender is the one mailbox in From. Sender, Reply-To and names are decoration; several mailboxes are nobody;
 * N4  nobody becomes a participant by being named in a mail.
 *
 * Pure. */
#ifndef RULES_JOINING_H
#define RULES_JOINING_H

#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Why a mail does not join by itself what it speaks of: X(name, word); the word is kept and shown. */
#define JOINING_HINT_LIST(X)                                                                          \
    X(NOTHING, "")              /* it speaks of nothing */                                            \
    X(CLAIMED, "claimed")       /* a post, a call or another desk names a reference */                \
    X(SUBJECT, "subject")       /* only its subject names a reference */                              \
    X(FORGED, "forged")         /* looks like one of our marks, which it is not; names a reference */ \
    X(SENDERS, "senders")       /* answers with a good mark, and has no sender or several */          \
    X(STRANGER, "other-sender") /* answers with a good mark, but somebody else wrote it */            \
    X(UNKNOWN, "unknown")       /* answers with a good mark what is not there any more */

enum joining_hint {
#define X(name, word) JOINING_##name,
    JOINING_HINT_LIST(X)
#undef X
        JOINING_HINTS
};

const char *joining_hint_word(enum joining_hint h);
/* NOTHING for what is none of the words. */
enum joining_hint joining_hint_parse(struct str word);

/* What was found in a mail. */
struct joining_signs {
    bool address; /* a recipient is a reply address with a good MAC */
    bool id;      /* In-Reply-To or References hold a Message-ID with a good MAC */
    bool forged;  /* either looks like one of ours and is none */
    bool subject; /* the subject names a reference */
    size_t senders;
};

struct joining_claim {
    bool answers;           /* by a good mark, with one sender: joining_judge() decides */
    bool by_address;        /* the reply address leads, else the Message-ID */
    enum joining_hint hint; /* where it does not answer */
};

struct joining_claim joining_read(const struct joining_signs *s);

/* One who takes part in what is answered. */
struct joining_person {
    bool addressee; /* the mark is theirs */
    bool wrote; /* the sender's mailbox is theirs: equal canonical forms (rules/address.h, D4), or byte for byte where
                       there is none */
};

enum { JOINING_NOBODY = -1 };

/* Who of them speaks; JOINING_NOBODY: none of them does. The addressee first, then the first that stands there. */
int joining_judge(const struct joining_person *people, size_t n);

#endif
