/* item.h - one thing that came in from outside, whatever the channel.
 *
 * M1  an item is written to the journal as item_print() gives it and is read back
 *     by item_parse(): what one prints the other reads;
 * M2  fields are claims: text as it was typed (bounded), believed by nobody; what a channel itself
 *     vouches for has a field of its own (external, answers, proven, automatic);
 * M3  the raw original is kept byte for byte behind the fields. */
#ifndef RULES_ITEM_H
#define RULES_ITEM_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

enum {
    ITEM_PROBLEM_MAX = 20000, /* code points */
    ITEM_CLAIM_MAX = 200,     /* code points of name, organisation, site, invoice that count */
};

enum item_op {
    ITEM_REQUEST,     /* opens or joins work */
    ITEM_MESSAGE,     /* more words of somebody who holds a reference */
    ITEM_BOUNCE,      /* a mail of ours that came back */
    ITEM_MAIL,        /* a mail as it came, with its envelope: read before it is filed as one of the others */
    ITEM_RESTORATION, /* what a restoration system tells of a site; leads to no ticket */
};

/* "request", "message", "bounce", "mail", "restoration": the journal's op. */
const char *item_op_name(enum item_op op);

struct item {
    enum item_op op;
    struct ulid ulid;
    int64_t received_ms;
    struct str channel;   /* "web", "mail", "phone", "social", "desk" */
    uint64_t reference;   /* number of the public reference: its own, or the one it answers to */
    struct str key, body; /* blind indexes of the Idempotency-Key and of the body sent with it; empty without a key */
    struct str holder; /* a message: ULID of the request whose token its writer holds; empty where a code proved it */

    struct str text;  /* the problem or the message, LF line ends */
    struct str email; /* as it was typed, trimmed; empty where none */
    struct str phone, name, organisation, site, invoice;
    struct str impact;   /* "down", "degraded", "question" */
    struct str language; /* one of the languages of the pages */

    struct str subject; /* of a mail or of a desk's ticket; empty where its channel has none */
    struct str source;  /* which one of its channel: "mastodon", "zendesk"; empty where there is only one */
    struct str
        external;      /* blind index of what its channel calls it (Message-ID, call, post, ticket of a desk): the same
                            one again is the same thing */
    struct str handle; /* author of a post, as written: "@a@b" */
    struct str url;    /* where the original stands, as told */
    struct str behalf_name, behalf_organisation, behalf_email, behalf_site; /* for whom its sender says to speak */
    struct str answers; /* a mail: ULID of the participant whom it answers, shown by a good MAC; a bounce: of the mail
                           that came back, empty where no mail of ours is named */
    struct str thread;  /* the reference of that participant; or one that it only speaks of, whatever the channel */
    struct str hint;    /* why thread does not lead there by itself (rules/joining.h); a bounce: what is to be thought
                           of the mailbox (rules/bounce.h) */
    struct str message_id; /* a mail: "<left@right>", for whoever answers it; empty where it has none that is usable */
    struct str call_back_to;           /* a call that staff logged: the number they promised to call back */
    struct str logged_by, logged_name; /* and who did: "stf_…", and the name */
    int64_t call_back_ms;              /* by when; 0: nothing was promised */
    int64_t followers;                 /* of the author of a post */
    int64_t proven; /* level that the channel itself vouches for: 1 where our own mail server aligned the sender */
    bool executive; /* came to an executive's office */
    bool automatic; /* a robot wrote it: never answered by one of ours, wakes nobody */

    struct str sender;     /* a mail: whom its envelope names; empty for what answers to nobody */
    struct str recipients; /* and for whom it came, an LF behind each */
    struct str files;      /* that came with it, as attachments_print() gives them; empty where none */

    struct str raw_type; /* media type of the original */
    struct str raw;
    struct str raw_blob; /* ULID of the blob that holds it instead, where it is large; else empty */
};

/* Whom its sender says to speak for, as one line: "Aya Tanaka, Example Works"; the address where nothing else is said.
 * Empty: for themselves. */
struct str item_behalf(const struct item *i, struct arena *a);

/* The item as it speaks of its customer, for matching. behalf: its sender speaks for somebody, then only what is said of
 * them counts. outsider: its sender is no customer (a class of the rules); then nothing that names the sender counts,
 * and what they say of site and invoice does. */
struct item item_about(const struct item *i, bool behalf, bool outsider);

/* Everything of i but ulid, op and received_ms, which the journal keeps itself. */
struct str item_print(const struct item *i, struct arena *a);
/* ERR_CORRUPT. Strings are in a or borrowed from payload. */
enum err item_parse(struct str op, struct str payload, struct arena *a, struct item *out);

#endif
