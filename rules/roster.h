/* roster.h - who is on duty: shifts of regions around the clock, read from a CSV file.
 *
 *     region,shift,days,from,to,timezone,name,duty,skills,languages,first,last
 *     apac,day,mon-sun,07:00,15:30,Asia/Taipei,Mei Lin,lead,restore,zh-TW en,,
 *
 * One row for each person of each shift. days: "mon-fri", "sat sun"; a shift whose `to` is not after its `from` ends on
 * the next day. duty: lead, deputy or member. first and last: days on which the person is in the shift, both included;
 * empty: always. What the rows of one shift say of its days, hours and zone must agree.
 *
 * D1  a watch is one occurrence of a shift: it begins and ends when the wall clock of its zone says so, so a watch of
 *     the night of a clock change is an hour longer or shorter, and two shifts that adjoin never leave a hole there;
 * D2  the lead of a watch is on duty, or their stand-in, or the deputy, or the deputy's stand-in; only where all of
 *     these are away has the watch no lead;
 * D3  a file is taken whole or not at all; each fault is told with its line;
 * D4  the same file, absences and moment give the same answer, whoever asks. */
#ifndef RULES_ROSTER_H
#define RULES_ROSTER_H

#include "rules/base/err.h"
#include "rules/base/text.h"
#include "rules/zone.h"

struct arena;

enum {
    ROSTER_BYTES_MAX = 1024 * 1024,
    ROSTER_SHIFTS_MAX = 64,
    ROSTER_PEOPLE_MAX = 400, /* of one shift */
    ROSTER_NAME_MAX = 32,    /* regions, shifts, skills */
    ROSTER_WORDS_MAX = 16,   /* skills, and languages, of one person */
    ROSTER_WINDOW_DAYS_MAX = 62,
    ROSTER_FINDINGS_MAX = 200,
};

/* X(NAME, word) */
#define ROSTER_DUTY_LIST(X) \
    X(LEAD, "lead")         \
    X(DEPUTY, "deputy")     \
    X(MEMBER, "member")

enum roster_duty {
#define X(name, word) ROSTER_##name,
    ROSTER_DUTY_LIST(X)
#undef X
        ROSTER_DUTIES
};

const char *roster_duty_name(enum roster_duty d);

struct roster_person {
    struct str name; /* of a member of staff */
    enum roster_duty duty;
    struct str skills, languages; /* words, a space between */
    int64_t first_day, last_day;  /* since 1970, both included; INT64_MIN and INT64_MAX: always */
    size_t line;
};

struct roster_shift {
    struct str region, name;
    unsigned days;        /* a bit each, Monday first: of the day on which it begins */
    int32_t from_s, to_s; /* of the local day; to_s is above 86400 where it ends on the next day */
    struct str zone_name;
    const struct zone *zone; /* NULL: UTC */
    struct roster_person *people;
    size_t n, line;
};

struct roster {
    struct roster_shift shift[ROSTER_SHIFTS_MAX];
    size_t n;
};

/* Reads CSV; the text is borrowed, the rest lives in a. zones: as for rules_load(). faults gets "line N: reason" a line.
 * ERR_INPUT where there is any. */
enum err roster_parse(struct roster **out, struct arena *a, struct str text, zone_bytes *zones, void *zones_arg,
                      struct buf *faults);

/* Somebody is away, and perhaps somebody stands in. */
struct roster_absence {
    struct str person, stand_in; /* stand_in empty: nobody */
    int64_t from_ms, to_ms;
};

/* D1. [from_ms, to_ms). day: the local day on which it began, since 1970. */
struct roster_watch {
    const struct roster_shift *shift;
    int64_t from_ms, to_ms, day;
};

/* Every watch of which a part lies in [from_ms, to_ms), by beginning, then by region and shift. At most
 * ROSTER_WINDOW_DAYS_MAX days are looked at. In a. */
size_t roster_watches(const struct roster *r, int64_t from_ms, int64_t to_ms, struct arena *a,
                      struct roster_watch **out);

/* Somebody on duty at a moment. */
struct roster_duty_holder {
    struct str name, stands_in_for;     /* stands_in_for empty: for themselves */
    enum roster_duty duty;              /* as the file says */
    bool leads;                         /* D2: one at most */
    const struct roster_person *person; /* whose place it is */
};

/* Who is on duty in w at that moment: the lead first, then the deputy, then by the order of the file. In a. */
size_t roster_on_duty(const struct roster_watch *w, const struct roster_absence *away, size_t n, int64_t at_ms,
                      struct arena *a, struct roster_duty_holder **out);
/* D2: empty where nobody leads w at that moment. */
struct str roster_leader(const struct roster_watch *w, const struct roster_absence *away, size_t n, int64_t at_ms);

/* Whom w hands over to when it ends: the watch that began last of those that are on at that moment, one of its own
 * region first; where nobody is, the one that begins next. False: none is in sight. */
bool roster_successor(const struct roster *r, const struct roster_watch *w, struct arena *a, struct roster_watch *out);

/* What is wrong with a stretch of time. X(NAME, word) */
#define ROSTER_FINDING_LIST(X)                                                                 \
    X(GAP, "gap")             /* nobody is on duty */                                          \
    X(NO_LEAD, "no-lead")     /* people are, but nobody leads any of the watches */            \
    X(NO_DEPUTY, "no-deputy") /* a watch has a lead and nobody behind them */                  \
    X(DOUBLE, "double")       /* somebody is in two watches at once */                         \
    X(TIRED, "tired")         /* less than ROSTER_REST_MS between two watches of one person */ \
    X(LANGUAGE, "language")   /* a language that the roster has, and nobody on duty has */     \
    X(UNKNOWN, "unknown")     /* a name that is not on the staff */

enum roster_finding_kind {
#define X(name, word) ROSTER_FINDING_##name,
    ROSTER_FINDING_LIST(X)
#undef X
        ROSTER_FINDINGS
};

#define ROSTER_REST_MS (INT64_C(11) * 3600 * 1000) /* Directive 2003/88/EC, article 3 */

const char *roster_finding_name(enum roster_finding_kind k);

struct roster_finding {
    enum roster_finding_kind kind;
    int64_t from_ms, to_ms;
    struct str who;  /* a name, a language, or "region/shift"; NUL-terminated */
    struct str also; /* the other watch of DOUBLE and TIRED, "region/shift" */
};

/* Judges [from_ms, to_ms), by beginning; at most ROSTER_FINDINGS_MAX. known: names of staff, or NULL: not asked. In a. */
size_t roster_check(const struct roster *r, const struct roster_absence *away, size_t n, int64_t from_ms, int64_t to_ms,
                    const struct str *known, size_t known_count, struct arena *a, struct roster_finding **out);

#endif
