/* roster_file.c - a roster from its CSV file: columns by name, rows into shifts, and what is wrong with them. */
#include "rules/roster.h"

#include "rules/base/arena.h"
#include "rules/base/near.h"
#include "rules/base/stamp.h"
#include "rules/csv.h"
#include "rules/weekday.h"

#include <string.h>

enum { FAULTS_MAX = 50 };

enum column { REGION, SHIFT, DAYS, FROM, TO, TIMEZONE, NAME, DUTY, SKILLS, LANGUAGES, FIRST, LAST, COLUMNS };

static const struct {
    const char *name;
    bool optional;
} columns[COLUMNS] = {
    [REGION] = {"region", false},      [SHIFT] = {"shift", false}, [DAYS] = {"days", false},
    [FROM] = {"from", false},          [TO] = {"to", false},       [TIMEZONE] = {"timezone", false},
    [NAME] = {"name", false},          [DUTY] = {"duty", false},   [SKILLS] = {"skills", true},
    [LANGUAGES] = {"languages", true}, [FIRST] = {"first", true},  [LAST] = {"last", true},
};

struct reader {
    struct arena *a;
    struct roster *roster;
    zone_bytes *zones;
    void *zones_arg;
    struct buf *faults;
    size_t fault_count;
    size_t at[COLUMNS]; /* where each column stands; SIZE_MAX: nowhere */
    const struct csv_row *row;
};

#define SHOWN(s) (int)((s).len < 64 ? (s).len : 64), (s).at == NULL ? "" : (s).at

static bool fault(struct reader *r, size_t line, const char *what)
{
    if (r->fault_count++ < FAULTS_MAX)
        buf_printf(r->faults, "line %zu: %s\n", line, what);
    return false;
}

static bool bad_value(struct reader *r, enum column c, struct str value, const char *wanted)
{
    return fault(r, r->row->line, arena_printf(r->a, "\"%.*s\" is no %s: %s", SHOWN(value), columns[c].name, wanted));
}

static struct str field(const struct reader *r, enum column c)
{
    return r->at[c] < r->row->count ? r->row->field[r->at[c]] : STR("");
}

static struct str kept(struct reader *r, struct str s)
{
    return (struct str){str_copy(r->a, s), s.len};
}

/* ---- the header ---- */

static void unknown_column(struct reader *r, size_t line, struct str name)
{
    const char *names[COLUMNS], *near;

    for (int c = 0; c < COLUMNS; c++)
        names[c] = columns[c].name;
    near = near_word(name, names, COLUMNS);
    (void)fault(r, line,
                near == NULL
                    ? arena_printf(r->a, "no column is called \"%.*s\"", SHOWN(name))
                    : arena_printf(r->a, "no column is called \"%.*s\"; did you mean \"%s\"?", SHOWN(name), near));
}

static bool read_header(struct reader *r, const struct csv_row *row)
{
    for (int c = 0; c < COLUMNS; c++)
        r->at[c] = SIZE_MAX;
    for (size_t i = 0; i < row->count; i++) {
        int c = 0;

        while (c < COLUMNS && !str_equal_nocase(row->field[i], str_of(columns[c].name)))
            c++;
        if (c == COLUMNS)
            unknown_column(r, row->line, row->field[i]);
        else if (r->at[c] != SIZE_MAX)
            (void)fault(r, row->line, arena_printf(r->a, "column \"%s\" stands there twice", columns[c].name));
        else
            r->at[c] = i;
    }
    for (int c = 0; c < COLUMNS; c++)
        if (r->at[c] == SIZE_MAX && !columns[c].optional)
            (void)fault(r, row->line, arena_printf(r->a, "there is no column \"%s\"", columns[c].name));
    return r->fault_count == 0;
}

/* ---- values ---- */

static bool is_word(struct str s)
{
    if (s.len == 0 || s.len > ROSTER_NAME_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

static bool read_word(struct reader *r, enum column c, struct str *out)
{
    struct str s = field(r, c);

    if (!is_word(s))
        return bad_value(r, c, s, "write a-z, 0-9 and -, at most 32");
    *out = kept(r, s);
    return true;
}

/* Words with spaces between, in lower case but for languages, whose case is their own. */
static bool read_words(struct reader *r, enum column c, struct str *out)
{
    struct str left = field(r, c);
    struct buf b = {0};
    size_t n = 0;
    bool good = true;

    while (good && left.len > 0) {
        struct str word = str_trim(str_cut(&left, ' ')), lower = {str_lower(r->a, word), word.len};

        if (word.len == 0)
            continue;
        if (!is_word(lower) || n++ == ROSTER_WORDS_MAX)
            good = bad_value(r, c, word, "write words of a-z, 0-9 and - with spaces between, at most 16");
        buf_text(&b, b.len > 0 ? " " : "");
        buf_str(&b, c == LANGUAGES ? word : lower);
    }
    *out = kept(r, buf_view(&b));
    buf_free(&b);
    return good;
}

static bool read_days(struct reader *r, unsigned *bits)
{
    struct str all = field(r, DAYS), left = all;

    *bits = 0;
    while (left.len > 0) {
        struct str word = str_trim(str_cut(&left, ' '));

        if (word.len > 0 && !weekday_range(word, bits))
            return bad_value(r, DAYS, word, "write mon, or mon-fri, or mon wed fri");
    }
    return *bits != 0 || bad_value(r, DAYS, all, "write mon, or mon-fri, or mon wed fri");
}

static bool read_hours(struct reader *r, struct roster_shift *s)
{
    if (!weekday_time(field(r, FROM), &s->from_s) || s->from_s == 86400)
        return bad_value(r, FROM, field(r, FROM), "write 07:00");
    if (!weekday_time(field(r, TO), &s->to_s))
        return bad_value(r, TO, field(r, TO), "write 15:30, or 24:00");
    if (s->to_s <= s->from_s)
        s->to_s += 86400;
    return true;
}

static bool read_zone(struct reader *r, struct roster_shift *s)
{
    struct str name = field(r, TIMEZONE);
    struct zone *zone = NULL;
    struct buf bytes = {0};
    const char *why;
    bool good = str_is(name, "UTC");

    s->zone_name = kept(r, name);
    if (!good && zone_name_usable(name) && r->zones(r->zones_arg, s->zone_name.at, &bytes) == ERR_OK)
        good = zone_parse(&zone, r->a, buf_view(&bytes), &why) == ERR_OK;
    buf_free(&bytes);
    s->zone = zone;
    return good || bad_value(r, TIMEZONE, name, "write UTC, or a name such as Asia/Taipei");
}

static bool read_day(struct reader *r, enum column c, int64_t otherwise, int64_t *out)
{
    struct str s = field(r, c);

    *out = otherwise;
    return s.len == 0 || stamp_parse_date(s, out) || bad_value(r, c, s, "write 2026-12-24");
}

static bool read_duty(struct reader *r, enum roster_duty *out)
{
    struct str s = field(r, DUTY);

    for (int d = 0; d < ROSTER_DUTIES; d++)
        if (str_equal_nocase(s, str_of(roster_duty_name((enum roster_duty)d)))) {
            *out = (enum roster_duty)d;
            return true;
        }
    return bad_value(r, DUTY, s, "it is lead, deputy or member");
}

static bool read_person(struct reader *r, struct roster_person *p)
{
    struct str name = field(r, NAME);
    bool good = name.len > 0 || fault(r, r->row->line, "there is no name");

    *p = (struct roster_person){.name = kept(r, name), .line = r->row->line};
    good = read_duty(r, &p->duty) && good;
    good = read_words(r, SKILLS, &p->skills) && good;
    good = read_words(r, LANGUAGES, &p->languages) && good;
    good = read_day(r, FIRST, INT64_MIN, &p->first_day) && good;
    good = read_day(r, LAST, INT64_MAX, &p->last_day) && good;
    if (good && p->first_day > p->last_day)
        good = fault(r, p->line, "last is before first");
    return good;
}

/* ---- rows into shifts ---- */

static bool same_hours(const struct roster_shift *a, const struct roster_shift *b)
{
    return a->days == b->days && a->from_s == b->from_s && a->to_s == b->to_s && str_equal(a->zone_name, b->zone_name);
}

static struct roster_shift *shift_named(struct roster *roster, struct str region, struct str name)
{
    for (size_t i = 0; i < roster->n; i++)
        if (str_equal(roster->shift[i].region, region) && str_equal(roster->shift[i].name, name))
            return &roster->shift[i];
    return NULL;
}

/* The shift of this row: the one that is there, or a new one. */
static struct roster_shift *shift_of_row(struct reader *r)
{
    struct roster_shift s = {.line = r->row->line}, *known;
    bool good = read_word(r, REGION, &s.region);

    good = read_word(r, SHIFT, &s.name) && good;
    good = read_days(r, &s.days) && good;
    good = read_hours(r, &s) && good;
    good = read_zone(r, &s) && good;
    if (!good)
        return NULL;
    known = shift_named(r->roster, s.region, s.name);
    if (known != NULL && !same_hours(known, &s)) {
        (void)fault(r, r->row->line,
                    arena_printf(r->a, "shift %s/%s has other days, hours or zone on line %zu", s.region.at, s.name.at,
                                 known->line));
        return NULL;
    }
    if (known == NULL && r->roster->n == ROSTER_SHIFTS_MAX) {
        (void)fault(r, r->row->line, arena_printf(r->a, "more than %d shifts", ROSTER_SHIFTS_MAX));
        return NULL;
    }
    if (known == NULL) {
        known = &r->roster->shift[r->roster->n++];
        *known = s;
        known->people = arena_array(r->a, struct roster_person, ROSTER_PEOPLE_MAX);
    }
    return known;
}

static bool at_one_time(const struct roster_person *a, const struct roster_person *b)
{
    return a->first_day <= b->last_day && b->first_day <= a->last_day;
}

static void add_row(struct reader *r)
{
    struct roster_shift *s = shift_of_row(r);
    struct roster_person p;

    if (!read_person(r, &p) || s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++) {
        const struct roster_person *q = &s->people[i];

        if (at_one_time(&p, q) && str_equal_nocase(p.name, q->name))
            (void)fault(r, p.line, arena_printf(r->a, "%s is in this shift already, by line %zu", p.name.at, q->line));
        else if (at_one_time(&p, q) && p.duty == q->duty && p.duty != ROSTER_MEMBER)
            (void)fault(
                r, p.line,
                arena_printf(r->a, "this shift has a %s already, by line %zu", roster_duty_name(p.duty), q->line));
    }
    if (s->n < ROSTER_PEOPLE_MAX)
        s->people[s->n++] = p;
    else
        (void)fault(r, p.line, arena_printf(r->a, "more than %d people in one shift", ROSTER_PEOPLE_MAX));
}

static void read_rows(struct reader *r, struct csv *csv, struct csv_row *row)
{
    r->row = row;
    while (csv_next(csv, r->a, row)) {
        if (row->fault != NULL)
            (void)fault(r, row->line, row->fault);
        else
            add_row(r);
    }
    if (r->roster->n == 0 && r->fault_count == 0)
        (void)fault(r, 1, "nobody is in it");
    if (r->fault_count > FAULTS_MAX)
        buf_printf(r->faults, "and %zu more\n", r->fault_count - FAULTS_MAX);
}

enum err roster_parse(struct roster **out, struct arena *a, struct str text, zone_bytes *zones, void *zones_arg,
                      struct buf *faults)
{
    struct reader r = {
        .a = a, .roster = arena_new(a, struct roster), .zones = zones, .zones_arg = zones_arg, .faults = faults};
    struct csv_row *row = arena_new(a, struct csv_row);
    struct csv csv;

    if (text.len > ROSTER_BYTES_MAX) {
        buf_printf(faults, "line 1: larger than %d bytes\n", ROSTER_BYTES_MAX);
        return ERR_INPUT;
    }
    csv_open(&csv, text);
    if (!csv_next(&csv, a, row) || row->fault != NULL)
        (void)fault(&r, 1, "the first line must name the columns: region,shift,days,from,to,timezone,name,duty");
    else if (read_header(&r, row))
        read_rows(&r, &csv, row);
    if (r.fault_count > 0)
        return ERR_INPUT;
    *out = r.roster;
    return ERR_OK;
}
