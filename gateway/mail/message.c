#include "gateway/mail/message.h"

#include "gateway/mail/encode.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"

#include <string.h>

/* Can stand in no encoded part (E4), and so in none of ours. */
#define BOUNDARY "=_alternative"

enum { LOCAL_BYTES_MAX = 64, LABEL_BYTES_MAX = 63, LANGUAGE_BYTES_MAX = 35, PHRASE_PLAIN_MAX = 48 };

static bool letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool any_byte(struct str s, bool (*is)(unsigned char c))
{
    for (size_t i = 0; i < s.len; i++)
        if (is((unsigned char)s.at[i]))
            return true;
    return false;
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7F;
}

static bool is_beyond_ascii(unsigned char c)
{
    return c >= 0x80;
}

static bool has_c1_control(struct str s)
{
    for (size_t i = 0; i + 1 < s.len; i++)
        if ((unsigned char)s.at[i] == 0xC2 && (unsigned char)s.at[i + 1] < 0xA0)
            return true;
    return false;
}

static bool local_part(struct str s, bool *utf8)
{
    *utf8 = any_byte(s, is_beyond_ascii);
    if (s.len == 0 || s.len > LOCAL_BYTES_MAX || !text_utf8_valid(s) || has_c1_control(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == ' ' || is_control((unsigned char)s.at[i]) || strchr("\"(),:;<>@[\\]", s.at[i]) != NULL)
            return false;
    return true;
}

static bool domain(struct str s)
{
    while (s.at != NULL) {
        struct str label = str_cut(&s, '.');

        if (label.len == 0 || label.len > LABEL_BYTES_MAX || label.at[0] == '-' || label.at[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!letter_or_digit(label.at[i]) && label.at[i] != '-')
                return false;
    }
    return true;
}

bool message_address(struct str address, bool *utf8)
{
    struct str rest = address;
    struct str local = str_cut(&rest, '@');

    *utf8 = false;
    return address.len <= MESSAGE_ADDRESS_BYTES_MAX && rest.len > 0 && local_part(local, utf8) && domain(rest);
}

bool message_id_valid(struct str id)
{
    size_t ats = 0;

    if (id.len < 5 || id.len > MESSAGE_ID_BYTES_MAX || id.at[0] != '<' || id.at[id.len - 1] != '>')
        return false;
    for (size_t i = 1; i + 1 < id.len; i++) {
        if (id.at[i] <= ' ' || id.at[i] >= 0x7F || id.at[i] == '<' || id.at[i] == '>')
            return false;
        ats += id.at[i] == '@';
    }
    return ats == 1 && id.at[1] != '@' && id.at[id.len - 2] != '@';
}

/* Ids with one space between them. */
static bool references(struct str s)
{
    size_t n = 0;

    while (s.at != NULL)
        if (!message_id_valid(str_cut(&s, ' ')) || ++n > MESSAGE_REFERENCES_MAX)
            return false;
    return true;
}

static bool header_text(struct str s, size_t bytes_max)
{
    return s.len <= bytes_max && !any_byte(s, is_control) && text_utf8_valid(s) && !has_c1_control(s);
}

static bool ascii_address(struct str s)
{
    bool utf8;

    return message_address(s, &utf8) && !utf8;
}

static bool language(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!letter_or_digit(s.at[i]) && s.at[i] != '-')
            return false;
    return s.len <= LANGUAGE_BYTES_MAX;
}

static bool body(struct str s)
{
    return s.len <= MESSAGE_BODY_BYTES_MAX && text_utf8_valid(s);
}

/* The name of the first field that cannot be sent, NULL where all can. */
static const char *bad_field(const struct mail *m, bool *utf8)
{
    const struct {
        bool good;
        const char *name;
    } fields[] = {
        {message_address(m->to.address, utf8), "to address"},
        {header_text(m->to.name, MESSAGE_NAME_BYTES_MAX), "to name"},
        {ascii_address(m->from.address), "from address"},
        {header_text(m->from.name, MESSAGE_NAME_BYTES_MAX), "from name"},
        {m->reply_to.address.len == 0 || ascii_address(m->reply_to.address), "reply-to address"},
        {header_text(m->reply_to.name, MESSAGE_NAME_BYTES_MAX), "reply-to name"},
        {m->return_path.len == 0 || ascii_address(m->return_path), "return path"},
        {header_text(m->subject, MESSAGE_SUBJECT_BYTES_MAX), "subject"},
        {message_id_valid(m->message_id), "message id"},
        {m->in_reply_to.len == 0 || message_id_valid(m->in_reply_to), "in-reply-to"},
        {m->references.len == 0 || references(m->references), "references"},
        {language(m->language), "language"},
        {body(m->text), "text"},
        {body(m->html), "html"},
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (!fields[i].good)
            return fields[i].name;
    return NULL;
}

static bool plain_words(struct str s)
{
    size_t word = 0;

    if (any_byte(s, is_beyond_ascii) || s.len == 0 || s.at[0] == ' ' || s.at[s.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '=' && i + 1 < s.len && s.at[i + 1] == '?')
            return false; /* would be read as an encoded word */
        if (s.at[i] == ' ' && word == 0)
            return false; /* a run of spaces does not survive folding everywhere */
        word = s.at[i] == ' ' ? 0 : word + 1;
        if (word > ENCODE_LINE_MAX / 2)
            return false;
    }
    return true;
}

static void add_folded(struct buf *b, size_t column, struct str words)
{
    for (bool first = true; words.at != NULL; first = false) {
        struct str word = str_cut(&words, ' ');

        if (!first && column + 1 + word.len > ENCODE_LINE_MAX) {
            buf_text(b, "\r\n");
            column = 0;
        }
        if (!first)
            buf_char(b, ' '), column++;
        buf_str(b, word);
        column += word.len;
    }
}

static void add_subject(struct buf *b, struct str subject)
{
    size_t column = strlen("Subject: ");

    buf_text(b, "Subject: ");
    if (plain_words(subject))
        add_folded(b, column, subject);
    else
        encode_words(b, &column, subject);
    buf_text(b, "\r\n");
}

static bool atoms_only(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!letter_or_digit(s.at[i]) && strchr(" !#$%&'*+-/=?^_`{|}~", s.at[i]) == NULL)
            return false;
    return true;
}

static void add_phrase(struct buf *b, size_t *column, struct str name)
{
    if (!plain_words(name) || name.len > PHRASE_PLAIN_MAX) {
        encode_words(b, column, name);
        return;
    }

    size_t before = b->len;
    bool quote = !atoms_only(name);

    if (quote)
        buf_char(b, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '"' || name.at[i] == '\\')
            buf_char(b, '\\');
        buf_char(b, name.at[i]);
    }
    if (quote)
        buf_char(b, '"');
    *column += b->len - before;
}

static void add_party(struct buf *b, const char *header, const struct mail_party *p)
{
    size_t column = strlen(header) + 2;

    buf_printf(b, "%s: ", header);
    if (p->name.len > 0) {
        add_phrase(b, &column, p->name);
        buf_text(b, column + p->address.len + 3 > ENCODE_LINE_MAX ? "\r\n <" : " <");
        buf_str(b, p->address);
        buf_text(b, ">\r\n");
    } else {
        buf_str(b, p->address);
        buf_text(b, "\r\n");
    }
}

static void add_date(struct buf *b, int64_t time_ms)
{
    static const char days_of_week[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t seconds = time_ms / 1000, days = seconds / 86400, rest = seconds % 86400;
    int year, month, day;

    stamp_civil(days, &year, &month, &day);
    buf_printf(b, "Date: %.3s, %d %.3s %04d %02d:%02d:%02d +0000\r\n", days_of_week + days % 7 * 3, day,
               months + (month - 1) * 3, year, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

static void add_line(struct buf *b, const char *header, struct str value)
{
    buf_printf(b, "%s: %.*s\r\n", header, (int)value.len, value.at);
}

/* One id a line: ours alone are as long as a line should be. */
static void add_references(struct buf *b, struct str ids)
{
    buf_text(b, "References:");
    for (bool first = true; ids.at != NULL; first = false) {
        buf_text(b, first ? " " : "\r\n ");
        buf_str(b, str_cut(&ids, ' '));
    }
    buf_text(b, "\r\n");
}

static void add_headers(struct buf *b, const struct mail *m)
{
    add_date(b, m->made_ms);
    add_party(b, "From", &m->from);
    add_party(b, "To", &m->to);
    if (m->reply_to.address.len > 0)
        add_party(b, "Reply-To", &m->reply_to);
    add_subject(b, m->subject);
    add_line(b, "Message-ID", m->message_id);
    if (m->in_reply_to.len > 0)
        add_line(b, "In-Reply-To", m->in_reply_to);
    if (m->references.len > 0)
        add_references(b, m->references);
    else if (m->in_reply_to.len > 0)
        add_line(b, "References", m->in_reply_to);
    if (m->author != MAIL_BY_PERSON) {
        buf_printf(b, "Auto-Submitted: %s\r\n", m->author == MAIL_REPLIED ? "auto-replied" : "auto-generated");
        buf_text(b, "X-Auto-Response-Suppress: All\r\n");
    }
    if (m->language.len > 0)
        add_line(b, "Content-Language", m->language);
    buf_text(b, "MIME-Version: 1.0\r\n");
}

static void add_part(struct buf *b, const char *type, struct str text)
{
    struct buf encoded = {0};
    const char *encoding = encode_body(&encoded, text);

    buf_printf(b, "Content-Type: %s; charset=UTF-8\r\nContent-Transfer-Encoding: %s\r\n\r\n", type, encoding);
    buf_str(b, buf_view(&encoded));
    buf_free(&encoded);
}

static void add_parts(struct buf *b, const struct mail *m)
{
    if (m->html.len == 0) {
        add_part(b, "text/plain", m->text);
        return;
    }
    buf_text(b, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n--" BOUNDARY "\r\n");
    add_part(b, "text/plain", m->text);
    buf_text(b, "\r\n--" BOUNDARY "\r\n");
    add_part(b, "text/html", m->html);
    buf_text(b, "\r\n--" BOUNDARY "--\r\n");
}

enum err message_build(struct wire_message *out, const struct mail *m, struct arena *a, const char **why)
{
    struct buf b = {0};
    bool utf8 = false;
    const char *bad = bad_field(m, &utf8);

    if (bad != NULL) {
        *why = bad;
        return ERR_INPUT;
    }
    add_headers(&b, m);
    add_parts(&b, m);
    *out = (struct wire_message){{str_copy(a, buf_view(&b)), b.len}, utf8};
    buf_free(&b);
    return ERR_OK;
}
