/* help.c - `postern help`: what there is, and how each is used, examples first. */
#include "gateway/cli/cli.h"

#include <string.h>

/* The longest "postern NAME WORDS" of the table. */
static int usage_columns(void)
{
    size_t most = 0;

    for (size_t i = 0; i < cli_command_count(); i++) {
        const struct command *c = cli_command_at(i);
        size_t n = strlen(c->name) + 1 + strlen(c->words);

        most = n > most ? n : most;
    }
    return (int)most;
}

void cli_help(FILE *out)
{
    (void)fputs("usage: postern COMMAND [-c FILE] [-o name=value]... [--json]\n\n", out);
    for (size_t i = 0; i < cli_command_count(); i++) {
        const struct command *c = cli_command_at(i);
        int used = fprintf(out, "  postern %s%s%s", c->name, c->words[0] == '\0' ? "" : " ", c->words);

        (void)fprintf(out, "%*s%s\n", usage_columns() + 12 - used, "", c->does);
    }
    (void)fputs("\n"
                "  -c FILE         the configuration; without it ./postern.conf, then /etc/postern/postern.conf\n"
                "  -o name=value   overrides a setting of it\n"
                "  --json          data as JSON, where a command prints data\n"
                "  -h, --help      this, or how a command is used\n"
                "  --version\n",
                out);
}

void cli_help_command(FILE *out, const struct command *c)
{
    (void)fprintf(out, "postern %s: %s\n\n%s\n", c->name, c->does, c->examples);
    (void)fprintf(out, "usage: postern %s%s%s [-c FILE] [-o name=value]... [--json]%s\n", c->name,
                  c->words[0] == '\0' ? "" : " ", c->words, c->dry_run ? " [--dry-run]" : "");
    if (c->dry_run)
        (void)fprintf(out, "  --%-24s%s\n", "dry-run", "say what would be done, and do nothing");
    for (size_t i = 0; i < CLI_OPTIONS_MAX && c->options[i].name != NULL; i++) {
        const struct cli_option *o = &c->options[i];
        int used = fprintf(out, "  --%s%s%s", o->name, o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);

        (void)fprintf(out, "%*s%s\n", used < 27 ? 28 - used : 1, "", o->does);
    }
    if (c->more != NULL)
        (void)fprintf(out, "\n%s", c->more);
}

static enum cli_exit help_run(struct cli *c)
{
    char name[128] = "";

    for (int i = 0; i < c->word_count; i++) {
        size_t had = strlen(name);

        (void)snprintf(name + had, sizeof name - had, "%s%s", i == 0 ? "" : " ", c->words[i]);
    }
    if (c->word_count == 0) {
        cli_help(c->out);
        return CLI_OK;
    }

    const struct command *found = cli_command_find(name);

    if (found == NULL)
        return cli_usage(c, "no command is called %s", name);
    cli_help_command(c->out, found);
    return CLI_OK;
}

const struct command command_help = {
    .name = "help",
    .words = "[COMMAND]",
    .does = "how a command is used",
    .examples = "  postern help\n  postern help mail show\n",
    .most = 2,
    .run = help_run,
};
