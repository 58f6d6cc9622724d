#include "gateway/template.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum op_kind { OP_TEXT, OP_VALUE, OP_RAW, OP_SECTION, OP_UNLESS, OP_END, OP_PARTIAL };

struct op {
    enum op_kind kind;
    int line;
    struct str text;   /* OP_TEXT: the bytes; otherwise the tag's name as written */
    const char **path; /* segments of the name; none: "." */
    size_t segments;
    size_t end;            /* OP_SECTION, OP_UNLESS: where its OP_END stands */
    struct template *part; /* OP_PARTIAL, after linking */
};

struct template
{
    struct template *next;
    const char *name, *file;
    enum template_escape escape;
    struct op *ops;
    size_t count, room;
    int depth;   /* sections inside each other */
    int measure; /* linking: 0 not yet, -1 under way, else depth with partials + 1 */
};

struct templates {
    struct arena *arena;
    struct template *first;
    bool linked, broken;
};

struct templates *templates_open(void)
{
    struct templates *set = calloc(1, sizeof *set);

    if (set == NULL)
        abort();
    set->arena = arena_open(64 * 1024);
    return set;
}

void templates_close(struct templates *set)
{
    if (set == NULL)
        return;
    for (struct template *t = set->first; t != NULL; t = t->next)
        free(t->ops);
    arena_close(set->arena);
    free(set);
}

static struct template *find(const struct templates *set, struct str name)
{
    for (struct template *t = set->first; t != NULL; t = t->next)
        if (str_is(name, t->name))
            return t;
    return NULL;
}

const struct template *templates_find(const struct templates *set, const char *name)
{
    return find(set, str_of(name));
}

/* ---- compiling ---- */

struct reader {
    struct arena *arena;
    struct template *t;
    struct buf *faults;
    const char *at, *end;   /* what is left to read */
    const char *line_begin; /* of the line at stands on */
    int line;
    size_t open[TEMPLATE_DEPTH_MAX]; /* ops of sections that are not closed */
    int depth;
};

static enum err fault(const struct reader *r, const char *reason, struct str what)
{
    buf_printf(r->faults, "%s:%d: %s", r->t->file, r->line, reason);
    if (what.len > 0)
        buf_printf(r->faults, " '%.*s'", (int)what.len, what.at);
    buf_char(r->faults, '\n');
    return ERR_SYNTAX;
}

static struct op *op_push(struct reader *r, enum op_kind kind, struct str text)
{
    struct template *t = r->t;

    if (t->count == t->room) {
        t->room = t->room == 0 ? 64 : t->room * 2;
        t->ops = reallocarray(t->ops, t->room, sizeof *t->ops);
        if (t->ops == NULL)
            abort();
    }
    t->ops[t->count] = (struct op){.kind = kind, .line = r->line, .text = text};
    return &t->ops[t->count++];
}

static void text_push(struct reader *r, const char *from, const char *to)
{
    if (from < to)
        (void)op_push(r, OP_TEXT, (struct str){from, (size_t)(to - from)});
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *find_bytes(const char *at, const char *end, const char *what)
{
    return at < end ? memmem(at, (size_t)(end - at), what, strlen(what)) : NULL;
}

static void lines_count(struct reader *r, const char *to)
{
    for (; r->at < to; r->at++)
        if (*r->at == '\n')
            r->line++, r->line_begin = r->at + 1;
}

static bool name_good(struct str name)
{
    if (str_is(name, "."))
        return true;
    if (name.len == 0 || name.len > TEMPLATE_NAME_MAX || name.at[0] == '.' || name.at[name.len - 1] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';

        if (!word && (c != '.' || name.at[i - 1] == '.'))
            return false;
    }
    return true;
}

static void path_split(struct reader *r, struct op *op)
{
    struct str rest = op->text;

    if (str_is(rest, "."))
        return;
    for (size_t i = 0; i < rest.len; i++)
        op->segments += rest.at[i] == '.';
    op->segments++;
    op->path = arena_array(r->arena, const char *, op->segments);
    for (size_t i = 0; i < op->segments; i++)
        op->path[i] = str_copy(r->arena, str_cut(&rest, '.'));
}

static enum err section_open(struct reader *r, enum op_kind kind, struct str name)
{
    if (r->depth == TEMPLATE_DEPTH_MAX)
        return fault(r, "sections are nested too deep at", name);
    r->open[r->depth++] = r->t->count;
    if (r->t->depth < r->depth)
        r->t->depth = r->depth;
    path_split(r, op_push(r, kind, name));
    return ERR_OK;
}

static enum err section_close(struct reader *r, struct str name)
{
    if (r->depth == 0)
        return fault(r, "closes a section that is not open:", name);

    struct op *open = &r->t->ops[r->open[--r->depth]];

    if (!str_equal(open->text, name))
        return fault(r, "closes another section than the last one opened:", name);
    open->end = r->t->count;
    (void)op_push(r, OP_END, name);
    return ERR_OK;
}

/* sigil: the first character of the tag where it is one of ours, else 0. */
static enum err tag_push(struct reader *r, char sigil, struct str name)
{
    if (!name_good(name))
        return fault(r, "not a name:", text_first(name, TEMPLATE_NAME_MAX));
    switch (sigil) {
    case '#':
        return section_open(r, OP_SECTION, name);
    case '^':
        return section_open(r, OP_UNLESS, name);
    case '/':
        return section_close(r, name);
    case '>':
        (void)op_push(r, OP_PARTIAL, name);
        return ERR_OK;
    default:
        path_split(r, op_push(r, sigil == '{' ? OP_RAW : OP_VALUE, name));
        return ERR_OK;
    }
}

/* P4: *from and *to are widened to the whole line where the tag between them stands alone. */
static void stand_alone(const struct reader *r, const char *text, const char **from, const char **to)
{
    const char *a = *from, *b = *to;

    while (a > text && a > r->line_begin && blank(a[-1]))
        a--;
    while (b < r->end && blank(*b) && *b != '\n')
        b++;
    if (a != r->line_begin || (b < r->end && *b != '\n'))
        return;
    *from = a;
    *to = b < r->end ? b + 1 : b;
}

/* text: where the text before the tag begins; r->at: at its "{{". */
static enum err tag_read(struct reader *r, const char *text)
{
    const char *from = r->at, *inner = from + 2;
    char sigil = inner < r->end && memchr("#^/>!{", *inner, 6) != NULL ? *inner : '\0';
    const char *closer = sigil == '{' ? "}}}" : "}}";

    inner += sigil != '\0';

    const char *close = find_bytes(inner, r->end, closer);

    if (close == NULL)
        return fault(r, "a tag is not closed:", text_first((struct str){from, (size_t)(r->end - from)}, 16));

    const char *to = close + strlen(closer);

    if (sigil != '\0' && sigil != '{')
        stand_alone(r, text, &from, &to);
    text_push(r, text, from);

    struct str name = str_trim((struct str){inner, (size_t)(close - inner)});
    enum err e = sigil == '!' ? ERR_OK : tag_push(r, sigil, name);

    lines_count(r, to);
    return e;
}

static enum err compile(struct reader *r)
{
    while (r->at < r->end) {
        const char *text = r->at, *tag = find_bytes(text, r->end, "{{");

        if (tag == NULL) {
            text_push(r, text, r->end);
            lines_count(r, r->end);
            break;
        }
        lines_count(r, tag);

        enum err e = tag_read(r, text);

        if (e != ERR_OK)
            return e;
    }
    if (r->depth == 0)
        return ERR_OK;

    const struct op *open = &r->t->ops[r->open[r->depth - 1]];

    r->line = open->line;
    return fault(r, "a section is not closed:", open->text);
}

static enum err add(struct templates *set, struct reader *r, struct str source)
{
    if (source.len > TEMPLATE_BYTES_MAX) {
        (void)fault(r, "the template is too large", STR(""));
        return ERR_LARGE;
    }
    if (!text_utf8_valid(source))
        return fault(r, "the template is not UTF-8", STR(""));
    if (find(set, str_of(r->t->name)) != NULL)
        return fault(r, "there is a template of this name already:", str_of(r->t->name));
    r->t->next = set->first;
    set->first = r->t;
    r->at = r->line_begin = str_copy(set->arena, source);
    r->end = r->at + source.len;
    return compile(r);
}

enum err templates_add(struct templates *set, const char *name, const char *file, struct str source,
                       enum template_escape escape, struct buf *faults)
{
    assert(!set->linked);

    struct template *t = arena_new(set->arena, struct template);
    struct reader r = {.arena = set->arena, .t = t, .faults = faults, .line = 1};

    t->name = arena_strdup(set->arena, name);
    t->file = arena_strdup(set->arena, file);
    t->escape = escape;

    enum err e = add(set, &r, source);

    set->broken |= e != ERR_OK;
    return e;
}

/* ---- linking ---- */

static enum err link_fault(const struct template *t, const struct op *op, const char *reason, struct buf *faults)
{
    buf_printf(faults, "%s:%d: %s '%.*s'\n", t->file, op->line, reason, (int)op->text.len, op->text.at);
    return ERR_SYNTAX;
}

/* Recursion ends: a template that is being measured is not entered again. */
static enum err link_one(struct templates *set, struct template *t, struct buf *faults)
{
    int deepest = 0;

    t->measure = -1;
    for (size_t i = 0; i < t->count; i++) {
        struct op *op = &t->ops[i];

        if (op->kind != OP_PARTIAL)
            continue;
        op->part = find(set, op->text);
        if (op->part == NULL)
            return link_fault(t, op, "there is no template", faults);
        if (op->part->measure == -1)
            return link_fault(t, op, "a template includes itself by way of", faults);
        if (op->part->measure == 0 && link_one(set, op->part, faults) != ERR_OK)
            return ERR_SYNTAX;
        if (deepest < op->part->measure)
            deepest = op->part->measure;
        if (t->depth + deepest > TEMPLATE_DEPTH_MAX)
            return link_fault(t, op, "templates are nested too deep at", faults);
    }
    t->measure = t->depth + deepest + 1;
    return ERR_OK;
}

enum err templates_link(struct templates *set, struct buf *faults)
{
    enum err e = set->broken ? ERR_SYNTAX : ERR_OK;

    assert(!set->linked);
    set->linked = true;
    for (struct template *t = set->first; t != NULL; t = t->next)
        if (t->measure == 0 && link_one(set, t, faults) != ERR_OK)
            e = ERR_SYNTAX;
    return e;
}

/* ---- rendering ---- */

struct scope {
    const struct doc *value;
    const struct scope *around;
};

struct page {
    struct buf *out;
    size_t steps;
};

static const struct doc *look_up(const struct op *op, const struct scope *s)
{
    if (op->segments == 0)
        return s->value;

    const struct doc *d = NULL;

    for (; s != NULL && d == NULL; s = s->around)
        d = doc_get(s->value, op->path[0]);
    for (size_t i = 1; i < op->segments && d != NULL; i++)
        d = doc_get(d, op->path[i]);
    return d;
}

static bool holds(const struct doc *d)
{
    int64_t n = 0;

    switch (doc_kind(d)) {
    case DOC_NONE:
    case DOC_NULL:
        return false;
    case DOC_BOOL:
        return doc_true(d);
    case DOC_INT:
        return doc_int(d, &n) && n != 0;
    case DOC_TEXT:
        return doc_text(d).len > 0;
    case DOC_ARRAY:
        return doc_size(d) > 0;
    case DOC_REAL:
    case DOC_OBJECT:
        return true;
    }
    return false;
}

static void escape(struct buf *out, struct str s)
{
    size_t done = 0;

    for (size_t i = 0; i < s.len; i++) {
        const char *as = NULL;

        switch (s.at[i]) {
        case '&':
            as = "&amp;";
            break;
        case '<':
            as = "&lt;";
            break;
        case '>':
            as = "&gt;";
            break;
        case '"':
            as = "&quot;";
            break;
        case '\'':
            as = "&#39;";
            break;
        default:
            continue;
        }
        buf_add(out, s.at + done, i - done);
        buf_text(out, as);
        done = i + 1;
    }
    buf_add(out, s.at + done, s.len - done);
}

/* Objects, arrays and fractions have no one way to be written: nothing. */
static void print(struct buf *out, const struct doc *d, bool as_it_is)
{
    int64_t n;
    struct str s = doc_text(d);

    if (doc_int(d, &n))
        buf_printf(out, "%" PRId64, n);
    else if (doc_kind(d) == DOC_BOOL)
        buf_text(out, doc_true(d) ? "true" : "false");
    else if (s.len > 0 && as_it_is)
        buf_str(out, s);
    else if (s.len > 0)
        escape(out, s);
}

static enum err render(const struct template *t, size_t from, size_t to, const struct scope *s, struct page *page);

static enum err render_section(const struct template *t, size_t at, const struct scope *s, struct page *page)
{
    const struct op *op = &t->ops[at];
    const struct doc *d = look_up(op, s);

    if (!holds(d))
        return ERR_OK;
    if (doc_kind(d) != DOC_ARRAY) {
        struct scope inner = {d, s};

        return render(t, at + 1, op->end, doc_kind(d) == DOC_BOOL ? s : &inner, page);
    }
    for (size_t i = 0; i < doc_size(d); i++) {
        struct scope inner = {doc_at(d, i), s};
        enum err e = render(t, at + 1, op->end, &inner, page);

        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err render_op(const struct template *t, size_t at, const struct scope *s, struct page *page)
{
    const struct op *op = &t->ops[at];

    switch (op->kind) {
    case OP_TEXT:
        buf_str(page->out, op->text);
        break;
    case OP_VALUE:
    case OP_RAW:
        print(page->out, look_up(op, s), op->kind == OP_RAW || t->escape == TEMPLATE_PLAIN);
        break;
    case OP_SECTION:
        return render_section(t, at, s, page);
    case OP_UNLESS:
        return holds(look_up(op, s)) ? ERR_OK : render(t, at + 1, op->end, s, page);
    case OP_PARTIAL:
        return render(op->part, 0, op->part->count, s, page);
    case OP_END:
        break;
    }
    return ERR_OK;
}

static enum err render(const struct template *t, size_t from, size_t to, const struct scope *s, struct page *page)
{
    for (size_t i = from; i < to; i++) {
        enum err e = render_op(t, i, s, page);

        if (e == ERR_OK && (page->out->len > TEMPLATE_OUT_BYTES_MAX || ++page->steps > TEMPLATE_STEPS_MAX))
            e = ERR_LARGE;
        if (e != ERR_OK)
            return e;
        if (t->ops[i].kind == OP_SECTION || t->ops[i].kind == OP_UNLESS)
            i = t->ops[i].end;
    }
    return ERR_OK;
}

enum err template_render(const struct template *t, const struct doc *outer, const struct doc *data, struct buf *out)
{
    struct scope around = {outer, NULL}, inner = {data, &around};
    struct page page = {out, 0};

    assert(t->measure > 0);
    return render(t, 0, t->count, &inner, &page);
}
