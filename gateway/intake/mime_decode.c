/* mime_decode.c - what is encoded in a mail, by GMime: its only user. */
#include "gateway/intake/mime_parts.h"

#include "rules/charset.h"

#include <gmime/gmime.h>

#include <libxml/parser.h>
#include <string.h>

enum {
    NAME_POINTS_MAX = 200,    /* of the name of a file */
    MAILBOX_BYTES_MAX = 2000, /* name and address */
    MAILBOXES_MAX = 1000,     /* of a field, most of which are none, or there would be too many */
};

static void say_nothing(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer arg)
{
    (void)domain, (void)level, (void)text, (void)arg;
}

void mime_open(void)
{
    g_mime_init();
    xmlInitParser();
    /* A mail may make GLib complain; it may neither fill the log nor end the program (G_DEBUG could make it). */
    g_log_set_default_handler(say_nothing, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR);
}

/* A copy of what GMime made, as I2 of mime.h wants it; frees it. */
static struct str taken(struct arena *a, char *made)
{
    struct str s = str_of(made);

    s = made == NULL ? STR("") : charset_clean(a, (struct str){arena_copy(a, s.at, s.len), s.len});
    g_free(made);
    return s;
}

static struct str copied(struct arena *a, const char *s)
{
    return s == NULL ? STR("") : charset_clean(a, (struct str){arena_strdup(a, s), strlen(s)});
}

/* ---- Content-… ---- */

/* What a mailer may have called a file, without the folders and control characters it may have put there. */
static struct str file_name(struct arena *a, const char *said)
{
    struct str s = mime_words(a, copied(a, said));
    char *p;
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == '/' || s.at[i] == '\\')
            n = i + 1;
    s = str_trim((struct str){s.at + n, s.len - n});
    p = arena_take(a, s.len + 1);
    n = 0;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] >= ' ' && s.at[i] != 0x7F)
            p[n++] = s.at[i];
    return text_first((struct str){p, n}, NAME_POINTS_MAX);
}

void mime_decode_type(struct reading *r, struct str value, struct entity *e)
{
    if (value.len == 0 || memchr(value.at, '/', value.len) == NULL)
        return;

    GMimeContentType *t = g_mime_content_type_parse(NULL, str_copy(r->a, value));

    if (t == NULL)
        return;
    e->type = str_of(str_lower(r->a, taken(r->a, g_mime_content_type_get_mime_type(t))));
    e->charset = copied(r->a, g_mime_content_type_get_parameter(t, "charset"));
    e->boundary = copied(r->a, g_mime_content_type_get_parameter(t, "boundary"));
    e->name = file_name(r->a, g_mime_content_type_get_parameter(t, "name"));
    g_object_unref(t);
}

void mime_decode_disposition(struct reading *r, struct str value, struct entity *e)
{
    GMimeContentDisposition *d = value.len == 0 ? NULL : g_mime_content_disposition_parse(NULL, str_copy(r->a, value));
    const char *kind, *name;

    if (d == NULL)
        return;
    kind = g_mime_content_disposition_get_disposition(d);
    name = g_mime_content_disposition_get_parameter(d, "filename");
    e->attachment = kind != NULL && g_ascii_strcasecmp(kind, "attachment") == 0;
    e->shown_inline = kind != NULL && g_ascii_strcasecmp(kind, "inline") == 0;
    if (name != NULL && *name != '\0')
        e->name = file_name(r->a, name);
    g_object_unref(d);
}

int mime_decode_encoding(struct str value)
{
    struct str word = str_trim(str_cut(&value, ';'));
    char name[32];

    if (word.len >= sizeof name)
        return GMIME_CONTENT_ENCODING_DEFAULT;
    memcpy(name, word.at == NULL ? "" : word.at, word.len);
    name[word.len] = '\0';
    return (int)g_mime_content_encoding_from_string(name);
}

/* ---- addresses and dates ---- */

static bool has_both_sides(struct str address)
{
    const char *at = address.len == 0 ? NULL : memrchr(address.at, '@', address.len);

    return at != NULL && at > address.at && at + 1 < address.at + address.len;
}

static bool add_address(struct reading *r, struct str name, struct str address, struct mime_addresses *out)
{
    address = str_trim(address);
    if (!has_both_sides(address))
        return true;
    if (out->count == MIME_ADDRESSES_MAX) {
        r->cut |= MIME_CUT_LIST;
        return false;
    }
    if (out->at == NULL)
        out->at = arena_array(r->a, struct mime_address, MIME_ADDRESSES_MAX);
    out->at[out->count++] = (struct mime_address){str_trim(name), address};
    return true;
}

static void add_list(struct reading *r, InternetAddressList *list, struct mime_addresses *out)
{
    bool more = true;

    for (int i = 0; more && i < internet_address_list_length(list); i++) {
        InternetAddress *one = internet_address_list_get_address(list, i);

        if (INTERNET_ADDRESS_IS_GROUP(one)) {
            InternetAddressList *members = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one));

            if (members != NULL)
                add_list(r, members, out);
        } else if (INTERNET_ADDRESS_IS_MAILBOX(one)) {
            more = add_address(r, copied(r->a, internet_address_get_name(one)),
                               copied(r->a, internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one))), out);
        }
    }
}

/* What looks like addresses in a field that is none: words with an @, without what stands around them. */
static void add_words(struct reading *r, struct str value, struct mime_addresses *out)
{
    bool more = true;

    while (more && value.len > 0) {
        size_t n = 0;

        while (n < value.len && strchr(" \t,;<>()\"", value.at[n]) == NULL)
            n++;
        more = add_address(r, STR(""), (struct str){value.at, n}, out);
        n += n < value.len ? 1 : 0;
        value = (struct str){value.at + n, value.len - n};
    }
}

/* Behind what the character at i opens: a quote, a comment, a bracket. */
static size_t closed_at(struct str s, size_t i)
{
    static const char open[] = "\"<[(", close[] = "\">])";
    char end = close[strchr(open, s.at[i]) - open];
    unsigned comments = 1;

    while (++i < s.len && comments > 0) {
        if (s.at[i] == '\\')
            i++;
        else if (end == ')' && s.at[i] == '(')
            comments++;
        else if (s.at[i] == end)
            comments--;
    }
    return i;
}

/* What stands before the next comma or end of a group. GMime knows the name of a group before a mailbox. */
static struct str next_mailbox(struct str *rest)
{
    struct str s = *rest;
    size_t i = 0;

    while (i < s.len && s.at[i] != ',' && s.at[i] != ';')
        i = strchr("\"<[(", s.at[i]) != NULL ? closed_at(s, i) : i + 1;
    i = i < s.len ? i : s.len;
    s.len = i;
    i += i < rest->len ? 1 : 0;
    *rest = (struct str){rest->at + i, rest->len - i};
    return str_trim(s);
}

/* GMime's own way through a list takes a time that grows with its square, so it sees one mailbox at a time. */
void mime_decode_addresses(struct reading *r, struct str value, struct mime_addresses *out)
{
    size_t before = out->count;
    struct str rest = value;

    for (size_t i = 0; rest.len > 0; i++) {
        struct str box = next_mailbox(&rest);
        bool odd = i >= MAILBOXES_MAX || box.len > MAILBOX_BYTES_MAX;
        InternetAddressList *list = NULL;

        if (odd)
            r->cut |= MIME_CUT_LIST;
        else if (box.len > 0)
            list = internet_address_list_parse(NULL, str_copy(r->a, box));
        if (list != NULL) {
            add_list(r, list, out);
            g_object_unref(list);
        }
    }
    if (out->count == before)
        add_words(r, value, out);
}

bool mime_decode_date(struct arena *a, struct str value, int64_t *ms)
{
    GDateTime *t = value.len == 0 ? NULL : g_mime_utils_header_decode_date(str_copy(a, value));

    if (t == NULL)
        return false;
    *ms = g_date_time_to_unix(t) * 1000;
    g_date_time_unref(t);
    return true;
}

/* ---- bodies ---- */

static bool is_encoded(int encoding)
{
    return encoding == GMIME_CONTENT_ENCODING_BASE64 || encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
           encoding == GMIME_CONTENT_ENCODING_UUENCODE;
}

/* Behind the line "begin 644 name", which is not part of what is encoded. */
static struct str behind_begin(struct str s)
{
    for (struct str rest = s, line; rest.len > 0;) {
        line = str_cut(&rest, '\n');
        if (str_starts(line, "begin ") && rest.at != NULL)
            return rest;
    }
    return s;
}

/* As mime_part_each(); r may be NULL where there is no deadline. */
static enum err each(struct reading *r, struct str encoded, int encoding, mime_take_fn *take, void *arg)
{
    GMimeEncoding state;
    enum err e = ERR_OK;
    char *piece = NULL;

    if (encoding == GMIME_CONTENT_ENCODING_UUENCODE)
        encoded = behind_begin(encoded);
    if (is_encoded(encoding)) {
        g_mime_encoding_init_decode(&state, (GMimeContentEncoding)encoding);
        piece = g_malloc(g_mime_encoding_outlen(&state, MIME_PIECE_BYTES));
    }
    while (e == ERR_OK && encoded.len > 0 && (r == NULL || !mime_late(r))) {
        size_t n = encoded.len < MIME_PIECE_BYTES ? encoded.len : MIME_PIECE_BYTES;
        struct str bytes = {encoded.at, n};

        if (piece != NULL)
            bytes = (struct str){piece, g_mime_encoding_step(&state, encoded.at, n, piece)};
        encoded = (struct str){encoded.at + n, encoded.len - n};
        e = bytes.len > 0 ? take(arg, bytes) : ERR_OK;
    }
    if (e == ERR_OK && piece != NULL && encoded.len == 0) {
        size_t n = g_mime_encoding_flush(&state, "", 0, piece);

        e = n > 0 ? take(arg, (struct str){piece, n}) : ERR_OK;
    }
    g_free(piece);
    return e;
}

enum err mime_part_each(const struct mime_part *p, mime_take_fn *take, void *arg)
{
    return each(NULL, p->encoded, p->encoding, take, arg);
}

struct gathered {
    struct buf bytes;
    size_t max;
};

static enum err gather(void *arg, struct str piece)
{
    struct gathered *g = arg;
    size_t room = g->max - g->bytes.len;

    buf_add(&g->bytes, piece.at, piece.len < room ? piece.len : room);
    return piece.len > room ? ERR_LARGE : ERR_OK;
}

static struct str gathered_in(struct arena *a, struct gathered *g)
{
    struct str s = {arena_copy(a, buf_view(&g->bytes).at, g->bytes.len), g->bytes.len};

    buf_free(&g->bytes);
    return s;
}

struct str mime_part_bytes(struct arena *a, const struct mime_part *p)
{
    struct gathered g = {{0}, SIZE_MAX};

    if (!is_encoded(p->encoding))
        return p->encoded;
    (void)mime_part_each(p, gather, &g);
    return gathered_in(a, &g);
}

struct str mime_decode_body(struct reading *r, const struct entity *e, size_t max)
{
    struct gathered g = {{0}, max};

    if (!is_encoded(e->encoding)) {
        if (e->body.len > max)
            r->cut |= MIME_CUT_TEXT;
        return (struct str){e->body.at, e->body.len < max ? e->body.len : max};
    }
    if (each(r, e->body, e->encoding, gather, &g) == ERR_LARGE)
        r->cut |= MIME_CUT_TEXT;
    return gathered_in(r->a, &g);
}
