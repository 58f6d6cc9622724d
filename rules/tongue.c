#include "rules/tongue.h"

#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 12, WORDS_LEAST = 2, LETTERS_LEAST = 4 };

/* Words that every text of some sentences holds, and hardly a text in one of the others. */
static const struct {
    const char *language, *words;
} tongues[] = {
    {"en", " the and is are was not our we you your this that have has cannot with for since to of it please my "},
    {"de",
     " der die das und ist sind nicht wir ich ihr unsere unser seit mit für auf ein eine kein bitte haben zu den "},
    {"es", " el la los las que de en y no es está una un nuestro nuestra desde con para por se hemos favor mi "},
};

enum { TONGUES = sizeof tongues / sizeof tongues[0] };

struct counts {
    size_t kana, han, arabic, latin;
    size_t words[TONGUES];
};

static void count_word(struct counts *c, const char *word, size_t n)
{
    char framed[WORD_MAX + 3];

    if (n == 0 || n > WORD_MAX)
        return;
    framed[0] = framed[n + 1] = ' ';
    memcpy(framed + 1, word, n);
    framed[n + 2] = '\0';
    for (size_t i = 0; i < TONGUES; i++)
        c->words[i] += strstr(tongues[i].words, framed) != NULL;
}

/* The next code point of valid UTF-8. */
static uint32_t next(struct str *s)
{
    const unsigned char *p = (const unsigned char *)s->at;
    size_t n = *p < 0x80 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
    uint32_t c = n == 1 ? *p : (uint32_t)(*p & (0x7F >> n));

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    *s = (struct str){s->at + n, s->len - n};
    return c;
}

static void count_letter(struct counts *c, uint32_t letter)
{
    if (letter >= 0x3040 && letter <= 0x30FF)
        c->kana++;
    else if ((letter >= 0x4E00 && letter <= 0x9FFF) || (letter >= 0x3400 && letter <= 0x4DBF))
        c->han++;
    else if (letter >= 0x0600 && letter <= 0x06FF)
        c->arabic++;
    else
        c->latin++;
}

static bool is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c != 0xD7 && c != 0xF7 && c < 0x2000) ||
           (c >= 0x3040 && c < 0xA000);
}

static void count_all(struct counts *c, struct str text)
{
    char word[WORD_MAX + 4];
    size_t n = 0;

    while (text.len > 0) {
        const char *at = text.at;
        uint32_t letter = next(&text);
        size_t bytes = (size_t)(text.at - at);

        if (!is_letter(letter)) {
            count_word(c, word, n);
            n = 0;
            continue;
        }
        count_letter(c, letter);
        if (n + bytes > WORD_MAX) {
            n = WORD_MAX + 1; /* no word of ours is so long */
            continue;
        }
        memcpy(word + n, at, bytes);
        if (bytes == 1 && letter <= 'Z')
            word[n] = (char)(letter - 'A' + 'a');
        n += bytes;
    }
    count_word(c, word, n);
}

const char *tongue_of(struct str text)
{
    struct counts c = {0};
    size_t best = 0, second = 0;

    if (text.len > TONGUE_BYTES_MAX) {
        text.len = TONGUE_BYTES_MAX;
        while (((unsigned char)text.at[text.len] & 0xC0) == 0x80)
            text.len--; /* a code point is not cut */
    }
    count_all(&c, text);

    size_t all = c.kana + c.han + c.arabic + c.latin;

    if (all < LETTERS_LEAST)
        return NULL;
    if (c.arabic * 2 > all)
        return "ar";
    if ((c.kana + c.han) * 3 > all) /* one sign says what three letters say */
        return c.kana * 10 > c.han ? "ja" : "zh-TW";
    for (size_t i = 1; i < TONGUES; i++)
        if (c.words[i] > c.words[best])
            best = i;
    for (size_t i = 0; i < TONGUES; i++)
        if (i != best && c.words[i] > second)
            second = c.words[i];
    return c.words[best] >= WORDS_LEAST && c.words[best] > second ? tongues[best].language : NULL;
}
