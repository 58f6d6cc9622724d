/* filing_return.c - a mail of ours that came back (rules/bounce.h).
 *
 *   RETURN         which mail was it, and what was it about?
 *   RETURN_TICKET  the ticket it was about
 *   RETURN_WRITE   the mail did not arrive; where its mailbox is dead, every contact on record with it is marked
 *   RETURN_KEEP    it names no mail of ours, or nothing final: only the original is kept */
#include "queues/contact.h"
#include "queues/filing_parts.h"
#include "queues/filing_steps.h"
#include "queues/keys.h"
#include "queues/log.h"
#include "rules/base/arena.h"
#include "rules/bounce.h"

#include <string.h>

enum { STATUS_MAX = 11 /* "5.123.456" and a little */ };

bool is_return(const struct filing *f)
{
    return f->item.op == ITEM_BOUNCE;
}

void begin_return(struct filing *f)
{
    bool final = bounce_parse(f->item.hint) != BOUNCE_NOTHING;

    f->account = f->ticket = f->participant = (struct ulid){0};
    f->step = final && ulid_parse(f->item.answers, &f->returned) ? RETURN : RETURN_KEEP;
}

/* The ticket can change together with the mail. */
static bool has_ticket(const struct filing *f)
{
    return !ulid_equal(f->about.ticket, (struct ulid){0}) &&
           ulid_partition(f->about.ticket) == ulid_partition(f->returned);
}

/* "5.1.1", or nothing: it came from outside and is shown as it is. */
static struct str status_of(const struct filing *f)
{
    struct str s = f->item.text;

    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] < '0' || s.at[i] > '9') && s.at[i] != '.')
            return STR("");
    return s.len <= STATUS_MAX ? s : STR("");
}

static void change_work(struct change *c, struct filing *f)
{
    struct arena *a = f->arena;
    struct str key = ticket_key(a, f->at.id);
    struct happening h = {.id = f->item.ulid,
                          .at_ms = f->item.received_ms,
                          .kind = STR("bounced"),
                          .by = STR("system"),
                          .detail = status_of(f)};

    change_happening(c, f->at.id, &h);
    change_hset_int(c, key, arena_printf(a, "bc:%s", id_print(ID_PARTICIPANT, f->about.participant).at),
                    f->item.received_ms);
    change_live(c, "bounced", f->at.id, f->at.reference, f->at.queue, f->at.state, f->at.owner_name);
}

static void ask_write(struct filing *f, struct redis *r)
{
    struct arena *a = f->arena;
    struct change *c = change_begin(a);
    const char *mail = arena_strdup(a, id_print(ID_MAIL, f->returned).at);
    struct str once = once_key(f, ulid_partition(f->returned));
    bool work = has_ticket(f);
    struct email to;

    change_mail_bounced(c, f->returned, f->item.received_ms);
    if (work)
        change_work(c, f);
    change_audit(c, f->keys, ulid_partition(f->returned), f->now_ms, STR("system"), "mail.bounced", mail, status_of(f));
    change_add(c, 3, (struct str[]){STR("SET"), once, ulid_text(a, f->about.ticket)});
    change_queue(r, c, once, work ? ticket_key(a, f->at.id) : STR(""), work ? f->at.version : STR(""));
    ask_original(f, r);
    f->asked++;
    if (bounce_parse(f->item.hint) != BOUNCE_DEAD || !email_parse(a, f->about.to, &to) || to.canonical.at == NULL)
        return;
    contact_queue_bounced(r, f->keys, a, to.canonical, f->item.received_ms);
    f->asked++;
}

void ask_return(struct filing *f, struct redis *r)
{
    switch ((enum step)f->step) {
    case RETURN:
        outbox_queue_about(r, f->arena, f->returned);
        f->asked++;
        break;
    case RETURN_TICKET:
        ticket_queue_read(r, f->arena, f->about.ticket);
        f->asked++;
        break;
    case RETURN_WRITE:
        ask_write(f, r);
        break;
    default:
        ask_original(f, r);
        break;
    }
}

static enum err hear_about(struct filing *f, const struct redis_value *v)
{
    enum err e = outbox_about_load(f->keys, f->arena, f->returned, v, &f->about);

    if (e == ERR_ABSENT)
        f->step = RETURN_KEEP;
    else if (e == ERR_OK)
        f->step = has_ticket(f) ? RETURN_TICKET : RETURN_WRITE;
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err hear_ticket(struct filing *f, const struct redis_value *v)
{
    enum err e = ticket_load(f->keys, f->arena, f->about.ticket, v, false, &f->at);

    if (e == ERR_ABSENT)
        f->about.ticket = (struct ulid){0};
    else if (e == ERR_OK)
        f->ticket = f->at.id;
    f->step = RETURN_WRITE;
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err hear_write(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = change_outcome(r, &v[0], &f->before);

    if (e == ERR_CONFLICT) { /* somebody was faster: look again */
        f->rounds = 0;
        f->step = RETURN_TICKET;
        return ERR_OK;
    }
    if (e == ERR_OK)
        f->outcome = FILING_FILED;
    return e;
}

enum err hear_return(struct filing *f, struct redis *r, const struct redis_value *v)
{
    enum err e = all_good(f, r, v);

    if (e != ERR_OK)
        return e;
    switch ((enum step)f->step) {
    case RETURN:
        return hear_about(f, v);
    case RETURN_TICKET:
        return hear_ticket(f, v);
    case RETURN_WRITE:
        return hear_write(f, r, v);
    default:
        log_info("report_kept", "item=%s mail=%s", id_print(ID_ITEM, f->item.ulid).at,
                 f->item.answers.len > 0 ? "ours" : "none");
        f->outcome = FILING_FILED;
        return ERR_OK;
    }
}
