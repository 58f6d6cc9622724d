#include "gateway/http/head.h"

#include <string.h>

static const struct refusal fine = {0, NULL};
static const struct refusal bad = {400, "bad-request"};
static const struct refusal too_long = {431, "headers-too-large"};

/* RFC 9110 5.6.2 */
static bool token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!token_char((unsigned char)s.at[i]))
            return false;
    return s.len > 0;
}

/* RFC 9110 5.5: visible characters, blanks and what is above ASCII. */
static bool field_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

/* Cuts the next CRLF line; false for a bare LF, or where there is none. */
static bool next_line(struct str *rest, struct str *line)
{
    if (rest->len == 0 || memchr(rest->at, '\n', rest->len) == NULL)
        return false;
    *line = str_cut(rest, '\n');
    if (line->len == 0 || line->at[line->len - 1] != '\r')
        return false;
    line->len--;
    return true;
}

static bool visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] <= ' ' || s.at[i] == 0x7F)
            return false;
    return s.len > 0;
}

static bool request_line(struct head *h, struct str line)
{
    h->method = str_cut(&line, ' ');
    h->target = str_cut(&line, ' ');
    if (!token(h->method) || !visible(h->target))
        return false;
    h->minor = str_is(line, "HTTP/1.0") ? 0 : 1;
    return h->minor == 0 || str_is(line, "HTTP/1.1");
}

static struct str blanks_off(struct str s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s.at++, s.len--;
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool field_line(struct call_header *h, struct str line)
{
    if (memchr(line.at, ':', line.len) == NULL)
        return false;
    h->name = str_cut(&line, ':');
    h->value = blanks_off(line);
    if (!token(h->name) || !field_value(h->value))
        return false;
    for (char *p = (char *)h->name.at; p < h->name.at + h->name.len; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return true;
}

static bool digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return s.len > 0 && s.len < 19;
}

/* RFC 9110 4.2.1, generously: what a name or an address with a port is made of. */
static bool host(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!token_char((unsigned char)s.at[i]) && strchr(":[]()=,;", s.at[i]) == NULL)
            return false;
    return true;
}

/* D1: what says how long the message is, and for whom, may be said only once. */
static bool framing_is_plain(const struct head *h)
{
    int lengths = 0, codings = 0, hosts = 0;

    for (size_t i = 0; i < h->count; i++) {
        const struct call_header *f = &h->headers[i];

        if (str_is(f->name, "content-length")) {
            if (++lengths > 1 || !digits(f->value))
                return false;
        } else if (str_is(f->name, "transfer-encoding")) {
            if (++codings > 1 || !str_equal_nocase(f->value, STR("chunked")))
                return false;
        } else if (str_is(f->name, "host")) {
            if (++hosts > 1 || !host(f->value))
                return false;
        }
    }
    return lengths + codings <= 1 && (h->minor == 1 ? hosts == 1 : codings == 0);
}

/* Length of the head with its empty line, 0 where that is not within bytes_max. */
static size_t head_bytes(struct str raw, size_t bytes_max)
{
    size_t n = raw.len < bytes_max ? raw.len : bytes_max;
    const char *from = raw.at;

    for (const char *lf; (lf = memchr(from, '\n', (size_t)(raw.at + n - from))) != NULL; from = lf + 1) {
        size_t left = (size_t)(raw.at + n - lf) - 1;

        if (left >= 1 && lf[1] == '\n')
            return (size_t)(lf - raw.at) + 2;
        if (left >= 2 && lf[1] == '\r' && lf[2] == '\n')
            return (size_t)(lf - raw.at) + 3;
    }
    return 0;
}

static size_t count_lines(struct str s)
{
    size_t n = 0;

    for (const char *p = s.at; (p = memchr(p, '\n', s.len - (size_t)(p - s.at))) != NULL; p++)
        n++;
    return n;
}

struct refusal head_parse(struct head *out, struct arena *a, struct str raw)
{
    /* One empty line before the request is let through (RFC 9112 2.2); h2o does so, too. */
    if (raw.len >= 2 && raw.at[0] == '\r' && raw.at[1] == '\n')
        raw = (struct str){raw.at + 2, raw.len - 2};

    size_t len = head_bytes(raw, HEAD_BYTES_MAX);

    if (len == 0)
        return raw.len >= HEAD_BYTES_MAX ? too_long : bad;

    struct str rest = {arena_copy(a, raw.at, len), len}, line;

    if (count_lines(rest) - 2 > CALL_HEADERS_MAX)
        return too_long;
    *out = (struct head){.headers = arena_array(a, struct call_header, count_lines(rest))};
    if (!next_line(&rest, &line) || !request_line(out, line))
        return bad;
    while (rest.len > 2)
        if (!next_line(&rest, &line) || !field_line(&out->headers[out->count++], line))
            return bad;
    return str_is(rest, "\r\n") && framing_is_plain(out) ? fine : bad;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool decode(struct str raw, char *to, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.at[i];

        if (c <= ' ' || c >= 0x7F)
            return false;
        if (c == '%') {
            if (i + 2 >= raw.len || hex(raw.at[i + 1]) < 0 || hex(raw.at[i + 2]) < 0)
                return false;
            c = (char)(hex(raw.at[i + 1]) << 4 | hex(raw.at[i + 2]));
            i += 2;
            if (c == '\0' || c == '/')
                return false;
        }
        to[(*len)++] = c;
    }
    return true;
}

static bool has_dot_segment(struct str path)
{
    while (path.at != NULL) {
        struct str segment = str_cut(&path, '/');

        if (str_is(segment, ".") || str_is(segment, ".."))
            return true;
    }
    return false;
}

/* absolute-form must be understood (RFC 9112 3.2.2); what host it names is nothing to us. */
static struct str without_authority(struct str target)
{
    size_t scheme = target.len >= 8 && str_equal_nocase((struct str){target.at, 8}, STR("https://"))  ? 8
                    : target.len >= 7 && str_equal_nocase((struct str){target.at, 7}, STR("http://")) ? 7
                                                                                                      : 0;

    if (scheme == 0)
        return target;

    struct str rest = {target.at + scheme, target.len - scheme};
    const char *slash = memchr(rest.at, '/', rest.len);

    return slash == NULL ? (struct str){NULL, 0} : (struct str){slash, rest.len - (size_t)(slash - rest.at)};
}

struct refusal head_target(struct str target, struct arena *a, struct str *path, struct str *query)
{
    target = without_authority(target);
    if (target.len == 0 || target.at[0] != '/')
        return bad;

    struct str raw = str_cut(&target, '?');
    char *decoded = arena_take(a, raw.len + 1);
    size_t len;

    if (!decode(raw, decoded, &len) || has_dot_segment((struct str){decoded, len}))
        return bad;
    *path = (struct str){decoded, len};
    *query = target;
    return fine;
}
