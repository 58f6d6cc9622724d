#include "gateway/channels/report.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"
#include "rules/joining.h"

#include <string.h>

enum need { OPTIONAL, REQUIRED };

struct reader {
    struct arena *a;
    struct report *out;
    struct report_fault *faults;
    size_t n;
};

static void add_fault(struct reader *r, const char *field, const char *code, const char *detail)
{
    if (r->n < REPORT_FAULTS_MAX)
        r->faults[r->n++] = (struct report_fault){field, code, detail};
}

static struct str keep(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

static bool has_controls(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7F)
            return true;
    return false;
}

static bool is_absent(const struct doc *d)
{
    return doc_kind(d) == DOC_NONE || doc_kind(d) == DOC_NULL;
}

/* A member that is text. False where it is none, or a fault was added. */
static bool text_of(struct reader *r, const struct doc *d, const char *field, enum need need, struct str *out)
{
    *out = str_trim(doc_text(d));
    if (!is_absent(d) && doc_kind(d) != DOC_TEXT)
        add_fault(r, field, "wrong-type", "text is wanted");
    else if (out->len > 0)
        return true;
    else if (need == REQUIRED)
        add_fault(r, field, "missing", "it is required");
    return false;
}

/* One line of at most `most` characters, which is needed whole. */
static struct str line(struct reader *r, const struct doc *d, const char *field, enum need need, size_t most)
{
    struct str s;

    if (!text_of(r, d, field, need, &s))
        return STR("");
    if (has_controls(s))
        add_fault(r, field, "character", "control characters are not allowed here");
    else if (text_code_points(s) > most)
        add_fault(r, field, "too-long", "it is too long");
    else
        return keep(r->a, s);
    return STR("");
}

/* Words of people. */
static struct str words(struct reader *r, const struct doc *d, const char *field)
{
    struct str s;

    if (!text_of(r, d, field, REQUIRED, &s))
        return STR("");
    s = doc_text(d);
    if (memchr(s.at, '\0', s.len) != NULL)
        add_fault(r, field, "character", "U+0000 is not a character of words");
    else if (text_code_points(s) > ITEM_PROBLEM_MAX)
        add_fault(r, field, "too-long", "at most 20000 characters");
    else
        return text_lf(r->a, keep(r->a, s));
    return STR("");
}

/* E2 */
static struct str claim(struct reader *r, const struct doc *d, const char *field)
{
    struct str s;

    if (!text_of(r, d, field, OPTIONAL, &s) || memchr(s.at, '\0', s.len) != NULL)
        return STR("");
    return keep(r->a, text_first(s, ITEM_CLAIM_MAX));
}

/* Whole, 0 or more. */
static int64_t count(struct reader *r, const struct doc *d, const char *field)
{
    int64_t n = 0;

    if (!is_absent(d) && (!doc_int(d, &n) || n < 0)) {
        add_fault(r, field, doc_kind(d) == DOC_INT ? "range" : "wrong-type", "a whole number, 0 or more, is wanted");
        return 0;
    }
    return n;
}

static bool flag(struct reader *r, const struct doc *d, const char *field)
{
    if (!is_absent(d) && doc_kind(d) != DOC_BOOL)
        add_fault(r, field, "wrong-type", "true or false is wanted");
    return doc_true(d);
}

/* 0 where there is none. */
static int64_t moment(struct reader *r, const struct doc *d, const char *field)
{
    int64_t ms = 0;
    struct str s;

    if (text_of(r, d, field, OPTIONAL, &s) && !stamp_parse(s, &ms))
        add_fault(r, field, "malformed", "a moment such as 2026-11-24T09:12:03Z is wanted");
    return ms;
}

/* An object, or nothing. */
static const struct doc *object(struct reader *r, const struct doc *d, const char *field)
{
    if (is_absent(d) || doc_kind(d) == DOC_OBJECT)
        return d;
    add_fault(r, field, "wrong-type", "an object is wanted");
    return NULL;
}

/* ---- claims ---- */

static void read_behalf(struct reader *r, const struct doc *claims)
{
    const struct doc *d = object(r, doc_get(claims, "on_behalf_of"), "claims.on_behalf_of");
    struct item *i = &r->out->item;

    i->behalf_name = claim(r, doc_get(d, "name"), "claims.on_behalf_of.name");
    i->behalf_organisation = claim(r, doc_get(d, "organisation"), "claims.on_behalf_of.organisation");
    i->behalf_email = claim(r, doc_get(d, "email"), "claims.on_behalf_of.email");
    i->behalf_site = claim(r, doc_get(d, "site"), "claims.on_behalf_of.site");
}

static void otherwise(struct str *field, struct str value)
{
    if (field->len == 0)
        *field = value;
}

/* E3 */
static void read_reference(struct reader *r, struct str typed)
{
    uint64_t number;

    if (!reference_parse(typed, &number))
        return;
    r->out->item.thread = str_of(arena_strdup(r->a, reference_print(number).at));
    r->out->item.hint = str_of(joining_hint_word(JOINING_CLAIMED));
}

/* What the channel itself told of the person stands; claims fill in the rest. */
static void read_claims(struct reader *r, const struct doc *d)
{
    const struct doc *claims = object(r, doc_get(d, "claims"), "claims");
    struct item *i = &r->out->item;

    otherwise(&i->name, claim(r, doc_get(claims, "name"), "claims.name"));
    otherwise(&i->email, claim(r, doc_get(claims, "email"), "claims.email"));
    otherwise(&i->phone, claim(r, doc_get(claims, "phone"), "claims.phone"));
    i->organisation = claim(r, doc_get(claims, "organisation"), "claims.organisation");
    i->site = claim(r, doc_get(claims, "site"), "claims.site");
    i->invoice = claim(r, doc_get(claims, "invoice"), "claims.invoice");
    read_reference(r, claim(r, doc_get(claims, "reference"), "claims.reference"));
    read_behalf(r, claims);
}

/* ---- the three kinds ---- */

static struct str source(struct reader *r, const struct doc *d, const char *field)
{
    struct str s = line(r, doc_get(d, field), field, REQUIRED, REPORT_SOURCE_MAX);

    return (struct str){str_lower(r->a, s), s.len};
}

static void read_post(struct reader *r, const struct doc *d)
{
    const struct doc *author = object(r, doc_get(d, "author"), "author");
    struct item *i = &r->out->item;

    i->source = source(r, d, "platform");
    r->out->id = line(r, doc_get(d, "post_id"), "post_id", REQUIRED, REPORT_ID_MAX);
    i->url = line(r, doc_get(d, "url"), "url", OPTIONAL, REPORT_URL_MAX);
    i->handle = line(r, doc_get(author, "handle"), "author.handle", REQUIRED, REPORT_HANDLE_MAX);
    i->name = claim(r, doc_get(author, "name"), "author.name");
    i->followers = count(r, doc_get(author, "followers"), "author.followers");
    i->text = words(r, doc_get(d, "text"), "text");
    (void)moment(r, doc_get(d, "posted_at"), "posted_at");
}

/* "anonymous" is a number that nobody has. */
static struct str number(struct reader *r, const struct doc *d, const char *field, enum need need)
{
    struct str s = line(r, d, field, need, REPORT_HANDLE_MAX);

    return str_equal_nocase(s, STR("anonymous")) ? STR("") : s;
}

static void read_call(struct reader *r, const struct doc *d, enum need need_id)
{
    struct item *i = &r->out->item;

    r->out->id = line(r, doc_get(d, "call_id"), "call_id", need_id, REPORT_ID_MAX);
    i->phone = number(r, doc_get(d, "from"), "from", REQUIRED);
    (void)number(r, doc_get(d, "to"), "to", OPTIONAL);
    (void)moment(r, doc_get(d, "started_at"), "started_at");
    (void)count(r, doc_get(d, "seconds"), "seconds");
    i->text = words(r, doc_get(d, "transcript"), "transcript");
}

static void read_ticket(struct reader *r, const struct doc *d)
{
    const struct doc *requester = object(r, doc_get(d, "requester"), "requester");
    struct item *i = &r->out->item;

    i->source = source(r, d, "desk");
    r->out->id = line(r, doc_get(d, "ticket_id"), "ticket_id", REQUIRED, REPORT_ID_MAX);
    i->url = line(r, doc_get(d, "url"), "url", OPTIONAL, REPORT_URL_MAX);
    i->email = claim(r, doc_get(requester, "email"), "requester.email");
    i->name = claim(r, doc_get(requester, "name"), "requester.name");
    i->subject = claim(r, doc_get(d, "subject"), "subject");
    i->text = words(r, doc_get(d, "text"), "text");
    i->executive = flag(r, doc_get(d, "executive"), "executive");
    (void)moment(r, doc_get(d, "created_at"), "created_at");
}

/* Everything but the claims; false where d is no object. */
static bool begin(struct reader *r, enum webhook_kind kind, const struct doc *d)
{
    *r->out = (struct report){
        .item = {.op = ITEM_REQUEST, .channel = str_of(webhook_kind_name(kind)), .impact = STR("down")}};
    if (doc_kind(d) != DOC_OBJECT)
        add_fault(r, "", "wrong-type", "an object is wanted");
    return doc_kind(d) == DOC_OBJECT;
}

static void finish(struct reader *r, const struct doc *d)
{
    r->out->language = line(r, doc_get(d, "language"), "language", OPTIONAL, REPORT_SOURCE_MAX);
    read_claims(r, d);
}

size_t report_read(enum webhook_kind kind, const struct doc *d, struct arena *a, struct report *out,
                   struct report_fault faults[REPORT_FAULTS_MAX])
{
    struct reader r = {.a = a, .out = out, .faults = faults};

    if (!begin(&r, kind, d))
        return r.n;
    switch (kind) {
    case WEBHOOK_SOCIAL:
        read_post(&r, d);
        break;
    case WEBHOOK_PHONE:
        read_call(&r, d, REQUIRED);
        break;
    case WEBHOOK_DESK:
        read_ticket(&r, d);
        break;
    case WEBHOOK_RESTORATION: /* restoration.h */
    case WEBHOOK_KINDS:
        break;
    }
    finish(&r, d);
    return r.n;
}

size_t report_read_logged(const struct doc *d, int64_t now_ms, struct arena *a, struct report *out,
                          struct report_fault faults[REPORT_FAULTS_MAX])
{
    struct reader r = {.a = a, .out = out, .faults = faults};
    struct item *i = &out->item;

    if (!begin(&r, WEBHOOK_PHONE, d))
        return r.n;
    read_call(&r, d, OPTIONAL);
    finish(&r, d);
    i->call_back_ms = moment(&r, doc_get(d, "call_back_at"), "call_back_at");
    i->call_back_to = number(&r, doc_get(d, "call_back_to"), "call_back_to", OPTIONAL);
    if (i->call_back_ms != 0 && i->call_back_ms <= now_ms)
        add_fault(&r, "call_back_at", "range", "a moment that is still to come is wanted");
    if (i->call_back_ms != 0)
        otherwise(&i->call_back_to, i->phone);
    else
        i->call_back_to = STR("");
    if (i->call_back_ms != 0 && i->call_back_to.len == 0 && r.n == 0)
        add_fault(&r, "call_back_to", "missing", "a number to call back is wanted");
    return r.n;
}

struct str report_external(const struct report *r, struct arena *a)
{
    return str_of(
        arena_printf(a, "%s\n%s\n%s", str_copy(a, r->item.channel), str_copy(a, r->item.source), str_copy(a, r->id)));
}
