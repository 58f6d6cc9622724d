#include "gateway/pages.h"

#include "gateway/template.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANGUAGES_MAX = 64,           /* codes in languages.json */
    FILE_BYTES_MAX = 1024 * 1024, /* of any built file; they are under 64 KiB */
};

/* Without these a page would be missed only when somebody needs it. */
static const char *const needed[] = {
    "form",           "request",         "code",         "problem",       "mail/code.txt",  "mail/code.html",
    "mail/reply.txt", "mail/reply.html", "mail/ack.txt", "mail/ack.html", "mail/vouch.txt", "mail/vouch.html",
    "mail/veto.txt",  "mail/veto.html",  "appeal",       "incident",      "incidents"};

struct language {
    const char *code;
    const char *form_path;
    struct templates *templates;
    struct doc *words;
};

struct pages {
    struct arena *arena;
    struct language languages[LANGUAGES_MAX]; /* the first is the last resort */
    size_t count;
    struct doc *around; /* V3 */
    struct str policy;
};

/* ---- opening ---- */

static enum err fault(struct buf *faults, const char *file, const char *reason, enum err e)
{
    buf_printf(faults, "%s: %s\n", file, reason);
    return e;
}

static enum err read_file(struct buf *out, const char *file, struct buf *faults)
{
    char piece[16 * 1024];
    size_t n;
    FILE *f = fopen(file, "re");

    if (f == NULL)
        return fault(faults, file, strerror(errno), ERR_IO);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && out->len <= FILE_BYTES_MAX)
        buf_add(out, piece, n);

    bool bad = ferror(f) != 0;

    (void)fclose(f);
    if (bad || out->len > FILE_BYTES_MAX)
        return fault(faults, file, bad ? "cannot be read" : "too large", ERR_IO);
    return ERR_OK;
}

static enum err read_doc(struct doc **out, const char *file, struct buf *faults)
{
    struct buf text = {0};
    char why[200];
    enum err e = read_file(&text, file, faults);

    if (e == ERR_OK && (e = doc_parse(out, buf_view(&text), why, sizeof why)) != ERR_OK)
        (void)fault(faults, file, why, e);
    buf_free(&text);
    return e;
}

static enum err add_template(struct language *l, const char *file, const char *name, struct buf *faults)
{
    struct buf text = {0};
    size_t len = strlen(name);
    bool plain = len > 4 && strcmp(name + len - 4, ".txt") == 0;
    enum err e = read_file(&text, file, faults);

    if (e == ERR_OK)
        e = templates_add(l->templates, name, file, buf_view(&text), plain ? TEMPLATE_PLAIN : TEMPLATE_HTML, faults);
    buf_free(&text);
    return e;
}

/* prefix: "" or "mail/", before the file's name without ".mustache". */
static enum err add_folder(struct pages *p, struct language *l, const char *folder, const char *prefix,
                           struct buf *faults)
{
    static const char ending[] = ".mustache";
    struct dirent **files;
    int n = scandir(folder, &files, NULL, alphasort);
    enum err e = ERR_OK;

    if (n < 0)
        return fault(faults, folder, strerror(errno), ERR_IO);
    for (int i = 0; i < n; i++) {
        const char *dot = strstr(files[i]->d_name, ending);

        if (dot != NULL && dot[sizeof ending - 1] == '\0') {
            const char *file = arena_printf(p->arena, "%s/%s", folder, files[i]->d_name);
            const char *name =
                arena_printf(p->arena, "%s%.*s", prefix, (int)(dot - files[i]->d_name), files[i]->d_name);
            enum err one = add_template(l, file, name, faults);

            e = e == ERR_OK ? one : e;
        }
        free(files[i]);
    }
    free(files);
    return e;
}

static enum err has_needed(const struct language *l, const char *folder, struct buf *faults)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (templates_find(l->templates, needed[i]) == NULL) {
            buf_printf(faults, "%s: there is no template '%s'\n", folder, needed[i]);
            e = ERR_SYNTAX;
        }
    return e;
}

static enum err open_language(struct pages *p, const char *share, struct str code, struct buf *faults)
{
    struct language *l = &p->languages[p->count++];

    l->code = str_copy(p->arena, code);
    l->form_path = arena_printf(p->arena, "/%s/", l->code);
    l->templates = templates_open();

    const char *pages = arena_printf(p->arena, "%s/pages/%s", share, l->code);
    const char *mail = arena_printf(p->arena, "%s/mail/%s", share, l->code);
    enum err e = add_folder(p, l, pages, "", faults);

    if (e == ERR_OK)
        e = add_folder(p, l, mail, "mail/", faults);
    if (e == ERR_OK)
        e = templates_link(l->templates, faults);
    if (e == ERR_OK)
        e = has_needed(l, pages, faults);
    if (e == ERR_OK)
        e = read_doc(&l->words, arena_printf(p->arena, "%s/catalog/%s.json", share, l->code), faults);
    return e;
}

static enum err open_languages(struct pages *p, const char *share, struct buf *faults)
{
    const char *file = arena_printf(p->arena, "%s/pages/languages.json", share);
    struct doc *list = NULL;
    enum err e = read_doc(&list, file, faults);

    if (e == ERR_OK && (doc_size(list) == 0 || doc_size(list) > LANGUAGES_MAX))
        e = fault(faults, file, "wants 1 to 64 languages", ERR_SYNTAX);
    for (size_t i = 0; e == ERR_OK && i < doc_size(list); i++) {
        struct str code = doc_get_text(doc_at(list, i), "code");

        e = code.len > 0 ? open_language(p, share, code, faults)
                         : fault(faults, file, "a language without a code", ERR_SYNTAX);
    }
    doc_close(list);
    return e;
}

static enum err open_policy(struct pages *p, const char *share, struct buf *faults)
{
    const char *file = arena_printf(p->arena, "%s/pages/csp.json", share);
    struct doc *d = NULL;
    enum err e = read_doc(&d, file, faults);
    struct str policy = doc_get_text(d, "policy");

    p->policy = (struct str){str_copy(p->arena, policy), policy.len};
    doc_close(d);
    return e == ERR_OK && policy.len == 0 ? fault(faults, file, "has no policy", ERR_SYNTAX) : e;
}

/* RFC 3966: digits and a leading plus, for tel: links. */
static const char *dialled(struct arena *a, const char *phone)
{
    char *out = arena_take(a, strlen(phone) + 1), *at = out;

    for (; *phone != '\0'; phone++)
        if ((*phone >= '0' && *phone <= '9') || (*phone == '+' && at == out))
            *at++ = *phone;
    return out;
}

static void stand_around(struct pages *p, const struct pages_about *about)
{
    p->around = doc_object();
    doc_set_text(p->around, "brand", str_of(about->brand));
    doc_set_text(p->around, "phone", str_of(about->help_phone));
    doc_set_text(p->around, "phone_tel", str_of(dialled(p->arena, about->help_phone)));
}

enum err pages_open(struct pages **out, const char *share, const struct pages_about *about, struct buf *faults)
{
    struct pages *p = calloc(1, sizeof *p);

    if (p == NULL)
        abort();
    p->arena = arena_open(16 * 1024);
    stand_around(p, about);

    enum err e = open_policy(p, share, faults);

    if (e == ERR_OK)
        e = open_languages(p, share, faults);
    if (e == ERR_OK)
        *out = p;
    else
        pages_close(p);
    return e;
}

void pages_close(struct pages *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++) {
        templates_close(p->languages[i].templates);
        doc_close(p->languages[i].words);
    }
    doc_close(p->around);
    arena_close(p->arena);
    free(p);
}

/* ---- languages ---- */

const char *pages_language_at(const struct pages *p, size_t i)
{
    return i < p->count ? p->languages[i].code : NULL;
}

const char *pages_language(const struct pages *p, struct str tag)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_equal_nocase(tag, str_of(p->languages[i].code)))
            return p->languages[i].code;
    return NULL;
}

static struct str primary(struct str tag)
{
    return str_cut(&tag, '-');
}

const char *pages_match(const struct pages *p, struct str tag)
{
    const char *exact = pages_language(p, tag);

    for (size_t i = 0; exact == NULL && i < p->count; i++)
        if (str_equal_nocase(primary(tag), primary(str_of(p->languages[i].code))))
            exact = p->languages[i].code;
    return exact;
}

/* RFC 9110 12.4.2 in thousandths: "0.8" gives 800; what is not a weight counts as 0. */
static int weight(struct str params)
{
    struct str q = str_trim(params);

    if (q.len == 0)
        return 1000;
    if (q.len < 3 || q.len > 7 || !str_equal_nocase((struct str){q.at, 2}, STR("q=")) || q.at[2] < '0' ||
        q.at[2] > '1' || (q.len > 3 && q.at[3] != '.'))
        return 0;

    int whole = (q.at[2] - '0') * 1000, part = 0, unit = 100;

    for (size_t i = 4; i < q.len; i++, unit /= 10) {
        if (q.at[i] < '0' || q.at[i] > '9')
            return 0;
        part += (q.at[i] - '0') * unit;
    }
    return whole + part > 1000 ? 0 : whole + part;
}

const char *pages_negotiate(const struct pages *p, struct str accept_language)
{
    const char *best = NULL;
    int best_weight = 0;

    while (accept_language.len > 0) {
        struct str params = str_cut(&accept_language, ',');
        struct str range = str_trim(str_cut(&params, ';'));
        const char *match = pages_match(p, range);
        int w = weight(params);

        if (match != NULL && w > best_weight)
            best = match, best_weight = w;
    }
    return best != NULL ? best : p->languages[0].code;
}

static const struct language *language(const struct pages *p, const char *lang)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->languages[i].code, lang) == 0)
            return &p->languages[i];
    return &p->languages[0];
}

const char *pages_form_path(const struct pages *p, const char *lang)
{
    return language(p, lang)->form_path;
}

/* ---- reading ---- */

enum err pages_render(struct str *out, const struct pages *p, const char *lang, const char *name,
                      const struct doc *data, struct arena *a)
{
    const struct template *t = templates_find(language(p, lang)->templates, name);
    struct buf b = {0};

    assert(t != NULL);

    enum err e = template_render(t, p->around, data, &b);

    if (e == ERR_OK)
        *out = (struct str){str_copy(a, buf_view(&b)), b.len};
    buf_free(&b);
    return e;
}

const char *pages_text(const struct pages *p, const char *lang, const char *key)
{
    struct str word = doc_get_text(language(p, lang)->words, key);

    if (word.at == NULL)
        word = doc_get_text(p->languages[0].words, key);
    return word.at != NULL ? word.at : key;
}

const char *pages_fill(struct arena *a, const char *text, const char *name, struct str value)
{
    struct buf b = {0};
    const char *mark = arena_printf(a, "{%s}", name);

    for (const char *hit; (hit = strstr(text, mark)) != NULL; text = hit + strlen(mark)) {
        buf_add(&b, text, (size_t)(hit - text));
        buf_str(&b, value);
    }
    buf_text(&b, text);

    const char *filled = str_copy(a, buf_view(&b));

    buf_free(&b);
    return filled;
}

struct doc *pages_moment(const struct pages *p, const char *lang, int64_t time_ms)
{
    struct stamp s = stamp_print(time_ms);
    struct arena *a = arena_open(1024);
    struct doc *d = doc_object();
    int month = (s.at[5] - '0') * 10 + s.at[6] - '0';
    struct str day = {s.at + 8, 2};
    const char *text = pages_text(p, lang, "time.pattern");

    if (day.at[0] == '0')
        day = (struct str){s.at + 9, 1};
    text = pages_fill(a, text, "year", (struct str){s.at, 4});
    text = pages_fill(a, text, "month", str_of(pages_text(p, lang, arena_printf(a, "month.%d", month))));
    text = pages_fill(a, text, "day", day);
    text = pages_fill(a, text, "time", (struct str){s.at + 11, 5});
    doc_set_text(d, "iso", str_of(s.at));
    doc_set_text(d, "text", str_of(text));
    arena_close(a);
    return d;
}

struct str pages_policy(const struct pages *p)
{
    return p->policy;
}
