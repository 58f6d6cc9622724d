/* flow.h - one-time codes: who asked, for what, and how often it was guessed.
 *
 * F1  a code is 8 digits from the system's randomness; Redis holds its keyed MAC over
 *     purpose, flow, generation, recipient and code, and a sealed copy so that a repeat
 *     sends the same one;
 * F2  at most FLOW_TRIES guesses a code and FLOW_TRIES_ALL a flow are judged, each one
 *     counted before it is compared, in one script;
 * F3  a code is valid as soon as anybody can know it; until 10 min after a relay took the mail, 30 min after
 *     it was asked for at most;
 * F4  a repeat sends the living code again, not sooner than 60 s after the last mail,
 *     at most FLOW_MAILS mails a flow; it renews neither tries nor life;
 * F5  a flow belongs to the browser that holds its token;
 * F6  no guess is right before the code's mail has passed the limits of its recipient
 *     (outbox_release), so these limits bound how many codes of one mailbox can be
 *     guessed at, however many are asked for.
 *
 * {pN}:f:<flw> fields: state ("living", "passed", "dead"), mac, code (sealed), generation, tries, total, asked, ends,
 * open ("1": F6), mails, mailed (ms of the last mail queued), sent (ms a relay took it, 0), email (sealed), index
 * (blind), ticket, participant, reference, v. */
#ifndef QUEUES_FLOW_H
#define QUEUES_FLOW_H

#include "queues/change.h"
#include "queues/outbox.h"
#include "queues/seal.h"

enum {
    FLOW_TRIES = 5,
    FLOW_TRIES_ALL = 10,
    FLOW_MAILS = 3,
    FLOW_GAP_MS = 60 * 1000,
    FLOW_SENT_LIFE_MS = 10 * 60 * 1000,
    FLOW_LIFE_MS = 30 * 60 * 1000,
};

struct flow {
    struct ulid id;
    struct str key; /* {pN}:f:<flw> */
    struct str state, version;
    int generation, tries, total, mails;
    int64_t asked_ms, ends_ms, mailed_ms, sent_ms;
    struct str email, code; /* unsealed; code empty once it was passed or is dead */
    struct blind index;
    struct ulid ticket, participant;
    uint64_t reference;
};

/* partition: of the ticket, or any where there is none. */
struct str flow_key(struct arena *a, struct ulid id, unsigned partition);

/* A new code for an address, and the mail that carries it, as parts of a change. silent: the same work, no mail. */
struct flow_ask {
    struct ulid flow;
    unsigned partition;
    struct str email;                /* as it was typed: where the mail goes */
    struct blind index;              /* of its canonical form; of what was typed where that has none */
    struct ulid ticket, participant; /* zero where there is none */
    uint64_t reference;
    struct str language;
    int64_t now_ms;
    int generation;   /* 1 for a new flow */
    int total, mails; /* carried over from the generation before */
    bool silent;
    /* Of an appeal (appeal.h), else zero. */
    enum outbox_kind kind;
    struct ulid mail;
    struct str about; /* the address that the mail speaks of */
    int64_t life_ms;
};
void change_flow(struct change *c, const struct keyring *k, const struct flow_ask *ask);

/* F4: the living code once more. Run it against the flow's version. */
void change_flow_repeat(struct change *c, const struct keyring *k, const struct flow *f, unsigned partition,
                        struct str language, int64_t now_ms, bool silent);

/* ERR_ABSENT where there is none. */
enum err flow_read(struct redis *r, const struct keyring *k, struct arena *a, struct ulid id, unsigned partition,
                   struct flow *out);

/* F2: one guess, and where it is right the change, against the ticket as it was read (version of ticket_key).
 *   ERR_INPUT     wrong: *left tries more
 *   ERR_GONE      expired, used, dead
 *   ERR_CONFLICT  the ticket moved, or a condition of the change does not hold: nothing was judged */
enum err flow_judge(struct redis *r, const struct keyring *k, struct arena *a, const struct flow *f, const char code[9],
                    int64_t now_ms, struct str ticket_key, struct str version, const struct change *c, int *left);

/* MAC of a guess as judge.lua compares it. */
struct blind flow_mac(const struct keyring *k, struct ulid flow, int generation, struct blind index,
                      const char code[9]);

/* 8 digits out of what a person types: ASCII, Arabic-Indic, extended Arabic-Indic and full-width digits; spaces, dashes
 * and dots between them are dropped. False for anything else. */
bool code_parse(struct str typed, char out[9]);

#endif
