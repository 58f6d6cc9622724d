/* Lines that are never reached. One earlier line that takes every ticket is found by its conditions alone; several that
 * do so together, by asking them about every value of the facts that have few: words, yes and no, levels. What they ask
 * of other facts counts only where the later line asks it, too, so a line is called dead only where it is. */
#include "rules/check.h"

#include "rules/base/arena.h"

enum { FEW = 8, LINES_SHOWN = 6 };

/* An earlier route, and what it asks beyond the later one. */
struct cover {
    int line;
    size_t n;
    const struct condition *more[RULES_CONDITIONS_MAX];
    bool used;
};

struct reach {
    size_t covers;
    struct cover cover[RULES_ROUTES_MAX];
    int64_t low[FACTS], high[FACTS]; /* of the later route */
    bool asked[FACTS];               /* by some cover */
    uint16_t alive[FACTS + 1][RULES_ROUTES_MAX];
    bool dead[RULES_ROUTES_MAX]; /* never reached themselves: what they take is taken already */
};

static bool has_few(enum fact which)
{
    const struct fact_kind_of *k = &fact_table[which];

    return k->kind == FACT_WORD || k->kind == FACT_YES_NO || k->kind == FACT_OF_INCIDENTS ||
           (k->kind == FACT_NUMBER && k->max < FEW);
}

/* What `earlier` asks beyond `later`; false where that is of a fact with too many values. */
static bool difference(struct cover *out, const struct tree_route *earlier, const struct tree_route *later)
{
    *out = (struct cover){.line = earlier->line};
    for (size_t i = 0; i < earlier->n; i++) {
        const struct condition *c = &earlier->when[i];

        if (condition_follows(c, later->when, later->n))
            continue;
        if (!has_few(c->fact))
            return false;
        out->more[out->n++] = c;
    }
    return true;
}

/* The value of the fact is one that it takes. */
static bool takes(const struct cover *c, enum fact which, int64_t value)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->more[i]->fact == which && (value < c->more[i]->low || value > c->more[i]->high))
            return false;
    return true;
}

static bool asks_from(const struct cover *c, int fact)
{
    for (size_t i = 0; i < c->n; i++)
        if ((int)c->more[i]->fact >= fact)
            return true;
    return false;
}

/* The first n of alive[fact] take the values that were chosen for the facts before; do they take all of the others? */
static bool all_taken(struct reach *r, int fact, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct cover *c = &r->cover[r->alive[fact][i]];

        if (!asks_from(c, fact)) {
            c->used = true;
            return true;
        }
    }
    if (n == 0 || fact == FACTS)
        return false;

    int64_t low = r->asked[fact] ? r->low[fact] : 0, high = r->asked[fact] ? r->high[fact] : 0;

    for (int64_t value = low; value <= high; value++) {
        size_t left = 0;

        for (size_t i = 0; i < n; i++)
            if (!r->asked[fact] || takes(&r->cover[r->alive[fact][i]], (enum fact)fact, value))
                r->alive[fact + 1][left++] = r->alive[fact][i];
        if (!all_taken(r, fact + 1, left))
            return false;
    }
    return true;
}

/* Together those routes, of one file and up to its first, take every ticket that fits t. */
static bool taken_together(struct reach *r, const struct rules *rules, const struct tree_route *t, struct tree_range by)
{

    r->covers = 0;
    for (int i = 0; i < FACTS; i++)
        r->asked[i] = false;
    for (size_t j = by.from; j < by.to; j++) {
        struct cover *c = &r->cover[r->covers];

        if (r->dead[j - by.from] || !difference(c, &rules->route[j], t))
            continue;
        for (size_t k = 0; k < c->n; k++)
            r->asked[c->more[k]->fact] = true;
        r->alive[0][r->covers] = (uint16_t)r->covers;
        r->covers++;
    }
    for (int i = 0; i < FACTS; i++)
        if (r->asked[i])
            condition_range((enum fact)i, t->when, t->n, &r->low[i], &r->high[i]);
    return all_taken(r, 0, r->covers);
}

/* "3, 4 and 7" */
static void say_lines(const struct reach *r, struct buf *out)
{
    size_t used = 0, said = 0;

    for (size_t i = 0; i < r->covers; i++)
        used += r->cover[i].used;
    for (size_t i = 0; i < r->covers && said < LINES_SHOWN; i++)
        if (r->cover[i].used)
            buf_printf(out, "%s%d", said++ == 0 ? "" : said == used ? " and " : ", ", r->cover[i].line);
    if (used > said)
        buf_printf(out, " and %zu more", used - said);
}

static void say_together(const struct reach *r, int line, struct faults *f)
{
    struct buf b = {0};

    say_lines(r, &b);
    faults_add(f, line, "is never reached: lines %s together take every ticket that fits here", buf_view(&b).at);
    buf_free(&b);
}

/* Every ticket that fits `later` fits `earlier`. */
static bool covers(const struct tree_route *earlier, const struct tree_route *later)
{
    for (size_t i = 0; i < earlier->n; i++)
        if (!condition_follows(&earlier->when[i], later->when, later->n))
            return false;
    return true;
}

static bool taken_by_one(const struct rules *r, size_t later)
{
    const struct tree_route *t = &r->route[later];

    for (size_t j = t->file->routes.from; j < later; j++)
        if (covers(&r->route[j], t)) {
            faults_add(t->file->faults, t->line, "is never reached: line %d takes every ticket that fits here",
                       r->route[j].line);
            return true;
        }
    return false;
}

static void check_lines(const struct rules *r, const struct tree_file *file, struct reach *reach)
{
    for (size_t i = file->routes.from; i < file->routes.to; i++) {
        const struct tree_route *t = &r->route[i];
        bool *dead = &reach->dead[i - file->routes.from];

        *dead = taken_by_one(r, i);
        /* The last line must be there, whether or not anything is left for it. */
        if (*dead || t->n == 0 || !taken_together(reach, r, t, (struct tree_range){file->routes.from, i}))
            continue;
        *dead = true;
        say_together(reach, t->line, file->faults);
    }
}

static bool ends(const struct rules *r, struct tree_range routes)
{
    for (size_t i = routes.from; i < routes.to; i++)
        if (r->route[i].n == 0)
            return true;
    return false;
}

/* A route of everything behind those of the pack: is anything left for it? */
static bool leaves_nothing(const struct rules *r, const struct tree_file *file, struct reach *reach)
{
    const struct tree_route below = {.file = file};

    for (size_t i = file->routes.from; i < file->routes.to; i++)
        if (covers(&r->route[i], &below))
            return true;
    return taken_together(reach, r, &below, file->routes);
}

static int last_line(const struct rules *r, const struct tree_file *file)
{
    return file->routes.from == file->routes.to ? 1 : r->route[file->routes.to - 1].line;
}

void check_reach(const struct rules *r)
{
    struct arena *a = arena_open(sizeof(struct reach));
    struct reach *reach = arena_new(a, struct reach);

    for (size_t i = 0; i <= r->overlays; i++) {
        const struct tree_file *file = &r->file[i];

        check_lines(r, file, reach);
        if (file == tree_base(r) ? !ends(r, file->routes) : leaves_nothing(r, file, reach))
            faults_add(file->faults, last_line(r, file), "%s",
                       file == tree_base(r) ? "the last route must be: route otherwise to a queue"
                                            : "the routes of this pack take every ticket there is: ask for affected, "
                                              "or for incident");
    }
    arena_close(a);
}

/* The first of the pack's routes that takes all of t alone; NULL: none does. */
static const struct tree_route *taker(const struct rules *r, const struct tree_file *pack, const struct tree_route *t)
{
    for (size_t i = pack->routes.from; i < pack->routes.to; i++)
        if (covers(&r->route[i], t))
            return &r->route[i];
    return NULL;
}

static void say_shadow(const struct rules *r, const struct tree_file *pack, const struct tree_route *t,
                       struct reach *reach, struct buf *out)
{
    const struct tree_route *one = taker(r, pack, t);

    if (one == NULL && !taken_together(reach, r, t, pack->routes))
        return;
    buf_printf(out, "%s:%d: is not reached meanwhile: ", t->file->name, t->line);
    if (one != NULL) {
        buf_printf(out, "%s:%d takes every ticket that fits here\n", pack->name, one->line);
        return;
    }
    buf_printf(out, "%s, lines ", pack->name);
    say_lines(reach, out);
    buf_text(out, " together take every ticket that fits here\n");
}

void rules_shadow(const struct rules *r, struct str slug, struct buf *out)
{
    struct arena *a = arena_open(sizeof(struct reach));
    struct reach *reach = arena_new(a, struct reach);
    const struct tree_file *base = tree_base(r);

    for (size_t i = 0; i < r->overlays; i++)
        for (size_t k = base->routes.from; str_is(slug, r->file[i].slug) && k < base->routes.to; k++)
            say_shadow(r, &r->file[i], &r->route[k], reach, out);
    arena_close(a);
}
