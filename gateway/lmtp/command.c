#include "gateway/lmtp/command.h"

#include "gateway/lmtp/dialogue.h"

static const struct {
    const char *word;
    enum command verb;
} verbs[] = {
    {"LHLO", COMMAND_LHLO}, {"MAIL", COMMAND_MAIL},          {"RCPT", COMMAND_RCPT},          {"DATA", COMMAND_DATA},
    {"RSET", COMMAND_RSET}, {"NOOP", COMMAND_NOOP},          {"VRFY", COMMAND_VRFY},          {"HELP", COMMAND_HELP},
    {"QUIT", COMMAND_QUIT}, {"HELO", COMMAND_HELLO_OF_SMTP}, {"EHLO", COMMAND_HELLO_OF_SMTP},
};

enum command command_verb(struct str line, struct str *rest)
{
    struct str word = str_cut(&line, ' ');

    *rest = str_trim(line);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (str_equal_nocase(word, str_of(verbs[i].word)))
            return verbs[i].verb;
    return COMMAND_UNKNOWN;
}

/* Behind the word and its colon; some clients put spaces there. */
static bool cut_word(struct str *s, struct str word)
{
    if (s->len < word.len || !str_equal_nocase((struct str){s->at, word.len}, word))
        return false;
    *s = str_trim((struct str){s->at + word.len, s->len - word.len});
    return true;
}

/* Where the bracket closes, outside of quotes; s.len where it does not. */
static size_t closing_bracket(struct str s)
{
    bool quoted = false;

    for (size_t i = 1; i < s.len; i++) {
        if (quoted && s.at[i] == '\\')
            i++;
        else if (s.at[i] == '"')
            quoted = !quoted;
        else if (s.at[i] == '>' && !quoted)
            return i;
    }
    return s.len;
}

/* RFC 5321 4.1.1.3: a route in front of the address is accepted, and means nothing. */
static struct str without_route(struct str path)
{
    if (path.len > 0 && path.at[0] == '@')
        for (size_t i = 0; i < path.len; i++)
            if (path.at[i] == ':')
                return (struct str){path.at + i + 1, path.len - i - 1};
    return path;
}

/* An address of a form that can be kept and compared: what it says is judged elsewhere. */
static bool address_fits(struct str s)
{
    size_t at = s.len;
    bool quoted = s.len > 0 && s.at[0] == '"';

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c < 0x20 || c == 0x7F || (c == ' ' && !quoted))
            return false;
        if (c == '@')
            at = i;
    }
    return at > 0 && at + 1 < s.len;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] >= 0x80)
            return false;
    return true;
}

/* "<address> rest". *rest begins at a word. */
static bool cut_path(struct str *rest, struct str *address)
{
    size_t end = rest->len > 0 && rest->at[0] == '<' ? closing_bracket(*rest) : rest->len;

    if (end == rest->len || end >= LMTP_PATH_MAX)
        return false;
    *address = without_route((struct str){rest->at + 1, end - 1});
    *rest = (struct str){rest->at + end + 1, rest->len - end - 1};
    if (rest->len > 0 && rest->at[0] != ' ')
        return false;
    *rest = str_trim(*rest);
    return true;
}

/* One parameter of MAIL. False where we did not offer it. */
static bool take_parameter(struct str word, struct command_path *out)
{
    struct str value = word, name = str_cut(&value, '=');
    int64_t n;

    if (str_equal_nocase(name, STR("SMTPUTF8")) && value.at == NULL) {
        out->utf8 = true;
        return true;
    }
    if (str_equal_nocase(name, STR("BODY")))
        return str_equal_nocase(value, STR("7BIT")) || str_equal_nocase(value, STR("8BITMIME"));
    if (!str_equal_nocase(name, STR("SIZE")) || !str_number(value, &n))
        return false;
    out->size = (size_t)n;
    return true;
}

const char *command_mail(struct str rest, struct command_path *out)
{
    *out = (struct command_path){0};
    if (!cut_word(&rest, STR("FROM:")) || !cut_path(&rest, &out->address))
        return "501 5.5.4 MAIL wants FROM:<address>";
    while (rest.len > 0) {
        struct str word = str_cut(&rest, ' ');

        rest = str_trim(rest);
        if (!take_parameter(word, out))
            return "555 5.5.4 a parameter of MAIL is not known or not usable";
    }
    if (out->address.len > 0 && !address_fits(out->address))
        return "501 5.1.7 the sender is no address";
    if (!text_utf8_valid(out->address) || (!out->utf8 && !is_ascii(out->address)))
        return "553 5.6.7 an address outside ASCII wants SMTPUTF8 and UTF-8";
    return NULL;
}

const char *command_rcpt(struct str rest, bool utf8, struct command_path *out)
{
    *out = (struct command_path){0};
    if (!cut_word(&rest, STR("TO:")) || !cut_path(&rest, &out->address))
        return "501 5.5.4 RCPT wants TO:<address>";
    if (rest.len > 0)
        return "555 5.5.4 a parameter of RCPT is not known";
    if (!text_utf8_valid(out->address) || (!utf8 && !is_ascii(out->address)))
        return "553 5.6.7 an address outside ASCII wants SMTPUTF8 and UTF-8";
    return address_fits(out->address) ? NULL : "501 5.1.3 the recipient is no address";
}
