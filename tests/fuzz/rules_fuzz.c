/* Any bytes as a rules file, and as a pack over one: refused with a line for each fault, or rules that take every ticket
 * and run every clock. */
#include "rules/base/arena.h"
#include "rules/pack.h"
#include "rules/route.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One zone with a footer and no jumps, and the list of names. */
static enum err zones(void *arg, const char *name, struct buf *bytes)
{
    char head[44] = "TZif2";

    (void)arg;
    if (strcmp(name, "zone.tab") == 0) {
        buf_text(bytes, "# names\nTW\t+2503+12130\tAsia/Taipei\nUS\t+40-74\tAmerica/New_York\tEastern\n");
        return ERR_OK;
    }
    if (strcmp(name, "America/New_York") != 0)
        return ERR_ABSENT;
    head[39] = 1; /* types */
    head[43] = 1; /* characters */
    for (int i = 0; i < 2; i++) {
        buf_add(bytes, head, sizeof head);
        buf_add(bytes, "\0\0\0\0\0\0\0", 7);
    }
    buf_text(bytes, "\nEST5EDT,M3.2.0,M11.1.0\n");
    return ERR_OK;
}

static enum err beside(void *arg, const char *name, size_t bytes_max, struct buf *bytes)
{
    (void)arg;
    (void)bytes_max;
    if (strcmp(name, "h.ics") != 0)
        return ERR_ABSENT;
    buf_text(bytes, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261125\nRRULE:FREQ=YEARLY\nEND:VEVENT\nEND:VCALENDAR\n");
    return ERR_OK;
}

static void judge(const struct rules *r, struct arena *a)
{
    struct facts f = facts_default();
    struct sla_event opened = {SLA_OPENED, 1793491200000};
    struct decision d;

    rules_route(r, &f, a, &d);
    assert(d.queue != NULL && d.steps > 0);
    for (size_t i = 0; i < rules_queue_count(r); i++)
        for (int c = 0; c < SLA_CLOCKS; c++) {
            struct sla_verdict v;

            arena_reset(a);
            assert(sla_judge(&v, (enum sla_clock)c, &rules_queue_at(r, i)->policy, &opened, 1, opened.at_ms, a) ==
                   ERR_OK);
            assert(v.due_ms >= opened.at_ms);
        }
}

static void as_rules(struct str text, const struct rules_sources *from, struct arena *a)
{
    struct buf faults = {0};
    struct rules *r;

    if (rules_load_from(&r, "f", text, from, &faults) == ERR_OK) {
        assert(faults.len == 0);
        judge(r, a);
        rules_close(r);
    } else {
        assert(str_starts(buf_view(&faults), "f:") && faults.at[faults.len - 1] == '\n');
    }
    buf_free(&faults);
}

/* A pack that loads leaves tickets to the rules below, and loads twice over. */
static void as_pack(struct str text, const struct rules_sources *from, struct arena *a)
{
    static const char base[] = "queue rest { first-reply 1h calendar always }\nroute otherwise to rest\n";
    const struct rules_overlay over[] = {{"one", "f", text}, {"two", "f", text}};
    struct buf faults = {0};
    struct rules *r;

    if (rules_load_over(&r, "base", str_of(base), over, 1, from, &faults) == ERR_OK) {
        assert(faults.len == 0);
        judge(r, a);
        assert(rules_pack(r, STR("one"))->title != NULL);
        rules_close(r);
        assert(rules_load_over(&r, "base", str_of(base), over, 2, from, &faults) == ERR_OK);
        judge(r, a);
        rules_close(r);
    } else {
        assert(str_starts(buf_view(&faults), "f:") && faults.at[faults.len - 1] == '\n');
    }
    buf_free(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    const struct rules_sources from = {.zones = zones, .beside = beside};
    const struct str text = {(const char *)data, size};

    as_rules(text, &from, a);
    as_pack(text, &from, a);
    arena_close(a);
    return 0;
}
