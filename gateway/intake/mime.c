#include "gateway/intake/mime.h"

#include "gateway/intake/html.h"
#include "gateway/intake/mime_parts.h"
#include "rules/charset.h"

#include <string.h>
#include <time.h>

enum { HTML_SOURCE_BYTES_MAX = 4 * 1024 * 1024 }; /* mostly styles */

const struct mime_limits mime_limits_house = {MIME_DEPTH_MAX, MIME_PARTS_MAX, MIME_HEADER_LINES_MAX, MIME_READ_MS_MAX};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool mime_late(struct reading *r)
{
    if ((r->cut & MIME_CUT_TIME) == 0 && now_ms() >= r->deadline_ms)
        r->cut |= MIME_CUT_TIME;
    return (r->cut & MIME_CUT_TIME) != 0;
}

/* ---- the header ---- */

typedef void take_field(struct reading *r, struct str value, struct mime_mail *m);

static void take_from(struct reading *r, struct str value, struct mime_mail *m)
{
    mime_decode_addresses(r, value, &m->from);
}

static void take_sender(struct reading *r, struct str value, struct mime_mail *m)
{
    mime_decode_addresses(r, value, &m->sender);
}

static void take_reply_to(struct reading *r, struct str value, struct mime_mail *m)
{
    mime_decode_addresses(r, value, &m->reply_to);
}

static void take_to(struct reading *r, struct str value, struct mime_mail *m)
{
    mime_decode_addresses(r, value, &m->to);
}

static void take_cc(struct reading *r, struct str value, struct mime_mail *m)
{
    mime_decode_addresses(r, value, &m->cc);
}

static void take_subject(struct reading *r, struct str value, struct mime_mail *m)
{
    if (m->subject.len == 0)
        m->subject = str_trim(mime_words(r->a, value));
}

static void take_date(struct reading *r, struct str value, struct mime_mail *m)
{
    if (!m->dated)
        m->dated = mime_decode_date(r->a, value, &m->date_ms);
}

static void take_message_id(struct reading *r, struct str value, struct mime_mail *m)
{
    struct mime_ids ids = {NULL, 0};

    if (m->message_id.len > 0)
        return;
    mime_head_ids(r, value, &ids);
    if (ids.count > 0)
        m->message_id = ids.at[0];
}

static void take_in_reply_to(struct reading *r, struct str value, struct mime_mail *m)
{
    mime_head_ids(r, value, &m->in_reply_to);
}

static void take_references(struct reading *r, struct str value, struct mime_mail *m)
{
    mime_head_ids(r, value, &m->references);
}

static void take_auto_submitted(struct reading *r, struct str value, struct mime_mail *m)
{
    if (m->auto_submitted.len == 0 || str_is(m->auto_submitted, "no"))
        m->auto_submitted = mime_head_word(r, value);
}

static void take_precedence(struct reading *r, struct str value, struct mime_mail *m)
{
    if (m->precedence.len == 0)
        m->precedence = mime_head_word(r, value);
}

static void take_suppress(struct reading *r, struct str value, struct mime_mail *m)
{
    if (m->suppress.len == 0)
        m->suppress = str_of(str_lower(r->a, value));
}

static void take_return_path(struct reading *r, struct str value, struct mime_mail *m)
{
    (void)r;
    if (!m->returned)
        m->return_path = mime_head_bare(value);
    m->returned = true;
}

static void take_received(struct reading *r, struct str value, struct mime_mail *m)
{
    (void)r, (void)value;
    m->received_count++;
}

static void take_result(struct reading *r, struct str value, struct mime_mail *m)
{
    if (m->results == NULL)
        m->results = arena_array(r->a, struct mime_result, m->field_count);
    m->results[m->result_count++] = (struct mime_result){value, m->received_count};
}

static void take_failed(struct reading *r, struct str value, struct mime_mail *m)
{
    struct mime_addresses all = {NULL, 0};
    struct mime_report *report = &m->report;

    mime_decode_addresses(r, value, &all);
    if (all.count == 0 || report->kind != MIME_REPORT_NONE)
        return;
    report->kind = MIME_REPORT_DELIVERY;
    report->recipients = arena_array(r->a, struct mime_recipient, MIME_RECIPIENTS_MAX);
    for (size_t i = 0; i < all.count && i < MIME_RECIPIENTS_MAX; i++)
        report->recipients[report->recipient_count++] =
            (struct mime_recipient){.address = all.at[i].address, .action = STR("failed")};
}

static const struct {
    const char *name;
    take_field *take;
} takers[] = {
    {"From", take_from},
    {"Sender", take_sender},
    {"Reply-To", take_reply_to},
    {"To", take_to},
    {"Cc", take_cc},
    {"Subject", take_subject},
    {"Date", take_date},
    {"Message-ID", take_message_id},
    {"In-Reply-To", take_in_reply_to},
    {"References", take_references},
    {"Auto-Submitted", take_auto_submitted},
    {"Precedence", take_precedence},
    {"X-Auto-Response-Suppress", take_suppress},
    {"Return-Path", take_return_path},
    {"Received", take_received},
    {"Authentication-Results", take_result},
    {"X-Failed-Recipients", take_failed}, /* Exim, whose bounces are no multipart/report everywhere */
};

static void read_header(struct reading *r, struct mime_mail *m)
{
    for (size_t i = 0; i < m->field_count; i++) {
        const struct mime_field *f = &m->fields[i];

        m->list = m->list || (f->name.len > 5 && strncasecmp(f->name.at, "List-", 5) == 0);
        for (size_t k = 0; k < sizeof takers / sizeof takers[0]; k++)
            if (str_equal_nocase(f->name, str_of(takers[k].name)))
                takers[k].take(r, f->value, m);
    }
}

struct str mime_field(const struct mime_mail *m, const char *name)
{
    return mime_head_field(m->fields, m->field_count, name);
}

/* ---- the text ---- */

static bool is_blank(struct str s)
{
    return str_trim(s).len == 0;
}

/* The first leaf of that type, mails inside left out. */
static const struct entity *find(const struct entity *e, const char *type, bool attached)
{
    const struct entity *found = NULL;

    if (mime_entity_is(e, type) && e->attachment == attached)
        return e;
    if (mime_entity_under(e, "multipart/"))
        for (const struct entity *c = e->first; c != NULL && found == NULL; c = c->next)
            found = find(c, type, attached);
    return found;
}

static struct str decode_text(struct reading *r, const struct entity *e, size_t max, struct str *charset)
{
    const char *used = "";
    struct str text = charset_text(r->a, mime_decode_body(r, e, max), e->charset, &used);

    *charset = str_of(used);
    return text_lf(r->a, text);
}

/* The entity that became the text; NULL where none did. */
static const struct entity *read_text(struct reading *r, const struct entity *e, struct mime_mail *m)
{
    const struct entity *plain = e->first == NULL && mime_entity_is(e, "text/plain") ? e : find(e, "text/plain", false);
    const struct entity *html = e->first == NULL && mime_entity_is(e, "text/html") ? e : find(e, "text/html", false);

    if (plain == NULL && html == NULL)
        plain = find(e, "text/plain", true);
    if (plain != NULL)
        m->text = decode_text(r, plain, MIME_TEXT_BYTES_MAX, &m->text_charset);
    if (html == NULL || (plain != NULL && !is_blank(m->text)))
        return plain;

    bool cut = false;

    m->html = decode_text(r, html, HTML_SOURCE_BYTES_MAX, &m->text_charset);
    m->text = mime_late(r) ? STR("") : html_text(r->a, m->html, &cut);
    m->text_of_html = true;
    r->cut |= cut ? MIME_CUT_TEXT : 0;
    return html;
}

/* ---- the other parts ---- */

/* Another form of the words, or something that only programs read. */
static bool is_beside(const struct mime_mail *m, const struct entity *e)
{
    static const char *const machines[] = {"application/pgp-signature", "application/pkcs7-signature",
                                           "application/x-pkcs7-signature", "application/pgp-encrypted"};

    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
        if (mime_entity_is(e, machines[i]))
            return true;
    if (m->report.kind != MIME_REPORT_NONE &&
        (mime_entity_under(e, "message/") || mime_entity_is(e, "text/rfc822-headers")))
        return true;
    if (e->attachment || e->name.len > 0)
        return false;
    return is_blank(e->body) ||
           (e->alternative && mime_entity_under(e, "text/") && !mime_entity_is(e, "text/calendar"));
}

static void add_part(struct reading *r, const struct entity *e, struct mime_mail *m)
{
    if (m->parts == NULL)
        m->parts = arena_array(r->a, struct mime_part, r->limits->parts);
    m->parts[m->part_count++] = (struct mime_part){
        .name = e->name,
        .type = e->type.len > 0 ? e->type : STR("application/octet-stream"),
        .content_id = e->content_id,
        .in_text = !e->attachment && (e->related || (e->shown_inline && e->content_id.len > 0)),
        .encoded = e->body,
        .encoding = e->encoding,
    };
}

static void read_mail(struct reading *r, const struct entity *e, struct mime_mail *m);

static void read_parts(struct reading *r, const struct entity *e, const struct entity *text, struct mime_mail *m)
{
    if (mime_entity_under(e, "multipart/")) {
        for (const struct entity *c = e->first; c != NULL; c = c->next)
            read_parts(r, c, text, m);
        return;
    }
    if (m->inside == NULL && e->first != NULL && m->report.kind == MIME_REPORT_NONE) {
        struct mime_mail *inside = arena_new(r->a, struct mime_mail);

        read_mail(r, e->first, inside);
        m->inside = inside;
    }
    if ((e != text || e->attachment) && !is_beside(m, e))
        add_part(r, e, m);
}

static void read_report(struct reading *r, const struct entity *e, struct mime_mail *m)
{
    const struct entity *about;
    struct mime_mail *original;

    mime_report_read(r, e, &m->report, &about);
    if (about == NULL)
        return;
    original = arena_new(r->a, struct mime_mail);
    if (about->first != NULL) {
        read_mail(r, about->first, original);
    } else {
        (void)mime_head_read(r, mime_decode_body(r, about, MIME_HEADER_BYTES_MAX), &original->fields,
                             &original->field_count);
        read_header(r, original);
    }
    m->report.original = original;
    if (original->message_id.len > 0)
        m->report.message_id = original->message_id;
}

static void read_mail(struct reading *r, const struct entity *e, struct mime_mail *m)
{
    const struct entity *text;

    m->fields = e->fields;
    m->field_count = e->field_count;
    read_header(r, m);
    read_report(r, e, m);
    text = read_text(r, e, m);
    read_parts(r, e, text, m);
    if (text == NULL && m->inside != NULL)
        m->text = m->inside->text;
}

void mime_read(struct arena *a, struct str raw, const struct mime_limits *l, struct mime_mail *out)
{
    struct entity root;
    struct reading r = {.a = a, .limits = l == NULL ? &mime_limits_house : l};

    r.deadline_ms = now_ms() + r.limits->read_ms;
    memset(out, 0, sizeof *out);
    mime_tree_read(&r, raw, &root);
    read_mail(&r, &root, out);
    out->cut = r.cut;
}
