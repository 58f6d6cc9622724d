#include "gateway/admin.h"

#include "gateway/alarm.h"
#include "gateway/app.h"
#include "gateway/channels/senders.h"
#include "gateway/cli/cli.h"
#include "gateway/files/scanner.h"
#include "gateway/hooks/teller.h"
#include "gateway/http/call.h"
#include "gateway/http/server.h"
#include "gateway/incident/board.h"
#include "gateway/incident/watch.h"
#include "gateway/intake/accept.h"
#include "gateway/intake/reading.h"
#include "gateway/jobs.h"
#include "gateway/lmtp/server.h"
#include "gateway/mail/sender.h"
#include "gateway/work.h"
#include "queues/filer.h"
#include "queues/journal.h"
#include "queues/redis_server.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <sys/resource.h>

void admin_live(struct call *c)
{
    call_answer_empty(c, 204);
}

/* ---- ready ---- */

static bool add(struct doc *checks, const char *name, bool well, const char *why)
{
    struct doc *d = doc_object();

    doc_set_bool(d, "ok", well);
    if (!well)
        doc_set_text(d, "why", str_of(why));
    doc_set(checks, name, d);
    return well;
}

static const char *redis_why_not(struct app *app, const struct filer_state *f, char out[400])
{
    struct redis_server_state s;

    if (app->redis_server == NULL)
        return f->why;
    redis_server_state(app->redis_server, &s);
    if (s.why[0] == '\0')
        return f->why;
    (void)snprintf(out, 400, "%s", s.why);
    return out;
}

void admin_ready(struct call *c)
{
    struct app *app = c->app;
    struct doc *d = doc_object(), *checks = doc_object();
    struct journal_state j;
    struct filer_state f;
    struct mail_sender_state m;
    char why[400];

    journal_state(app->journal, &j);
    filer_state(app->filer, &f);
    mail_sender_state(app->sender, &m);

    bool well = add(checks, "journal", j.well, j.why);

    well &= add(checks, "redis", f.ready, redis_why_not(app, &f, why));
    well &= add(checks, "mail", m.well, m.why);
    well &= add(checks, "parked", j.parked == 0,
                "items could not be filed and wait for somebody to look: GET /api/parked lists them");
    doc_set_bool(d, "ready", well);
    doc_set(d, "checks", checks);
    call_set_header(c, "cache-control", STR("no-store"));
    call_answer_doc(c, well ? 200 : 503, d);
    doc_close(d);
}

/* ---- metrics ---- */

static void metric(struct buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(b, "# HELP postern_%s %s\n# TYPE postern_%s %s\npostern_%s %" PRIu64 "\n", name, help, name, type, name,
               value);
}

static void http_metrics(struct buf *b, struct app *app)
{
    struct server_counts s;

    server_counts(app->server, &s);
    metric(b, "http_connections_total", "counter", "Connections accepted.", s.connections);
    metric(b, "http_open_connections", "gauge", "Connections open now.", s.open_connections);
    metric(b, "http_refused_total", "counter", "Requests refused by the edge before any handler.", s.refused);
    metric(b, "http_slow_killed_total", "counter", "Connections closed for being too slow.", s.killed_slow);
    metric(b, "event_streams", "gauge", "Open event streams of consoles.", s.streams);
    buf_text(b, "# HELP postern_http_requests_total Requests answered, by class of status.\n"
                "# TYPE postern_http_requests_total counter\n");
    for (int i = 1; i <= 5; i++)
        buf_printf(b, "postern_http_requests_total{status=\"%dxx\"} %" PRIu64 "\n", i, s.by_status[i]);
}

static void journal_metrics(struct buf *b, struct app *app)
{
    struct journal_state j;

    journal_state(app->journal, &j);
    metric(b, "journal_rows_total", "counter", "Items committed to the journal since the start.", j.rows);
    metric(b, "journal_commits_total", "counter", "Commits of the journal since the start.", j.commits);
    metric(b, "journal_errors_total", "counter", "Commits that failed.", j.errors);
    metric(b, "journal_unfiled_items", "gauge", "Items in the journal that Redis does not have yet.", j.unfiled);
    metric(b, "journal_parked_items", "gauge", "Items that failed for a reason of their own.", j.parked);
    metric(b, "journal_segments", "gauge", "Segment files.", j.segments);
    metric(b, "journal_bytes", "gauge", "Bytes on disk.", (uint64_t)j.bytes);
}

static void files_metrics(struct buf *b, struct app *app)
{
    struct scanner_state s;

    scanner_state(app->scanner, &s);
    metric(b, "files_clean_total", "counter", "Files that were scanned and let go.", s.clean);
    metric(b, "files_infected_total", "counter", "Files in which the scanner found something.", s.infected);
    metric(b, "files_scans_failed_total", "counter", "Scans that failed; the file is held and tried again.", s.failed);
    metric(b, "files_unscanned_total", "counter", "Files let go without a scanner.", s.unscanned);
    metric(b, "files_waiting", "gauge", "Files that wait for the scanner.", s.waiting < 0 ? 0 : (uint64_t)s.waiting);
}

static void filer_metrics(struct buf *b, struct app *app)
{
    struct filer_state f;
    struct mail_sender_state m;

    filer_state(app->filer, &f);
    mail_sender_state(app->sender, &m);
    metric(b, "redis_ready", "gauge", "1 where Redis is there and fit.", f.ready);
    metric(b, "items_filed_total", "counter", "Items filed in Redis since the start.", f.filed);
    metric(b, "items_filed_again_total", "counter", "Items that had been filed before.", f.again);
    metric(b, "filing_rounds_total", "counter", "Exchanges with Redis for filing.", f.rounds);
    metric(b, "accept_unfiled_items", "gauge", "Items answered as written, known in memory.",
           accept_unfiled(app->accept));
    metric(b, "work_waiting_jobs", "gauge", "Jobs waiting for a worker.", work_waiting(app->workers));
    metric(b, "mail_sent_total", "counter", "Mails that a relay took, or that were written to the folder.", m.sent);
    metric(b, "mail_deferred_total", "counter", "Deliveries put off.", m.deferred);
    metric(b, "mail_refused_total", "counter", "Mails refused for good.", m.refused);
    files_metrics(b, app);
    metric(b, "mail_queued", "gauge", "Mails waiting.", m.queued < 0 ? 0 : (uint64_t)m.queued);
}

static void hook_metrics(struct buf *b, struct app *app)
{
    struct teller_state s;

    teller_state(app->teller, &s);
    metric(b, "hooks_told_total", "counter", "Events that a receiver took.", s.told);
    metric(b, "hooks_failed_total", "counter", "Tries that failed; the event is sent again.", s.failed);
    metric(b, "hooks_given_up_total", "counter", "Events that a receiver will not be told any more.", s.given_up);
    metric(b, "hooks_waiting", "gauge", "Events that wait for their receivers, at the gateway that sends them.",
           (uint64_t)s.waiting);
    metric(b, "hooks_failing_receivers", "gauge", "Receivers whose last try failed.", (uint64_t)s.failing);
}

static void jobs_metrics(struct buf *b, struct app *app)
{
    struct jobs_state s;

    jobs_state(app->jobs, &s);
    metric(b, "jobs_running", "gauge", "Jobs in the background that run, where this gateway runs them.", s.running);
    metric(b, "jobs_steps_total", "counter", "Steps of jobs that this gateway did.", s.steps);
    metric(b, "jobs_steps_failed_total", "counter", "Steps that have to be tried again.", s.failed);
    buf_printf(b,
               "# HELP postern_jobs_seconds_total Time spent in steps of jobs.\n"
               "# TYPE postern_jobs_seconds_total counter\npostern_jobs_seconds_total %.3f\n",
               (double)s.busy_ms / 1e3);
}

static void alarm_metrics(struct buf *b, struct app *app)
{
    struct alarm_state s;

    alarm_state(app->alarm, &s);
    metric(b, "clocks_escalated_total", "counter", "Steps of clocks that were taken at this gateway.", s.taken);
    metric(b, "clocks_escalated_late_milliseconds", "gauge", "How late the last of them was.", (uint64_t)s.latest_ms);
}

static void watch_metrics(struct buf *b, struct app *app)
{
    struct watch_state s;

    watch_state(app->watch, &s);
    metric(b, "incidents_suspected_total", "counter", "Suspected incidents raised.", s.raised);
    metric(b, "suspicion_accounts", "gauge", "Accounts of the suspected incident that waits for staff; 0 none.",
           (uint64_t)s.suspected);
    metric(b, "down_heard_accounts", "gauge", "Accounts that said in the last five minutes that they are down.",
           (uint64_t)s.heard);
    buf_printf(
        b,
        "# HELP postern_down_usual_accounts Accounts that usually do in five minutes, at this hour of the week.\n"
        "# TYPE postern_down_usual_accounts gauge\npostern_down_usual_accounts %.3f\n",
        s.usual);
}

static void mail_in_metrics(struct buf *b, struct app *app)
{
    struct lmtp_counts l;
    struct reading_state r;

    lmtp_server_counts(app->lmtp, &l);
    reading_state(app->reading, &r);
    metric(b, "lmtp_sessions_total", "counter", "Sessions of mail servers.", l.sessions);
    metric(b, "lmtp_open_sessions", "gauge", "Sessions open now.", l.open_sessions);
    metric(b, "lmtp_flight_bytes", "gauge", "Bytes of mails that are begun and not answered.", l.flight_bytes);
    metric(b, "mails_kept_total", "counter", "Mails taken: the journal has them.", l.kept);
    metric(b, "mails_refused_total", "counter", "Mails refused for good: too large, or with bare line ends.",
           l.refused);
    metric(b, "mails_deferred_total", "counter", "Mails that could not be kept now and stay with their server.",
           l.deferred);
    metric(b, "mails_unread", "gauge", "Mails in the journal that wait to be read.", r.waiting);
    metric(b, "mails_read_total", "counter", "Mails read.", r.read);
    metric(b, "mails_unreadable_total", "counter", "Mails filed unread, because reading them ended the process.",
           r.deadly);
    metric(b, "mails_parked_total", "counter", "Mails whose bytes could not be had.", r.parked);
    buf_printf(b,
               "# HELP postern_mail_reading_seconds_total Time spent reading mails.\n"
               "# TYPE postern_mail_reading_seconds_total counter\npostern_mail_reading_seconds_total %.3f\n",
               (double)r.busy_us / 1e6);
}

static void channel_metrics(struct buf *b, struct app *app)
{
    struct senders_counts s;

    senders_counts(app->senders, &s);
    metric(b, "webhook_signatures_found_total", "counter", "Signatures that were a sender's.", s.found);
    metric(b, "webhook_signatures_unknown_total", "counter", "Signatures that were of nobody we know.", s.unknown);
    metric(b, "webhook_limited_total", "counter", "Reports that came too fast for their sender.", s.limited);
    metric(b, "webhook_read_again_total", "counter", "Readings of the senders for a signature that fitted nobody.",
           s.read_again);
}

static void board_metrics(struct buf *b, struct app *app)
{
    int64_t age = board_age_s(app->board);

    metric(b, "updates_late", "gauge", "Declared incidents whose promised update has not come.",
           board_late(app->board));
    metric(b, "board_age_seconds", "gauge", "Since it was last asked what is told of incidents.",
           age < 0 ? 0 : (uint64_t)age);
}

void admin_metrics(struct call *c)
{
    struct rusage use;
    struct buf b = {0};

    buf_printf(&b,
               "# HELP postern_build_info Version of the program.\n# TYPE postern_build_info gauge\n"
               "postern_build_info{version=\"%s\"} 1\n",
               POSTERN_VERSION);
    http_metrics(&b, c->app);
    journal_metrics(&b, c->app);
    filer_metrics(&b, c->app);
    metric(&b, "accounts_frozen_total", "counter", "Accounts frozen because a contact on record objected.",
           c->app->frozen);
    channel_metrics(&b, c->app);
    hook_metrics(&b, c->app);
    watch_metrics(&b, c->app);
    jobs_metrics(&b, c->app);
    alarm_metrics(&b, c->app);
    board_metrics(&b, c->app);
    mail_in_metrics(&b, c->app);
    if (getrusage(RUSAGE_SELF, &use) == 0)
        buf_printf(&b,
                   "# HELP postern_cpu_seconds_total CPU time used.\n# TYPE postern_cpu_seconds_total counter\n"
                   "postern_cpu_seconds_total %.3f\n",
                   (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
    call_answer(c, 200, "text/plain; version=0.0.4; charset=utf-8", buf_view(&b));
    buf_free(&b);
}
