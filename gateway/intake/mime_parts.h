/* mime_parts.h - what mime*.c share. Included by them alone.
 *
 * Q1  an entity (RFC 2045 2.4) is a header and a body, both ranges of the raw mail; nothing is copied that stands there
 *     in one piece;
 * Q2  a header ends where the mail server says that it ends: at an empty line, or before the first line that is
 *     neither a field nor goes on with one. Whoever read further would believe what the server did not check. */
#ifndef GATEWAY_INTAKE_MIME_PARTS_H
#define GATEWAY_INTAKE_MIME_PARTS_H

#include "gateway/intake/mime.h"
#include "rules/base/arena.h"

/* One reading of one mail. */
struct reading {
    struct arena *a;
    const struct mime_limits *limits;
    int64_t deadline_ms; /* monotonic */
    unsigned parts;      /* entities so far */
    unsigned cut;
};

struct entity {
    struct mime_field *fields;
    size_t field_count;
    struct str body;

    struct str type; /* "text/plain", lower case */
    struct str charset, boundary, name, content_id;
    bool attachment, shown_inline; /* Content-Disposition */
    int encoding;

    struct entity *first, *next; /* of a multipart; the one mail of a message/rfc822 */
    bool related;                /* stands in a multipart/related, and is not its root */
    bool alternative;            /* stands in a multipart/alternative, however deep */
};

/* True once the deadline is over, which is then noted. */
bool mime_late(struct reading *r);

/* ---- mime_head.c ---- */

/* The fields at the beginning of raw; what stands behind the header is returned. */
struct str mime_head_read(struct reading *r, struct str raw, struct mime_field **fields, size_t *count);
/* The first of that name, in any case; at NULL where there is none. */
struct str mime_head_field(const struct mime_field *fields, size_t count, const char *name);
/* Every <id> of a value, appended to out. */
void mime_head_ids(struct reading *r, struct str value, struct mime_ids *out);
/* ASCII lower case up to the first blank, ';' or '('. */
struct str mime_head_word(struct reading *r, struct str value);
/* Without a pair of < > around it. */
struct str mime_head_bare(struct str value);

/* ---- mime_tree.c ---- */

/* The mail with its parts, as far as the limits go. */
void mime_tree_read(struct reading *r, struct str raw, struct entity *out);
bool mime_entity_is(const struct entity *e, const char *type);
/* "multipart/" and the like. */
bool mime_entity_under(const struct entity *e, const char *beginning);

/* ---- mime_decode.c: GMime; mime_words.c: mime_words() ---- */

/* Content-Type; type, charset, boundary and name of e. Leaves e alone where value is no type. */
void mime_decode_type(struct reading *r, struct str value, struct entity *e);
void mime_decode_disposition(struct reading *r, struct str value, struct entity *e);
int mime_decode_encoding(struct str value);
/* Appended to out. */
void mime_decode_addresses(struct reading *r, struct str value, struct mime_addresses *out);
bool mime_decode_date(struct arena *a, struct str value, int64_t *ms);
/* A body's bytes, at most max of them, as far as the deadline allows; borrowed where nothing is encoded. */
struct str mime_decode_body(struct reading *r, const struct entity *e, size_t max);

/* ---- mime_report.c ---- */

/* What e is, if it is a report; original: the mail that it is about, or NULL. */
void mime_report_read(struct reading *r, const struct entity *e, struct mime_report *out,
                      const struct entity **original);

#endif
