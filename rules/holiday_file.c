#include "rules/holiday_file.h"

#include "rules/base/arena.h"
#include "rules/holiday_rule.h"

#include <string.h>

enum { DEPTH_MAX = 8 };
enum component { CALENDAR, EVENT, OTHER };

struct reader {
    struct arena *a;
    struct str left;
    int line; /* of left */
    /* One line, unfolded (3.1), and the line on which it begins. */
    int at;
    char text[HOLIDAY_FILE_LINE_MAX];
    size_t len;
    bool cut;
    /* What it stands in. */
    enum component inside[DEPTH_MAX];
    size_t depth;
    bool any; /* a calendar was there */
    struct holiday_event event;
    int event_line;
    /* What came of it. */
    int64_t day[HOLIDAY_FILE_DAYS_MAX];
    struct holiday_yearly rule[HOLIDAY_FILE_YEARLY_MAX];
    size_t days, yearly;
};

static void take(struct reader *r, size_t n)
{
    r->left.at += n;
    r->left.len -= n;
}

/* A line as it stands in the file, to the end of what is unfolded. */
static void add_line(struct reader *r)
{
    const char *end = memchr(r->left.at, '\n', r->left.len);
    size_t n = end == NULL ? r->left.len : (size_t)(end - r->left.at);
    size_t kept = n > 0 && r->left.at[n - 1] == '\r' ? n - 1 : n;

    if (kept > sizeof r->text - r->len) {
        kept = sizeof r->text - r->len;
        r->cut = true;
    }
    memcpy(r->text + r->len, r->left.at, kept);
    r->len += kept;
    take(r, end == NULL ? n : n + 1);
    r->line++;
}

static bool next_line(struct reader *r)
{
    if (r->left.len == 0)
        return false;
    r->at = r->line;
    r->len = 0;
    r->cut = false;
    add_line(r);
    while (r->left.len > 0 && (r->left.at[0] == ' ' || r->left.at[0] == '\t')) {
        take(r, 1);
        add_line(r);
    }
    return true;
}

/* NAME;PARAMETER="a:b":VALUE; a cut line may have lost its value. */
static bool split(const struct reader *r, struct str *name, struct str *value)
{
    struct str head = {r->text, 0};
    bool quoted = false;

    while (head.len < r->len && (quoted || r->text[head.len] != ':'))
        quoted ^= r->text[head.len++] == '"';
    *value = (struct str){r->text + head.len, 0};
    if (head.len < r->len)
        *value = str_trim((struct str){r->text + head.len + 1, r->len - head.len - 1});
    else if (!r->cut)
        return false;
    *name = str_cut(&head, ';');
    return true;
}

static const char *begin(struct reader *r, struct str value)
{
    bool calendar = str_equal_nocase(value, STR("VCALENDAR")), event = str_equal_nocase(value, STR("VEVENT"));

    if (calendar != (r->depth == 0) || (event && r->depth != 1))
        return "BEGIN does not fit here: a file is VCALENDAR, with VEVENT in it";
    if (r->depth == DEPTH_MAX)
        return "more than 8 components inside each other";
    r->inside[r->depth++] = calendar ? CALENDAR : event ? EVENT : OTHER;
    r->any = true;
    if (event) {
        r->event = (struct holiday_event){0};
        r->event_line = r->at;
    }
    return NULL;
}

static bool excepted(const struct holiday_event *e, int64_t day)
{
    for (size_t i = 0; i < e->excepts; i++)
        if (e->except[i] == day)
            return true;
    return false;
}

static const char *add_days(struct reader *r, int days)
{
    if (excepted(&r->event, r->event.start))
        return NULL;
    for (int i = 0; i < days; i++) {
        if (r->days == HOLIDAY_FILE_DAYS_MAX)
            return "more than 1024 days in a file";
        r->day[r->days++] = r->event.start + i;
    }
    return NULL;
}

static const char *add_yearly(struct reader *r, struct holiday_yearly h)
{
    if (r->yearly == HOLIDAY_FILE_YEARLY_MAX)
        return "more than 256 events that come back in a file";
    if (h.excepts > 0)
        h.except = memcpy(arena_array(r->a, int64_t, h.excepts), h.except, h.excepts * sizeof *h.except);
    r->rule[r->yearly++] = h;
    return NULL;
}

static const char *end_event(struct reader *r)
{
    struct holiday_yearly h;
    int days;
    const char *why = holiday_event_end(&r->event, &days, &h);

    if (why == NULL && !r->event.cancelled)
        why = r->event.recurs ? add_yearly(r, h) : add_days(r, days);
    /* It is the event as a whole that is wrong. */
    if (why != NULL)
        r->at = r->event_line;
    return why;
}

static const char *end(struct reader *r, struct str value)
{
    bool calendar = str_equal_nocase(value, STR("VCALENDAR")), event = str_equal_nocase(value, STR("VEVENT"));
    enum component what = calendar ? CALENDAR : event ? EVENT : OTHER;

    if (r->depth == 0 || r->inside[r->depth - 1] != what)
        return "END does not fit its BEGIN";
    r->depth--;
    return event ? end_event(r) : NULL;
}

static const char *line(struct reader *r)
{
    struct str name, value;

    if (r->len == 0)
        return NULL;
    if (!split(r, &name, &value))
        return "a line must be NAME:VALUE, or begin with a space where it goes on";
    if (r->depth == 0 && !str_equal_nocase(name, STR("BEGIN")))
        return "a calendar file begins with BEGIN:VCALENDAR";
    if (str_equal_nocase(name, STR("BEGIN")))
        return begin(r, value);
    if (str_equal_nocase(name, STR("END")))
        return end(r, value);
    if (r->inside[r->depth - 1] != EVENT || !holiday_event_asks(name))
        return NULL;
    return r->cut ? "the line is longer than 2048 bytes" : holiday_event_property(&r->event, name, value);
}

static const char *read_all(struct reader *r)
{
    if (str_starts(r->left, "\xEF\xBB\xBF"))
        take(r, 3);
    while (next_line(r)) {
        const char *why = line(r);

        if (why != NULL)
            return why;
    }
    if (!r->any || r->depth > 0)
        return "the file ends before END:VCALENDAR";
    return r->days + r->yearly == 0 ? "there is no holiday in it" : NULL;
}

static const void *keep(struct arena *a, const void *list, size_t bytes)
{
    return bytes == 0 ? NULL : arena_copy(a, list, bytes);
}

enum err holiday_file_parse(struct holiday_file *out, struct arena *a, struct str bytes, struct holiday_fault *fault)
{
    if (bytes.len > HOLIDAY_FILE_BYTES_MAX) {
        *fault = (struct holiday_fault){1, "larger than 1048576 bytes"};
        return ERR_SYNTAX;
    }

    struct arena *scratch = arena_open(sizeof(struct reader));
    struct reader *r = arena_new(scratch, struct reader);

    r->a = a;
    r->left = bytes;
    r->line = r->at = 1;

    const char *why = read_all(r);

    if (why == NULL)
        *out = (struct holiday_file){r->days, r->yearly, keep(a, r->day, r->days * sizeof r->day[0]),
                                     keep(a, r->rule, r->yearly * sizeof r->rule[0])};
    else
        *fault = (struct holiday_fault){r->at, why};
    arena_close(scratch);
    return why == NULL ? ERR_OK : ERR_SYNTAX;
}
