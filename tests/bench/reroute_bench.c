/* reroute_bench - many open tickets: what it costs to ask what new rules would change, to choose some, and to show a page.
 *
 *   reroute_bench --socket PATH --keys FOLDER [--tickets 100000] [--several 5] [--moved 50]
 *
 * On an empty Redis. --several: percent that were heard on two channels; --moved: percent that the new rules move. */
#include "queues/choosing.h"
#include "queues/clock.h"
#include "queues/placing.h"
#include "queues/queue.h"
#include "queues/reroute.h"
#include "queues/seal.h"
#include "rules/base/arena.h"
#include "rules/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES                                                                                           \
    "queue triage { first-reply 4h calendar always }\nqueue small { first-reply 8h calendar always }\n" \
    "route when heat >= 3 in 12h to triage priority 65\n"

enum { AT_ONCE = 500, REDIS_MS = 60000, PAGE = 50, TIMES = 5 };

struct plan {
    const char *socket, *keys;
    int64_t tickets, several, moved;
};

static struct rules *rules_of(const char *text)
{
    struct buf faults = {0};
    struct rules *rules;

    if (rules_load(&rules, "bench.rules", str_of(text), NULL, NULL, &faults) != ERR_OK) {
        (void)fprintf(stderr, "%s", buf_view(&faults).at);
        exit(1);
    }
    buf_free(&faults);
    return rules;
}

static void add_one(struct redis *r, const struct keyring *k, struct arena *a, const struct plan *p, int64_t i)
{
    struct change *c = change_begin(a);
    struct ulid id = ulid_in(ulid_fresh(), (unsigned)(i % 64)), account = ulid_in(ulid_fresh(), (unsigned)(i % 64));
    struct str name = str_of(arena_strdup(a, id_print(ID_TICKET, id).at)), key = ticket_key(a, id);
    int64_t now = clock_now_ms() - i;
    bool several = i % 100 < p->several, moves = (i / 100) % 100 < p->moved;
    struct happening opened = {.id = ulid_in(ulid_fresh(), ulid_partition(id)),
                               .at_ms = now,
                               .kind = STR("opened"),
                               .by = STR("system"),
                               .detail = STR("web"),
                               .clock = STR("opened")};

    change_hset(c, key, "acc", str_of(arena_strdup(a, id_print(ID_ACCOUNT, account).at)));
    change_hset_int(c, key, "ref", i);
    change_hset(c, key, "v", STR("1"));
    change_hset(c, key, "state", STR("open"));
    change_hset(c, key, "queue", STR("triage"));
    change_hset(c, key, "rule", STR("bench.rules:4"));
    change_hset_int(c, key, "priority", 20);
    change_hset_int(c, key, "due", now + 4 * 3600 * 1000);
    change_hset(c, key, "clock", STR("first-reply"));
    change_hset_int(c, key, "opened", now);
    change_hset(c, key, "language", i % 3 == 0 ? STR("ja") : STR("en"));
    change_hset(c, key, "impact", moves ? STR("question") : STR("down"));
    change_hset(c, key, "channels", several ? STR("web mail") : STR("web"));
    change_hset(c, key, "owner", STR(""));
    change_hset(c, key, "subject", seal(k, a, STR("All our sites are gone since this morning"), name));
    change_hset(c, key, "claims", seal(k, a, STR("{\"email\":\"somebody@example.org\",\"site\":\"SITE-1\"}"), name));
    change_level(c, id, ulid_fresh(), (int)(i % 3), false, 0);
    change_happening(c, id, &opened);
    change_queue_place(c, id, STR(""), STR("triage"), now + 4 * 3600 * 1000, true, false);
    change_queue(r, c, STR(""), STR(""), STR(""));
}

static void fill(struct redis *r, const struct keyring *k, const struct plan *p)
{
    struct arena *a = arena_open(8 * 1024 * 1024);
    struct redis_value *v;
    size_t n;

    for (int64_t i = 0; i < p->tickets; i++) {
        add_one(r, k, a, p, i);
        if ((i + 1) % AT_ONCE != 0 && i + 1 != p->tickets)
            continue;
        if (redis_flush(r, a, &v, &n) != ERR_OK || v[0].kind == REDIS_ERROR) {
            (void)fprintf(stderr, "Redis: %s\n", redis_why(r));
            exit(1);
        }
        arena_reset(a);
    }
    arena_close(a);
}

static void dry_run(struct redis *r, const struct keyring *k, const char *label, struct rules *rules)
{
    for (int i = 0; i < TIMES; i++) {
        struct arena *a = arena_open(1024 * 1024);
        struct reroute *o = arena_new(a, struct reroute);
        int64_t began = clock_steady_ms();
        enum err e = reroute_plan(r, k, rules, a, clock_now_ms(), NULL, o);

        printf("%-22s %6" PRId64 " ms  looked_at %" PRId64 "  changed %" PRId64 "  due_known %" PRId64 " %s\n", label,
               clock_steady_ms() - began, o->looked_at, o->changed, o->due_known, e == ERR_OK ? "" : err_name(e));
        arena_close(a);
    }
}

static void choosing(struct redis *r, const struct keyring *k)
{
    struct arena *a = arena_open(1024 * 1024);
    struct choosing what = {.queue = STR("triage"), .language = STR("ja"), .level_min = -1, .level_max = -1};
    struct chosen o;
    int64_t began = clock_steady_ms();

    (void)choose(r, k, a, &what, STR("system"), STR("{}"), clock_now_ms(), &o);
    printf("%-22s %6" PRId64 " ms  chosen %" PRId64 "\n", "choose a language", clock_steady_ms() - began, o.n);
    arena_close(a);
}

static void page(struct redis *r)
{
    struct arena *a = arena_open(1024 * 1024);
    struct queue_place out[PAGE];
    int64_t began = clock_steady_ms();
    size_t n;

    for (int i = 0; i < 100; i++) {
        (void)queue_page(r, a, STR("triage"), i == 0 ? NULL : &out[PAGE - 1], PAGE, out, &n);
        arena_reset(a);
    }
    printf("%-22s %6.2f ms\n", "a page of a queue", (double)(clock_steady_ms() - began) / 100);
    arena_close(a);
}

static void read_args(struct plan *p, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        int64_t n = atoll(argv[i + 1]);

        if (strcmp(argv[i], "--socket") == 0)
            p->socket = argv[i + 1];
        else if (strcmp(argv[i], "--keys") == 0)
            p->keys = argv[i + 1];
        else if (strcmp(argv[i], "--tickets") == 0)
            p->tickets = n;
        else if (strcmp(argv[i], "--several") == 0)
            p->several = n;
        else if (strcmp(argv[i], "--moved") == 0)
            p->moved = n;
    }
}

int main(int argc, char **argv)
{
    struct plan p = {.tickets = 100000, .several = 5, .moved = 50};
    struct redis_target t = {0};
    char why[KEYRING_WHY_BYTES];
    struct keyring *keys;

    read_args(&p, argc, argv);
    if (p.socket == NULL || p.keys == NULL || keyring_open(&keys, p.keys, true, why) != ERR_OK)
        return 64;
    (void)snprintf(t.path, sizeof t.path, "%s", p.socket);

    struct redis *r = redis_open(&t, REDIS_MS);
    struct rules *as_before = rules_of(RULES "route otherwise to triage priority 20\n");
    struct rules *moving =
        rules_of(RULES "route when impact question to small priority 10\nroute otherwise to triage priority 20\n");
    struct rules *levels =
        rules_of(RULES "route when level 2 to small priority 10\nroute otherwise to triage priority 20\n");

    fill(r, keys, &p);
    page(r);
    dry_run(r, keys, "nothing changes", as_before);
    dry_run(r, keys, "many are moved", moving);
    dry_run(r, keys, "by level", levels);
    choosing(r, keys);
    rules_close(as_before);
    rules_close(moving);
    rules_close(levels);
    redis_close(r);
    keyring_close(keys);
    return 0;
}
