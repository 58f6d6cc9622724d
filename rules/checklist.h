/* checklist.h - what is looked at before a restored site goes to its customer, and who answers for it.
 *
 * K1  a checklist has a version; a site keeps the version its checking began with, whatever comes later;
 * K2  a step is done when evidence of its kind was written down; a step that may be left out may be left out;
 * K3  two people answer: who signs off, and somebody else. Whoever looked at half of it may be either. */
#ifndef RULES_CHECKLIST_H
#define RULES_CHECKLIST_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdint.h>

struct arena;
struct doc;

enum {
    CHECKLIST_STEPS_MAX = 40,
    CHECKLIST_KEY_MAX = 32,       /* [a-z0-9][a-z0-9-]* */
    CHECKLIST_TITLE_MAX = 200,    /* code points */
    CHECKLIST_EVIDENCE_MAX = 500, /* code points of what is written down for one step */
};

/* X(name, word): what has to be written down. */
#define CHECKLIST_EVIDENCE_LIST(X)                  \
    X(TICK, "tick")     /* that it was looked at */ \
    X(NOTE, "note")     /* words */                 \
    X(NUMBER, "number") /* a whole number */        \
    X(LINK, "link")     /* https://… */

enum checklist_evidence {
#define X(name, word) CHECKLIST_##name,
    CHECKLIST_EVIDENCE_LIST(X)
#undef X
        CHECKLIST_EVIDENCES
};

struct checklist_step {
    struct str key, title;
    enum checklist_evidence evidence;
    bool optional;
};

struct checklist {
    int64_t version; /* 1: the shipped one */
    size_t n;
    struct checklist_step step[CHECKLIST_STEPS_MAX];
};

/* Version 1, which is there before anybody writes one. */
void checklist_shipped(struct checklist *out);
/* {"steps":[{"key","title","evidence","optional"}]}. ERR_INPUT with why, a sentence; strings in a. version is kept. */
enum err checklist_read(const struct doc *d, struct arena *a, struct checklist *out, const char **why);
/* The same back, with "version"; yours. */
struct doc *checklist_doc(const struct checklist *l);

const char *checklist_evidence_name(enum checklist_evidence kind);
const struct checklist_step *checklist_find(const struct checklist *l, struct str key);
/* K2 */
bool checklist_evidence_fits(const struct checklist_step *s, struct str evidence);
/* The first step that has to be done and is not among the n that are; NULL: it may be signed off. */
const struct checklist_step *checklist_missing(const struct checklist *l, const struct str done[], size_t n);
/* K3. Zero: nobody yet. */
enum checklist_signature { CHECKLIST_FIRST, CHECKLIST_SECOND, CHECKLIST_SAME_PERSON, CHECKLIST_SIGNED };
enum checklist_signature checklist_sign(struct ulid first, struct ulid second, struct ulid who);

#endif
