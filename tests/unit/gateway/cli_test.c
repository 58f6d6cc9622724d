/* cli: what was typed, what is answered, and with which exit code. */
#include "gateway/cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char out_said[16384], err_said[16384];

/* Runs a line of words as a shell would split it at spaces. */
static enum cli_exit type(const char *line)
{
    char words[512], *argv[32] = {(char *)(uintptr_t) "postern"};
    int argc = 1;
    FILE *out = fmemopen(out_said, sizeof out_said, "w"), *err = fmemopen(err_said, sizeof err_said, "w");

    memset(out_said, 0, sizeof out_said);
    memset(err_said, 0, sizeof err_said);
    (void)snprintf(words, sizeof words, "%s", line);
    for (char *save, *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    assert_true(out != NULL && err != NULL);

    enum cli_exit code = cli_main(argc, argv, out, err);

    (void)fclose(out);
    (void)fclose(err);
    return code;
}

static const struct {
    const char *label, *line;
    enum cli_exit code;
    const char *out, *err; /* beginnings */
} cases[] = {
    {"nothing", "", CLI_USAGE, "", "usage: postern COMMAND"},
    {"version", "--version", CLI_OK, "postern " POSTERN_VERSION "\n", ""},
    {"version behind a command", "check --version", CLI_OK, "postern " POSTERN_VERSION "\n", ""},
    {"help", "help", CLI_OK, "usage: postern COMMAND", ""},
    {"-h", "-h", CLI_OK, "usage: postern COMMAND", ""},
    {"--help", "--help", CLI_OK, "usage: postern COMMAND", ""},
    {"help of a command", "help mail show", CLI_OK, "postern mail show: decoded mails", ""},
    {"-h of a command", "mail show -h", CLI_OK, "postern mail show: decoded mails", ""},
    {"--help among options", "mail show --last 3 --help", CLI_OK, "postern mail show: decoded mails", ""},
    {"help of nothing we know", "help dance", CLI_USAGE, "", "postern help: no command is called dance"},
    {"mistyped", "chekc", CLI_USAGE, "", "postern: no command is called chekc; did you mean check?"},
    {"mistyped second word", "mail shwo", CLI_USAGE, "",
     "postern: no command is called mail shwo; did you mean mail show?"},
    {"unknown", "dance", CLI_USAGE, "", "postern: no command is called dance (postern help)\n"},
    {"second word missing", "mail", CLI_USAGE, "", "postern mail wants a second word:\n  postern mail show"},
    {"a word too many", "check this", CLI_USAGE, "", "postern check: this is a word too many"},
    {"a lone dash is a word", "check -", CLI_USAGE, "", "postern check: - is a word too many"},
    {"words behind --", "check -- --json", CLI_USAGE, "", "postern check: --json is a word too many"},
    {"unknown short option", "check -x", CLI_USAGE, "", "postern check: no option is called -x"},
    {"unknown long option", "check --frobnicate", CLI_USAGE, "", "postern check: no option is called --frobnicate"},
    {"mistyped option", "mail show --lats 3", CLI_USAGE, "",
     "postern mail show: no option is called --lats; did you mean --last?"},
    {"option of another command", "check --last 3", CLI_USAGE, "", "postern check: no option is called --last"},
    {"option in front of its command", "--last 3 mail show", CLI_USAGE, "", "postern: no option is called --last"},
    {"dry run where nothing is written", "check --dry-run", CLI_USAGE, "",
     "postern check: no option is called --dry-run"},
    {"option without its value", "mail show --last", CLI_USAGE, "", "postern mail show: --last wants a value: N"},
    {"option with a wrong number", "mail show --last many", CLI_USAGE, "", "postern mail show: --last wants a number"},
    {"option with a number beyond all", "mail show --last 99999999999", CLI_USAGE, "",
     "postern mail show: --last wants a number"},
    {"-c without a file", "check -c", CLI_USAGE, "", "postern check: -c wants a file"},
    {"-o without a value", "check -o brand", CLI_USAGE, "", "postern check: -o wants name=value"},
    {"-o without a name", "check -o =x", CLI_USAGE, "", "postern check: -o wants name=value"},
    {"no such file", "check -c /nowhere/p.conf", CLI_NO_INPUT, "", "/nowhere/p.conf: No such file"},
    {"no fault", "check -o brand=X", CLI_OK, "ok\n", ""},
    {"no fault, as JSON", "check --json", CLI_OK, "{\"ok\":true,\"faults\":[]}\n", ""},
    {"options in front", "-o brand=X check", CLI_OK, "ok\n", ""},
    {"options close by", "check -obrand=X", CLI_OK, "ok\n", ""},
    {"a fault", "check -o colour=red", CLI_CONF, "-o:1: no setting is called colour\n", ""},
    {"a fault, as JSON", "check -o colour=red --json", CLI_CONF,
     "{\"ok\":false,\"faults\":[{\"file\":\"-o\",\"line\":1,\"reason\":\"no setting is called colour\"}]}\n", ""},
    {"TLS files that are not there", "check -o tls=/nowhere/c /nowhere/k", CLI_USAGE, "",
     "postern check: /nowhere/k is a word"},
    {"faults elsewhere go to stderr", "mail show -o colour=red", CLI_CONF, "", "-o:1: no setting is called colour\n"},
    {"no mail yet", "mail show -o data=/nowhere --last=2", CLI_NO_INPUT, "",
     "postern mail show: there is no /nowhere/mail yet"},
};

static void every_line_has_its_answer_and_exit_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum cli_exit code = type(cases[i].line);
        bool out_right =
            strncmp(out_said, cases[i].out, strlen(cases[i].out)) == 0 && !(*cases[i].out == '\0' && *out_said != '\0');
        bool err_right =
            strncmp(err_said, cases[i].err, strlen(cases[i].err)) == 0 && !(*cases[i].err == '\0' && *err_said != '\0');

        if (code != cases[i].code || !out_right || !err_right)
            fail_msg("%s: exit %d\nstdout: %s\nstderr: %s", cases[i].label, (int)code, out_said, err_said);
    }
}

static void every_command_explains_itself_with_examples(void **state)
{
    char line[128];

    (void)state;
    for (size_t i = 0; i < cli_command_count(); i++) {
        const struct command *c = cli_command_at(i);

        assert_ptr_equal(cli_command_find(c->name), c);
        assert_non_null(c->run);
        assert_int_equal(type("help"), CLI_OK);
        assert_non_null(strstr(out_said, c->name));
        (void)snprintf(line, sizeof line, "%s --help", c->name);
        assert_int_equal(type(line), CLI_OK);
        assert_non_null(strstr(out_said, c->examples));
        assert_true(strstr(out_said, c->examples) < strstr(out_said, "usage:"));
        for (const char *at = c->examples; *at != '\0'; at = strchr(at, '\n') + 1)
            assert_int_equal(strncmp(at, "  postern ", 10), 0);
    }
}

static void every_error_has_an_exit_code(void **state)
{
    (void)state;
    for (int e = ERR_OK + 1; e < ERR_KINDS; e++)
        assert_true(cli_exit_of((enum err)e) >= CLI_USAGE && cli_exit_of((enum err)e) <= CLI_CONF);
    assert_int_equal(cli_exit_of(ERR_OK), CLI_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_has_its_answer_and_exit_code),
        cmocka_unit_test(every_command_explains_itself_with_examples),
        cmocka_unit_test(every_error_has_an_exit_code),
    };

    return chdir("/") != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
