/* match.h - does what somebody says of himself fit what is known of one customer?
 *
 * Two sides are compared: the claimant (what came with an item) and a candidate (the records of one customer, or what
 * an earlier stranger said). Each kind of evidence that both sides hold is compared once and gives points by a `match`
 * statement of the rules file; the points are added. They are log-odds (Fellegi and Sunter 1969): twelve points stand
 * for "ten times as likely of the same customer as of another one", so that evidence adds up as chances multiply.
 *
 * H1  a decision is the sum of its parts and nothing else: every part is kept and can be told in words;
 * H2  of several values of one kind the pair that speaks most for the candidate counts; that two of them agree counts once;
 * H3  evidence that is missing on one side, or cannot be compared (a name in two scripts), says nothing, unless a row
 *     counts what is said and cannot be confirmed (`unknown`);
 * H4  two strong identifiers that disagree never link, whatever else agrees: neither where a row of the statement says
 *     `never`, nor where a strong identifier is another candidate's, or an organisation's name (where it is strong) fits
 *     another candidate and not this one;
 * H5  nothing links by near misses and names alone: an identifier that one customer alone has must be the same, however
 *     little it counts. What a near twin of a customer says of itself is one letter off everywhere;
 * H6  what only looks like an address, domain, handle or id is another one: only ASCII is ever "nearly the same" (names
 *     are compared by what they look like, on purpose);
 * H7  work is bounded: at most MATCH_NEAR_MAX and MATCH_NAMES_MAX inexact comparisons a decision, then only equality is
 *     asked. Texts of any length are taken; what is longer than a name or an id can be is cut or left out.
 *
 * Pure and thread-safe. Everything lives in the arena that is given. */
#ifndef RULES_MATCH_H
#define RULES_MATCH_H

#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>

struct arena;
struct item;
struct match_rule; /* a `match` statement: README.md has its grammar */
struct match_side;
struct rules;

enum {
    MATCH_VALUES_MAX = 16, /* of one kind on one side; more are left out */
    MATCH_CLAIMED_MAX = 4, /* of these of a claimant are compared, the first ones */
    MATCH_NEAR_MAX = 64,   /* inexact comparisons of words */
    MATCH_NAMES_MAX = 24,  /* and of whole names */
    MATCH_SCORE_MAX = 100,
    MATCH_FIELDS_MAX = 12, /* that a statement names itself */
    MATCH_BLOCKS_MAX = 48,
    MATCH_BLOCK_BYTES_MAX = 384, /* of the text of one */
};

enum match_kind {
    MATCH_EMAIL,
    MATCH_PHONE, /* as typed, or in E.164 */
    MATCH_HANDLE,
    MATCH_SITE,    /* id, host or URL */
    MATCH_INVOICE, /* or customer number */
    MATCH_DOMAIN, /* the company's: follows from e-mail addresses that are not free mail; added only to give it a flag */
    MATCH_ORGANISATION,
    MATCH_PERSON,
    MATCH_FIELD, /* the first `field` that the statement names, MATCH_FIELD + 1 the next one, … */
    MATCH_KINDS = MATCH_FIELD + MATCH_FIELDS_MAX
};

/* ---- the statement ---- */

/* match customer: a claimant against the records of a customer. match stranger: against what a stranger said before. */
#define MATCH_CUSTOMER "customer"
#define MATCH_STRANGER "stranger"

/* The statement of that name. A file without one of the two names above gets the shipped one (match_rule_line() 0);
 * any other name: NULL. Borrowed, lives as long as r. */
const struct match_rule *rules_match(const struct rules *r, const char *name);
/* MATCH_FIELD and on; false where the statement has no field of that name. */
bool match_field(const struct match_rule *m, struct str name, enum match_kind *out);
int match_rule_line(const struct match_rule *m);

/* ---- a side ---- */

enum match_flag {
    MATCH_PROVEN = 1, /* an e-mail address whose mailbox was confirmed: counts by the row `mailbox` */
    MATCH_SHARED = 2, /* on a candidate: several customers hold this very value, so it says little of each */
};

/* m: NULL for a side that only asks for blocks and holds no fields of a statement. */
struct match_side *match_side(struct arena *a, const struct match_rule *m);
/* Puts the normal form of what was typed on the side. False where it is nothing that could be compared: no address, an
 * empty name, MATCH_VALUES_MAX reached. The same value twice is one. A phone number without a country code is
 * compared by its last digits. */
bool match_add(struct match_side *s, enum match_kind kind, struct str typed, unsigned flags);
/* A handle belongs to its platform ("mastodon", "@a@b"). */
bool match_add_handle(struct match_side *s, struct str platform, struct str handle, unsigned flags);
/* All claims of an item about its writer: e-mail (MATCH_PROVEN where its channel, or the caller, vouches for it),
 * phone, handle, site, invoice, organisation, name. Not those on behalf of somebody. */
void match_add_item(struct match_side *s, const struct item *i, bool proven);

/* ---- one decision ---- */

enum match_outcome {
    MATCH_ABSENT, /* not comparable (H3) */
    MATCH_UNKNOWN, /* the claimant says one, and the candidate has none to compare it with: where a row gives it points */
    MATCH_DIFFERS,
    MATCH_CLOSE, /* by a typing fault or two; degree says how near */
    MATCH_SHORT, /* the same, but so short that it may be met by chance: ids of few characters */
    MATCH_SAME_SHARED,
    MATCH_SAME_ROLE, /* the same, but a desk: info@, billing@ */
    MATCH_SAME,
    MATCH_OUTCOMES
};

enum match_band { MATCH_APART, MATCH_REVIEW, MATCH_LINK };

/* "apart", "review", "link". */
const char *match_band_name(enum match_band band);

struct match_part {
    enum match_kind kind;
    size_t index;    /* of the row; inside of rules/ */
    const char *row; /* "mailbox", "email", …, as in the statement */
    enum match_outcome outcome;
    int degree; /* MATCH_CLOSE: 1..100, more is nearer; else 100 */
    int points;
};

enum match_bar {
    MATCH_FREE,      /* nothing keeps it from its band */
    MATCH_UNSURE,    /* no identifier is the same (H5) */
    MATCH_NEVER,     /* a row of the statement that says `never` differs (H4) */
    MATCH_ELSEWHERE, /* a strong identifier is another candidate's (H4) */
    MATCH_RIVAL,     /* another candidate fits nearly as well */
};

struct match_result {
    const struct match_rule *rule;
    int score;            /* 0..100: the sum of the points, cut at both ends */
    enum match_band band; /* as far as the bar lets it */
    enum match_bar bar;
    const char *barred_by; /* the row that keeps it from linking; NULL where bar names none */
    int points;            /* the sum itself */
    size_t parts;
    struct match_part part[MATCH_KINDS];
};

/* Both sides must have been made for m. */
void match_judge(const struct match_rule *m, const struct match_side *claimant, const struct match_side *candidate,
                 struct match_result *out);

/* JSON array of strings, one for each part, one for the bar, the last one for the sum with file, line and version:
 * ["the e-mail address is the same: +90","the site differs: -20","score 70, review from 40, link from 75: review
 * (default.rules:81, version 0123456789abcdef)"]. Holds no personal data. */
struct str match_reasons(const struct match_result *r, struct arena *a);

/* ---- one claimant, several candidates ---- */

struct match_candidate {
    struct ulid account; /* candidates of one account are no rivals */
    const struct match_side *side;
    struct match_result result; /* filled in */
};

enum { MATCH_NOBODY = -1 };

/* Judges all; an identifier that is the same with several accounts is MATCH_SAME_SHARED with each. The answer is the one
 * that links, or MATCH_NOBODY: because none reaches `link`, because a strong row leads to another account and not to the
 * best (H4), or because an account other than the best comes within the statement's `ahead`. What may not link for such
 * a reason stands in review. n is the caller's bound: MATCH_CANDIDATES_MAX. */
int match_choose(const struct match_rule *m, const struct match_side *claimant, struct match_candidate *c, size_t n);

/* ---- finding candidates: blocking keys ---- */

/* Two sides of one customer share a block where any evidence is the same, or an e-mail address, phone number, site or
 * name differs by a typing fault: halves of a word and its length are kept on record and asked for with one letter
 * more or less (Li, Deng and Feng 2011, Pass-Join, one edit), phone numbers in three zones of which any two must be
 * right, names by initial and by their consonants. What a block leads to is a candidate, no more. */
#define MATCH_BLOCK_LIST(X)                                                                        \
    X(EMAIL, "email")          /* canonical address (address.h) */                                 \
    X(PHONE, "phone")          /* E.164 */                                                         \
    X(HANDLE, "handle")        /* "mastodon:a@b" */                                                \
    X(SITE, "site")            /* canonical id or host */                                          \
    X(INVOICE, "invoice")      /* canonical */                                                     \
    X(DOMAIN, "domain")        /* of a company */                                                  \
    X(FIELD, "field")          /* "street-number:12": a whole value of a field of the statement */ \
    X(BRAND, "brand")          /* an organisation's name, or that part of a domain or a host */    \
    X(PERSON, "person")        /* a name's words by their consonants, in any order */              \
    X(TAIL, "tail")            /* two of the three zones of a phone number */                      \
    X(LOCAL, "local")          /* local part of a free-mail address, any domain */                 \
    X(INITIAL, "initial")      /* one word of a name and the initial of another */                 \
    X(HALF, "half")            /* half a brand, and how long it is */                              \
    X(LOCAL_HALF, "localhalf") /* half a local part, how long it is, and the domain */

enum match_block_kind {
#define X(name, word) MATCH_BLOCK_##name,
    MATCH_BLOCK_LIST(X)
#undef X
        MATCH_BLOCK_KINDS,
    /* The kinds before this one are whole identifiers: who shares one shares evidence. Their texts are the canonical
     * forms that exact indices of the same kind are made of. */
    MATCH_BLOCK_EXACT = MATCH_BLOCK_FIELD
};

/* How many owners of a block are worth comparing, and how many candidates a claimant: a block with more owners says
 * nothing (a common name, a provider's numbers) and is passed over; exact kinds are never passed over, their first
 * owners count and are MATCH_SHARED. Candidates come in the order of how many blocks, weighed by kind, led to them. */
enum { MATCH_BLOCK_OWNERS_MAX = 48, MATCH_CANDIDATES_MAX = 24 };

const char *match_block_word(enum match_block_kind kind);

struct match_block {
    enum match_block_kind kind;
    struct str text; /* canonical, at most MATCH_BLOCK_BYTES_MAX */
};

enum match_purpose {
    MATCH_KEEP, /* under which a record is to be found: about 9 for one contact, 5 for a site or an organisation */
    MATCH_ASK,  /* where a claimant looks: 18 on the average, because one letter more or less is asked for here */
};

/* The strongest kinds first, each block once, never more than MATCH_BLOCKS_MAX. Records of many contacts are kept
 * contact by contact, so that none is cut off. */
size_t match_blocks(const struct match_side *s, enum match_purpose purpose, struct arena *a,
                    struct match_block out[MATCH_BLOCKS_MAX]);

/* Whom to compare first: the sum over the blocks that led to a candidate. */
int match_block_weight(enum match_block_kind kind);

#endif
