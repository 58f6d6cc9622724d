#include "gateway/mail/smtp.h"

#include "gateway/mail/message.h"
#include "queues/clock.h"
#include "queues/log.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct relay {
    char url[600]; /* with our name behind the slash, where libcurl looks for it */
    struct talk_relay as;
    bool down, probing;
    int64_t rest_ms, rested_at; /* steady; meaningful while down */
    char why[TALK_WHY_BYTES];
};

/* One letter, at one relay after another. */
struct transfer {
    struct smtp *owner;
    struct talk *talk;
    struct talk_letter letter;
    smtp_done *done;
    void *arg;
    bool busy;
    int relay;
    unsigned tried;   /* bit per relay */
    unsigned no_utf8; /* bit per relay that does not offer SMTPUTF8 */
};

struct smtp {
    int relays, ended_fd;
    bool abandoned;
    struct relay relay[SMTP_RELAYS_MAX];
    struct transfer transfer[SMTP_PARALLEL_MAX];
};

/* ---- relays ---- */

static bool loopback(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    struct str h = {host, len};

    return str_equal_nocase(h, STR("localhost")) || str_is(h, "[::1]") ||
           (str_starts(h, "127.") && strspn(host, "0123456789.") == len);
}

static enum err relay_init(struct relay *r, const char *url, const char *hello)
{
    if (strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0)
        return ERR_CONF;
    if (snprintf(r->url, sizeof r->url, "%s/%s", url, hello) >= (int)sizeof r->url)
        return ERR_CONF;
    r->as = (struct talk_relay){r->url, !loopback(url)};
    return ERR_OK;
}

static void relay_worked(struct smtp *s, int i)
{
    struct relay *r = &s->relay[i];

    if (r->down)
        log_info("mail_relay_up", "relay=%d", i + 1);
    r->down = false;
    r->rest_ms = 0;
}

static void relay_failed(struct smtp *s, int i, const char *why)
{
    struct relay *r = &s->relay[i];
    int64_t now = clock_steady_ms();

    (void)snprintf(r->why, sizeof r->why, "%s", why);
    if (r->down && now < r->rested_at)
        return; /* others that were under way at the same time */
    if (!r->down)
        log_error("mail_relay_down", "relay=%d why=%s", i + 1, why);
    r->rest_ms = r->rest_ms == 0 ? SMTP_REST_MIN_MS : r->rest_ms * 2;
    if (r->rest_ms > SMTP_REST_MAX_MS)
        r->rest_ms = SMTP_REST_MAX_MS;
    r->down = true;
    r->rested_at = now + r->rest_ms;
}

static bool usable(const struct relay *r)
{
    return !r->down || (!r->probing && clock_steady_ms() >= r->rested_at);
}

/* The first relay that was not asked yet for this letter and may be; -1 none. */
static int next_relay(const struct transfer *t)
{
    for (int i = 0; i < t->owner->relays; i++)
        if ((t->tried & 1U << i) == 0 && usable(&t->owner->relay[i]))
            return i;
    return -1;
}

/* ---- one letter ---- */

static void try_relay(struct transfer *t, int i)
{
    struct relay *r = &t->owner->relay[i];

    t->relay = i;
    t->tried |= 1U << i;
    r->probing = r->down;
    talk_start(t->talk, &r->as, &t->letter);
}

static enum smtp_outcome outcome(const struct transfer *t, enum talk_end end)
{
    unsigned all = (1U << t->owner->relays) - 1;

    if (end == TALK_TAKEN)
        return SMTP_ACCEPTED;
    return end == TALK_REFUSED || t->no_utf8 == all ? SMTP_REFUSED : SMTP_LATER;
}

static void try_ended(struct transfer *t, const struct talk_report *report)
{
    struct smtp *s = t->owner;
    struct smtp_result r = {.relay = t->relay, .reply = report->reply};

    s->relay[t->relay].probing = false;
    if (report->end == TALK_NO_UTF8)
        t->no_utf8 |= 1U << t->relay;
    if (report->end != TALK_FAILED)
        relay_worked(s, t->relay);
    else if (!s->abandoned)
        relay_failed(s, t->relay, report->why);

    bool over = report->end == TALK_TAKEN || report->end == TALK_REFUSED || s->abandoned;
    int next = over ? -1 : next_relay(t);

    if (next >= 0) {
        log_trace("mail_next_relay", "relay=%d why=%s", next + 1, report->why);
        try_relay(t, next);
        return;
    }
    r.outcome = outcome(t, report->end);
    (void)snprintf(r.why, sizeof r.why, "%s", report->why);
    t->busy = false;
    t->done(t->arg, &r);
}

/* ---- the outside ---- */

static enum err relays_init(struct smtp *s, const struct smtp_conf *c)
{
    for (int i = 0; i < SMTP_RELAYS_MAX; i++)
        if (c->relay[i] != NULL && c->relay[i][0] != '\0' &&
            relay_init(&s->relay[s->relays++], c->relay[i], c->hello) != ERR_OK)
            return ERR_CONF;
    return s->relays > 0 ? ERR_OK : ERR_CONF;
}

enum err smtp_open(struct smtp **out, const struct smtp_conf *c)
{
    struct smtp *s = calloc(1, sizeof *s);

    if (s == NULL)
        abort();
    s->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    enum err e = s->ended_fd < 0 ? ERR_IO : relays_init(s, c);

    if (e != ERR_OK) {
        if (s->ended_fd >= 0)
            close(s->ended_fd);
        free(s);
        return e;
    }

    struct talk_conf conf = {c->user, c->password, c->ca_file, s->ended_fd};

    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        s->transfer[i] = (struct transfer){.owner = s, .talk = talk_open(&conf)};
    *out = s;
    return ERR_OK;
}

void smtp_close(struct smtp *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        talk_close(s->transfer[i].talk);
    close(s->ended_fd);
    free(s);
}

/* The first one: it is the likeliest to have a connection that is still warm. */
static int idle_transfer(const struct smtp *s)
{
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        if (!s->transfer[i].busy)
            return i;
    return -1;
}

bool smtp_ready(const struct smtp *s, int64_t *wait_ms)
{
    int64_t now = clock_steady_ms(), soonest = -1;

    *wait_ms = -1;
    if (idle_transfer(s) < 0)
        return false;
    for (int i = 0; i < s->relays; i++) {
        const struct relay *r = &s->relay[i];

        if (usable(r))
            return true;
        if (!r->probing && (soonest == -1 || r->rested_at - now < soonest))
            soonest = r->rested_at - now;
    }
    *wait_ms = soonest;
    return false;
}

static bool addresses_good(const struct talk_letter *l)
{
    bool utf8;

    if (!message_address(l->to, &utf8) || (utf8 && !l->smtputf8))
        return false;
    return l->from.len == 0 || (message_address(l->from, &utf8) && !utf8);
}

enum err smtp_start(struct smtp *s, const struct talk_letter *l, smtp_done *done, void *arg)
{
    int i = idle_transfer(s);

    if (!addresses_good(l))
        return ERR_INPUT;
    if (i < 0)
        return ERR_BUSY;

    struct transfer *t = &s->transfer[i];

    t->tried = t->no_utf8 = 0;

    int relay = next_relay(t);

    if (relay < 0)
        return ERR_BUSY;
    t->letter = *l;
    t->done = done;
    t->arg = arg;
    t->busy = true;
    try_relay(t, relay);
    return ERR_OK;
}

void smtp_step(struct smtp *s, int wake_fd, int64_t wait_ms)
{
    struct pollfd p[] = {{.fd = s->ended_fd, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    uint64_t ended;

    (void)poll(p, 2, (int)(wait_ms < 0 ? 0 : wait_ms < 60000 ? wait_ms : 60000));
    (void)!read(s->ended_fd, &ended, sizeof ended);
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++) {
        struct transfer *t = &s->transfer[i];
        struct talk_report report;

        if (t->busy && talk_ended(t->talk, &report))
            try_ended(t, &report);
    }
}

static bool any_busy(const struct smtp *s)
{
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        if (s->transfer[i].busy)
            return true;
    return false;
}

void smtp_abandon(struct smtp *s)
{
    s->abandoned = true;
    for (int i = 0; i < SMTP_PARALLEL_MAX; i++)
        if (s->transfer[i].busy)
            talk_cancel(s->transfer[i].talk);
    while (any_busy(s))
        smtp_step(s, -1, 1000);
    s->abandoned = false;
}

bool smtp_well(const struct smtp *s, char *why, size_t why_bytes)
{
    struct buf b = {0};
    bool well = false;

    for (int i = 0; i < s->relays; i++) {
        well |= !s->relay[i].down;
        if (s->relay[i].down)
            buf_printf(&b, "%srelay %d: %s", b.len > 0 ? "; " : "", i + 1, s->relay[i].why);
    }
    (void)snprintf(why, why_bytes, "%s", well ? "" : buf_view(&b).at);
    buf_free(&b);
    return well;
}
