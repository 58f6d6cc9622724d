/* Names and numbers of the invented world. */
#include "tests/bench/match/names.h"

#include <stdio.h>
#include <string.h>

#define COUNT(list) ((int64_t)(sizeof(list) / sizeof *(list)))

/* The first ones are met much more often than the last. */
static size_t uneven(struct dice *d, int64_t n)
{
    int64_t a = dice_below(d, n), b = dice_below(d, n);

    return (size_t)(a * (b + 1) / n);
}

struct spelt {
    const char *native, *ascii;
};

static const struct spelt latin_given[] = {
    {"Anna", "anna"},           {"Thomas", "thomas"},     {"Maria", "maria"},
    {"Michael", "michael"},     {"Julia", "julia"},       {"Peter", "peter"},
    {"Laura", "laura"},         {"Daniel", "daniel"},     {"Sophie", "sophie"},
    {"Martin", "martin"},       {"José", "jose"},         {"Lucía", "lucia"},
    {"François", "francois"},   {"Renée", "renee"},       {"Jürgen", "juergen"},
    {"Søren", "soren"},         {"Jana", "jana"},         {"Jan", "jan"},
    {"Christian", "christian"}, {"Kristian", "kristian"}, {"Hannah", "hannah"},
    {"Hanna", "hanna"},         {"Mark", "mark"},         {"Marc", "marc"},
    {"Elena", "elena"},         {"Helena", "helena"},     {"Carlos", "carlos"},
    {"Karl", "karl"},           {"Emma", "emma"},         {"Oliver", "oliver"},
    {"Grace", "grace"},         {"Noah", "noah"},         {"Zoë", "zoe"},
    {"Ignacio", "ignacio"},     {"Beatriz", "beatriz"},   {"Wolfgang", "wolfgang"},
    {"Katarzyna", "katarzyna"}, {"Łukasz", "lukasz"},     {"Agnieszka", "agnieszka"},
    {"Fatima", "fatima"}};

static const struct spelt latin_family[] = {
    {"Müller", "mueller"},      {"Schmidt", "schmidt"},       {"Smith", "smith"},         {"García", "garcia"},
    {"Jones", "jones"},         {"Schneider", "schneider"},   {"Fischer", "fischer"},     {"Weber", "weber"},
    {"Meyer", "meyer"},         {"Meier", "meier"},           {"Maier", "maier"},         {"Schulz", "schulz"},
    {"Schulze", "schulze"},     {"Fernández", "fernandez"},   {"Hernández", "hernandez"}, {"López", "lopez"},
    {"Taylor", "taylor"},       {"Tyler", "tyler"},           {"Brown", "brown"},         {"Braun", "braun"},
    {"Wilson", "wilson"},       {"Nielsen", "nielsen"},       {"Nilsson", "nilsson"},     {"O'Brien", "obrien"},
    {"Kowalski", "kowalski"},   {"Nowak", "nowak"},           {"Novák", "novak"},         {"Dubois", "dubois"},
    {"Lefèvre", "lefevre"},     {"Rossi", "rossi"},           {"Russo", "russo"},         {"Hoffmann", "hoffmann"},
    {"Hofmann", "hofmann"},     {"Wagner", "wagner"},         {"Becker", "becker"},       {"Beck", "beck"},
    {"Johansson", "johansson"}, {"Thompson", "thompson"},     {"Thomson", "thomson"},     {"Campbell", "campbell"},
    {"Castillo", "castillo"},   {"Montgomery", "montgomery"}, {"Richter", "richter"},     {"Vogel", "vogel"},
    {"Lindqvist", "lindqvist"}, {"Petrov", "petrov"},         {"Ivanov", "ivanov"},       {"Haddad", "haddad"},
    {"Ferrari", "ferrari"},     {"Moreau", "moreau"}};

static const struct spelt chinese_family[] = {{"陳", "chen"},  {"林", "lin"},  {"黃", "huang"}, {"張", "chang"},
                                              {"李", "lee"},   {"王", "wang"}, {"吳", "wu"},    {"劉", "liu"},
                                              {"蔡", "tsai"},  {"楊", "yang"}, {"許", "hsu"},   {"鄭", "cheng"},
                                              {"謝", "hsieh"}, {"郭", "kuo"},  {"洪", "hung"}};

static const struct spelt chinese_given[] = {
    {"美玲", "meiling"},   {"志豪", "chihhao"},   {"雅婷", "yating"}, {"家豪", "chiahao"},  {"怡君", "yichun"},
    {"淑芬", "shufen"},    {"俊傑", "chunchieh"}, {"冠宇", "kuanyu"}, {"佳穎", "chiaying"}, {"宗翰", "tsunghan"},
    {"建宏", "chienhung"}, {"小明", "hsiaoming"}, {"大文", "tawen"},  {"麗華", "lihua"},    {"文雄", "wenhsiung"},
    {"玉梅", "yumei"},     {"明", "ming"},        {"欣怡", "hsinyi"}, {"承恩", "chengen"},  {"柏翰", "pohan"}};

static const struct spelt japanese_family[] = {{"佐藤", "sato"},     {"鈴木", "suzuki"},   {"高橋", "takahashi"},
                                               {"田中", "tanaka"},   {"渡辺", "watanabe"}, {"伊藤", "ito"},
                                               {"山本", "yamamoto"}, {"中村", "nakamura"}, {"小林", "kobayashi"},
                                               {"加藤", "kato"},     {"吉田", "yoshida"},  {"山田", "yamada"}};

static const struct spelt japanese_given[] = {{"太郎", "taro"},   {"花子", "hanako"},   {"健", "ken"},
                                              {"美咲", "misaki"}, {"大輔", "daisuke"},  {"翔太", "shota"},
                                              {"陽子", "yoko"},   {"さくら", "sakura"}, {"誠", "makoto"},
                                              {"直樹", "naoki"},  {"真由美", "mayumi"}, {"恵", "megumi"}};

static const struct spelt arabic_given[] = {{"محمد", "mohammed"}, {"أحمد", "ahmed"}, {"فاطمة", "fatima"},
                                            {"خالد", "khalid"},   {"نورة", "noura"}, {"يوسف", "yousef"},
                                            {"سارة", "sara"},     {"عمر", "omar"}};

static const struct spelt arabic_family[] = {
    {"الأحمد", "alahmad"},   {"الحربي", "alharbi"},    {"العتيبي", "alotaibi"},   {"القحطاني", "alqahtani"},
    {"السالم", "alsalem"},   {"الشمري", "alshammari"}, {"حسن", "hassan"},         {"إبراهيم", "ibrahim"},
    {"الدوسري", "aldosari"}, {"الغامدي", "alghamdi"},  {"الزهراني", "alzahrani"}, {"المالكي", "almalki"},
    {"منصور", "mansour"},    {"العمري", "alamri"}};

static void spell(struct person *p, const struct spelt *given, const struct spelt *family, bool family_first,
                  const char *between)
{
    const struct spelt *a = family_first ? family : given, *b = family_first ? given : family;

    (void)snprintf(p->name, sizeof p->name, "%s%s%s", a->native, between, b->native);
    (void)snprintf(p->first, sizeof p->first, "%s", given->ascii);
    (void)snprintf(p->last, sizeof p->last, "%s", family->ascii);
}

struct person names_person(struct dice *d, enum names_script script)
{
    struct person p = {.name = ""};

    switch (script) {
    case NAMES_CHINESE:
        spell(&p, &chinese_given[uneven(d, COUNT(chinese_given))], &chinese_family[uneven(d, COUNT(chinese_family))],
              true, "");
        break;
    case NAMES_JAPANESE:
        spell(&p, &japanese_given[uneven(d, COUNT(japanese_given))],
              &japanese_family[uneven(d, COUNT(japanese_family))], true, dice_below(d, 2) == 0 ? " " : "");
        break;
    case NAMES_ARABIC:
        spell(&p, &arabic_given[uneven(d, COUNT(arabic_given))], &arabic_family[uneven(d, COUNT(arabic_family))], false,
              " ");
        break;
    case NAMES_LATIN:
        spell(&p, &latin_given[uneven(d, COUNT(latin_given))], &latin_family[uneven(d, COUNT(latin_family))], false,
              " ");
        break;
    }
    return p;
}

/* ---- companies ---- */

static const char *const syllables[] = {"al",  "be",  "co",  "da",   "el",  "fi",  "ga",  "hel", "in",  "jo",
                                        "ka",  "lo",  "ma",  "ne",   "or",  "pe",  "qui", "ra",  "so",  "ter",
                                        "ul",  "ve",  "wi",  "xa",   "yo",  "zen", "bri", "cor", "dyn", "flex",
                                        "glo", "nor", "plu", "star", "tri", "vex", "mer", "lan"};

static const char *const trades[] = {"Systems",  "Logistics", "Solutions", "Bakery",  "Consulting",
                                     "Software", "Media",     "Foods",     "Energy",  "Optics",
                                     "Textiles", "Partners",  "Robotics",  "Services"};

static const char *const forms[] = {"Ltd", "GmbH", "Inc.", "AG", "S.A.", "LLC", "Limited", "", "", "B.V."};

static const struct spelt signs[] = {{"和", "ho"},    {"風", "feng"},  {"大", "da"},   {"東", "dong"},  {"新", "hsin"},
                                     {"光", "kuang"}, {"華", "hua"},   {"永", "yung"}, {"泰", "tai"},   {"興", "hsing"},
                                     {"金", "chin"},  {"長", "chang"}, {"榮", "jung"}, {"豐", "feng"},  {"國", "kuo"},
                                     {"信", "hsin"},  {"遠", "yuan"},  {"台", "tai"},  {"中", "chung"}, {"日", "jih"},
                                     {"立", "li"},    {"富", "fu"},    {"安", "an"},   {"利", "li"},    {"海", "hai"},
                                     {"天", "tien"},  {"文", "wen"},   {"德", "te"},   {"聯", "lien"},  {"合", "ho"}};

static const struct spelt trades_east[] = {{"科技", "tech"},        {"物流", "logistics"}, {"茶行", "tea"},
                                           {"電子", "electronics"}, {"銀行", "bank"},      {"建設", "build"},
                                           {"食品", "foods"},       {"出版", "press"}};

static const struct spelt words_arabic[] = {
    {"النور", "alnoor"},   {"الخليج", "gulf"},    {"الرياض", "riyadh"},  {"المستقبل", "mustaqbal"}, {"الوطن", "watan"},
    {"السلام", "salam"},   {"الصحراء", "sahra"},  {"النجم", "najm"},     {"الأفق", "ufuq"},         {"البحر", "bahr"},
    {"الجزيرة", "jazira"}, {"الشرق", "sharq"},    {"الغرب", "gharb"},    {"الواحة", "waha"},        {"القمر", "qamar"},
    {"الشمس", "shams"},    {"النخيل", "nakheel"}, {"الريادة", "riyada"}, {"الإبداع", "ibdaa"},      {"الأمل", "amal"},
    {"الحلول", "hulul"},   {"المدار", "madar"},   {"البيان", "bayan"},   {"الصفوة", "safwa"}};

static const struct spelt trades_arabic[] = {
    {"للتجارة", "trading"},       {"للتقنية", "tech"},     {"للنقل", "transport"}, {"للأغذية", "food"},
    {"للمقاولات", "contracting"}, {"للاستثمار", "invest"}, {"للإعلام", "media"},   {"للطاقة", "energy"}};

static void latin_company(struct dice *d, struct customer *c)
{
    char brand[40] = "", trade[24];
    int64_t n = 2 + dice_below(d, 2);

    for (int64_t i = 0; i < n; i++)
        strcat(brand, syllables[uneven(d, COUNT(syllables))]);
    (void)snprintf(trade, sizeof trade, "%s", dice_below(d, 10) < 7 ? trades[uneven(d, COUNT(trades))] : "");

    const char *form = forms[dice_below(d, COUNT(forms))];

    (void)snprintf(c->name, sizeof c->name, "%c%s%s%s%s%s", brand[0] - 'a' + 'A', brand + 1, *trade != '\0' ? " " : "",
                   trade, *form != '\0' ? " " : "", form);

    bool with_trade = *trade != '\0' && dice_below(d, 2) == 0;

    (void)snprintf(c->label, sizeof c->label, "%s%s%s", brand, with_trade && dice_below(d, 2) == 0 ? "-" : "",
                   with_trade ? trade : "");
}

static void east_company(struct dice *d, struct customer *c, bool japanese)
{
    const struct spelt *trade = &trades_east[uneven(d, COUNT(trades_east))];
    char native[64] = "", ascii[64] = "";
    int64_t n = 2 + dice_below(d, 2);

    for (int64_t i = 0; i < n; i++) {
        const struct spelt *s = &signs[uneven(d, COUNT(signs))];

        strcat(native, s->native);
        strcat(ascii, s->ascii);
    }
    if (japanese)
        (void)snprintf(c->name, sizeof c->name, dice_below(d, 2) == 0 ? "株式会社%s%s" : "%s%s株式会社", native,
                       trade->native);
    else
        (void)snprintf(c->name, sizeof c->name, "%s%s%s有限公司", native, trade->native,
                       dice_below(d, 3) == 0 ? "股份" : "");
    (void)snprintf(c->label, sizeof c->label, "%s%s", ascii, dice_below(d, 2) == 0 ? trade->ascii : "");
}

static void arabic_company(struct dice *d, struct customer *c)
{
    const struct spelt *word = &words_arabic[uneven(d, COUNT(words_arabic))];
    const struct spelt *trade = &trades_arabic[uneven(d, COUNT(trades_arabic))];
    const struct spelt *owner = &arabic_family[uneven(d, COUNT(arabic_family))];

    (void)snprintf(c->name, sizeof c->name, "شركة %s %s %s", owner->native, word->native, trade->native);
    (void)snprintf(c->label, sizeof c->label, "%s-%s", owner->ascii, word->ascii);
}

void names_company(struct dice *d, struct customer *c)
{
    switch (names_script_of(c->country)) {
    case NAMES_CHINESE:
    case NAMES_JAPANESE:
        east_company(d, c, names_script_of(c->country) == NAMES_JAPANESE);
        break;
    case NAMES_ARABIC:
        arabic_company(d, c);
        break;
    case NAMES_LATIN:
        latin_company(d, c);
        break;
    }
    for (char *p = c->label; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
}

/* ---- countries ---- */

static const struct {
    const char *code, *line, *mobile, *trunk, *tld;
    int line_digits, mobile_digits;
    enum names_script script;
} countries[] = {
    {"+886", "2", "9", "0", "com.tw", 8, 8, NAMES_CHINESE}, {"+49", "30", "151", "0", "de", 7, 8, NAMES_LATIN},
    {"+1", "212", "646", "", "com", 7, 7, NAMES_LATIN},     {"+81", "3", "90", "0", "co.jp", 8, 8, NAMES_JAPANESE},
    {"+34", "91", "6", "", "es", 7, 8, NAMES_LATIN},        {"+44", "20", "7700", "0", "co.uk", 8, 6, NAMES_LATIN},
    {"+966", "11", "5", "0", "com.sa", 7, 8, NAMES_ARABIC},
};

int names_country(struct dice *d)
{
    return (int)dice_below(d, COUNT(countries));
}

enum names_script names_script_of(int country)
{
    return countries[country].script;
}

const char *names_tld(int country)
{
    return countries[country].tld;
}

void names_phone(struct dice *d, int country, bool mobile, char out[24])
{
    int n = mobile ? countries[country].mobile_digits : countries[country].line_digits;
    int at = snprintf(out, 24, "%s%s", countries[country].code,
                      mobile ? countries[country].mobile : countries[country].line);

    for (int i = 0; i < n; i++)
        out[at++] = (char)('0' + (i == 0 ? 2 + dice_below(d, 7) : dice_below(d, 10)));
    out[at] = '\0';
}

void names_phone_national(const char *e164, char out[48])
{
    for (size_t i = 0; i < sizeof countries / sizeof countries[0]; i++) {
        size_t code = strlen(countries[i].code);

        if (strncmp(e164, countries[i].code, code) == 0) {
            (void)snprintf(out, 48, "%s%.3s-%s", countries[i].trunk, e164 + code, e164 + code + 3);
            return;
        }
    }
    (void)snprintf(out, 48, "%s", e164);
}
