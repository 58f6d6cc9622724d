/* body.c - a mail on its way to disk and journal.
 *
 *   piece, piece, … ─> blob (threads of the disk) ─> its row in the journal ─> 250
 *   a small one     ───────────────────────────────> its row in the journal ─> 250 */
#include "gateway/lmtp/server_core.h"
#include "gateway/work.h"
#include "queues/blob.h"
#include "queues/log.h"
#include "queues/loop.h"
#include "queues/seal.h"

enum { LATE_AGAIN_MS = 1000 };

/* ---- N3 ---- */

static void weigh(struct session *p, size_t bytes)
{
    struct lmtp_server *s = p->server;

    s->flight = s->flight - p->flight + bytes;
    p->flight = bytes;
    atomic_store(&s->flight_now, s->flight);
}

static void on_late(void *arg)
{
    struct session *p = arg;

    if (p->waits)
        loop_timer_start(p->server->loop, &p->late, LATE_AGAIN_MS, on_late, p);
    else
        session_hang_up(p, "the mail takes too long");
}

void body_begin(struct session *p)
{
    struct lmtp_server *s = p->server;
    size_t announced = p->dialogue.announced_bytes > 0 ? p->dialogue.announced_bytes : 1;
    bool now = !s->stopping && s->flight + announced <= s->o.flight_bytes_max && s->o.ready(s->o.arg);

    if (now) {
        weigh(p, announced);
        loop_timer_start(s->loop, &p->late, s->o.mail_ms, on_late, p);
    } else {
        atomic_fetch_add(&s->deferred, 1);
    }
    lmtp_begin(&p->dialogue, &p->out, now ? LMTP_TAKEN : LMTP_LATER);
}

/* ---- the end of a mail ---- */

static void drop_blob(struct redis *none, void *writer)
{
    (void)none;
    blob_drop(writer);
}

void body_drop(struct session *p)
{
    if (p->blob != NULL && work_submit(p->server->disk, drop_blob, p->blob) != ERR_OK)
        blob_drop(p->blob);
    p->blob = NULL;
    if (p->has_blob)
        blob_remove(p->server->o.blobs, p->blob_name);
    p->has_blob = false;
    buf_free(&p->body);
    weigh(p, 0);
}

/* Answers for the mail and is ready for the next one. */
static void answer(struct session *p, enum lmtp_verdict v)
{
    struct lmtp_server *s = p->server;

    atomic_fetch_add(v == LMTP_TAKEN ? &s->kept : v == LMTP_LATER ? &s->deferred : &s->refused, 1);
    if (v != LMTP_TAKEN)
        log_info("mail_refused", "why=%s bytes=%zu",
                 v == LMTP_LATER   ? "later"
                 : v == LMTP_LARGE ? "large"
                                   : "bare",
                 p->dialogue.mail_bytes);
    loop_timer_cancel(s->loop, &p->late);
    lmtp_end(&p->dialogue, &p->out, v, id_print(ID_ITEM, p->item).at);
    body_drop(p);
}

/* ---- the journal ---- */

static void on_journaled(void *arg)
{
    struct session *p = arg;

    p->waits = false;
    if (p->error == ERR_OK)
        p->has_blob = false; /* its row names it */
    answer(p, p->error == ERR_OK ? LMTP_TAKEN : LMTP_LATER);
    session_go_on(p);
}

static void on_written(void *session, enum err e)
{
    struct session *p = session;

    p->error = e;
    loop_post(p->server->loop, on_journaled, p);
}

static void to_journal(struct session *p)
{
    struct lmtp *d = &p->dialogue;
    char blob[ULID_CHARS + 1];
    struct item mail = {.op = ITEM_MAIL,
                        .channel = STR("mail"),
                        .sender = buf_view(&d->sender),
                        .recipients = buf_view(&d->recipients),
                        .raw_type = STR("message/rfc822")};

    if (p->has_blob) {
        ulid_print(p->blob_name, blob);
        mail.raw_blob = str_of(blob);
    } else {
        mail.raw = buf_view(&p->body);
    }
    p->waits = true;
    p->server->o.keep(p->server->o.arg, &mail, on_written, p);
    p->item = mail.ulid;
}

/* ---- the disk ---- */

static void on_disk(void *arg)
{
    struct session *p = arg;

    p->waits = false;
    p->body.len = 0;
    p->has_blob = p->last && p->error == ERR_OK;
    if (p->error != ERR_OK)
        lmtp_spoil(&p->dialogue, LMTP_LATER);
    if (!p->gone && p->has_blob)
        to_journal(p);
    else if (!p->gone && p->last)
        answer(p, p->dialogue.verdict);
    if (!p->waits)
        session_go_on(p);
}

/* On a thread of the disk: the next piece, and after the last one the name. */
static void write_piece(struct redis *none, void *arg)
{
    struct session *p = arg;
    enum err e = ERR_OK;

    (void)none;
    if (p->blob == NULL) {
        p->blob_name = ulid_fresh();
        e = blob_begin(&p->blob, p->server->o.blobs, p->blob_name);
    }
    if (e == ERR_OK)
        e = blob_append(p->blob, buf_view(&p->body));
    if (e == ERR_OK && p->last) {
        e = blob_commit(p->blob);
        p->blob = NULL;
    }
    p->error = e;
    loop_post(p->server->loop, on_disk, p);
}

static void to_disk(struct session *p, bool last)
{
    p->waits = true;
    p->last = last;

    enum err e = work_submit(p->server->disk, write_piece, p); /* from here on p->error is the disk's */

    if (e == ERR_OK)
        return;
    p->error = e;
    loop_post(p->server->loop, on_disk, p);
}

void body_piece(struct session *p)
{
    struct lmtp_server *s = p->server;
    struct lmtp *d = &p->dialogue;

    if (d->state != LMTP_BODY)
        return;
    if (d->verdict == LMTP_TAKEN && d->mail_bytes > p->flight) {
        weigh(p, d->mail_bytes);
        if (s->flight > s->o.flight_bytes_max)
            lmtp_spoil(d, LMTP_LATER);
    }
    if (d->verdict != LMTP_TAKEN)
        body_drop(p); /* what still comes is thrown away */
    else if (p->body.len >= LMTP_PIECE)
        to_disk(p, false);
}

void body_end(struct session *p)
{
    if (p->dialogue.verdict != LMTP_TAKEN)
        answer(p, p->dialogue.verdict);
    else if (p->blob == NULL && p->body.len <= LMTP_INLINE_MAX)
        to_journal(p);
    else
        to_disk(p, true);
}
