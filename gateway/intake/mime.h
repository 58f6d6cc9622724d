/* mime.h - what a mail says, however it was broken.
 *
 * The only door to GMime, which decodes addresses, dates, parameters and transfer encodings. The parts of a mail are
 * found here, because GMime's parser bounds neither their number nor the fields of a header (25 MiB of empty parts are
 * five million objects); charsets are rules/charset.h.
 *
 * I1  any bytes are a mail: reading never fails. Limits bound the reading, not the acceptance: what was read until
 *     then is kept, and cut says which limit it was;
 * I2  every text in a struct mime_mail is valid UTF-8 without U+0000; bytes that mean nothing in their charset are
 *     U+FFFD. A label is believed only as far as the bytes allow: they are tried as UTF-8, then as what the label
 *     says, then as what they look like;
 * I3  text lives in the arena or is borrowed from raw, which must outlive it; attachments stay encoded in raw until
 *     somebody asks for them;
 * I4  nothing here is believed: From is a claim, an Authentication-Results is whatever stands there until its place
 *     and name say otherwise;
 * I5  thread-safe; a mail that takes longer than its deadline is cut, whatever it is made of. */
#ifndef GATEWAY_INTAKE_MIME_H
#define GATEWAY_INTAKE_MIME_H

#include "rules/base/err.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum {
    MIME_DEPTH_MAX = 8,                /* of parts in parts, mails in mails included */
    MIME_PARTS_MAX = 50,               /* in the whole mail */
    MIME_HEADER_LINES_MAX = 200,       /* of each header; the lines behind are skipped, the body is read all the same */
    MIME_HEADER_BYTES_MAX = 64 * 1024, /* the same for its bytes */
    MIME_ADDRESSES_MAX = 100,          /* of each list of addresses */
    MIME_IDS_MAX = 100,                /* of References: the first, and the last of them */
    MIME_RECIPIENTS_MAX = 100,         /* of a delivery report */
    MIME_TEXT_BYTES_MAX = 1024 * 1024, /* of a text, decoded */
    MIME_READ_MS_MAX = 10000,
};

/* Which limit cut the reading; several may have. */
enum mime_cut {
    MIME_CUT_DEPTH = 1,
    MIME_CUT_PARTS = 2,
    MIME_CUT_HEADER = 4,
    MIME_CUT_TEXT = 8,
    MIME_CUT_TIME = 16,
    MIME_CUT_LIST = 32, /* addresses, ids or recipients */
};

/* A field as it stands, unfolded, encoded words as they are. */
struct mime_field {
    struct str name, value;
};

/* One mailbox; members of groups are listed as if they stood there themselves. */
struct mime_address {
    struct str name;    /* decoded, trimmed; empty where none */
    struct str address; /* local@domain as written; no normal form, no check beyond having both sides of an @ */
};

struct mime_addresses {
    struct mime_address *at;
    size_t count;
};

struct mime_ids {
    struct str *at; /* without < and > */
    size_t count;
};

/* One Authentication-Results field. */
struct mime_result {
    struct str value;      /* unfolded, as it stands */
    size_t received_above; /* Received fields above it: 0 for what the last server wrote on top of its own */
};

/* A part that is not the text of its mail. A mail that came as a part is one, too (message/rfc822). */
struct mime_part {
    struct str name; /* decoded, of the disposition or the type; without folders; empty where none */
    struct str type; /* "image/png", lower case; "application/octet-stream" where none is told or readable */
    struct str content_id;
    bool in_text; /* shown inside the text, as pictures of signatures are */
    /* For mime_part_each(). */
    struct str encoded;
    int encoding;
};

/* One recipient of a delivery report (RFC 3464 2.3). */
struct mime_recipient {
    struct str address;  /* Final-Recipient without its type; Original-Recipient where that is missing */
    struct str original; /* Original-Recipient; empty where none */
    struct str action;   /* "failed", "delayed", "delivered", "relayed", "expanded"; lower case, empty where none */
    struct str status;   /* "5.1.1"; empty where none */
    struct str why;      /* Diagnostic-Code without its type */
};

enum mime_report_kind {
    MIME_REPORT_NONE,
    MIME_REPORT_DELIVERY,    /* RFC 3464: message/delivery-status */
    MIME_REPORT_DISPOSITION, /* RFC 8098: was read, was deleted */
    MIME_REPORT_FEEDBACK,    /* RFC 5965: somebody called it spam */
};

struct mime_report {
    enum mime_report_kind kind;
    struct mime_recipient *recipients; /* of a delivery report */
    size_t recipient_count;
    struct str about; /* feedback: Feedback-Type; disposition: Disposition */
    /* Message-ID of the mail the report is about: of the original that came with it, or Original-Message-ID. */
    struct str message_id;
    /* That mail, or only its header; NULL where it did not come with the report. */
    const struct mime_mail *original;
};

struct mime_mail {
    struct mime_field *fields; /* the header, in order */
    size_t field_count;

    struct mime_addresses from; /* of all From fields: an honest mail has exactly one */
    struct mime_addresses sender, reply_to, to, cc;
    struct str subject;
    bool dated;
    int64_t date_ms; /* where dated */

    struct str message_id;
    struct mime_ids in_reply_to, references;

    struct str auto_submitted; /* first word, lower case ("no", "auto-replied"); empty where none */
    struct str precedence;     /* lower case */
    struct str suppress;       /* X-Auto-Response-Suppress, lower case */
    bool list;                 /* any List-* field */
    bool returned;             /* has a Return-Path … */
    struct str return_path;    /* … and its address: empty is the null one */
    size_t received_count;
    struct mime_result *results;
    size_t result_count;

    /* The first text/plain that is no attachment; where that is missing or blank, the first text/html as text; else an
     * attached text/plain, which stays a part; else, unless this is a report, the text of the mail inside. LF line ends. */
    struct str text;
    bool text_of_html;
    struct str text_charset; /* as the bytes were read, for whoever wonders; lower case */
    struct str html;         /* what the text was made of, where it was; else empty */

    /* Attachments in order, and texts behind the first. Left out: the same words in other forms (multipart/alternative),
     * what a report consists of, and signatures of PGP and S/MIME. */
    struct mime_part *parts;
    size_t part_count;
    const struct mime_mail *inside; /* first mail that came as a part and is not a report's original; NULL */
    struct mime_report report;
    unsigned cut; /* enum mime_cut */
};

struct mime_limits {
    unsigned depth, parts, header_lines;
    int64_t read_ms;
};

/* The enum above. */
extern const struct mime_limits mime_limits_house;

/* Once, before threads: GLib says nothing from now on. */
void mime_open(void);

/* l: NULL for those of the house. raw: CRLF or LF; an mbox "From " line before it is skipped. */
void mime_read(struct arena *a, struct str raw, const struct mime_limits *l, struct mime_mail *out);

/* The first field of that name, in any case; at NULL where there is none. */
struct str mime_field(const struct mime_mail *m, const char *name);

/* A field's value in words: encoded words (RFC 2047) decoded as broken mailers meant them. */
struct str mime_words(struct arena *a, struct str value);

/* Hands out a part's bytes, decoded, in pieces of at most MIME_PIECE_BYTES until take() answers other than ERR_OK,
 * which is then the answer. What is broken in the encoding is skipped. */
enum { MIME_PIECE_BYTES = 64 * 1024 };
typedef enum err mime_take_fn(void *arg, struct str piece);
enum err mime_part_each(const struct mime_part *p, mime_take_fn *take, void *arg);
/* All of them at once, in a. */
struct str mime_part_bytes(struct arena *a, const struct mime_part *p);

#endif
