/* pack: what the pack statement says, and the packs that are shipped. */
#include "rules/pack.h"

#include "gateway/zoneinfo.h"
#include "rules/route.h"
#include "tests/unit/whole_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct rules_sources from = {.zones = zoneinfo_bytes};

static const char base[] = "queue rest { }\nroute otherwise to rest\n";

static struct rules *load(const char *pack)
{
    const struct rules_overlay over = {"lost", "f", str_of(pack)};
    struct rules *r = NULL;
    struct buf faults = {0};

    if (rules_load_over(&r, "base", str_of(base), &over, 1, &from, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
    buf_free(&faults);
    return r;
}

static void all_that_it_says_can_be_read(void **state)
{
    struct rules *r = load("pack site-loss { title \"Lost\" severity minor \"A few\" severity critical \"All\"\n"
                           " large \"Many\" \"Long\" role commander of manager with deputy \"Decides\"\n"
                           " role informed \"Hear\" stream restore \"Brings back\" sync every 3h update every 90m\n"
                           " freeze rules, imports confirm above 100 sites\n"
                           " checklist check version 7 { sign-off twice step \"Look\" evidence step \"Listen\" }\n"
                           " checklist ask version 1 { step \"Ask\" sign-off once } }\n");
    const struct pack *p = rules_pack(r, STR("lost"));

    (void)state;
    assert_null(rules_pack(r, STR("other")));
    assert_string_equal(p->name, "site-loss");
    assert_string_equal(p->title, "Lost");
    assert_int_equal(p->severities, 2);
    assert_string_equal(p->severity[1].name, "critical");
    assert_string_equal(pack_severity(p, STR("minor"))->criterion, "A few");
    assert_null(pack_severity(p, STR("major")));
    assert_int_equal(p->large, 2);
    assert_string_equal(p->large_when[1], "Long");
    assert_string_equal(p->role[PACK_COMMANDER].duty, "Decides");
    assert_int_equal(p->role[PACK_COMMANDER].least, SLA_MANAGER);
    assert_true(p->role[PACK_COMMANDER].deputy);
    assert_int_equal(p->role[PACK_INFORMED].least, SLA_AGENT);
    assert_false(p->role[PACK_INFORMED].deputy);
    assert_null(p->role[PACK_DRIVER].duty);
    assert_string_equal(p->stream[0].task, "Brings back");
    assert_int_equal(p->sync_ms, 3 * 3600 * 1000);
    assert_int_equal(p->update_ms, 90 * 60 * 1000);
    assert_true(p->freezes_imports && p->freezes_rules);
    assert_int_equal(p->confirm_above, 100);

    const struct pack_checklist *check = pack_checklist(p, STR("check"));

    assert_int_equal(check->version, 7);
    assert_true(check->twice);
    assert_int_equal(check->steps, 2);
    assert_true(check->step[0].evidence);
    assert_string_equal(check->step[1].text, "Listen");
    assert_false(check->step[1].evidence);
    assert_false(pack_checklist(p, STR("ask"))->twice);
    assert_null(pack_checklist(p, STR("tell")));
    rules_close(r);
}

/* A right pack, left open. */
#define GOOD "pack p { title \"T\" severity high \"All is lost\" role commander \"Decides\"\n"

static void every_mistake_has_its_line_and_what_to_do(void **state)
{
    static const struct {
        const char *label, *text, *faults;
    } cases[] = {
        {"no name", "pack { title \"T\" }\n", "f:1: expected the name of a pack, not \"{\"\n"},
        {"a name that is none", "pack Site-Loss { }\n",
         "f:1: \"Site-Loss\" is not a name: use a-z, 0-9 and -, a letter first, at most 32\n"},
        {"not opened", "pack p title \"T\"\n", "f:1: expected {, not \"title\"\n"},
        {"not closed", "pack p { title \"T\"\nqueue q { }\n",
         "f:2: pack \"p\" is not closed: put } before this line\n"},
        {"nothing in it", "pack p { }\n",
         "f:1: pack \"p\" has no title: write title and a name for people, in quotes\nf:1: pack \"p\" has no severity: "
         "write severity, its name, and what makes it so\nf:1: pack \"p\" has nobody who decides: write role "
         "commander, and what it does\n"},
        {"a property that is none", GOOD " severty x \"X\" }\n",
         "f:2: pack \"p\" has no \"severty\"; did you mean \"severity\"?\n"},
        {"nothing near", GOOD " colour \"red\" }\n", "f:2: pack \"p\" has no \"colour\"\n"},
        {"a title without quotes", "pack p { title Lost severity s \"S\" role commander \"C\" }\n",
         "f:1: expected a title in quotes, not \"Lost\"\n"},
        {"an empty title", "pack p { title \"\" severity s \"S\" role commander \"C\" }\n",
         "f:1: a text has 1 to 200 bytes here\n"},
        {"a title twice", GOOD " title \"U\" }\n", "f:2: pack \"p\" has \"title\" twice\n"},
        {"a severity without its criterion", GOOD " severity minor }\n",
         "f:2: expected what makes it so severe, in quotes, not \"}\"\n"},
        {"a severity twice", GOOD " severity high \"Again\" }\n", "f:2: severity \"high\" is there already\n"},
        {"too many severities",
         GOOD " severity b \"B\" severity c \"C\" severity d \"D\" severity e \"E\" severity f \"F\" severity g \"G\" "
              "severity h \"H\" severity i \"I\" }\n",
         "f:2: a pack has at most 8 severities\n"},
        {"large without a criterion", GOOD " large sync every 3h }\n",
         "f:2: expected what makes it large, in quotes, not \"sync\"\n"},
        {"a role that is none", GOOD " role comander \"Decides\" }\n",
         "f:2: no role is called \"comander\": it is commander, driver, approver, contributors or informed; did you "
         "mean \"commander\"?\n"},
        {"a role twice", GOOD " role commander \"Decides, too\" }\n", "f:2: role commander is there already\n"},
        {"of a role of staff that is none", GOOD " role driver of leads \"Drives\" }\n",
         "f:2: no role is called \"leads\": it is agent, lead or manager; did you mean \"lead\"?\n"},
        {"with what", GOOD " role driver with dog \"Drives\" }\n", "f:2: expected deputy, not \"dog\"\n"},
        {"a role without its duty", GOOD " role driver of lead }\n",
         "f:2: expected of and a role, with deputy, or what it does, in quotes, not \"}\"\n"},
        {"a stream without its task", GOOD " stream restore }\n",
         "f:2: expected what it works at, in quotes, not \"}\"\n"},
        {"a stream twice", GOOD " stream s \"A\" stream s \"B\" }\n", "f:2: stream \"s\" is there already\n"},
        {"a sync without every", GOOD " sync 3h }\n", "f:2: expected every and a time such as 3h, not \"3h\"\n"},
        {"a sync in days", GOOD " sync every 1d }\n",
         "f:2: \"1d\" is not a duration: a day of work has no fixed length, write hours\n"},
        {"a sync twice", GOOD " sync every 3h sync every 1h }\n", "f:2: pack \"p\" has \"sync\" twice\n"},
        {"an update without a time", GOOD " update every }\n",
         "f:2: expected a duration such as 30m or 1h30m, not \"}\"\n"},
        {"frozen: what", GOOD " freeze import }\n",
         "f:2: no thing that can be frozen is called \"import\": it is imports or rules; did you mean \"imports\"?\n"},
        {"frozen: nothing", GOOD " freeze }\n",
         "f:2: expected a thing that can be frozen: imports or rules, not \"}\"\n"},
        {"confirm without above", GOOD " confirm 100 sites }\n",
         "f:2: expected above and a number of sites, not \"100\"\n"},
        {"confirm above none", GOOD " confirm above 0 sites }\n", "f:2: \"0\" is out of range: write 1 to 1000000\n"},
        {"confirm above what", GOOD " confirm above 100 }\n", "f:2: expected sites, not \"}\"\n"},
        {"a checklist without a version", GOOD " checklist c { step \"S\" } }\n",
         "f:2: expected version and its number, not \"{\"\n"},
        {"a version that is none", GOOD " checklist c version x { step \"S\" } }\n",
         "f:2: \"x\" is out of range: write 1 to 9999\n"},
        {"a checklist twice", GOOD " checklist c version 1 { step \"S\" } checklist c version 2 { step \"S\" } }\n",
         "f:2: checklist \"c\" is there already\n"},
        {"a checklist with nothing to do", GOOD " checklist c version 1 { sign-off twice } }\n",
         "f:2: checklist \"c\" has nothing to do: write a step\n"},
        {"a property of a checklist that is none", GOOD " checklist c version 1 { stp \"S\" } }\n",
         "f:2: checklist \"c\" has no \"stp\"; did you mean \"step\"?\n"},
        {"a step without words", GOOD " checklist c version 1 { step evidence } }\n",
         "f:2: expected what to do, in quotes, not \"evidence\"\n"},
        {"a sign-off that is none", GOOD " checklist c version 1 { sign-off thrice step \"S\" } }\n",
         "f:2: no sign-off is called \"thrice\": it is once or twice\n"},
        {"a queue that neither has", GOOD " }\nqueue down { }\nroute when affected to dwon\n",
         "f:4: no queue is called \"dwon\"; did you mean \"down\"?\n"},
        {"a calendar that neither has", GOOD " }\nqueue down { first-reply 1h calendar alway }\n",
         "f:3: no calendar is called \"alway\"; did you mean \"always\"?\n"},
        {"a promise without a calendar", GOOD " }\nqueue down { first-reply 1h }\n",
         "f:3: queue \"down\" promises a time but has no calendar: write calendar always\n"},
        {"an escalation of no promise", GOOD " }\nqueue down { escalate update at breach to lead }\n",
         "f:3: queue \"down\" escalates update, which it does not promise\n"},
        {"a queue twice", GOOD " }\nqueue down { }\nqueue down { }\n",
         "f:4: queue \"down\" is defined twice, first on line 3\n"},
        {"a fact that is none", GOOD " }\nroute when incidnt to rest\n",
         "f:3: unknown fact \"incidnt\"; did you mean \"incident\"?\n"},
        {"never reached", GOOD " }\nroute when incident to rest\nroute when incident, known to rest\n",
         "f:4: is never reached: line 3 takes every ticket that fits here\n"},
        {"yes and no at once", GOOD " }\nroute when affected, affected no to rest\n",
         "f:3: can never hold: affected no contradicts what stands before it\n"},
        {"an example that comes out otherwise",
         GOOD " }\nqueue down { }\nroute when affected to down\nexpect incident queue down\n",
         "f:5: this example goes to rest by base:2, not to down\n"},
        {"an example of another priority",
         GOOD " }\nroute when affected to rest priority 9\nexpect affected queue rest priority 8\n",
         "f:4: this example has priority 9 by line 3, not 8\n"},
    };
    struct rules *running = load(GOOD " }\n");
    struct str before = str_of(rules_version(running));

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rules_overlay over = {"lost", "f", str_of(cases[i].text)};
        struct rules *r = running;
        struct buf faults = {0};

        assert_int_equal(rules_load_over(&r, "base", str_of(base), &over, 1, &from, &faults), ERR_CONF);
        if (!str_is(buf_view(&faults), cases[i].faults))
            fail_msg("%s: %s", cases[i].label, buf_view(&faults).at);
        assert_ptr_equal(r, running); /* what runs stays */
        buf_free(&faults);
    }
    assert_true(str_is(before, rules_version(running)));
    rules_close(running);
}

/* The packs rest on nothing of the rules they are laid over: they load over the shipped ones and over the smallest, and
 * both at once, whichever came first. */
static void the_shipped_packs_fit_any_rules(void **state)
{
    static const char *const files[] = {"rules/packs/site-loss.rules", "rules/packs/outage.rules"};
    struct buf shipped = whole_file("rules/default.rules"), text[2] = {whole_file(files[0]), whole_file(files[1])};
    const struct str under[] = {buf_view(&shipped), str_of(base)};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        size_t first = i & 1;
        const struct rules_overlay over[] = {{"new", files[first], buf_view(&text[first])},
                                             {"old", files[!first], buf_view(&text[!first])}};
        struct buf faults = {0};
        struct rules *r = NULL;

        if (rules_load_over(&r, "base", under[i >> 1], over, 2, &from, &faults) != ERR_OK)
            fail_msg("%s", buf_view(&faults).at);
        for (size_t k = 0; k < 2; k++) {
            const struct pack *p = rules_pack(r, str_of(over[k].slug));

            assert_non_null(strstr(over[k].file, p->name));
            assert_true(p->severities >= 3 && p->large > 0 && p->streams > 0 && p->checklists > 0);
            assert_true(p->sync_ms > 0 && p->update_ms > 0 && p->freezes_rules);
            for (int role = 0; role < PACK_ROLES; role++)
                assert_non_null(p->role[role].duty);
            assert_true(p->role[PACK_COMMANDER].deputy && p->role[PACK_APPROVER].deputy);
        }
        rules_close(r);
        buf_free(&faults);
    }
    buf_free(&shipped);
    buf_free(&text[0]);
    buf_free(&text[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_it_says_can_be_read),
        cmocka_unit_test(every_mistake_has_its_line_and_what_to_do),
        cmocka_unit_test(the_shipped_packs_fit_any_rules),
    };

    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
