#include "gateway/staff/reader.h"

#include "gateway/app.h"
#include "gateway/http/call.h"
#include "gateway/staff/hints.h"
#include "gateway/staff/tell.h"
#include "queues/attach.h"
#include "queues/filing.h"
#include "rules/address.h"
#include "rules/base/arena.h"

static enum err refuse(struct act *act, const char *code, const char *why)
{
    tell_fault(act->call, "to", code, why);
    return ERR_INPUT;
}

static enum err people(struct act *act, struct participant **all, size_t *n)
{
    return participants_read(act->redis, act->call->app->keys, act->call->arena, &act->ticket, all, n);
}

enum err reader_of_participant(struct act *act, struct ulid id, struct reader *out)
{
    struct participant *all;
    size_t n;
    enum err e = people(act, &all, &n);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, id)) {
            *out = (struct reader){.who = all[i]};
            return ERR_OK;
        }
    return refuse(act, "unknown", "nobody of that id takes part in this ticket");
}

/* ---- a contact on record ---- */

static enum err find_contact(struct act *act, struct ulid id, struct contact *out)
{
    struct call *c = act->call;
    struct contact *all;
    size_t n;
    enum err e = hints_contacts(act->redis, c->app->keys, c->arena, act->ticket.account, &all, &n);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < n; i++)
        if (ulid_equal(all[i].id, id)) {
            *out = all[i];
            return ERR_OK;
        }
    return refuse(act, "unknown", "nobody of that id is on record for this customer");
}

static struct participant made_of(struct act *act, const struct contact *c, const struct email *e, struct ulid as,
                                  uint64_t number)
{
    return (struct participant){.id = as,
                                .channel = STR("mail"),
                                .email = e->spelled,
                                .email_index = blind_index(act->call->app->keys, INDEX_EMAIL, e->canonical),
                                .name = c->name,
                                .language = act->ticket.language,
                                .reference = number,
                                .item = as,
                                .since_ms = act->now_ms};
}

static enum err lead_there(struct act *act, const struct participant *p)
{
    struct arena *a = act->call->arena;
    const struct point point = {p->item, act->ticket.account, act->ticket.id, p->id, {{0}}};
    struct redis_value *v;
    size_t n;

    pointer_queue_lead(act->redis, a, pointer_key(a, p->reference), &point);

    enum err e = redis_flush(act->redis, a, &v, &n);

    return e == ERR_OK ? redis_value_err(act->redis, &v[0]) : e;
}

enum err reader_of_contact(struct act *act, struct ulid id, struct ulid as, uint64_t number, struct reader *out)
{
    struct participant *all;
    struct contact contact;
    struct email email;
    size_t n;
    enum err e = find_contact(act, id, &contact);

    if (e == ERR_OK && (!email_parse(act->call->arena, contact.email, &email) || email.canonical.at == NULL))
        e = refuse(act, "no-mailbox", "no mail can be sent to that contact");
    if (e == ERR_OK)
        e = people(act, &all, &n);
    if (e != ERR_OK)
        return e;

    struct reader r = {.who = made_of(act, &contact, &email, as, number), .fresh = true};

    for (size_t i = 0; i < n; i++) /* E2 */
        if (str_is(str_of(all[i].email_index.at), r.who.email_index.at)) {
            *out = (struct reader){.who = all[i]};
            return ERR_OK;
        }
    e = lead_there(act, &r.who);
    if (e == ERR_OK)
        *out = r;
    return e;
}

void change_reader(struct act *act, struct change *c, const struct reader *r)
{
    const struct ticket *t = &act->ticket;
    struct person person = {0};

    if (!r->fresh)
        return;
    person_add(&person, act->call->arena, 'e', str_of(r->who.email_index.at));
    change_participant(c, act->call->app->keys, t->id, &r->who);
    change_level(c, t->id, r->who.id, 0, false, 0);
    change_participant_home(c, t->id, t->account, r->who.id, &person, t->account);
}
