/* check.c - `postern check`: everything that could keep `serve` from starting or a rule from meaning what it says. */
#include "gateway/cli/cli.h"
#include "gateway/http/tls.h"
#include "gateway/pages.h"
#include "gateway/rulesfile.h"
#include "gateway/share.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/route.h"

/* ---- what is looked at, in order; each adds its faults as "file:line: reason" ---- */

static void check_tls(const struct conf *conf, struct buf *faults)
{
    struct ssl_ctx_st *tls = NULL;
    char why[300];

    if (conf->tls_cert[0] == '\0')
        return; /* a pair is made at the first start */
    if (tls_open(&tls, conf->tls_cert, conf->tls_key, why, sizeof why) != ERR_OK)
        buf_printf(faults, "%s:1: %s\n", conf->tls_cert, why);
    tls_close(tls);
}

/* The shipped files; what is not found is one fault, said by check_rules(). */
static bool find_share(char share[4096], char why[300])
{
    return share_find(share, 4096, why, 300) == ERR_OK;
}

static void check_rules(const struct conf *conf, struct buf *faults)
{
    char share[4096], why[300];
    struct rules *rules;

    if (!find_share(share, why))
        buf_printf(faults, "share:1: %s\n", why);
    else if (rulesfile_load(&rules, conf->rules, share, faults) == ERR_OK)
        rules_close(rules);
}

static void check_pages(const struct conf *conf, struct buf *faults)
{
    struct pages_about about = {conf->brand, conf->help_phone};
    char share[4096], why[300];
    struct pages *pages;

    if (find_share(share, why) && pages_open(&pages, share, &about, faults) == ERR_OK)
        pages_close(pages);
}

static void (*const parts[])(const struct conf *conf, struct buf *faults) = {check_tls, check_rules, check_pages};

/* ---- what is said ---- */

/* "file:line: reason" as an object; a fault without a line has line 0. */
static struct doc *fault_doc(struct str fault)
{
    struct doc *d = doc_object();
    struct str file = str_cut(&fault, ':'), rest = fault, line = str_cut(&rest, ':');
    int64_t number;

    if (!str_number(line, &number) || rest.at == NULL) {
        number = 0;
        rest = fault;
    }
    doc_set_text(d, "file", file);
    doc_set_int(d, "line", number);
    doc_set_text(d, "reason", str_trim(rest));
    return d;
}

static void print_json(FILE *out, struct str faults)
{
    struct arena *a = arena_open(4096);
    struct doc *d = doc_object(), *list = doc_array();

    doc_set_bool(d, "ok", faults.len == 0);
    while (faults.len > 0)
        doc_push(list, fault_doc(str_cut(&faults, '\n')));
    doc_set(d, "faults", list);
    (void)fprintf(out, "%s\n", doc_print(d, a).at);
    doc_close(d);
    arena_close(a);
}

static enum cli_exit check_run(struct cli *c)
{
    static struct conf conf;
    struct buf faults = {0};
    const char *file = c->file == NULL ? conf_default_file() : c->file;
    enum err e = conf_read(&conf, file, c->overrides, c->override_count, &faults);

    if (e == ERR_ABSENT) {
        (void)fputs(buf_view(&faults).at, c->err);
        buf_free(&faults);
        return CLI_NO_INPUT;
    }
    for (size_t i = 0; e == ERR_OK && i < sizeof parts / sizeof parts[0]; i++)
        parts[i](&conf, &faults);

    struct str said = buf_view(&faults);
    bool ok = said.len == 0;

    if (c->json)
        print_json(c->out, said);
    else
        (void)fputs(ok ? "ok\n" : said.at, c->out);
    buf_free(&faults);
    return ok ? CLI_OK : CLI_CONF;
}

const struct command command_check = {
    .name = "check",
    .words = "",
    .does = "read configuration, TLS files and rules, name every fault",
    .examples = "  postern check -c /etc/postern/postern.conf\n"
                "  postern check -o rules=new.rules && systemctl reload postern\n",
    .more = "Prints file:line: reason for every fault and exits with 78, or ok and exits with 0.\n",
    .run = check_run,
};
