/* incident.c - `postern incident declare|list|show|close|freeze|thaw`. */
#include "queues/incident/incident.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/incident/declare.h"
#include "gateway/incident/replace.h"
#include "gateway/rulesfile.h"
#include "gateway/share.h"
#include "queues/clock.h"
#include "queues/incident/active.h"
#include "queues/incident/freeze.h"
#include "queues/ruleset.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#define BY STR("postern")

enum { ARENA_BYTES = 64 * 1024 };

static enum cli_exit failed(struct cli *c, const struct store *s, enum err e, const char *slug)
{
    if (e == ERR_ABSENT)
        cli_say(c, "no incident is called %s: postern incident list", slug);
    else if (e == ERR_CONFLICT)
        cli_say(c, "%s was given already, to another incident or one that is closed: take another slug", slug);
    else if (e == ERR_LIMIT)
        cli_say(c, "%d incidents are declared: close one first", INCIDENTS_DECLARED_MAX);
    else if (e == ERR_INPUT)
        cli_say(
            c,
            "SLUG and --pack are lower-case letters, digits and dashes; a title is one line of at most %d characters",
            INCIDENT_TITLE_MAX);
    else if (e == ERR_GONE)
        cli_say(c, "%s is closed", slug);
    else
        cli_say(c, "%s (%s)", err_text(e), redis_why(s->redis));
    return e == ERR_ABSENT || e == ERR_CONFLICT || e == ERR_LIMIT || e == ERR_INPUT || e == ERR_GONE ? CLI_DATA
                                                                                                     : cli_exit_of(e);
}

static void print_declared(struct cli *c, const struct incident *i)
{
    (void)fprintf(c->out, "%s %s declared %s, pack %s%s%s\n", id_print(ID_INCIDENT, i->id).at, i->slug.at,
                  stamp_print(i->declared_ms).at, i->pack.at, i->severity.len > 0 ? ", severity " : "",
                  i->severity.len > 0 ? i->severity.at : "");
}

/* ---- declare ---- */

/* The rules of the house as this command finds them, and over them what is declared. */
struct house {
    char share[4096];
    struct rulesfile *file;
    struct ruleset *rules;
    struct active *active;
};

static void close_house(struct house *h)
{
    active_close(h->active);
    ruleset_close(h->rules);
    rulesfile_close(h->file);
}

static enum cli_exit open_house(struct cli *c, const struct conf *conf, struct house *h)
{
    struct buf faults = {0};
    struct rules *rules;
    char why[300];

    *h = (struct house){0};
    if (share_find(h->share, sizeof h->share, why, sizeof why) != ERR_OK) {
        cli_say(c, "%s", why);
        return CLI_CONF;
    }

    enum err e = rulesfile_open(&h->file, conf->rules, h->share, &faults);

    if (e == ERR_OK)
        e = rulesfile_compose(h->file, NULL, 0, &rules, &faults);
    if (e == ERR_OK) {
        h->rules = ruleset_open(rules);
        h->active = active_open(h->rules, rulesfile_compose, h->file);
    } else {
        (void)fputs(buf_view(&faults).at, c->err);
        rulesfile_close(h->file);
    }
    buf_free(&faults);
    return e == ERR_OK ? CLI_OK : CLI_CONF;
}

static enum cli_exit declare(struct cli *c, struct store *s, struct incident_declaration *d)
{
    struct arena *a = arena_open(ARENA_BYTES);
    struct buf faults = {0};
    struct incident i;
    struct house h;
    bool before = false;
    enum cli_exit x = open_house(c, &s->conf, &h);

    if (x == CLI_OK) {
        const struct declare_with w = {s->redis, s->keys, a, h.active, s->conf.rules, h.share};
        enum err e = declare_run(&w, d, c->dry_run, &faults, &i, &before);

        if (faults.len > 0) {
            (void)fputs(buf_view(&faults).at, c->err);
            x = e == ERR_ABSENT ? CLI_NO_INPUT : CLI_DATA;
        } else if (e != ERR_OK) {
            x = failed(c, s, e, c->words[0]);
        } else if (c->dry_run) {
            (void)fprintf(c->out, "would be declared: the pack loads over what is in force\n");
        } else {
            if (before)
                cli_say(c, "it was declared before");
            print_declared(c, &i);
        }
        close_house(&h);
    }
    buf_free(&faults);
    arena_close(a);
    return x;
}

static enum cli_exit declare_command(struct cli *c)
{
    static struct store s;
    const char *severity = cli_option(c, "severity");
    struct incident_declaration d = {.slug = str_of(c->words[0]),
                                     .title = str_of(cli_option(c, "title")),
                                     .pack = str_of(cli_option(c, "pack")),
                                     .severity = str_of(severity),
                                     .by = BY,
                                     .at_ms = clock_now_ms()};

    if (d.pack.len == 0 || d.title.len == 0)
        return cli_usage(c, "--pack and --title are needed");

    enum cli_exit x = store_open(c, &s, true);

    if (x != CLI_OK)
        return x;
    x = declare(c, &s, &d);
    store_close(&s);
    return x;
}

/* ---- what there is ---- */

static struct doc *incident_doc(const struct incident *i)
{
    struct doc *d = doc_object();

    doc_set_text(d, "incident", i->slug);
    doc_set_text(d, "id", str_of(id_print(ID_INCIDENT, i->id).at));
    doc_set_text(d, "title", i->title);
    doc_set_text(d, "state", i->state);
    doc_set_text(d, "pack", i->pack);
    doc_set_text_or_null(d, "severity", i->severity.len > 0 ? i->severity : (struct str){NULL, 0});
    doc_set_text(d, "declared_at", str_of(stamp_print(i->declared_ms).at));
    doc_set_text_or_null(d, "closed_at",
                         i->closed_ms > 0 ? str_of(stamp_print(i->closed_ms).at) : (struct str){NULL, 0});
    return d;
}

static void print_json(struct cli *c, struct arena *a, struct doc *d)
{
    (void)fprintf(c->out, "%s\n", doc_print(d, a).at);
    doc_close(d);
}

static enum cli_exit list_command(struct cli *c)
{
    static struct store s;
    struct incident *all;
    size_t n;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = incident_list(s.redis, s.keys, a, &all, &n);
    struct doc *list = doc_array();

    if (e != ERR_OK)
        x = failed(c, &s, e, "");
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (c->json)
            doc_push(list, incident_doc(&all[i]));
        else
            (void)fprintf(c->out, "%-8s %s %-20s %-12s %s\n", all[i].state.at, stamp_print(all[i].declared_ms).at,
                          all[i].slug.at, all[i].pack.at, all[i].title.at);
    }
    if (e == ERR_OK && c->json)
        print_json(c, a, doc_copy(list));
    doc_close(list);
    arena_close(a);
    store_close(&s);
    return x;
}

static struct doc *history_doc(const struct incident_happening *all, size_t n)
{
    struct doc *list = doc_array();

    for (size_t i = 0; i < n; i++) {
        struct doc *d = doc_object();

        doc_set_text(d, "at", str_of(stamp_print(all[i].at_ms).at));
        doc_set_text(d, "kind", all[i].kind);
        doc_set_text(d, "by", all[i].by);
        doc_set_text(d, "detail", all[i].detail);
        doc_push(list, d);
    }
    return list;
}

static void show(struct cli *c, struct arena *a, const struct incident *i, const struct incident_happening *all,
                 size_t n)
{
    if (c->json) {
        struct doc *d = incident_doc(i);

        doc_set(d, "timeline", history_doc(all, n));
        print_json(c, a, d);
        return;
    }
    (void)fprintf(c->out, "%s\n", i->title.at);
    print_declared(c, i);
    if (!incident_is_declared(i))
        (void)fprintf(c->out, "closed %s\n", stamp_print(i->closed_ms).at);
    for (int f = 0; f < FREEZES; f++)
        if (freeze_holds(i, (enum freeze)f))
            (void)fprintf(c->out, "freezes %s\n", freeze_name((enum freeze)f));
    for (size_t k = 0; k < n; k++)
        (void)fprintf(c->out, "  %s %s %s%s%s\n", stamp_print(all[k].at_ms).at, all[k].kind.at, all[k].by.at,
                      all[k].detail.len > 0 ? ": " : "", all[k].detail.at);
}

static enum cli_exit show_command(struct cli *c)
{
    static struct store s;
    struct incident_happening *all;
    struct incident i;
    size_t n;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = incident_read(s.redis, s.keys, a, str_of(c->words[0]), &i);

    if (e == ERR_OK)
        e = incident_history(s.redis, s.keys, a, i.slug, &all, &n);
    if (e == ERR_OK)
        show(c, a, &i, all, n);
    else
        x = failed(c, &s, e, c->words[0]);
    arena_close(a);
    store_close(&s);
    return x;
}

/* ---- close, freeze, thaw ---- */

static enum cli_exit close_command(struct cli *c)
{
    static struct store s;
    struct incident i;
    bool before = false;
    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    struct change *with = change_begin(a);

    change_replace(with, s.keys, BY, clock_now_ms());

    enum err e = incident_close(s.redis, s.keys, a, str_of(c->words[0]), BY, clock_now_ms(), with, &i, &before);

    if (e != ERR_OK)
        x = failed(c, &s, e, c->words[0]);
    else
        (void)fprintf(c->out, "%s %s closed %s\n", id_print(ID_INCIDENT, i.id).at, i.slug.at,
                      stamp_print(i.closed_ms).at);
    if (before)
        cli_say(c, "it was closed before");
    arena_close(a);
    store_close(&s);
    return x;
}

static enum cli_exit set_freeze(struct cli *c, bool frozen)
{
    static struct store s;
    enum freeze what;

    if (!freeze_parse(str_of(c->words[1]), &what))
        return cli_usage(c, "what is frozen is imports or rules");

    enum cli_exit x = store_open(c, &s, false);

    if (x != CLI_OK)
        return x;

    struct arena *a = arena_open(ARENA_BYTES);
    enum err e = freeze_set(s.redis, s.keys, a, str_of(c->words[0]), what, frozen, BY, clock_now_ms());

    if (e != ERR_OK)
        x = failed(c, &s, e, c->words[0]);
    arena_close(a);
    store_close(&s);
    return x;
}

static enum cli_exit freeze_command(struct cli *c)
{
    return set_freeze(c, true);
}

static enum cli_exit thaw_command(struct cli *c)
{
    return set_freeze(c, false);
}

const struct command command_incident_declare = {
    .name = "incident declare",
    .words = "SLUG",
    .does = "put a pack in force on all gateways at once",
    .examples =
        "  postern incident declare sites-gone --pack site-loss --title 'Sites deleted by a script'\n"
        "  postern incident declare sites-gone --pack site-loss --title 'Sites deleted by a script' --dry-run\n",
    .more = "A pack is packs/NAME.rules beside the rules file, or a shipped one. What is begun after this command has\n"
            "answered is routed by it. Contact imports and reloads of the rules are frozen until it is closed, or "
            "thawed.\n",
    .least = 1,
    .most = 1,
    .dry_run = true,
    .options = {{"pack", "NAME", "which pack"},
                {"title", "TITLE", "for people, one line"},
                {"severity", "WORD", "how bad it is, in a word of the pack"}},
    .run = declare_command,
};

const struct command command_incident_list = {
    .name = "incident list",
    .words = "",
    .does = "all incidents, the newest first",
    .examples = "  postern incident list\n  postern incident list --json\n",
    .run = list_command,
};

const struct command command_incident_show = {
    .name = "incident show",
    .words = "SLUG",
    .does = "an incident and what happened to it",
    .examples = "  postern incident show sites-gone\n",
    .least = 1,
    .most = 1,
    .run = show_command,
};

const struct command command_incident_close = {
    .name = "incident close",
    .words = "SLUG",
    .does = "end it: the rules of the house are in force again",
    .examples = "  postern incident close sites-gone\n",
    .more = "Its record and its timeline stay.\n",
    .least = 1,
    .most = 1,
    .run = close_command,
};

const struct command command_incident_freeze = {
    .name = "incident freeze",
    .words = "SLUG imports|rules",
    .does = "freeze again what was thawed",
    .examples = "  postern incident freeze sites-gone imports\n",
    .least = 2,
    .most = 2,
    .run = freeze_command,
};

const struct command command_incident_thaw = {
    .name = "incident thaw",
    .words = "SLUG imports|rules",
    .does = "let contact imports, or reloads of the rules, through",
    .examples = "  postern incident thaw sites-gone imports\n",
    .least = 2,
    .most = 2,
    .run = thaw_command,
};
