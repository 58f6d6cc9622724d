/* facts.h - what is known about a ticket when it is routed.
 *
 * One table names every fact a rule may test, its words and its range. Facts
 * are claims: what somebody said is enough, nothing has to be proven first.
 *
 * A1  a fact that nobody stated has the value of facts_default();
 * A2  words and languages are compared without regard to ASCII case; a language
 *     in a rule also means its varieties: zh matches zh-TW (RFC 4647, 3.3.1);
 * A3  heat is on how many channels somebody was heard within how much time, when
 *     it was at its highest: it only ever grows, so a ticket that was routed by it
 *     does not go back because a night has passed;
 * A4  affected and incident are a bit for each incident whose pack lies over the rules
 *     (rules_overlay_bit()). A pack asks for the bit of its own incident, the rules
 *     below it for any. */
#ifndef RULES_FACTS_H
#define RULES_FACTS_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct doc;

enum fact {
    FACT_CHANNEL,
    FACT_LEVEL,
    FACT_AFFECTED,
    FACT_INCIDENT,
    FACT_EXECUTIVE,
    FACT_KNOWN,
    FACT_IMPACT,
    FACT_FOLLOWERS,
    FACT_LANGUAGE,
    FACT_TIER,
    FACT_REGION,
    FACT_CLASS,
    FACT_HEAT,
    FACTS
};

enum fact_kind {
    FACT_WORD,         /* one of a closed list; kept as its place in it */
    FACT_YES_NO,       /* a word, too: no 0, yes 1 */
    FACT_OF_INCIDENTS, /* yes or no of each declared incident: A4 */
    FACT_NUMBER,       /* may be compared */
    FACT_TEXT,         /* any word */
    FACT_LANGUAGE_TAG,
    FACT_WITHIN /* so many within a time: A3 */
};

enum facts_channel { CHANNEL_WEB, CHANNEL_MAIL, CHANNEL_PHONE, CHANNEL_SOCIAL, CHANNEL_DESK };
enum facts_impact { IMPACT_DOWN, IMPACT_DEGRADED, IMPACT_QUESTION };

enum { FACT_TEXT_MAX = 64, FACT_LEVEL_MAX = 4, FACT_CHANNELS = CHANNEL_DESK + 1 };

/* Some incident, where it does not matter which. */
#define FACT_ANY_INCIDENT UINT32_MAX

/* Not heard on so many. */
#define FACT_NEVER INT64_MAX

struct facts {
    enum facts_channel channel;
    int level;         /* 0..4, the highest of the ticket's participants */
    uint32_t affected; /* whose affected lists a claimed site or company is on; a bit each */
    uint32_t incident; /* which ones it belongs to, on a list or not; a bit each */
    bool executive;    /* came to, or from, an executive's office */
    bool known;        /* the claims lead to a customer on record */
    enum facts_impact impact;
    int64_t followers;                 /* of the author of a post; 0 elsewhere */
    struct str language, tier, region; /* empty: not known */
    int64_t heat_ms[FACT_CHANNELS];    /* [n - 1]: the shortest time in which n channels were heard, or FACT_NEVER */
    struct str sender_class;           /* a class of the rules file that its sender is in (route.h); empty: none */
};

struct fact_kind_of {
    const char *name;
    enum fact_kind kind;
    int64_t max;              /* numbers and words: 0..max */
    const char *const *words; /* of a fact that is a word or yes and no, max + 1 of them */
};

extern const struct fact_kind_of fact_table[FACTS];

struct facts facts_default(void);

/* For facts that are not text: the number, or the place of the word. */
int64_t facts_number(const struct facts *f, enum fact which);
/* FACT_OF_INCIDENTS: the bits. facts_number() is 1 where there is any. */
uint32_t facts_incidents(const struct facts *f, enum fact which);
void facts_set_incidents(struct facts *f, enum fact which, uint32_t bits);
/* A4: what is left of f where only these incidents are asked for. */
struct facts facts_seen(const struct facts *f, uint32_t incidents);
/* For facts that are text. */
struct str facts_text(const struct facts *f, enum fact which);
/* FACT_OF_INCIDENTS: 1 is any of them. */
void facts_set_number(struct facts *f, enum fact which, int64_t n);
/* s is kept, not copied. */
void facts_set_text(struct facts *f, enum fact which, struct str s);

/* Somebody was heard on a channel. */
struct facts_heard {
    enum facts_channel channel;
    int64_t at_ms;
};
/* Works out heat_ms from all of them, in order of time. */
void facts_set_heat(struct facts *f, const struct facts_heard *heard, size_t n);
/* True where n channels (1..FACT_CHANNELS) were heard within that time. */
bool facts_hot(const struct facts *f, int64_t n, int64_t within_ms);

/* The fact of that name; FACTS where there is none. */
enum fact fact_named(struct str name);
/* The place of a word in the list of its fact, -1 where it is not in it. */
int64_t fact_word(enum fact which, struct str word);
/* "12", "yes", "social", "zh-TW"; "not known" for an empty text. */
void facts_print_value(const struct facts *f, enum fact which, struct buf *out);

/* Reads {"channel":"social","affected":true,"followers":12,…} over the defaults.
 * "heat":[3600,7200] is seconds: two channels within the first, three within the second.
 * What is unknown or of the wrong kind is ERR_INPUT with a line for each in why.
 *   others  names that somebody else reads from the same object, NULL at the end;
 *           NULL for none
 * Texts are borrowed from object. */
enum err facts_parse(struct facts *out, const struct doc *object, const char *const *others, struct buf *why);

#endif
