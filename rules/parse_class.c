/* class NAME { domain "partner.example" "partner.example.org"  address "ceo-office@vendor.example" } */
#include "rules/parser.h"

#include "rules/address.h"
#include "rules/base/arena.h"

static bool has(const struct str *list, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(list[i], s))
            return true;
    return false;
}

/* A sender is in one class at most. */
static const char *taken(const struct rules *r, bool domain, struct str s)
{
    for (size_t i = 0; i < r->classes; i++) {
        const struct tree_class *t = &r->senders[i];

        if (domain ? has(t->domain, t->domains, s) : has(t->address, t->addresses, s))
            return t->name;
    }
    return NULL;
}

static bool add(struct parser *p, struct tree_class *t, bool domain, struct str s)
{
    const char *other = taken(p->rules, domain, s);
    size_t *n = domain ? &t->domains : &t->addresses;

    if (other != NULL) {
        parser_fault(p, "\"%.*s\" is in class \"%s\" already", SHOWN(p->now.text), other);
        return false;
    }
    if (*n == RULES_CLASS_ENTRIES_MAX) {
        parser_fault(p, "class \"%s\" has more than %d of them", t->name, RULES_CLASS_ENTRIES_MAX);
        return false;
    }
    (domain ? t->domain : t->address)[(*n)++] = s;
    return true;
}

/* Anybody may have a mailbox at a free-mail provider. */
static bool is_free(struct arena *a, struct str domain)
{
    struct email e;

    return email_parse(a, str_of(arena_printf(a, "x@%s", str_copy(a, domain))), &e) && e.free_mail;
}

static bool add_domain(struct parser *p, struct tree_class *t)
{
    struct arena *a = p->rules->arena;
    struct str domain;

    if (!domain_parse(a, p->now.text, &domain)) {
        parser_fault(p, "\"%.*s\" is not a domain", SHOWN(p->now.text));
        return false;
    }
    if (is_free(a, domain)) {
        parser_fault(p, "anybody may have a mailbox at \"%.*s\": write addresses", SHOWN(p->now.text));
        return false;
    }
    return add(p, t, true, domain);
}

static bool add_address(struct parser *p, struct tree_class *t)
{
    struct email e;

    if (!email_parse(p->rules->arena, p->now.text, &e) || e.canonical.at == NULL) {
        parser_fault(p, "\"%.*s\" is not an address that can be matched", SHOWN(p->now.text));
        return false;
    }
    return add(p, t, false, e.canonical);
}

/* One or more texts. Row 0 of the table below: domains. */
static bool read_entries(struct parser *p, void *into, size_t which)
{
    bool any = false;

    parser_next(p);
    while (!parser_ended(p) && p->now.kind == TOKEN_STRING) {
        if (!(which == 0 ? add_domain(p, into) : add_address(p, into)))
            return false;
        parser_next(p);
        any = true;
    }
    return any || parser_expected(p, which == 0 ? "a domain in quotes" : "an address in quotes");
}

static const struct parser_property properties[] = {
    {"domain", read_entries, .again = true},
    {"address", read_entries, .again = true},
};

static const struct tree_class *named(const struct rules *r, struct str name)
{
    for (size_t i = 0; i < r->classes; i++)
        if (str_is(name, r->senders[i].name))
            return &r->senders[i];
    return NULL;
}

void parse_class(struct parser *p, int line)
{
    struct rules *r = p->rules;
    struct str name;

    if (!parser_name(p, "the name of a class", &name)) {
        parser_skip_statement(p);
        return;
    }
    if (r->classes == RULES_CLASSES_MAX) {
        faults_add(p->faults, line, "more than %d classes", RULES_CLASSES_MAX);
        parser_skip_statement(p);
        return;
    }

    const struct tree_class *twin = named(r, name);

    if (twin != NULL)
        faults_add(p->faults, line, "class \"%s\" is defined twice, first on line %d", twin->name, twin->line);

    struct tree_class *t = &r->senders[r->classes++];
    size_t before = p->faults->n;

    *t = (struct tree_class){.name = str_copy(r->arena, name), .line = line};
    parser_block(p, "class", name, properties, sizeof properties / sizeof properties[0], t);
    if (p->faults->n == before && t->domains + t->addresses == 0)
        faults_add(p->faults, line, "class \"%s\" names nobody: write a domain or an address", t->name);
}
