#include "gateway/mail/sender.h"

#include "gateway/mail/folder.h"
#include "gateway/mail/message.h"
#include "gateway/mail/pace.h"
#include "queues/clock.h"
#include "queues/folder.h"
#include "queues/log.h"
#include "rules/base/arena.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ARENA_BLOCK_BYTES = 32 * 1024,
    WAIT_MAX_MS = 60 * 1000,
    SOURCE_DOWN_WAIT_MS = 1000,
    TURN_MAX = 64, /* mails in one turn: between turns a stop is noticed */
    TURN_MAX_MS = 500,
    QUEUED_EVERY_MS = 1000, /* how often the source is asked how much waits */
};

/* One mail on its way. */
struct slot {
    struct mail_sender *owner;
    struct arena *arena;
    struct mail mail;
    int64_t began_ms; /* steady */
    bool busy;
};

struct mail_sender {
    struct mail_sender_conf conf;
    struct mail_source source;
    struct smtp *smtp; /* NULL: to the folder */
    struct pace pace;
    struct slot slot[SMTP_PARALLEL_MAX];
    pthread_t thread;
    int wake_fd;
    atomic_bool stop;
    int source_failures; /* in a row */
    bool folder_down;
    int64_t queued, queued_at_ms; /* steady */
    char folder_why[96];
    pthread_mutex_t lock; /* over state alone */
    struct mail_sender_state state;
};

static const char *kind_name(const struct mail *m)
{
    return m->kind == MAIL_CODE ? "code" : "other";
}

static struct slot *idle_slot(struct mail_sender *s)
{
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        if (!s->slot[i].busy)
            return &s->slot[i];
    return NULL;
}

static int busy_slots(const struct mail_sender *s, bool others_only)
{
    int n = 0;

    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        n += s->slot[i].busy && (!others_only || s->slot[i].mail.kind != MAIL_CODE);
    return n;
}

/* ---- how one mail ended ---- */

static void count(struct mail_sender *s, uint64_t *which, const char *error)
{
    pthread_mutex_lock(&s->lock);
    ++*which;
    if (error == NULL) {
        s->state.sent_ms = clock_now_ms();
    } else {
        (void)snprintf(s->state.last_error, sizeof s->state.last_error, "%s", error);
        s->state.last_error_ms = clock_now_ms();
    }
    pthread_mutex_unlock(&s->lock);
}

static void slot_end(struct slot *t)
{
    arena_reset(t->arena);
    t->busy = false;
}

static void mail_taken(struct slot *t, int relay)
{
    struct mail_sender *s = t->owner;

    count(s, &s->state.sent, NULL);
    log_info("mail_sent", "mail=%s kind=%s relay=%d tries=%d ms=%jd", t->mail.id.at, kind_name(&t->mail), relay,
             t->mail.tries + 1, (intmax_t)(clock_steady_ms() - t->began_ms));
    s->source.sent(s->source.arg, t->mail.id.at, clock_now_ms());
    slot_end(t);
}

static void mail_refused(struct slot *t, const char *why)
{
    struct mail_sender *s = t->owner;

    count(s, &s->state.refused, why);
    log_warn("mail_refused", "mail=%s kind=%s tries=%d why=%s", t->mail.id.at, kind_name(&t->mail), t->mail.tries + 1,
             why);
    s->source.failed(s->source.arg, t->mail.id.at, true, why, 0);
    slot_end(t);
}

static void mail_deferred(struct slot *t, const char *why)
{
    struct mail_sender *s = t->owner;
    int64_t now = clock_now_ms(), at = pace_retry_at_ms(&t->mail, now);
    char text[128];

    if (at < 0) {
        (void)snprintf(text, sizeof text, "given up: %s", why);
        mail_refused(t, text);
        return;
    }
    count(s, &s->state.deferred, why);
    log_warn("mail_deferred", "mail=%s kind=%s tries=%d retry_ms=%jd why=%s", t->mail.id.at, kind_name(&t->mail),
             t->mail.tries + 1, (intmax_t)(at - now), why);
    s->source.failed(s->source.arg, t->mail.id.at, false, why, at);
    slot_end(t);
}

static void mail_put_back(struct slot *t, int64_t at_ms)
{
    struct mail_sender *s = t->owner;

    log_trace("mail_held", "mail=%s kind=%s at_ms=%jd", t->mail.id.at, kind_name(&t->mail), (intmax_t)at_ms);
    s->source.later(s->source.arg, t->mail.id.at, at_ms);
    slot_end(t);
}

static void on_transfer_end(void *arg, const struct smtp_result *r)
{
    struct slot *t = arg;

    if (r->outcome == SMTP_ACCEPTED)
        mail_taken(t, r->relay + 1);
    else if (r->outcome == SMTP_REFUSED)
        mail_refused(t, r->why);
    else if (atomic_load(&t->owner->stop))
        mail_put_back(t, clock_now_ms());
    else
        mail_deferred(t, r->why);
}

/* ---- how one mail begins ---- */

static void to_relay(struct slot *t, const struct wire_message *m)
{
    struct mail_sender *s = t->owner;
    struct talk_letter l = {mail_return_path(&t->mail), t->mail.to.address, m->bytes, m->smtputf8};
    enum err e = smtp_start(s->smtp, &l, on_transfer_end, t);

    if (e == ERR_INPUT)
        mail_refused(t, "address not usable");
    else if (e != ERR_OK)
        mail_put_back(t, clock_now_ms());
}

static void to_folder(struct slot *t, const struct wire_message *m)
{
    struct mail_sender *s = t->owner;
    enum err e =
        folder_put(s->conf.folder, t->mail.id.at, t->mail.made_ms, m->bytes, s->folder_why, sizeof s->folder_why);

    if (e != ERR_OK && !s->folder_down)
        log_error("mail_folder_down", "why=%s", s->folder_why);
    s->folder_down = e != ERR_OK;
    if (e == ERR_OK)
        mail_taken(t, 0);
    else
        mail_deferred(t, s->folder_why);
}

static void begin(struct slot *t)
{
    struct mail_sender *s = t->owner;
    int64_t now = clock_now_ms();
    int64_t wait = s->conf.limits ? pace_wait_ms(&s->pace, &t->mail, now) : 0;
    struct wire_message message;
    const char *field;
    char why[64];

    t->began_ms = clock_steady_ms();
    if (t->mail.expires_ms != 0 && now >= t->mail.expires_ms) {
        mail_refused(t, "expired");
        return;
    }
    if (wait > 0) {
        mail_put_back(t, now + wait);
        return;
    }
    if (message_build(&message, &t->mail, t->arena, &field) != ERR_OK) {
        (void)snprintf(why, sizeof why, "%s not usable", field);
        mail_refused(t, why);
    } else if (s->smtp != NULL) {
        to_relay(t, &message);
    } else {
        to_folder(t, &message);
    }
}

/* ---- the turn of the thread ---- */

static enum err ask(struct mail_sender *s, struct slot *t, bool codes_only, int64_t *wait_ms)
{
    int64_t until = WAIT_MAX_MS;

    t->mail = (struct mail){0};

    enum err e = s->source.next(s->source.arg, codes_only, clock_now_ms(), t->arena, &t->mail, &until);

    if (e == ERR_OK)
        return e;
    arena_reset(t->arena);
    if (e != ERR_ABSENT) {
        /* At the second turn: an embedded Redis is still starting when we ask first. */
        if (++s->source_failures == 2)
            log_error("mail_source_down", "err=%s", err_name(e));
        until = SOURCE_DOWN_WAIT_MS;
    } else {
        s->source_failures = 0;
    }
    if (until < *wait_ms)
        *wait_ms = until < 1 ? 1 : until;
    return e;
}

/* Takes up one mail, codes first (M1); false where there is nothing to take up. */
static bool take_up_one(struct mail_sender *s, int64_t *wait_ms)
{
    struct slot *t = idle_slot(s);
    int64_t until;

    if (t == NULL)
        return false;
    if (s->smtp != NULL && !smtp_ready(s->smtp, &until)) {
        if (until >= 0 && until < *wait_ms)
            *wait_ms = until + 1;
        return false;
    }

    enum err e = ask(s, t, true, wait_ms);

    if (e == ERR_ABSENT && busy_slots(s, true) < SMTP_PARALLEL_MAX - 1)
        e = ask(s, t, false, wait_ms);
    if (e != ERR_OK)
        return false;
    s->source_failures = 0;
    t->busy = true;
    begin(t);
    return true;
}

/* Takes up what it can; answers how long nothing else will come unannounced. */
static int64_t take_up(struct mail_sender *s)
{
    int64_t wait_ms = WAIT_MAX_MS, began = clock_steady_ms();

    for (int i = 0; i < TURN_MAX && clock_steady_ms() - began < TURN_MAX_MS; i++) {
        if (atomic_load(&s->stop))
            return 0;
        if (!take_up_one(s, &wait_ms))
            return wait_ms;
    }
    return 0;
}

static void forget_wakes(struct mail_sender *s)
{
    uint64_t news;

    (void)!read(s->wake_fd, &news, sizeof news);
}

static void wait_for_news(struct mail_sender *s, int64_t wait_ms)
{
    struct pollfd p = {.fd = s->wake_fd, .events = POLLIN};

    if (s->smtp != NULL)
        smtp_step(s->smtp, s->wake_fd, wait_ms);
    else
        (void)poll(&p, 1, (int)wait_ms);
    forget_wakes(s);
}

/* At most once a second; *wait_ms is cut so that the number is never older than that. */
static void ask_queued(struct mail_sender *s, int64_t *wait_ms)
{
    int64_t now = clock_steady_ms();

    if (s->source.queued == NULL || s->source_failures > 0) {
        s->queued = -1;
    } else if (s->queued_at_ms == 0 || now - s->queued_at_ms >= QUEUED_EVERY_MS) {
        s->queued = s->source.queued(s->source.arg);
        s->queued_at_ms = now;
    } else if (*wait_ms > QUEUED_EVERY_MS) {
        *wait_ms = QUEUED_EVERY_MS;
    }
}

static void publish(struct mail_sender *s)
{
    char why[224] = "";
    bool well = s->smtp == NULL || smtp_well(s->smtp, why, sizeof why);

    if (s->source_failures > 0 || s->folder_down) {
        well = false;
        (void)snprintf(why, sizeof why, "%s",
                       s->source_failures > 0 ? "the queue of mails does not answer" : s->folder_why);
    }
    pthread_mutex_lock(&s->lock);
    s->state.well = well;
    (void)snprintf(s->state.why, sizeof s->state.why, "%s", why);
    s->state.queued = s->queued;
    s->state.under_way = busy_slots(s, false);
    pthread_mutex_unlock(&s->lock);
}

/* Transfers get a moment to end well; what is then still under way is put back. */
static void wind_down(struct mail_sender *s)
{
    int64_t end = clock_steady_ms() + MAIL_SENDER_FINISH_MS;

    if (s->smtp == NULL)
        return;
    forget_wakes(s);
    while (busy_slots(s, false) > 0 && clock_steady_ms() < end)
        smtp_step(s->smtp, s->wake_fd, end - clock_steady_ms());
    smtp_abandon(s->smtp);
}

static void *run(void *arg)
{
    struct mail_sender *s = arg;

    (void)pthread_setname_np(pthread_self(), "mail");
    while (!atomic_load(&s->stop)) {
        int64_t wait_ms = take_up(s);

        ask_queued(s, &wait_ms);
        publish(s);
        wait_for_news(s, wait_ms);
    }
    wind_down(s);
    return NULL;
}

/* ---- the outside ---- */

static bool has_relay(const struct smtp_conf *c)
{
    return c->relay[0] != NULL && c->relay[0][0] != '\0';
}

static void free_sender(struct mail_sender *s)
{
    smtp_close(s->smtp);
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        arena_close(s->slot[i].arena);
    close(s->wake_fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum err mail_sender_open(struct mail_sender **out, const struct mail_sender_conf *c, const struct mail_source *src)
{
    struct mail_sender *s = calloc(1, sizeof *s);
    enum err e = ERR_OK;

    if (s == NULL)
        abort();
    s->conf = *c;
    s->source = *src;
    s->state = (struct mail_sender_state){.well = true, .queued = -1};
    pthread_mutex_init(&s->lock, NULL);
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        s->slot[i] = (struct slot){.owner = s, .arena = arena_open(ARENA_BLOCK_BYTES)};
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake_fd < 0)
        e = ERR_IO;
    else if (has_relay(&c->smtp))
        e = smtp_open(&s->smtp, &c->smtp);
    else
        (void)folder_make(c->folder); /* F1: its name is flushed once, too; where that cannot be, each mail says so */
    if (e == ERR_OK && pthread_create(&s->thread, NULL, run, s) != 0)
        e = ERR_IO;
    if (e != ERR_OK) {
        free_sender(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void mail_sender_close(struct mail_sender *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->stop, true);
    mail_sender_wake(s);
    pthread_join(s->thread, NULL);
    free_sender(s);
}

void mail_sender_wake(struct mail_sender *s)
{
    uint64_t one = 1;

    (void)!write(s->wake_fd, &one, sizeof one);
}

void mail_sender_state(struct mail_sender *s, struct mail_sender_state *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->state;
    pthread_mutex_unlock(&s->lock);
}
