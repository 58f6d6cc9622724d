/* attachment.h - files that come with a request: how many, how large, and how an item names them.
 *
 * A1  an item carries its files by name only; their bytes are in a sealed blob that has the ULID of the file, on disk
 *     before the item is;
 * A2  what of a mail is not taken as a file (state "kept") is in the raw mail only, and staff are told so;
 * A3  nothing is handed out to anybody before it was scanned, or where no scanner is configured; what could not be
 *     scanned is held until it can be. */
#ifndef RULES_ATTACHMENT_H
#define RULES_ATTACHMENT_H

#include "rules/base/err.h"
#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

enum {
    FILE_BYTES_MAX = 10 * 1024 * 1024,
    FILES_REQUEST_MAX = 5,                        /* that one person sends to one request by the page */
    FILES_REQUEST_BYTES_MAX = 25 * 1024 * 1024,   /* together */
    FILES_CUSTOMER_BYTES_MAX = 200 * 1024 * 1024, /* of all requests of one customer */
    FILES_CUSTOMER_MAX = 1000,                    /* so that counting them stays cheap */
    FILES_DAY_MIB_MAX = 5 * 1024,                 /* announced at all gateways in one day: 5 GiB */
    FILE_SIMPLE_BYTES_MAX = 1024 * 1024,          /* in one post without JavaScript: what the listener's body holds */
    FILE_PART_BYTES_MIN = 64 * 1024,              /* all parts but the last */
    FILE_PART_BYTES_MAX = 1024 * 1024,            /* also what the listener's body holds */
    FILE_PART_NUMBER_MAX = FILE_BYTES_MAX / FILE_PART_BYTES_MIN,
    FILE_UPLOAD_MS = 24 * 3600 * 1000, /* from its announcement; then what is there of it is forgotten */
    ATTACHMENTS_MAX = 20,              /* of one item; the rest of a mail's stays in the original */
    FILE_WHY_MAX = 80,                 /* code points of a reason that is kept */
};

#define FILE_STATE_LIST(X)                                                                  \
    X(WAITING, "waiting")     /* for the scanner */                                         \
    X(CLEAN, "clean")         /* scanned */                                                 \
    X(UNSCANNED, "unscanned") /* no scanner is configured */                                \
    X(HELD, "held")           /* could not be scanned; tried again; why says what it was */ \
    X(INFECTED, "infected")   /* why: what the scanner calls it */                          \
    X(KEPT, "kept")           /* A2; why: the code of a fault of file_kind.h */

enum file_state {
#define X(name, word) FILE_STATE_##name,
    FILE_STATE_LIST(X)
#undef X
        FILE_STATES
};

const char *file_state_name(enum file_state s);
bool file_state_parse(struct str s, enum file_state *out);
/* A3: may its bytes leave? */
bool file_state_released(enum file_state s);

struct attachment {
    struct ulid id;
    struct str name; /* clean: file_name.h */
    struct str type; /* media type, by content */
    int64_t bytes;
    enum file_state state;
    struct str why;
    bool proven; /* its sender had a level when it came: 1 or more */
};

/* One line of JSON, empty for none. n: at most ATTACHMENTS_MAX. */
struct str attachments_print(const struct attachment *all, size_t n, struct arena *a);
/* out: room for ATTACHMENTS_MAX. ERR_CORRUPT. */
enum err attachments_parse(struct str s, struct arena *a, struct attachment *out, size_t *n);
/* Their ids, "fil_… fil_…", as a message names them. */
struct str attachments_ids(const struct attachment *all, size_t n, struct arena *a);

#endif
