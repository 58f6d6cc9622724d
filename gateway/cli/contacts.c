/* contacts.c - `postern contacts import`: a snapshot of contacts, from another system into the vault. */
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/share.h"
#include "queues/clock.h"
#include "queues/contact.h"
#include "queues/incident/freeze.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"
#include "rules/phone.h"

#include <inttypes.h>

enum { BAD_SHOWN = 20 };

static void print_json(const struct cli *c, const struct contact_import_report *r, struct arena *a)
{
    struct doc *d = doc_object(), *bad = doc_array();

    doc_set_int(d, "added", (int64_t)r->added);
    doc_set_int(d, "changed", (int64_t)r->changed);
    doc_set_int(d, "gone", (int64_t)r->gone);
    doc_set_int(d, "conflicts", (int64_t)r->conflicts);
    for (size_t i = 0; i < r->bad_count; i++) {
        struct doc *line = doc_object();

        doc_set_int(line, "line", (int64_t)r->bad[i].line);
        doc_set_text(line, "reason", str_of(r->bad[i].reason));
        doc_push(bad, line);
    }
    doc_set(d, "bad", bad);
    if (r->refusal != NULL)
        doc_set_text(d, "refused", str_of(r->refusal));
    (void)fprintf(c->out, "%s\n", doc_print(d, a).at);
    doc_close(d);
}

static void print_text(const struct cli *c, const struct contact_import_report *r)
{
    for (size_t i = 0; i < r->bad_count && i < BAD_SHOWN; i++)
        (void)fprintf(c->out, "line %zu: %s\n", r->bad[i].line, r->bad[i].reason);
    if (r->bad_count > BAD_SHOWN)
        (void)fprintf(c->out, "... and %zu more bad lines (--json prints all)\n", r->bad_count - BAD_SHOWN);
    if (r->refusal == NULL)
        (void)fprintf(c->out, "%s%zu added, %zu changed, %zu gone, %zu in conflict, %zu bad lines\n",
                      c->dry_run ? "would be: " : "", r->added, r->changed, r->gone, r->conflicts, r->bad_count);
}

static enum cli_exit import(struct cli *c, struct store *s, const struct contact_import_options *asked, struct str csv)
{
    struct contact_import_options o = *asked;
    struct arena *a = arena_open(1024 * 1024);
    struct contact_import_report report;
    char e164[PHONE_BYTES], region[3];
    enum err e;

    if (phone_e164(str_of(s->conf.help_phone), NULL, e164) && phone_region(e164, region))
        o.region_hint = region;
    e = contact_import(s->redis, s->keys, a, &o, csv, &report);
    if (e == ERR_OK || e == ERR_INPUT) {
        if (c->json)
            print_json(c, &report, a);
        else
            print_text(c, &report);
    }
    if (e == ERR_INPUT)
        cli_say(c, "refused, nothing was written: %s", report.refusal == NULL ? "see above" : report.refusal);
    else if (e != ERR_OK)
        cli_say(c, "%s (%s); run it again, it goes on where it stopped", err_text(e), redis_why(s->redis));
    arena_close(a);
    return e == ERR_INPUT ? CLI_DATA : cli_exit_of(e);
}

/* A feed that goes on while contacts are rebuilt by hand takes them away again. */
static enum cli_exit ask_freeze(struct cli *c, struct store *s)
{
    struct arena *a = arena_open(64 * 1024);
    struct incident *declared;
    struct str version;
    size_t n;
    enum err e = incidents_declared(s->redis, s->keys, a, &declared, &n, &version);
    const struct incident *by = e == ERR_OK ? freeze_by(declared, n, FREEZE_IMPORTS) : NULL;

    if (by != NULL)
        cli_say(c,
                "imports of contacts are frozen while incident %s is declared; a manager lifts that: "
                "postern incident thaw %s imports",
                by->slug.at, by->slug.at);
    else if (e != ERR_OK)
        cli_say(c, "%s (%s)", err_text(e), redis_why(s->redis));
    arena_close(a);
    return by != NULL ? CLI_DENIED : cli_exit_of(e);
}

static enum cli_exit contacts_import_run(struct cli *c)
{
    static struct store s;
    const char *source = cli_option(c, "source"), *as_of = cli_option(c, "as-of");
    struct contact_import_options o = {.now_ms = clock_now_ms(),
                                       .as_of_days = CONTACT_NO_DAY,
                                       .dry_run = c->dry_run,
                                       .accept_shrink = cli_option(c, "accept-shrink") != NULL};
    struct buf csv = {0};

    if (source == NULL || !contact_source_valid(o.source = str_of(source)))
        return cli_usage(c, "--source must be a name of lower-case letters, digits and dashes, at most 32");
    if (as_of != NULL && !stamp_parse_date(str_of(as_of), &o.as_of_days))
        return cli_usage(c, "--as-of must be a day like 2026-11-24");

    enum cli_exit x = cli_read_file(c, c->words[0], CONTACT_FILE_BYTES_MAX, &csv);

    if (x == CLI_OK)
        x = store_open(c, &s, true);
    if (x == CLI_OK) {
        if (!c->dry_run)
            x = ask_freeze(c, &s);
        if (x == CLI_OK)
            x = import(c, &s, &o, buf_view(&csv));
        store_close(&s);
    }
    buf_free(&csv);
    return x;
}

const struct command command_contacts_import = {
    .name = "contacts import",
    .words = "FILE",
    .does = "take a snapshot of contacts into the vault",
    .examples = "  postern contacts import --source crm crm.csv\n"
                "  postern contacts import --source billing --as-of 2026-11-01 --dry-run --json billing.csv\n"
                "  postern contacts import --source backup - <backup.csv\n",
    .more =
        "Records of a source are changed by that source alone. A snapshot with over 5 % bad lines, one that would\n"
        "shrink its source by over 20 %, and one that leaves an account without contacts or sites is refused whole.\n",
    .least = 1,
    .most = 1,
    .dry_run = true,
    .options = {{"source", "NAME", "which system the file is from: crm, billing, backup …"},
                {"as-of", "DATE", "the day that the snapshot shows"},
                {"accept-shrink", NULL, "take it although records vanish"}},
    .run = contacts_import_run,
};
