#include "queues/incident/update.h"

#include "queues/incident/incident.h"
#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <stdlib.h>
#include <string.h>

enum { SLOT = 0, AGAIN_MAX = 20 };

static const char *const states[UPDATE_STATES] = {
    [UPDATE_DRAFT] = "draft", [UPDATE_APPROVED] = "approved", [UPDATE_WITHDRAWN] = "withdrawn"};

const char *update_state_name(enum update_state s)
{
    return states[s];
}

static struct str updates_key(struct arena *a, struct str slug)
{
    return key_in(a, SLOT, "iu", str_copy(a, slug));
}

/* ---- records ---- */

static struct str keep(struct arena *a, struct str s)
{
    return (struct str){str_copy(a, s), s.len};
}

static bool load(const struct update_desk *d, struct ulid id, const struct doc *json, struct update_record *out)
{
    struct update_fault faults[UPDATE_FAULTS_MAX];
    const struct doc *writers = doc_get(json, "writers");
    struct str state = doc_get_text(json, "state");
    struct arena *a = d->arena;
    int s = 0;

    while (s < UPDATE_STATES && !str_is(state, states[s]))
        s++;
    *out = (struct update_record){.id = id,
                                  .number = doc_get_int(json, "number", 0),
                                  .revision = doc_get_int(json, "revision", 0),
                                  .state = (enum update_state)s,
                                  .begun_ms = doc_get_int(json, "begun", 0),
                                  .written_ms = doc_get_int(json, "written", 0),
                                  .approved_ms = doc_get_int(json, "approved", 0),
                                  .approved_by = keep(a, doc_get_text(json, "approved_by")),
                                  .withdrawn_ms = doc_get_int(json, "withdrawn", 0),
                                  .withdrawn_by = keep(a, doc_get_text(json, "withdrawn_by")),
                                  .why = keep(a, doc_get_text(json, "why"))};
    for (size_t i = 0; i < doc_size(writers) && i < UPDATE_WRITERS_MAX; i++)
        out->writer[out->writers++] = keep(a, doc_text(doc_at(writers, i)));
    /* Faults are texts in a language that was spoken once. */
    (void)update_read(&out->update, doc_get(json, "update"), d->languages, a, faults);
    return s < UPDATE_STATES && out->writers > 0 && out->revision > 0;
}

static struct str print(const struct update_desk *d, const struct update_record *u)
{
    struct doc *json = doc_object(), *writers = doc_array();

    for (size_t i = 0; i < u->writers; i++)
        doc_push(writers, doc_new_text(u->writer[i]));
    doc_set_int(json, "number", u->number);
    doc_set_int(json, "revision", u->revision);
    doc_set_text(json, "state", str_of(states[u->state]));
    doc_set(json, "writers", writers);
    doc_set_int(json, "begun", u->begun_ms);
    doc_set_int(json, "written", u->written_ms);
    doc_set_int(json, "approved", u->approved_ms);
    doc_set_text(json, "approved_by", u->approved_by);
    doc_set_int(json, "withdrawn", u->withdrawn_ms);
    doc_set_text(json, "withdrawn_by", u->withdrawn_by);
    doc_set_text(json, "why", u->why);
    doc_set(json, "update", update_doc(&u->update, d->languages));

    struct str s = doc_print(json, d->arena);

    doc_close(json);
    return s;
}

static enum err open_record(const struct update_desk *d, struct ulid id, struct str field, struct str sealed,
                            struct update_record *out)
{
    struct str plain;
    struct doc *json;
    enum err e = unseal(d->keys, d->arena, sealed, field, &plain);

    if (e == ERR_OK && doc_parse(&json, plain, NULL, 0) != ERR_OK)
        e = ERR_CORRUPT;
    if (e != ERR_OK)
        return e;
    e = load(d, id, json, out) ? ERR_OK : ERR_CORRUPT;
    doc_close(json);
    return e;
}

static int newest_first(const void *x, const void *y)
{
    const struct update_record *a = x, *b = y;

    return (a->number < b->number) - (a->number > b->number);
}

enum err updates_read(const struct update_desk *d, struct updates *out)
{
    struct redis_value v;
    enum err e = redis_do(d->redis, d->arena, &v, 2, (struct str[]){STR("HGETALL"), updates_key(d->arena, d->slug)});
    struct updates u = {.version = STR("0")};

    if (e != ERR_OK)
        return e;
    u.list = arena_array(d->arena, struct update_record, v.count / 2 + 1);
    for (size_t i = 0; e == ERR_OK && i + 1 < v.count; i += 2) {
        struct str field = v.items[i].text, value = v.items[i + 1].text;
        struct ulid id;

        if (id_parse(ID_UPDATE, field, &id))
            e = open_record(d, id, field, value, &u.list[u.n++]);
        else if (str_is(field, "v"))
            u.version = value;
        else if (str_is(field, "told_ms"))
            (void)str_number(value, &u.told_ms);
        else if (str_is(field, "late_ms"))
            (void)str_number(value, &u.late_ms);
    }
    if (e != ERR_OK)
        return e;
    if (u.n > 1)
        qsort(u.list, u.n, sizeof *u.list, newest_first);
    *out = u;
    return ERR_OK;
}

const struct update_record *updates_standing(const struct updates *u)
{
    const struct update_record *last = NULL;

    for (size_t i = 0; i < u->n; i++)
        if (u->list[i].state == UPDATE_APPROVED && (last == NULL || u->list[i].approved_ms > last->approved_ms))
            last = &u->list[i];
    return last;
}

const struct update_record *updates_find(const struct updates *u, struct ulid id)
{
    for (size_t i = 0; i < u->n; i++)
        if (ulid_equal(u->list[i].id, id))
            return &u->list[i];
    return NULL;
}

/* ---- one step: read, decide, change against what was read ---- */

struct step {
    const struct update_desk *d;
    struct ulid id;
    int64_t revision;
    const struct update *update; /* to write */
    struct str why;
    struct update_fault *faults;
    size_t fault_count;
    struct updates all;        /* as they were read */
    struct update_record next; /* as it will be */
    bool nothing;              /* it is so already */
    const char *kind;          /* of the happening */
};

typedef enum err decide_fn(struct step *s);

static void put(struct step *s, struct change *c)
{
    const struct update_desk *d = s->d;
    struct str key = updates_key(c->arena, d->slug);
    struct str id = str_of(arena_strdup(c->arena, id_print(ID_UPDATE, s->next.id).at));

    change_hset(c, key, id.at, seal(d->keys, c->arena, print(d, &s->next), id));
    if (s->next.approved_ms == d->now_ms)
        change_hset_int(c, key, "told_ms", d->now_ms);
    if (s->next.approved_ms > 0) /* B6 */
        change_add(c, 4, (struct str[]){STR("HINCRBY"), key_in(c->arena, SLOT, "iu", ""), STR("v"), STR("1")});
    change_incident_happened(c, d->keys, d->slug, d->now_ms, d->by, s->kind,
                             str_of(arena_printf(c->arena, "%s number %lld revision %lld", id.at,
                                                 (long long)s->next.number, (long long)s->next.revision)));
}

static enum err run(struct step *s, decide_fn *decide, struct update_record *out)
{
    const struct update_desk *d = s->d;
    enum err e = ERR_CONFLICT;

    for (int i = 0; i < AGAIN_MAX && e == ERR_CONFLICT; i++) {
        e = updates_read(d, &s->all);
        if (e == ERR_OK && (e = decide(s)) == ERR_CONFLICT)
            return e; /* not with another client: with what was asked */
        if (e == ERR_OK && !s->nothing) {
            struct change *c = change_begin(d->arena);

            put(s, c);
            e = change_run(d->redis, d->arena, c, STR(""), updates_key(d->arena, d->slug), s->all.version, NULL);
        }
    }
    if (e == ERR_OK)
        *out = s->next;
    return e == ERR_CONFLICT ? ERR_BUSY : e;
}

/* Whose words: "stf_… NAME" without the name. */
static bool same_person(struct str a, struct str b)
{
    return str_equal(str_cut(&a, ' '), str_cut(&b, ' '));
}

static bool has_words_of(const struct update_record *u, struct str by)
{
    for (size_t i = 0; i < u->writers; i++)
        if (same_person(u->writer[i], by))
            return true;
    return false;
}

static bool same_words(const struct update_desk *d, const struct update *a, const struct update *b)
{
    struct doc *x = update_doc(a, d->languages), *y = update_doc(b, d->languages);
    bool same = str_equal(doc_print(x, d->arena), doc_print(y, d->arena));

    doc_close(x);
    doc_close(y);
    return same;
}

static enum err decide_begin(struct step *s)
{
    const struct update_desk *d = s->d;

    for (size_t i = 0; i < s->all.n; i++) {
        const struct update_record *u = &s->all.list[i];

        if (u->state == UPDATE_DRAFT && same_person(u->writer[0], d->by) && same_words(d, &u->update, s->update)) {
            s->next = *u;
            s->nothing = true;
            return ERR_OK;
        }
    }
    if (s->all.n >= UPDATES_MAX)
        return ERR_LIMIT;
    s->next = (struct update_record){.id = s->id,
                                     .number = s->all.n == 0 ? 1 : s->all.list[0].number + 1,
                                     .revision = 1,
                                     .state = UPDATE_DRAFT,
                                     .update = *s->update,
                                     .writer = {d->by},
                                     .writers = 1,
                                     .begun_ms = d->now_ms,
                                     .written_ms = d->now_ms};
    return ERR_OK;
}

enum err update_begin(const struct update_desk *d, const struct update *u, struct update_record *out)
{
    struct step s = {.d = d, .update = u, .id = ulid_fresh(), .kind = "update-drafted"};

    return run(&s, decide_begin, out);
}

/* The one that is asked for, as it is now. */
static enum err find(struct step *s)
{
    const struct update_record *u = updates_find(&s->all, s->id);

    if (u == NULL)
        return ERR_ABSENT;
    s->next = *u;
    return ERR_OK;
}

static enum err decide_write(struct step *s)
{
    enum err e = find(s);

    if (e != ERR_OK)
        return e;
    if (s->next.state != UPDATE_DRAFT)
        return ERR_GONE;
    s->nothing = has_words_of(&s->next, s->d->by) && same_words(s->d, &s->next.update, s->update);
    if (s->nothing)
        return ERR_OK;
    if (s->next.revision != s->revision)
        return ERR_CONFLICT;
    if (!has_words_of(&s->next, s->d->by) && s->next.writers == UPDATE_WRITERS_MAX)
        return ERR_LIMIT;
    if (!has_words_of(&s->next, s->d->by))
        s->next.writer[s->next.writers++] = s->d->by;
    s->next.update = *s->update;
    s->next.revision++;
    s->next.written_ms = s->d->now_ms;
    return ERR_OK;
}

enum err update_write(const struct update_desk *d, struct ulid id, int64_t revision, const struct update *u,
                      struct update_record *out)
{
    struct step s = {.d = d, .id = id, .revision = revision, .update = u, .kind = "update-written"};

    return run(&s, decide_write, out);
}

static enum err decide_approve(struct step *s)
{
    const struct update_record *standing = updates_standing(&s->all);
    enum err e = find(s);

    if (e != ERR_OK)
        return e;
    s->nothing = s->next.state == UPDATE_APPROVED && same_person(s->next.approved_by, s->d->by) &&
                 s->next.revision == s->revision;
    if (s->nothing)
        return ERR_OK;
    if (s->next.state != UPDATE_DRAFT)
        return ERR_GONE;
    if (s->next.revision != s->revision)
        return ERR_CONFLICT;
    if (has_words_of(&s->next, s->d->by))
        return ERR_DENIED;
    s->fault_count = update_judge(&s->next.update, standing == NULL ? NULL : &standing->update, s->d->languages,
                                  s->d->now_ms, s->faults);
    if (s->fault_count > 0)
        return ERR_INPUT;
    s->next.state = UPDATE_APPROVED;
    s->next.approved_ms = s->d->now_ms;
    s->next.approved_by = s->d->by;
    return ERR_OK;
}

enum err update_approve(const struct update_desk *d, struct ulid id, int64_t revision, struct update_record *out,
                        struct update_fault faults[UPDATE_FAULTS_MAX], size_t *fault_count)
{
    struct step s = {.d = d, .id = id, .revision = revision, .faults = faults, .kind = "update-approved"};
    enum err e = run(&s, decide_approve, out);

    *fault_count = s.fault_count;
    return e;
}

static enum err decide_withdraw(struct step *s)
{
    enum err e = find(s);

    if (e != ERR_OK)
        return e;
    s->nothing = s->next.state == UPDATE_WITHDRAWN && str_equal(s->next.why, s->why);
    if (s->nothing)
        return ERR_OK;
    if (s->next.state == UPDATE_WITHDRAWN)
        return ERR_GONE;
    s->next.state = UPDATE_WITHDRAWN;
    s->next.withdrawn_ms = s->d->now_ms;
    s->next.withdrawn_by = s->d->by;
    s->next.why = s->why;
    return ERR_OK;
}

enum err update_withdraw(const struct update_desk *d, struct ulid id, struct str why, struct update_record *out)
{
    struct step s = {.d = d, .id = id, .why = why, .kind = "update-withdrawn"};

    return run(&s, decide_withdraw, out);
}

enum err update_late(const struct update_desk *d, int64_t promised_ms, bool *first)
{
    struct updates u;
    enum err e = updates_read(d, &u);

    *first = e == ERR_OK && u.late_ms < promised_ms;
    if (!*first)
        return e;

    struct change *c = change_begin(d->arena);

    change_hset_int(c, updates_key(d->arena, d->slug), "late_ms", promised_ms);
    change_incident_happened(c, d->keys, d->slug, promised_ms, d->by, "update-late", STR(""));
    e = change_run(d->redis, d->arena, c, STR(""), updates_key(d->arena, d->slug), u.version, NULL);
    *first = e == ERR_OK;
    return e == ERR_CONFLICT ? ERR_OK : e; /* somebody else tells it, or looks again */
}

/* ---- cheap questions ---- */

void update_told_queue(struct redis *r, struct arena *a, struct str slug)
{
    redis_add(r, 3, (struct str[]){STR("HGET"), updates_key(a, slug), STR("told_ms")});
}

int64_t update_told_parse(const struct redis_value *v)
{
    int64_t ms = 0;

    (void)str_number(v->text, &ms);
    return ms;
}

void update_version_queue(struct redis *r, struct arena *a)
{
    redis_add(r, 3, (struct str[]){STR("HGET"), key_in(a, SLOT, "iu", ""), STR("v")});
}
