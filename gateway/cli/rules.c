/* rules.c - `postern rules explain`: why a ticket stands where it stands, why a claim is a customer's. */
#include "gateway/cli/cli.h"
#include "gateway/cli/store.h"
#include "gateway/rulesfile.h"
#include "gateway/share.h"
#include "queues/clock.h"
#include "queues/filing.h"
#include "queues/placing.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/explain.h"
#include "rules/match_explain.h"

#include <string.h>

enum { EXAMPLE_MAX = 64 * 1024 };

static enum cli_exit load(struct cli *c, const struct conf *conf, struct rules **out)
{
    char share[4096], why[300];
    struct buf faults = {0};
    enum err e = share_find(share, sizeof share, why, sizeof why);

    if (e != ERR_OK) {
        cli_say(c, "%s", why);
        return CLI_CONF;
    }
    e = rulesfile_load(out, conf->rules, share, &faults);
    if (e != ERR_OK)
        (void)fputs(buf_view(&faults).at, c->err);
    buf_free(&faults);
    return e == ERR_OK ? CLI_OK : CLI_CONF;
}

static void print(struct cli *c, const struct rules *rules, const struct explain_case *example, struct arena *a)
{
    struct buf out = {0};

    explain_print(rules, example, a, &out);
    (void)fputs(buf_view(&out).at, c->out);
    buf_free(&out);
}

/* An example of a claim and a record instead of a ticket's facts. */
static enum err explain_match(struct cli *c, const struct rules *rules, const struct doc *d, struct arena *a,
                              struct buf *why)
{
    struct match_example_case example;
    struct buf out = {0};
    enum err e = match_explain_parse(&example, rules, d, a, why);

    if (e == ERR_OK) {
        match_explain_print(&example, a, &out);
        (void)fputs(buf_view(&out).at, c->out);
    }
    buf_free(&out);
    return e;
}

static enum err explain_facts(struct cli *c, const struct rules *rules, const struct doc *d, struct arena *a,
                              struct buf *why)
{
    struct explain_case example;
    enum err e = explain_parse(&example, d, clock_now_ms(), a, why);

    if (e == ERR_OK)
        print(c, rules, &example, a);
    return e;
}

static enum cli_exit explain_example(struct cli *c, const struct rules *rules)
{
    struct arena *a = arena_open(64 * 1024);
    struct buf text = {0}, why = {0};
    char chunk[4096], reason[200];
    struct doc *d = NULL;
    size_t n;
    enum cli_exit x = CLI_DATA;

    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0 && text.len <= EXAMPLE_MAX)
        buf_add(&text, chunk, n);
    if (text.len > EXAMPLE_MAX || doc_parse(&d, buf_view(&text), reason, sizeof reason) != ERR_OK) {
        cli_say(c, "the example is not JSON: %s", text.len > EXAMPLE_MAX ? "too large" : reason);
    } else if ((match_explains(d) ? explain_match : explain_facts)(c, rules, d, a, &why) != ERR_OK) {
        (void)fputs(buf_view(&why).at, c->err);
    } else {
        x = CLI_OK;
    }
    doc_close(d);
    buf_free(&text);
    buf_free(&why);
    arena_close(a);
    return x;
}

/* Why it is that customer's: as it was decided, by the statement that was in force then. */
static void print_match(struct cli *c, const struct ticket *t)
{
    struct doc *reasons;

    if (doc_parse(&reasons, t->reasons, NULL, 0) != ERR_OK)
        return;
    (void)fprintf(c->out, "match %s, score %d\n", id_print(ID_ACCOUNT, t->account).at, t->score);
    for (size_t i = 0; i < doc_size(reasons); i++) {
        struct str reason = doc_text(doc_at(reasons, i));

        (void)fprintf(c->out, "  %.*s\n", (int)reason.len, reason.at);
    }
    doc_close(reasons);
}

/* "tkt_…", or a public reference. */
static enum err find_ticket(struct store *s, struct arena *a, struct str word, struct ulid *id)
{
    struct pointer p;
    uint64_t reference;

    if (id_parse(ID_TICKET, word, id))
        return ERR_OK;
    if (!reference_parse(word, &reference))
        return ERR_ABSENT;

    enum err e = pointer_read(s->redis, a, reference, &p);

    if (e == ERR_OK)
        *id = p.ticket;
    return e;
}

static enum cli_exit explain_stored(struct cli *c, struct store *s, const struct rules *rules)
{
    struct arena *a = arena_open(64 * 1024);
    struct explain_case stored = {.now_ms = clock_now_ms()};
    struct happening *history;
    struct ticket t;
    struct ulid id;
    size_t n;
    enum err e = find_ticket(s, a, str_of(c->words[0]), &id);

    if (e == ERR_OK)
        e = ticket_read(s->redis, s->keys, a, id, &t);
    if (e == ERR_OK)
        e = history_read(s->redis, a, id, &history, &n);
    if (e == ERR_OK) {
        stored.facts = ticket_facts(rules, &t, t.level);
        placing_heat(&stored.facts, history, n, a);
        stored.history = placing_events(history, n, a, &stored.events);
        print_match(c, &t);
        print(c, rules, &stored, a);
    } else {
        cli_say(c, "%s: %s", c->words[0], e == ERR_ABSENT ? "there is no such ticket" : err_text(e));
    }
    arena_close(a);
    return e == ERR_ABSENT ? CLI_NO_INPUT : cli_exit_of(e);
}

static enum cli_exit rules_explain_run(struct cli *c)
{
    static struct store s;
    static struct conf conf;
    struct rules *rules;
    bool example = strcmp(c->words[0], "-") == 0;
    enum cli_exit x = example ? cli_conf(c, &conf) : store_open(c, &s, false);

    if (x != CLI_OK)
        return x;
    x = load(c, example ? &conf : &s.conf, &rules);
    if (x == CLI_OK) {
        x = example ? explain_example(c, rules) : explain_stored(c, &s, rules);
        rules_close(rules);
    }
    if (!example)
        store_close(&s);
    return x;
}

const struct command command_rules_explain = {
    .name = "rules explain",
    .words = "TICKET|-",
    .does = "show how the rules decide, line by line",
    .examples = "  postern rules explain R7K4-2M9Q-C\n"
                "  postern rules explain - <<<'{\"channel\":\"web\",\"impact\":\"down\"}'\n"
                "  postern rules explain - <<<'{\"claim\":{\"email\":\"ana@acme.example\"},"
                "\"record\":{\"email\":\"anna@acme.example\"}}'\n",
    .more = "Of a stored ticket also whose it is, and why.\n",
    .least = 1,
    .most = 1,
    .run = rules_explain_run,
};
