/* serve.c - `postern serve`: the gateway in the foreground. */
#include "gateway/serve.h"
#include "gateway/cli/cli.h"
#include "gateway/notify.h"
#include "queues/log.h"
#include "rules/base/text.h"

#include <pthread.h>
#include <signal.h>

/* Reads the configuration again and hands over what can change while running. */
static void reload(struct cli *c, struct serve *s)
{
    static struct conf conf;
    struct buf faults = {0};
    const char *file = c->file == NULL ? conf_default_file() : c->file;

    (void)notify_reloading();
    if (conf_read(&conf, file, c->overrides, c->override_count, &faults) == ERR_OK)
        serve_reload(s, &conf);
    else
        log_error("conf_refused", "why=%s kept=%s", buf_view(&faults).at, "the settings before");
    buf_free(&faults);
    (void)notify_ready("");
}

/* Blocked here, so that every thread made later blocks them too and sigwait() gets them. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static enum cli_exit serve_run(struct cli *c)
{
    static struct conf conf;
    char why[SERVE_WHY_BYTES];
    struct serve *s;
    sigset_t signals;
    int got = 0;
    enum cli_exit x = cli_conf(c, &conf);

    if (x != CLI_OK)
        return x;
    block_signals(&signals);

    enum err e = serve_open(&s, &conf, why);

    if (e != ERR_OK) {
        cli_say(c, "%s", why);
        return cli_exit_of(e);
    }
    (void)notify_ready("");
    while (got != SIGTERM && got != SIGINT)
        if (sigwait(&signals, &got) == 0 && got == SIGHUP)
            reload(c, s);
    (void)notify_stopping("");
    log_info("stopping", "signal=%d", got);
    serve_close(s);
    log_info("stopped");
    return CLI_OK;
}

const struct command command_serve = {
    .name = "serve",
    .words = "",
    .does = "run the gateway in the foreground",
    .examples = "  postern serve\n  postern serve -c /etc/postern/postern.conf\n"
                "  postern serve -o 'listen=public 127.0.0.1:0' -o data=/tmp/try\n",
    .more = "SIGTERM and SIGINT drain and stop within 5 s. SIGHUP reads rules, TLS files and the log level again;\n"
            "what is faulty stays as it was.\n",
    .run = serve_run,
};
