/* mail.c - `postern mail show`: the mails that were written to data/mail because no relay is set. */
#include "gateway/cli/cli.h"
#include "gateway/mail/show.h"

static enum cli_exit show_run(struct cli *c)
{
    static struct conf conf;
    char folder[4200];
    int64_t last;
    enum cli_exit code = cli_conf(c, &conf);

    if (code != CLI_OK)
        return code;
    if (!cli_number(c, "last", 0, INT32_MAX, 1, &last))
        return CLI_USAGE;
    (void)snprintf(folder, sizeof folder, "%s/mail", conf.data);

    enum err e = mail_show(folder, (int)last, c->out);

    if (e == ERR_ABSENT)
        cli_say(c, "there is no %s yet: no mail was written, or data is elsewhere (-c, -o data=…)", folder);
    else if (e != ERR_OK)
        cli_say(c, "%s: %s", folder, err_text(e));
    return e == ERR_ABSENT ? CLI_NO_INPUT : cli_exit_of(e);
}

const struct command command_mail_show = {
    .name = "mail show",
    .words = "",
    .does = "decoded mails of data/mail/, where no relay is set",
    .examples = "  postern mail show             the newest mail, with its code\n"
                "  postern mail show --last 5\n"
                "  postern mail show --last 0    all of them\n",
    .options = {{"last", "N", "how many of the newest (1)"}},
    .run = show_run,
};
