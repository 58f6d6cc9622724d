/* quote_mail.c - other people's mails inside of a mail. */
#include "rules/quote_parts.h"
#include "rules/quote_words.h"

#include <string.h>

enum {
    ATTRIBUTION_LINES_MAX = 4, /* "On Monday," "Ann Example" "<ann@example.org>" "wrote:" */
    HEADER_LINES_MAX = 14,     /* of a block by Outlook, with long lists of recipients */
    HEADER_GAP_MAX = 2,        /* lines in it that go on with one, or are empty */
    HEADER_NAME_BYTES_MAX = 40,
};

/* ---- "On Monday, Ann wrote:" ---- */

/* Without its colon; false where it has none. */
static bool cut_colon(struct str *s)
{
    *s = quote_plain(*s);
    if (s->len > 0 && s->at[s->len - 1] == ':')
        *s = quote_trim((struct str){s->at, s->len - 1});
    else if (quote_ends(*s, "："))
        *s = quote_trim((struct str){s->at, s->len - strlen("：")});
    else
        return false;
    return true;
}

/* A time, a year, or a date in figures. */
static bool has_date(struct str s)
{
    for (size_t i = 0; i + 2 < s.len; i++) {
        if (!quote_digit(s.at[i]))
            continue;
        if (quote_digit(s.at[i + 2]) &&
            (s.at[i + 1] == ':' || s.at[i + 1] == '.' || s.at[i + 1] == '/' || s.at[i + 1] == '-'))
            return true;
        if (i + 3 < s.len && (strncmp(s.at + i, "19", 2) == 0 || strncmp(s.at + i, "20", 2) == 0) &&
            quote_digit(s.at[i + 2]) && quote_digit(s.at[i + 3]))
            return true;
    }
    return false;
}

static bool opens(struct str s)
{
    s = quote_plain(s);
    for (size_t i = 0; i < COUNT(openers); i++)
        if (str_starts(s, openers[i]))
            return has_date(s);
    return s.len > 0 && quote_digit(s.at[0]) && has_date(s);
}

static bool verb_last(struct str s)
{
    for (size_t i = 0; i < COUNT(verbs_last); i++)
        if (quote_ends(s, verbs_last[i]))
            return true;
    return false;
}

static bool verb_inside(struct str s)
{
    for (size_t i = 0; i < COUNT(verbs_inside); i++)
        if (memmem(s.at, s.len, verbs_inside[i], strlen(verbs_inside[i])) != NULL)
            return true;
    return false;
}

static bool ends_sentence(struct str s)
{
    return s.len > 0 && strchr(".!?:;", s.at[s.len - 1]) != NULL;
}

/* All of the lines together: is it said who wrote, and when or from where? */
static bool attributes(struct str s)
{
    bool address = quote_has_address(s), date = has_date(s);

    if (verb_last(s))
        return address || date;
    return date && (address || (verb_inside(s) && opens(s)));
}

/* Does an attribution end with line i? Then where it begins is in *from. */
static bool attribution(const struct lines *l, size_t i, size_t *from)
{
    struct str last = quote_line(l, i);
    size_t begin = i;

    if (l->at[i].look != LOOK_TEXT || last.len > QUOTE_LINE_BYTES_MAX || !cut_colon(&last))
        return false;
    while (!opens(quote_line(l, begin))) {
        struct str before = begin > 0 ? quote_line(l, begin - 1) : STR("");

        if (begin == 0 || l->at[begin - 1].look != LOOK_TEXT || before.len > QUOTE_LINE_BYTES_MAX ||
            ends_sentence(before) || i - begin + 1 >= ATTRIBUTION_LINES_MAX) {
            begin = i; /* it is all on this line, or it is none */
            break;
        }
        begin--;
    }
    *from = begin;

    const char *first = quote_line(l, begin).at;

    return attributes((struct str){first, (size_t)(last.at + last.len - first)});
}

/* ---- blocks of header fields ---- */

/* Where the colon of a field stands, and its bytes; s.len where there is none soon. */
static size_t colon_of(struct str s, size_t *bytes)
{
    static const char wide[] = "：";

    for (size_t n = 0; n < s.len && n < HEADER_NAME_BYTES_MAX; n++) {
        bool is_wide = s.len - n >= strlen(wide) && memcmp(s.at + n, wide, strlen(wide)) == 0;

        *bytes = is_wide ? strlen(wide) : 1;
        if (s.at[n] == ':' || is_wide)
            return n;
    }
    return s.len;
}

enum head_name quote_head(struct str line, struct str *value)
{
    struct str s = quote_plain(line), name;
    size_t bytes = 0, colon = colon_of(s, &bytes);

    if (colon == s.len)
        return HEAD_NONE;
    name = quote_plain(quote_trim((struct str){s.at, colon}));
    for (size_t i = 0; i < COUNT(head_names); i++)
        if (quote_is(name, head_names[i].name)) {
            *value = quote_plain(quote_trim(quote_skip(s, colon + bytes)));
            return head_names[i].kind;
        }
    return HEAD_NONE;
}

static enum head_name head_name(struct str line)
{
    struct str value;

    return quote_head(line, &value);
}

static bool is_listed(struct str s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (quote_begins(s, list[i]) > 0 && !quote_ends(s, "."))
            return true;
    return false;
}

/* What stands between two dashes or more; empty where there are none. */
static struct str between_dashes(struct str s)
{
    size_t dashes = 0;

    while (s.len > 0 && strchr("-_*=> ", s.at[0]) != NULL) {
        dashes += s.at[0] == '-' || s.at[0] == '_' ? 1 : 0;
        s = quote_skip(s, 1);
    }
    while (s.len > 0 && strchr("-_*=< ", s.at[s.len - 1]) != NULL)
        s.len--;
    return dashes >= 2 ? s : STR("");
}

bool quote_is_passed_on(struct str line)
{
    for (size_t i = 0; i < COUNT(forwards); i++)
        if (quote_is(line, forwards[i]))
            return true;
    return is_listed(between_dashes(line), passed_on, COUNT(passed_on));
}

/* "-----Original Message-----" */
static bool is_original(struct str line)
{
    return quote_is_passed_on(line) || is_listed(between_dashes(line), originals, COUNT(originals));
}

/* Does a block of fields begin at line i? ruled: something is drawn above it. */
static bool header_block(const struct lines *l, size_t i, bool ruled)
{
    unsigned seen = 0, kinds = 0, gap = 0;
    enum head_name first = quote_line(l, i).len <= QUOTE_LINE_BYTES_MAX ? head_name(quote_line(l, i)) : HEAD_NONE;

    if (first != HEAD_FROM && first != HEAD_DATE && first != HEAD_SUBJECT)
        return false;
    for (size_t k = i; k < l->n && k < i + HEADER_LINES_MAX && gap <= HEADER_GAP_MAX; k++) {
        struct str text = quote_line(l, k);
        enum head_name name =
            l->at[k].look == LOOK_TEXT && text.len <= QUOTE_LINE_BYTES_MAX ? head_name(text) : HEAD_NONE;

        gap = name == HEAD_NONE ? gap + 1 : 0;
        if (name != HEAD_NONE && name != HEAD_OTHER && (seen & 1U << name) == 0) {
            seen |= 1U << name;
            kinds++;
        }
    }
    return (seen & 1U << HEAD_FROM) != 0 && kinds >= (ruled ? 2U : 3U);
}

/* ---- quoted parts ---- */

/* Everything from line i on is another mail, with what is drawn above it. */
static void quote_rest(const struct lines *l, size_t i, size_t own_from)
{
    while (i > own_from && l->at[i - 1].look != LOOK_MARKED &&
           (l->at[i - 1].look == LOOK_BLANK || quote_is_rule(quote_line(l, i - 1))))
        i--;
    quote_mark(l, i, l->n, QUOTE_QUOTED);
}

void quote_find_mails(const struct lines *l)
{
    size_t own_from = 0, from, next;
    bool ruled = false;

    for (size_t i = 0; i < l->n; i++) {
        const struct line *line = &l->at[i];
        struct str words = quote_line(l, i);

        if (line->look == LOOK_MARKED) {
            l->at[i].kind = QUOTE_QUOTED;
            own_from = i + 1;
        } else if (line->look == LOOK_TEXT && words.len <= QUOTE_LINE_BYTES_MAX) {
            if (is_original(words) || header_block(l, i, ruled)) {
                quote_rest(l, i, own_from);
                return;
            }
            if (attribution(l, i, &from) && from >= own_from) {
                next = quote_behind_blank(l, i + 1);
                if (next < l->n && l->at[next].look != LOOK_MARKED)
                    next = l->n;
                quote_mark(l, from, next, QUOTE_QUOTED);
                i = next - 1;
                own_from = next;
            }
        }
        ruled = line->look == LOOK_BLANK ? ruled : line->look == LOOK_TEXT && quote_is_rule(words);
    }
}
