#include "gateway/serve.h"

#include "gateway/alarm.h"
#include "gateway/app.h"
#include "gateway/channels/senders.h"
#include "gateway/conf.h"
#include "gateway/data.h"
#include "gateway/door_headers.h"
#include "gateway/files/scanner.h"
#include "gateway/hooks/teller.h"
#include "gateway/http/asset.h"
#include "gateway/http/server.h"
#include "gateway/http/tls.h"
#include "gateway/incident/board.h"
#include "gateway/incident/watch.h"
#include "gateway/intake/accept.h"
#include "gateway/intake/flood.h"
#include "gateway/intake/mail_in.h"
#include "gateway/jobs.h"
#include "gateway/lmtp/server.h"
#include "gateway/mail/letters.h"
#include "gateway/mail/sender.h"
#include "gateway/pages.h"
#include "gateway/roster/roster.h"
#include "gateway/routes.h"
#include "gateway/rulesfile.h"
#include "gateway/say.h"
#include "gateway/share.h"
#include "gateway/staff/console.h"
#include "gateway/tail.h"
#include "gateway/tidy.h"
#include "gateway/work.h"
#include "queues/blob.h"
#include "queues/clock.h"
#include "queues/filer.h"
#include "queues/folder.h"
#include "queues/incident/active.h"
#include "queues/journal.h"
#include "queues/log.h"
#include "queues/number.h"
#include "queues/redis.h"
#include "queues/redis_server.h"
#include "queues/ruleset.h"
#include "queues/seal.h"
#include "queues/sweep.h"
#include "rules/base/arena.h"
#include "rules/phone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    WORKERS = 4,
    HASHING = 2,
    CONNECTIONS_MAX = 10000,
    BODY_MAX = 1126 * 1024, /* 1.1 MiB: above, the edge answers */
    RESERVE_MAX = 1024 * 1024 * 1024,
    ROTATE_BYTES = 64 * 1024 * 1024,
    ROTATE_MS = 10 * 60 * 1000,
    GRACE_MS = 15 * 60 * 1000, /* what a Redis that takes over may lack; an archive is not filed again */
    OPENAPI_MAX = 1024 * 1024,
    DRAIN_MS = 1000, /* then Redis has to answer at once: its own end may take 2.5 of our 5 s */
};

struct serve {
    struct app app;
    struct conf conf;
    struct letters *letters;
    struct mail_in *mail_in;
    char holder[33];  /* of leases: the same after a restart, so that nobody waits for a process that died */
    int64_t swept_ms; /* steady */
    int64_t watched_ms;
    struct tidy tidy;
    char cert[4200], key[4200], identity[4200], mails[4200];
    const struct redis_target *redis;
    struct rulesfile *house;
    struct str policy;
    struct call_header public_headers[DOOR_HEADERS_MAX], staff_headers[DOOR_HEADERS_MAX];
};

enum { LISTENERS = 3 };

static const enum conf_listen served[LISTENERS] = {CONF_PUBLIC, CONF_STAFF, CONF_ADMIN};

static enum err fail(char *why, enum err e, const char *format, const char *a, const char *b)
{
    (void)snprintf(why, SERVE_WHY_BYTES, format, a, b);
    return e;
}

/* ---- folders and keys ---- */

static int64_t reserve_bytes(const struct serve *s)
{
    struct statvfs v;
    int64_t share;

    if (s->conf.reserve_bytes >= 0 || statvfs(s->conf.data, &v) != 0)
        return s->conf.reserve_bytes >= 0 ? s->conf.reserve_bytes : 0;
    share = (int64_t)v.f_blocks * (int64_t)v.f_frsize / 20;
    return share < RESERVE_MAX ? share : RESERVE_MAX;
}

static enum err open_journal(struct serve *s, char *why)
{
    char folder[4200];

    s->app.reserve_bytes = reserve_bytes(s);

    struct journal_options o = {.folder = folder,
                                .keys = s->app.keys,
                                .keep_ms = s->conf.journal_keep_ms,
                                .rotate_ms = ROTATE_MS,
                                .rotate_bytes = ROTATE_BYTES,
                                .reserve_bytes = s->app.reserve_bytes,
                                .hold = true};

    (void)snprintf(folder, sizeof folder, "%s/journal", s->conf.data);
    return journal_open(&s->app.journal, &o, why, SERVE_WHY_BYTES);
}

static enum err open_blobs(struct serve *s, char *why)
{
    char folder[4200];

    (void)snprintf(folder, sizeof folder, "%s/blobs", s->conf.data);

    enum err e = blobs_open(&s->app.blobs, folder, s->app.keys, why, SERVE_WHY_BYTES);

    (void)snprintf(folder, sizeof folder, "%s/blobs/parts", s->conf.data);
    return e != ERR_OK ? e : blobs_open(&s->app.parts, folder, s->app.keys, why, SERVE_WHY_BYTES);
}

/* ---- words and rules ---- */

static enum err open_pages(struct serve *s, char *why)
{
    struct pages_about about = {s->conf.brand, s->conf.help_phone};
    struct buf faults = {0};
    enum err e = share_find(s->app.share, sizeof s->app.share, why, SERVE_WHY_BYTES);

    if (e != ERR_OK)
        return e;
    e = pages_open(&s->app.pages, s->app.share, &about, &faults);
    if (e != ERR_OK)
        (void)snprintf(why, SERVE_WHY_BYTES, "the pages cannot be used: %.400s", buf_view(&faults).at);
    buf_free(&faults);
    return e;
}

/* The rules of the house alone: what is declared is known once Redis is. */
static enum err open_rules(struct serve *s, char *why)
{
    struct buf faults = {0};
    struct rules *rules;
    enum err e = rulesfile_open(&s->house, s->conf.rules, s->app.share, &faults);

    if (e == ERR_OK)
        e = rulesfile_compose(s->house, NULL, 0, &rules, &faults);
    if (e == ERR_OK) {
        s->app.rules = ruleset_open(rules);
        s->app.active = active_open(s->app.rules, rulesfile_compose, s->house);
    } else {
        (void)snprintf(why, SERVE_WHY_BYTES, "%.500s", buf_view(&faults).at);
    }
    buf_free(&faults);
    return e;
}

/* ---- Redis and the threads around it ---- */

static enum err open_redis(struct serve *s, char *why)
{
    s->redis = &s->conf.redis;
    if (!s->conf.redis_embedded)
        return ERR_OK;

    enum err e = redis_server_open(&s->app.redis_server, s->conf.data, why);

    if (e == ERR_OK)
        s->redis = redis_server_target(s->app.redis_server);
    return e;
}

static void on_filed(void *arg, const struct filing *f)
{
    struct serve *s = arg;

    accept_filed(s->app.accept, f);
    if (f->mailed)
        letters_wake(&s->app, UINT64_C(1) << ulid_partition(f->ticket));
    if (f->item.files.len > 0)
        scanner_wake(s->app.scanner);
}

static bool on_refuse(void *arg, const struct filing *f)
{
    struct serve *s = arg;

    return accept_refuse(s->app.accept, f);
}

static void on_tick(void *arg, struct redis *r)
{
    struct serve *s = arg;
    struct arena *a = arena_open(4096);

    senders_refresh(s->app.senders, r);
    if (clock_steady_ms() - s->watched_ms >= ROSTER_TURN_MS) {
        roster_turn(&s->app, r, a);
        s->watched_ms = clock_steady_ms();
    }
    if (number_low(s->app.numbers) && number_refill(s->app.numbers, r, a) != ERR_OK)
        log_warn("numbers_not_refilled", "why=%s", redis_why(r));
    if (clock_steady_ms() - s->swept_ms >= SWEEP_EVERY_MS) {
        struct mover m = {.redis = r, .keys = s->app.keys, .arena = a, .now_ms = clock_now_ms()};

        m.rules = ruleset_take(s->app.rules);

        enum err e = sweep_turn(&m, str_of(s->holder));

        ruleset_release(s->app.rules, m.rules);
        s->swept_ms = clock_steady_ms();
        if (e != ERR_OK && e != ERR_ABSENT)
            log_warn("sweep_failed", "why=%s", redis_why(r));
        tidy_orphans(&s->tidy, r, a);
    }
    arena_close(a);
}

/* What we call ourselves to a relay: the domain we write from. */
static const char *mail_domain(const struct conf *c)
{
    const char *at = strrchr(c->mail_from_address, '@');

    return at == NULL ? "localhost" : at + 1;
}

static enum err open_mail(struct serve *s)
{
    struct mail_sender_conf c = {.folder = s->mails, .limits = s->conf.limits};
    struct mail_source source;

    (void)snprintf(s->mails, sizeof s->mails, "%s/mail", s->conf.data);
    for (int i = 0; i < SMTP_RELAYS_MAX; i++)
        c.smtp.relay[i] = s->conf.relay[i].url;
    c.smtp.user = s->conf.mail_user;
    c.smtp.password = s->conf.mail_password;
    c.smtp.hello = mail_domain(&s->conf);
    s->letters = letters_open(&s->app, s->redis, s->holder);
    source = letters_source(s->letters);
    return mail_sender_open(&s->app.sender, &c, &source);
}

static void on_mail_row(void *arg, uint64_t seq, int64_t received_ms)
{
    mail_in_waits(((struct serve *)arg)->mail_in, seq, received_ms);
}

static int64_t on_oldest_mail(void *arg)
{
    return mail_in_oldest_ms(((struct serve *)arg)->mail_in);
}

static void open_filer(struct serve *s)
{
    struct filer_options o = {.journal = s->app.journal,
                              .keys = s->app.keys,
                              .rules = s->app.rules,
                              .active = s->app.active,
                              .redis = s->redis,
                              .region = s->app.region[0] == '\0' ? NULL : s->app.region,
                              .identity_file = s->identity,
                              .grace_ms = s->conf.journal_keep_ms < GRACE_MS ? s->conf.journal_keep_ms : GRACE_MS,
                              .filed = on_filed,
                              .refuse = on_refuse,
                              .tick = on_tick,
                              .read = on_mail_row,
                              .oldest_ms = on_oldest_mail,
                              .arg = s};

    (void)snprintf(s->identity, sizeof s->identity, "%s/redis-identity", s->conf.data);
    s->app.filer = filer_open(&o);
}

/* ---- listeners ---- */

static enum err find_tls(struct serve *s, char *why)
{
    const struct conf *c = &s->conf;

    if (c->tls_cert[0] != '\0') {
        (void)snprintf(s->cert, sizeof s->cert, "%s", c->tls_cert);
        (void)snprintf(s->key, sizeof s->key, "%s", c->tls_key);
        return ERR_OK;
    }
    (void)snprintf(s->cert, sizeof s->cert, "%s/self-signed.pem", c->data);
    (void)snprintf(s->key, sizeof s->key, "%s/self-signed-key.pem", c->data);
    if (access(s->cert, R_OK) == 0 && access(s->key, R_OK) == 0)
        return ERR_OK;
    log_warn("tls_self_signed", "cert=%s what=%s", s->cert, "browsers will warn; set `tls` to a real certificate");
    return tls_make_self_signed(s->cert, s->key, why, SERVE_WHY_BYTES);
}

static void build_assets(struct serve *s)
{
    struct pages_site site = {s->app.origin, s->conf.mail_from_address, clock_now_ms()};
    const struct call_header day = {STR("cache-control"), STR("public, max-age=86400")};
    struct assets *assets = assets_open();
    struct buf openapi = {0};

    pages_assets(&site, assets);
    if (share_read(s->app.share, "openapi.json", OPENAPI_MAX, &openapi) == ERR_OK)
        assets_add(assets, "/openapi.json", "application/json", buf_view(&openapi), &day, 1);
    buf_free(&openapi);
    s->app.assets = assets;
}

static enum err open_server(struct serve *s, char *why)
{
    static const struct call_header admin_headers[] = {{STR("x-content-type-options"), STR("nosniff")},
                                                       {STR("cache-control"), STR("no-store")}};
    struct assets *console = console_assets(s->app.share);
    struct listener l[LISTENERS] = {
        {.tls = true,
         .routes = routes_public,
         .route_count = routes_public_count,
         .absent = say_absent,
         .refusal = say_refusal,
         .fixed_headers = s->public_headers},
        {.tls = true,
         .routes = routes_staff,
         .route_count = routes_staff_count,
         .fixed_headers = s->staff_headers,
         .assets = console},
        {.routes = routes_admin,
         .route_count = routes_admin_count,
         .fixed_headers = admin_headers,
         .fixed_header_count = sizeof admin_headers / sizeof admin_headers[0]},
    };
    struct server_options o = {.app = &s->app,
                               .workers = s->app.workers,
                               .listeners = l,
                               .listener_count = LISTENERS,
                               .loops = s->conf.threads,
                               .cert_file = s->cert,
                               .key_file = s->key,
                               .connections_max = CONNECTIONS_MAX};

    for (int i = 0; i < LISTENERS; i++) {
        l[i].name = conf_listen_name(served[i]);
        l[i].address = s->conf.listen[served[i]].host;
        l[i].port = s->conf.listen[served[i]].port;
        l[i].body_bytes_max = BODY_MAX;
        l[i].proxy = s->conf.proxy[0] != '\0' && i < 2;
        l[i].proxy_peers = s->conf.proxy;
    }
    l[0].fixed_header_count = door_headers(s->policy, s->public_headers);
    l[1].fixed_header_count = door_headers_console(s->staff_headers);
    if (o.loops == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        o.loops = cores < 1 ? 1 : (int)cores;
    }

    enum err e = server_open(&s->app.server, &o, why);

    assets_close(console);
    return e;
}

/* An origin without a port of its own gets the one that was picked. */
static void fill_origin(char *out, size_t bytes, const char *origin, int port)
{
    const char *colon = strrchr(origin, ':');

    if (colon != NULL && strcmp(colon, ":0") == 0)
        (void)snprintf(out, bytes, "%.*s:%d", (int)(colon - origin), origin, port);
    else
        (void)snprintf(out, bytes, "%s", origin);
}

/* Ports are known once the listeners are bound; pages and mails name them. */
static void name_origins(struct serve *s)
{
    struct app *app = &s->app;

    fill_origin(app->origin, sizeof app->origin, s->conf.origin, server_port(app->server, 0));
    fill_origin(app->origin_staff, sizeof app->origin_staff, s->conf.origin_staff, server_port(app->server, 1));
    build_assets(s);
    server_set_assets(app->server, 0, app->assets);
}

static enum err write_ports(struct serve *s, char *why)
{
    char path[4200], beside[4300];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/ports.json", s->conf.data);
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    f = fopen(beside, "we");
    if (f == NULL)
        return fail(why, ERR_IO, "%.300s cannot be written: %.80s", beside, strerror(errno));
    (void)fprintf(f, "{\"public\":%d,\"staff\":%d,\"admin\":%d,\"lmtp\":%d}\n", server_port(s->app.server, 0),
                  server_port(s->app.server, 1), server_port(s->app.server, 2), lmtp_server_port(s->app.lmtp));
    if (fclose(f) != 0 || rename(beside, path) != 0)
        return fail(why, ERR_IO, "%.300s cannot be written: %.80s", path, strerror(errno));
    return ERR_OK;
}

/* ---- open, reload, close ---- */

/* Who asks stops before who answers: listeners, workers, what is on its way to the journal, then the rest. */
void serve_close(struct serve *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->app.stopping, true);
    redis_hurry(clock_steady_ms() + DRAIN_MS);
    tail_stop(s->app.tail); /* it posts to the loops */
    mail_in_stop(s->mail_in);
    server_close(s->app.server);
    mail_in_wait(s->mail_in);
    tail_close(s->app.tail);
    board_stop(s->app.board);
    workers_stop(s->app.hashing);
    workers_stop(s->app.workers); /* the filer gives them something to do, to its end */
    if (s->app.accept != NULL)
        accept_wait_quiet(s->app.accept);
    mail_in_rest(s->mail_in);
    watch_close(s->app.watch);
    filer_close(s->app.filer);
    mail_in_close(s->mail_in);
    jobs_close(s->app.jobs);
    alarm_close(s->app.alarm);
    scanner_close(s->app.scanner);
    teller_close(s->app.teller);
    mail_sender_close(s->app.sender);
    letters_close(s->letters);
    workers_close(s->app.hashing);
    workers_close(s->app.workers);
    redis_server_close(s->app.redis_server);
    journal_close(s->app.journal);
    blobs_close(s->app.parts);
    blobs_close(s->app.blobs);
    accept_close(s->app.accept);
    flood_close(s->app.flood);
    senders_close(s->app.senders);
    board_close(s->app.board);
    assets_close(s->app.assets);
    pages_close(s->app.pages);
    active_close(s->app.active);
    ruleset_close(s->app.rules);
    rulesfile_close(s->house);
    number_close(s->app.numbers);
    keyring_close(s->app.keys);
    free(s);
}

static void name_holder(struct serve *s)
{
    char host[256] = "";
    struct buf who = {0};

    (void)gethostname(host, sizeof host - 1);
    buf_printf(&who, "%s|%s", host, s->conf.data);
    memcpy(s->holder, blind_index(s->app.keys, INDEX_RATE, buf_view(&who)).at, sizeof s->holder);
    buf_free(&who);
}

static enum err open_all(struct serve *s, char *why)
{
    struct app *app = &s->app;
    enum err e = data_make(s->conf.data, why, SERVE_WHY_BYTES);

    if (e == ERR_OK)
        e = keyring_open(&app->keys, s->conf.keys, !data_begun(s->conf.data), why);
    if (e == ERR_OK)
        e = open_pages(s, why);
    if (e == ERR_OK)
        e = open_rules(s, why);
    if (e == ERR_OK)
        e = number_open(&app->numbers, app->keys, s->conf.data, why);
    if (e == ERR_OK)
        e = open_journal(s, why);
    if (e == ERR_OK)
        e = open_blobs(s, why);
    if (e == ERR_OK)
        e = find_tls(s, why);
    if (e == ERR_OK)
        e = open_redis(s, why);
    if (e != ERR_OK)
        return e;
    name_holder(s);
    s->policy = pages_policy(app->pages);
    app->flood = flood_open();
    app->senders = senders_open(app->keys, s->conf.data);
    app->accept = accept_open(app);
    e = accept_rebuild(app->accept);
    if (e != ERR_OK)
        return fail(why, e, "the journal in %s cannot be read: %s", s->conf.data, err_text(e));
    app->workers = workers_open(WORKERS, s->redis);
    app->hashing = workers_open(HASHING, s->redis);
    e = open_server(s, why);
    if (e != ERR_OK)
        return e;
    name_origins(s);
    app->board = board_open(app, s->redis);
    e = mail_in_open(&s->mail_in, app, why);
    if (e != ERR_OK)
        return e;
    e = open_mail(s);
    if (e != ERR_OK)
        return fail(why, e, "the mail relay cannot be used: check `mail`%s%s", "", "");
    app->teller = teller_open(app, s->redis, s->holder);
    app->scanner = scanner_open(app, s->redis, s->holder);
    app->jobs = jobs_open(app, s->redis, s->holder);
    app->alarm = alarm_open(app, s->redis, s->holder);
    open_filer(s);
    app->watch = watch_open(app, s->redis, s->holder); /* asks the filer whether Redis is fit */
    mail_in_start(s->mail_in);
    app->tail = tail_open(app, s->redis, 1);
    server_start(app->server); /* what handlers use is there */
    return write_ports(s, why);
}

enum err serve_open(struct serve **out, const struct conf *conf, char why[SERVE_WHY_BYTES])
{
    struct serve *s = calloc(1, sizeof *s);
    char e164[PHONE_BYTES];

    if (s == NULL)
        abort();
    s->conf = *conf;
    s->tidy = (struct tidy){.app = &s->app, .holder = s->holder};
    s->app.conf = &s->conf;
    log_set_level(conf->log);
    if (phone_e164(str_of(conf->help_phone), NULL, e164))
        (void)phone_region(e164, s->app.region);

    enum err e = open_all(s, why);

    if (e != ERR_OK) {
        serve_close(s);
        return e;
    }
    log_info("serving", "public=%d staff=%d admin=%d lmtp=%d data=%s", server_port(s->app.server, 0),
             server_port(s->app.server, 1), server_port(s->app.server, 2), lmtp_server_port(s->app.lmtp), s->conf.data);
    *out = s;
    return ERR_OK;
}

static void reload_rules(struct serve *s, const struct conf *conf)
{
    struct rulesfile *house = NULL;
    struct active_state now;
    struct buf faults = {0};

    active_state(s->app.active, &now);
    if (now.frozen[0] != '\0') {
        log_error("rules_refused", "why=%s incident=%s kept=%s",
                  "they are frozen while an incident is declared: postern incident thaw SLUG rules", now.frozen,
                  "the rules before");
        return;
    }

    enum err e = rulesfile_open(&house, conf->rules, s->app.share, &faults);

    if (e == ERR_OK)
        e = active_reload(s->app.active, house, &faults);
    if (e == ERR_OK) {
        rulesfile_close(s->house);
        s->house = house;
        log_info("rules_loaded");
    } else {
        rulesfile_close(house);
        log_error("rules_refused", "why=%s kept=%s", buf_view(&faults).at, "the rules before");
    }
    buf_free(&faults);
}

void serve_reload(struct serve *s, const struct conf *conf)
{
    char why[SERVE_WHY_BYTES];

    log_set_level(conf->log);
    reload_rules(s, conf);
    if (server_reload_tls(s->app.server, s->cert, s->key, why) != ERR_OK)
        log_error("tls_refused", "why=%s kept=%s", why, "the certificate before");
}
