/* mime_tree.c - the parts of a mail (RFC 2046 5), found without trust in what they say about themselves. */
#include "gateway/intake/mime_parts.h"

#include <string.h>

enum { BOUNDARY_BYTES_MAX = 256 }; /* RFC 2046 allows 70 */

bool mime_entity_is(const struct entity *e, const char *type)
{
    return str_is(e->type, type);
}

bool mime_entity_under(const struct entity *e, const char *beginning)
{
    return str_starts(e->type, beginning);
}

static void describe(struct reading *r, struct entity *e)
{
    struct str value = mime_head_field(e->fields, e->field_count, "Content-Type");

    mime_decode_type(r, value, e);
    if (mime_entity_under(e, "multipart/"))
        return;
    mime_decode_disposition(r, mime_head_field(e->fields, e->field_count, "Content-Disposition"), e);
    e->encoding = mime_decode_encoding(mime_head_field(e->fields, e->field_count, "Content-Transfer-Encoding"));
    e->content_id = mime_head_bare(mime_head_field(e->fields, e->field_count, "Content-ID"));
}

/* ---- multipart ---- */

struct delimiter {
    size_t at, len; /* the line, with the line end before it, which belongs to it */
    bool last;
};

/* Blanks may stand behind, nothing else. */
static bool ends_line(struct str s, size_t *i)
{
    while (*i < s.len && (s.at[*i] == ' ' || s.at[*i] == '\t' || s.at[*i] == '\r'))
        ++*i;
    if (*i == s.len)
        return true;
    return s.at[(*i)++] == '\n';
}

static size_t line_behind(struct str body, size_t at)
{
    const char *end = memchr(body.at + at, '\n', body.len - at);

    return end == NULL ? body.len : (size_t)(end - body.at) + 1;
}

/* mark: "--" and the boundary. Each line is looked at once. */
static bool next_delimiter(struct str body, size_t from, struct str mark, struct delimiter *out)
{
    while (from < body.len) {
        const char *hit = memmem(body.at + from, body.len - from, mark.at, mark.len);

        if (hit == NULL)
            return false;

        size_t at = (size_t)(hit - body.at), end = at + mark.len;

        from = line_behind(body, at);
        if (at > 0 && hit[-1] != '\n')
            continue;
        out->last = end + 1 < body.len && body.at[end] == '-' && body.at[end + 1] == '-';
        end += out->last ? 2 : 0;
        if (!ends_line(body, &end))
            continue;
        at -= at > 0 ? 1 : 0;
        at -= at > 0 && body.at[at - 1] == '\r' ? 1 : 0;
        out->at = at;
        out->len = end - at;
        return true;
    }
    return false;
}

static void entity_read(struct reading *r, struct str raw, const char *type, unsigned depth, struct entity *e);

static struct entity *child(struct reading *r, const struct entity *e, struct str raw, unsigned depth)
{
    struct entity *c = arena_new(r->a, struct entity);

    c->alternative = e->alternative || mime_entity_is(e, "multipart/alternative");
    c->related = e->related || (mime_entity_is(e, "multipart/related") && e->first != NULL);
    entity_read(r, raw, mime_entity_is(e, "multipart/digest") ? "message/rfc822" : "text/plain", depth, c);
    return c;
}

static bool room(struct reading *r)
{
    if (r->parts < r->limits->parts)
        return !mime_late(r);
    r->cut |= MIME_CUT_PARTS;
    return false;
}

static void split(struct reading *r, struct entity *e, unsigned depth)
{
    char text[BOUNDARY_BYTES_MAX + 2] = "--";
    struct str mark = {text, e->boundary.len + 2};
    struct entity **end = &e->first;
    struct delimiter here, next;

    memcpy(text + 2, e->boundary.at, e->boundary.len);
    if (!next_delimiter(e->body, 0, mark, &here))
        return;
    while (!here.last && here.at + here.len < e->body.len && room(r)) {
        size_t from = here.at + here.len;
        /* The line end of one delimiter may be the one before the next. */
        bool more = next_delimiter(e->body, from, mark, &next);
        size_t to = more ? (next.at > from ? next.at : from) : e->body.len;

        *end = child(r, e, (struct str){e->body.at + from, to - from}, depth + 1);
        end = &(*end)->next;
        if (!more)
            return;
        here = next;
    }
}

/* ---- one entity ---- */

static bool is_mail(const struct entity *e)
{
    return mime_entity_is(e, "message/rfc822") || mime_entity_is(e, "message/global") ||
           mime_entity_is(e, "message/news");
}

static void entity_read(struct reading *r, struct str raw, const char *type, unsigned depth, struct entity *e)
{
    bool holds;

    r->parts++;
    e->body = mime_head_read(r, raw, &e->fields, &e->field_count);
    e->type = str_of(type);
    describe(r, e);
    holds = is_mail(e) ||
            (mime_entity_under(e, "multipart/") && e->boundary.len > 0 && e->boundary.len <= BOUNDARY_BYTES_MAX);
    if (holds && depth >= r->limits->depth) {
        r->cut |= MIME_CUT_DEPTH;
        return;
    }
    if (holds && is_mail(e)) {
        struct str inner = mime_decode_body(r, e, e->body.len);

        if (room(r))
            e->first = child(r, e, inner, depth + 1);
    } else if (holds) {
        split(r, e, depth);
    }
    /* A multipart without parts is what somebody wrote, under a wrong name. */
    if (e->first == NULL && mime_entity_under(e, "multipart/") && (r->cut & (MIME_CUT_PARTS | MIME_CUT_TIME)) == 0)
        e->type = STR("text/plain");
}

void mime_tree_read(struct reading *r, struct str raw, struct entity *out)
{
    memset(out, 0, sizeof *out);
    entity_read(r, raw, "text/plain", 0, out);
}
