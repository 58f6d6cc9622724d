/* incident_import.c - `postern incident import`: the list of affected sites, from a file. */
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/incident/affected_view.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "queues/redis.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

enum { FAULTS_SHOWN = 20, ARENA_BYTES = 1 << 20 };

static void print_faults(const struct cli *c, const struct affected_report *r)
{
    for (size_t i = 0; i < r->fault_count && i < FAULTS_SHOWN; i++)
        (void)fprintf(c->out, "line %zu: %s\n", r->faults[i].line, r->faults[i].reason);
    if (r->bad > FAULTS_SHOWN)
        (void)fprintf(c->out, "... and %zu more (--json prints up to %d)\n", r->bad - FAULTS_SHOWN,
                      SITE_LIST_FAULTS_MAX);
}

static void print_counts(const struct cli *c, const struct affected_report *r)
{
    const struct affected_counts *n = &r->counts;

    (void)fprintf(
        c->out,
        "%s%zu sites of %zu customers (%zu our own, %zu unknown): %zu new, %zu gone, %zu changed, %zu listed before\n",
        c->dry_run ? "would be: " : "", n->sites, n->accounts, n->own, n->unknown, n->added, n->gone, n->changed,
        n->listed);
    if (r->same)
        (void)fprintf(c->out, "the list in force says the same: version %lld\n", (long long)r->version);
    else if (!c->dry_run)
        (void)fprintf(c->out, "in force as version %lld; tickets are made in the background by %s\n",
                      (long long)r->version, id_print(ID_JOB, r->job).at);
    else if (r->confirm_wanted)
        (void)fprintf(c->out, "wants --confirm %zu: that is many of %zu customers on record\n", n->sites,
                      r->accounts_on_record);
}

static enum cli_exit answer(struct cli *c, const struct store *s, enum err e, const struct affected_report *r,
                            struct arena *a)
{
    bool judged = e == ERR_OK || e == ERR_INPUT || e == ERR_DENIED;

    if (judged && c->json) {
        struct doc *d = affected_report_doc(r);

        (void)fprintf(c->out, "%s\n", doc_print(d, a).at);
        doc_close(d);
    } else if (judged) {
        print_faults(c, r);
        if (e == ERR_OK)
            print_counts(c, r);
    }
    if (e == ERR_INPUT)
        cli_say(c, "refused, nothing was written: not a list of sites");
    else if (e == ERR_DENIED)
        cli_say(c, "refused, nothing was written: %zu sites of %zu customers; type --confirm %zu where that is meant",
                r->counts.sites, r->counts.accounts, r->counts.sites);
    else if (e == ERR_ABSENT)
        cli_say(c, "no incident is called %s", c->words[0]);
    else if (e == ERR_CONFLICT)
        cli_say(c, "%s is closed", c->words[0]);
    else if (e != ERR_OK)
        cli_say(c, "%s (%s); run it again, it ends where it would have", err_text(e), redis_why(s->redis));
    return e == ERR_INPUT || e == ERR_ABSENT || e == ERR_CONFLICT ? CLI_DATA
           : e == ERR_DENIED                                      ? CLI_DENIED
                                                                  : cli_exit_of(e);
}

static enum cli_exit import(struct cli *c, const struct affected_import *o)
{
    static struct store s;
    struct buf text = {0};
    enum cli_exit x = cli_read_file(c, c->words[1], SITE_LIST_BYTES_MAX, &text);

    if (x == CLI_OK)
        x = store_open(c, &s, false);
    if (x == CLI_OK) {
        struct arena *a = arena_open(ARENA_BYTES);
        struct affected_report report;
        enum err e = affected_import(s.redis, s.keys, a, o, buf_view(&text), &report);

        x = answer(c, &s, e, &report, a);
        arena_close(a);
        store_close(&s);
    }
    buf_free(&text);
    return x;
}

static enum cli_exit incident_import_run(struct cli *c)
{
    const char *kind = cli_option(c, "kind");
    struct affected_import o = {.slug = str_of(c->words[0]),
                                .by = STR("postern"),
                                .now_ms = clock_now_ms(),
                                .own = cli_option(c, "own") != NULL,
                                .accept_unknown = cli_option(c, "accept-unknown") != NULL,
                                .dry_run = c->dry_run};

    if (kind == NULL || strcmp(kind, "site") != 0)
        return cli_usage(c, "--kind site is needed: a list says what its ids are, and only sites are affected");
    if (!cli_number(c, "confirm", 1, SITE_LIST_SITES_MAX, -1, &o.confirm))
        return CLI_USAGE;
    return import(c, &o);
}

const struct command command_incident_import = {
    .name = "incident import",
    .words = "SLUG FILE",
    .does = "take the list of affected sites of an incident",
    .examples = "  postern incident import sites-gone --kind site --dry-run sites.csv\n"
                "  postern incident import sites-gone --kind site --confirm 883 sites.csv\n"
                "  postern incident import sites-gone --kind site --own ours.txt\n",
    .more = "One id a line, or CSV with a column site_id, and own and products beside it. One line that is of another "
            "kind,\n"
            "on record as something else or on no record makes the whole list useless: nothing is written, exit 65.\n"
            "Imported again it changes nothing; a list without `own` speaks for customers' sites alone.\n",
    .least = 2,
    .most = 2,
    .dry_run = true,
    .options = {{"kind", "site", "what the ids are; there is no other kind"},
                {"own", NULL, "the file is of the vendor's own sites"},
                {"accept-unknown", NULL, "ids that are on no record are meant"},
                {"confirm", "N", "the number of sites, where that is many"}},
    .run = incident_import_run,
};
