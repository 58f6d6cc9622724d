/* chain: what a mail to a person names, so that their client shows it with what it answers. */
#include "gateway/mail/postmark.h"
#include "gateway/staff/chain.h"
#include "rules/base/arena.h"
#include "tests/unit/queues/scratch_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DOMAIN STR("help.example.org")

static char folder[] = "/tmp/postern-chain-XXXXXX";
static struct keyring *keys;
static struct arena *a;
static const struct participant ana = {.id = {{1}}, .reference = 7}, ben = {.id = {{2}}, .reference = 8};

static int begin(void **state)
{
    char why[KEYRING_WHY_BYTES];

    (void)state;
    a = arena_open(65536);
    return mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK;
}

static int end(void **state)
{
    (void)state;
    keyring_close(keys);
    remove_folder(folder);
    arena_close(a);
    return 0;
}

static struct message theirs(const struct participant *p, const char *id, const char *subject)
{
    return (struct message){
        .who = MESSAGE_YOU, .participant = p->id, .message_id = str_of(id), .subject = str_of(subject)};
}

static struct message ours(const struct participant *p, uint8_t mail)
{
    return (struct message){.who = MESSAGE_SUPPORT, .participant = p->id, .mail = {{mail}}};
}

static const char *id_of(const struct participant *p, uint8_t mail)
{
    return postmark_message_id(keys, a, (struct ulid){{mail}}, p->reference, p->id, DOMAIN).at;
}

static void one_persons_mails_are_named_in_order(void **state)
{
    const struct message all[] = {
        theirs(&ana, "<1@a.example>", "nothing works"),
        theirs(&ben, "<9@b.example>", "nor here"),
        ours(&ana, 5),
        {.who = MESSAGE_NOTE, .participant = ana.id, .mail = {{6}}},
        ours(&ben, 7),
        theirs(&ana, "<2@a.example>", "Re: nothing works"),
        theirs(&ana, "", ""),
        ours(&ana, 8),
    };
    struct chain c = chain_to(keys, a, DOMAIN, all, sizeof all / sizeof all[0], &ana);

    (void)state;
    assert_string_equal(c.references.at,
                        arena_printf(a, "<1@a.example> %s <2@a.example> %s", id_of(&ana, 5), id_of(&ana, 8)));
    assert_string_equal(c.in_reply_to.at, "<2@a.example>");
    assert_string_equal(c.subject.at, "nothing works");
}

static void who_wrote_on_the_page_is_answered_as_before(void **state)
{
    const struct message all[] = {theirs(&ana, "", ""), ours(&ana, 5)};
    struct chain c = chain_to(keys, a, DOMAIN, all, 2, &ana);

    (void)state;
    assert_string_equal(c.references.at, id_of(&ana, 5));
    assert_int_equal(c.in_reply_to.len + c.subject.len, 0);
    c = chain_to(keys, a, DOMAIN, all, 0, &ana);
    assert_int_equal(c.references.len, 0);
}

static void a_long_talk_names_its_end(void **state)
{
    struct message all[50];
    struct chain c;
    size_t spaces = 0;

    (void)state;
    for (int i = 0; i < 50; i++)
        all[i] = theirs(&ana, arena_printf(a, "<%d@a.example>", i), "x");
    c = chain_to(keys, a, DOMAIN, all, 50, &ana);
    for (size_t i = 0; i < c.references.len; i++)
        spaces += c.references.at[i] == ' ';
    assert_int_equal(spaces, CHAIN_MAX - 1);
    assert_true(str_starts(c.references, "<30@a.example> "));
    assert_string_equal(c.in_reply_to.at, "<49@a.example>");
}

static void a_subject_is_made_fit(void **state)
{
    static const struct {
        const char *label, *given, *subject;
    } rows[] = {
        {"as it is", "nothing works", "nothing works"},
        {"an answer", "Re: nothing works", "nothing works"},
        {"answers of many", " AW: re:RE: Antw: nothing works ", "nothing works"},
        {"an answer in Chinese", "\xe5\x9b\x9e\xe5\xa4\x8d:x", "x"},
        {"a word with a colon", "Reset: done", "Reset: done"},
        {"control characters",
         "a\r\nBcc: b\x01\x7f\xc2\x85"
         "c",
         "a  Bcc: b    c"},
        {"nothing", "Re: ", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!str_is(chain_subject(a, str_of(rows[i].given)), rows[i].subject))
            fail_msg("%s: \"%s\"", rows[i].label, chain_subject(a, str_of(rows[i].given)).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_persons_mails_are_named_in_order),
        cmocka_unit_test(who_wrote_on_the_page_is_answered_as_before),
        cmocka_unit_test(a_long_talk_names_its_end),
        cmocka_unit_test(a_subject_is_made_fit),
    };

    return cmocka_run_group_tests_name("staff_chain", tests, begin, end);
}
