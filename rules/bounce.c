#include "rules/bounce.h"

#include <assert.h>

static const char *const words[] = {
#define X(name, word) [BOUNCE_##name] = word,
    BOUNCE_LIST(X)
#undef X
};

const char *bounce_word(enum bounce b)
{
    assert((unsigned)b < BOUNCES);
    return words[b];
}

enum bounce bounce_parse(struct str word)
{
    for (int i = 0; i < BOUNCES; i++)
        if (str_is(word, words[i]))
            return (enum bounce)i;
    return BOUNCE_NOTHING;
}

/* "5.1.1": class.subject.detail, one to three digits each. */
struct status {
    int64_t class, subject, detail;
};

static bool status_parse(struct str s, struct status *out)
{
    struct str class = str_cut(&s, '.'), subject = str_cut(&s, '.');

    return class.len == 1 && subject.len <= 3 && s.len <= 3 && str_number(class, &out->class) &&
           str_number(subject, &out->subject) && str_number(s, &out->detail);
}

/* U2, by subject: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy. */
static enum bounce by_status(const struct status *s)
{
    if (s->class != 5)
        return BOUNCE_RETURNED;
    switch (s->subject) {
    case 0:
    case 1:
        return s->detail == 7 || s->detail == 8 ? BOUNCE_RETURNED
                                                : BOUNCE_DEAD; /* 5.1.7 and .8: the sender's address */
    case 2:
        return s->detail == 2 || s->detail == 3 ? BOUNCE_RETURNED : BOUNCE_DEAD; /* full; too large for it */
    case 4:
        return s->detail == 1 || s->detail == 4 ? BOUNCE_DEAD : BOUNCE_RETURNED; /* no such host, or nobody there */
    default:
        return BOUNCE_RETURNED;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 5321 4.2.3: 550 no such mailbox, 551 not here, 553 not a mailbox's name. */
static enum bounce by_reply(struct str why)
{
    struct str s = str_trim(why);
    struct str code = {s.at, s.len < 3 ? 0 : 3};

    if (s.len > 3 && is_digit(s.at[3]))
        return BOUNCE_RETURNED;
    return str_is(code, "550") || str_is(code, "551") || str_is(code, "553") ? BOUNCE_DEAD : BOUNCE_RETURNED;
}

enum bounce bounce_judge(struct str action, struct str status, struct str why)
{
    struct status s;

    if (!str_equal_nocase(action, STR("failed")))
        return BOUNCE_NOTHING;
    if (status_parse(status, &s))
        return by_status(&s);
    return by_reply(why);
}
