#include "tests/unit/queues/filing_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queues/keys.h"
#include "rules/base/arena.h"
#include "rules/route.h"

#include <stdio.h>
#include <string.h>

static const char rules_text[] = "queue triage { title \"Triage\" first-reply 1h calendar always }\n"
                                 "queue outage { title \"Outage\" first-reply 30m calendar always }\n"
                                 "class partner { domain \"partner.example\" }\n"
                                 "class internal { domain \"vendor.example\" }\n"
                                 "route when followers >= 10000 to outage priority 70\n"
                                 "route when known yes to outage priority 60\n"
                                 "route otherwise to triage priority 50\n";

static enum err no_zone(void *arg, const char *name, struct buf *bytes)
{
    (void)arg;
    (void)name;
    (void)bytes;
    return ERR_ABSENT;
}

void filing_lab_open(struct filing_lab *l)
{
    char folder[128], why[KEYRING_WHY_BYTES];
    struct buf faults = {0};

    *l = (struct filing_lab){.arena = arena_open(65536)};
    scratch_open(&l->server);
    scratch_start(&l->server, NULL);
    (void)snprintf(folder, sizeof folder, "%s/keys", l->server.folder);
    assert_int_equal(keyring_open(&l->keys, folder, true, why), ERR_OK);
    l->redis = redis_open(&l->server.target, 10000);
    if (rules_load(&l->rules, "test.rules", str_of(rules_text), no_zone, NULL, &faults) != ERR_OK)
        fail_msg("%s", buf_view(&faults).at);
}

void filing_lab_wire(struct filing_lab *l)
{
    struct redis_target target;

    l->wire = wire_open(l->server.folder, &l->server.target, &target);
    l->frail = redis_open(&target, 10000);
}

void filing_lab_close(struct filing_lab *l)
{
    redis_close(l->frail);
    if (l->wire != NULL)
        wire_close(l->wire);
    rules_close(l->rules);
    redis_close(l->redis);
    keyring_close(l->keys);
    scratch_close(&l->server);
    arena_close(l->arena);
}

void filing_lab_empty(struct filing_lab *l)
{
    arena_reset(l->arena);
    (void)scratch_say(l->redis, l->arena, "FLUSHALL");
}

static struct str ulid_text(struct filing_lab *l, struct ulid u)
{
    char s[ULID_CHARS + 1];

    ulid_print(u, s);
    return str_of(arena_strdup(l->arena, s));
}

struct ulid lab_customer(struct filing_lab *l)
{
    struct ulid account = ulid_fresh();
    struct str key = key_in(l->arena, partition_of(account), "a", id_print(ID_ACCOUNT, account).at);

    assert_int_equal(redis_do(l->redis, l->arena, NULL, 4, (struct str[]){STR("HSET"), key, STR("imported"), STR("1")}),
                     ERR_OK);
    return account;
}

void lab_evidence(struct filing_lab *l, enum index_kind kind, const char *canonical, struct ulid account,
                  struct ulid contact, bool shared)
{
    struct arena *a = l->arena;
    struct str key = key_at(a, "b", blind_index(l->keys, kind, str_of(canonical)).at);
    const char *json = arena_printf(a, "{\"con\":\"%s\",\"conf\":900%s}", id_print(ID_CONTACT, contact).at,
                                    shared ? ",\"shared\":true" : "");

    assert_int_equal(
        redis_do(l->redis, a, NULL, 4,
                 (struct str[]){STR("HSET"), key, str_of(arena_printf(a, "%s:crm", ulid_text(l, account).at)),
                                str_of(json)}),
        ERR_OK);
}

struct item lab_report(struct filing_lab *l, const char *channel, const char *text)
{
    return (struct item){.op = ITEM_REQUEST,
                         .ulid = ulid_fresh(),
                         .received_ms = LAB_NOW,
                         .channel = str_of(channel),
                         .reference = ++l->next_reference,
                         .text = str_of(text),
                         .impact = STR("down"),
                         .language = STR("en"),
                         .raw = str_of(text),
                         .raw_type = STR("text/plain")};
}

struct item lab_words(struct filing_lab *l, uint64_t reference, const char *channel, const char *text)
{
    struct item i = lab_report(l, channel, text);

    i.op = ITEM_MESSAGE;
    i.reference = reference;
    return i;
}

struct str lab_external(struct filing_lab *l, const char *name)
{
    return str_of(arena_strdup(l->arena, blind_index(l->keys, INDEX_EXTERNAL, str_of(name)).at));
}

enum err lab_try(struct filing_lab *l, struct arena *a, struct redis *r, const struct item *i, struct filing **out)
{
    struct filing *f = arena_new(a, struct filing);
    struct redis_value *v;
    enum err e = ERR_OK;
    size_t n;

    f->keys = l->keys;
    f->rules = l->rules;
    f->arena = a;
    f->item = *i;
    f->now_ms = LAB_NOW;
    filing_begin(f);
    while (e == ERR_OK && filing_ask(f, r)) {
        e = redis_flush(r, a, &v, &n);
        if (e == ERR_OK)
            e = filing_hear(f, r, v);
    }
    *out = f;
    return e;
}

struct filing *lab_file(struct filing_lab *l, const struct item *i)
{
    struct filing *f;

    assert_int_equal(lab_try(l, l->arena, l->redis, i, &f), ERR_OK);
    return f;
}

struct ticket lab_ticket(struct filing_lab *l, struct ulid id)
{
    struct ticket t;

    assert_int_equal(ticket_read(l->redis, l->keys, l->arena, id, &t), ERR_OK);
    return t;
}

struct pointer lab_pointer(struct filing_lab *l, uint64_t reference)
{
    struct pointer p;

    assert_int_equal(pointer_read(l->redis, l->arena, reference, &p), ERR_OK);
    return p;
}

int64_t lab_count(struct filing_lab *l, const char *pattern)
{
    struct redis_value v;

    assert_int_equal(redis_do(l->redis, l->arena, &v, 2, (struct str[]){STR("KEYS"), str_of(pattern)}), ERR_OK);
    return (int64_t)v.count;
}

void lab_set(struct filing_lab *l, struct ulid ticket, const char *field, const char *value)
{
    assert_int_equal(redis_do(l->redis, l->arena, NULL, 4,
                              (struct str[]){STR("HSET"), ticket_key(l->arena, ticket), str_of(field), str_of(value)}),
                     ERR_OK);
}
