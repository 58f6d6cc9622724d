/* filing_facts.c - what rules may know of an item, and what staff promised while they wrote it down. */
#include "queues/filing_parts.h"
#include "queues/filing_steps.h"
#include "queues/incident/affected_set.h"
#include "queues/incident/touch.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/stamp.h"
#include "rules/route.h"

/* ---- facts ---- */

static struct str sender_class(const struct filing *f)
{
    const char *name = f->mailbox ? rules_class(f->rules, &f->email) : NULL;

    return name == NULL ? STR("") : str_of(arena_strdup(f->arena, name));
}

static bool is_outsider(const struct filing *f, struct str address)
{
    struct email e;

    return email_parse(f->arena, address, &e) && rules_class(f->rules, &e) != NULL;
}

/* A customer who forwards what our own people or a partner wrote speaks for nobody. */
struct item about_of(const struct filing *f)
{
    const struct item *i = &f->item;
    size_t said = i->behalf_name.len + i->behalf_organisation.len + i->behalf_email.len + i->behalf_site.len;
    bool behalf = said > 0 && !is_outsider(f, i->behalf_email);

    return item_about(i, behalf, is_outsider(f, i->email));
}

void facts_of(const struct filing *f, struct facts *out)
{
    const struct item *i = &f->item;
    int64_t channel = fact_word(FACT_CHANNEL, i->channel), impact = fact_word(FACT_IMPACT, i->impact);

    *out = facts_default();
    if (channel >= 0)
        facts_set_number(out, FACT_CHANNEL, channel);
    if (impact >= 0)
        facts_set_number(out, FACT_IMPACT, impact);
    out->followers = i->followers;
    out->executive = i->executive;
    out->language = i->language;
    out->tier = f->whose.tier;
    out->region = f->whose.region;
    out->known = f->whose.known;
    out->sender_class = sender_class(f);
    placing_incidents(f->rules, out, f->incident, f->affected);
}

void change_facts(struct change *c, const struct filing *f)
{
    struct str key = ticket_key(c->arena, f->ticket), name = sender_class(f);

    if (f->item.followers > 0)
        change_hset_int(c, key, "followers", f->item.followers);
    if (f->item.executive)
        change_hset(c, key, "executive", STR("1"));
    if (name.len > 0)
        change_hset(c, key, "class", name);
    if (f->incident.len > 0)
        change_hset(c, key, "incident", f->incident);
    if (f->affected.len > 0)
        change_hset(c, key, "affected", f->affected);
}

void inherit_facts(struct filing *f)
{
    struct facts before = ticket_facts(f->rules, &f->at, 0);

    f->item.followers = before.followers;
    f->item.executive = before.executive;
}

/* Slugs of a and those of b that are not among them. */
static struct str unite(struct arena *a, struct str had, struct str more)
{
    struct str all = had;

    while (more.len > 0) {
        struct str slug = str_cut(&more, ' '), rest = had;
        bool there = false;

        while (rest.len > 0 && !there)
            there = str_equal(str_cut(&rest, ' '), slug);
        if (!there)
            all = str_of(arena_printf(a, "%s%s%s", str_copy(a, all), all.len > 0 ? " " : "", str_copy(a, slug)));
    }
    return all;
}

static struct str incident_after(const struct filing *f)
{
    struct str had = redis_field(f->at.fields, "incident");

    return had.len > 0 ? had : f->incident;
}

static struct str affected_after(const struct filing *f)
{
    return unite(f->arena, redis_field(f->at.fields, "affected"), f->affected);
}

static bool facts_rise(const struct filing *f, struct facts *out)
{
    const struct item *i = &f->item;
    struct facts before = ticket_facts(f->rules, &f->at, f->at.level);
    bool more;

    *out = before;
    placing_incidents(f->rules, out, incident_after(f), affected_after(f));
    more = (i->executive && !out->executive) || i->followers > out->followers || out->incident != before.incident ||
           out->affected != before.affected;
    out->executive |= i->executive;
    if (i->followers > out->followers)
        out->followers = i->followers;
    return more;
}

/* Every door was tried: only where a route asks for it, so that other words leave a ticket where it is. */
static bool heat_rises(const struct filing *f, const struct happening *past, size_t n)
{
    struct facts before = facts_default(), after = facts_default();

    placing_heat(&before, f->history, f->history_count, f->arena);
    placing_heat(&after, past, n, f->arena);
    return rules_heat_rises(f->rules, &before, &after);
}

void place_joined(struct change *c, struct filing *f, const struct happening *past, size_t n, struct placing *out)
{
    struct str key = ticket_key(f->arena, f->ticket);
    struct facts facts;

    if (!facts_rise(f, &facts) && !heat_rises(f, past, n)) {
        place_clock(f->rules, f->at.queue, past, n, f->now_ms, f->arena, out);
        return;
    }
    place(f->rules, &facts, past, n, f->now_ms, f->arena, out);
    if (f->incident.len > 0)
        change_hset(c, key, "incident", incident_after(f));
    if (f->affected.len > 0)
        change_hset(c, key, "affected", affected_after(f));
    change_hset(c, key, "queue", out->queue);
    change_hset(c, key, "rule", out->rule);
    change_hset_int(c, key, "priority", out->priority);
    change_hset_int(c, key, "followers", facts.followers);
    change_hset(c, key, "executive", facts.executive ? STR("1") : STR("0"));
}

/* ---- on whose lists its claims are ---- */

void forget_lists(struct filing *f)
{
    f->affected = STR("");
    if (f->listed)
        f->incident = STR("");
    f->listed = false;
}

void find_lists(struct filing *f)
{
    const struct affected_claim claim = {
        .site_key = inquiry_site(f),
        .domain = f->mailbox && !f->email.free_mail ? f->email.domain : STR(""),
        .accounts = &f->home,
        .account_count = 1,
    };
    struct str all = affected_set_find(f->lists, f->keys, &claim, f->arena);

    forget_lists(f); /* it was thought to be of another account */
    if (all.len == 0)
        return;
    f->affected = all;
    f->listed = f->incident.len == 0;
    if (f->listed)
        f->incident = str_cut(&all, ' ');
}

/* ---- who is heard of in an incident: touch.h ---- */

void change_opened_touch(struct change *c, const struct filing *f)
{
    struct str newest = affected_set_newest(f->lists);
    bool listed = f->affected.len > 0;

    if (newest.len == 0 || f->cluster.len > 0 || f->item.automatic || str_is(f->item.impact, "question"))
        return;
    if (!f->whose.known)
        change_touch(c, listed ? f->incident : newest, f->ticket, TOUCH_UNRESOLVED, f->item.received_ms);
    else if (!listed)
        change_touch(c, newest, f->ticket, TOUCH_UNLISTED, f->item.received_ms);
}

void change_joined_touch(struct change *c, const struct filing *f)
{
    struct str incident = redis_field(f->at.fields, "incident");

    if (incident.len > 0 && redis_field(f->at.fields, "site_index").len > 0 && !f->item.automatic &&
        !str_is(redis_field(f->at.fields, "own"), "1"))
        change_touch(c, incident, f->ticket, TOUCH_IN_TOUCH, f->item.received_ms);
}

/* ---- a promise ---- */

bool promises(const struct filing *f)
{
    return f->item.call_back_ms > 0;
}

struct happening promise_of(struct filing *f)
{
    struct ulid item = f->item.ulid;

    /* An id of its own, the same each time, and behind that of the item. */
    return (struct happening){.id = ulid_make(ulid_time_ms(item) + 1, item.bytes + 6),
                              .at_ms = f->item.received_ms,
                              .kind = STR(PLACING_PROMISED),
                              .by = f->item.logged_by,
                              .detail = str_of(arena_strdup(f->arena, stamp_print(f->item.call_back_ms).at))};
}

void change_promise(struct change *c, struct filing *f)
{
    struct happening promise = promise_of(f);
    struct str bound = str_of(arena_strdup(c->arena, id_print(ID_TICKET, f->ticket).at));

    if (!promises(f))
        return;
    change_happening(c, f->ticket, &promise);
    change_hset(c, ticket_key(c->arena, f->ticket), "call_back_to",
                seal(f->keys, c->arena, f->item.call_back_to, bound));
}
