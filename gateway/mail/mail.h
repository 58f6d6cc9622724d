/* mail.h - one mail on its way out, as whoever rendered it hands it over.
 *
 * Plain data. All text is UTF-8 and borrowed: it lives in the arena that was
 * given to whoever filled the struct. */
#ifndef GATEWAY_MAIL_MAIL_H
#define GATEWAY_MAIL_MAIL_H

#include "rules/base/id.h"
#include "rules/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum mail_kind { MAIL_CODE, MAIL_OTHER };

/* RFC 3834 §5: robots must be able to tell that no person wrote it. */
enum mail_author {
    MAIL_BY_PERSON, /* staff wrote it: no Auto-Submitted */
    MAIL_GENERATED, /* auto-generated: codes, notices, updates */
    MAIL_REPLIED,   /* auto-replied: acknowledges a mail; its bounces go nowhere */
};

struct mail_party {
    struct str name;    /* may be empty */
    struct str address; /* canonical domain (A-labels); see message_address() */
};

struct mail {
    struct id_text id; /* "eml_…", for logs and reports */
    enum mail_kind kind;
    enum mail_author author;
    struct mail_party from, to, reply_to; /* reply_to.address empty: none */
    struct str return_path;               /* where bounces go; empty: see mail_return_path() */
    struct str subject, text, html;       /* html empty: text/plain alone */
    struct str message_id;                /* "<left@right>" */
    struct str in_reply_to;               /* the same form, or empty */
    struct str references;                /* such ids, a space between them, nearest last; empty: in_reply_to alone */
    struct str language;                  /* BCP 47, or empty */
    int64_t made_ms;                      /* becomes Date */
    int64_t expires_ms;                   /* a code's own end; 0 none */
    int tries;                            /* deliveries tried before this one */
    bool held;                            /* was put back by later(): it has had its wait */
};

/* return_path; where that is empty nothing (the null path) for MAIL_REPLIED and
 * from.address for the others. */
static inline struct str mail_return_path(const struct mail *m)
{
    if (m->return_path.len > 0 || m->author == MAIL_REPLIED)
        return m->return_path;
    return m->from.address;
}

#endif
