/* line.h - the restoration line: where each site of an incident stands, and what happened to it.
 *
 * N1  a site has one record for each incident, in the partition of its account. It is made by the first that is told of
 *     it; its history keeps whatever was told, done or answered, with who, when, and the evidence;
 * N2  what is told twice has the same id and is there once. What is told with a moment before the last that counted is
 *     written down as late and changes nothing; what rules/restoration.h refuses is written down as refused;
 * N3  record, history, lists, counts, audit, live event and hook are one change, made against the version that was read;
 * N4  what cannot be placed (no such incident, no such site on record, or two customers have it) is parked: kept whole,
 *     shown, and tried again when somebody says so;
 * N5  counts of states and batches are kept with what they count, so reading them costs the same whatever their number;
 * N6  work on a site is booked for LINE_LEASE_MS, longer with every step; whoever takes over after that finds the steps
 *     that were done. Who signs first cannot sign second.
 *
 *   {pN}:rr:<slug>:<site>  hash  v, account, batch, state, since, at (of the last that counted), label (sealed: the site
 *                                as it is called), round, list (version of the checklist), d:<round>:<step> (sealed),
 *                                first, second ("stf_… NAME"), holder, lease, failures, point (sealed restore point), answered
 *                                ("accept par_…", "refuse par_…": what its customer said last)
 *   {pN}:rh:<slug>:<site>  hash  evt_… -> its history, sealed JSON
 *   {pN}:rl:<slug>[:<batch>] zset  sites by state * 10^13 + since
 *   {pN}:rc:<slug>         hash  "<batch> <state>" -> how many
 *   {pN}:ra:<acc>          hash  "<slug> <site>" -> "" sites of a customer that are on the line
 *   {p0}:rs:<slug>         hash  site_… -> acc_…, where its record lies
 *   {p0}:rb:<slug>         hash  batch -> JSON {"id","method","ours","hours","at","by"}
 *   {p0}:rx                hash  evt_… -> what is parked, sealed JSON */
#ifndef QUEUES_INCIDENT_LINE_H
#define QUEUES_INCIDENT_LINE_H

#include "queues/change.h"
#include "queues/redis.h"
#include "queues/seal.h"
#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/checklist.h"
#include "rules/restoration_report.h"

enum {
    LINE_CANDIDATES_MAX = 4, /* records of one site by several sources */
    LINE_ASK_MAX = 2 + 2 * LINE_CANDIDATES_MAX,
    LINE_WORDS_MAX = 2000, /* code points of a reason, or of a customer's no */
    LINE_BATCHES_MAX = 500,
};
#define LINE_LEASE_MS (INT64_C(30) * 60 * 1000)

struct line_site {
    struct ulid site, account;
    struct str slug, version; /* "0": there is none yet */
    struct str batch, label;
    enum restoration_state state;
    int64_t since_ms, at_ms, round, failures, lease_ms;
    struct str first, second, holder; /* "stf_… NAME", empty nobody */
    struct str point;
    const struct redis_value *fields;
};

/* ---- what is told: queued, so that many share one exchange ---- */

enum line_outcome { LINE_UNDER_WAY, LINE_APPLIED, LINE_LATE, LINE_REFUSED, LINE_REPEATED, LINE_PARKED };
/* "applied", "late", "refused", "repeated", "parked". */
const char *line_outcome_name(enum line_outcome o);

struct line_flow {
    /* given */
    const struct keyring *keys;
    struct arena *arena;
    struct restoration_report report;
    struct ulid id; /* line_event_id() */
    struct str by;  /* "whk_…" or "import" */
    int64_t now_ms;
    bool dry_run; /* looks and judges, writes nothing */

    /* told */
    enum line_outcome outcome;
    const char *why; /* PARKED: "incident", "site" or "ambiguous" */
    struct line_site at;
    enum restoration_state to;

    /* private */
    int step;
    size_t asked, n;
    bool ours;
    struct ulid account, candidate[LINE_CANDIDATES_MAX];
};

/* What is told under the same key is the same event. */
struct ulid line_event_id(const struct keyring *k, struct str key);
void line_begin(struct line_flow *f);
/* Queues f->asked commands; false where the outcome is known. */
bool line_ask(struct line_flow *f, struct redis *r);
/* Their answers. ERR_STORE, ERR_CORRUPT. */
enum err line_hear(struct line_flow *f, struct redis *r, const struct redis_value *v);
/* Begins, asks and hears to the end. */
enum err line_run(struct line_flow *f, struct redis *r);

/* ---- what people do ---- */

enum line_act_kind {
    LINE_BOOK,
    LINE_RELEASE,
    LINE_STEP,      /* step, words: its evidence */
    LINE_SIGN,      /* the first signature, or the second where there is a first */
    LINE_SEND_BACK, /* words: why; so with the next three */
    LINE_MARK,
    LINE_CLEAR,
    LINE_TAKE_AGAIN,
    LINE_ACCEPT, /* a customer: by is "par_…" */
    LINE_REFUSE,
    LINE_ACTS
};
/* "book", "release", "step", "sign", "send-back", "mark", "clear", "take-again". */
bool line_act_parse(struct str s, enum line_act_kind *out);

struct line_act {
    enum line_act_kind kind;
    struct str by; /* "stf_… NAME" or "par_…" */
    struct ulid who;
    struct str step, words;
    int64_t now_ms;
};
/* Does it, again where somebody was faster; out: as it stands then. ERR_ABSENT; ERR_CONFLICT with why, a sentence;
 * ERR_INPUT with why: the step or its evidence. Sent again it changes nothing. */
enum err line_do(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct ulid site,
                 const struct line_act *what, struct line_site *out, const char **why);

/* ---- reading ---- */

/* Was an incident of that slug ever declared? ERR_ABSENT. */
enum err line_known(struct redis *r, struct arena *a, struct str slug);

/* ERR_ABSENT. */
enum err line_read(struct redis *r, const struct keyring *k, struct arena *a, struct str slug, struct ulid site,
                   struct line_site *out);

struct line_happening {
    struct ulid id;
    int64_t at_ms;
    struct str json; /* {"at","received","event","from","to","outcome","by","batch","evidence","words"} */
};
/* By moment, the oldest first. */
enum err line_history(struct redis *r, const struct keyring *k, struct arena *a, const struct line_site *s,
                      struct line_happening **out, size_t *n);
/* The checklist that its steps are of, and what was written down for each (at NULL: nothing), as {"by","at","evidence"}. */
enum err line_steps(const struct keyring *k, struct arena *a, const struct line_site *s, struct checklist *list,
                    struct str done[CHECKLIST_STEPS_MAX]);

struct line_batch {
    struct str name, method;
    struct ulid id;
    bool ours;     /* it asks for our validation */
    int64_t hours; /* expected, 0 not known */
    int64_t count[RESTORATION_STATES];
};
/* N5. The last one, of name "", is of sites without a batch. total may be NULL. */
enum err line_board(struct redis *r, struct arena *a, struct str slug, struct line_batch **out, size_t *n,
                    int64_t total[RESTORATION_STATES]);
/* Makes a batch or says more of it. by: "stf_… NAME". ERR_LIMIT. */
enum err line_set_batch(struct redis *r, const struct keyring *k, struct arena *a, struct str slug,
                        const struct line_batch *b, struct str by, int64_t now_ms);

struct line_place {
    int64_t score;
    struct ulid site;
};
/* The next max sites behind a place (NULL: from the start), in one state (RESTORATION_STATES: in any) and one batch
 * (empty: in any), by state and then by how long. */
enum err line_page(struct redis *r, struct arena *a, struct str slug, enum restoration_state state, struct str batch,
                   const struct line_place *after, size_t max, struct line_place *out, size_t *n);
/* Sites of one customer that are on the line, over all incidents, whatever their state. */
enum err line_of_account(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                         struct line_site **out, size_t *n);

struct line_parked {
    struct ulid id;
    struct restoration_report report;
    struct str by, why;
    int64_t received_ms;
};
/* N4. In order of id. */
enum err line_parked(struct redis *r, const struct keyring *k, struct arena *a, struct line_parked **out, size_t *n);
/* Tries one again. ERR_ABSENT; *outcome PARKED: still. */
enum err line_unpark(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, int64_t now_ms,
                     enum line_outcome *outcome);

#endif
