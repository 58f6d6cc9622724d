/* quote: whose words are whose, in replies as many programs write them. */
#include "rules/base/arena.h"
#include "rules/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct {
    const char *what, *text, *own;
} cases[] = {
    {"nothing", "", ""},
    {"own words only", "Our site is gone.\n\nPlease help.", "Our site is gone.\n\nPlease help."},

    {"Gmail above", "Yes.\n\nOn Mon, Apr 2, 2012 at 6:26 PM, Ann One <ann@example.org> wrote:\n\n> Is it?\n", "Yes."},
    {"Gmail, broken over lines",
     "Yes.\n\nOn Mon, Apr 2, 2012 at 6:26 PM, Ann One\n<ann@example.org>\nwrote:\n\n> Is it?\n", "Yes."},
    {"without an empty line before", "Yes.\nOn Dec 8, 2013 2:10 PM, \"Ann\" <ann@example.org> wrote:\n> Is it?",
     "Yes."},
    {"below", "On 04/02/2012 06:26 PM, Ann One wrote:\n> Is it?\nYes.", "Yes."},
    {"between", "On 04/02/2012 06:26 PM, Ann wrote:\n> One?\nYes.\n\n> Two?\n\nNo.\n", "Yes.\n\nNo."},
    {"old news", "ann@example.org (Ann One) writes:\n\n> Is it?\n\nYes.", "Yes."},
    {"without marks, to the end", "Yes.\n\nOn 3 May 2021, at 10:11, Ann <ann@example.org> wrote:\n\nIs it?\n\nAnn",
     "Yes."},

    {"German", "Ja.\n\nAm 02.04.2012 18:26, schrieb Ann One:\n> Ist es so?", "Ja."},
    {"German, Gmail", "Ja.\n\nAm Mo., 3. Mai 2021 um 10:11 Uhr schrieb Ann <ann@example.org>:\n\n> Ist es so?", "Ja."},
    {"French", "Oui.\n\nLe lun. 3 mai 2021 à 10:11, Ann <ann@example.org> a écrit :\n\n> Vraiment ?", "Oui."},
    {"Spanish", "Sí.\n\nEl lun, 3 may 2021 a las 10:11, Ann (<ann@example.org>) escribió:\n\n> ¿Sí?", "Sí."},
    {"Italian", "Sì.\n\nIl giorno lun 3 mag 2021 alle ore 10:11 Ann <ann@example.org> ha\nscritto:\n\n> Davvero?",
     "Sì."},
    {"Portuguese", "Sim.\n\nEm seg., 3 de mai. de 2021 às 10:11, Ann <ann@example.org> escreveu:\n\n> É?", "Sim."},
    {"Dutch", "Ja.\n\nOp ma 3 mei 2021 om 10:11 schreef Ann <ann@example.org>:\n\n> Echt?", "Ja."},
    {"Swedish", "Ja.\n\nDen mån 3 maj 2021 kl 10:11 skrev Ann <ann@example.org>:\n\n> Verkligen?", "Ja."},
    {"Polish", "Tak.\n\nW dniu 3.05.2021 o 10:11, Ann pisze:\n> Naprawdę?", "Tak."},
    {"Russian", "Да.\n\nпн, 3 мая 2021 г. в 10:11, Ann <ann@example.org>:\n\n> Правда?", "Да."},
    {"Russian, over two lines", "Да.\n02.04.2012 14:20 пользователь \"Ann\" <\nann@example.org> написал:\n\n> Правда?",
     "Да."},
    {"Japanese", "はい。\n\n2021年5月3日(月) 10:11 Ann <ann@example.org>:\n\n> 本当ですか。", "はい。"},
    {"Japanese, wrote", "はい。\n\n2021年5月3日 10:11、Ann <ann@example.org>のメール：\n\n> 本当ですか。", "はい。"},
    {"Traditional Chinese", "是的。\n\nAnn <ann@example.org> 於 2021年5月3日 週一 上午10:11寫道：\n\n> 真的嗎？",
     "是的。"},
    {"Simplified Chinese", "是的。\n\nAnn <ann@example.org> 于2021年5月3日周一 10:11写道：\n\n> 真的吗？", "是的。"},
    {"Korean", "네.\n\n2021년 5월 3일 (월) 오전 10:11, Ann <ann@example.org>님이 작성:\n\n> 정말요?", "네."},
    {"Arabic",
     "نعم.\n\nفي الاثنين، 3 مايو 2021 في 10:11 ص تمت كتابة ما يلي بواسطة \u202aAnn\u202c\u200f "
     "<\u202aann@example.org\u202c\u200f>:\u202c\n\n> حقا؟",
     "نعم."},

    {"Outlook",
     "Yes.\n\nFrom: Ann [mailto:ann@example.org]\nSent: Friday, March 09, 2012 4:22 PM\nTo: Bob\nSubject: "
     "Question\n\nIs it?\n",
     "Yes."},
    {"Outlook, bold and ruled",
     "Yes.\n\n ------------------------------\n\n*From:* Ann <ann@example.org>\n*Sent:* Friday\n*Subject:* Q\n\nIs it?",
     "Yes."},
    {"Outlook in German",
     "Ja.\n\nVon: Ann <ann@example.org>\nGesendet: Freitag, 9. März 2012 16:22\nAn: Bob\nBetreff: Frage\n\nIst es so?",
     "Ja."},
    {"Outlook in Japanese",
     "はい。\n\n差出人: Ann <ann@example.org>\n送信日時: 2021年5月3日 10:11\n宛先: Bob\n件名: 質問\n\n本当ですか。",
     "はい。"},
    {"Outlook in Chinese",
     "是的。\n\n寄件者: Ann <ann@example.org>\n寄件日期: 2021年5月3日 上午 10:11\n收件者: Bob\n主旨: 問題\n\n真的嗎？",
     "是的。"},
    {"Outlook in Arabic",
     "نعم.\n\nمن: Ann <ann@example.org>\nتاريخ الإرسال: 3 مايو 2021\nإلى: Bob\nالموضوع: سؤال\n\nحقا؟", "نعم."},
    {"Outlook in Russian",
     "Да.\n\nОт: Ann <ann@example.org>\nОтправлено: 3 мая 2021 г.\nКому: Bob\nТема: вопрос\n\nПравда?", "Да."},
    {"original message", "Yes.\n\n-----Original Message-----\nFrom: Ann\n\nIs it?", "Yes."},
    {"original message in German", "Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Ann\n\nIst es so?", "Ja."},
    {"forwarded with a word", "See below.\n\n---------- Forwarded message ---------\nFrom: Ann\n\nIs it?",
     "See below."},
    {"Apple forwards", "See below.\n\nBegin forwarded message:\n\nFrom: Ann\n\nIs it?", "See below."},

    {"nothing but a forwarded mail is what was meant", "---------- Forwarded message ---------\nFrom: Ann\n\nIs it?",
     "---------- Forwarded message ---------\nFrom: Ann\n\nIs it?"},
    {"nothing but a quote", "> Is it?\n> Yes.", "> Is it?\n> Yes."},
    {"nothing but a signature", "-- \nAnn", "-- \nAnn"},

    {"signature", "Help!\n\n-- \nAnn\nExample Ltd", "Help!"},
    {"signature before a quote", "Help!\n\n-- \nAnn\n\nOn 3 May 2021, Ann wrote:\n> Q", "Help!"},
    {"a dash that is none", "Help -- now.\n-- not this", "Help -- now.\n-- not this"},
    {"dashes far above the end are a separator", "a\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17",
     "a\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17"},
    {"telephone", "Help!\n\nSent from my iPhone", "Help!"},
    {"telephone with an excuse", "Help!\n\nSent from my iPhone, please excuse typos", "Help!"},
    {"telephone in German", "Hilfe!\n\nVon meinem iPhone gesendet", "Hilfe!"},
    {"telephone in Japanese", "助けて。\n\niPhoneから送信", "助けて。"},
    {"telephone in Chinese", "救命。\n\n從我的 iPhone 傳送", "救命。"},
    {"telephone in Arabic", "النجدة.\n\nأرسلت من الـ iPhone", "النجدة."},
    {"Outlook for telephones", "Help!\n\nGet Outlook for iOS", "Help!"},
    {"not a telephone", "Help!\n\nSent from my desk, which is easier.", "Help!\n\nSent from my desk, which is easier."},
    {"closing and name", "Help!\n\nBest regards,\nAnn Example\nExample Ltd", "Help!"},
    {"closing in Spanish", "¡Ayuda!\n\nSaludos,\nAnn", "¡Ayuda!"},
    {"closing in capitals", "Помогите!\n\nС УВАЖЕНИЕМ,\nАнна", "Помогите!"},
    {"thanks that go on are words", "Help!\n\nThanks,\nthe site is still down",
     "Help!\n\nThanks,\nthe site is still down"},
    {"thanks alone are words", "Help!\n\nThanks", "Help!\n\nThanks"},
    {"name with a dash", "Help!\n\n-Ann Example", "Help!"},
    {"a list is no name", "Broken:\n\n- Search\n- Login", "Broken:\n\n- Search\n- Login"},
    {"business card", "Help!\n\nAnn E. Example, Ph.D.\nPresident\nann@example.org\nwww.example.org", "Help!"},
    {"what a customer says of a site is no business card", "Help!\n\nSite: https://a.example\nMail: ann@example.org",
     "Help!\n\nSite: https://a.example\nMail: ann@example.org"},
    {"footer of a list",
     "Help!\n\n_______________________________________________\nusers mailing list\nusers@example.org", "Help!"},

    {"a sentence that looks like it", "On Monday I wrote to you with these questions:\n\nIs it?",
     "On Monday I wrote to you with these questions:\n\nIs it?"},
    {"a colon and a time", "The error since 10:30 is:\n\ncannot open", "The error since 10:30 is:\n\ncannot open"},
    {"one field is no header, whatever stands above", "Slow.\n\nFrom: the beginning it was slow.\n\nHelp",
     "Slow.\n\nFrom: the beginning it was slow.\n\nHelp"},
    {"two fields are one only below a line", "Slow.\n\nFrom: Monday\nTo: Friday\n\nHelp",
     "Slow.\n\nFrom: Monday\nTo: Friday\n\nHelp"},
    {"one field is no header", "From: the beginning it was slow.\n\nHelp", "From: the beginning it was slow.\n\nHelp"},
};

static void the_writers_own_words_are_found(void **state)
{
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str own = quote_own(a, str_of(cases[i].text));

        if (!str_is(own, cases[i].own))
            fail_msg("%s: \"%.*s\"", cases[i].what, (int)own.len, own.at);
    }
    arena_close(a);
}

static void runs_cover_the_text(void **state)
{
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct quote_run *runs;
        size_t n = quote_split(a, str_of(cases[i].text), &runs), at = 0;

        for (size_t k = 0; k < n; k++) {
            assert_int_equal(runs[k].from, at);
            assert_true(runs[k].len > 0);
            assert_true(k == 0 || runs[k].kind != runs[k - 1].kind);
            at += runs[k].len;
        }
        assert_int_equal(at, strlen(cases[i].text));
    }
    arena_close(a);
}

static void each_run_says_what_it_is(void **state)
{
    static const enum quote_kind kinds[] = {QUOTE_OWN, QUOTE_SIGNATURE, QUOTE_QUOTED, QUOTE_OWN};
    struct arena *a = arena_open(4096);
    struct quote_run *runs;
    size_t n = quote_split(a, STR("Yes.\n\n-- \nAnn\n\nOn 3 May 2021, Bob wrote:\n> Is it?\nMore.\n"), &runs);

    (void)state;
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(runs[i].kind, kinds[i]);
    arena_close(a);
}

static void mails_that_are_passed_on_name_their_writer(void **state)
{
    static const struct {
        const char *what, *subject, *text;
        const char *from; /* name<address>subject; NULL where nothing is passed on */
    } rows[] = {
        {"Gmail", "Fwd: Help",
         "Please see.\n\n---------- Forwarded message ---------\nFrom: Ann One <ann@customer.example>\nDate: Mon\n"
         "Subject: Help\nTo: <us@example.net>\n\nOur site is gone.",
         "Ann One<ann@customer.example>Help"},
        {"Outlook, by its subject", "FW: Help",
         "Please see.\n\nFrom: Ann [mailto:ann@customer.example]\nSent: Friday\nTo: Bob\nSubject: Help\n\nGone.",
         "Ann<ann@customer.example>Help"},
        {"Outlook in German", "WG: Hilfe",
         "Bitte.\n\n*Von:* \"Ann\" <ann@customer.example>\n*Gesendet:* Freitag\n*An:* Bob\n*Betreff:* Hilfe\n\nWeg.",
         "Ann<ann@customer.example>Hilfe"},
        {"Apple Mail", "Fwd: Help",
         "Begin forwarded message:\n\n> From: ann@customer.example\n> Subject: Help\n> \n> Gone.",
         "<ann@customer.example>Help"},
        {"Chinese", "轉寄: 求助", "請看。\n\n寄件者: 林 <lin@customer.example>\n主旨: 求助\n\n不見了。",
         "林<lin@customer.example>求助"},
        {"under another subject", "Look at this",
         "-------- Weitergeleitete Nachricht --------\nBetreff: \tHilfe\nVon: \tAnn <ann@customer.example>\n\nWeg.",
         "Ann<ann@customer.example>Hilfe"},
        {"an answer passes nothing on", "Re: Help",
         "Yes.\n\nFrom: Ann <ann@customer.example>\nSent: Friday\nTo: Bob\nSubject: Help\n\nGone.", NULL},
        {"nothing in it", "Fwd: Help", "Please see.", NULL},
        {"no address", "Fwd: Help", "From: Ann\nSent: Friday\n\nGone.", NULL},
        {"empty", "Fwd: Help", "", NULL},
    };
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct quote_forward f;
        bool found = quote_forwarded(a, str_of(rows[i].subject), str_of(rows[i].text), &f);
        const char *from = !found ? "none"
                                  : arena_printf(a, "%.*s<%.*s>%.*s", (int)f.name.len, f.name.at, (int)f.address.len,
                                                 f.address.at, (int)f.subject.len, f.subject.at);

        if (strcmp(from, rows[i].from == NULL ? "none" : rows[i].from) != 0)
            fail_msg("%s: %s", rows[i].what, from);
    }
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_writers_own_words_are_found),
        cmocka_unit_test(runs_cover_the_text),
        cmocka_unit_test(each_run_says_what_it_is),
        cmocka_unit_test(mails_that_are_passed_on_name_their_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
