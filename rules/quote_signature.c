/* quote_signature.c - what a writer, a telephone or a list puts below the words. */
#include "rules/quote_parts.h"

#include <string.h>

enum {
    SIGNATURE_LINES_MAX = 16, /* not counting blank ones */
    FOOTER_LINES_MAX = 14,    /* below a line of dashes */
    CLOSING_LINES_MAX = 6,    /* below "Regards," */
    MOBILE_LINES_MAX = 4,
    NAME_WORDS_MAX = 5,
    SIGNATURE_LINE_POINTS_MAX = 80,
    CJK_NAME_POINTS_MAX = 10,
    PHONE_DIGITS_MIN = 7,
    PHONE_LETTERS_MAX = 8, /* "tel", "mobile" */
    MOBILE_WORDS_MAX = 8,
};

/* How a telephone signs. */
static const char *const mobile_beginnings[] = {
    "sent from ",
    "sent via ",
    "sent with ",
    "sent by ",
    "sent using ",
    "get outlook for ",
    "via mobile",
    "gesendet von ",
    "von meinem ",
    "von unterwegs ",
    "gesendet mit ",
    "enviado desde ",
    "enviado do ",
    "enviado de ",
    "enviado a partir ",
    "envoyé de ",
    "envoyé depuis ",
    "envoyé à partir ",
    "inviato da ",
    "verzonden vanaf ",
    "verstuurd vanaf ",
    "skickat från ",
    "sendt fra ",
    "lähetetty ",
    "wysłane z ",
    "wysłano z ",
    "отправлено с ",
    "отправлено из ",
    "iphoneから送信",
    "ipadから送信",
    "androidから送信",
    "スマートフォンから送信",
    "从我的 ",
    "从我的",
    "從我的 ",
    "從我的",
    "發自我的 ",
    "发自我的 ",
    "傳送自我的 ",
    "我的 iphone 寄出",
    "나의 iphone에서 보냄",
    "أرسلت من ",
    "أرسل من ",
    "مرسل من ",
    "تم الإرسال من ",
    "obter o outlook ",
    "outlook für ",
    "holen sie sich outlook",
    "télécharger outlook",
    "obtener outlook ",
};

/* What may follow a comma in such a line, and elsewhere makes it a sentence. */
static const char *const excuses[] = {"please", "excuse", "sorry", "pardon", "apolog", "bitte", "brevity", "typos"};

/* The last words before a name. */
static const char *const closings[] = {
    "thanks",
    "thank you",
    "many thanks",
    "thanks a lot",
    "thanks in advance",
    "thanks again",
    "thanks and regards",
    "thanks & regards",
    "thx",
    "cheers",
    "regards",
    "best regards",
    "kind regards",
    "warm regards",
    "with best regards",
    "with kind regards",
    "best wishes",
    "all the best",
    "best",
    "rgds",
    "sincerely",
    "yours sincerely",
    "sincerely yours",
    "yours faithfully",
    "yours truly",
    "yours",
    "respectfully",
    "cordially",
    "danke",
    "vielen dank",
    "mit freundlichen grüßen",
    "mit freundlichem gruß",
    "freundliche grüße",
    "viele grüße",
    "beste grüße",
    "liebe grüße",
    "herzliche grüße",
    "schöne grüße",
    "mit besten grüßen",
    "gruß",
    "grüße",
    "mfg",
    "lg",
    "vg",
    "hochachtungsvoll",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "cordiales saludos",
    "atentamente",
    "muchas gracias",
    "gracias",
    "un cordial saludo",
    "merci",
    "merci d'avance",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "salutations",
    "grazie",
    "cordiali saluti",
    "distinti saluti",
    "obrigado",
    "obrigada",
    "atenciosamente",
    "abraços",
    "groeten",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "mvg",
    "med vänlig hälsning",
    "vänliga hälsningar",
    "med venlig hilsen",
    "mvh",
    "pozdrawiam",
    "с уважением",
    "спасибо",
    "с наилучшими пожеланиями",
    "saygılarımla",
    "teşekkürler",
    "よろしくお願いします",
    "よろしくお願いいたします",
    "よろしくお願い致します",
    "宜しくお願いします",
    "宜しくお願い致します",
    "敬具",
    "以上",
    "此致",
    "敬禮",
    "敬礼",
    "謝謝",
    "谢谢",
    "感謝",
    "感恩",
    "順頌商祺",
    "祝好",
    "敬上",
    "شكرا",
    "شكراً",
    "شكرًا",
    "مع تحياتي",
    "تحياتي",
    "مع خالص التحية",
    "مع التحية",
    "وتفضلوا بقبول فائق الاحترام",
};

/* Below a line of underscores: the footer of a list. */
static const char *const list_words[] = {"mailing list", "mailman", "listinfo", "unsubscribe", "googlegroups", "list-"};

static bool is_delimiter(struct str s)
{
    return str_is(s, "--") || str_is(s, "—") || str_is(s, "- --");
}

static bool is_url(struct str s)
{
    return quote_holds(s, "http://") || quote_holds(s, "https://") || quote_holds(s, "www.");
}

/* Seven figures or more, and little else than what telephone numbers are written with. */
static bool is_phone(struct str s)
{
    size_t digits = 0, letters = 0;

    for (size_t i = 0; i < s.len; i++) {
        digits += quote_digit(s.at[i]) ? 1 : 0;
        letters += ((s.at[i] | 0x20) >= 'a' && (s.at[i] | 0x20) <= 'z') ? 1 : 0;
    }
    return digits >= PHONE_DIGITS_MIN && letters <= PHONE_LETTERS_MAX;
}

static bool is_contact(struct str s)
{
    return s.len > 0 && (quote_has_address(s) || is_url(s) || is_phone(s) || quote_begins(s, "skype:") > 0);
}

static bool is_short(struct str s)
{
    return s.len <= QUOTE_LINE_BYTES_MAX && text_code_points(s) <= SIGNATURE_LINE_POINTS_MAX;
}

static bool is_mobile(struct str s)
{
    const char *comma = s.len == 0 ? NULL : memchr(s.at, ',', s.len);
    bool excused = false;
    size_t words = 1;

    if (s.len > QUOTE_LINE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        words += s.at[i] == ' ' ? 1 : 0;
    for (size_t i = 0; i < COUNT(excuses); i++)
        excused = excused || quote_holds(s, excuses[i]);
    if (!excused && (comma != NULL || words > MOBILE_WORDS_MAX))
        return false;
    for (size_t i = 0; i < COUNT(mobile_beginnings); i++)
        if (quote_begins(s, mobile_beginnings[i]) > 0)
            return true;
    return false;
}

/* As names are written: each word with a capital letter, or a few letters of a script that has none. */
static bool is_name(struct str s)
{
    size_t words = 0, capitals = 0;
    bool foreign = false;

    if (s.len == 0 || s.len > QUOTE_LINE_BYTES_MAX || strchr(".?!:;,", s.at[s.len - 1]) != NULL || quote_has_address(s))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool begins = i == 0 || s.at[i - 1] == ' ';

        foreign = foreign || (unsigned char)s.at[i] >= 0xE0;
        words += begins && s.at[i] != ' ' ? 1 : 0;
        capitals += begins && ((s.at[i] >= 'A' && s.at[i] <= 'Z') || (unsigned char)s.at[i] >= 0x80) ? 1 : 0;
        if (quote_digit(s.at[i]))
            return false;
    }
    if (foreign)
        return text_code_points(s) <= CJK_NAME_POINTS_MAX;
    return words <= NAME_WORDS_MAX && capitals + 1 >= words && capitals > 0;
}

static bool is_closing(struct str s)
{
    while (s.len > 0 && strchr(",.!-", s.at[s.len - 1]) != NULL)
        s.len--;
    if (quote_ends(s, "。") || quote_ends(s, "，") || quote_ends(s, "！") || quote_ends(s, "、"))
        s.len -= 3;
    s = quote_trim(s);
    for (size_t i = 0; i < COUNT(closings); i++)
        if (quote_is(s, closings[i]))
            return true;
    return false;
}

struct tail {
    const struct lines *l;
    size_t from, to; /* to: behind the last line that is not blank */
};

static bool is_list_footer(const struct tail *t, size_t i)
{
    for (size_t k = i + 1; k < t->to; k++)
        for (size_t w = 0; w < COUNT(list_words); w++)
            if (quote_line(t->l, k).len <= QUOTE_LINE_BYTES_MAX && quote_holds(quote_line(t->l, k), list_words[w]))
                return true;
    return false;
}

/* Contact data in [i, to), nothing that is long. */
static size_t contacts_below(const struct tail *t, size_t i)
{
    size_t contacts = 0;

    for (; i < t->to; i++) {
        if (!is_short(quote_line(t->l, i)))
            return 0;
        contacts += is_contact(quote_line(t->l, i)) ? 1 : 0;
    }
    return contacts;
}

static bool begins_paragraph(const struct tail *t, size_t i)
{
    return i == t->from || t->l->at[i - 1].look == LOOK_BLANK;
}

/* lines: not blank, from i to the end, i among them. */
static bool begins_signature(const struct tail *t, size_t i, size_t lines, bool one_paragraph)
{
    struct str text = quote_line(t->l, i);
    struct str next = i + 1 < t->to ? quote_line(t->l, i + 1) : STR("");

    if (is_delimiter(text))
        return lines <= SIGNATURE_LINES_MAX;
    if (quote_is_rule(text) && lines <= FOOTER_LINES_MAX)
        return is_list_footer(t, i) || contacts_below(t, i + 1) >= 2;
    if (is_mobile(text))
        return lines <= MOBILE_LINES_MAX;
    if (text.len > 2 && text.at[0] == '-' && text.at[1] != '-' && text.at[1] != ' ')
        return is_name(quote_skip(text, 1)) && (lines == 1 || (lines <= 4 && contacts_below(t, i + 1) > 0));
    if (is_closing(text) && lines >= 2 && lines <= CLOSING_LINES_MAX + 1) {
        size_t name = quote_behind_blank(t->l, i + 1);

        return name < t->to && is_short(quote_line(t->l, name)) &&
               (is_name(quote_line(t->l, name)) || contacts_below(t, name) > 0);
    }
    if (!one_paragraph || !begins_paragraph(t, i) || lines < 2 || lines > SIGNATURE_LINES_MAX)
        return false;
    if (lines == 2 && is_name(text) && is_mobile(next))
        return true;
    /* "Ann E. Example, Ph.D." above her telephone number and her site. */
    if (text.len > 0 && memchr(text.at, ',', text.len) != NULL)
        text.len = (size_t)((const char *)memchr(text.at, ',', text.len) - text.at);
    return is_name(text) && contacts_below(t, i + 1) >= 2;
}

/* The topmost line of the tail that may begin a signature; to where there is none. */
static size_t signature_start(const struct tail *t)
{
    size_t found = t->to, lines = 0;
    bool one_paragraph = true;

    for (size_t i = t->to; i > t->from && lines < SIGNATURE_LINES_MAX; i--) {
        if (t->l->at[i - 1].look == LOOK_BLANK) {
            one_paragraph = false;
            continue;
        }
        lines++;
        if (begins_signature(t, i - 1, lines, one_paragraph))
            found = i - 1;
    }
    return found;
}

static void find_signature(const struct lines *l, size_t from, size_t to)
{
    struct tail t = {l, from, to};

    /* "-Ann" stands above the footer of a list: once more above what was found. */
    for (int i = 0; i < 3; i++) {
        while (t.to > t.from && l->at[t.to - 1].look == LOOK_BLANK)
            t.to--;

        size_t start = signature_start(&t);

        if (start == t.to)
            return;
        quote_mark(l, start, to, QUOTE_SIGNATURE);
        t.to = start;
    }
}

void quote_find_signatures(const struct lines *l)
{
    for (size_t i = 0, end; i < l->n; i = end) {
        for (end = i; end < l->n && l->at[end].kind == QUOTE_OWN;)
            end++;
        if (end > i)
            find_signature(l, i, end);
        else
            end = i + 1;
    }
}
