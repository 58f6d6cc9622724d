#include "rules/update.h"

#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/base/stamp.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    enum update_kind kind;
    bool wanted;
} fields[UPDATE_FIELDS] = {
#define X(name, word, kind, wanted) {word, UPDATE_KIND_##kind, wanted},
    UPDATE_FIELD_LIST(X)
#undef X
};

/* The member that holds a value of that kind. */
static const char *const members[] = {
    [UPDATE_KIND_TEXT] = "text",
    [UPDATE_KIND_MOMENT] = "by",
    [UPDATE_KIND_PERCENT] = "percent",
    [UPDATE_KIND_LEVEL] = "level",
};

static const char *const confidences[UPDATE_CONFIDENCES] = {
    [UPDATE_LOW] = "low", [UPDATE_MEDIUM] = "medium", [UPDATE_HIGH] = "high"};

const char *update_field_name(enum update_field f)
{
    return fields[f].word;
}

enum update_kind update_field_kind(enum update_field f)
{
    return fields[f].kind;
}

const char *update_confidence_name(enum update_confidence c)
{
    return confidences[c];
}

/* ---- faults ---- */

struct faults {
    struct update_fault *list;
    size_t n;
};

/* field may hold what somebody typed: cut, and without bytes that are no name's. */
static void fault(struct faults *f, const char *field, const char *more, const char *code, const char *detail)
{
    if (f->n == UPDATE_FAULTS_MAX)
        return;

    struct update_fault *one = &f->list[f->n++];
    int n = snprintf(one->field, sizeof one->field, more == NULL ? "%s" : "%s.%s", field, more);

    for (int i = 0; i < n && i < (int)sizeof one->field - 1; i++)
        if (one->field[i] < '!' || one->field[i] > '~')
            one->field[i] = '?';
    one->code = code;
    one->detail = detail;
}

/* ---- reading ---- */

struct reading {
    struct update *out;
    const struct update_languages *languages;
    struct arena *arena;
    struct faults faults;
    enum update_field field; /* that is being read */
};

static bool read_moment(struct reading *r, const char *name, const char *member, const struct doc *d, int64_t *out)
{
    /* To the second, as it is printed. 0 stands for none, and no incident of ours is that old. */
    if (stamp_parse(doc_text(d), out) && *out >= 1000) {
        *out -= *out % 1000;
        return true;
    }
    fault(&r->faults, name, member, "type", "a moment as in 2026-11-24T09:12:00Z");
    *out = 0;
    return false;
}

static bool on_text(void *arg, const char *name, const struct doc *value)
{
    struct reading *r = arg;
    struct str s = doc_text(value);

    for (size_t i = 0; i < r->languages->n; i++) {
        if (strcmp(name, r->languages->code[i]) != 0)
            continue;
        if (doc_kind(value) != DOC_TEXT)
            fault(&r->faults, fields[r->field].word, name, "type", "a text");
        else
            r->out->part[r->field].text[i] = str_trim(text_lf(r->arena, str_of(str_copy(r->arena, s))));
        if (memchr(s.at != NULL ? s.at : "", '\0', s.len) != NULL)
            fault(&r->faults, fields[r->field].word, name, "character", "no U+0000");
        return true;
    }
    fault(&r->faults, fields[r->field].word, name, "language", "not one of the languages of our pages");
    return true;
}

static void read_level(struct reading *r, struct update_part *p, const struct doc *value)
{
    for (int i = 0; i < UPDATE_CONFIDENCES; i++)
        if (str_is(doc_text(value), confidences[i])) {
            p->value = i;
            p->given = true;
            return;
        }
    fault(&r->faults, fields[r->field].word, "level", "type", "low, medium or high");
}

static void read_value(struct reading *r, struct update_part *p, const struct doc *value)
{
    switch (fields[r->field].kind) {
    case UPDATE_KIND_MOMENT:
        p->given = read_moment(r, fields[r->field].word, "by", value, &p->value);
        break;
    case UPDATE_KIND_PERCENT:
        p->given = doc_int(value, &p->value);
        if (!p->given)
            fault(&r->faults, fields[r->field].word, "percent", "type", "a whole number from 0 to 100");
        break;
    case UPDATE_KIND_LEVEL:
        read_level(r, p, value);
        break;
    case UPDATE_KIND_TEXT:
        break;
    }
}

static bool on_member(void *arg, const char *name, const struct doc *value)
{
    struct reading *r = arg;
    struct update_part *p = &r->out->part[r->field];
    const char *word = fields[r->field].word;

    if (doc_kind(value) == DOC_NULL)
        return true;
    if (strcmp(name, "text") == 0 && doc_kind(value) == DOC_OBJECT)
        doc_each(value, on_text, r);
    else if (strcmp(name, "text") == 0)
        fault(&r->faults, word, name, "type", "an object of texts by language");
    else if (strcmp(name, "next_word_at") == 0)
        (void)read_moment(r, word, name, value, &p->next_word_ms);
    else if (strcmp(name, members[fields[r->field].kind]) == 0)
        read_value(r, p, value);
    else
        fault(&r->faults, word, name, "unknown", "this field has no such member");
    return true;
}

static void read_part(struct reading *r, const struct doc *value)
{
    struct update_part *p = &r->out->part[r->field];

    if (doc_kind(value) == DOC_NULL)
        return;
    if (doc_kind(value) != DOC_OBJECT) {
        fault(&r->faults, fields[r->field].word, NULL, "type", "an object");
        return;
    }
    doc_each(value, on_member, r);
    if (fields[r->field].kind == UPDATE_KIND_TEXT && p->next_word_ms == 0)
        for (size_t i = 0; i < r->languages->n; i++)
            p->given = p->given || p->text[i].len > 0;
}

static bool on_field(void *arg, const char *name, const struct doc *value)
{
    struct reading *r = arg;

    for (int f = 0; f < UPDATE_FIELDS; f++)
        if (strcmp(name, fields[f].word) == 0) {
            r->field = (enum update_field)f;
            read_part(r, value);
            return true;
        }
    if (strcmp(name, "next_update_by") != 0)
        fault(&r->faults, name, NULL, "unknown", "an update has no such field");
    else if (doc_kind(value) != DOC_NULL)
        (void)read_moment(r, name, NULL, value, &r->out->next_update_ms);
    return true;
}

size_t update_read(struct update *out, const struct doc *d, const struct update_languages *l, struct arena *a,
                   struct update_fault faults[UPDATE_FAULTS_MAX])
{
    struct reading r = {.out = out, .languages = l, .arena = a, .faults = {faults, 0}};

    memset(out, 0, sizeof *out);
    if (doc_kind(d) != DOC_OBJECT)
        fault(&r.faults, "update", NULL, "type", "an object");
    else
        doc_each(d, on_field, &r);
    return r.faults.n;
}

/* ---- judging ---- */

struct judging {
    const struct update *u, *before;
    const struct update_languages *languages;
    int64_t now_ms;
    struct faults faults;
};

static bool all_restored(const struct update *u)
{
    const struct update_part *p = &u->part[UPDATE_RESTORED];

    return p->given && p->value == 100;
}

/* U3 */
static void judge_promise(struct judging *j, const char *name, const char *member, int64_t ms)
{
    if (ms <= j->now_ms)
        fault(&j->faults, name, member, "past", "a promise lies in the future");
    else if (ms - j->now_ms > UPDATE_NEXT_MAX_MS)
        fault(&j->faults, name, member, "far", "the next word comes within seven days");
}

static void judge_value(struct judging *j, enum update_field f, const struct update_part *p)
{
    const char *word = fields[f].word;

    if (f == UPDATE_RESTORED && (p->value < 0 || p->value > 100))
        fault(&j->faults, word, "percent", "range", "0 to 100");
    if (f == UPDATE_RESTORE && p->value <= j->now_ms && !all_restored(j->u))
        fault(&j->faults, word, "by", "past", "an estimate lies in the future, as long as not all is restored");
    if (f == UPDATE_RESTORE && p->value - j->now_ms > UPDATE_RESTORE_MAX_MS)
        fault(&j->faults, word, "by", "far", "an estimate lies within 90 days; later than that is not known yet");
}

/* U4: characters and length of one text. */
static void judge_words(struct judging *j, enum update_field f, size_t language, struct str s)
{
    size_t most = f == UPDATE_HAPPENED ? UPDATE_LINE_MAX : UPDATE_TEXT_MAX;
    const char *code = j->languages->code[language];

    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.at[i] < ' ' && s.at[i] != '\n') || s.at[i] == 0x7f) {
            fault(&j->faults, fields[f].word, code, "character", "no control characters but line feeds");
            break;
        }
    if (text_code_points(s) > most)
        fault(&j->faults, fields[f].word, code, "long",
              f == UPDATE_HAPPENED ? "at most 400 characters: it stands on the form" : "at most 1,200 characters");
}

/* U4: who writes in any language writes in the first one. */
static void judge_texts(struct judging *j, enum update_field f, const struct update_part *p)
{
    bool any = false;

    for (size_t i = 0; i < j->languages->n; i++) {
        any = any || p->text[i].len > 0;
        judge_words(j, f, i, p->text[i]);
    }
    if (any && p->text[0].len == 0)
        fault(&j->faults, fields[f].word, j->languages->code[0], "missing", "write it in English, too");
}

/* U1 */
static void judge_part(struct judging *j, enum update_field f)
{
    const struct update_part *p = &j->u->part[f];
    bool open = p->next_word_ms != 0;

    judge_texts(j, f, p);
    if (p->given)
        judge_value(j, f, p);
    if (open)
        judge_promise(j, fields[f].word, "next_word_at", p->next_word_ms);
    if (p->given && open)
        fault(&j->faults, fields[f].word, NULL, "both", "it is given, or not known yet: not both");
    else if (open && !fields[f].wanted)
        fault(&j->faults, fields[f].word, NULL, "both", "what it is not is said once it is sure, or left out");
    else if (!p->given && !open && fields[f].wanted)
        fault(&j->faults, fields[f].word, NULL, "missing", "give it, or say when the next word on it comes");
}

/* U2 */
static void judge_next(struct judging *j)
{
    bool open = !all_restored(j->u);

    for (int f = 0; f < UPDATE_FIELDS; f++)
        open = open || j->u->part[f].next_word_ms != 0;
    if (j->u->next_update_ms != 0)
        judge_promise(j, "next_update_by", NULL, j->u->next_update_ms);
    else if (open)
        fault(&j->faults, "next_update_by", NULL, "missing", "something is open: say when the next update comes");
}

/* U5 */
static void judge_against(struct judging *j, enum update_field f)
{
    const struct update_part *now = &j->u->part[f], *then = &j->before->part[f];
    bool worse = f == UPDATE_RESTORE ? now->value > then->value : now->value < then->value;

    if (!then->given || (now->given && !worse) || now->text[0].len > 0)
        return;
    fault(&j->faults, fields[f].word, j->languages->code[0], "explain",
          f == UPDATE_RESTORE ? "the last update named an earlier moment: say why this one is later"
                              : "the last update said that more was restored: say what happened");
}

static void judge_bytes(struct judging *j)
{
    size_t bytes = 0;

    for (int f = 0; f < UPDATE_FIELDS; f++)
        for (size_t i = 0; i < j->languages->n; i++)
            bytes += j->u->part[f].text[i].len;
    if (bytes > UPDATE_BYTES_MAX)
        fault(&j->faults, "update", NULL, "long", "all texts together are too long");
}

size_t update_judge(const struct update *u, const struct update *before, const struct update_languages *l,
                    int64_t now_ms, struct update_fault faults[UPDATE_FAULTS_MAX])
{
    struct judging j = {u, before, l, now_ms, {faults, 0}};

    for (int f = 0; f < UPDATE_FIELDS; f++)
        judge_part(&j, (enum update_field)f);
    judge_next(&j);
    judge_bytes(&j);
    if (before != NULL) {
        judge_against(&j, UPDATE_RESTORE);
        judge_against(&j, UPDATE_RESTORED);
    }
    return j.faults.n;
}

/* ---- printing ---- */

static void set_moment(struct doc *d, const char *name, int64_t ms)
{
    doc_set_text(d, name, str_of(stamp_print(ms).at));
}

static void set_value(struct doc *d, enum update_field f, const struct update_part *p)
{
    const char *member = members[fields[f].kind];

    if (fields[f].kind == UPDATE_KIND_MOMENT)
        set_moment(d, member, p->value);
    else if (fields[f].kind == UPDATE_KIND_PERCENT)
        doc_set_int(d, member, p->value);
    else if (fields[f].kind == UPDATE_KIND_LEVEL)
        doc_set_text(d, member, str_of(confidences[p->value]));
}

static struct doc *part_doc(enum update_field f, const struct update_part *p, const struct update_languages *l)
{
    struct doc *d = doc_object(), *text = doc_object();

    if (p->given)
        set_value(d, f, p);
    if (p->next_word_ms != 0)
        set_moment(d, "next_word_at", p->next_word_ms);
    for (size_t i = 0; i < l->n; i++)
        if (p->text[i].len > 0)
            doc_set_text(text, l->code[i], p->text[i]);
    if (doc_size(text) > 0)
        doc_set(d, "text", text);
    else
        doc_close(text);
    return d;
}

struct doc *update_doc(const struct update *u, const struct update_languages *l)
{
    struct doc *d = doc_object();

    for (int f = 0; f < UPDATE_FIELDS; f++) {
        struct doc *part = part_doc((enum update_field)f, &u->part[f], l);

        if (doc_size(part) > 0)
            doc_set(d, fields[f].word, part);
        else
            doc_close(part);
    }
    if (u->next_update_ms != 0)
        set_moment(d, "next_update_by", u->next_update_ms);
    else
        doc_set_null(d, "next_update_by");
    return d;
}

/* ---- what follows ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

int64_t update_promised_ms(const struct update *u)
{
    int64_t first = u->next_update_ms;

    for (int f = 0; f < UPDATE_FIELDS; f++)
        first = earlier(first, u->part[f].next_word_ms);
    return first;
}

int64_t update_due_ms(const struct update *u, int64_t told_ms, int64_t declared_ms, int64_t every_ms)
{
    if (u == NULL)
        return every_ms > 0 ? declared_ms + every_ms : 0;

    int64_t promised = update_promised_ms(u);

    /* Who promises nothing any more has said the last word. */
    return promised == 0 || every_ms <= 0 ? promised : earlier(promised, told_ms + every_ms);
}

struct str update_text(const struct update_part *p, size_t language, bool *own)
{
    bool has = p->text[language].len > 0;

    if (own != NULL)
        *own = has || p->text[0].len == 0;
    return has ? p->text[language] : p->text[0];
}

bool update_speaks(const struct update *u, size_t language)
{
    for (int f = 0; f < UPDATE_FIELDS; f++)
        if (u->part[f].text[0].len > 0 && u->part[f].text[language].len == 0)
            return false;
    return true;
}
