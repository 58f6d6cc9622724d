/* gate: method x Sec-Fetch-Site x Origin x session and role x act, each cell against Z1 to Z3 said once more. */
#include "gateway/staff/gate.h"

#include "gateway/app.h"
#include "gateway/http/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OURS "https://console.example:8444"

static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"};

/* A header that is sent not at all, once or twice; does it say that our own page asks? */
struct sent {
    const char *label, *value, *again;
    bool ours;
};

static const struct sent sites[] = {
    {"no site", NULL, NULL, false},          {"same-origin", "same-origin", NULL, true},
    {"same-site", "same-site", NULL, false}, {"cross-site", "cross-site", NULL, false},
    {"none", "none", NULL, false},           {"Same-Origin", "Same-Origin", NULL, false},
    {"empty site", "", NULL, false},         {"two sites", "same-origin", "same-origin", false},
};

static const struct sent origins[] = {
    {"no origin", NULL, NULL, false},
    {"our origin", OURS, NULL, true},
    {"null", "null", NULL, false},
    {"another port", "https://console.example:8443", NULL, false},
    {"http", "http://console.example:8444", NULL, false},
    {"ours with more", OURS ".evil.example", NULL, false},
    {"two origins", OURS, OURS, false},
};

static const struct {
    const char *label;
    bool session;
    enum staff_role role;
} people[] = {
    {"nobody", false, STAFF_AGENT},   {"agent", true, STAFF_AGENT},     {"lead", true, STAFF_LEAD},
    {"manager", true, STAFF_MANAGER}, {"auditor", true, STAFF_AUDITOR}, {"a role of tomorrow", true, STAFF_ROLES},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static size_t put(struct call_header *headers, size_t n, const char *name, const struct sent *s)
{
    if (s->value != NULL)
        headers[n++] = (struct call_header){str_of(name), str_of(s->value)};
    if (s->again != NULL)
        headers[n++] = (struct call_header){str_of(name), str_of(s->again)};
    return n;
}

/* The rules in other words than the code's. */
static enum err wanted(const char *method, const struct sent *site, const struct sent *origin, size_t who, int act)
{
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    bool twice = site->again != NULL || origin->again != NULL;
    bool trusted = !twice && (site->value != NULL ? site->ours : origin->ours);

    if (!reads && !trusted)
        return ERR_DENIED;
    if (!people[who].session)
        return ERR_UNKNOWN_CALLER;
    if (people[who].role == STAFF_ROLES)
        return ERR_DENIED;
    if (people[who].role == STAFF_AUDITOR)
        return act == ACT_READ ? ERR_OK : ERR_DENIED;
    if (act == ACT_MERGE || act == ACT_THAW || act == ACT_RULES || act == ACT_ROSTER || act == ACT_DECLARE ||
        act == ACT_SUSPICION || act == ACT_REROUTE || act == ACT_AFFECTED)
        return people[who].role == STAFF_MANAGER ? ERR_OK : ERR_DENIED;
    return (act == ACT_RELEASE_OTHERS || act == ACT_PUBLISH || act == ACT_DECIDE || act == ACT_APPROVE ||
            act == ACT_STOP_JOB || act == ACT_AWAY || act == ACT_BULK) &&
                   people[who].role == STAFF_AGENT
               ? ERR_DENIED
               : ERR_OK;
}

static void check_cell(const char *method, const struct sent *site, const struct sent *origin, size_t who, int act)
{
    struct app app = {.origin_staff = OURS};
    struct call_header headers[4];
    struct staff_session session = {.role = people[who].role};
    struct call c = {.app = &app, .method = str_of(method), .headers = headers};
    enum err e;

    c.header_count = put(headers, 0, "sec-fetch-site", site);
    c.header_count = put(headers, c.header_count, "origin", origin);
    e = gate_judge(&c, people[who].session ? &session : NULL, (enum staff_act)act);
    if (e != wanted(method, site, origin, who, act))
        fail_msg("%s, %s, %s, %s, act %d: %s", method, site->label, origin->label, people[who].label, act, err_name(e));
}

static void judges_every_cell(void **state)
{
    size_t cells = 0;

    (void)state;
    for (size_t m = 0; m < COUNT(methods); m++)
        for (size_t s = 0; s < COUNT(sites); s++)
            for (size_t o = 0; o < COUNT(origins); o++)
                for (size_t who = 0; who < COUNT(people); who++)
                    for (int act = 0; act < ACTS; act++, cells++)
                        check_cell(methods[m], &sites[s], &origins[o], who, act);
    assert_true(cells >= 200);
}

/* What the table has no line for is no for everybody. */
static void denies_what_it_does_not_know(void **state)
{
    (void)state;
    for (int role = 0; role < STAFF_ROLES; role++)
        assert_false(gate_allows((enum staff_role)role, ACTS));
    for (int act = 0; act < ACTS; act++)
        assert_false(gate_allows(STAFF_ROLES, (enum staff_act)act));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_cell),
        cmocka_unit_test(denies_what_it_does_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
