#include "rules/site_list.h"

#include "rules/address.h"
#include "rules/base/arena.h"
#include "rules/csv.h"

#include <string.h>

enum { ROWS_AT_FIRST = 1024 };

/* Where the columns stand; -1: nowhere. */
struct columns {
    int id, own, products;
    size_t count;
};

/* What has been read, and a table of it by canonical form: open addressing, so that no list makes it slow. */
struct reading {
    struct site_list *list;
    struct arena *arena;
    size_t room;
    size_t *slots, slot_count; /* place in rows + 1; 0: free */
};

void site_list_add_fault(struct site_list *l, struct arena *a, size_t line, const char *reason)
{
    if (l->faults == NULL)
        l->faults = arena_array(a, struct site_list_fault, SITE_LIST_FAULTS_MAX);
    if (l->fault_count < SITE_LIST_FAULTS_MAX)
        l->faults[l->fault_count++] = (struct site_list_fault){line, reason};
    l->bad++;
}

static void fault(struct reading *r, size_t line, const char *reason)
{
    site_list_add_fault(r->list, r->arena, line, reason);
}

/* ---- which column is which ---- */

static bool is_one_of(struct str s, const char *const *words)
{
    for (; *words != NULL; words++)
        if (str_equal_nocase(s, str_of(*words)))
            return true;
    return false;
}

static bool names_sites(struct str s)
{
    static const char *const words[] = {"site_id", "site", "siteid", "site id", "id", NULL};

    return is_one_of(s, words);
}

static bool names_another_kind(struct str s)
{
    static const char *const words[] = {"account",   "account_id", "app",    "app_id",     "application", "customer",
                                        "contact",   "tenant",     "email",  "invoice",    "ticket",      "user",
                                        "user_id",   "product_id", "org_id", "tenant_id",  "contact_id",  "ticket_id",
                                        "cloud_id",  "cloud_url",  "org",    "invoice_id", "customer_id", "incident",
                                        "entity_id", NULL};

    return is_one_of(s, words);
}

/* True where the row is a header. */
static bool read_header(struct reading *r, const struct csv_row *row, struct columns *out)
{
    struct columns c = {-1, -1, -1, row->count};
    bool other = false;

    for (int i = (int)row->count - 1; i >= 0; i--) {
        if (names_sites(row->field[i]))
            c.id = i;
        else if (str_equal_nocase(row->field[i], STR("own")))
            c.own = i;
        else if (str_equal_nocase(row->field[i], STR("products")))
            c.products = i;
        else
            other = other || names_another_kind(row->field[i]);
    }
    if (c.id < 0 && !other && c.own < 0 && c.products < 0)
        return false;
    if (c.id < 0)
        fault(r, row->line, "no column \"site_id\": ids of another kind do not name sites");
    *out = c;
    return true;
}

/* ---- a row ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* S2. A host's first word ends at a dot. */
static bool is_of_another_kind(struct str s)
{
    static const char *const kinds[] = {
        "acc", "account", "tkt", "ticket", "itm",     "msg", "par",  "con", "contact", "flw",  "evt",   "eml",
        "stf", "fil",     "edg", "dup",    "apv",     "inc", "whk",  "job", "app",     "apps", "user",  "usr",
        "org", "tenant",  "cus", "inv",    "invoice", "sub", "prod", "ari", "product", "wks",  "addon", NULL};
    size_t n = 0;

    while (n < s.len && is_letter(s.at[n]))
        n++;
    return n > 0 && n < s.len && (s.at[n] == '_' || s.at[n] == ':') && is_one_of((struct str){s.at, n}, kinds);
}

static bool read_own(struct str s, bool *out)
{
    static const char *const yes[] = {"yes", "y", "true", "1", "own", NULL};
    static const char *const no[] = {"", "no", "n", "false", "0", NULL};

    *out = is_one_of(s, yes);
    return *out || is_one_of(s, no);
}

/* NULL, or why it is no row. */
static const char *read_row(struct reading *r, const struct columns *c, const struct csv_row *row,
                            struct site_list_row *out)
{
    struct site_list_row x = {.line = row->line, .products = STR("")};
    struct site site;

    if (row->fault != NULL)
        return row->fault;
    if (row->count != c->count)
        return "another number of columns than in the first line";
    x.typed = row->field[c->id];
    if (x.typed.len == 0)
        return "no id";
    if (is_of_another_kind(x.typed))
        return "an id of another kind: not of a site";
    if (!site_parse(r->arena, x.typed, &site))
        return "not the id, host or address of a site";
    if (c->own >= 0 && !read_own(row->field[c->own], &x.own))
        return "\"own\" is yes or no";
    if (c->products >= 0)
        x.products = text_first(row->field[c->products], SITE_LIST_PRODUCTS_CHARS_MAX);
    x.canonical = site.canonical;
    *out = x;
    return NULL;
}

/* ---- each once ---- */

/* FNV-1a. */
static size_t hash(struct str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.at[i]) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

static size_t *slot_of(const struct reading *r, struct str canonical)
{
    size_t i = hash(canonical) & (r->slot_count - 1);

    while (r->slots[i] != 0 && !str_equal(r->list->rows[r->slots[i] - 1].canonical, canonical))
        i = (i + 1) & (r->slot_count - 1);
    return &r->slots[i];
}

static void grow(struct reading *r)
{
    struct site_list_row *old = r->list->rows;

    r->room = r->room == 0 ? ROWS_AT_FIRST : r->room * 2;
    r->list->rows = arena_array(r->arena, struct site_list_row, r->room);
    if (r->list->n > 0)
        memcpy(r->list->rows, old, r->list->n * sizeof *old);
    r->slot_count = r->room * 2;
    r->slots = arena_array(r->arena, size_t, r->slot_count);
    memset(r->slots, 0, r->slot_count * sizeof *r->slots);
    for (size_t i = 0; i < r->list->n; i++)
        *slot_of(r, r->list->rows[i].canonical) = i + 1;
}

static void keep(struct reading *r, const struct site_list_row *x)
{
    if (r->list->n == r->room)
        grow(r);

    size_t *slot = slot_of(r, x->canonical);

    if (*slot == 0) {
        r->list->rows[r->list->n++] = *x;
        *slot = r->list->n;
    } else if (r->list->rows[*slot - 1].own != x->own) {
        fault(r, x->line, "the same site as in another line, once as the vendor's own and once not");
    } else {
        r->list->repeated++;
    }
}

/* ---- the whole ---- */

static void read_all(struct reading *r, struct csv *csv)
{
    struct columns c = {0, -1, -1, 0};
    struct csv_row *row = arena_new(r->arena, struct csv_row);
    struct site_list_row x;
    bool first = true;

    while (csv_next(csv, r->arena, row)) {
        const char *why;

        if (first && row->fault == NULL) {
            first = false;
            c.count = row->count;
            if (read_header(r, row, &c)) {
                r->list->has_own = c.own >= 0;
                if (c.id < 0)
                    return;
                continue;
            }
        }
        why = read_row(r, &c, row, &x);
        if (why == NULL && r->list->n == SITE_LIST_SITES_MAX)
            why = "more than 100000 sites";
        if (why == NULL)
            keep(r, &x);
        else
            fault(r, row->line, why);
    }
}

bool site_list_parse(struct str text, struct arena *a, struct site_list *out)
{
    struct reading r = {.list = out, .arena = a};
    struct csv csv;

    *out = (struct site_list){0};
    if (text.len > SITE_LIST_BYTES_MAX) {
        site_list_add_fault(out, a, 1, "the file is larger than 8 MiB");
        return false;
    }
    csv_open(&csv, text);
    grow(&r);
    read_all(&r, &csv);
    if (out->n == 0 && out->bad == 0)
        site_list_add_fault(out, a, 1, "no site in it");
    return out->bad == 0;
}
