/* Records as somebody might leave them in Redis, a name and a value a line: an item of the journal, a pointer, evidence,
 * a ticket, its people, its history. What is no record of ours is refused, and nothing is read beyond its end. */
#include "queues/filing.h"
#include "queues/seal.h"
#include "queues/ticket.h"
#include "rules/base/arena.h"
#include "rules/base/doc.h"
#include "rules/item.h"
#include "rules/resolve.h"
#include "rules/route.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 64 };

static struct keyring *keys;
static struct rules *rules;

static void open_all(void)
{
    static const char text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                               "route otherwise to triage priority 50\n";
    struct buf faults = {0};
    char folder[] = "/tmp/record-fuzz-XXXXXX", file[sizeof folder + 12], why[KEYRING_WHY_BYTES];

    if (mkdtemp(folder) == NULL || keyring_open(&keys, folder, true, why) != ERR_OK)
        abort();
    (void)strcat(strcpy(file, folder), "/root-1.key");
    if (remove(file) != 0 || remove(folder) != 0)
        abort();
    if (rules_load(&rules, "f", str_of(text), NULL, NULL, &faults) != ERR_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Odd lines are names, even ones values; a value that begins with '!' is sealed first, as ours are, so that what lies
 * behind the seal is reached, too. Values end with a NUL, as those of redis.h do. */
static struct redis_value hash_of(struct arena *a, struct str rest, struct str bound)
{
    struct redis_value *v = arena_array(a, struct redis_value, FIELDS_MAX);
    size_t n = 0;

    while (rest.at != NULL && n + 1 < FIELDS_MAX) {
        struct str name = str_cut(&rest, '\n'), value = str_cut(&rest, '\n');

        if (value.len > 0 && value.at[0] == '!') {
            struct str plain = {value.at + 1, value.len - 1};

            value = seal(keys, a, plain, bound.len > 0 ? bound : name);
        }
        v[n].kind = v[n + 1].kind = REDIS_TEXT;
        v[n].text = (struct str){str_copy(a, name), name.len};
        v[n + 1].text = (struct str){str_copy(a, value), value.len};
        n += 2;
    }
    return (struct redis_value){.kind = REDIS_LIST, .count = n, .items = v};
}

static void as_ticket(struct arena *a, struct str s)
{
    struct ulid id = {{1}};
    struct str bound = str_of(arena_strdup(a, id_print(ID_TICKET, id).at));
    struct redis_value fields = hash_of(a, s, bound), records = hash_of(a, s, (struct str){NULL, 0});
    struct participant *people;
    struct happening *history;
    struct ticket t = {.fields = &fields};
    size_t n;

    if (ticket_load(keys, a, id, &fields, true, &t) == ERR_OK)
        doc_close(t.claims);
    t.fields = &fields;
    if (participants_load(keys, a, &t, &records, &people, &n) == ERR_OK)
        for (size_t i = 0; i < n; i++)
            assert(strlen(people[i].email_index.at) <= 32);
    if (history_load(a, &records, &history, &n) == ERR_OK)
        for (size_t i = 1; i < n; i++)
            assert(history[i - 1].at_ms <= history[i].at_ms);
}

static void as_item(struct arena *a, struct str s)
{
    struct item i, again;

    if (item_parse(STR("message"), s, a, &i) != ERR_OK)
        return;
    assert(item_parse(STR("message"), item_print(&i, a), a, &again) == ERR_OK);
    assert(str_equal(i.text, again.text) && str_equal(i.raw, again.raw) && i.reference == again.reference);
}

static void as_evidence(struct arena *a, struct str s)
{
    struct str json = s, field = str_cut(&json, '\n');
    struct resolution r;
    struct evidence e;
    struct item i = {.email = STR("mei@example.org")};

    if (!evidence_parse(EVIDENCE_EMAIL, field, json, a, &e))
        return;
    resolve(&(struct resolve_question){.rules = rules, .item = &i, .own = {{1}}, .e = &e, .n = 1}, a, &r);
    (void)mailbox_standing(&e, 1, e.account, 20000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(4096);
    char *exact = malloc(size > 0 ? size : 1);
    struct str s = {exact, size};
    struct pointer p;

    if (keys == NULL)
        open_all();
    if (size > 0)
        memcpy(exact, data, size);
    (void)pointer_parse(s, &p);
    as_item(a, s);
    as_evidence(a, s);
    as_ticket(a, s);
    free(exact);
    arena_close(a);
    return 0;
}
