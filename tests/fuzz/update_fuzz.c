/* Any JSON as an update: faults, or something that is printed and read as the same again; and what is judged good holds
 * what update.h promises. */
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/update.h"

#include <assert.h>
#include <string.h>

#define NOW INT64_C(1795564800000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct update_languages languages = {{"en", "zh-TW", "ja", "de", "es", "ar"}, 6};

static void promises(const struct update *u)
{
    bool open = false;

    for (int f = 0; f < UPDATE_FIELDS; f++) {
        const struct update_part *p = &u->part[f];

        assert(!(p->given && p->next_word_ms != 0));
        assert(p->given || p->next_word_ms != 0 || f == UPDATE_NOT);
        open = open || p->next_word_ms != 0;
        for (size_t i = 0; i < languages.n; i++) {
            assert(p->text[i].len == 0 || p->text[0].len > 0);
            assert(text_utf8_valid(p->text[i]) && text_code_points(p->text[i]) <= UPDATE_TEXT_MAX);
            assert(p->text[i].len == 0 || memchr(p->text[i].at, '\0', p->text[i].len) == NULL);
        }
    }
    assert(u->part[UPDATE_RESTORED].value >= 0 && u->part[UPDATE_RESTORED].value <= 100);
    assert(!open || u->next_update_ms > 0);
    assert(update_promised_ms(u) == 0 || update_promised_ms(u) > NOW);
    assert(update_promised_ms(u) <= NOW + UPDATE_NEXT_MAX_MS);
}

static void again(const struct update *u, struct arena *a)
{
    struct update_fault faults[UPDATE_FAULTS_MAX];
    struct doc *d = update_doc(u, &languages), *read;
    struct str once = doc_print(d, a);
    struct update second;

    doc_close(d);
    assert(doc_parse(&read, once, NULL, 0) == ERR_OK);
    assert(update_read(&second, read, &languages, a, faults) == 0);
    doc_close(read);
    d = update_doc(&second, &languages);
    assert(str_equal(doc_print(d, a), once));
    doc_close(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    struct update_fault faults[UPDATE_FAULTS_MAX];
    struct update u;
    struct doc *d;

    if (doc_parse(&d, (struct str){(const char *)data, size}, NULL, 0) == ERR_OK) {
        size_t n = update_read(&u, d, &languages, a, faults);

        doc_close(d);
        assert(n <= UPDATE_FAULTS_MAX);
        if (n == 0) {
            again(&u, a);
            if (update_judge(&u, NULL, &languages, NOW, faults) == 0)
                promises(&u);
        }
    }
    arena_close(a);
    return 0;
}
