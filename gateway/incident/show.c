#include "gateway/incident/show.h"

#include "gateway/http/asset.h"
#include "gateway/pages.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <string.h>

enum { AGE_S = 10 };

/* ---- JSON ---- */

static struct doc *stamp(int64_t ms)
{
    return ms <= 0 ? doc_new_null() : doc_new_text(str_of(stamp_print(ms).at));
}

struct doc *show_reference(const struct board_incident *i)
{
    struct doc *d = doc_object();

    doc_set_text(d, "slug", i->slug);
    doc_set_text(d, "title", i->title);
    doc_set_text(d, "state", i->declared ? STR("declared") : STR("closed"));
    doc_set(d, "update_at", stamp(i->standing == NULL ? 0 : i->standing->approved_ms));
    doc_set(d, "next_update_by", stamp(i->declared ? i->promised_ms : 0));
    return d;
}

static struct doc *update_json(const struct update_record *u, const struct update_languages *l)
{
    struct doc *d = doc_object();
    bool standing = u->state == UPDATE_APPROVED;

    doc_set_int(d, "number", u->number);
    doc_set_text(d, "state", str_of(update_state_name(u->state)));
    doc_set(d, "at", stamp(u->approved_ms));
    doc_set(d, "withdrawn_at", stamp(u->withdrawn_ms));
    doc_set_text_or_null(d, "why", standing ? (struct str){NULL, 0} : u->why);
    doc_set(d, "update", standing ? update_doc(&u->update, l) : doc_new_null());
    return d;
}

static struct doc *incident_json(const struct board_view *v, const struct board_incident *i,
                                 const struct update_languages *l)
{
    struct doc *d = show_reference(i), *all = doc_array();

    for (size_t k = 0; k < i->n; k++)
        doc_push(all, update_json(&i->updates[k], l));
    doc_set_bool(d, "late", i->late);
    doc_set(d, "declared_at", stamp(i->declared_ms));
    doc_set(d, "closed_at", stamp(i->closed_ms));
    doc_set(d, "update", i->standing == NULL ? doc_new_null() : update_json(i->standing, l));
    doc_set(d, "updates", all);
    doc_set(d, "stale_since", stamp(v->stale_ms));
    return d;
}

static void add_json(struct assets *assets, const char *path, struct doc *d)
{
    const struct call_header kept = {STR("cache-control"), STR("public, max-age=10")};
    struct arena *a = arena_open(64 * 1024);

    assets_add(assets, path, "application/json", doc_print(d, a), &kept, 1);
    doc_close(d);
    arena_close(a);
}

/* ---- pages ---- */

struct showing {
    const struct pages *pages;
    const struct update_languages *languages;
    const char *lang;
    size_t language; /* its place among them */
};

static struct showing showing_in(const struct pages *p, const struct update_languages *l, const char *lang)
{
    struct showing s = {p, l, lang, 0};

    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->code[i], lang) == 0)
            s.language = i;
    return s;
}

static struct str word(const struct showing *s, struct arena *a, const char *family, const char *name)
{
    return str_of(pages_text(s->pages, s->lang, arena_printf(a, "%s.%s", family, name)));
}

/* H1: {"text","other"}; NULL where nothing was written. */
static struct doc *words_doc(const struct showing *s, const struct update_part *p)
{
    bool own;
    struct str text = update_text(p, s->language, &own);
    struct doc *d;

    if (text.len == 0)
        return NULL;
    d = doc_object();
    doc_set_text(d, "text", text);
    doc_set_bool(d, "other", !own);
    return d;
}

static void set_unless_null(struct doc *d, const char *name, struct doc *value)
{
    if (value != NULL)
        doc_set(d, name, value);
}

/* What is given without words, as this language writes it. */
static void set_value(const struct showing *s, struct arena *a, struct doc *d, const char *name, enum update_field f,
                      const struct update_part *p)
{
    struct str n = str_int(a, p->value);

    switch (update_field_kind(f)) {
    case UPDATE_KIND_MOMENT:
        doc_set(d, "by", pages_moment(s->pages, s->lang, p->value));
        break;
    case UPDATE_KIND_PERCENT:
        doc_set_text(d, name, str_of(pages_fill(a, pages_text(s->pages, s->lang, "told.percent"), "n", n)));
        break;
    case UPDATE_KIND_LEVEL:
        doc_set_text(d, name, word(s, a, "confidence", update_confidence_name((enum update_confidence)p->value)));
        break;
    case UPDATE_KIND_TEXT:
        break;
    }
}

static struct doc *row(const struct showing *s, struct arena *a, enum update_field f, const struct update_part *p)
{
    struct doc *d = doc_object();

    doc_set_text(d, "label", word(s, a, "told", update_field_name(f)));
    if (p->given)
        set_value(s, a, d, "value", f, p);
    if (p->next_word_ms != 0)
        doc_set(d, "unknown", pages_moment(s->pages, s->lang, p->next_word_ms));
    set_unless_null(d, "words", words_doc(s, p));
    return d;
}

static struct doc *update_page(const struct showing *s, const struct update_record *u)
{
    struct arena *a = arena_open(4096);
    struct doc *d = doc_object(), *rows = doc_array();

    doc_set_int(d, "number", u->number);
    doc_set(d, "at", pages_moment(s->pages, s->lang, u->approved_ms));
    if (u->state == UPDATE_WITHDRAWN) {
        doc_set(d, "withdrawn", pages_moment(s->pages, s->lang, u->withdrawn_ms));
        doc_set_text(d, "why", u->why);
    } else {
        for (int f = 0; f < UPDATE_FIELDS; f++)
            if (u->update.part[f].given || u->update.part[f].next_word_ms != 0)
                doc_push(rows, row(s, a, (enum update_field)f, &u->update.part[f]));
    }
    doc_set(d, "rows", rows);
    arena_close(a);
    return d;
}

/* What both lengths say. */
static struct doc *head(const struct showing *s, const struct board_view *v, const struct board_incident *i)
{
    struct arena *a = arena_open(1024);
    struct doc *d = doc_object();

    doc_set_text(d, "title", i->title);
    doc_set_text(d, "href", str_of(arena_printf(a, "/%s/incidents/%s", s->lang, str_copy(a, i->slug))));
    doc_set_bool(d, "closed", !i->declared);
    doc_set_bool(d, "late", i->late);
    if (i->standing != NULL)
        doc_set(d, "at", pages_moment(s->pages, s->lang, i->standing->approved_ms));
    if (i->declared && i->promised_ms > 0)
        doc_set(d, i->late ? "promised" : "next", pages_moment(s->pages, s->lang, i->promised_ms));
    if (v->stale_ms > 0)
        doc_set(d, "stale", pages_moment(s->pages, s->lang, v->stale_ms));
    arena_close(a);
    return d;
}

static struct doc *brief(const struct showing *s, const struct board_view *v, const struct board_incident *i)
{
    struct arena *a = arena_open(1024);
    struct doc *d = head(s, v, i);
    const struct update *u = i->standing == NULL ? NULL : &i->standing->update;

    if (u != NULL) {
        set_unless_null(d, "happened", words_doc(s, &u->part[UPDATE_HAPPENED]));
        if (u->part[UPDATE_RESTORED].given)
            set_value(s, a, d, "restored", UPDATE_RESTORED, &u->part[UPDATE_RESTORED]);
    }
    arena_close(a);
    return d;
}

void show_brief(const struct pages *p, const struct update_languages *l, const char *lang, const struct board_view *v,
                const struct board_incident *but, struct doc *d)
{
    struct showing s = showing_in(p, l, lang);
    struct doc *list = doc_array();
    size_t own = but == NULL ? v->n : (size_t)(but - v->incidents);

    for (size_t i = 0; i < v->n; i++) {
        const struct board_incident *one = &v->incidents[i];

        if (!one->declared || !one->shown || i == own)
            continue;
        if (doc_size(list) < SHOW_BRIEF_MAX)
            doc_push(list, brief(&s, v, one));
        else
            doc_set_bool(d, "told_more", true);
    }
    doc_set(d, "told", list);
}

struct doc *show_full(const struct pages *p, const struct update_languages *l, const char *lang,
                      const struct board_view *v, const struct board_incident *i)
{
    struct showing s = showing_in(p, l, lang);
    struct doc *d = head(&s, v, i), *earlier = doc_array();

    if (i->standing != NULL)
        doc_set(d, "standing", update_page(&s, i->standing));
    for (size_t k = 0; k < i->n; k++)
        if (&i->updates[k] != i->standing)
            doc_push(earlier, update_page(&s, &i->updates[k]));
    doc_set(d, "earlier", earlier);
    return d;
}

/* ---- everything ---- */

static void add_list(const struct pages *p, const struct update_languages *l, const char *lang,
                     const struct board_view *v, struct assets *assets)
{
    struct showing s = showing_in(p, l, lang);
    struct arena *a = arena_open(1024);
    struct doc *d = doc_object(), *list = doc_array();

    for (size_t i = 0; i < v->n; i++)
        if (v->incidents[i].shown)
            doc_push(list, brief(&s, v, &v->incidents[i]));
    doc_set(d, "told", list);
    pages_asset(p, lang, "incidents", d, arena_printf(a, "/%s/incidents", lang), AGE_S, assets);
    arena_close(a);
}

static void add_pages(const struct pages *p, const struct update_languages *l, const char *lang,
                      const struct board_view *v, struct assets *assets)
{
    struct arena *a = arena_open(1024);
    struct doc *form = doc_object();

    show_brief(p, l, lang, v, NULL, form);
    pages_form(p, lang, form, assets);
    if (v->known)
        add_list(p, l, lang, v, assets);
    for (size_t i = 0; i < v->n; i++)
        if (v->incidents[i].shown)
            pages_asset(p, lang, "incident", show_full(p, l, lang, v, &v->incidents[i]),
                        arena_printf(a, "/%s/incidents/%s", lang, str_copy(a, v->incidents[i].slug)), AGE_S, assets);
    arena_close(a);
}

void show_all(const struct pages *p, const struct update_languages *l, const struct board_view *v,
              struct assets *assets)
{
    struct arena *a = arena_open(1024);
    struct doc *d = doc_object(), *items = doc_array();

    for (size_t i = 0; i < v->n; i++)
        if (v->incidents[i].shown) {
            struct doc *one = show_reference(&v->incidents[i]);

            doc_set_bool(one, "late", v->incidents[i].late);
            doc_push(items, one);
            add_json(assets, arena_printf(a, "/incidents/%s", str_copy(a, v->incidents[i].slug)),
                     incident_json(v, &v->incidents[i], l));
        }
    doc_set(d, "items", items);
    doc_set_null(d, "next");
    doc_set(d, "stale_since", stamp(v->stale_ms));
    if (v->known)
        add_json(assets, "/incidents", d);
    else
        doc_close(d);
    for (size_t i = 0; i < l->n; i++)
        add_pages(p, l, l->code[i], v, assets);
    arena_close(a);
}
