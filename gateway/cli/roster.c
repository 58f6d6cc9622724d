/* roster.c - `postern roster check|import|show`: who is on duty, and when. */
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/zoneinfo.h"
#include "queues/clock.h"
#include "queues/duty.h"
#include "queues/redis.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#define BY     "postern"
#define DAY_MS INT64_C(86400000)

enum { ARENA_BYTES = 256 * 1024, DAYS_MAX = 60, DAYS = 14 };

/* ---- a file ---- */

static enum cli_exit read_roster(struct cli *c, struct arena *a, struct buf *text, struct roster **out)
{
    struct buf faults = {0};
    enum cli_exit x = cli_read_file(c, c->words[0], ROSTER_BYTES_MAX, text);

    if (x == CLI_OK && roster_parse(out, a, buf_view(text), zoneinfo_bytes, NULL, &faults) != ERR_OK) {
        (void)fputs(buf_view(&faults).at, c->err);
        x = CLI_DATA;
    }
    buf_free(&faults);
    return x;
}

static void print_finding(const struct cli *c, const struct roster_finding *f)
{
    struct stamp from = stamp_print(f->from_ms), to = stamp_print(f->to_ms);

    (void)fprintf(c->out, "%s to %s  %s%s%s%s%s\n", from.at, to.at, roster_finding_name(f->kind),
                  f->who.len > 0 ? " " : "", f->who.len > 0 ? f->who.at : "", f->also.len > 0 ? ", " : "",
                  f->also.len > 0 ? f->also.at : "");
}

static size_t print_findings(const struct cli *c, const struct roster *r, const struct duty *d, int64_t days,
                             struct arena *a)
{
    struct roster_finding *found;
    int64_t now_ms = clock_now_ms();
    size_t n = roster_check(r, d == NULL ? NULL : d->absences, d == NULL ? 0 : d->away_count, now_ms,
                            now_ms + days * DAY_MS, NULL, 0, a, &found);

    for (size_t i = 0; i < n; i++)
        print_finding(c, &found[i]);
    return n;
}

/* ---- check ---- */

static enum cli_exit check_run(struct cli *c)
{
    struct arena *a = arena_open(ARENA_BYTES);
    struct buf text = {0};
    struct roster *roster;
    int64_t days;
    enum cli_exit x;

    if (!cli_number(c, "days", 1, DAYS_MAX, DAYS, &days)) {
        arena_close(a);
        return CLI_USAGE;
    }
    x = read_roster(c, a, &text, &roster);
    if (x == CLI_OK && print_findings(c, roster, NULL, days, a) == 0)
        (void)fprintf(c->out, "ok\n");
    buf_free(&text);
    arena_close(a);
    return x;
}

/* ---- import ---- */

static enum cli_exit put(struct cli *c, struct arena *a, struct str csv, const struct roster *roster)
{
    static struct store s;
    enum cli_exit x = store_open(c, &s, true);
    struct duty d;
    int64_t version;

    if (x != CLI_OK)
        return x;

    enum err e = duty_read(s.redis, s.keys, a, zoneinfo_bytes, NULL, &d);

    if (e == ERR_OK)
        (void)print_findings(c, roster, &d, DAYS, a);
    if (e == ERR_OK && !c->dry_run)
        e = duty_write(s.redis, s.keys, a, csv, -1, STR(BY), clock_now_ms(), &version);
    if (e != ERR_OK) {
        cli_say(c, "%s (%s)", err_text(e), redis_why(s.redis));
        x = cli_exit_of(e);
    } else {
        cli_say(c, c->dry_run ? "not written" : "in force, version %lld", (long long)version);
    }
    store_close(&s);
    return x;
}

static enum cli_exit import_run(struct cli *c)
{
    struct arena *a = arena_open(ARENA_BYTES);
    struct buf text = {0};
    struct roster *roster;
    enum cli_exit x = read_roster(c, a, &text, &roster);

    if (x == CLI_OK)
        x = put(c, a, buf_view(&text), roster);
    buf_free(&text);
    arena_close(a);
    return x;
}

/* ---- show ---- */

static void print_watch(const struct cli *c, const struct roster_watch *w, const struct duty *d, int64_t at_ms,
                        struct arena *a)
{
    struct roster_duty_holder *on;
    size_t n = roster_on_duty(w, d->absences, d->away_count, at_ms, a, &on);
    struct stamp from = stamp_print(w->from_ms), to = stamp_print(w->to_ms);

    (void)fprintf(c->out, "%s/%s  %s to %s\n", w->shift->region.at, w->shift->name.at, from.at, to.at);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(c->out, "    %-6s %s%s%s%s\n", roster_duty_name(on[i].duty), on[i].name.at,
                      on[i].stands_in_for.len > 0 ? " for " : "",
                      on[i].stands_in_for.len > 0 ? on[i].stands_in_for.at : "", on[i].leads ? "  (leads)" : "");
}

static enum cli_exit show_run(struct cli *c)
{
    static struct store s;
    const char *at = cli_option(c, "at");
    int64_t at_ms = clock_now_ms();
    struct roster_watch *w;
    struct duty d;

    if (at != NULL && !stamp_parse(str_of(at), &at_ms))
        return cli_usage(c, "--at wants a moment such as 2026-12-24T08:00:00Z");

    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = duty_read(s.redis, s.keys, a, zoneinfo_bytes, NULL, &d);

    if (e != ERR_OK) {
        cli_say(c, "%s (%s)", err_text(e), redis_why(s.redis));
        x = cli_exit_of(e);
    } else if (d.roster == NULL) {
        cli_say(c, "there is no roster: postern roster import FILE");
    } else {
        size_t n = roster_watches(d.roster, at_ms, at_ms + 1, a, &w);

        for (size_t i = 0; i < n; i++)
            print_watch(c, &w[i], &d, at_ms, a);
        if (n == 0)
            (void)fprintf(c->out, "nobody is on duty\n");
    }
    arena_close(a);
    store_close(&s);
    return x;
}

const struct command command_roster_check = {
    .name = "roster check",
    .words = "FILE",
    .does = "read a roster, and tell which hours nobody has",
    .examples = "  postern roster check roster.csv\n  postern roster check --days 30 roster.csv\n",
    .more = "The file is CSV: region,shift,days,from,to,timezone,name,duty and, where they are known,\n"
            "skills,languages,first,last. One row for each person of each shift; a duty is lead, deputy\n"
            "or member. Of the time to come it tells: gap, no-lead, no-deputy, double, tired, language.\n",
    .least = 1,
    .most = 1,
    .options = {{"days", "N", "how far to look: 1 to 60, 14 where not given"}},
    .run = check_run,
};

const struct command command_roster_import = {
    .name = "roster import",
    .words = "FILE",
    .does = "put a roster in force, whole",
    .examples = "  postern roster import roster.csv\n  postern roster import --dry-run roster.csv\n",
    .more = "A running server follows at once. A file with a bad line is refused whole.\n",
    .least = 1,
    .most = 1,
    .dry_run = true,
    .run = import_run,
};

const struct command command_roster_show = {
    .name = "roster show",
    .words = "",
    .does = "who is on duty now",
    .examples = "  postern roster show\n  postern roster show --at 2026-12-24T23:00:00Z\n",
    .options = {{"at", "MOMENT", "RFC 3339; now where not given"}},
    .run = show_run,
};
