/* item: what one prints the other reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rules/base/arena.h"
#include "rules/item.h"

static const struct {
    const char *label;
    enum item_op op;
    struct str text, email, raw;
} cases[] = {
    {"a request", ITEM_REQUEST, STR("cannot sign in"), STR("a@example.org"), STR("{\"problem\":\"cannot sign in\"}")},
    {"a message without an original", ITEM_MESSAGE, STR("more"), STR(""), STR("")},
    {"line ends, quotes, other scripts", ITEM_REQUEST, STR("a\nb \"c\" \\ 我們 😀"), STR(""), STR("a\nb\n\nc")},
    {"a mail that came back", ITEM_BOUNCE, STR("5.1.1"), STR(""), STR("")},
    {"an original that is not UTF-8", ITEM_REQUEST, STR("x"), STR(""), STR("\xff\x00\xfe\n\n")},
};

static void an_item_survives_the_journal(void **state)
{
    struct arena *a = arena_open(4096);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct item in = {.op = cases[i].op,
                          .reference = (UINT64_C(1) << 40) - 1 - i,
                          .channel = STR("web"),
                          .text = cases[i].text,
                          .email = cases[i].email,
                          .raw = cases[i].raw,
                          .raw_type = STR("application/json"),
                          .language = STR("zh-TW")},
                    out;

        assert_int_equal(item_parse(str_of(item_op_name(in.op)), item_print(&in, a), a, &out), ERR_OK);
        assert_int_equal(out.op, in.op);
        assert_int_equal(out.reference, in.reference);
        assert_true(str_equal(out.text, in.text));
        assert_true(str_equal(out.email, in.email));
        assert_true(str_equal(out.raw, in.raw));
        assert_true(str_equal(out.raw_type, in.raw_type));
        assert_true(str_equal(out.language, in.language));
        assert_int_equal(out.phone.len, 0);
    }
    arena_close(a);
}

/* What a channel knows beside the words. */
static void what_a_channel_vouches_for_survives_too(void **state)
{
    struct arena *a = arena_open(4096);
    struct item in = {.op = ITEM_REQUEST,
                      .channel = STR("social"),
                      .source = STR("mastodon"),
                      .external = STR("0123456789abcdef0123456789abcdef"),
                      .handle = STR("@aya@social.example"),
                      .url = STR("https://social.example/@aya/1"),
                      .subject = STR("down"),
                      .behalf_name = STR("Aya"),
                      .behalf_organisation = STR("Example Works"),
                      .behalf_email = STR("aya@example.org"),
                      .behalf_site = STR("example-works"),
                      .answers = STR("01J9Z3NDEKTSV4RRFFQ69G5FAV"),
                      .thread = STR("R7K4-2M9Q-C"),
                      .hint = STR("other-sender"),
                      .message_id = STR("<1@example.org>"),
                      .call_back_to = STR("+886 2 1234 5678"),
                      .call_back_ms = INT64_C(1795568400000),
                      .logged_by = STR("stf_01J9Z3NDEKTSV4RRFFQ69G5FAV"),
                      .logged_name = STR("mei"),
                      .followers = INT64_C(5000000000),
                      .proven = 1,
                      .executive = true,
                      .automatic = true},
                out;

    (void)state;
    assert_int_equal(item_parse(STR("request"), item_print(&in, a), a, &out), ERR_OK);
    assert_true(str_equal(out.source, in.source));
    assert_true(str_equal(out.external, in.external));
    assert_true(str_equal(out.handle, in.handle));
    assert_true(str_equal(out.url, in.url));
    assert_true(str_equal(out.subject, in.subject));
    assert_true(str_equal(out.behalf_name, in.behalf_name));
    assert_true(str_equal(out.behalf_organisation, in.behalf_organisation));
    assert_true(str_equal(out.behalf_email, in.behalf_email));
    assert_true(str_equal(out.behalf_site, in.behalf_site));
    assert_true(str_equal(out.answers, in.answers));
    assert_true(str_equal(out.thread, in.thread));
    assert_true(str_equal(out.hint, in.hint));
    assert_true(str_equal(out.message_id, in.message_id));
    assert_true(str_equal(out.call_back_to, in.call_back_to));
    assert_true(str_equal(out.logged_by, in.logged_by));
    assert_true(str_equal(out.logged_name, in.logged_name));
    assert_int_equal(out.call_back_ms, in.call_back_ms);
    assert_int_equal(out.followers, in.followers);
    assert_int_equal(out.proven, 1);
    assert_true(out.executive && out.automatic);
    assert_int_equal(item_parse(STR("request"), STR("{\"reference\":1}\n"), a, &out), ERR_OK);
    assert_int_equal(out.followers, 0);
    assert_false(out.executive || out.automatic);
    arena_close(a);
}

static void a_mail_keeps_its_envelope(void **state)
{
    struct arena *a = arena_open(4096);
    struct item in = {.op = ITEM_MAIL,
                      .channel = STR("mail"),
                      .sender = STR("aya@example.org"),
                      .recipients = STR("help@example.net\nhelp+executive@example.net\n"),
                      .raw_type = STR("message/rfc822"),
                      .raw = STR("Subject: x\r\n\r\n\0\xff\r\n")},
                out;

    (void)state;
    assert_int_equal(item_parse(STR("mail"), item_print(&in, a), a, &out), ERR_OK);
    assert_int_equal(out.op, ITEM_MAIL);
    assert_true(str_equal(out.sender, in.sender));
    assert_true(str_equal(out.recipients, in.recipients));
    assert_true(str_equal(out.raw, in.raw));
    arena_close(a);
}

static void who_is_spoken_of(void **state)
{
    static const struct {
        const char *label;
        bool behalf, outsider;
        const char *email, *name, *organisation, *phone, *handle, *site, *invoice;
        int64_t proven;
    } speakers[] = {
        {"themselves", false, false, "a@p.example", "A", "P", "+1", "@a", "p.example", "7", 1},
        {"somebody else", true, false, "b@s.example", "B", "S", "", "", "s.example", "7", 0},
        {"somebody else, by an outsider", true, true, "b@s.example", "B", "S", "", "", "s.example", "7", 0},
        {"an outsider without anybody", false, true, "", "", "", "", "", "p.example", "7", 0},
    };
    const struct item i = {.email = STR("a@p.example"),
                           .name = STR("A"),
                           .organisation = STR("P"),
                           .phone = STR("+1"),
                           .handle = STR("@a"),
                           .site = STR("p.example"),
                           .invoice = STR("7"),
                           .proven = 1,
                           .behalf_email = STR("b@s.example"),
                           .behalf_name = STR("B"),
                           .behalf_organisation = STR("S"),
                           .behalf_site = STR("s.example")};

    (void)state;
    for (size_t k = 0; k < sizeof speakers / sizeof speakers[0]; k++) {
        struct item about = item_about(&i, speakers[k].behalf, speakers[k].outsider);

        if (!str_is(about.email, speakers[k].email) || !str_is(about.name, speakers[k].name) ||
            !str_is(about.organisation, speakers[k].organisation) || !str_is(about.phone, speakers[k].phone) ||
            !str_is(about.handle, speakers[k].handle) || !str_is(about.site, speakers[k].site) ||
            !str_is(about.invoice, speakers[k].invoice) || about.proven != speakers[k].proven)
            fail_msg("%s", speakers[k].label);
    }
}

static void what_is_no_item_is_refused(void **state)
{
    static const struct {
        struct str op, payload;
    } bad[] = {
        {STR("request"), STR("")},
        {STR("request"), STR("{\"reference\":1}")},
        {STR("request"), STR("{\"reference\":-1}\n")},
        {STR("request"), STR("{\"reference\":1099511627776}\n")},
        {STR("request"), STR("{}\n")},
        {STR("request"), STR("{\n")},
        {STR("delete"), STR("{\"reference\":1}\n")},
    };
    struct arena *a = arena_open(4096);
    struct item out;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(item_parse(bad[i].op, bad[i].payload, a, &out), ERR_CORRUPT);
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_survives_the_journal), cmocka_unit_test(what_a_channel_vouches_for_survives_too),
        cmocka_unit_test(a_mail_keeps_its_envelope),    cmocka_unit_test(who_is_spoken_of),
        cmocka_unit_test(what_is_no_item_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
