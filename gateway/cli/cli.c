#include "gateway/cli/cli.h"

#include "rules/base/near.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

static const struct command *const commands[] = {
#define X(name) &command_##name,
    COMMAND_LIST(X)
#undef X
};

enum { COMMANDS = sizeof commands / sizeof commands[0], NAME_MAX_BYTES = 64 };

/* ---- the table ---- */

size_t cli_command_count(void)
{
    return COMMANDS;
}

const struct command *cli_command_at(size_t i)
{
    assert(i < COMMANDS);
    return commands[i];
}

const struct command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* Does any command's name begin with this word and go on? */
static bool is_group(const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i < COMMANDS; i++)
        if (strncmp(commands[i]->name, word, n) == 0 && commands[i]->name[n] == ' ')
            return true;
    return false;
}

/* ---- talk ---- */

static const char *name_of(const struct cli *c)
{
    return c->command == NULL ? "" : c->command->name;
}

static void say(const struct cli *c, const char *format, va_list args)
{
    (void)fprintf(c->err, "postern%s%s: ", c->command == NULL ? "" : " ", name_of(c));
    (void)vfprintf(c->err, format, args);
}

void cli_say(const struct cli *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(c, format, args);
    va_end(args);
    (void)fputc('\n', c->err);
}

enum cli_exit cli_usage(const struct cli *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(c, format, args);
    va_end(args);
    (void)fprintf(c->err, " (postern help%s%s)\n", c->command == NULL ? "" : " ", name_of(c));
    return CLI_USAGE;
}

/* ---- reading what was typed ---- */

struct typed {
    int argc, at;
    char **argv;
    char name[NAME_MAX_BYTES]; /* the command's name as far as it was typed */
    bool help, version, words_only;
};

/* The value of an option: behind its '=', or the next argument. NULL where there is none. */
static const char *value_of(struct typed *t, const char *attached)
{
    if (attached != NULL)
        return attached;
    return t->at < t->argc ? t->argv[t->at++] : NULL;
}

static enum cli_exit add_override(struct cli *c, const char *text)
{
    static const char *const wants = "-o wants name=value";
    char *equals = text == NULL ? NULL : strchr(text, '=');

    if (equals == NULL || equals == text)
        return cli_usage(c, "%s", wants);
    if (c->override_count == CLI_OVERRIDES_MAX)
        return cli_usage(c, "at most %d times -o", CLI_OVERRIDES_MAX);
    *equals = '\0'; /* argv is ours to cut */
    c->overrides[c->override_count++] = (struct conf_override){text, equals + 1};
    return CLI_OK;
}

static enum cli_exit short_option(struct cli *c, struct typed *t, const char *arg)
{
    const char *attached = arg[2] == '\0' ? NULL : arg + 2;

    switch (arg[1]) {
    case 'h':
        t->help = true;
        return CLI_OK;
    case 'o':
        return add_override(c, value_of(t, attached));
    case 'c':
        c->file = value_of(t, attached);
        return c->file == NULL || *c->file == '\0' ? cli_usage(c, "-c wants a file") : CLI_OK;
    default:
        return cli_usage(c, "no option is called %s", arg);
    }
}

static enum cli_exit unknown_option(const struct cli *c, struct str name)
{
    const char *known[CLI_OPTIONS_MAX + 4] = {"json", "help", "version", "dry-run"};
    size_t n = 4;

    for (size_t i = 0; c->command != NULL && i < CLI_OPTIONS_MAX && c->command->options[i].name != NULL; i++)
        known[n++] = c->command->options[i].name;

    const char *near = near_word(name, known, n);

    if (near != NULL)
        return cli_usage(c, "no option is called --%.*s; did you mean --%s?", (int)name.len, name.at, near);
    return cli_usage(c, "no option is called --%.*s", (int)name.len, name.at);
}

static enum cli_exit own_option(struct cli *c, struct typed *t, struct str name, const char *attached)
{
    for (size_t i = 0; c->command != NULL && i < CLI_OPTIONS_MAX && c->command->options[i].name != NULL; i++) {
        const struct cli_option *o = &c->command->options[i];

        if (!str_is(name, o->name))
            continue;
        if (o->value == NULL && attached != NULL)
            return cli_usage(c, "--%s has no value", o->name);
        c->values[i] = o->value == NULL ? "" : value_of(t, attached);
        return c->values[i] == NULL ? cli_usage(c, "--%s wants a value: %s", o->name, o->value) : CLI_OK;
    }
    return unknown_option(c, name);
}

static enum cli_exit long_option(struct cli *c, struct typed *t, const char *arg)
{
    struct str rest = str_of(arg + 2), name = str_cut(&rest, '=');
    const char *attached = rest.at;

    if (attached == NULL && str_is(name, "json"))
        c->json = true;
    else if (attached == NULL && str_is(name, "dry-run") && c->command != NULL && c->command->dry_run)
        c->dry_run = true;
    else if (attached == NULL && str_is(name, "help"))
        t->help = true;
    else if (attached == NULL && str_is(name, "version"))
        t->version = true;
    else
        return own_option(c, t, name, attached);
    return CLI_OK;
}

static enum cli_exit unknown_command(const struct cli *c, const char *name)
{
    const char *names[COMMANDS];

    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;

    const char *near = near_word(str_of(name), names, COMMANDS);

    if (near != NULL)
        return cli_usage(c, "no command is called %s; did you mean %s?", name, near);
    return cli_usage(c, "no command is called %s", name);
}

static enum cli_exit take_word(struct cli *c, struct typed *t, const char *word)
{
    size_t had = strlen(t->name);

    if (c->command != NULL) {
        if (c->word_count == c->command->most || c->word_count == CLI_WORDS_MAX)
            return cli_usage(c, "%s is a word too many", word);
        c->words[c->word_count++] = word;
        return CLI_OK;
    }
    if (had + strlen(word) + 2 > sizeof t->name)
        return cli_usage(c, "no command is called %.40s…", word);
    (void)snprintf(t->name + had, sizeof t->name - had, "%s%s", had == 0 ? "" : " ", word);
    c->command = cli_command_find(t->name);
    return c->command != NULL || (had == 0 && is_group(word)) ? CLI_OK : unknown_command(c, t->name);
}

static enum cli_exit read_typed(struct cli *c, struct typed *t)
{
    enum cli_exit e = CLI_OK;

    while (e == CLI_OK && t->at < t->argc) {
        const char *arg = t->argv[t->at++];

        if (t->words_only || arg[0] != '-' || arg[1] == '\0')
            e = take_word(c, t, arg);
        else if (strcmp(arg, "--") == 0)
            t->words_only = true;
        else if (arg[1] == '-')
            e = long_option(c, t, arg);
        else
            e = short_option(c, t, arg);
    }
    return e;
}

static enum cli_exit incomplete(const struct cli *c, const struct typed *t)
{
    if (t->name[0] == '\0') {
        cli_help(c->err);
        return CLI_USAGE;
    }
    (void)fprintf(c->err, "postern %s wants a second word:\n", t->name);
    for (size_t i = 0; i < COMMANDS; i++)
        if (strncmp(commands[i]->name, t->name, strlen(t->name)) == 0)
            (void)fprintf(c->err, "  postern %s %s\n", commands[i]->name, commands[i]->words);
    return CLI_USAGE;
}

enum cli_exit cli_main(int argc, char **argv, FILE *out, FILE *err)
{
    struct cli c = {.out = out, .err = err};
    struct typed t = {.argc = argc, .argv = argv, .at = 1};
    enum cli_exit e = read_typed(&c, &t);

    if (e != CLI_OK)
        return e;
    if (t.version)
        (void)fprintf(out, "postern %s\n", POSTERN_VERSION);
    else if (t.help && c.command != NULL)
        cli_help_command(out, c.command);
    else if (t.help)
        cli_help(out);
    else if (c.command == NULL)
        e = incomplete(&c, &t);
    else if (c.word_count < c.command->least)
        e = cli_usage(&c, "%s is missing", c.command->words);
    else
        e = c.command->run(&c);
    if (e == CLI_OK && (fflush(out) != 0 || ferror(out))) {
        cli_say(&c, "cannot write the answer");
        e = CLI_IO;
    }
    return e;
}

/* ---- what commands ask ---- */

const char *cli_option(const struct cli *c, const char *name)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX && c->command->options[i].name != NULL; i++)
        if (strcmp(c->command->options[i].name, name) == 0)
            return c->values[i];
    assert(!"an option that the command does not have");
    return NULL;
}

bool cli_number(const struct cli *c, const char *name, int64_t least, int64_t most, int64_t otherwise, int64_t *out)
{
    const char *text = cli_option(c, name);
    int64_t n = otherwise;

    if (text != NULL && (!str_number(str_of(text), &n) || n < least || n > most)) {
        (void)cli_usage(c, "--%s wants a number from %lld to %lld", name, (long long)least, (long long)most);
        return false;
    }
    *out = n;
    return true;
}

enum cli_exit cli_conf(const struct cli *c, struct conf *out)
{
    struct buf faults = {0};
    const char *file = c->file == NULL ? conf_default_file() : c->file;
    enum err e = conf_read(out, file, c->overrides, c->override_count, &faults);

    if (e != ERR_OK)
        (void)fputs(buf_view(&faults).at, c->err);
    buf_free(&faults);
    return e == ERR_ABSENT ? CLI_NO_INPUT : cli_exit_of(e);
}

enum cli_exit cli_exit_of(enum err e)
{
    static const enum cli_exit codes[ERR_KINDS] = {
        [ERR_OK] = CLI_OK,
        [ERR_SYNTAX] = CLI_DATA,
        [ERR_UNKNOWN_CALLER] = CLI_DENIED,
        [ERR_DENIED] = CLI_DENIED,
        [ERR_ABSENT] = CLI_DATA,
        [ERR_CONFLICT] = CLI_DATA,
        [ERR_GONE] = CLI_DATA,
        [ERR_LARGE] = CLI_DATA,
        [ERR_INPUT] = CLI_DATA,
        [ERR_LIMIT] = CLI_AGAIN,
        [ERR_STORE] = CLI_UNAVAILABLE,
        [ERR_BUSY] = CLI_AGAIN,
        [ERR_FULL] = CLI_IO,
        [ERR_IO] = CLI_IO,
        [ERR_CORRUPT] = CLI_DATA,
        [ERR_CONF] = CLI_CONF,
    };

    assert((size_t)e < ERR_KINDS);
    return codes[e];
}
