#include "queues/proven.h"

#include "queues/attach.h"
#include "queues/inquiry.h"
#include "queues/keys.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <string.h>

struct proof {
    struct redis *redis;
    const struct keyring *keys;
    const struct rules *rules;
    struct arena *a;
    const char *region;
    int64_t now_ms;
    struct ticket ticket; /* its claims are open */
    struct participant who;
    struct ulid home;
    bool on_record; /* home is a customer */
};

static enum err read_person(struct proof *p, struct ulid participant)
{
    struct participant *all;
    size_t n;
    enum err e = participants_read(p->redis, p->keys, p->a, &p->ticket, &all, &n);

    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (ulid_equal(all[i].id, participant)) {
            p->who = all[i];
            return ERR_OK;
        }
    return e == ERR_OK ? ERR_ABSENT : e;
}

static enum err read_home(struct proof *p)
{
    struct redis_value v;
    const char *acc;
    enum err e;

    p->home = ticket_home(&p->ticket, p->a, p->who.id);
    acc = arena_strdup(p->a, id_print(ID_ACCOUNT, p->home).at);
    e = redis_do(p->redis, p->a, &v, 3,
                 (struct str[]){STR("HGET"), key_in(p->a, partition_of(p->home), "a", acc), STR("imported")});
    p->on_record = e == ERR_OK && v.kind == REDIS_TEXT;
    return e;
}

static bool speaks_for_another(const struct doc *claims)
{
    static const char *const names[] = {"behalf_name", "behalf_organisation", "behalf_email", "behalf_site"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (doc_get(claims, names[i]) != NULL)
            return true;
    return false;
}

/* P1. *rival: another account that the mailbox was proven for; false where there is none. */
static enum err lead_there(struct proof *p, bool *rival, struct ulid *other)
{
    struct str claim = evidence_claim(p->a, p->ticket.id, p->who.id, true);
    struct redis_value *v;
    size_t n;
    bool left;

    evidence_queue_follow(p->redis, p->a, key_at(p->a, "b", p->who.email_index.at), p->home, claim, (struct ulid){0},
                          FOLLOW_PROVEN);

    enum err e = redis_flush(p->redis, p->a, &v, &n);

    if (e == ERR_OK)
        e = redis_value_err(p->redis, v);
    *rival = e == ERR_OK && evidence_followed(v, other, &left) && !ulid_equal(*other, p->home);
    return e;
}

/* As the person speaks of their customer. What the ticket claims is of whoever opened it. */
static struct item item_of(const struct proof *p)
{
    struct item i = {.email = p->who.email, .phone = p->who.phone, .name = p->who.name};

    if (!ulid_equal(ulid_in(p->who.id, p->ticket.partition), p->ticket.id))
        return i;
    i.organisation = doc_get_text(p->ticket.claims, "organisation");
    i.site = doc_get_text(p->ticket.claims, "site");
    i.invoice = doc_get_text(p->ticket.claims, "invoice");
    return i;
}

static enum err ask(struct proof *p, struct resolution *out)
{
    struct item i = item_of(p);
    struct inquiry *q = inquiry_begin(p->keys, p->rules, p->a, &i, p->region, true, p->home);
    struct redis_value *v;
    size_t n;

    (void)inquiry_queue_look(q, p->redis, STR(""));

    enum err e = redis_flush(p->redis, p->a, &v, &n);

    for (size_t at = 0; e == ERR_OK && at < n; at++)
        e = redis_value_err(p->redis, &v[at]);
    if (e != ERR_OK)
        return e;
    inquiry_hear_look(q, v);
    (void)inquiry_queue_read(q, p->redis);
    rejected_queue_read(p->redis, p->a, p->home);
    e = redis_flush(p->redis, p->a, &v, &n);
    if (e == ERR_OK)
        e = inquiry_hear_read(q, p->redis, v);
    if (e != ERR_OK)
        return e;
    inquiry_decide(q, out);
    if (out->linked && out->suspects < RESOLVE_SUSPECTS_MAX) /* it does not go there: P2 */
        out->suspect[out->suspects++] = (struct suspect){out->account, out->score, out->rule, out->reasons};
    rejected_drop(out, &v[n - 1]);
    return ERR_OK;
}

static enum err suspect(struct proof *p, const struct resolution *w)
{
    struct change *c = change_begin(p->a);

    change_suspects(c, p->keys, p->ticket.partition, p->home, w, p->now_ms);
    return c->n == 0 ? ERR_OK : change_run(p->redis, p->a, c, STR(""), STR(""), STR(""), NULL);
}

/* Two accounts whose holders reached the same mailbox. */
static void add_rival(struct resolution *w, struct ulid other)
{
    if (w->suspects == RESOLVE_SUSPECTS_MAX)
        w->suspects--;
    w->suspect[w->suspects++] = (struct suspect){
        .account = other, .score = MATCH_SCORE_MAX, .reasons = STR("[\"the same mailbox was confirmed for both\"]")};
}

static enum err follow(struct proof *p)
{
    struct resolution w = {0};
    struct ulid other;
    bool rival;
    enum err e = lead_there(p, &rival, &other);

    if (e == ERR_OK && !p->on_record)
        e = ask(p, &w);
    if (e != ERR_OK)
        return e;
    if (rival)
        add_rival(&w, other);
    return suspect(p, &w);
}

enum err mailbox_proven(struct redis *r, const struct keyring *k, const struct rules *rules, struct arena *a,
                        struct ulid ticket, struct ulid participant, const char *region, int64_t now_ms)
{
    struct proof p = {.redis = r, .keys = k, .rules = rules, .a = a, .region = region, .now_ms = now_ms};
    struct redis_value v;
    enum err e = redis_do(r, a, &v, 2, (struct str[]){STR("HGETALL"), ticket_key(a, ticket)});

    if (e == ERR_OK)
        e = ticket_load(k, a, ticket, &v, true, &p.ticket);
    if (e != ERR_OK)
        return e;
    e = read_person(&p, participant);
    if (e == ERR_OK)
        e = read_home(&p);
    if (e == ERR_OK && !speaks_for_another(p.ticket.claims))
        e = follow(&p);
    doc_close(p.ticket.claims);
    return e;
}
