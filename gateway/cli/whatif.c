/* `postern rules what-if FILE`: what these rules would make of the open tickets. */
#include "queues/whatif.h"
#include "gateway/candidate.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/rulesfile.h"
#include "gateway/share.h"
#include "queues/clock.h"
#include "queues/incident/incident.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"
#include "rules/route.h"

#include <inttypes.h>
#include <stdlib.h>

enum { EXAMPLES = 20 };

/* The house as it would be, or as it is. */
static enum err open_house(struct cli *c, const struct conf *conf, bool pack, struct rulesfile **out,
                           struct buf *faults)
{
    char share[4096], why[300];
    enum err e = share_find(share, sizeof share, why, sizeof why);

    if (e == ERR_OK)
        return rulesfile_open(out, pack ? conf->rules : c->words[0], share, faults);
    buf_printf(faults, "%s\n", why);
    return e;
}

static enum err load(struct cli *c, const struct store *s, struct arena *a, struct candidate *out, struct buf *faults)
{
    const char *slug = cli_option(c, "pack");
    struct active_pack over = {str_of(slug), str_of(slug), {NULL, 0}};
    struct rulesfile *house;
    struct buf text = {0};
    enum err e = ERR_OK;

    if (slug != NULL) {
        e = share_read(NULL, c->words[0], RULES_BYTES_MAX, &text);
        over.text = buf_view(&text);
        if (e != ERR_OK)
            buf_printf(faults, "%s:1: the pack cannot be read: %s\n", c->words[0], err_text(e));
    }
    if (e == ERR_OK)
        e = open_house(c, &s->conf, slug != NULL, &house, faults);
    if (e == ERR_OK)
        e = candidate_open(out, s->redis, s->keys, a, house, slug != NULL ? &over : NULL, faults);
    buf_free(&text);
    return e;
}

static void print_due(FILE *f, int64_t ms)
{
    (void)fprintf(f, "%s", ms == 0 ? "no clock" : stamp_print(ms).at);
}

static void print_example(FILE *f, const struct whatif_example *e)
{
    (void)fprintf(f, "  %s  %.*s", reference_print(e->reference).at, (int)e->queue_was.len, e->queue_was.at);
    if (!str_equal(e->queue_was, e->queue_is))
        (void)fprintf(f, " to %.*s by %.*s", (int)e->queue_is.len, e->queue_is.at, (int)e->rule.len, e->rule.at);
    (void)fputs(", due ", f);
    print_due(f, e->due_was_ms);
    if (e->due_was_ms != e->due_is_ms) {
        (void)fputs(" to ", f);
        print_due(f, e->due_is_ms);
    }
    (void)fprintf(f, "%s\n", e->newly_breached ? ", newly broken" : "");
}

static void print(FILE *f, const struct whatif *w)
{
    (void)fprintf(f, "%" PRId64 " open tickets, nothing was written\n", w->tickets);
    if (w->unreadable > 0)
        (void)fprintf(f, "%" PRId64 " could not be read\n", w->unreadable);
    (void)fprintf(f, "%" PRId64 " would move to another queue\n", w->moved);
    for (size_t i = 0; i < w->move_count; i++)
        (void)fprintf(f, "  %8" PRId64 "  %.*s to %.*s\n", w->move[i].tickets, (int)w->move[i].from.len,
                      w->move[i].from.at, (int)w->move[i].to.len, w->move[i].to.at);
    (void)fprintf(f,
                  "%" PRId64 " would be due earlier, %" PRId64 " later, %" PRId64 " get a clock, %" PRId64 " lose it\n",
                  w->earlier, w->later, w->clock_gained, w->clock_lost);
    (void)fprintf(f, "%" PRId64 " promises are broken now, %" PRId64 " would be: %" PRId64 " more, %" PRId64 " fewer\n",
                  w->breached_was, w->breached_is, w->newly_breached, w->no_longer_breached);
    if (w->example_count > 0)
        (void)fputs("for example\n", f);
    for (size_t i = 0; i < w->example_count; i++)
        print_example(f, &w->example[i]);
}

static void print_json(struct cli *c, const struct rules *rules, const struct whatif *w, struct arena *a)
{
    struct doc *d = whatif_doc(w);

    doc_set_text(d, "rules", str_of(rules_version(rules)));
    (void)fprintf(c->out, "%s\n", doc_print(d, a).at);
    doc_close(d);
}

static enum cli_exit ask(struct cli *c, const struct store *s, struct arena *a, const struct rules *rules)
{
    struct whatif *w = malloc(sizeof *w);
    enum err e;

    if (w == NULL)
        abort();
    e = whatif_run(s->redis, a, rules, clock_now_ms(), EXAMPLES, NULL, w);
    if (e != ERR_OK)
        cli_say(c, "%s", err_text(e));
    else if (c->json)
        print_json(c, rules, w, a);
    else
        print(c->out, w);
    free(w);
    return cli_exit_of(e);
}

static enum cli_exit try_rules(struct cli *c, const struct store *s)
{
    struct arena *a = arena_open(64 * 1024);
    struct candidate candidate;
    struct buf faults = {0};
    enum err e = load(c, s, a, &candidate, &faults);
    enum cli_exit x = e == ERR_ABSENT ? CLI_NO_INPUT : faults.len > 0 ? CLI_DATA : cli_exit_of(e);

    if (faults.len > 0)
        (void)fputs(buf_view(&faults).at, c->err);
    else if (e != ERR_OK)
        cli_say(c, "%s", err_text(e));
    buf_free(&faults);
    if (e == ERR_OK) {
        x = ask(c, s, a, candidate.own != NULL ? candidate.own : candidate.rules);
        candidate_close(&candidate);
    }
    arena_close(a);
    return x;
}

static enum cli_exit run(struct cli *c)
{
    static struct store s;
    const char *slug = cli_option(c, "pack");
    enum cli_exit x;

    if (slug != NULL && !incident_slug_valid(str_of(slug)))
        return cli_usage(c, "--pack is the slug of the incident: lower-case letters, digits and dashes");
    x = store_open(c, &s, false);
    if (x == CLI_OK) {
        x = try_rules(c, &s);
        store_close(&s);
    }
    return x;
}

const struct command command_rules_what_if = {
    .name = "rules what-if",
    .words = "FILE",
    .does = "show what other rules would make of all open tickets; nothing is written",
    .examples = "  postern rules what-if rules/new.rules\n"
                "  postern rules what-if --json rules/new.rules\n"
                "  postern rules what-if --pack lost-sites rules/packs/site-loss.rules\n",
    .more = "Queues, times and broken promises as they are now and as they would be, with the most telling examples.\n"
            "Packs of declared incidents lie over the file, as they would.\n",
    .least = 1,
    .most = 1,
    .options = {{"pack", "SLUG", "FILE is a pack: as it would be over the rules in force, for that incident"}},
    .run = run,
};
