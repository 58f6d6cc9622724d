#include "gateway/intake/mail_in.h"

#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/files/keep.h"
#include "gateway/intake/accept.h"
#include "gateway/intake/mail.h"
#include "gateway/intake/mime.h"
#include "gateway/intake/reading.h"
#include "gateway/lmtp/server.h"
#include "queues/journal.h"
#include "rules/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands for the words of a mail that could not be read; staff and its writer see it. */
#define UNREADABLE "(This mail could not be read. Its original is kept.)"

enum { READ_MS = 4000 /* for one mail, of which a thousandth is usual: we stop within 5 s */ };

struct mail_in {
    struct app *app;
    struct mail_house house;
    struct mime_limits limits;
    char notes[4200];
};

/* ---- at the door ---- */

static bool is_ready(void *arg)
{
    const struct mail_in *m = arg;
    struct journal_state j;

    journal_state(m->app->journal, &j);
    return j.well;
}

static void keep(void *arg, struct item *mail, lmtp_written *written, void *session)
{
    struct mail_in *m = arg;

    accept_mail(m->app->accept, mail, written, session);
}

/* What we call ourselves: the domain that mail is for. */
static const char *host_of(const struct conf *c)
{
    const char *at = strrchr(c->mail_from_address, '@');

    return at == NULL ? "localhost" : at + 1;
}

static enum err open_door(struct mail_in *m, char why[LMTP_WHY_BYTES])
{
    const struct conf *c = m->app->conf;
    struct lmtp_options o = {.address = c->listen[CONF_LMTP].host,
                             .port = c->listen[CONF_LMTP].port,
                             .host = host_of(c),
                             .own = c->mail_from_address,
                             .keys = m->app->keys,
                             .blobs = m->app->blobs,
                             .mail_bytes_max = LMTP_MAIL_MAX,
                             .flight_bytes_max = LMTP_FLIGHT_MAX,
                             .sessions_max = LMTP_SESSIONS_MAX,
                             .idle_ms = LMTP_IDLE_MS,
                             .mail_ms = LMTP_MAIL_MS,
                             .ready = is_ready,
                             .keep = keep,
                             .arg = m};

    return lmtp_server_open(&m->app->lmtp, &o, why);
}

/* ---- reading ---- */

static void read_mail(void *arg, const struct item *mail, struct str raw, bool deadly, struct arena *a,
                      struct item *out)
{
    const struct mail_in *m = arg;
    struct mime_mail *read = deadly ? NULL : arena_new(a, struct mime_mail);

    if (read != NULL)
        mime_read(a, raw, &m->limits, read);
    mail_to_item(&m->house, mail, raw, read, a, out);
    if (read != NULL && out->op != ITEM_BOUNCE)
        keep_mail(m->app, read, a, out);
}

static void give(void *arg, struct filer_job *job)
{
    const struct mail_in *m = arg;

    filer_submit(m->app->filer, job);
}

static void park(void *arg, uint64_t seq, struct ulid ulid, const char *why)
{
    const struct mail_in *m = arg;

    filer_park(m->app->filer, seq, ulid, why);
}

void mail_in_waits(struct mail_in *m, uint64_t seq, int64_t received_ms)
{
    reading_add(m->app->reading, seq, received_ms);
}

int64_t mail_in_oldest_ms(struct mail_in *m)
{
    return reading_oldest_ms(m->app->reading);
}

/* ---- life ---- */

enum err mail_in_open(struct mail_in **out, struct app *app, char why[LMTP_WHY_BYTES])
{
    struct mail_in *m = calloc(1, sizeof *m);

    if (m == NULL)
        abort();
    m->app = app;
    m->house = (struct mail_house){.keys = app->keys,
                                   .address = app->conf->mail_from_address,
                                   .authserv_id = app->conf->authserv_id,
                                   .authserv_below = app->conf->authserv_below,
                                   .language = "en",
                                   .unreadable = UNREADABLE};
    m->limits = mime_limits_house;
    m->limits.read_ms = READ_MS;

    enum err e = open_door(m, why);

    if (e != ERR_OK) {
        free(m);
        return e;
    }

    struct reading_options o = {.journal = app->journal,
                                .blobs = app->blobs,
                                .note_file = m->notes,
                                .read = read_mail,
                                .give = give,
                                .park = park,
                                .arg = m};

    mime_open();
    (void)snprintf(m->notes, sizeof m->notes, "%s/reading", app->conf->data);
    app->reading = reading_open(&o);
    *out = m;
    return ERR_OK;
}

void mail_in_start(struct mail_in *m)
{
    reading_start(m->app->reading);
    lmtp_server_start(m->app->lmtp);
}

void mail_in_stop(struct mail_in *m)
{
    if (m == NULL)
        return;
    lmtp_server_stop(m->app->lmtp);
    reading_stop(m->app->reading);
}

void mail_in_wait(struct mail_in *m)
{
    if (m == NULL)
        return;
    lmtp_server_close(m->app->lmtp);
    m->app->lmtp = NULL;
}

void mail_in_rest(struct mail_in *m)
{
    if (m != NULL)
        reading_wait(m->app->reading);
}

void mail_in_close(struct mail_in *m)
{
    if (m == NULL)
        return;
    mail_in_wait(m);
    reading_close(m->app->reading);
    free(m);
}
