#include "gateway/staff/hints.h"

#include "gateway/staff/mask.h"
#include "gateway/staff/tell.h"
#include "queues/clock.h"
#include "queues/filing.h"
#include "queues/merge.h"
#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/joining.h"
#include "rules/next_contact.h"

#include <string.h>

/* ---- what may belong together ---- */

static bool hint_parse(struct str field, struct str *item, bool *here)
{
    struct str room = str_cut(&field, ':');
    struct ulid id;

    *here = str_is(room, "sg");
    *item = field;
    return (*here || str_is(room, "sr")) && id_parse(ID_ITEM, field, &id);
}

static enum err hint_doc(struct redis *r, struct arena *a, const struct ticket *t, struct str item, bool here,
                         struct str value, struct doc *list)
{
    struct str word = str_cut(&value, ' ');
    struct pointer p = {0};
    uint64_t reference;
    struct doc *d;

    if (!reference_parse(word, &reference))
        return ERR_OK;

    enum err e = pointer_read(r, a, reference, &p);

    if (e != ERR_OK && e != ERR_ABSENT)
        return e;
    if (e == ERR_OK ? ulid_equal(p.ticket, t->id) : str_is(value, joining_hint_word(JOINING_SUBJECT)))
        return ERR_OK; /* come together; or a word of a subject that only looks like a reference */
    d = doc_object();
    doc_set_text(d, "item", item);
    doc_set_text(d, "direction", here ? STR("answers") : STR("answered-by"));
    doc_set_text(d, "reference", word);
    tell_id(d, "ticket", ID_TICKET, p.ticket);
    doc_set_text(d, "why", value);
    doc_push(list, d);
    return ERR_OK;
}

enum err hints_read(struct redis *r, struct arena *a, const struct ticket *t, struct doc **out)
{
    struct doc *list = doc_array();
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i + 1 < t->fields->count && doc_size(list) < HINTS_MAX; i += 2) {
        struct str item;
        bool here;

        if (hint_parse(t->fields->items[i].text, &item, &here))
            e = hint_doc(r, a, t, item, here, t->fields->items[i + 1].text, list);
    }
    if (e == ERR_OK)
        *out = list;
    else
        doc_close(list);
    return e;
}

/* ---- whom to write to instead ---- */

enum err hints_contacts(struct redis *r, const struct keyring *k, struct arena *a, struct ulid account,
                        struct contact **out, size_t *n)
{
    struct family family;
    enum err e = merge_family(r, k, a, account, &family);

    *out = NULL;
    *n = 0;
    for (size_t i = 0; e == ERR_OK && i < family.n && i < HINTS_ACCOUNTS_MAX; i++) {
        struct contact *more, *all;
        size_t count;

        e = contact_list(r, k, a, family.accounts[i], clock_now_ms(), &more, &count);
        if (e != ERR_OK || count == 0)
            continue;
        all = arena_array(a, struct contact, *n + count);
        if (*n > 0)
            memcpy(all, *out, *n * sizeof *all);
        memcpy(all + *n, more, count * sizeof *all);
        *out = all;
        *n += count;
    }
    return e;
}

static struct str canonical(struct arena *a, struct str email)
{
    struct email e;

    return email_parse(a, email, &e) && e.canonical.at != NULL ? e.canonical : STR("");
}

static struct candidate candidate_of(struct arena *a, const struct contact *c)
{
    return (struct candidate){.id = c->id,
                              .mailbox = canonical(a, c->email),
                              .source = c->source,
                              .role = c->role,
                              .authorised_for = c->authorised_for,
                              .confidence = c->confidence,
                              .gone = c->gone_days != CONTACT_NO_DAY,
                              .bounced = c->bounced_days != CONTACT_NO_DAY};
}

struct doc *hints_next(struct arena *a, const struct contact *all, size_t n, struct str not_email)
{
    struct candidate *list = arena_array(a, struct candidate, n + 1);
    struct next_contact next;

    for (size_t i = 0; i < n; i++)
        list[i] = candidate_of(a, &all[i]);
    if (!next_contact(list, n, canonical(a, not_email), CONTACT_FOR_SITE, a, &next))
        return doc_new_null();

    const struct contact *c = &all[next.index];
    struct doc *d = doc_object();

    tell_id(d, "contact", ID_CONTACT, c->id);
    doc_set_text_or_null(d, "name", c->name.len > 0 ? c->name : (struct str){NULL, 0});
    doc_set_text(d, "email", mask_email(a, c->email));
    doc_set_text(d, "role", str_of(contact_role_text(c->role)));
    doc_set(d, "confidence", doc_new_real(next.confidence));
    doc_set_text(d, "reason", next.reason);
    return d;
}

/* The participant to whom mail came back last; NULL: to nobody. */
static const struct participant *unreached(const struct ticket *t, struct arena *a, const struct participant *people,
                                           size_t n)
{
    const struct participant *found = NULL;
    int64_t newest = 0, at;

    for (size_t i = 0; i < n; i++) {
        const char *field = arena_printf(a, "bc:%s", id_print(ID_PARTICIPANT, people[i].id).at);

        if (str_number(redis_field(t->fields, field), &at) && at > newest) {
            newest = at;
            found = &people[i];
        }
    }
    return found;
}

enum err hints_next_of_ticket(struct redis *r, const struct keyring *k, struct arena *a, const struct ticket *t,
                              const struct participant *people, size_t n, struct doc **out)
{
    const struct participant *p = unreached(t, a, people, n);
    struct contact *all;
    size_t count;

    if (p == NULL) {
        *out = doc_new_null();
        return ERR_OK;
    }

    enum err e = hints_contacts(r, k, a, t->account, &all, &count);

    if (e == ERR_OK)
        *out = hints_next(a, all, count, p->email);
    return e;
}
