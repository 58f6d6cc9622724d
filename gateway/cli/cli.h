/* cli.h - the frame around every sub-command: what was typed, and how to answer.
 *
 *     postern COMMAND [WORD]... [-c FILE] [-o name=value]... [--json] [--dry-run] [its own options]
 *
 * U1  a command is one file that defines one `const struct command`, and one line in
 *     COMMAND_LIST; what is not in the list does not exist, for help neither;
 * U2  data goes to stdout, talk to stderr; a command answers with an exit code of the
 *     list and has said why before where that is not CLI_OK;
 * U3  options may stand anywhere behind the command; `--` ends them, `-` is a word. */
#ifndef GATEWAY_CLI_CLI_H
#define GATEWAY_CLI_CLI_H

#include "gateway/conf.h"

#include <stdbool.h>
#include <stdio.h>

#define POSTERN_VERSION "0.1.0"

/* One line for each command: command_<name> is what its file defines. The order is the order of the help. */
#define COMMAND_LIST(X)     \
    X(serve)                \
    X(check)                \
    X(contacts_import)      \
    X(staff_add)            \
    X(staff_passwd)         \
    X(staff_disable)        \
    X(staff_list)           \
    X(staff_import)         \
    X(webhook_add)          \
    X(webhook_rotate)       \
    X(webhook_disable)      \
    X(webhook_remove)       \
    X(webhook_list)         \
    X(hook_add)             \
    X(hook_list)            \
    X(hook_remove)          \
    X(hook_test)            \
    X(incident_declare)     \
    X(incident_list)        \
    X(incident_show)        \
    X(incident_close)       \
    X(incident_freeze)      \
    X(incident_thaw)        \
    X(incident_restoration) \
    X(incident_import)      \
    X(mail_show)            \
    X(roster_check)         \
    X(roster_import)        \
    X(roster_show)          \
    X(rules_explain)        \
    X(rules_what_if)        \
    X(sample)               \
    X(help)

/* sysexits.h has the same numbers; the meanings are ours. */
enum cli_exit {
    CLI_OK = 0,
    CLI_USAGE = 64,       /* what was typed makes no sense */
    CLI_DATA = 65,        /* data that is wrong, a password that is too short too */
    CLI_NO_INPUT = 66,    /* no such input file */
    CLI_UNAVAILABLE = 69, /* Redis, a relay, a running server is missing */
    CLI_BUG = 70,         /* ours */
    CLI_IO = 74,          /* reading or writing failed */
    CLI_AGAIN = 75,       /* try again later */
    CLI_DENIED = 77,      /* not allowed */
    CLI_CONF = 78,        /* the configuration is wrong */
};

enum { CLI_OPTIONS_MAX = 8, CLI_OVERRIDES_MAX = 64, CLI_WORDS_MAX = 16 };

/* An option of one command. */
struct cli_option {
    const char *name;  /* "source" for --source */
    const char *value; /* how its value is called in help, "NAME"; NULL: it has none */
    const char *does;
};

struct cli;

struct command {
    const char *name;     /* "check", "mail show" */
    const char *words;    /* what stands behind it, "FILE"; "" nothing */
    const char *does;     /* one line, without a full stop */
    const char *examples; /* whole lines, each "postern …\n" */
    const char *more;     /* what else help tells, whole lines; NULL nothing */
    int least, most;      /* words behind the name */
    bool dry_run;         /* knows --dry-run */
    struct cli_option options[CLI_OPTIONS_MAX];
    enum cli_exit (*run)(struct cli *c);
};

#define X(name) extern const struct command command_##name;
COMMAND_LIST(X)
#undef X

/* One invocation. */
struct cli {
    const struct command *command;
    const char *words[CLI_WORDS_MAX]; /* behind the command's name */
    int word_count;
    const char *file; /* -c; NULL: conf_default_file() */
    struct conf_override overrides[CLI_OVERRIDES_MAX];
    size_t override_count;
    bool json, dry_run;
    const char *values[CLI_OPTIONS_MAX]; /* by the place in options; "" for one without value; NULL: not given */
    FILE *out, *err;
};

/* Reads the words, runs the command. The exit code of the process. */
enum cli_exit cli_main(int argc, char **argv, FILE *out, FILE *err);

/* The value of an option of the command, "" for one without value, NULL where it was not given. */
const char *cli_option(const struct cli *c, const char *name);
/* The same as a number from least to most; what where it was not given. False, and said so, where it is none. */
bool cli_number(const struct cli *c, const char *name, int64_t least, int64_t most, int64_t otherwise, int64_t *out);
/* "postern mail show: …\n" on stderr. */
void cli_say(const struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with "(postern help mail show)" behind it; answers CLI_USAGE. */
enum cli_exit cli_usage(const struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The configuration, or its faults on stderr and CLI_CONF, or CLI_NO_INPUT. */
enum cli_exit cli_conf(const struct cli *c, struct conf *out);
/* A whole file, or stdin for "-", added to out; bytes_max: whole MiB. CLI_OK, or said: CLI_NO_INPUT, CLI_IO, CLI_DATA
 * where it is larger. */
enum cli_exit cli_read_file(const struct cli *c, const char *name, size_t bytes_max, struct buf *out);
/* Which exit code an error of the house is. */
enum cli_exit cli_exit_of(enum err e);

/* The table, for help and for tests. */
size_t cli_command_count(void);
const struct command *cli_command_at(size_t i);
/* NULL where there is none of that name. */
const struct command *cli_command_find(const char *name);
/* What `postern help` and `postern help NAME` print. */
void cli_help(FILE *out);
void cli_help_command(FILE *out, const struct command *c);

#endif
