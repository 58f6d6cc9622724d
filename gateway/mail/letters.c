#include "gateway/mail/letters.h"

#include "gateway/app.h"
#include "gateway/conf.h"
#include "gateway/mail/postmark.h"
#include "gateway/pages.h"
#include "gateway/verify/appeal.h"
#include "gateway/verify/token.h"
#include "queues/clock.h"
#include "queues/keys.h"
#include "queues/lease.h"
#include "queues/log.h"
#include "queues/outbox.h"
#include "queues/seal.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    FETCH_MAX = 64,
    UNDER_WAY_MAX = 64,
    REDIS_MS = 2000,
    LEASE_MS = 10000,
    ASK_AGAIN_MS = 1000,
    COUNT_MS = 5000,
    RATE_BURST = 3,
    RATE_GAP_MS = 600 * 1000,
    DAY_BURST = 10,
    VOUCH_BURST = 3,
    VOUCH_GAP_MS = 86400000 / 3,
    DAY_GAP_MS = 86400000 / 10,
    ASIDE_MS = 10 * 60 * 1000, /* then it is asked again whether a ticket is spam */
};

/* How a mail ended. */
struct report {
    struct ulid id;
    bool sent, final;
    int64_t at_ms; /* sent: when; else when to try again */
};

struct letters {
    struct app *app;
    struct redis *redis;
    struct arena *arena;     /* of the fetched mails */
    const char *holder;      /* of the lease */
    int64_t leased_until_ms; /* steady */
    struct outbox_mail fetched[FETCH_MAX];
    size_t fetched_count;
    struct ulid under_way[UNDER_WAY_MAX];
    size_t under_way_count;
    struct report unsaid[UNDER_WAY_MAX]; /* how mails ended while Redis was away */
    size_t unsaid_count;
    _Atomic int64_t queued;
    int64_t counted_ms; /* steady: when queued was last asked for */
    int64_t looked_ms;  /* steady: when all partitions were looked at */
};

/* ---- under way ---- */

static bool is_under_way(const struct letters *l, struct ulid id)
{
    for (size_t i = 0; i < l->under_way_count; i++)
        if (ulid_equal(l->under_way[i], id))
            return true;
    return false;
}

static void no_longer(struct letters *l, struct ulid id)
{
    for (size_t i = 0; i < l->under_way_count; i++)
        if (ulid_equal(l->under_way[i], id)) {
            l->under_way[i] = l->under_way[--l->under_way_count];
            return;
        }
}

/* ---- fetching ---- */

static enum err keep_lease(struct letters *l, struct arena *a)
{
    int64_t now = clock_steady_ms();

    if (now < l->leased_until_ms - LEASE_MS / 2)
        return ERR_OK;

    enum err e = lease_take(l->redis, a, "mail", str_of(l->holder), LEASE_MS);

    l->leased_until_ms = e == ERR_OK ? now + LEASE_MS : 0;
    return e;
}

/* Where something new is, and once a second everywhere: what another gateway queued, what is tried again. */
static uint64_t where_to_look(struct letters *l)
{
    uint64_t news = atomic_exchange(&l->app->mail_partitions, 0);

    if (clock_steady_ms() - l->looked_ms < ASK_AGAIN_MS)
        return news;
    l->looked_ms = clock_steady_ms();
    return UINT64_MAX;
}

static enum err fetch(struct letters *l, int64_t now_ms, int64_t *wait_ms)
{
    struct outbox_mail due[FETCH_MAX + UNDER_WAY_MAX];
    uint64_t partitions = where_to_look(l);
    int64_t codes, others;
    size_t n;

    arena_reset(l->arena);
    l->fetched_count = 0;
    if (partitions == 0)
        return ERR_OK;

    enum err e = outbox_due(l->redis, l->app->keys, l->arena, partitions, now_ms, FETCH_MAX + l->under_way_count, due,
                            &n, wait_ms);

    if (e != ERR_OK || n > l->under_way_count) /* there may be more behind them */
        (void)atomic_fetch_or(&l->app->mail_partitions, partitions);

    if (e == ERR_OK && clock_steady_ms() - l->counted_ms > COUNT_MS &&
        outbox_waiting(l->redis, l->arena, &codes, &others) == ERR_OK) {
        atomic_store(&l->queued, codes + others);
        l->counted_ms = clock_steady_ms();
    }
    for (size_t i = 0; e == ERR_OK && i < n && l->fetched_count < FETCH_MAX; i++)
        if (!is_under_way(l, due[i].id))
            l->fetched[l->fetched_count++] = due[i];
    return e;
}

/* Takes the first fetched mail (of codes, where only those are wanted). */
static bool take(struct letters *l, bool codes_only, struct outbox_mail *out)
{
    for (size_t i = 0; i < l->fetched_count; i++) {
        if (codes_only && l->fetched[i].kind != OUTBOX_CODE)
            continue;
        *out = l->fetched[i];
        memmove(l->fetched + i, l->fetched + i + 1, (l->fetched_count - i - 1) * sizeof *l->fetched);
        l->fetched_count--;
        return true;
    }
    return false;
}

/* ---- may it go? ---- */

/* One mailbox however it is spelled, for counting only: no +tag, and no dots where the largest such server ignores them. */
static const char *counted_as(struct arena *a, struct str to)
{
    struct str domain = str_of(str_lower(a, to)), local = str_cut(&domain, '@'), rest = local;
    struct buf b = {0};

    local = str_cut(&rest, '+');
    for (size_t i = 0; i < local.len; i++)
        if (local.at[i] != '.' || !(str_is(domain, "gmail.com") || str_is(domain, "googlemail.com")))
            buf_char(&b, local.at[i]);
    buf_char(&b, '@');
    buf_str(&b, domain);

    const char *name = arena_strdup(a, buf_view(&b).at);

    buf_free(&b);
    return name;
}

static enum err ask_rate(struct letters *l, struct arena *a, const char *scope, const struct outbox_mail *m,
                         int64_t now_ms, int gap_ms, int burst, int64_t *wait)
{
    struct redis_value v;
    struct str who = str_of(arena_printf(a, "%s|%s", scope, counted_as(a, m->to)));
    struct str key = key_at(a, "l", blind_index(l->app->keys, INDEX_RATE, who).at);
    enum err e = redis_run(l->redis, a, &v, SCRIPT_RATE, 1, 4,
                           (struct str[]){key, str_of(arena_printf(a, "%" PRId64, now_ms)),
                                          str_of(arena_printf(a, "%d", gap_ms)), str_of(arena_printf(a, "%d", burst))});

    if (e == ERR_OK)
        *wait = v.integer;
    return e;
}

static enum err drop(struct letters *l, struct arena *a, const struct outbox_mail *m, int64_t now_ms)
{
    enum err e = outbox_failed(l->redis, l->app->keys, a, m->id, true, now_ms, 0);

    return e == ERR_OK ? ERR_LIMIT : e;
}

/* Too early: later, and then it is asked again; never where that is too late for it. */
static enum err not_yet(struct letters *l, struct arena *a, const struct outbox_mail *m, int64_t now_ms, int64_t wait)
{
    enum err e;

    if (m->ends_ms > 0 && now_ms + wait >= m->ends_ms)
        return drop(l, a, m, now_ms);
    e = outbox_put_off(l->redis, a, m, now_ms + wait);
    return e == ERR_OK ? ERR_LIMIT : e;
}

/* Within the limits of its recipient? A mail that was tried had passed them. */
static enum err keep_rate(struct letters *l, struct arena *a, const struct outbox_mail *m, int64_t now_ms)
{
    int64_t wait = 0;
    enum err e;

    if (!l->app->conf->limits || m->tries > 0)
        return ERR_OK;
    e = ask_rate(l, a, "code", m, now_ms, RATE_GAP_MS, RATE_BURST, &wait);
    if (e == ERR_OK && wait == 0)
        e = ask_rate(l, a, "day", m, now_ms, DAY_GAP_MS, DAY_BURST, &wait);
    return e != ERR_OK || wait == 0 ? e : not_yet(l, a, m, now_ms, wait);
}

/* W6. Counted apart: what strangers ask of a mailbox must not keep its own codes back. */
static enum err keep_vouch(struct letters *l, struct arena *a, const struct outbox_mail *m, int64_t now_ms)
{
    int64_t wait = 0;
    enum err e;

    if (!l->app->conf->limits || m->tries > 0)
        return ERR_OK;
    e = ask_rate(l, a, "vouch", m, now_ms, VOUCH_GAP_MS, VOUCH_BURST, &wait);
    return e != ERR_OK || wait == 0 ? e : not_yet(l, a, m, now_ms, wait);
}

static bool is_us(const struct letters *l, struct str to)
{
    struct str domain = postmark_domain(str_of(l->app->conf->mail_from_address));
    struct postmark mark;

    return str_equal_nocase(to, str_of(l->app->conf->mail_from_address)) ||
           postmark_of_address(l->app->keys, to, domain, &mark) != POSTMARK_NONE;
}

/* W4 */
static enum err keep_ack(struct letters *l, struct arena *a, const struct outbox_mail *m, int64_t now_ms)
{
    struct str who = str_of(arena_printf(a, "ack|%s", counted_as(a, m->to)));
    bool may = false;
    enum err e = ERR_OK;

    if (!is_us(l, m->to))
        e = outbox_ack_may_go(l->redis, a, blind_index(l->app->keys, INDEX_RATE, who), m->id, now_ms, &may);
    return e == ERR_OK && !may ? drop(l, a, m, now_ms) : e;
}

/* What was put aside as spam is answered by nobody, until somebody says it is none. */
static enum err keep_aside(struct letters *l, struct arena *a, const struct outbox_mail *m, int64_t now_ms)
{
    struct redis_value v;
    enum err e = redis_do(l->redis, a, &v, 3, (struct str[]){STR("HGET"), ticket_key(a, m->ticket), STR("spam")});

    if (e != ERR_OK || !str_is(v.text, "1"))
        return e;
    e = outbox_put_off(l->redis, a, m, now_ms + ASIDE_MS);
    return e == ERR_OK ? ERR_LIMIT : e;
}

/* ERR_OK: now. ERR_LIMIT: it was put back, or dropped. */
static enum err may_go(struct letters *l, struct arena *a, const struct outbox_mail *m, int64_t now_ms)
{
    if (m->silent || (m->ends_ms > 0 && m->ends_ms <= now_ms))
        return drop(l, a, m, now_ms);
    if (m->kind != OUTBOX_CODE) {
        enum err aside = keep_aside(l, a, m, now_ms);

        if (aside == ERR_OK && m->kind == OUTBOX_VOUCH)
            return keep_vouch(l, a, m, now_ms);
        return aside == ERR_OK && m->kind == OUTBOX_ACK ? keep_ack(l, a, m, now_ms) : aside;
    }

    enum err e = keep_rate(l, a, m, now_ms);

    if (e == ERR_OK)
        e = outbox_release(l->redis, a, m);
    return e == ERR_GONE ? drop(l, a, m, now_ms) : e;
}

/* ---- words ---- */

static struct str part(struct letters *l, const char *lang, const char *page, const struct doc *d, struct arena *a)
{
    struct str s;

    return pages_render(&s, l->app->pages, lang, page, d, a) == ERR_OK ? s : STR("");
}

/* How the mails of a kind are laid out, and who is said to have written them. */
static const struct form {
    const char *text, *html, *subject;
    enum mail_author author;
    enum mail_kind kind;
} forms[] = {
    [OUTBOX_CODE] = {"mail/code.txt", "mail/code.html", "subject.code", MAIL_GENERATED, MAIL_CODE},
    [OUTBOX_REPLY] = {"mail/reply.txt", "mail/reply.html", "subject.reply", MAIL_BY_PERSON, MAIL_OTHER},
    [OUTBOX_VOUCH] = {"mail/vouch.txt", "mail/vouch.html", "subject.vouch", MAIL_GENERATED, MAIL_OTHER},
    [OUTBOX_VETO] = {"mail/veto.txt", "mail/veto.html", "subject.veto", MAIL_GENERATED, MAIL_OTHER},
    [OUTBOX_ACK] = {"mail/ack.txt", "mail/ack.html", "subject.ack", MAIL_REPLIED, MAIL_OTHER},
};

/* The page where the reader of an appeal answers. */
static const char *appeal_url(struct letters *l, const struct outbox_mail *m, struct arena *a)
{
    enum appeal_kind kind = m->kind == OUTBOX_VOUCH ? APPEAL_VOUCH : APPEAL_VETO;
    struct str id = {m->flow.at, m->flow.len};
    struct ulid flow = {{0}};

    while (memchr(id.at, ':', id.len) != NULL)
        (void)str_cut(&id, ':');
    (void)id_parse(ID_FLOW, id, &flow);
    return arena_printf(a, "%s/%s/%s", l->app->origin, kind == APPEAL_VOUCH ? "vouch" : "veto",
                        token_make(l->app->keys, a, TOKEN_FLOW, flow, APPEAL_TOKEN(kind)).at);
}

static struct doc *words_of(struct letters *l, const struct outbox_mail *m, const char *lang, struct arena *a)
{
    const char *ref = arena_strdup(a, reference_print(m->reference).at);
    struct doc *d = doc_object();

    doc_set_text(d, "reference", str_of(ref));
    doc_set_text(d, "url", str_of(arena_printf(a, "%s/requests/%s", l->app->origin, ref)));
    if (m->kind == OUTBOX_CODE) {
        struct doc *when = pages_moment(l->app->pages, lang, m->asked_ms);

        doc_set_text(d, "code", str_of(arena_printf(a, "%.4s %.4s", m->code.at, m->code.at + 4)));
        doc_set(d, "when", doc_copy(doc_get(when, "text")));
        doc_close(when);
    } else if (m->kind == OUTBOX_VOUCH || m->kind == OUTBOX_VETO) {
        doc_set_text(d, "code", str_of(arena_printf(a, "%.4s %.4s", m->code.at, m->code.at + 4)));
        doc_set_text(d, "who", m->text);
        doc_set_text(d, "page", str_of(appeal_url(l, m, a)));
    } else if (m->kind == OUTBOX_REPLY) {
        doc_set_text(d, "text", m->text);
    }
    return d;
}

/* Clients show an answer beside what it answers only where the subject is the same, too. */
static struct str subject_of(struct letters *l, const struct outbox_mail *m, const char *lang, struct arena *a)
{
    struct str ref = str_of(arena_strdup(a, reference_print(m->reference).at));

    if (m->subject.len > 0)
        return str_of(arena_printf(a, "Re: %s", str_copy(a, m->subject)));
    return str_of(pages_fill(a, pages_text(l->app->pages, lang, forms[m->kind].subject), "reference", ref));
}

/* W5 */
static void mark(struct letters *l, const struct outbox_mail *m, struct arena *a, struct mail *out)
{
    const struct keyring *k = l->app->keys;
    struct str domain = postmark_domain(str_of(l->app->conf->mail_from_address));

    if (out->author != MAIL_REPLIED)
        out->return_path = postmark_bounce_address(k, a, m->id, domain);
    if (out->author == MAIL_GENERATED) { /* what is asked there is answered on a page, and by nobody's reply */
        out->message_id = str_of(arena_printf(a, "<%s@%s>", out->id.at, str_copy(a, domain)));
        return;
    }
    out->reply_to =
        (struct mail_party){out->from.name, postmark_reply_address(k, a, m->reference, m->participant, domain)};
    out->message_id = postmark_message_id(k, a, m->id, m->reference, m->participant, domain);
    out->in_reply_to = m->in_reply_to;
    out->references = m->references;
}

static void render(struct letters *l, const struct outbox_mail *m, struct arena *a, struct mail *out)
{
    const struct conf *conf = l->app->conf;
    const struct form *form = &forms[m->kind];
    const char *lang = pages_match(l->app->pages, m->language);
    struct doc *d;

    if (lang == NULL)
        lang = pages_language_at(l->app->pages, 0);
    d = words_of(l, m, lang, a);
    *out = (struct mail){
        .id = id_print(ID_MAIL, m->id),
        .kind = form->kind,
        .author = form->author,
        .from = {str_of(conf->mail_from_name), str_of(conf->mail_from_address)},
        .to = {STR(""), {str_copy(a, m->to), m->to.len}},
        .subject = subject_of(l, m, lang, a),
        .text = part(l, lang, form->text, d, a),
        .html = part(l, lang, form->html, d, a),
        .language = str_of(lang),
        .made_ms = clock_now_ms(),
        .expires_ms = m->ends_ms,
        .tries = m->tries,
        .held = m->tries > 0, /* it has had its wait */
    };
    mark(l, m, a, out);
    doc_close(d);
}

/* ---- the source ---- */

static enum err say(struct letters *l, const struct report *r)
{
    struct arena *a = arena_open(8192);
    enum err e = r->sent ? outbox_sent(l->redis, l->app->keys, a, r->id, r->at_ms)
                         : outbox_failed(l->redis, l->app->keys, a, r->id, r->final, clock_now_ms(), r->at_ms);

    arena_close(a);
    return e;
}

/* A mail counts as under way until its end is stored, so that it does not go out twice. */
static void report(struct letters *l, const char *id, struct report r)
{
    if (!id_parse(ID_MAIL, str_of(id), &r.id))
        return;
    if (say(l, &r) == ERR_OK)
        no_longer(l, r.id);
    else if (l->unsaid_count < UNDER_WAY_MAX)
        l->unsaid[l->unsaid_count++] = r;
}

static enum err say_unsaid(struct letters *l)
{
    while (l->unsaid_count > 0) {
        const struct report *r = &l->unsaid[l->unsaid_count - 1];
        enum err e = say(l, r);

        if (e != ERR_OK)
            return e;
        no_longer(l, r->id);
        l->unsaid_count--;
    }
    return ERR_OK;
}

static enum err on_next(void *arg, bool codes_only, int64_t now_ms, struct arena *a, struct mail *out, int64_t *wait_ms)
{
    struct letters *l = arg;
    struct outbox_mail m;
    enum err e = say_unsaid(l);

    *wait_ms = ASK_AGAIN_MS;
    if (e == ERR_OK)
        e = keep_lease(l, a);
    if (e != ERR_OK || l->under_way_count == UNDER_WAY_MAX)
        return e == ERR_OK ? ERR_ABSENT : e;
    for (int fetches = 0;;) {
        if (!take(l, codes_only, &m)) {
            int64_t wait = -1;

            if (fetches++ > 0)
                return ERR_ABSENT;
            if ((e = fetch(l, now_ms, &wait)) != ERR_OK)
                return e;
            if (wait >= 0 && wait < *wait_ms)
                *wait_ms = wait;
            continue;
        }
        e = may_go(l, a, &m, now_ms);
        if (e == ERR_LIMIT)
            continue;
        if (e != ERR_OK)
            return e;
        l->under_way[l->under_way_count++] = m.id;
        render(l, &m, a, out);
        return ERR_OK;
    }
}

static void on_sent(void *arg, const char *id, int64_t at_ms)
{
    report(arg, id, (struct report){.sent = true, .at_ms = at_ms});
}

static void on_failed(void *arg, const char *id, bool final, const char *why, int64_t retry_at_ms)
{
    log_info("mail_not_taken", "mail=%s final=%d why=%s", id, final, why);
    report(arg, id, (struct report){.final = final, .at_ms = retry_at_ms});
}

static void on_later(void *arg, const char *id, int64_t at_ms)
{
    report(arg, id, (struct report){.at_ms = at_ms});
}

static int64_t on_queued(void *arg)
{
    return atomic_load(&((struct letters *)arg)->queued);
}

struct letters *letters_open(struct app *app, const struct redis_target *redis, const char *holder)
{
    struct letters *l = calloc(1, sizeof *l);

    if (l == NULL)
        abort();
    l->app = app;
    l->redis = redis_open(redis, REDIS_MS);
    l->arena = arena_open(64 * 1024);
    l->holder = holder;
    return l;
}

void letters_close(struct letters *l)
{
    if (l == NULL)
        return;
    redis_close(l->redis);
    arena_close(l->arena);
    free(l);
}

struct mail_source letters_source(struct letters *l)
{
    return (struct mail_source){
        .arg = l, .next = on_next, .sent = on_sent, .failed = on_failed, .later = on_later, .queued = on_queued};
}

void letters_wake(struct app *app, uint64_t partitions)
{
    (void)atomic_fetch_or(&app->mail_partitions, partitions);
    mail_sender_wake(app->sender);
}
