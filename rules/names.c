#include "rules/names.h"

#include "rules/base/arena.h"
#include "rules/names_fold.h"

#include <string.h>

enum { LETTERS_MAX = 3 * FOLDED_MAX /* "&" becomes "and" */ };

/* A name while it is cut. */
struct cut {
    uint32_t letters[LETTERS_MAX]; /* of all words, one behind the other */
    size_t used, words;
    struct cut_word {
        size_t from, n;
        unsigned script;
    } word[FOLDED_MAX + 1];
};

/* O'Brien is one word; so is S.A. of an organisation, but A.B. of a person are two initials. */
static bool joins(const uint32_t *s, size_t i, bool organisation)
{
    uint32_t c = s[i];

    if (c == '\'' || c == 0x2019 || c == 0x02BC || c == '`')
        return true;
    return organisation && c == '.' && i >= 1 && names_in_word(s[i - 1]) && (i < 2 || !names_in_word(s[i - 2]));
}

static void end_word(struct cut *c, size_t *from, unsigned *script)
{
    if (c->used > *from)
        c->word[c->words++] = (struct cut_word){*from, c->used - *from, *script == 0 ? SCRIPT_OTHER : *script};
    *from = c->used;
    *script = 0;
}

static void cut_words(struct cut *c, const uint32_t *folded, size_t n, bool organisation)
{
    size_t from = 0;
    unsigned script = 0;

    c->used = c->words = 0;
    for (size_t i = 0; i < n; i++) {
        if (names_in_word(folded[i])) {
            c->letters[c->used++] = folded[i];
            script |= names_script(folded[i]);
        } else if (!joins(folded, i, organisation)) {
            end_word(c, &from, &script);
            if (folded[i] == '&') {
                script = SCRIPT_LATIN;
                for (const char *and = "and"; *and != '\0'; and++)
                    c->letters[c->used++] = (uint32_t) * and;
                end_word(c, &from, &script);
            }
        }
    }
    end_word(c, &from, &script);
}

static void remove_word(struct cut *c, size_t i)
{
    memmove(&c->word[i], &c->word[i + 1], (c->words - i - 1) * sizeof c->word[0]);
    c->words--;
}

static bool word_is(const struct cut *c, size_t i, const char *text)
{
    size_t n = strlen(text);

    if (c->word[i].n != n)
        return false;
    for (size_t k = 0; k < n; k++)
        if (c->letters[c->word[i].from + k] != (unsigned char)text[k])
            return false;
    return true;
}

static bool word_in(const struct cut *c, size_t i, const char *const *list, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (word_is(c, i, list[k]))
            return true;
    return false;
}

#define WORD_IN(c, i, list) word_in(c, i, list, sizeof(list) / sizeof *(list))

/* L2. Their letters stand side by side already. */
static void join_east(struct cut *c)
{
    for (size_t i = 1; i < c->words;) {
        struct cut_word *a = &c->word[i - 1], *b = &c->word[i];

        if ((a->script & SCRIPT_EAST) != 0 && (b->script & SCRIPT_EAST) != 0 && a->from + a->n == b->from) {
            a->n += b->n;
            a->script |= b->script;
            remove_word(c, i);
        } else {
            i++;
        }
    }
}

/* ---- what belongs to no name ---- */

static const char *const titles[] = {"dr", "frau", "herr", "ing", "miss", "mr", "mrs", "ms", "prof", "sir"};

/* 先生, 小姐, 女士, 様, 氏, さん, 님, 씨 */
static const uint32_t honours[][3] = {{0x5148, 0x751F}, {0x5C0F, 0x59D0}, {0x5973, 0x58EB}, {0x69D8},
                                      {0x6C0F},         {0x3055, 0x3093}, {0xB2D8},         {0xC528}};

static size_t letters_of(const uint32_t *list, size_t room)
{
    size_t n = 0;

    while (n < room && list[n] != 0)
        n++;
    return n;
}

/* Whether word i ends (begins) with these letters and has more. */
static bool cut_end(struct cut *c, size_t i, const uint32_t *end, size_t n)
{
    struct cut_word *w = &c->word[i];

    if (w->n <= n || memcmp(&c->letters[w->from + w->n - n], end, n * sizeof *end) != 0)
        return false;
    w->n -= n;
    return true;
}

static bool cut_begin(struct cut *c, size_t i, const uint32_t *begin, size_t n)
{
    struct cut_word *w = &c->word[i];

    if (w->n <= n || memcmp(&c->letters[w->from], begin, n * sizeof *begin) != 0)
        return false;
    w->from += n;
    w->n -= n;
    return true;
}

static void drop_titles(struct cut *c)
{
    while (c->words > 1 && WORD_IN(c, 0, titles))
        remove_word(c, 0);
    for (size_t i = 0; i < sizeof honours / sizeof honours[0]; i++)
        /* A name of two letters and an honour of one: leave what may be the name. */
        if (c->words > 0 && c->word[c->words - 1].n >= 3 &&
            cut_end(c, c->words - 1, honours[i], letters_of(honours[i], 3)))
            return;
}

/* Legal forms, each under the one that tells it apart ("" tells nothing). */
static const struct {
    const char *word, *form;
} legal[] = {
    {"ab", "ab"},    {"ag", "ag"},
    {"aps", "aps"},  {"as", "as"},
    {"bhd", "bhd"},  {"bv", "bv"},
    {"co", ""},      {"company", ""},
    {"corp", "inc"}, {"corporation", "inc"},
    {"cv", "cv"},    {"ek", "ek"},
    {"eg", "eg"},    {"ev", "ev"},
    {"gbr", "gbr"},  {"gmbh", "gmbh"},
    {"inc", "inc"},  {"incorporated", "inc"},
    {"jsc", "jsc"},  {"kabushiki", "kk"},
    {"kaisha", ""},  {"kft", "kft"},
    {"kg", "kg"},    {"kgaa", "kgaa"},
    {"kk", "kk"},    {"limited", "ltd"},
    {"llc", "llc"},  {"llp", "llp"},
    {"lp", "lp"},    {"ltd", "ltd"},
    {"ltda", "ltd"}, {"mbh", "gmbh"},
    {"nv", "nv"},    {"ohg", "ohg"},
    {"ooo", "ooo"},  {"oy", "oy"},
    {"oyj", "oyj"},  {"plc", "plc"},
    {"pte", ""},     {"pty", ""},
    {"sa", "sa"},    {"sarl", "sarl"},
    {"sas", "sas"},  {"sdn", "bhd"},
    {"se", "se"},    {"sl", "sl"},
    {"slu", "sl"},   {"spa", "spa"},
    {"srl", "srl"},  {"sro", "sro"},
    {"tbk", "tbk"},  {"ug", "ug"},
    {"zoo", "zoo"},
};

/* 株式会社, 有限会社, 合同会社, 股份有限公司, 有限责任公司, 有限責任公司, 有限公司, 公司, 주식회사, 유한회사; before or
 * behind, the longer ones first. */
static const uint32_t legal_east[][7] = {
    {0x80A1, 0x4EFD, 0x6709, 0x9650, 0x516C, 0x53F8},
    {0x6709, 0x9650, 0x8D23, 0x4EFB, 0x516C, 0x53F8},
    {0x6709, 0x9650, 0x8CAC, 0x4EFB, 0x516C, 0x53F8},
    {0x682A, 0x5F0F, 0x4F1A, 0x793E},
    {0x6709, 0x9650, 0x4F1A, 0x793E},
    {0x5408, 0x540C, 0x4F1A, 0x793E},
    {0x6709, 0x9650, 0x516C, 0x53F8},
    {0xC8FC, 0xC2DD, 0xD68C, 0xC0AC},
    {0xC720, 0xD55C, 0xD68C, 0xC0AC},
    {0x516C, 0x53F8},
};

/* "(株)", "(有)", "(주)", "(유)" leave one letter where their brackets were. */
static const uint32_t legal_letter[] = {0x682A, 0x6709, 0xC8FC, 0xC720};

/* FNV-1a. */
static uint32_t told_by(uint32_t hash, const char *form)
{
    for (hash = hash == 0 && *form != '\0' ? 0x811C9DC5 : hash; *form != '\0'; form++)
        hash = (hash ^ (unsigned char)*form) * 0x01000193;
    return hash;
}

static bool drop_legal_word(struct cut *c, size_t i, uint32_t *told)
{
    for (size_t k = 0; k < sizeof legal / sizeof legal[0]; k++)
        if (word_is(c, i, legal[k].word)) {
            *told = told_by(*told, legal[k].form);
            remove_word(c, i);
            return true;
        }
    return false;
}

static void drop_legal_east(struct cut *c, uint32_t *told)
{
    for (size_t i = 0; i < c->words; i++)
        for (size_t k = 0; k < sizeof legal_east / sizeof legal_east[0]; k++) {
            size_t n = letters_of(legal_east[k], 7);

            if ((c->word[i].script & SCRIPT_EAST) != 0 &&
                (cut_end(c, i, legal_east[k], n) || cut_begin(c, i, legal_east[k], n))) {
                *told = (uint32_t)k + 1;
                break;
            }
        }
}

/* Before words are joined (L2). */
static void drop_legal_letters(struct cut *c, uint32_t *told)
{
    for (size_t i = 0; i < c->words && c->words > 1;) {
        size_t k = 0, n = sizeof legal_letter / sizeof legal_letter[0];

        while (k < n && !(c->word[i].n == 1 && c->letters[c->word[i].from] == legal_letter[k]))
            k++;
        if (k < n) {
            *told = (uint32_t)(k < 2 ? k + 4 : k + 6); /* the same as written out */
            remove_word(c, i);
        } else {
            i++;
        }
    }
}

/* شركة and مؤسسة, folded: "company" stands in front. */
static bool company_arabic(const struct cut *c)
{
    static const uint32_t words[2][5] = {{0x0634, 0x0631, 0x0643, 0x0647}, {0x0645, 0x0648, 0x0633, 0x0633, 0x0647}};

    for (size_t i = 0; i < 2; i++) {
        size_t n = letters_of(words[i], 5);

        if (c->word[0].n == n && memcmp(&c->letters[c->word[0].from], words[i], n * sizeof words[i][0]) == 0)
            return true;
    }
    return false;
}

static uint32_t drop_legal(struct cut *c)
{
    static const char *const before[] = {"the", "pt", "ooo", "zao", "oao"};
    uint32_t told = 0;

    drop_legal_letters(c, &told);
    join_east(c);
    drop_legal_east(c, &told);
    while (c->words > 1 && (drop_legal_word(c, c->words - 1, &told) ||
                            (word_is(c, c->words - 1, "and") && (remove_word(c, c->words - 1), true))))
        continue;
    if (c->words > 1 && (WORD_IN(c, 0, before) || company_arabic(c)))
        remove_word(c, 0);
    return told;
}

/* ---- the whole ---- */

static const uint32_t *keep(struct arena *a, const uint32_t *at, size_t n)
{
    return memcpy(arena_array(a, uint32_t, n + 1), at, n * sizeof *at);
}

static void sort_words(struct name *x)
{
    for (size_t i = 1; i < x->words; i++)
        for (size_t k = i; k > 0 && word_order(&x->word[k], &x->word[k - 1]) < 0; k--) {
            struct word w = x->word[k];
            unsigned script = x->script[k];

            x->word[k] = x->word[k - 1];
            x->script[k] = x->script[k - 1];
            x->word[k - 1] = w;
            x->script[k - 1] = script;
        }
}

static struct str print(struct arena *a, const struct name *x)
{
    struct buf b = {0};

    for (size_t i = 0; i < x->words; i++) {
        buf_text(&b, i == 0 ? "" : " ");
        word_print(x->word[i], &b);
    }

    struct str text = {str_copy(a, buf_view(&b)), b.len};

    buf_free(&b);
    return text;
}

static void take_words(struct arena *a, const struct cut *c, struct name *x)
{
    uint32_t joined[WORD_CHARS_MAX] = {0};
    size_t n = 0;

    for (size_t i = 0; i < c->words && i < NAME_WORDS_MAX; i++) {
        const struct cut_word *w = &c->word[i];
        size_t len = w->n < NAME_WORD_CHARS_MAX ? w->n : NAME_WORD_CHARS_MAX;

        x->word[i] = word_of(keep(a, &c->letters[w->from], len), len);
        x->script[i] = w->script;
        x->scripts |= w->script;
        for (size_t k = 0; k < len && n < WORD_CHARS_MAX; k++)
            joined[n++] = x->word[i].at[k];
        x->words++;
    }
    x->joined = word_of(keep(a, joined, n), n);
}

static bool read_name(struct arena *a, struct str typed, bool organisation, struct name *out)
{
    uint32_t folded[FOLDED_MAX];
    struct cut c;
    struct name x = {0};

    cut_words(&c, folded, names_fold(typed, folded), organisation);
    if (organisation) {
        x.legal = drop_legal(&c);
    } else {
        join_east(&c);
        drop_titles(&c);
    }
    if (c.words == 0)
        return false;
    take_words(a, &c, &x);
    if (!organisation)
        sort_words(&x);
    x.text = print(a, &x);
    *out = x;
    return true;
}

bool name_person(struct arena *a, struct str typed, struct name *out)
{
    return read_name(a, typed, false, out);
}

bool name_organisation(struct arena *a, struct str typed, struct name *out)
{
    return read_name(a, typed, true, out);
}

/* ---- handles ---- */

/* "https://host/in/anna/?x" becomes "anna", and "anna@host" where the platform is one of many hosts. */
static struct str profile_of(struct arena *a, struct str url, bool of_a_host)
{
    size_t scheme = str_starts(url, "https://") ? 8 : 7;
    struct str rest = {url.at + scheme, url.len - scheme}, host, last = {NULL, 0};

    for (size_t i = 0; i < rest.len; i++)
        if (rest.at[i] == '?' || rest.at[i] == '#')
            rest.len = i;
    host = str_cut(&rest, '/');
    while (rest.at != NULL && rest.len > 0) {
        struct str part = str_cut(&rest, '/');

        last = part.len > 0 ? part : last;
    }
    if (last.len > 0 && last.at[0] == '@')
        last.at++, last.len--;
    if (!of_a_host || last.len == 0 || memchr(last.at, '@', last.len) != NULL)
        return last;
    return str_of(arena_printf(a, "%.*s@%.*s", (int)last.len, last.at, (int)host.len, host.at));
}

static bool ascii_letter_or_digit(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What stands in handles; letters of any script, each only itself (L4). */
static bool handle_valid(struct str s)
{
    for (struct str c; s.len > 0; s.at += c.len, s.len -= c.len) {
        c = text_first(s, 1);

        uint32_t point = word_point(c);

        if (point == 0 || (point < 0x80 ? !ascii_letter_or_digit(point) && strchr("._-@:", (int)point) == NULL
                                        : !names_in_word(point)))
            return false;
    }
    return true;
}

bool handle_parse(struct arena *a, struct str platform, struct str typed, struct str *out)
{
    struct str s = str_trim(typed);

    platform = str_trim(platform);
    if (platform.len == 0 || platform.len > 32 || s.len == 0 || s.len > 2048 || !text_utf8_valid(s))
        return false;
    for (size_t i = 0; i < platform.len; i++)
        if (!ascii_letter_or_digit((unsigned char)platform.at[i]) && platform.at[i] != '-')
            return false;
    platform = str_of(str_lower(a, platform));
    if (str_starts(s, "https://") || str_starts(s, "http://"))
        s = profile_of(a, s, str_is(platform, "mastodon"));
    if (s.len > 0 && s.at[0] == '@')
        s.at++, s.len--;
    if (s.len == 0 || s.len > HANDLE_BYTES_MAX || !handle_valid(s))
        return false;
    *out = str_of(arena_printf(a, "%s:%s", platform.at, str_lower(a, s)));
    return true;
}
