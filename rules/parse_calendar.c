/* calendar NAME { mon-fri 09:00-12:00 13:00-18:00  sat 10:00-14:00  tz Asia/Taipei
 *                 holiday 2026-12-25  holidays "tw.ics"  on 2026-12-24 09:00-12:00  on 2026-12-31 closed } */
#include "rules/parser.h"

#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/weekday.h"

#include <string.h>

enum { ZONES_MAX = 1024 }; /* looked at for the nearest name; zone.tab has 418 */

/* A calendar while its block is read. */
struct making {
    struct tree_calendar *t;
    int64_t holidays[CALENDAR_HOLIDAYS_MAX];
    struct holiday_yearly yearly[CALENDAR_YEARLY_MAX];
    struct calendar_exception exceptions[CALENDAR_EXCEPTIONS_MAX];
};

/* "mon", "mon-fri", "sat-mon": a bit for each day. */
static bool day_range(struct parser *p, unsigned *bits)
{
    if (parser_ended(p))
        return parser_expected(p, "days such as mon or mon-fri");
    if (!weekday_range(p->now.text, bits)) {
        parser_fault(p, "\"%.*s\" are not days: write mon, or mon-fri", SHOWN(p->now.text));
        parser_next(p);
        return false;
    }
    parser_next(p);
    return true;
}

static bool hours(struct parser *p, struct calendar_hours *out)
{
    struct str to = p->now.text, from = str_cut(&to, '-');

    if (!weekday_time(from, &out->from_s) || !weekday_time(to, &out->to_s)) {
        parser_fault(p, "\"%.*s\" are not hours: write 09:00-18:00", SHOWN(p->now.text));
        return false;
    }
    if (out->from_s >= out->to_s) {
        parser_fault(p, "%.*s ends before it begins: what is after 24:00 belongs to the next day", SHOWN(p->now.text));
        return false;
    }
    parser_next(p);
    return true;
}

static bool hours_begin(const struct parser *p)
{
    return !parser_ended(p) && p->now.kind == TOKEN_WORD && p->now.text.at[0] >= '0' && p->now.text.at[0] <= '9';
}

/* One or more, ascending. */
static bool day_hours(struct parser *p, struct calendar_day *out)
{
    if (!hours_begin(p))
        return parser_expected(p, "hours such as 09:00-18:00");
    while (hours_begin(p)) {
        struct calendar_hours h;

        if (!hours(p, &h))
            return false;
        if (out->n > 0 && h.from_s < out->hours[out->n - 1].to_s) {
            parser_fault(p, "the hours of a day overlap or are out of order");
            return false;
        }
        if (out->n == CALENDAR_SPANS_MAX) {
            parser_fault(p, "a day has at most %d times of work", CALENDAR_SPANS_MAX);
            return false;
        }
        out->hours[out->n++] = h;
    }
    return true;
}

static bool read_days(struct parser *p, void *into, size_t which)
{
    struct calendar *c = &((struct making *)into)->t->c;
    struct calendar_day day = {0};
    unsigned bits = 0;

    (void)which;
    do {
        if (!day_range(p, &bits))
            return false;
    } while (parser_take_mark(p, ","));

    int line = p->now.line;

    if (!day_hours(p, &day))
        return false;
    for (int d = 0; d < 7; d++) {
        if ((bits >> d & 1) == 0)
            continue;
        if (c->week[d].n > 0)
            faults_add(p->faults, line, "calendar \"%s\" has hours for %s already", c->name, weekday_name(d));
        c->week[d] = day;
    }
    return true;
}

/* "zone.tab" lists codes, coordinates and names, a tab between. */
static size_t zone_names(struct parser *p, struct str table, const char **names, size_t max)
{
    size_t n = 0;

    while (table.len > 0 && n < max) {
        struct str line = str_cut(&table, '\n');

        if (str_starts(line, "#"))
            continue;
        (void)str_cut(&line, '\t');
        (void)str_cut(&line, '\t');
        names[n++] = str_copy(p->rules->arena, str_trim(str_cut(&line, '\t')));
    }
    return n;
}

static void no_such_zone(struct parser *p, struct str name)
{
    const char *names[ZONES_MAX];
    struct buf table = {0};
    size_t n = 0;

    if (p->from->zones(p->from->zones_arg, "zone.tab", &table) == ERR_OK)
        n = zone_names(p, buf_view(&table), names, ZONES_MAX);
    parser_fault(p, "no time zone is called \"%.*s\"%s", SHOWN(name), faults_hint(name, names, n).at);
    buf_free(&table);
}

static bool load_zone(struct parser *p, struct str name, struct zone **out)
{
    struct buf bytes = {0};
    const char *why = NULL;
    enum err e = !zone_name_usable(name) ? ERR_ABSENT
                                         : p->from->zones(p->from->zones_arg, str_copy(p->rules->arena, name), &bytes);

    if (e == ERR_OK && zone_parse(out, p->rules->arena, buf_view(&bytes), &why) != ERR_OK)
        parser_fault(p, "time zone \"%.*s\": %s", SHOWN(name), why);
    else if (e == ERR_ABSENT)
        no_such_zone(p, name);
    else if (e != ERR_OK)
        parser_fault(p, "time zone \"%.*s\": %s", SHOWN(name), err_text(e));
    buf_free(&bytes);
    return e == ERR_OK && why == NULL;
}

static bool read_tz(struct parser *p, void *into, size_t which)
{
    struct calendar *c = &((struct making *)into)->t->c;
    struct zone *zone = NULL;

    (void)which;
    parser_next(p);
    if (parser_ended(p) || p->now.kind != TOKEN_WORD)
        return parser_expected(p, "a time zone such as Asia/Taipei");
    c->zone_name = str_copy(p->rules->arena, p->now.text);
    if (!str_is(p->now.text, "UTC") && !load_zone(p, p->now.text, &zone))
        return false;
    c->zone = zone;
    parser_next(p);
    return true;
}

/* Keeps the list ascending. False where the day is in it already. */
static bool add_holiday(struct making *m, int64_t day)
{
    size_t i = m->t->c.holiday_count;

    while (i > 0 && m->holidays[i - 1] > day)
        i--;
    if (i > 0 && m->holidays[i - 1] == day)
        return false;
    memmove(&m->holidays[i + 1], &m->holidays[i], (m->t->c.holiday_count - i) * sizeof m->holidays[0]);
    m->holidays[i] = day;
    m->t->c.holiday_count++;
    return true;
}

static bool day_here(struct parser *p, int64_t *day)
{
    if (stamp_parse_date(p->now.text, day))
        return true;
    parser_fault(p, "\"%.*s\" is not a day: write 2026-12-25", SHOWN(p->now.text));
    return false;
}

static bool read_holiday(struct parser *p, void *into, size_t which)
{
    struct making *m = into;
    bool any = false;

    (void)which;
    parser_next(p);
    for (; hours_begin(p); parser_next(p), any = true) {
        int64_t day;

        if (!day_here(p, &day))
            return false;
        if (m->t->c.holiday_count == CALENDAR_HOLIDAYS_MAX) {
            parser_fault(p, "a calendar has at most %d holidays", CALENDAR_HOLIDAYS_MAX);
            return false;
        }
        if (!add_holiday(m, day))
            parser_fault(p, "%.*s is a holiday of this calendar already", SHOWN(p->now.text));
    }
    return any || parser_expected(p, "a day such as 2026-12-25");
}

/* What several files say alike is one holiday. */
static bool add_file(struct parser *p, struct making *m, const struct holiday_file *f)
{
    struct calendar *c = &m->t->c;

    for (size_t i = 0; i < f->days; i++) {
        if (c->holiday_count == CALENDAR_HOLIDAYS_MAX) {
            parser_fault(p, "a calendar has at most %d holidays", CALENDAR_HOLIDAYS_MAX);
            return false;
        }
        (void)add_holiday(m, f->day[i]);
    }
    if (f->yearly > CALENDAR_YEARLY_MAX - c->yearly_count) {
        parser_fault(p, "a calendar has at most %d holidays that come back every year", CALENDAR_YEARLY_MAX);
        return false;
    }
    if (f->yearly > 0)
        memcpy(&m->yearly[c->yearly_count], f->rule, f->yearly * sizeof f->rule[0]);
    c->yearly_count += f->yearly;
    return true;
}

static bool read_files(struct parser *p, void *into, size_t which)
{
    bool any = false;

    (void)which;
    parser_next(p);
    for (; !parser_ended(p) && p->now.kind == TOKEN_STRING; any = true) {
        struct holiday_file f;

        if (!parser_holiday_file(p, &f) || !add_file(p, into, &f))
            return false;
    }
    return any || parser_expected(p, "a file in quotes such as \"tw.ics\"");
}

/* Keeps the list ascending. */
static bool add_exception(struct parser *p, struct making *m, int64_t day)
{
    size_t n = m->t->c.exception_count, i = n;

    if (n == CALENDAR_EXCEPTIONS_MAX) {
        parser_fault(p, "a calendar has at most %d days with hours of their own", CALENDAR_EXCEPTIONS_MAX);
        return false;
    }
    while (i > 0 && m->exceptions[i - 1].day > day)
        i--;
    if (i > 0 && m->exceptions[i - 1].day == day) {
        parser_fault(p, "%.*s has hours of its own in this calendar already", SHOWN(p->now.text));
        return false;
    }
    memmove(&m->exceptions[i + 1], &m->exceptions[i], (n - i) * sizeof m->exceptions[0]);
    m->exceptions[i] = (struct calendar_exception){.day = day};
    m->t->c.exception_count++;
    return true;
}

static bool is_date(const struct parser *p)
{
    return hours_begin(p) && memchr(p->now.text.at, ':', p->now.text.len) == NULL;
}

/* on DATE { DATE } ( closed | hours ) */
static bool read_on(struct parser *p, void *into, size_t which)
{
    struct making *m = into;
    int64_t named[CALENDAR_EXCEPTIONS_MAX];
    struct calendar_day own = {0};
    size_t n = 0;

    (void)which;
    parser_next(p);
    for (; is_date(p); parser_next(p)) {
        int64_t day;

        if (!day_here(p, &day) || !add_exception(p, m, day))
            return false;
        named[n++] = day;
    }
    if (n == 0)
        return parser_expected(p, "a day such as 2026-12-24");
    if (parser_take(p, "closed"))
        return true;
    if (!hours_begin(p))
        return parser_expected(p, "closed, or hours such as 09:00-12:00");
    if (!day_hours(p, &own))
        return false;
    for (size_t i = 0; i < m->t->c.exception_count; i++)
        for (size_t k = 0; k < n; k++)
            if (m->exceptions[i].day == named[k])
                m->exceptions[i].hours = own;
    return true;
}

static const struct parser_property properties[] = {
    {"tz", read_tz, .again = false},
    {"holiday", read_holiday, .again = true},
    {"holidays", read_files, .again = true},
    {"on", read_on, .again = true},
    {"mon", read_days, .again = true, .goes_on = true},
    {"tue", read_days, .again = true, .goes_on = true},
    {"wed", read_days, .again = true, .goes_on = true},
    {"thu", read_days, .again = true, .goes_on = true},
    {"fri", read_days, .again = true, .goes_on = true},
    {"sat", read_days, .again = true, .goes_on = true},
    {"sun", read_days, .again = true, .goes_on = true},
};

static const void *keep(struct parser *p, const void *list, size_t bytes)
{
    return bytes == 0 ? NULL : arena_copy(p->rules->arena, list, bytes);
}

static void complete(struct parser *p, const struct making *m, int line)
{
    struct calendar *c = &m->t->c;
    size_t worked = 0;

    for (int d = 0; d < 7; d++)
        worked += c->week[d].n;
    if (worked == 0)
        faults_add(p->faults, line, "calendar \"%s\" has no hours", c->name);
    if (c->zone_name == NULL)
        faults_add(p->faults, line, "calendar \"%s\" has no tz: write tz UTC, or tz Asia/Taipei", c->name);
    c->holidays = keep(p, m->holidays, c->holiday_count * sizeof m->holidays[0]);
    c->yearly = keep(p, m->yearly, c->yearly_count * sizeof m->yearly[0]);
    c->exceptions = keep(p, m->exceptions, c->exception_count * sizeof m->exceptions[0]);
}

static void check_name(struct parser *p, struct str name, int line)
{
    if (str_is(name, "always"))
        faults_add(p->faults, line, "\"always\" is the calendar in which every moment counts; choose another name");
    for (size_t i = p->file->calendars.from; i < p->file->calendars.to; i++)
        if (str_is(name, p->rules->calendar[i].c.name))
            faults_add(p->faults, line, "calendar \"%.*s\" is defined twice, first on line %d", SHOWN(name),
                       p->rules->calendar[i].line);
}

void parse_calendar(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct str name;

    if (!parser_name(p, "the name of a calendar", &name)) {
        parser_skip_statement(p);
        return;
    }
    if (p->file->calendars.to - p->file->calendars.from == RULES_CALENDARS_MAX) {
        faults_add(p->faults, line, "more than %d calendars", RULES_CALENDARS_MAX);
        parser_skip_statement(p);
        return;
    }
    check_name(p, name, line);

    struct arena *scratch = arena_open(sizeof(struct making));
    struct making *m = arena_new(scratch, struct making);
    size_t before = p->faults->n;

    m->t = &r->calendar[r->calendars++];
    *m->t = (struct tree_calendar){.c = {.name = str_copy(r->arena, name)}, .file = p->file, .line = line};
    p->file->calendars.to = r->calendars;
    parser_block(p, "calendar", name, properties, sizeof properties / sizeof properties[0], m);
    if (p->faults->n == before)
        complete(p, m, line);
    arena_close(scratch);
}
