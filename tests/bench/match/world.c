#include "tests/bench/match/world.h"

#include "tests/bench/match/mistype.h"
#include "tests/bench/match/names.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SITE_ID_FIRST = 104200, INVOICE_FIRST = 20100 };

static bool chance(struct dice *d, int percent)
{
    return dice_below(d, 100) < percent;
}

#define COPY(to, ...) ((void)snprintf((to), sizeof(to), __VA_ARGS__))

/* ---- what only one can have ---- */

enum { GIVEN_BITS = 22 };

static uint64_t hash(const char *s)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001B3);
    return h | 1;
}

/* False where somebody has it already. */
static bool give(struct world *w, const char *thing)
{
    uint64_t h = hash(thing), mask = (UINT64_C(1) << GIVEN_BITS) - 1;

    for (uint64_t i = h >> 20 & mask;; i = (i + 1) & mask) {
        if (w->given[i] == h)
            return false;
        if (w->given[i] == 0) {
            w->given[i] = h;
            return true;
        }
    }
}

/* ---- customers ---- */

static const char *const providers[] = {"gmail.com", "gmail.com", "gmail.com",   "outlook.com", "yahoo.com",
                                        "gmx.de",    "web.de",    "hotmail.com", "icloud.com",  "qq.com"};

static void private_mailbox(struct dice *d, const struct person *p, char *out, size_t room)
{
    const char *provider = providers[dice_below(d, 10)];
    int figures = (int)dice_below(d, 100);

    switch (dice_below(d, 4)) {
    case 0:
        (void)snprintf(out, room, "%s.%s@%s", p->first, p->last, provider);
        break;
    case 1:
        (void)snprintf(out, room, "%s.%s%d@%s", p->first, p->last, figures, provider);
        break;
    case 2:
        (void)snprintf(out, room, "%s%s%02d@%s", p->last, p->first, figures, provider);
        break;
    default:
        (void)snprintf(out, room, "%c%s%02d@%s", p->first[0], p->last, figures, provider);
    }
}

/* A house has one pattern for its addresses. */
static void company_mailbox(int pattern, const struct person *p, const char *domain, char *out, size_t room)
{
    switch (pattern % 4) {
    case 0:
        (void)snprintf(out, room, "%s.%s@%s", p->first, p->last, domain);
        break;
    case 1:
        (void)snprintf(out, room, "%c.%s@%s", p->first[0], p->last, domain);
        break;
    case 2:
        (void)snprintf(out, room, "%s@%s", p->first, domain);
        break;
    default:
        (void)snprintf(out, room, "%c%s@%s", p->first[0], p->last, domain);
    }
}

static void new_private_mailbox(struct world *w, const struct person *p, char *out, size_t room)
{
    do
        private_mailbox(&w->dice, p, out, room);
    while (!give(w, out));
}

static void mailbox(struct world *w, const struct customer *c, const struct person *p, char *out, size_t room)
{
    char domain[96];

    if (*c->domain == '\0') {
        new_private_mailbox(w, p, out, room);
        return;
    }
    company_mailbox((int)strlen(c->domain), p, c->domain, out, room);
    for (int i = 2; !give(w, out); i++) { /* the second of that name in a house: anna2@ */
        COPY(domain, "%s", strchr(out, '@'));
        (void)snprintf(out + strcspn(out, "@0123456789"), room - strcspn(out, "@0123456789"), "%d%s", i, domain);
    }
}

static void new_phone(struct world *w, int country, bool mobile, char out[24])
{
    do
        names_phone(&w->dice, country, mobile, out);
    while (!give(w, out));
}

static void add_contacts(struct world *w, struct customer *c)
{
    struct dice *d = &w->dice;
    static const char *const desks[] = {"info", "billing", "it", "admin", "support", "office"};

    c->contacts = (size_t)(1 + dice_below(d, CONTACTS_MAX));
    for (size_t i = 0; i < c->contacts; i++) {
        struct contact *k = &c->contact[i];

        k->who = names_person(d, chance(d, 85) ? names_script_of(c->country) : NAMES_LATIN);
        if (i > 0 && *c->domain != '\0' && chance(d, 20))
            COPY(k->email, "%s@%s", desks[dice_below(d, 6)], c->domain); /* one desk may be there twice */
        else if (chance(d, 95))
            mailbox(w, c, &k->who, k->email, sizeof k->email);
        if (chance(d, 40))
            COPY(k->phone, "%s", c->switchboard);
        else if (chance(d, 70) || *k->email == '\0')
            new_phone(w, c->country, chance(d, 60), k->phone);
    }
}

static void add_sites(struct world *w, struct customer *c, size_t place)
{
    static const char *const areas[] = {"", "-eu", "-hr", "-dev", "2", "-sales"};

    c->sites = (size_t)(1 + dice_below(&w->dice, SITES_MAX));
    for (size_t i = 0; i < c->sites; i++)
        if (chance(&w->dice, 15))
            COPY(c->site[i], "S-%zu", SITE_ID_FIRST + place * SITES_MAX + i);
        else if (*c->domain != '\0' && chance(&w->dice, 15))
            COPY(c->site[i], "https://wiki%zu.%s/", i + 1, c->domain);
        else
            COPY(c->site[i], "https://%s%s.cloud.example.net/", c->label, areas[i == 0 ? 0 : 2 * i - 1 + place % 2]);
    while (c->sites > 1 && !give(w, c->site[c->sites - 1]))
        c->sites--;
    c->invoices = (size_t)dice_below(&w->dice, INVOICES_MAX + 1);
    for (size_t i = 0; i < c->invoices; i++)
        COPY(c->invoice[i], "INV-2026-%06zu", INVOICE_FIRST + place * INVOICES_MAX + i);
}

/* A label that nobody has, and mostly a mail domain of the same name. */
static void add_domain(struct world *w, struct customer *c)
{
    struct dice *d = &w->dice;
    char host[128];

    for (;; strcat(c->label, (char[]){(char)('a' + dice_below(d, 26)), '\0'})) {
        COPY(host, "https://%s.cloud.example.net/", c->label);
        if (give(w, host))
            break;
    }
    if (chance(d, 85))
        COPY(c->domain, "%s.%s", c->label, chance(d, 60) ? names_tld(c->country) : "com");
}

static void fill(struct world *w, struct customer *c, size_t place)
{
    new_phone(w, c->country, false, c->switchboard);
    add_contacts(w, c);
    add_sites(w, c, place);
}

static void fresh(struct world *w, struct customer *c)
{
    *c = (struct customer){.country = names_country(&w->dice)};
    names_company(&w->dice, c);
    add_domain(w, c);
}

/* Nearly the same company: one letter of the brand, or only the legal form and the country. */
static void near_twin(struct world *w, struct customer of, struct customer *c)
{
    *c = (struct customer){.country = chance(&w->dice, 50) ? of.country : names_country(&w->dice)};
    COPY(c->name, "%s", of.name);
    COPY(c->label, "%s", of.label);
    if (chance(&w->dice, 60)) {
        size_t letters = strcspn(c->name, " ");

        (void)mistype(&w->dice, c->name, sizeof c->name, 0, letters);
        (void)mistype(&w->dice, c->label, sizeof c->label, 0, strlen(c->label));
    } else {
        char *last = strrchr(c->name, ' ');

        if (last != NULL && strlen(last) <= 5)
            *last = '\0';
        strcat(c->name, chance(&w->dice, 50) ? " Group" : " KG");
        strcat(c->label, chance(&w->dice, 50) ? "group" : "1");
    }
    add_domain(w, c);
}

/* The same house, a second account. */
static void sister(struct world *w, struct customer of, struct customer *c)
{
    static const char *const lands[] = {"Iberia", "Nordic", "Asia", "Deutschland", "Americas", "Japan"};

    *c = (struct customer){.country = names_country(&w->dice)};
    COPY(c->name, "%.120s %s", of.name, lands[dice_below(&w->dice, 6)]);
    COPY(c->label, "%.50s-%zu", of.label, (size_t)dice_below(&w->dice, 100));
    add_domain(w, c);
    COPY(c->domain, "%s", of.domain);
}

/* What several customers have: a consultant's address and number, the switchboard of a building. */
static void share(struct world *w)
{
    for (size_t i = 1; i < w->n; i++) {
        struct customer *c = &w->customer[i], other = w->customer[dice_below(&w->dice, (int64_t)i)];

        if (chance(&w->dice, 2)) {
            COPY(c->switchboard, "%s", other.switchboard);
            COPY(c->contact[0].phone, "%s", other.switchboard);
        }
        if (c->contacts < CONTACTS_MAX && other.contacts > 0 && chance(&w->dice, 2))
            c->contact[c->contacts++] = other.contact[0];
    }
}

struct world *world_make(uint64_t seed, size_t customers)
{
    struct world *w = calloc(1, sizeof *w);

    assert(w != NULL);
    w->dice.state = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
    w->customer = calloc(customers, sizeof *w->customer);
    w->given = calloc((size_t)1 << GIVEN_BITS, sizeof *w->given);
    assert(w->customer != NULL && w->given != NULL);
    for (; w->n < customers; w->n++) {
        struct customer *c = &w->customer[w->n];
        const struct customer *of = w->n > 0 ? &w->customer[dice_below(&w->dice, (int64_t)w->n)] : NULL;
        int64_t kind = of == NULL ? 99 : dice_below(&w->dice, 100);

        if (kind < 8)
            near_twin(w, *of, c);
        else if (kind < 13)
            sister(w, *of, c);
        else
            fresh(w, c);
        fill(w, c, w->n);
    }
    share(w);
    return w;
}

void world_free(struct world *w)
{
    free(w->customer);
    free(w->given);
    free(w);
}

/* ---- claims ---- */

const char *claim_kind_name(enum claim_kind kind)
{
    static const char *const names[] = {"contact", "colleague", "mover", "stranger", "twin", "namesake", "new number"};

    return names[kind];
}

enum { FAULTY = 22, FAULTY_TWICE = 25 /* of those */ }; /* per cent of typed values */

static void maybe_mistype(struct world *w, struct claim *q, char *s, size_t room, size_t from)
{
    if (*s == '\0' || !chance(&w->dice, FAULTY))
        return;
    q->faults += mistype(&w->dice, s, room, from, strlen(s));
    if (chance(&w->dice, FAULTY_TWICE))
        (void)mistype(&w->dice, s, room, from, strlen(s));
}

static void say_name(struct world *w, struct claim *q, const struct person *p)
{
    switch (dice_below(&w->dice, 10)) {
    case 0:
        COPY(q->name, "%s %s", p->first, p->last); /* without a native keyboard */
        break;
    case 1:
        COPY(q->name, "%s, %s", p->last, p->first);
        break;
    case 2:
        COPY(q->name, "%c. %s", p->first[0], p->last);
        break;
    default:
        COPY(q->name, "%s", p->name);
    }
    maybe_mistype(w, q, q->name, sizeof q->name, 0);
}

static void say_organisation(struct world *w, struct claim *q, const struct customer *c)
{
    COPY(q->organisation, "%s", c->name);

    char *last = strrchr(q->organisation, ' ');

    if (last != NULL && chance(&w->dice, 35)) /* people leave legal forms out, and sometimes more */
        *last = '\0';
    maybe_mistype(w, q, q->organisation, sizeof q->organisation, 0);
}

static void say_site(struct world *w, struct claim *q, const struct customer *c)
{
    const char *site = c->site[dice_below(&w->dice, (int64_t)c->sites)];
    bool host = strncmp(site, "https://", 8) == 0;

    if (host && chance(&w->dice, 50))
        COPY(q->site, "%.*s", (int)strcspn(site + 8, "/"), site + 8);
    else
        COPY(q->site, "%s%s", site, host && chance(&w->dice, 50) ? "pages/viewpage?id=17" : "");
    maybe_mistype(w, q, q->site, sizeof q->site, host && strncmp(q->site, "https", 5) == 0 ? 8 : 0);
}

static void say_phone(struct world *w, struct claim *q, const char *e164, bool typed)
{
    COPY(q->phone, "%s", e164);
    if (typed && *e164 != '\0' && chance(&w->dice, 35))
        names_phone_national(e164, q->phone);
    if (typed && chance(&w->dice, FAULTY)) {
        size_t n = strlen(q->phone), at = n - 1 - (size_t)dice_below(&w->dice, n > 7 ? 7 : 1);

        if (n > 8 && q->phone[at] != '-') {
            q->phone[at] = (char)('0' + (q->phone[at] - '0' + 1 + dice_below(&w->dice, 9)) % 10);
            q->faults++;
        }
    }
}

static void say_email(struct world *w, struct claim *q, const char *email, bool typed)
{
    COPY(q->email, "%s", email);
    if (typed)
        maybe_mistype(w, q, q->email, sizeof q->email, 0);
}

/* How likely each kind of evidence is on a channel, per cent; typed: by hand, with faults. */
static const struct channel {
    const char *name;
    int share, email, phone, person, organisation, site, invoice;
    bool typed;
} channels[] = {
    {"web", 40, 92, 30, 75, 60, 60, 15, true},  {"mail", 20, 100, 30, 85, 40, 0, 0, false},
    {"phone", 20, 35, 85, 80, 75, 40, 0, true}, {"social", 10, 40, 0, 60, 60, 40, 0, true},
    {"desk", 10, 100, 30, 85, 40, 0, 0, false},
};

static const struct channel *pick_channel(struct dice *d)
{
    const struct channel *c = channels;

    for (int64_t at = dice_below(d, 100); at >= c->share; c++)
        at -= c->share;
    return c;
}

/* A number is typed on the web only: the telephone tells who rings. */
static void say_by_channel(struct world *w, struct claim *q, const struct customer *c, const struct person *p,
                           const char *email, const char *phone)
{
    const struct channel *by = pick_channel(&w->dice);
    bool web = *by->name == 'w';

    q->channel = by->name;
    if (chance(&w->dice, by->email))
        say_email(w, q, email, by->typed);
    if (chance(&w->dice, by->phone) || (web && *q->email == '\0'))
        say_phone(w, q, phone, web);
    if (chance(&w->dice, by->person))
        say_name(w, q, p);
    if (chance(&w->dice, by->organisation))
        say_organisation(w, q, c);
    if (chance(&w->dice, by->site))
        say_site(w, q, c);
    if (c->invoices > 0 && chance(&w->dice, by->invoice)) {
        COPY(q->invoice, "%s", c->invoice[0]);
        maybe_mistype(w, q, q->invoice, sizeof q->invoice, 9);
    }
}

/* What somebody of c says on one of the channels. own: the record of the one who writes, NULL for one without. */
static void speak(struct world *w, struct claim *q, const struct customer *c, const struct person *p,
                  const struct contact *own)
{
    struct dice *d = &w->dice;
    char email[160] = "", phone[24] = "";

    if (own != NULL && *own->email != '\0' && chance(d, 90))
        COPY(email, "%s", own->email);
    else if (chance(d, 90))
        mailbox(w, c, p, email, sizeof email);
    else
        new_private_mailbox(w, p, email, sizeof email);
    if (own != NULL && *own->phone != '\0' && chance(d, 75))
        COPY(phone, "%s", own->phone);
    else if (chance(d, 50))
        COPY(phone, "%s", c->switchboard);
    else
        new_phone(w, c->country, true, phone);

    say_by_channel(w, q, c, p, email, phone);
}

static bool says_anything(const struct claim *q)
{
    return *q->email != '\0' || *q->phone != '\0' || *q->site != '\0' || *q->invoice != '\0' ||
           *q->organisation != '\0';
}

/* A customer's claim names something of that customer, mistyped or not: a mobile, a private mailbox and a name that
 * nobody has on record lead nowhere, for a person as little as for a program. */
static bool names_customer(const struct claim *q, const struct customer *c)
{
    const char *at = strchr(q->email, '@');
    bool domain = false;

    for (size_t i = 0; i < c->contacts; i++)
        domain = domain || (*c->domain != '\0' && strstr(c->contact[i].email, c->domain) != NULL);
    if (*q->site != '\0' || *q->invoice != '\0' || *q->organisation != '\0')
        return true;
    if (at != NULL && domain && strlen(at + 1) + 2 >= strlen(c->domain) && at[1] == c->domain[0])
        return true;
    for (size_t i = 0; i < c->contacts; i++) {
        const struct contact *k = &c->contact[i];
        size_t n = strlen(k->phone), have = strlen(q->phone);

        if (at != NULL && *k->email != '\0' && strncmp(k->email, q->email, 2) == 0 &&
            strcmp(strchr(k->email, '@'), at) == 0 && strlen(k->email) + 2 >= strlen(q->email))
            return true;
        if (have >= 8 && n >= 8 && strncmp(k->phone + n - 8, q->phone + have - 8, 4) == 0)
            return true;
    }
    return false;
}

static struct claim of_customer(struct world *w, enum claim_kind kind)
{
    for (;;) {
        struct claim q = {.kind = kind, .truth = (int)dice_below(&w->dice, (int64_t)w->n)};
        const struct customer *c = &w->customer[q.truth];
        const struct contact *k = &c->contact[dice_below(&w->dice, (int64_t)c->contacts)];
        struct person other = names_person(&w->dice, names_script_of(c->country));

        speak(w, &q, c, kind == CLAIM_CONTACT ? &k->who : &other, kind == CLAIM_CONTACT ? k : NULL);
        if (says_anything(&q) && names_customer(&q, c))
            return q;
    }
}

/* Of a company that is no customer. */
static struct claim of_stranger(struct world *w, enum claim_kind kind)
{
    struct claim q = {.kind = kind, .truth = NOBODY};
    const struct customer *near = &w->customer[dice_below(&w->dice, (int64_t)w->n)];
    struct customer c;

    if (kind == CLAIM_TWIN)
        near_twin(w, *near, &c);
    else
        fresh(w, &c);
    fill(w, &c, w->n + (size_t)dice_below(&w->dice, 100000));
    while (!says_anything(&q)) {
        q = (struct claim){.kind = kind, .truth = NOBODY};
        speak(w, &q, &c, &c.contact[0].who, &c.contact[0]);
    }
    return q;
}

/* Somebody else of the same name, at a provider, with an address nearly like a contact's own. */
static struct claim of_namesake(struct world *w)
{
    struct claim q = {.kind = CLAIM_NAMESAKE, .truth = NOBODY};
    const struct customer *c = &w->customer[dice_below(&w->dice, (int64_t)w->n)];
    struct customer none = {.country = c->country};
    const struct person *p = &c->contact[dice_below(&w->dice, (int64_t)c->contacts)].who;

    names_company(&w->dice, &none);
    add_domain(w, &none);
    *none.domain = '\0';
    fill(w, &none, w->n + (size_t)dice_below(&w->dice, 100000));
    while (!says_anything(&q)) {
        q = (struct claim){.kind = CLAIM_NAMESAKE, .truth = NOBODY};
        speak(w, &q, &none, p, NULL);
        if (chance(&w->dice, 50))
            q.organisation[0] = q.site[0] = '\0';
    }
    return q;
}

/* Has left one customer, where he is on record with his own number, and writes for another. */
static struct claim of_mover(struct world *w)
{
    for (;;) {
        struct claim q = {.kind = CLAIM_MOVER, .truth = (int)dice_below(&w->dice, (int64_t)w->n)};
        const struct customer *c = &w->customer[q.truth];
        const struct customer *old = &w->customer[dice_below(&w->dice, (int64_t)w->n)];
        const struct contact *k = &old->contact[dice_below(&w->dice, (int64_t)old->contacts)];

        if (old == c || *k->phone == '\0')
            continue;
        speak(w, &q, c, &k->who, NULL);
        say_phone(w, &q, k->phone, false);
        q.channel = *q.channel == 's' ? "web" : q.channel;
        if (*q.organisation != '\0' || *q.site != '\0')
            return q;
    }
}

/* A stranger whose telephone number was a contact's before. */
static struct claim of_new_number(struct world *w)
{
    for (;;) {
        struct claim q = of_stranger(w, CLAIM_STRANGER);
        const struct customer *old = &w->customer[dice_below(&w->dice, (int64_t)w->n)];
        const struct contact *k = &old->contact[dice_below(&w->dice, (int64_t)old->contacts)];

        if (*q.phone == '\0' || *k->phone == '\0' || strcmp(k->phone, old->switchboard) == 0)
            continue;
        q.kind = CLAIM_NEW_NUMBER;
        COPY(q.phone, "%s", k->phone);
        return q;
    }
}

struct claim world_claim(struct world *w)
{
    int64_t kind = dice_below(&w->dice, 1000);

    if (kind < 590)
        return of_customer(w, CLAIM_CONTACT);
    if (kind < 740)
        return of_customer(w, CLAIM_COLLEAGUE);
    if (kind < 750)
        return of_mover(w);
    if (kind < 829)
        return of_stranger(w, CLAIM_STRANGER);
    if (kind < 929)
        return of_stranger(w, CLAIM_TWIN);
    if (kind < 999)
        return of_namesake(w);
    return of_new_number(w);
}
