/* pack NAME { title "…"  severity critical "…"  large "…"  role commander of manager with deputy "…"  stream restore "…"
 *             sync every 3h  update every 1h  freeze imports, rules  confirm above 100 sites
 *             checklist restore version 1 { sign-off twice  step "…" evidence } } */
#include "rules/parser.h"

#include "rules/base/arena.h"

#include <string.h>

static bool read_text(struct parser *p, const char *what, size_t bytes_max, const char **out)
{
    if (parser_ended(p) || p->now.kind != TOKEN_STRING)
        return parser_expected(p, what);
    if (p->now.text.len == 0 || p->now.text.len > bytes_max) {
        parser_fault(p, "a text has 1 to %zu bytes here", bytes_max);
        return false;
    }
    *out = str_copy(p->rules->arena, p->now.text);
    parser_next(p);
    return true;
}

/* Room for one more of them; at most `most`. */
static bool has_room(struct parser *p, size_t n, size_t most, const char *what)
{
    if (n < most)
        return true;
    parser_fault(p, "a pack has at most %zu %s", most, what);
    return false;
}

static bool read_title(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;

    (void)which;
    parser_next(p);
    return read_text(p, "a title in quotes", RULES_TITLE_MAX, &k->title);
}

static bool read_severity(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;
    struct pack_severity s;
    struct str name;

    (void)which;
    parser_next(p);
    if (!has_room(p, k->severities, PACK_SEVERITIES_MAX, "severities") ||
        !parser_name(p, "the name of a severity", &name))
        return false;
    if (pack_severity(k, name) != NULL) {
        parser_fault(p, "severity \"%.*s\" is there already", SHOWN(name));
        return false;
    }
    s.name = str_copy(p->rules->arena, name);
    if (!read_text(p, "what makes it so severe, in quotes", PACK_TEXT_MAX, &s.criterion))
        return false;
    k->severity[k->severities++] = s;
    return true;
}

static bool read_large(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;

    (void)which;
    parser_next(p);
    do {
        if (!has_room(p, k->large, PACK_LARGE_MAX, "criteria of a large incident") ||
            !read_text(p, "what makes it large, in quotes", PACK_TEXT_MAX, &k->large_when[k->large]))
            return false;
        k->large++;
    } while (!parser_ended(p) && p->now.kind == TOKEN_STRING);
    return true;
}

static bool role_here(struct parser *p, enum pack_role_name *out)
{
    const char *words[PACK_ROLES];
    size_t at;

    for (int i = 0; i < PACK_ROLES; i++)
        words[i] = pack_role_word((enum pack_role_name)i);
    if (!parser_one_of(p, words, PACK_ROLES, "role", "commander, driver, approver, contributors or informed", &at))
        return false;
    *out = (enum pack_role_name)at;
    return true;
}

static bool read_role(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;
    struct pack_role role = {.least = SLA_AGENT};
    enum pack_role_name name = PACK_ROLES;

    (void)which;
    parser_next(p);
    if (!role_here(p, &name))
        return false;
    if (k->role[name].duty != NULL) {
        parser_fault(p, "role %s is there already", pack_role_word(name));
        return false;
    }
    if (parser_take(p, "of") && !parser_role(p, &role.least))
        return false;
    if (parser_take(p, "with")) {
        if (!parser_take(p, "deputy"))
            return parser_expected(p, "deputy");
        role.deputy = true;
    }
    if (!read_text(p, "of and a role, with deputy, or what it does, in quotes", PACK_TEXT_MAX, &role.duty))
        return false;
    k->role[name] = role;
    return true;
}

static bool read_stream(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;
    struct pack_stream s;
    struct str name;

    (void)which;
    parser_next(p);
    if (!has_room(p, k->streams, PACK_STREAMS_MAX, "streams") || !parser_name(p, "the name of a stream", &name))
        return false;
    for (size_t i = 0; i < k->streams; i++)
        if (str_is(name, k->stream[i].name)) {
            parser_fault(p, "stream \"%.*s\" is there already", SHOWN(name));
            return false;
        }
    s.name = str_copy(p->rules->arena, name);
    if (!read_text(p, "what it works at, in quotes", PACK_TEXT_MAX, &s.task))
        return false;
    k->stream[k->streams++] = s;
    return true;
}

static bool read_every(struct parser *p, int64_t *out_ms)
{
    parser_next(p);
    return (parser_take(p, "every") || parser_expected(p, "every and a time such as 3h")) && parser_duration(p, out_ms);
}

static bool read_sync(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;

    (void)which;
    return read_every(p, &k->sync_ms);
}

static bool read_update(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;

    (void)which;
    return read_every(p, &k->update_ms);
}

static bool read_freeze(struct parser *p, void *into, size_t which)
{
    static const char *const words[] = {"imports", "rules"};
    struct pack *k = into;

    (void)which;
    parser_next(p);
    do {
        size_t at;

        if (!parser_one_of(p, words, 2, "thing that can be frozen", "imports or rules", &at))
            return false;
        *(at == 0 ? &k->freezes_imports : &k->freezes_rules) = true;
    } while (parser_take_mark(p, ","));
    return true;
}

static bool read_number(struct parser *p, const char *what, int64_t most, int64_t *out)
{
    if (parser_ended(p) || p->now.kind != TOKEN_WORD)
        return parser_expected(p, what);
    if (!str_number(p->now.text, out) || *out < 1 || *out > most) {
        parser_fault(p, "\"%.*s\" is out of range: write 1 to %d", SHOWN(p->now.text), (int)most);
        return false;
    }
    parser_next(p);
    return true;
}

static bool read_confirm(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;

    (void)which;
    parser_next(p);
    if (!parser_take(p, "above"))
        return parser_expected(p, "above and a number of sites");
    if (!read_number(p, "a number of sites", 1000000, &k->confirm_above))
        return false;
    return parser_take(p, "sites") || parser_expected(p, "sites");
}

/* ---- checklists ---- */

struct making {
    struct pack_checklist list;
    struct pack_step step[PACK_STEPS_MAX];
};

static bool read_sign_off(struct parser *p, void *into, size_t which)
{
    static const char *const words[] = {"once", "twice"};
    struct making *m = into;
    size_t at;

    (void)which;
    parser_next(p);
    if (!parser_one_of(p, words, 2, "sign-off", "once or twice", &at))
        return false;
    m->list.twice = at == 1;
    return true;
}

static bool read_step(struct parser *p, void *into, size_t which)
{
    struct making *m = into;
    struct pack_step step;

    (void)which;
    parser_next(p);
    if (m->list.steps == PACK_STEPS_MAX) {
        parser_fault(p, "checklist \"%s\" has more than %d steps", m->list.name, PACK_STEPS_MAX);
        return false;
    }
    if (!read_text(p, "what to do, in quotes", PACK_TEXT_MAX, &step.text))
        return false;
    step.evidence = parser_take(p, "evidence");
    m->step[m->list.steps++] = step;
    return true;
}

static const struct parser_property checklist_properties[] = {
    {"sign-off", read_sign_off, .again = false},
    {"step", read_step, .again = true},
};

static bool read_version(struct parser *p, int *out)
{
    int64_t n = 0;

    if (!parser_take(p, "version"))
        return parser_expected(p, "version and its number");
    if (!read_number(p, "the number of a version", PACK_VERSION_MAX, &n))
        return false;
    *out = (int)n;
    return true;
}

/* What is filled is kept in the arena of the rules, m is not. */
static void read_steps(struct parser *p, struct making *m, struct str name)
{
    size_t before = p->faults->n;
    int line = p->now.line;

    parser_block(p, "checklist", name, checklist_properties,
                 sizeof checklist_properties / sizeof checklist_properties[0], m);
    if (p->faults->n == before && m->list.steps == 0)
        faults_add(p->faults, line, "checklist \"%s\" has nothing to do: write a step", m->list.name);
    m->list.step = m->list.steps == 0 ? NULL
                                      : memcpy(arena_array(p->rules->arena, struct pack_step, m->list.steps), m->step,
                                               m->list.steps * sizeof m->step[0]);
}

/* NAME version NUMBER */
static bool read_head(struct parser *p, const struct pack *k, struct pack_checklist *list, struct str *name)
{
    if (!has_room(p, k->checklists, PACK_CHECKLISTS_MAX, "checklists") ||
        !parser_name(p, "the name of a checklist", name))
        return false;
    if (pack_checklist(k, *name) != NULL) {
        parser_fault(p, "checklist \"%.*s\" is there already", SHOWN(*name));
        return false;
    }
    list->name = str_copy(p->rules->arena, *name);
    return read_version(p, &list->version);
}

/* One fault is enough for a checklist whose head is wrong. */
static void skip_steps(struct parser *p)
{
    while (!parser_ended(p) && !parser_is_mark(p, "{") && !parser_is_mark(p, "}"))
        parser_next(p);
    if (!parser_is_mark(p, "{"))
        return;
    while (!parser_ended(p) && !parser_is_mark(p, "}"))
        parser_next(p);
    (void)parser_take_mark(p, "}");
}

static bool read_checklist(struct parser *p, void *into, size_t which)
{
    struct pack *k = into;
    struct making m = {.list = {.steps = 0}};
    struct str name;

    (void)which;
    parser_next(p);
    if (!read_head(p, k, &m.list, &name)) {
        skip_steps(p);
        return false;
    }
    read_steps(p, &m, name);
    k->checklist[k->checklists++] = m.list;
    return true;
}

/* ---- the statement ---- */

static const struct parser_property properties[] = {
    {"title", read_title, .again = false},     {"severity", read_severity, .again = true},
    {"large", read_large, .again = true},      {"role", read_role, .again = true},
    {"stream", read_stream, .again = true},    {"sync", read_sync, .again = false},
    {"update", read_update, .again = false},   {"freeze", read_freeze, .again = false},
    {"confirm", read_confirm, .again = false}, {"checklist", read_checklist, .again = true},
};

/* P1 */
static void complete(struct parser *p, const struct pack *k, int line)
{
    if (k->title == NULL)
        faults_add(p->faults, line, "pack \"%s\" has no title: write title and a name for people, in quotes", k->name);
    if (k->severities == 0)
        faults_add(p->faults, line, "pack \"%s\" has no severity: write severity, its name, and what makes it so",
                   k->name);
    if (k->role[PACK_COMMANDER].duty == NULL)
        faults_add(p->faults, line, "pack \"%s\" has nobody who decides: write role commander, and what it does",
                   k->name);
}

void parse_pack(struct parser *p, int line)
{
    struct arena *a = p->rules->arena;
    struct str name;

    if (!parser_name(p, "the name of a pack", &name)) {
        parser_skip_statement(p);
        return;
    }
    if (p->file->pack != NULL)
        faults_add(p->faults, line, "a file is one pack, and \"%s\" stands in it already", p->file->pack->name);

    struct pack *k = arena_new(a, struct pack);
    size_t before = p->faults->n;

    k->name = str_copy(a, name);
    p->file->pack = k;
    parser_block(p, "pack", name, properties, sizeof properties / sizeof properties[0], k);
    if (p->faults->n == before)
        complete(p, k, line);
}
