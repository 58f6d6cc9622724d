/* mime_report.c - what mail servers and readers say about a mail of ours: RFC 3464, RFC 8098, RFC 5965. */
#include "gateway/intake/mime_parts.h"

#include <string.h>

enum { REPORT_BYTES_MAX = 256 * 1024 };

static const struct {
    const char *type;
    enum mime_report_kind kind;
} kinds[] = {
    {"message/delivery-status", MIME_REPORT_DELIVERY},
    {"message/global-delivery-status", MIME_REPORT_DELIVERY},
    {"message/disposition-notification", MIME_REPORT_DISPOSITION},
    {"message/global-disposition-notification", MIME_REPORT_DISPOSITION},
    {"message/feedback-report", MIME_REPORT_FEEDBACK},
};

static enum mime_report_kind kind_of(const struct entity *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (mime_entity_is(e, kinds[i].type))
            return kinds[i].kind;
    return MIME_REPORT_NONE;
}

static bool is_original(const struct entity *e)
{
    return mime_entity_is(e, "message/rfc822") || mime_entity_is(e, "message/global") ||
           mime_entity_is(e, "text/rfc822-headers") || mime_entity_is(e, "message/rfc822-headers") ||
           mime_entity_is(e, "message/global-headers");
}

/* "rfc822; ann@example.org": what stands behind the type. */
static struct str untyped(struct str value)
{
    struct str rest = value;

    (void)str_cut(&rest, ';');
    return str_trim(rest.at == NULL ? value : rest);
}

static void add_recipient(struct reading *r, const struct mime_field *f, size_t n, struct mime_report *out)
{
    struct str final = mime_head_bare(untyped(mime_head_field(f, n, "Final-Recipient")));
    struct str original = mime_head_bare(untyped(mime_head_field(f, n, "Original-Recipient")));

    if (final.len == 0 && original.len == 0)
        return;
    if (out->recipients == NULL)
        out->recipients = arena_array(r->a, struct mime_recipient, MIME_RECIPIENTS_MAX);
    if (out->recipient_count == MIME_RECIPIENTS_MAX) {
        r->cut |= MIME_CUT_LIST;
        return;
    }
    out->recipients[out->recipient_count++] = (struct mime_recipient){
        .address = final.len > 0 ? final : original,
        .original = original,
        .action = mime_head_word(r, mime_head_field(f, n, "Action")),
        .status = mime_head_word(r, mime_head_field(f, n, "Status")),
        .why = untyped(mime_head_field(f, n, "Diagnostic-Code")),
    };
}

static struct str first_of(struct str a, struct str b)
{
    return a.len > 0 ? a : b;
}

static void add_group(struct reading *r, const struct mime_field *f, size_t n, struct mime_report *out)
{
    struct mime_ids ids = {NULL, 0};

    if (out->kind == MIME_REPORT_DELIVERY)
        add_recipient(r, f, n, out);
    if (out->kind == MIME_REPORT_DISPOSITION)
        out->about = first_of(out->about, untyped(mime_head_field(f, n, "Disposition")));
    if (out->kind == MIME_REPORT_FEEDBACK)
        out->about = first_of(out->about, mime_head_word(r, mime_head_field(f, n, "Feedback-Type")));
    mime_head_ids(r, mime_head_field(f, n, "Original-Message-ID"), &ids);
    if (ids.count > 0)
        out->message_id = first_of(out->message_id, ids.at[0]);
}

/* Groups of fields with empty lines between them. */
static void read_groups(struct reading *r, const struct entity *e, struct mime_report *out)
{
    struct str rest = mime_decode_body(r, e, REPORT_BYTES_MAX);

    while (rest.len > 0 && !mime_late(r)) {
        struct mime_field *fields;
        size_t count, before = rest.len;

        rest = mime_head_read(r, rest, &fields, &count);
        add_group(r, fields, count, out);
        if (rest.len == before) /* no field: the line is nothing we know */
            (void)str_cut(&rest, '\n');
    }
}

static void walk(struct reading *r, const struct entity *e, struct mime_report *out, const struct entity **original)
{
    enum mime_report_kind kind = kind_of(e);

    if (kind != MIME_REPORT_NONE && (out->kind == MIME_REPORT_NONE || out->kind == kind)) {
        out->kind = kind;
        read_groups(r, e, out);
    }
    if (out->kind != MIME_REPORT_NONE && *original == NULL && is_original(e))
        *original = e;
    if (mime_entity_under(e, "multipart/"))
        for (const struct entity *c = e->first; c != NULL; c = c->next)
            walk(r, c, out, original);
}

void mime_report_read(struct reading *r, const struct entity *e, struct mime_report *out,
                      const struct entity **original)
{
    *original = NULL;
    walk(r, e, out, original);
}
