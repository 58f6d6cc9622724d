/* update.h - what customers are told of an incident at once: seven fields, none of them silently empty.
 *
 *   happened    what happened                 text
 *   scope       who and what is concerned     text
 *   restore     time to restore               a moment, by which the last one is expected to be back
 *   restored    how much is restored          whole per cent
 *   loss        what may be lost              text
 *   confidence  how sure we are of all that   low, medium, high
 *   reach       how to reach support          text
 *   not         what it is not                text, may be left out: "no attack, no data of others was seen"
 *
 * U1  each of the seven is given, or says itself that it is not known yet and at which moment the next word comes; never
 *     both, never neither. What it is not is given or left out: nothing is promised about it;
 * U2  the next update is promised, too. Only an update that leaves nothing open (all seven given, restored 100 %) may
 *     promise none: it is the last one;
 * U3  what is promised lies in the future when it is judged, and at most UPDATE_NEXT_MAX_MS away; an estimate may lie
 *     UPDATE_RESTORE_MAX_MS away, and in the past only where all is restored;
 * U4  texts are written for each language; the first one (English) is always there. They are UTF-8 without control
 *     characters but line feeds, and as short as UPDATE_LINE_MAX or UPDATE_TEXT_MAX says;
 * U5  beside a moment, a per cent, a confidence, or a "not known yet" a text may explain it, and must where an estimate
 *     goes back on what the update before said: later than it said, not known any more, or less restored.
 *
 * Pure: told the time, the languages, and the update before. */
#ifndef RULES_UPDATE_H
#define RULES_UPDATE_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct doc;

enum {
    UPDATE_LANGUAGES_MAX = 16,
    UPDATE_LINE_MAX = 400,        /* code points of what happened: it stands on the form, which has a size to keep */
    UPDATE_TEXT_MAX = 1200,       /* of any other text */
    UPDATE_BYTES_MAX = 64 * 1024, /* of all texts together */
    UPDATE_FAULTS_MAX = 32,
    UPDATE_FAULT_FIELD_BYTES = 24, /* "confidence", "loss.zh-TW" */
};

#define UPDATE_NEXT_MAX_MS    (INT64_C(7) * 24 * 3600 * 1000)
#define UPDATE_RESTORE_MAX_MS (INT64_C(90) * 24 * 3600 * 1000)

/* X(name, word, kind, wanted) */
#define UPDATE_FIELD_LIST(X)                 \
    X(HAPPENED, "happened", TEXT, true)      \
    X(SCOPE, "scope", TEXT, true)            \
    X(RESTORE, "restore", MOMENT, true)      \
    X(RESTORED, "restored", PERCENT, true)   \
    X(LOSS, "loss", TEXT, true)              \
    X(CONFIDENCE, "confidence", LEVEL, true) \
    X(REACH, "reach", TEXT, true)            \
    X(NOT, "not", TEXT, false)

enum update_field {
#define X(name, word, kind, wanted) UPDATE_##name,
    UPDATE_FIELD_LIST(X)
#undef X
        UPDATE_FIELDS
};

enum update_kind { UPDATE_KIND_TEXT, UPDATE_KIND_MOMENT, UPDATE_KIND_PERCENT, UPDATE_KIND_LEVEL };

const char *update_field_name(enum update_field f);
enum update_kind update_field_kind(enum update_field f);

enum update_confidence { UPDATE_LOW, UPDATE_MEDIUM, UPDATE_HIGH, UPDATE_CONFIDENCES };
/* "low", "medium", "high". */
const char *update_confidence_name(enum update_confidence c);

/* The languages that texts are written in; the first one has to be there. */
struct update_languages {
    const char *code[UPDATE_LANGUAGES_MAX];
    size_t n;
};

struct update_part {
    bool given;           /* a text, a moment, a per cent or a confidence */
    int64_t next_word_ms; /* not known yet: when the next word comes; 0 where it is given or left out */
    int64_t value;        /* ms, per cent, enum update_confidence */
    struct str text[UPDATE_LANGUAGES_MAX]; /* by language; empty: not written */
};

struct update {
    struct update_part part[UPDATE_FIELDS];
    int64_t next_update_ms; /* promised; 0 none (U2) */
};

struct update_fault {
    char field[UPDATE_FAULT_FIELD_BYTES];
    const char
        *code; /* "missing", "both", "past", "far", "range", "long", "character", "language", "type", "explain" … */
    const char *detail; /* a sentence for staff; static */
};

/* {"happened":{"text":{"en":"…","de":"…"}},"restore":{"by":MOMENT,"text":{…}},"restored":{"percent":34},
 *  "confidence":{"level":"medium"},"loss":{"next_word_at":MOMENT},…,"next_update_by":MOMENT|null}
 * Texts are trimmed, CRLF becomes LF; an empty one counts as not written. Everything lives in a. Faults are about shape:
 * members that are unknown or of a wrong type. out is whole only where there are none. */
size_t update_read(struct update *out, const struct doc *d, const struct update_languages *l, struct arena *a,
                   struct update_fault faults[UPDATE_FAULTS_MAX]);
/* U1 to U5. before: the update that stands now, NULL none. At most UPDATE_FAULTS_MAX; 0: it may be told. */
size_t update_judge(const struct update *u, const struct update *before, const struct update_languages *l,
                    int64_t now_ms, struct update_fault faults[UPDATE_FAULTS_MAX]);
/* What update_read() takes; yours. */
struct doc *update_doc(const struct update *u, const struct update_languages *l);

/* The earliest moment that it promises anything for; 0: nothing is promised any more. */
int64_t update_promised_ms(const struct update *u);
/* When the next one is due to staff: what was promised, or every_ms (0: no such rule) after it was told, whichever is
 * earlier. Without one (u NULL): every_ms after the incident was declared. 0: never. */
int64_t update_due_ms(const struct update *u, int64_t told_ms, int64_t declared_ms, int64_t every_ms);
/* The text in that language, else in the first one; *own (may be NULL): is it that language's own? Empty where neither
 * was written. */
struct str update_text(const struct update_part *p, size_t language, bool *own);
/* Which languages have a text for every part that the first one has a text for. */
bool update_speaks(const struct update *u, size_t language);

#endif
