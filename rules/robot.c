#include "rules/robot.h"

#include <assert.h>
#include <string.h>

static const char *const words[] = {
#define X(name, word) [ROBOT_##name] = word,
    ROBOT_LIST(X)
#undef X
};

const char *robot_word(enum robot r)
{
    assert((unsigned)r < ROBOTS);
    return words[r];
}

static bool is_one_of(struct str s, const char *const *list)
{
    for (; *list != NULL; list++)
        if (str_equal_nocase(s, str_of(*list)))
            return true;
    return false;
}

/* "auto-replied; owner-email=…" */
static bool submitted_by_robot(struct str value)
{
    struct str rest = value, word = str_trim(str_cut(&rest, ';'));

    return word.len > 0 && !str_equal_nocase(word, STR("no"));
}

static bool is_precedence(struct str value)
{
    static const char *const robots[] = {"bulk", "junk", "list", "auto_reply", NULL};

    return is_one_of(str_trim(value), robots);
}

/* DR, NDR, RN, NRN ask for no reports, which we never send. */
static bool suppresses(struct str list)
{
    static const char *const answers[] = {"all", "autoreply", "oof", NULL};

    while (list.at != NULL)
        if (is_one_of(str_trim(str_cut(&list, ',')), answers))
            return true;
    return false;
}

static bool ends_nocase(struct str s, struct str end)
{
    return s.len >= end.len && str_equal_nocase((struct str){s.at + s.len - end.len, end.len}, end);
}

static bool begins_nocase(struct str s, struct str start)
{
    return s.len >= start.len && str_equal_nocase((struct str){s.at, start.len}, start);
}

/* RFC 3834 §2: owner-…, …-request, MAILER-DAEMON. */
static bool is_daemon(struct str address)
{
    struct str rest = address, local = str_cut(&rest, '@');

    return str_equal_nocase(local, STR("mailer-daemon")) || begins_nocase(local, STR("owner-")) ||
           ends_nocase(local, STR("-request"));
}

enum robot robot_judge(const struct robot_signs *s)
{
    const struct {
        bool so;
        enum robot robot;
    } rows[] = {
        {s->own, ROBOT_OWN},
        {s->received > ROBOT_RECEIVED_MAX, ROBOT_CIRCLE},
        {s->report, ROBOT_REPORT},
        {s->return_path.len == 0, ROBOT_NULL_PATH},
        {submitted_by_robot(s->auto_submitted), ROBOT_AUTO_SUBMITTED},
        {is_precedence(s->precedence), ROBOT_PRECEDENCE},
        {suppresses(s->suppress), ROBOT_SUPPRESS},
        {s->list, ROBOT_MAILING_LIST},
        {is_daemon(s->return_path) || is_daemon(s->from), ROBOT_DAEMON},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].so)
            return rows[i].robot;
    return ROBOT_NONE;
}
