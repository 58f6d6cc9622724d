/* restoration_report.h - what a restoration system, or a line of a CSV file, tells of one site. Pure.
 *
 *   {"incident":"site-loss","site":"https://acme.example","batch":"b-07","state":"automatic-check",
 *    "at":"2026-04-08T09:12:03Z","evidence":{"restore_point":"2026-04-05T07:00Z","rows":12007}}
 *
 * Q1  members of other names are refused: who misspells one is told so, and not half believed;
 * Q2  at orders what is told of a site, so one from the future (over RESTORATION_AHEAD_MS) is refused: it would silence all
 *     that comes until then. */
#ifndef RULES_RESTORATION_REPORT_H
#define RULES_RESTORATION_REPORT_H

#include "rules/base/text.h"
#include "rules/restoration.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct doc;

enum {
    RESTORATION_SLUG_MAX = 40,           /* bytes, [a-z0-9][a-z0-9-]* */
    RESTORATION_BATCH_MAX = 40,          /* bytes, [A-Za-z0-9][A-Za-z0-9._-]* */
    RESTORATION_SITE_MAX = 300,          /* code points: a URL */
    RESTORATION_EVIDENCE_MAX = 4 * 1024, /* bytes, printed */
    RESTORATION_EVIDENCE_NAMES_MAX = 32,
    RESTORATION_FAULTS_MAX = 12,
};
#define RESTORATION_AHEAD_MS (INT64_C(5) * 60 * 1000)

struct restoration_report {
    struct str incident, site;
    struct str batch;             /* empty: as before */
    enum restoration_event event; /* one of those that are told */
    int64_t at_ms;
    struct str evidence; /* a flat JSON object; empty none */
};

struct restoration_fault {
    const char *field, *code, *detail;
};

/* How many faults; 0: *out is filled, its strings in a. */
size_t restoration_report_read(const struct doc *d, int64_t now_ms, struct arena *a, struct restoration_report *out,
                               struct restoration_fault faults[RESTORATION_FAULTS_MAX]);
bool restoration_batch_valid(struct str s);

#endif
